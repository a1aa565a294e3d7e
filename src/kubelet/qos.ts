// Quality of service: what a pod's requests and limits promise, and so who is killed first when memory runs out.

import type { Container } from '../api/core/v1/container.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { milliValue, quantityValue } from './resource-values.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

const counted = ['cpu', 'memory'] as const

/** As the API server wrote it when the pod was created; computed for pods that lack it. */
export function podQosClass(pod: Pod): QosClass {
  const said = pod.status?.qosClass
  if (said === 'Guaranteed' || said === 'Burstable' || said === 'BestEffort') return said
  const containers: Container[] = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
  const levels = pod.spec?.resources ? [pod.spec.resources] : containers.map(container => container.resources ?? {})
  let any = false
  let guaranteed = true
  for (const { requests = {}, limits = {} } of levels) {
    for (const resource of counted) {
      const limit = limits[resource] ? milliValue(limits[resource]) : 0
      const request = requests[resource] ? milliValue(requests[resource]) : limit
      if (limit > 0 || request > 0) any = true
      if (limit === 0 || request !== limit) guaranteed = false
    }
  }
  return !any ? 'BestEffort' : guaranteed ? 'Guaranteed' : 'Burstable'
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
  const score = 1000 - Math.floor((1000 * (request ? quantityValue(request) : 0)) / machineMemory)
  if (score < 1000 - 997) return 1000 - 997
  return score === 1000 ? 999 : score
}
