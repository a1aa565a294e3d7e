// Whether two JSON values say the same. Upstream's "semantic" equality treats what is absent, null and empty alike where
// a Go decoder would; `semanticEqual` does so too.

type Json = Record<string, unknown>

/** Same type, same fields, same values. A field that is undefined counts as absent. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return Number.isNaN(a) && Number.isNaN(b)
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    for (let index = 0; index < a.length; index++) if (!deepEqual(a[index], b[index])) return false
    return true
  }
  if (Array.isArray(b)) return false
  let count = 0
  for (const key in a) {
    const left = (a as Json)[key]
    if (left === undefined) continue
    if (!Object.hasOwn(b, key) || !deepEqual(left, (b as Json)[key])) return false
    count++
  }
  for (const key in b) if ((b as Json)[key] !== undefined) count--
  return count === 0
}

/** As `deepEqual`, but undefined, null, [] and {} in the place of a field are all the same: nothing. */
export const semanticEqual = (a: unknown, b: unknown): boolean => equal(a, b, isNothing)

/** The same for objects in normal form: what is {} there is no empty map but a struct without fields, which is something. */
export const normalEqual = (a: unknown, b: unknown): boolean => equal(a, b, isAbsent)

function equal(a: unknown, b: unknown, absent: (value: unknown) => boolean): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return absent(a) && absent(b)
  if (Array.isArray(a)) {
    if (!Array.isArray(b)) return absent(a) && absent(b)
    if (a.length !== b.length) return false
    for (let index = 0; index < a.length; index++) if (!equal(a[index], b[index], absent)) return false
    return true
  }
  if (Array.isArray(b)) return absent(a) && absent(b)
  for (const key in a) if (!equal((a as Json)[key], own(b, key), absent)) return false
  for (const key in b) if (!Object.hasOwn(a, key) && !absent((b as Json)[key])) return false
  return true
}

function own(object: object, key: string): unknown {
  return Object.hasOwn(object, key) ? (object as Json)[key] : undefined
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null) return true
  if (typeof value !== 'object') return false
  for (const _ in value) return false
  return true
}

const isAbsent = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0)
