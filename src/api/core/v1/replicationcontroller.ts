import { type Infer, int32, int64, list, map, object, ref, string, time } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, scaleSubresource, statusSubresource } from '../../resource.ts'
import { PodTemplateSpec } from './pod.ts'

export const ReplicationControllerSpec = object('io.k8s.api.core.v1.ReplicationControllerSpec', {
  replicas: int32(1).pointer().default(1),
  minReadySeconds: int32(4).default(0),
  selector: map(2, 'string').mapType('atomic'),
  template: ref(3, PodTemplateSpec),
})
export type ReplicationControllerSpec = Infer<typeof ReplicationControllerSpec>

export const ReplicationControllerCondition = object('io.k8s.api.core.v1.ReplicationControllerCondition', {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(3).always(),
  reason: string(4),
  message: string(5),
})
export type ReplicationControllerCondition = Infer<typeof ReplicationControllerCondition>

export const ReplicationControllerStatus = object('io.k8s.api.core.v1.ReplicationControllerStatus', {
  replicas: int32(1).required(),
  fullyLabeledReplicas: int32(2),
  readyReplicas: int32(4),
  availableReplicas: int32(5),
  observedGeneration: int64(3),
  conditions: list(6, ReplicationControllerCondition).listType('map', 'type').patchStrategy('merge').mergeKey('type'),
})
export type ReplicationControllerStatus = Infer<typeof ReplicationControllerStatus>

export const ReplicationController = object('io.k8s.api.core.v1.ReplicationController', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, ReplicationControllerSpec).always(),
  status: ref(3, ReplicationControllerStatus).always(),
})
export type ReplicationController = Infer<typeof ReplicationController>

export const ReplicationControllerList = listKind('io.k8s.api.core.v1.ReplicationControllerList', ReplicationController)
export type ReplicationControllerList = Infer<typeof ReplicationControllerList>

export const replicationControllers = resource({
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  resource: 'replicationcontrollers',
  schema: ReplicationController,
  listSchema: ReplicationControllerList,
  shortNames: ['rc'],
  categories: ['all'],
  namespaced: true,
  verbs: allVerbs,
  subresources: [scaleSubresource, statusSubresource],
  columns: [
    nameColumn,
    column('Desired', 'integer', describedBy(ReplicationControllerSpec, 'replicas')),
    column('Current', 'integer', describedBy(ReplicationControllerStatus, 'replicas')),
    column('Ready', 'integer', describedBy(ReplicationControllerStatus, 'readyReplicas')),
    ageColumn,
    column('Containers', 'string', 'Names of each container in the template.', { priority: 1 }),
    column('Images', 'string', 'Images referenced by each container in the template.', { priority: 1 }),
    column('Selector', 'string', describedBy(ReplicationControllerSpec, 'selector'), { priority: 1 }),
  ],
  selectableFields: { 'status.replicas': controller => String(controller.status.replicas) },
})
