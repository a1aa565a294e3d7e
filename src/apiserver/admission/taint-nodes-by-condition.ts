// TaintNodesByCondition: a node is born not ready, so that nothing is scheduled to it before its conditions are known.

import type { AdmissionPlugin } from './admission.ts'

const notReady = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }

interface Taint {
  readonly key: string
  readonly effect: string
}

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  handles: operation => operation === 'CREATE',
  resources: ['nodes'],
  admit(attributes): void {
    const { object: node, subresource } = attributes
    if (subresource !== '' || node === undefined) return
    const taints: readonly Taint[] = node['spec']?.taints ?? []
    if (taints.some(({ key, effect }) => key === notReady.key && effect === notReady.effect)) return
    node['spec'] = { ...node['spec'], taints: [...taints, { ...notReady }] }
  },
}
