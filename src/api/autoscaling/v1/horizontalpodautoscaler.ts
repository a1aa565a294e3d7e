import { type Infer, int32, int64, object, ref, string, time } from '../../../machinery/schema/schema.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'
import { horizontalPodAutoscalers as current } from '../v2/horizontalpodautoscaler.ts'
import './horizontalpodautoscaler.conversion.ts'

export const CrossVersionObjectReference = object(
  'io.k8s.api.autoscaling.v1.CrossVersionObjectReference',
  {
    kind: string(1).required(),
    name: string(2).required(),
    apiVersion: string(3),
  },
  { atomic: true },
)
export type CrossVersionObjectReference = Infer<typeof CrossVersionObjectReference>

export const HorizontalPodAutoscalerSpec = object('io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec', {
  scaleTargetRef: ref(1, CrossVersionObjectReference).required(),
  minReplicas: int32(2).pointer().serverDefault(1),
  maxReplicas: int32(3).required(),
  targetCPUUtilizationPercentage: int32(4).pointer(),
})
export type HorizontalPodAutoscalerSpec = Infer<typeof HorizontalPodAutoscalerSpec>

export const HorizontalPodAutoscalerStatus = object('io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerStatus', {
  observedGeneration: int64(1).pointer(),
  lastScaleTime: time(2).pointer(),
  currentReplicas: int32(3).required(),
  desiredReplicas: int32(4).required(),
  currentCPUUtilizationPercentage: int32(5).pointer(),
})
export type HorizontalPodAutoscalerStatus = Infer<typeof HorizontalPodAutoscalerStatus>

export const HorizontalPodAutoscaler = object('io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, HorizontalPodAutoscalerSpec).required(),
  status: ref(3, HorizontalPodAutoscalerStatus).always(),
})
export type HorizontalPodAutoscaler = Infer<typeof HorizontalPodAutoscaler>

export const HorizontalPodAutoscalerList = listKind(
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerList',
  HorizontalPodAutoscaler,
)
export type HorizontalPodAutoscalerList = Infer<typeof HorizontalPodAutoscalerList>

export const horizontalPodAutoscalers = resource({
  group: 'autoscaling',
  version: 'v1',
  kind: 'HorizontalPodAutoscaler',
  resource: 'horizontalpodautoscalers',
  schema: HorizontalPodAutoscaler,
  listSchema: HorizontalPodAutoscalerList,
  shortNames: ['hpa'],
  categories: ['all'],
  namespaced: true,
  verbs: allVerbs,
  subresources: [statusSubresource],
  columns: current.columns,
  storage: { group: 'autoscaling', version: 'v2' },
})
