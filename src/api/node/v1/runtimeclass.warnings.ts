// Runtime classes that select nodes by labels that went out of use.

import { deprecatedNodeLabel } from '../../core/v1/nodelabels.warnings.ts'
import type { KubeObject } from '../../resource.ts'

export function runtimeClassWarnings(runtimeClass: KubeObject): string[] {
  const warnings: string[] = []
  for (const key in runtimeClass['scheduling']?.nodeSelector) {
    const message = deprecatedNodeLabel(key)
    if (message) warnings.push(`scheduling.nodeSelector: ${message}`)
  }
  return warnings
}
