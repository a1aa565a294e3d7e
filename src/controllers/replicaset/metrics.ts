// How much older than the youngest the pods are that a ReplicaSet gives up (upstream means it to stay below two).

import type { Pod } from '../../api/core/v1/pod.ts'
import { exponentialBuckets, type Histogram, type MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { timeOf } from '../../machinery/time.ts'
import { isPodReady } from '../pod-status.ts'

/** ReplicaSets and ReplicationControllers have it together. */
const declared = new WeakMap<MetricsRegistry, Histogram>()

export function deletionAgeRatio(registry: MetricsRegistry): Histogram {
  let found = declared.get(registry)
  if (!found) {
    found = registry
      .histogram({
        name: 'replicaset_controller_sorting_deletion_age_ratio',
        stability: 'ALPHA',
        help: "The ratio of chosen deleted pod's ages to the current youngest pod's age (at the time). Should be <2. The intent of this metric is to measure the rough efficacy of the LogarithmicScaleDown feature gate's effect on the sorting (and deletion) of pods when a replicaset scales down. This only considers Ready pods when calculating and reporting.",
        buckets: exponentialBuckets(0.25, 2, 6),
      })
      .with()
    declared.set(registry, found)
  }
  return found
}

/** Only of pods that are ready, and in whole numbers, as upstream's. */
export function observeAges(ratio: Histogram, all: readonly Pod[], victims: readonly Pod[], now: number): void {
  const created = (pod: Pod) => timeOf(pod.metadata.creationTimestamp) ?? now
  const youngest = all.filter(isPodReady).reduce((latest, pod) => Math.max(latest, created(pod)), 0)
  if (now <= youngest) return
  for (const pod of victims.filter(isPodReady)) ratio.observe(Math.trunc((now - created(pod)) / (now - youngest)))
}
