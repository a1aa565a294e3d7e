import {
  type Infer,
  int32,
  int64,
  list,
  object,
  quantity,
  ref,
  string,
  time,
} from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { LabelSelector } from '../../meta/v1/labelselector.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'

export const MetricTarget = object('io.k8s.api.autoscaling.v2.MetricTarget', {
  type: string(1).required(),
  value: quantity(2).pointer(),
  averageValue: quantity(3).pointer(),
  averageUtilization: int32(4).pointer(),
})
export type MetricTarget = Infer<typeof MetricTarget>

export const ContainerResourceMetricSource = object('io.k8s.api.autoscaling.v2.ContainerResourceMetricSource', {
  name: string(1).required(),
  target: ref(2, MetricTarget).required(),
  container: string(3).required(),
})
export type ContainerResourceMetricSource = Infer<typeof ContainerResourceMetricSource>

export const MetricValueStatus = object('io.k8s.api.autoscaling.v2.MetricValueStatus', {
  value: quantity(1).pointer(),
  averageValue: quantity(2).pointer(),
  averageUtilization: int32(3).pointer(),
})
export type MetricValueStatus = Infer<typeof MetricValueStatus>

export const ContainerResourceMetricStatus = object('io.k8s.api.autoscaling.v2.ContainerResourceMetricStatus', {
  name: string(1).required(),
  current: ref(2, MetricValueStatus).required(),
  container: string(3).required(),
})
export type ContainerResourceMetricStatus = Infer<typeof ContainerResourceMetricStatus>

export const CrossVersionObjectReference = object('io.k8s.api.autoscaling.v2.CrossVersionObjectReference', {
  kind: string(1).required(),
  name: string(2).required(),
  apiVersion: string(3),
})
export type CrossVersionObjectReference = Infer<typeof CrossVersionObjectReference>

export const MetricIdentifier = object('io.k8s.api.autoscaling.v2.MetricIdentifier', {
  name: string(1).required(),
  selector: ref(2, LabelSelector),
})
export type MetricIdentifier = Infer<typeof MetricIdentifier>

export const ExternalMetricSource = object('io.k8s.api.autoscaling.v2.ExternalMetricSource', {
  metric: ref(1, MetricIdentifier).required(),
  target: ref(2, MetricTarget).required(),
})
export type ExternalMetricSource = Infer<typeof ExternalMetricSource>

export const ExternalMetricStatus = object('io.k8s.api.autoscaling.v2.ExternalMetricStatus', {
  metric: ref(1, MetricIdentifier).required(),
  current: ref(2, MetricValueStatus).required(),
})
export type ExternalMetricStatus = Infer<typeof ExternalMetricStatus>

export const HPAScalingPolicy = object('io.k8s.api.autoscaling.v2.HPAScalingPolicy', {
  type: string(1).required(),
  value: int32(2).required(),
  periodSeconds: int32(3).required(),
})
export type HPAScalingPolicy = Infer<typeof HPAScalingPolicy>

export const HPAScalingRules = object('io.k8s.api.autoscaling.v2.HPAScalingRules', {
  stabilizationWindowSeconds: int32(3).pointer(),
  selectPolicy: string(1).pointer(),
  policies: list(2, HPAScalingPolicy).listType('atomic'),
  tolerance: quantity(4).pointer(),
})
export type HPAScalingRules = Infer<typeof HPAScalingRules>

export const ObjectMetricSource = object('io.k8s.api.autoscaling.v2.ObjectMetricSource', {
  describedObject: ref(1, CrossVersionObjectReference).required(),
  target: ref(2, MetricTarget).required(),
  metric: ref(3, MetricIdentifier).required(),
})
export type ObjectMetricSource = Infer<typeof ObjectMetricSource>

export const PodsMetricSource = object('io.k8s.api.autoscaling.v2.PodsMetricSource', {
  metric: ref(1, MetricIdentifier).required(),
  target: ref(2, MetricTarget).required(),
})
export type PodsMetricSource = Infer<typeof PodsMetricSource>

export const ResourceMetricSource = object('io.k8s.api.autoscaling.v2.ResourceMetricSource', {
  name: string(1).required(),
  target: ref(2, MetricTarget).required(),
})
export type ResourceMetricSource = Infer<typeof ResourceMetricSource>

export const MetricSpec = object('io.k8s.api.autoscaling.v2.MetricSpec', {
  type: string(1).required(),
  object: ref(2, ObjectMetricSource),
  pods: ref(3, PodsMetricSource),
  resource: ref(4, ResourceMetricSource),
  containerResource: ref(7, ContainerResourceMetricSource),
  external: ref(5, ExternalMetricSource),
})
export type MetricSpec = Infer<typeof MetricSpec>

export const HorizontalPodAutoscalerBehavior = object('io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior', {
  scaleUp: ref(1, HPAScalingRules),
  scaleDown: ref(2, HPAScalingRules),
})
export type HorizontalPodAutoscalerBehavior = Infer<typeof HorizontalPodAutoscalerBehavior>

export const HorizontalPodAutoscalerSpec = object('io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec', {
  scaleTargetRef: ref(1, CrossVersionObjectReference).required(),
  minReplicas: int32(2).pointer().serverDefault(1),
  maxReplicas: int32(3).required(),
  metrics: list(4, MetricSpec).listType('atomic'),
  behavior: ref(5, HorizontalPodAutoscalerBehavior),
})
export type HorizontalPodAutoscalerSpec = Infer<typeof HorizontalPodAutoscalerSpec>

export const ObjectMetricStatus = object('io.k8s.api.autoscaling.v2.ObjectMetricStatus', {
  metric: ref(1, MetricIdentifier).required(),
  current: ref(2, MetricValueStatus).required(),
  describedObject: ref(3, CrossVersionObjectReference).required(),
})
export type ObjectMetricStatus = Infer<typeof ObjectMetricStatus>

export const PodsMetricStatus = object('io.k8s.api.autoscaling.v2.PodsMetricStatus', {
  metric: ref(1, MetricIdentifier).required(),
  current: ref(2, MetricValueStatus).required(),
})
export type PodsMetricStatus = Infer<typeof PodsMetricStatus>

export const ResourceMetricStatus = object('io.k8s.api.autoscaling.v2.ResourceMetricStatus', {
  name: string(1).required(),
  current: ref(2, MetricValueStatus).required(),
})
export type ResourceMetricStatus = Infer<typeof ResourceMetricStatus>

export const MetricStatus = object('io.k8s.api.autoscaling.v2.MetricStatus', {
  type: string(1).required(),
  object: ref(2, ObjectMetricStatus),
  pods: ref(3, PodsMetricStatus),
  resource: ref(4, ResourceMetricStatus),
  containerResource: ref(7, ContainerResourceMetricStatus),
  external: ref(5, ExternalMetricStatus),
})
export type MetricStatus = Infer<typeof MetricStatus>

export const HorizontalPodAutoscalerCondition = object('io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerCondition', {
  type: string(1).required(),
  status: string(2).required(),
  lastTransitionTime: time(3).always(),
  reason: string(4),
  message: string(5),
})
export type HorizontalPodAutoscalerCondition = Infer<typeof HorizontalPodAutoscalerCondition>

export const HorizontalPodAutoscalerStatus = object('io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus', {
  observedGeneration: int64(1).pointer(),
  lastScaleTime: time(2).pointer(),
  currentReplicas: int32(3),
  desiredReplicas: int32(4).required(),
  currentMetrics: list(5, MetricStatus).always().listType('atomic'),
  conditions: list(6, HorizontalPodAutoscalerCondition).listType('map', 'type').patchStrategy('merge').mergeKey('type'),
})
export type HorizontalPodAutoscalerStatus = Infer<typeof HorizontalPodAutoscalerStatus>

export const HorizontalPodAutoscaler = object('io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, HorizontalPodAutoscalerSpec).required(),
  status: ref(3, HorizontalPodAutoscalerStatus).always(),
})
export type HorizontalPodAutoscaler = Infer<typeof HorizontalPodAutoscaler>

export const HorizontalPodAutoscalerList = listKind(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerList',
  HorizontalPodAutoscaler,
)
export type HorizontalPodAutoscalerList = Infer<typeof HorizontalPodAutoscalerList>

export const horizontalPodAutoscalers = resource({
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  resource: 'horizontalpodautoscalers',
  schema: HorizontalPodAutoscaler,
  listSchema: HorizontalPodAutoscalerList,
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  verbs: allVerbs,
  subresources: [statusSubresource],
  columns: [
    nameColumn,
    column('Reference', 'string', describedBy(HorizontalPodAutoscalerSpec, 'scaleTargetRef')),
    column('Targets', 'string', describedBy(HorizontalPodAutoscalerSpec, 'metrics')),
    column('MinPods', 'string', describedBy(HorizontalPodAutoscalerSpec, 'minReplicas')),
    column('MaxPods', 'string', describedBy(HorizontalPodAutoscalerSpec, 'maxReplicas')),
    column('Replicas', 'string', describedBy(HorizontalPodAutoscalerStatus, 'currentReplicas')),
    ageColumn,
  ],
})
