// A pod's topology spread constraints with their selectors parsed, and those every pod of a workload has by default.

import type { Pod } from '../api/core/v1/pod.ts'
import { type LabelSelector, labelSelectorFrom, type Selector } from '../machinery/labels.ts'

export interface SpreadConstraint {
  readonly maxSkew: number
  readonly topologyKey: string
  readonly selector: Selector
  readonly minDomains: number
  /** Only nodes that the pod's node affinity matches count. */
  readonly honorAffinity: boolean
  /** Only nodes whose taints it tolerates count. */
  readonly honorTaints: boolean
}

export function spreadConstraints(pod: Pod, whenUnsatisfiable: string): readonly SpreadConstraint[] {
  const declared = pod.spec.topologySpreadConstraints ?? []
  return declared
    .filter(constraint => constraint.whenUnsatisfiable === whenUnsatisfiable)
    .map(constraint => ({
      maxSkew: constraint.maxSkew,
      topologyKey: constraint.topologyKey,
      selector: withLabelsOf(pod, constraint.labelSelector as LabelSelector | undefined, constraint.matchLabelKeys),
      minDomains: constraint.minDomains ?? 1,
      honorAffinity: constraint.nodeAffinityPolicy !== 'Ignore',
      honorTaints: constraint.nodeTaintsPolicy === 'Honor',
    }))
}

/** The selector, and for each key the value that the pod itself has. */
function withLabelsOf(pod: Pod, selector: LabelSelector | undefined, keys: readonly string[] | undefined): Selector {
  const labels = pod.metadata.labels ?? {}
  const expressions = (keys ?? [])
    .filter(key => labels[key] !== undefined)
    .map(key => ({ key, operator: 'In', values: [labels[key]!] }))
  if (!selector || expressions.length === 0) return labelSelectorFrom(selector)
  return labelSelectorFrom({
    matchLabels: selector.matchLabels,
    matchExpressions: [...(selector.matchExpressions ?? []), ...expressions],
  })
}

/** What holds for pods that say nothing: spread over zones, and over nodes, as far as it goes. */
export function defaultConstraints(selector: Selector | undefined): readonly SpreadConstraint[] {
  if (!selector || selector.empty) return []
  const each = { selector, minDomains: 1, honorAffinity: true, honorTaints: false }
  return [
    { ...each, maxSkew: 3, topologyKey: 'kubernetes.io/hostname' },
    { ...each, maxSkew: 5, topologyKey: 'topology.kubernetes.io/zone' },
  ]
}
