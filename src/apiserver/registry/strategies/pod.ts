// Pods: born Pending with their QoS class; deleted gracefully unless nothing runs yet or any more.

import type { Pod } from '../../../api/core/v1/pod.ts'
import { podQOSClass } from '../../../api/core/v1/pod-qos.ts'
import type { KubeObject } from '../../../api/resource.ts'
import type { Strategy } from '../strategy.ts'

export const podStrategy: Strategy = {
  tracksGeneration: true,
  prepareForCreate(pod) {
    pod['status'] = { phase: 'Pending', qosClass: podQOSClass(pod as unknown as Pod) }
  },
  prepareForStatusUpdate(pod, old) {
    pod['status'].qosClass = old['status'].qosClass
    pod.metadata['ownerReferences'] = old.metadata['ownerReferences']
  },
  gracePeriodSeconds(pod: KubeObject, requested) {
    const spec = pod['spec'] as { terminationGracePeriodSeconds?: number; nodeName?: string }
    let seconds = requested ?? spec.terminationGracePeriodSeconds ?? 30
    if (!spec.nodeName) seconds = 0
    const { phase } = pod['status'] as { phase?: string }
    if (phase === 'Failed' || phase === 'Succeeded') seconds = 0
    // A negative grace period means "as soon as possible", which is one second.
    return seconds < 0 ? 1 : seconds
  },
}
