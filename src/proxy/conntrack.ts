// Flows of UDP that the kernel still leads to endpoints that are gone. It goes on as long as packets come, whatever the
// rules say by now; so when an endpoint goes its flows are forgotten, and the next packet finds another.
//
// Comes in: Services, EndpointSlices, and the flows that the kernel knows. Goes out: those flows that lead nowhere.

import type { Service, ServicePort } from '../api/core/v1/service.ts'
import type { EndpointSlice } from '../api/discovery/v1/endpointslice.ts'
import { runCommand } from './command.ts'
import { EndpointTable, type Family } from './service-endpoints.ts'

/** Where a packet was sent from and to, before anything was changed about it. */
export interface Flow {
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
  /** Who answers, `address port`. */
  readonly answeredBy: string
}

export interface Conntrack {
  /** Of UDP. */
  flows(family: Family): Promise<readonly Flow[]>
  forget(family: Family, flow: Flow): Promise<void>
}

/** The UDP ports of Services: who may answer there (`address port`), by `address port`, or by `port` on any node. */
export type UdpEndpoints = ReadonlyMap<string, ReadonlySet<string>>

export function udpEndpoints(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  family: Family,
  nodeName: string,
): UdpEndpoints {
  const table = new EndpointTable(slices, family, nodeName)
  const endpoints = new Map<string, ReadonlySet<string>>()
  for (const service of services)
    for (const port of service.spec.ports ?? []) {
      if (port.protocol !== 'UDP') continue
      const serving = new Set(table.serving(service, port).map(({ address, port: number }) => `${address} ${number}`))
      // Where nobody answers any more nobody would answer another time.
      if (serving.size === 0) continue
      for (const place of placesOf(service, port)) endpoints.set(place, serving)
    }
  return endpoints
}

function placesOf({ spec, status }: Service, { port, nodePort }: ServicePort): string[] {
  const balanced = (status?.loadBalancer?.ingress ?? []).filter(({ ipMode }) => ipMode !== 'Proxy').map(({ ip }) => ip)
  const addresses = [...(spec.clusterIPs ?? [spec.clusterIP]), ...(spec.externalIPs ?? []), ...balanced]
  const places = addresses.filter(address => address && address !== 'None').map(address => `${address} ${port}`)
  return nodePort ? [...places, String(nodePort)] : places
}

export function staleFlows(flows: readonly Flow[], endpoints: UdpEndpoints): readonly Flow[] {
  return flows.filter(({ destination, destinationPort, answeredBy }) => {
    const serving = endpoints.get(`${destination} ${destinationPort}`) ?? endpoints.get(String(destinationPort))
    return serving !== undefined && !serving.has(answeredBy)
  })
}

/** The `conntrack` program. */
export class ConntrackCommand implements Conntrack {
  readonly #command: readonly string[]

  /** With what has to come before it to run it elsewhere (`ip netns exec …`). */
  constructor(command: readonly string[] = ['conntrack']) {
    this.#command = command
  }

  async flows(family: Family): Promise<readonly Flow[]> {
    return parseFlows(await this.#run(family, ['-L']))
  }

  async forget(family: Family, { source, sourcePort, destination, destinationPort }: Flow): Promise<void> {
    const from = ['--orig-src', source, '--sport', String(sourcePort)]
    const to = ['--orig-dst', destination, '--dport', String(destinationPort)]
    await this.#run(family, ['-D', ...from, ...to])
  }

  #run(family: Family, args: readonly string[]): Promise<string> {
    const [action, ...which] = args
    // Ports are known to it once the protocol is.
    const words = [...this.#command, action!, '-f', family === 'ip' ? 'ipv4' : 'ipv6', '-p', 'udp', ...which]
    // It says 1 where there is no such flow (any more).
    return runCommand({ words, debianPackage: 'conntrack', alsoWell: [1] })
  }
}

/** As it lists them: `udp 17 29 src=… dst=… sport=… dport=… src=… dst=… sport=… dport=… mark=0 use=1`. */
export function parseFlows(text: string): readonly Flow[] {
  const flows: Flow[] = []
  for (const line of text.split('\n')) {
    const [there, back] = line.matchAll(/src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g)
    if (!there || !back) continue
    flows.push({
      source: there[1]!,
      destination: there[2]!,
      sourcePort: Number(there[3]),
      destinationPort: Number(there[4]),
      answeredBy: `${back[1]} ${back[3]}`,
    })
  }
  return flows
}
