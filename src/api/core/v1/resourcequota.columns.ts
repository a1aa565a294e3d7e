import { compareText } from '../../../machinery/go-text.ts'
import { ageCell } from '../../cells.ts'
import type { ResourceQuota } from './resourcequota.ts'

export function resourceQuotaCells(quota: ResourceQuota, now: number): unknown[] {
  const { hard = {}, used = {} } = quota.status
  const resources = Object.keys(hard).sort(compareText)
  const usage = (of: readonly string[]) => of.map(name => `${name}: ${used[name] ?? '0'}/${hard[name]}`).join(', ')
  return [
    quota.metadata.name,
    usage(resources.filter(name => !name.startsWith('limits.'))),
    usage(resources.filter(name => name.startsWith('limits.'))),
    ageCell(quota, now),
  ]
}
