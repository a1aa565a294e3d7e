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
    ? [resources]
    : [...initContainers, ...containers].map(container => container.resources ?? {})
  let any = false
  let guaranteed = true
  for (const { requests = {}, limits = {} } of levels) {
    for (const name of counted) {
      const limit = parseQuantity(limits[name] ?? '0')
      const request = requests[name] === undefined ? limit : parseQuantity(requests[name])
      if (limit.compare(zeroQuantity) > 0 || request.compare(zeroQuantity) > 0) any = true
      if (limit.compare(zeroQuantity) === 0 || limit.compare(request) !== 0) guaranteed = false
    }
  }
  return !any ? 'BestEffort' : guaranteed ? 'Guaranteed' : 'Burstable'
}
