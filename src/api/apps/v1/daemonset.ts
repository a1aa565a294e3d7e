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
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { PodSpec, PodTemplateSpec } from '../../core/v1/pod.ts'
import { LabelSelector } from '../../meta/v1/labelselector.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'

export const RollingUpdateDaemonSet = object('io.k8s.api.apps.v1.RollingUpdateDaemonSet', {
  maxUnavailable: intOrString(1).pointer(),
  maxSurge: intOrString(2).pointer(),
})
export type RollingUpdateDaemonSet = Infer<typeof RollingUpdateDaemonSet>

export const DaemonSetUpdateStrategy = object('io.k8s.api.apps.v1.DaemonSetUpdateStrategy', {
  type: string(1).serverDefault('RollingUpdate').enum('OnDelete', 'RollingUpdate'),
  rollingUpdate: ref(2, RollingUpdateDaemonSet),
})
export type DaemonSetUpdateStrategy = Infer<typeof DaemonSetUpdateStrategy>

export const DaemonSetSpec = object('io.k8s.api.apps.v1.DaemonSetSpec', {
  selector: ref(1, LabelSelector).requiredInOpenAPI(),
  template: ref(2, PodTemplateSpec).required(),
  updateStrategy: ref(3, DaemonSetUpdateStrategy).always(),
  minReadySeconds: int32(4),
  revisionHistoryLimit: int32(6).pointer().serverDefault(10),
})
export type DaemonSetSpec = Infer<typeof DaemonSetSpec>

export const DaemonSetCondition = object('io.k8s.api.apps.v1.DaemonSetCondition', {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(3).always(),
  reason: string(4),
  message: string(5),
})
export type DaemonSetCondition = Infer<typeof DaemonSetCondition>

export const DaemonSetStatus = object('io.k8s.api.apps.v1.DaemonSetStatus', {
  currentNumberScheduled: int32(1).required(),
  numberMisscheduled: int32(2).required(),
  desiredNumberScheduled: int32(3).required(),
  numberReady: int32(4).required(),
  observedGeneration: int64(5),
  updatedNumberScheduled: int32(6),
  numberAvailable: int32(7),
  numberUnavailable: int32(8),
  collisionCount: int32(9).pointer(),
  conditions: list(10, DaemonSetCondition).listType('map', 'type').patchStrategy('merge').mergeKey('type'),
})
export type DaemonSetStatus = Infer<typeof DaemonSetStatus>

export const DaemonSet = object('io.k8s.api.apps.v1.DaemonSet', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, DaemonSetSpec).always(),
  status: ref(3, DaemonSetStatus).always(),
})
export type DaemonSet = Infer<typeof DaemonSet>

export const DaemonSetList = listKind('io.k8s.api.apps.v1.DaemonSetList', DaemonSet)
export type DaemonSetList = Infer<typeof DaemonSetList>

export const daemonSets = resource({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  resource: 'daemonsets',
  schema: DaemonSet,
  listSchema: DaemonSetList,
  shortNames: ['ds'],
  categories: ['all'],
  namespaced: true,
  verbs: allVerbs,
  subresources: [statusSubresource],
  columns: [
    nameColumn,
    column('Desired', 'integer', describedBy(DaemonSetStatus, 'desiredNumberScheduled')),
    column('Current', 'integer', describedBy(DaemonSetStatus, 'currentNumberScheduled')),
    column('Ready', 'integer', describedBy(DaemonSetStatus, 'numberReady')),
    column('Up-to-date', 'integer', describedBy(DaemonSetStatus, 'updatedNumberScheduled')),
    column('Available', 'integer', describedBy(DaemonSetStatus, 'numberAvailable')),
    column('Node Selector', 'string', describedBy(PodSpec, 'nodeSelector')),
    ageColumn,
    column('Containers', 'string', 'Names of each container in the template.', { priority: 1 }),
    column('Images', 'string', 'Images referenced by each container in the template.', { priority: 1 }),
    column('Selector', 'string', describedBy(DaemonSetSpec, 'selector'), { priority: 1 }),
  ],
})
