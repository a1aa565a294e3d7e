// The service proxy of this machine. Nodes of this process share the machine's network, so there is one for all of them.

import { readFileSync } from 'node:fs'
import { allAuthenticated } from '../apiserver/user.ts'
import { ConntrackCommand } from '../proxy/conntrack.ts'
import { NftCommand } from '../proxy/nft.ts'
import { ServiceProxy } from '../proxy/proxy.ts'
import type { ControlPlane } from './control-plane.ts'

export interface MachineProxyOptions {
  readonly nodeName: string
  readonly clusterCIDR: string
}

/** Undefined, with a line in the log, where nftables can't be used: everything else works without. */
export async function startServiceProxy(
  plane: ControlPlane,
  { nodeName, clusterCIDR }: MachineProxyOptions,
): Promise<ServiceProxy | undefined> {
  const nft = new NftCommand()
  const unusable = await nft.unusable()
  if (unusable) {
    plane.env.log.warn('Services have no addresses on this machine', { reason: unusable.message })
    return undefined
  }
  const proxy = new ServiceProxy({
    env: plane.env,
    client: plane.client({ name: 'system:kube-proxy', groups: [allAuthenticated] }, 'kube-proxy'),
    nft,
    conntrack: new ConntrackCommand(),
    nodeName,
    clusterCIDR,
    masqueradeAll: !bridgesAreFiltered(),
  })
  proxy.start()
  return proxy
}

/** Whether what goes from pod to pod over a bridge of this machine passes its packet filter, as answers must. */
function bridgesAreFiltered(): boolean {
  try {
    return readFileSync('/proc/sys/net/bridge/bridge-nf-call-iptables', 'utf8').trim() === '1'
  } catch {
    return false
  }
}
