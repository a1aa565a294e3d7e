import { ageCell, loadBalancerCell } from '../../cells.ts'
import type { Ingress } from './ingress.ts'

const shown = 3

export function ingressCells(ingress: Ingress, now: number): unknown[] {
  const { spec, status } = ingress
  return [
    ingress.metadata.name,
    spec.ingressClassName ?? '<none>',
    hostsCell(ingress),
    loadBalancerCell(status.loadBalancer),
    spec.tls?.length ? '80, 443' : '80',
    ageCell(ingress, now),
  ]
}

/** The first hosts; rules after them count, whether they name a host or not. */
function hostsCell({ spec }: Ingress): string {
  const rules = spec.rules ?? []
  const hosts: string[] = []
  for (const [index, { host }] of rules.entries()) {
    if (host) hosts.push(host)
    if (hosts.length === shown && index + 1 < rules.length)
      return `${hosts.join(',')} + ${rules.length - shown} more...`
  }
  return hosts.join(',') || '*'
}
