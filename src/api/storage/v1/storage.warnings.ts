// Classes of storage and capacities that select nodes by labels that went out of use.

import { deprecatedNodeLabel, warnOfNodeLabelSelector } from '../../core/v1/nodelabels.warnings.ts'
import type { KubeObject } from '../../resource.ts'

export function storageClassWarnings(storageClass: KubeObject): string[] {
  const warnings: string[] = []
  for (const [index, { matchLabelExpressions }] of (storageClass['allowedTopologies'] ?? []).entries())
    for (const [at, { key }] of (matchLabelExpressions ?? []).entries()) {
      const message = deprecatedNodeLabel(key)
      if (message) warnings.push(`allowedTopologies[${index}].matchLabelExpressions[${at}].key: ${message}`)
    }
  return warnings
}

export function csiStorageCapacityWarnings(capacity: KubeObject): string[] {
  const warnings: string[] = []
  warnOfNodeLabelSelector(capacity['nodeTopology'], 'nodeTopology', warnings)
  return warnings
}
