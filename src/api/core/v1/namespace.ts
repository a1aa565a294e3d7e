import { type Infer, list, object, ref, string, time } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { resource, statusSubresource } from '../../resource.ts'

export const NamespaceSpec = object('io.k8s.api.core.v1.NamespaceSpec', {
  finalizers: list(1, 'string').listType('atomic'),
})
export type NamespaceSpec = Infer<typeof NamespaceSpec>

export const NamespaceCondition = object('io.k8s.api.core.v1.NamespaceCondition', {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(4).always(),
  reason: string(5),
  message: string(6),
})
export type NamespaceCondition = Infer<typeof NamespaceCondition>

export const NamespaceStatus = object('io.k8s.api.core.v1.NamespaceStatus', {
  phase: string(1).serverDefault('Active').enum('Active', 'Terminating'),
  conditions: list(2, NamespaceCondition).listType('map', 'type').patchStrategy('merge').mergeKey('type'),
})
export type NamespaceStatus = Infer<typeof NamespaceStatus>

export const Namespace = object('io.k8s.api.core.v1.Namespace', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, NamespaceSpec).always(),
  status: ref(3, NamespaceStatus).always(),
})
export type Namespace = Infer<typeof Namespace>

export const NamespaceList = listKind('io.k8s.api.core.v1.NamespaceList', Namespace)
export type NamespaceList = Infer<typeof NamespaceList>

export const namespaces = resource({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  resource: 'namespaces',
  schema: Namespace,
  listSchema: NamespaceList,
  shortNames: ['ns'],
  namespaced: false,
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  subresources: [{ name: 'finalize', verbs: ['update'] }, statusSubresource],
  columns: [nameColumn, column('Status', 'string', 'The status of the namespace'), ageColumn],
  selectableFields: { 'status.phase': namespace => namespace.status.phase ?? '' },
})
