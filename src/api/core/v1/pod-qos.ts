// The quality of service a pod's cpu and memory requests and limits promise (Kubernetes documentation: Pod QoS classes).

import { parseQuantity, zeroQuantity } from '../../../machinery/quantity.ts'
import type { Pod } from './pod.ts'

export type PodQOSClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

const counted = ['cpu', 'memory'] as const

/** From the spec alone; a pod's status says what it was born with. */
export function podQOSClass(pod: Pod): PodQOSClass {
  const { initContainers = [], resources } = pod.spec!
  const containers = pod.spec!.containers ?? []
  const levels = resources
    ? [{ resources }]
    : initContainers.length > 0
      ? [...initContainers, ...containers]
      : containers
  let any = false
  let guaranteed = true
  for (const { resources: level } of levels) {
    for (const name of counted) {
      const limitText = level?.limits?.[name]
      const requestText = level?.requests?.[name]
      const limit = limitText === undefined ? zeroQuantity : parseQuantity(limitText)
      const request = requestText === undefined ? limit : parseQuantity(requestText)
      if (limit.sign > 0 || request.sign > 0) any = true
      if (limit.isZero || limit.compare(request) !== 0) guaranteed = false
    }
  }
  return !any ? 'BestEffort' : guaranteed ? 'Guaranteed' : 'Burstable'
}
