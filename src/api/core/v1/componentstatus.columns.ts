import type { ComponentStatus } from './componentstatus.ts'

export function componentStatusCells({ metadata, conditions }: ComponentStatus): unknown[] {
  const healthy = conditions?.find(condition => condition.type === 'Healthy')
  if (!healthy) return [metadata.name, 'Unknown', '', '']
  const status = healthy.status === 'True' ? 'Healthy' : 'Unhealthy'
  return [metadata.name, status, healthy.message ?? '', healthy.error ?? '']
}
