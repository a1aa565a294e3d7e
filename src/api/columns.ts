// How each kind's rows read in a Table: the cells that go with the columns its declaration names. The printers stand
// beside the kinds, in `<kind>.columns.ts`; a kind without one prints its name and age.

import { nameAndAgeCells } from './cells.ts'
import type { TableRowCondition } from './meta/v1/table.ts'
import { groupResource, type KubeObject, type ResourceDeclaration, type TableColumn } from './resource.ts'
import { rowConditions, rowOrders, rowPrinters } from './row-printers.ts'

/** One object's cells, in the order of its columns; `now` in milliseconds since the epoch. */
export type RowPrinter = (object: any, now: number) => unknown[]

export interface TablePrinter {
  readonly columns: readonly TableColumn[]
  /** Whether the rows are of objects as they are stored, or as they are served. */
  readonly prints?: 'stored' | 'served'
  cells(object: KubeObject, now: number): unknown[]
  conditions?(object: KubeObject): readonly TableRowCondition[] | undefined
  /** The order of the rows; that of the list when absent. */
  compare?(a: KubeObject, b: KubeObject): number
}

export function tablePrinter({ resource, columns, storage }: ResourceDeclaration): TablePrinter {
  const key = groupResource({ group: storage.group, resource })
  const [cells, conditions, compare] = [rowPrinters[key] ?? nameAndAgeCells, rowConditions[key], rowOrders[key]]
  return {
    columns,
    prints: 'stored',
    cells: (object, now) => cells(whole(object), now),
    ...(conditions && { conditions: object => conditions(whole(object)) }),
    ...(compare && { compare }),
  }
}

/** With the parts that printers count on: one that says nothing may be missing. */
function whole(object: KubeObject): KubeObject {
  return object['spec'] && object['status'] ? object : { spec: {}, status: {}, ...object }
}
