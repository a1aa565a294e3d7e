// matchLabelKeys and mismatchLabelKeys name labels whose value is the pod's own: at creation they are written out into
// the selectors they belong to (KEP-3633, KEP-3243), so that the scheduler only ever sees selectors.

import type { KubeObject } from '../../../api/resource.ts'
import type { LabelSelector } from '../../../machinery/labels.ts'

interface Selecting {
  labelSelector?: LabelSelector
  matchLabelKeys?: readonly string[]
  mismatchLabelKeys?: readonly string[]
}

type Expression = { key: string; operator: string; values?: string[] }

function merge(of: Selecting, labels: Readonly<Record<string, string>>): void {
  if (!of.labelSelector || !(of.matchLabelKeys?.length || of.mismatchLabelKeys?.length)) return
  const added: Expression[] = []
  const write = (keys: readonly string[] | undefined, operator: string): void => {
    for (const key of keys ?? []) {
      const value = labels[key]
      if (value !== undefined) added.push({ key, operator, values: [value] })
    }
  }
  write(of.matchLabelKeys, 'In')
  write(of.mismatchLabelKeys, 'NotIn')
  if (added.length === 0) return
  const matchExpressions = [...((of.labelSelector.matchExpressions ?? []) as Expression[]), ...added]
  of.labelSelector = { ...of.labelSelector, matchExpressions } as LabelSelector
}

export function mergeMatchLabelKeys(pod: KubeObject): void {
  const { affinity, topologySpreadConstraints } = pod['spec']
  if (!affinity && !topologySpreadConstraints) return
  const labels: Record<string, string> = pod.metadata['labels'] ?? {}
  for (const kind of [affinity?.podAffinity, affinity?.podAntiAffinity]) {
    for (const term of kind?.requiredDuringSchedulingIgnoredDuringExecution ?? []) merge(term, labels)
    for (const { podAffinityTerm } of kind?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      if (podAffinityTerm) merge(podAffinityTerm, labels)
  }
  for (const constraint of topologySpreadConstraints ?? []) merge(constraint, labels)
}
