import { type Infer, list, map, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, nameColumn } from '../../column.ts'
import { Toleration } from '../../core/v1/toleration.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const Overhead = object('io.k8s.api.node.v1.Overhead', {
  podFixed: map(1, 'quantity'),
})
export type Overhead = Infer<typeof Overhead>

export const Scheduling = object('io.k8s.api.node.v1.Scheduling', {
  nodeSelector: map(1, 'string').mapType('atomic'),
  tolerations: list(2, Toleration).listType('atomic'),
})
export type Scheduling = Infer<typeof Scheduling>

export const RuntimeClass = object('io.k8s.api.node.v1.RuntimeClass', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  handler: string(2).required(),
  overhead: ref(3, Overhead),
  scheduling: ref(4, Scheduling),
})
export type RuntimeClass = Infer<typeof RuntimeClass>

export const RuntimeClassList = listKind('io.k8s.api.node.v1.RuntimeClassList', RuntimeClass)
export type RuntimeClassList = Infer<typeof RuntimeClassList>

export const runtimeClasses = resource({
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  resource: 'runtimeclasses',
  schema: RuntimeClass,
  listSchema: RuntimeClassList,
  namespaced: false,
  verbs: allVerbs,
  columns: [nameColumn, column('Handler', 'string', ''), ageColumn],
})
