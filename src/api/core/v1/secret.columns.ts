import { ageCell } from '../../cells.ts'
import type { Secret } from './secret.ts'

export function secretCells(secret: Secret, now: number): unknown[] {
  return [secret.metadata.name, secret.type ?? '', Object.keys(secret.data ?? {}).length, ageCell(secret, now)]
}
