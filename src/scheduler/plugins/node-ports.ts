// A host port belongs to one pod of a node.

import { Action } from '../cluster-event.ts'
import type { Plugin } from '../framework.ts'
import type { HostPort, PodInfo } from '../pod-info.ts'
import { skip, unschedulable } from '../status.ts'

const name = 'NodePorts'
const taken = unschedulable(name, "node(s) didn't have free ports for the requested pod ports")

const collide = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0')

export const nodePorts: Plugin<readonly HostPort[]> = {
  name,
  eventsToRegister: () => [
    {
      resource: 'AssignedPod',
      action: Action.delete,
      hint: (pod, gone: PodInfo) =>
        gone.hostPorts.some(port => pod.hostPorts.some(wanted => collide(wanted, port))) ? 'Queue' : 'QueueSkip',
    },
    { resource: 'Node', action: Action.add },
  ],
  preFilter: pod => (pod.hostPorts.length === 0 ? { status: skip } : { state: pod.hostPorts }),
  filter(_, node, ports) {
    for (const port of ports) if (node.hasPort(port)) return taken
    return undefined
  },
}
