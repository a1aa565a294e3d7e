// Which nodes and which neighbours a pod wants or avoids.

import { type Infer, int32, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { LabelSelector } from '../../meta/v1/labelselector.ts'
import { NodeSelector, NodeSelectorTerm } from './nodeselector.ts'

export const PreferredSchedulingTerm = object('io.k8s.api.core.v1.PreferredSchedulingTerm', {
  weight: int32(1).required(),
  preference: ref(2, NodeSelectorTerm).required(),
})
export type PreferredSchedulingTerm = Infer<typeof PreferredSchedulingTerm>

export const NodeAffinity = object('io.k8s.api.core.v1.NodeAffinity', {
  requiredDuringSchedulingIgnoredDuringExecution: ref(1, NodeSelector),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, PreferredSchedulingTerm).listType('atomic'),
})
export type NodeAffinity = Infer<typeof NodeAffinity>

export const PodAffinityTerm = object('io.k8s.api.core.v1.PodAffinityTerm', {
  labelSelector: ref(1, LabelSelector),
  namespaces: list(2, 'string').listType('atomic'),
  topologyKey: string(3).required(),
  namespaceSelector: ref(4, LabelSelector),
  matchLabelKeys: list(5, 'string').listType('atomic'),
  mismatchLabelKeys: list(6, 'string').listType('atomic'),
})
export type PodAffinityTerm = Infer<typeof PodAffinityTerm>

export const WeightedPodAffinityTerm = object('io.k8s.api.core.v1.WeightedPodAffinityTerm', {
  weight: int32(1).required(),
  podAffinityTerm: ref(2, PodAffinityTerm).required(),
})
export type WeightedPodAffinityTerm = Infer<typeof WeightedPodAffinityTerm>

export const PodAffinity = object('io.k8s.api.core.v1.PodAffinity', {
  requiredDuringSchedulingIgnoredDuringExecution: list(1, PodAffinityTerm).listType('atomic'),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, WeightedPodAffinityTerm).listType('atomic'),
})
export type PodAffinity = Infer<typeof PodAffinity>

export const PodAntiAffinity = object('io.k8s.api.core.v1.PodAntiAffinity', {
  requiredDuringSchedulingIgnoredDuringExecution: list(1, PodAffinityTerm).listType('atomic'),
  preferredDuringSchedulingIgnoredDuringExecution: list(2, WeightedPodAffinityTerm).listType('atomic'),
})
export type PodAntiAffinity = Infer<typeof PodAntiAffinity>

export const Affinity = object('io.k8s.api.core.v1.Affinity', {
  nodeAffinity: ref(1, NodeAffinity),
  podAffinity: ref(2, PodAffinity),
  podAntiAffinity: ref(3, PodAntiAffinity),
})
export type Affinity = Infer<typeof Affinity>
