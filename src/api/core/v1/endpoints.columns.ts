import { ageCell, shortened } from '../../cells.ts'
import type { Endpoints } from './endpoints.ts'

const shown = 3

export function endpointsCells(endpoints: Endpoints, now: number): unknown[] {
  return [endpoints.metadata.name, addressesCell(endpoints), ageCell(endpoints, now)]
}

function addressesCell({ subsets = [] }: Endpoints): string {
  if (subsets.length === 0) return '<none>'
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) =>
          addresses.map(({ ip }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)),
        ),
  )
  return shortened(all.slice(0, shown), all.length)
}
