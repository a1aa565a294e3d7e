// How each kind's rows read in a Table: the cells that go with the columns its declaration names. The printers stand
// beside the kinds, in `<kind>.columns.ts`; a kind without one prints its name and age.

import { humanDuration } from '../machinery/duration.ts'
import { timeOf } from '../machinery/time.ts'
import { groupResource, type KubeObject, type ResourceDeclaration, type TableColumn } from './resource.ts'
import { rowPrinters } from './row-printers.ts'

/** One object's cells, in the order of its columns; `now` in milliseconds since the epoch. */
export type RowPrinter = (object: any, now: number) => unknown[]

export interface TablePrinter {
  readonly columns: readonly TableColumn[]
  cells(object: KubeObject, now: number): unknown[]
}

/** `5m`, `3d2h`; `<unknown>` when there is no time. */
export function ageOf(object: KubeObject, now: number): string {
  const created = timeOf(object.metadata['creationTimestamp'])
  return created === undefined ? '<unknown>' : humanDuration(now - created)
}

export function tablePrinter(declaration: ResourceDeclaration): TablePrinter {
  const printer =
    rowPrinters[groupResource(declaration)] ?? rowPrinters[`${groupResource(declaration)}/${declaration.version}`]
  return {
    columns: declaration.columns,
    cells: printer ?? ((object, now) => [object.metadata.name, ageOf(object, now)]),
  }
}
