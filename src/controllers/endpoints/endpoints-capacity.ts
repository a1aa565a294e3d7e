// How many addresses an Endpoints object may have. What is more is left out, and said to be.

import type { EndpointSubset } from '../../api/core/v1/endpoints.ts'

const maxAddresses = 1000

/** Ready addresses stay before others; of each kind every subset keeps its share. */
export function withinCapacity(
  subsets: readonly EndpointSubset[],
  most = maxAddresses,
): { subsets: EndpointSubset[]; truncated: boolean } {
  let [ready, notReady] = [0, 0]
  for (const subset of subsets) {
    ready += subset.addresses?.length ?? 0
    notReady += subset.notReadyAddresses?.length ?? 0
  }
  if (ready + notReady <= most) return { subsets: [...subsets], truncated: false }
  const cutsReady = ready > most
  const room = cutsReady ? most : most - ready
  let left = room
  const cut: EndpointSubset[] = []
  for (const { addresses = [], notReadyAddresses = [], ports } of subsets) {
    const share = (cutsReady ? addresses.length / ready : notReadyAddresses.length / notReady) * room
    const count = Math.min(Math.ceil(share), left)
    const keptReady = cutsReady ? addresses.slice(0, count) : addresses
    const keptOthers = cutsReady ? [] : notReadyAddresses.slice(0, count)
    left -= cutsReady ? keptReady.length : keptOthers.length
    if (keptReady.length + keptOthers.length > 0)
      cut.push({
        ...(keptReady.length > 0 && { addresses: keptReady }),
        ...(keptOthers.length > 0 && { notReadyAddresses: keptOthers }),
        ports,
      })
  }
  return { subsets: cut, truncated: true }
}
