// Endpoints in their shortest form: each address once for each port, and ports that the same addresses have together.

import type { EndpointAddress, EndpointPort, EndpointSubset } from '../../api/core/v1/endpoints.ts'

interface Placed {
  readonly address: EndpointAddress
  ready: boolean
}

type Addresses = Map<string, Placed>

export function repacked(subsets: readonly EndpointSubset[]): EndpointSubset[] {
  const byPort = new Map<string, { readonly port: EndpointPort | undefined; readonly addresses: Addresses }>()
  for (const { addresses, notReadyAddresses, ports } of subsets)
    for (const port of ports?.length ? ports : [undefined]) {
      const id = port ? portKey(port) : ''
      const entry = byPort.get(id) ?? { port, addresses: new Map() }
      byPort.set(id, entry)
      for (const address of addresses ?? []) place(entry.addresses, address, true)
      for (const address of notReadyAddresses ?? []) place(entry.addresses, address, false)
    }
  const groups = new Map<string, { readonly addresses: Addresses; readonly ports: EndpointPort[] }>()
  for (const { port, addresses } of byPort.values()) {
    const id = JSON.stringify([...addresses].map(([key, { ready }]) => [key, ready]).sort())
    const group = groups.get(id) ?? { addresses, ports: [] }
    groups.set(id, group)
    if (port) group.ports.push(port)
  }
  return [...groups.values()].map(subsetOf).sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
}

/** What is not ready in one place is not ready. */
function place(addresses: Addresses, address: EndpointAddress, ready: boolean): void {
  const key = JSON.stringify([address.ip, address.targetRef?.uid ?? ''])
  const before = addresses.get(key)
  if (before) before.ready &&= ready
  else addresses.set(key, { address, ready })
}

function subsetOf({ addresses, ports }: { readonly addresses: Addresses; readonly ports: EndpointPort[] }) {
  const all = [...addresses].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, placed]) => placed)
  const ready = all.filter(placed => placed.ready).map(({ address }) => address)
  const notReady = all.filter(placed => !placed.ready).map(({ address }) => address)
  return {
    ...(ready.length > 0 && { addresses: ready }),
    ...(notReady.length > 0 && { notReadyAddresses: notReady }),
    ...(ports.length > 0 && { ports: ports.sort(byNameAndNumber) }),
  }
}

const portKey = ({ name = '', port, protocol = 'TCP', appProtocol = '' }: EndpointPort): string =>
  JSON.stringify([name, port, protocol, appProtocol])

function byNameAndNumber(a: EndpointPort, b: EndpointPort): number {
  const [one, other] = [a.name ?? '', b.name ?? '']
  return one === other ? a.port - b.port : one < other ? -1 : 1
}

const orderOf = ({ ports }: EndpointSubset): string => (ports ?? []).map(portKey).join()
