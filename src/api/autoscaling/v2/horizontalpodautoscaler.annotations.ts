// What autoscaling/v1 has no field for travels in these annotations of its form. No object of v2 has them, and none is stored.

import type { KubeObject } from '../../resource.ts'

export const annotation = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
} as const

/** The last two are of a version that is gone. */
const all: readonly string[] = [
  ...Object.values(annotation),
  'autoscaling.alpha.kubernetes.io/scale-down-tolerance',
  'autoscaling.alpha.kubernetes.io/scale-up-tolerance',
]

export function withoutRoundTripAnnotations(metadata: KubeObject['metadata']): KubeObject['metadata'] {
  const { annotations = {}, ...rest } = metadata
  const names = Object.keys(annotations)
  const kept = names.filter(name => !all.includes(name))
  if (kept.length === names.length) return metadata
  if (kept.length === 0) return rest
  return { ...metadata, annotations: Object.fromEntries(kept.map(name => [name, annotations[name]])) }
}
