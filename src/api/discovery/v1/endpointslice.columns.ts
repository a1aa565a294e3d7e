import { ageCell, shortened } from '../../cells.ts'
import type { EndpointSlice } from './endpointslice.ts'

const shown = 3

export function endpointSliceCells(slice: EndpointSlice, now: number): unknown[] {
  const ports = (slice.ports ?? []).map(({ port, name }) => String(port ?? name ?? '*'))
  const addresses = (slice.endpoints ?? []).flatMap(endpoint => endpoint.addresses)
  return [slice.metadata.name, slice.addressType, listCell(ports), listCell(addresses), ageCell(slice, now)]
}

const listCell = (all: readonly string[]): string => shortened(all.slice(0, shown), all.length) || '<unset>'
