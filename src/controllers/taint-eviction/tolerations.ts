// How long a pod puts up with a node's NoExecute taints.

import type { Taint, Toleration } from '../../api/core/v1/toleration.ts'
import { secondsInMs } from '../../machinery/duration.ts'
import { timeOf } from '../../machinery/time.ts'

export function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false
  if (key && key !== taint.key) return false
  switch (operator || 'Equal') {
    case 'Exists':
      return true
    case 'Equal':
      return (value ?? '') === (taint.value ?? '')
    case 'Lt':
      return compare(taint.value, value, (a, b) => a < b)
    case 'Gt':
      return compare(taint.value, value, (a, b) => a > b)
    default:
      return false
  }
}

function compare(a: string | undefined, b: string | undefined, test: (a: bigint, b: bigint) => boolean): boolean {
  const integer = /^-?\d+$/
  return !!a && !!b && integer.test(a) && integer.test(b) && test(BigInt(a), BigInt(b))
}

/**
 * When the pod must go (milliseconds since the epoch): at once for a taint that it does not tolerate, otherwise when the
 * shortest of its tolerations ends. Infinity: never. A taint that does not say when it was added counts from `seen`, and
 * none counts before the pod was there.
 */
export function evictionTime(
  tolerations: readonly Toleration[],
  taints: readonly Taint[],
  { seen, arrived }: { readonly seen: number; readonly arrived: number },
): number {
  let earliest = Number.POSITIVE_INFINITY
  for (const taint of taints) {
    const matching = tolerations.find(toleration => tolerates(toleration, taint))
    if (!matching) return Number.NEGATIVE_INFINITY
    if (matching.tolerationSeconds === undefined) continue
    const added = Math.max(timeOf(taint.timeAdded) ?? seen, arrived)
    earliest = Math.min(earliest, added + Math.max(0, secondsInMs(matching.tolerationSeconds)))
  }
  return earliest
}
