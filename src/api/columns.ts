// How each kind's rows read in a Table: the cells that go with the columns its declaration names. The printers stand
// beside the kinds, in `<kind>.columns.ts`; a kind without one prints its name and age.

import { nameAndAgeCells } from './cells.ts'
import type { TableRowCondition } from './meta/v1/table.ts'
import { groupResource, type KubeObject, type ResourceDeclaration, type TableColumn } from './resource.ts'
import { rowConditions, rowPrinters } from './row-printers.ts'

/** One object's cells, in the order of its columns; `now` in milliseconds since the epoch. */
export type RowPrinter = (object: any, now: number) => unknown[]

export interface TablePrinter {
  readonly columns: readonly TableColumn[]
  cells(object: KubeObject, now: number): unknown[]
  conditions?(object: KubeObject): readonly TableRowCondition[] | undefined
}

export function tablePrinter(declaration: ResourceDeclaration): TablePrinter {
  const resource = groupResource(declaration)
  const conditions = rowConditions[resource]
  return {
    columns: declaration.columns,
    cells: rowPrinters[`${resource}/${declaration.version}`] ?? rowPrinters[resource] ?? nameAndAgeCells,
    ...(conditions && { conditions }),
  }
}
