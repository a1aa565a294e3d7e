// What kubectl get prints: rows and columns made by the server. JSON only.

import { any, type Infer, int32, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ListMeta } from './listmeta.ts'
import { typeMeta } from './typemeta.ts'

export const TableColumnDefinition = object('io.k8s.apimachinery.pkg.apis.meta.v1.TableColumnDefinition', {
  name: string(0).always(),
  type: string(0).always(),
  format: string(0).always(),
  description: string(0).always(),
  priority: int32(0).always(),
})
export type TableColumnDefinition = Infer<typeof TableColumnDefinition>

export const TableRowCondition = object('io.k8s.apimachinery.pkg.apis.meta.v1.TableRowCondition', {
  type: string(0).always(),
  status: string(0).always(),
  reason: string(0),
  message: string(0),
})
export type TableRowCondition = Infer<typeof TableRowCondition>

export const TableRow = object('io.k8s.apimachinery.pkg.apis.meta.v1.TableRow', {
  cells: list(0, 'any').always(),
  conditions: list(0, TableRowCondition),
  object: any(0, 'io.k8s.apimachinery.pkg.runtime.RawExtension').always(),
})
export type TableRow = Infer<typeof TableRow>

export const Table = object('io.k8s.apimachinery.pkg.apis.meta.v1.Table', {
  ...typeMeta,
  metadata: ref(0, ListMeta).always(),
  columnDefinitions: list(0, TableColumnDefinition).always(),
  rows: list(0, TableRow).always(),
})
export type Table = Infer<typeof Table>
