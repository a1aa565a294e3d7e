// DefaultTolerationSeconds: a pod stays five minutes on a node that is not ready or not reachable, unless it says how
// long itself.

import { deepFreeze } from '../../machinery/deep-freeze.ts'
import type { AdmissionPlugin } from './admission.ts'

interface Toleration {
  readonly key?: string
  readonly operator?: string
  readonly effect?: string
  readonly tolerationSeconds?: number
}

const tolerated = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
const seconds = 300
/** The same in all pods, so they are in memory once. */
const additions: readonly Toleration[] = tolerated.map(key =>
  deepFreeze({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }),
)

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  handles: operation => operation === 'CREATE' || operation === 'UPDATE',
  resources: ['pods'],
  admit(attributes): void {
    const { object: pod, subresource } = attributes
    if (subresource !== '' || pod === undefined) return
    const tolerations: readonly Toleration[] | undefined = pod['spec']?.tolerations
    const missing = tolerations?.length ? missingIn(tolerations) : additions
    if (missing.length === 0) return
    const all = tolerations?.length ? [...tolerations, ...missing] : additions.slice()
    if (attributes.operation === 'CREATE') pod['spec'].tolerations = all
    else attributes.object = { ...pod, spec: { ...pod['spec'], tolerations: all } }
  },
}

const missingIn = (tolerations: readonly Toleration[]): readonly Toleration[] =>
  additions.filter(
    ({ key: taint }) =>
      !tolerations.some(({ key, effect }) => (!key || key === taint) && (!effect || effect === 'NoExecute')),
  )
