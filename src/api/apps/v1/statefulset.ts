import {
  type Infer,
  int32,
  int64,
  intOrString,
  list,
  object,
  ref,
  string,
  time,
} from '../../../machinery/schema/schema.ts'
import { ageColumn, column, nameColumn } from '../../column.ts'
import { PersistentVolumeClaim } from '../../core/v1/persistentvolumeclaim.ts'
import { PodTemplateSpec } from '../../core/v1/pod.ts'
import { LabelSelector } from '../../meta/v1/labelselector.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, scaleSubresource, statusSubresource } from '../../resource.ts'

export const RollingUpdateStatefulSetStrategy = object('io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy', {
  partition: int32(1).pointer(),
  maxUnavailable: intOrString(2).pointer(),
})
export type RollingUpdateStatefulSetStrategy = Infer<typeof RollingUpdateStatefulSetStrategy>

export const StatefulSetUpdateStrategy = object('io.k8s.api.apps.v1.StatefulSetUpdateStrategy', {
  type: string(1).enum('OnDelete', 'RollingUpdate'),
  rollingUpdate: ref(2, RollingUpdateStatefulSetStrategy),
})
export type StatefulSetUpdateStrategy = Infer<typeof StatefulSetUpdateStrategy>

export const StatefulSetPersistentVolumeClaimRetentionPolicy = object(
  'io.k8s.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy',
  {
    whenDeleted: string(1).serverDefault('Retain'),
    whenScaled: string(2).serverDefault('Retain'),
  },
)
export type StatefulSetPersistentVolumeClaimRetentionPolicy = Infer<
  typeof StatefulSetPersistentVolumeClaimRetentionPolicy
>

export const StatefulSetOrdinals = object('io.k8s.api.apps.v1.StatefulSetOrdinals', {
  start: int32(1).always(),
})
export type StatefulSetOrdinals = Infer<typeof StatefulSetOrdinals>

export const StatefulSetSpec = object('io.k8s.api.apps.v1.StatefulSetSpec', {
  replicas: int32(1).pointer().serverDefault(1),
  selector: ref(2, LabelSelector).requiredInOpenAPI(),
  template: ref(3, PodTemplateSpec).required(),
  volumeClaimTemplates: list(4, PersistentVolumeClaim).listType('atomic'),
  serviceName: string(5).always(),
  podManagementPolicy: string(6).serverDefault('OrderedReady').enum('OrderedReady', 'Parallel'),
  updateStrategy: ref(7, StatefulSetUpdateStrategy).always(),
  revisionHistoryLimit: int32(8).pointer().serverDefault(10),
  minReadySeconds: int32(9),
  persistentVolumeClaimRetentionPolicy: ref(10, StatefulSetPersistentVolumeClaimRetentionPolicy).serverDefault({}),
  ordinals: ref(11, StatefulSetOrdinals),
})
export type StatefulSetSpec = Infer<typeof StatefulSetSpec>

export const StatefulSetCondition = object('io.k8s.api.apps.v1.StatefulSetCondition', {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(3).always(),
  reason: string(4),
  message: string(5),
})
export type StatefulSetCondition = Infer<typeof StatefulSetCondition>

export const StatefulSetStatus = object('io.k8s.api.apps.v1.StatefulSetStatus', {
  observedGeneration: int64(1),
  replicas: int32(2).required(),
  readyReplicas: int32(3),
  currentReplicas: int32(4),
  updatedReplicas: int32(5),
  currentRevision: string(6),
  updateRevision: string(7),
  collisionCount: int32(9).pointer(),
  conditions: list(10, StatefulSetCondition).listType('map', 'type').patchStrategy('merge').mergeKey('type'),
  availableReplicas: int32(11).always(),
})
export type StatefulSetStatus = Infer<typeof StatefulSetStatus>

export const StatefulSet = object('io.k8s.api.apps.v1.StatefulSet', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, StatefulSetSpec).always(),
  status: ref(3, StatefulSetStatus).always(),
})
export type StatefulSet = Infer<typeof StatefulSet>

export const StatefulSetList = listKind('io.k8s.api.apps.v1.StatefulSetList', StatefulSet)
export type StatefulSetList = Infer<typeof StatefulSetList>

export const statefulSets = resource({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  resource: 'statefulsets',
  schema: StatefulSet,
  listSchema: StatefulSetList,
  shortNames: ['sts'],
  categories: ['all'],
  namespaced: true,
  verbs: allVerbs,
  subresources: [scaleSubresource, statusSubresource],
  columns: [
    nameColumn,
    column('Ready', 'string', 'Number of the pod with ready state'),
    ageColumn,
    column('Containers', 'string', 'Names of each container in the template.', { priority: 1 }),
    column('Images', 'string', 'Images referenced by each container in the template.', { priority: 1 }),
  ],
})
