// PodResizeValidator: a pod is not resized beyond what its node has, nor where nodes cannot resize.

import type { Pod } from '../../api/core/v1/pod.ts'
import { podResources } from '../../api/core/v1/pod-resources.ts'
import type { KubeObject } from '../../api/resource.ts'
import { quote } from '../../machinery/go-text.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import { failure } from '../../machinery/status-error.ts'
import { type AdmissionAttributes, type AdmissionPlugin, refusal } from './admission.ts'
import { hasChanged } from './node-declared-feature-validator.ts'

export const podResizeValidator: AdmissionPlugin = {
  name: 'PodResizeValidator',
  handles: operation => operation === 'UPDATE',
  resources: ['pods'],
  validate(attributes): void {
    const { object: pod, oldObject, subresource, lister } = attributes
    if (subresource !== 'resize' || !pod || !oldObject) return
    const nodeName: string = pod['spec'].nodeName ?? ''
    if (nodeName === '' || !hasChanged(pod, oldObject)) return
    const node = lister.get('nodes', '', nodeName)
    if (!node) throw refusal(attributes, `node ${quote(nodeName)} not found`)
    const system: string | undefined = node.metadata['labels']?.['kubernetes.io/os']
    if (system !== undefined && system !== 'linux')
      throw refusalBecause(
        attributes,
        `pod resize is only supported on linux nodes, node ${quote(nodeName)} is ${quote(system)}`,
        'UnsupportedPlatform',
      )
    const lacking = lackingOn(node, pod)
    if (lacking.length > 0)
      throw refusalBecause(
        attributes,
        `node didn't have enough allocatable resources: ${lacking.join('; ')}`,
        'NodeCapacity',
      )
  },
}

function lackingOn(node: KubeObject, pod: KubeObject): string[] {
  const requests = podResources(pod as unknown as Pod, 'requests')
  const allocatable = node['status']?.allocatable ?? {}
  const compare = (name: 'cpu' | 'memory', amount: 'milliValue' | 'value'): string[] => {
    const requested = requests.get(name)
    const available = parseQuantity(allocatable[name] ?? '0')
    if (!requested || requested.compare(available) <= 0) return []
    return [`${name}, requested: ${requested[amount]()}, allocatable: ${available[amount]()}`]
  }
  return [...compare('cpu', 'milliValue'), ...compare('memory', 'value')]
}

function refusalBecause(attributes: AdmissionAttributes, message: string, cause: string) {
  const { status } = refusal(attributes, message)
  return failure(status.code, status.reason, status.message, {
    ...status.details,
    causes: [{ reason: cause }],
  })
}
