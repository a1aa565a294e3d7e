import { ageCell } from '../../cells.ts'
import type { CSINode } from './csinode.ts'

export function csiNodeCells(node: CSINode, now: number): unknown[] {
  return [node.metadata.name, node.spec.drivers?.length ?? 0, ageCell(node, now)]
}
