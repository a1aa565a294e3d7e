// What a pod may learn of itself, as a variable or a file: fieldRef and resourceFieldRef.

import type { Container, ResourceFieldSelector } from '../api/core/v1/container.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { parseQuantity } from '../machinery/quantity.ts'

/** What isn't in the pod's object yet, or belongs to the node. */
export interface PodSurroundings {
  readonly podIps: readonly string[]
  readonly hostIps: readonly string[]
  /** Of the node: stands in for a limit that isn't set. */
  readonly allocatable: Readonly<Record<string, string>>
}

/** Throws an Error with upstream's message for a path that isn't supported. */
export function fieldRefValue(pod: Pod, path: string, around: PodSurroundings): string {
  const subscript = /^(metadata\.(?:annotations|labels))\['(.*)'\]$/.exec(path)
  if (subscript) {
    const map = subscript[1] === 'metadata.labels' ? pod.metadata?.labels : pod.metadata?.annotations
    return map?.[subscript[2]!] ?? ''
  }
  switch (path) {
    case 'metadata.name':
      return pod.metadata?.name ?? ''
    case 'metadata.namespace':
      return pod.metadata?.namespace ?? ''
    case 'metadata.uid':
      return pod.metadata?.uid ?? ''
    case 'metadata.labels':
      return formatMap(pod.metadata?.labels)
    case 'metadata.annotations':
      return formatMap(pod.metadata?.annotations)
    case 'spec.nodeName':
      return pod.spec?.nodeName ?? ''
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? ''
    case 'status.hostIP':
      return around.hostIps[0] ?? ''
    case 'status.hostIPs':
      return around.hostIps.join(',')
    case 'status.podIP':
      return around.podIps[0] ?? ''
    case 'status.podIPs':
      return around.podIps.join(',')
    default:
      throw new Error(`unsupported fieldPath: ${path}`)
  }
}

/** One `key="value"` a line, sorted, values escaped as Go quotes them. */
function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n')
}

/** Rounded up to whole divisors. A limit that isn't set is what the node can give. */
export function resourceFieldValue(
  pod: Pod,
  selector: ResourceFieldSelector,
  within: Container,
  node: PodSurroundings,
): string {
  const container = selector.containerName
    ? [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find(
        candidate => candidate.name === selector.containerName,
      )
    : within
  if (!container) throw new Error(`container ${selector.containerName} not found`)
  const [kind, ...rest] = (selector.resource ?? '').split('.')
  const resource = rest.join('.')
  if ((kind !== 'limits' && kind !== 'requests') || resource === '')
    throw new Error(`unsupported container resource : ${selector.resource}`)
  const set = container.resources?.[kind]?.[resource]
  const fallback = kind === 'limits' ? node.allocatable[resource] : container.resources?.limits?.[resource]
  const quantity = set ?? fallback ?? '0'
  const divisor = selector.divisor && selector.divisor !== '0' ? selector.divisor : '1'
  if (resource === 'cpu')
    return String(Math.ceil(parseQuantity(quantity).milliValue() / parseQuantity(divisor).milliValue()))
  return String(Math.ceil(parseQuantity(quantity).value() / parseQuantity(divisor).value()))
}
