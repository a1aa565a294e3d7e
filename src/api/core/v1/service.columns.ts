import { formatLabels } from '../../../machinery/labels.ts'
import { ageCell, loadBalancerCell } from '../../cells.ts'
import type { Service } from './service.ts'

export function serviceCells(service: Service, now: number): unknown[] {
  const { spec } = service
  return [
    service.metadata.name,
    spec.type ?? '',
    spec.clusterIPs?.[0] ?? (spec.clusterIP || '<none>'),
    externalIPCell(service),
    portsCell(service) || '<none>',
    ageCell(service, now),
    formatLabels(spec.selector),
  ]
}

function externalIPCell({ spec, status }: Service): string {
  const externalIPs = spec.externalIPs ?? []
  switch (spec.type) {
    case 'ClusterIP':
    case 'NodePort':
      return externalIPs.join(',') || '<none>'
    case 'LoadBalancer': {
      const balancer = loadBalancerCell(status.loadBalancer)
      return [...(balancer === '' ? [] : [balancer]), ...externalIPs].join(',') || '<pending>'
    }
    case 'ExternalName':
      return spec.externalName ?? ''
    default:
      return '<unknown>'
  }
}

function portsCell({ spec }: Service): string {
  const ports = (spec.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  )
  return ports.join(',')
}
