// Finalizers that say what becomes of an object's dependents when it is deleted.

export type Propagation = 'Orphan' | 'Background' | 'Foreground'

const orphan = 'orphan'
const foreground = 'foregroundDeletion'

/** What an object's finalizers say already. */
export function propagationOf(finalizers: readonly string[]): Propagation | undefined {
  if (finalizers.includes(orphan)) return 'Orphan'
  return finalizers.includes(foreground) ? 'Foreground' : undefined
}

/** The finalizers with what says so, and without what says otherwise; as they stand when that is no change. */
export function withPropagation(present: readonly string[], propagation: Propagation | undefined): readonly string[] {
  const wanted = present.filter(name => name !== orphan && name !== foreground)
  if (propagation === 'Orphan') wanted.push(orphan)
  if (propagation === 'Foreground') wanted.push(foreground)
  return wanted.length === present.length && wanted.every(name => present.includes(name)) ? present : wanted
}
