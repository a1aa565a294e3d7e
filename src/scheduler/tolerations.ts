// Whether a pod puts up with a taint.

import type { Taint, Toleration } from '../api/core/v1/toleration.ts'

export function tolerates(tolerations: readonly Toleration[] | undefined, taint: Taint): boolean {
  if (!tolerations) return false
  for (let at = 0; at < tolerations.length; at++) if (toleratesTaint(tolerations[at]!, taint)) return true
  return false
}

export function toleratesTaint(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  switch (toleration.operator ?? '') {
    case '':
    case 'Equal':
      return (toleration.value ?? '') === (taint.value ?? '')
    case 'Exists':
      return true
    default:
      // Gt and Lt belong to a feature that is off (TaintTolerationComparisonOperators).
      return false
  }
}
