// Requirements on node labels, as affinity and volumes state them.

import { type Infer, list, object, string } from '../../../machinery/schema/schema.ts'

export const NodeSelectorRequirement = object('io.k8s.api.core.v1.NodeSelectorRequirement', {
  key: string(1).required(),
  operator: string(2).required().enum('DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'),
  values: list(3, 'string').listType('atomic'),
})
export type NodeSelectorRequirement = Infer<typeof NodeSelectorRequirement>

export const NodeSelectorTerm = object(
  'io.k8s.api.core.v1.NodeSelectorTerm',
  {
    matchExpressions: list(1, NodeSelectorRequirement).listType('atomic'),
    matchFields: list(2, NodeSelectorRequirement).listType('atomic'),
  },
  { atomic: true },
)
export type NodeSelectorTerm = Infer<typeof NodeSelectorTerm>

export const NodeSelector = object(
  'io.k8s.api.core.v1.NodeSelector',
  {
    nodeSelectorTerms: list(1, NodeSelectorTerm).required().listType('atomic'),
  },
  { atomic: true },
)
export type NodeSelector = Infer<typeof NodeSelector>

export const TopologySelectorLabelRequirement = object('io.k8s.api.core.v1.TopologySelectorLabelRequirement', {
  key: string(1).required(),
  values: list(2, 'string').required().listType('atomic'),
})
export type TopologySelectorLabelRequirement = Infer<typeof TopologySelectorLabelRequirement>

export const TopologySelectorTerm = object(
  'io.k8s.api.core.v1.TopologySelectorTerm',
  {
    matchLabelExpressions: list(1, TopologySelectorLabelRequirement).listType('atomic'),
  },
  { atomic: true },
)
export type TopologySelectorTerm = Infer<typeof TopologySelectorTerm>
