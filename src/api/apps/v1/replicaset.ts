import { type Infer, int32, int64, list, object, ref, string, time } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { PodTemplateSpec } from '../../core/v1/pod.ts'
import { LabelSelector } from '../../meta/v1/labelselector.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, scaleSubresource, statusSubresource } from '../../resource.ts'

export const ReplicaSetSpec = object('io.k8s.api.apps.v1.ReplicaSetSpec', {
  replicas: int32(1).pointer().serverDefault(1),
  minReadySeconds: int32(4),
  selector: ref(2, LabelSelector).requiredInOpenAPI(),
  template: ref(3, PodTemplateSpec).always(),
})
export type ReplicaSetSpec = Infer<typeof ReplicaSetSpec>

export const ReplicaSetCondition = object('io.k8s.api.apps.v1.ReplicaSetCondition', {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(3).always(),
  reason: string(4),
  message: string(5),
})
export type ReplicaSetCondition = Infer<typeof ReplicaSetCondition>

export const ReplicaSetStatus = object('io.k8s.api.apps.v1.ReplicaSetStatus', {
  replicas: int32(1).required(),
  fullyLabeledReplicas: int32(2),
  readyReplicas: int32(4),
  availableReplicas: int32(5),
  terminatingReplicas: int32(7).pointer(),
  observedGeneration: int64(3),
  conditions: list(6, ReplicaSetCondition).listType('map', 'type').patchStrategy('merge').mergeKey('type'),
})
export type ReplicaSetStatus = Infer<typeof ReplicaSetStatus>

export const ReplicaSet = object('io.k8s.api.apps.v1.ReplicaSet', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, ReplicaSetSpec).always(),
  status: ref(3, ReplicaSetStatus).always(),
})
export type ReplicaSet = Infer<typeof ReplicaSet>

export const ReplicaSetList = listKind('io.k8s.api.apps.v1.ReplicaSetList', ReplicaSet)
export type ReplicaSetList = Infer<typeof ReplicaSetList>

export const replicaSets = resource({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  resource: 'replicasets',
  schema: ReplicaSet,
  listSchema: ReplicaSetList,
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  verbs: allVerbs,
  subresources: [scaleSubresource, statusSubresource],
  columns: [
    nameColumn,
    column('Desired', 'integer', describedBy(ReplicaSetSpec, 'replicas')),
    column('Current', 'integer', describedBy(ReplicaSetStatus, 'replicas')),
    column('Ready', 'integer', describedBy(ReplicaSetStatus, 'readyReplicas')),
    ageColumn,
    column('Containers', 'string', 'Names of each container in the template.', { priority: 1 }),
    column('Images', 'string', 'Images referenced by each container in the template.', { priority: 1 }),
    column('Selector', 'string', describedBy(ReplicaSetSpec, 'selector'), { priority: 1 }),
  ],
})
