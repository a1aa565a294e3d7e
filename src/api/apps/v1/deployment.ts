import {
  boolean,
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
import { PodTemplateSpec } from '../../core/v1/pod.ts'
import { LabelSelector } from '../../meta/v1/labelselector.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, scaleSubresource, statusSubresource } from '../../resource.ts'

export const RollingUpdateDeployment = object('io.k8s.api.apps.v1.RollingUpdateDeployment', {
  maxUnavailable: intOrString(1).pointer(),
  maxSurge: intOrString(2).pointer(),
})
export type RollingUpdateDeployment = Infer<typeof RollingUpdateDeployment>

export const DeploymentStrategy = object('io.k8s.api.apps.v1.DeploymentStrategy', {
  type: string(1).serverDefault('RollingUpdate').enum('Recreate', 'RollingUpdate'),
  rollingUpdate: ref(2, RollingUpdateDeployment),
})
export type DeploymentStrategy = Infer<typeof DeploymentStrategy>

export const DeploymentSpec = object('io.k8s.api.apps.v1.DeploymentSpec', {
  replicas: int32(1).pointer().serverDefault(1),
  selector: ref(2, LabelSelector).requiredInOpenAPI(),
  template: ref(3, PodTemplateSpec).required(),
  strategy: ref(4, DeploymentStrategy).always().patchStrategy('retainKeys'),
  minReadySeconds: int32(5),
  revisionHistoryLimit: int32(6).pointer().serverDefault(10),
  paused: boolean(7),
  progressDeadlineSeconds: int32(9).pointer().serverDefault(600),
})
export type DeploymentSpec = Infer<typeof DeploymentSpec>

export const DeploymentCondition = object('io.k8s.api.apps.v1.DeploymentCondition', {
  type: string(1).required(),
  status: string(2).required(),
  lastUpdateTime: time(6).always(),
  lastTransitionTime: time(7).always(),
  reason: string(4),
  message: string(5),
})
export type DeploymentCondition = Infer<typeof DeploymentCondition>

export const DeploymentStatus = object('io.k8s.api.apps.v1.DeploymentStatus', {
  observedGeneration: int64(1),
  replicas: int32(2),
  updatedReplicas: int32(3),
  readyReplicas: int32(7),
  availableReplicas: int32(4),
  unavailableReplicas: int32(5),
  terminatingReplicas: int32(9).pointer(),
  conditions: list(6, DeploymentCondition).listType('map', 'type').patchStrategy('merge').mergeKey('type'),
  collisionCount: int32(8).pointer(),
})
export type DeploymentStatus = Infer<typeof DeploymentStatus>

export const Deployment = object('io.k8s.api.apps.v1.Deployment', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, DeploymentSpec).always(),
  status: ref(3, DeploymentStatus).always(),
})
export type Deployment = Infer<typeof Deployment>

export const DeploymentList = listKind('io.k8s.api.apps.v1.DeploymentList', Deployment)
export type DeploymentList = Infer<typeof DeploymentList>

export const deployments = resource({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  resource: 'deployments',
  schema: Deployment,
  listSchema: DeploymentList,
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  verbs: allVerbs,
  subresources: [scaleSubresource, statusSubresource],
  columns: [
    nameColumn,
    column('Ready', 'string', 'Number of the pod with ready state'),
    column('Up-to-date', 'string', describedBy(DeploymentStatus, 'updatedReplicas')),
    column('Available', 'string', describedBy(DeploymentStatus, 'availableReplicas')),
    ageColumn,
    column('Containers', 'string', 'Names of each container in the template.', { priority: 1 }),
    column('Images', 'string', 'Images referenced by each container in the template.', { priority: 1 }),
    column('Selector', 'string', describedBy(DeploymentSpec, 'selector'), { priority: 1 }),
  ],
})
