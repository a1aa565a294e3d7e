// RuntimeClass: a pod of a runtime class carries the overhead of it, and goes only where nodes have it.

import type { KubeObject } from '../../api/resource.ts'
import { wasSentEmpty } from '../../machinery/codec/sent-empty.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import { failure } from '../../machinery/status-error.ts'
import { type AdmissionAttributes, type AdmissionPlugin, refusal } from './admission.ts'
import { mergeTolerations } from './tolerations.ts'

export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',
  handles: operation => operation === 'CREATE',
  resources: ['pods'],
  admit(attributes): void {
    const pod = newPod(attributes)
    const found = pod && classOf(attributes, pod)
    if (!found) return
    const spec = pod['spec']
    const overhead = found['overhead']?.podFixed
    if (overhead) {
      if (spec.overhead && !sameAmounts(spec.overhead, overhead))
        throw refusal(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
      spec.overhead = { ...overhead }
    }
    const { nodeSelector, tolerations } = found['scheduling'] ?? {}
    for (const [key, value] of Object.entries(nodeSelector ?? {})) {
      const own = spec.nodeSelector?.[key]
      if (own !== undefined && own !== value)
        throw refusal(
          attributes,
          `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
        )
    }
    if (nodeSelector) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector }
    if (tolerations) spec.tolerations = mergeTolerations(spec.tolerations ?? [], tolerations)
  },
  validate(attributes): void {
    const pod = newPod(attributes)
    if (!pod) return
    const wanted = classOf(attributes, pod)?.['overhead']
    const given = pod['spec'].overhead
    if (wanted && !sameAmounts(wanted.podFixed ?? {}, given ?? {}))
      throw refusal(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
    if (!wanted && (given || wasSentEmpty(pod['spec'], 'overhead')))
      throw refusal(attributes, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead')
  },
}

function newPod(attributes: AdmissionAttributes): KubeObject | undefined {
  return attributes.subresource === '' ? attributes.object : undefined
}

function classOf(attributes: AdmissionAttributes, pod: KubeObject): KubeObject | undefined {
  const name: string | undefined = pod['spec'].runtimeClassName
  if (name === undefined) return undefined
  // As the client says with which upstream's plugin looks for it.
  if (name === '') throw failure(500, '', 'resource name may not be empty')
  const found = attributes.lister.get('runtimeclasses.node.k8s.io', '', name)
  if (!found) throw refusal(attributes, `pod rejected: RuntimeClass "${name}" not found`)
  return found
}

function sameAmounts(a: Record<string, string>, b: Record<string, string>): boolean {
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every(key => b[key] !== undefined && parseQuantity(a[key]!).compare(parseQuantity(b[key])) === 0)
}
