// Tolerations that come from several sides: one that tolerates all that another does makes the other superfluous
// (upstream: pkg/util/tolerations).

import { semanticEqual } from '../../machinery/deep-equal.ts'

export interface Toleration {
  readonly key?: string
  readonly operator?: string
  readonly value?: string
  readonly effect?: string
  readonly tolerationSeconds?: number
}

/** Both, without those that another one covers; of equal ones the first stays. */
export function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second]
  const merged: Toleration[] = []
  all.forEach((each, index) => {
    if (merged.some(kept => covers(kept, each))) return
    if (all.slice(index + 1).some(later => !semanticEqual(each, later) && covers(later, each))) return
    merged.push(each)
  })
  return merged
}

/** Whether each is covered by one of those that are allowed; an empty list allows everything. */
export function areAllowed(tolerations: readonly Toleration[], allowed: readonly Toleration[]): boolean {
  return allowed.length === 0 || tolerations.every(each => allowed.some(one => covers(one, each)))
}

function covers(wide: Toleration, narrow: Toleration): boolean {
  if (semanticEqual(wide, narrow)) return true
  const { key = '', operator = '', effect = '', tolerationSeconds } = wide
  // Without a key, Exists is for all of them.
  if ((narrow.key ?? '') !== key && (key !== '' || operator !== 'Exists')) return false
  if ((narrow.effect ?? '') !== effect && effect !== '') return false
  if (effect === 'NoExecute' && tolerationSeconds !== undefined)
    if (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > tolerationSeconds) return false
  if (operator === 'Exists') return true
  return (
    (operator === '' || operator === 'Equal') &&
    narrow.operator === 'Equal' &&
    (narrow.value ?? '') === (wide.value ?? '')
  )
}
