import { ageCell } from '../../cells.ts'
import type { APIService } from './apiservice.ts'

export function apiServiceCells(apiService: APIService, now: number): unknown[] {
  const { service } = apiService.spec
  return [
    apiService.metadata.name,
    service ? `${service.namespace ?? ''}/${service.name ?? ''}` : 'Local',
    availableCell(apiService),
    ageCell(apiService, now),
  ]
}

function availableCell({ status }: APIService): string {
  const available = status.conditions?.find(condition => condition.type === 'Available')
  if (!available) return 'Unknown'
  return available.status === 'True' || !available.reason
    ? available.status
    : `${available.status} (${available.reason})`
}
