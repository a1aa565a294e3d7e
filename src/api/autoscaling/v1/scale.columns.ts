import { ageCell } from '../../cells.ts'
import type { Scale } from './scale.ts'

export const scaleCells = (scale: Scale, now: number): unknown[] => [
  scale.metadata.name,
  scale.spec.replicas ?? 0,
  scale.status.replicas,
  ageCell(scale, now),
]
