// Quality of service: what a pod's requests and limits promise, and so who is killed first when memory runs out.

import type { Container } from '../api/core/v1/container.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { type PodQOSClass, podQOSClass } from '../api/core/v1/pod-qos.ts'
import { parseQuantity } from '../machinery/quantity.ts'

/** As the API server wrote it when the pod was created; computed for pods that lack it. */
export function podQosClass(pod: Pod): PodQOSClass {
  const said = pod.status?.qosClass
  return said === 'Guaranteed' || said === 'Burstable' || said === 'BestEffort' ? said : podQOSClass(pod)
}

/** -997 is nearly never killed, 1000 first. Between them, the less of the machine a container asked for, the sooner. */
export function oomScoreAdjust(pod: Pod, container: Container, machineMemory: number): number {
  const priorityClass = pod.spec?.priorityClassName
  if (priorityClass === 'system-node-critical') return -997
  switch (podQosClass(pod)) {
    case 'Guaranteed':
      return -997
    case 'BestEffort':
      return 1000
  }
  const request = container.resources?.requests?.['memory']
  const score = 1000 - Math.floor((1000 * (request ? parseQuantity(request).value() : 0)) / machineMemory)
  if (score < 1000 - 997) return 1000 - 997
  return score === 1000 ? 999 : score
}
