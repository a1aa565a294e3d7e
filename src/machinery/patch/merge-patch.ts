// JSON merge patch (RFC 7386): objects are merged field by field, null removes, anything else replaces.

import { NumberLiteral } from '../json/numbers.ts'
import { jsonText } from '../json/write.ts'
import { setKey } from '../own-value.ts'
import { badRequest } from '../status-error.ts'

type Json = Record<string, unknown>

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberLiteral)
}

/** The patched object; the inputs stay as they are and may share parts with it. Throws a StatusError (400) for a patch that is no object. */
export function applyMergePatch<T>(target: T, patch: unknown): T {
  if (!isObject(patch)) throw badRequest('Invalid JSON Patch')
  return merge(target, patch) as T
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return isObject(target) ? patch : withoutNulls(patch)
  const out: Json = isObject(target) ? { ...target } : {}
  for (const key of Object.keys(patch)) {
    const value = patch[key]
    if (value === null) delete out[key]
    else setKey(out, key, merge(Object.hasOwn(out, key) ? out[key] : undefined, value))
  }
  return out
}

/** Objects in new lists lose their nulls as well (evanphx/json-patch). */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.some(item => typeof item === 'object') ? value.map(withoutNulls) : value
  return isObject(value) ? merge(undefined, value) : value
}

/** The smallest merge patch that makes `modified` out of `original`; an empty object when they are equal. */
export function createMergePatch(original: object, modified: object): Json {
  const patch: Json = {}
  for (const [key, value] of Object.entries(modified)) {
    if (value === undefined) continue
    const before = Object.hasOwn(original, key) ? (original as Json)[key] : undefined
    if (isObject(value) && isObject(before)) {
      const inner = createMergePatch(before, value)
      if (Object.keys(inner).length > 0) setKey(patch, key, inner)
    } else if (!same(before, value)) setKey(patch, key, value)
  }
  for (const key of Object.keys(original))
    if (!Object.hasOwn(modified, key) || (modified as Json)[key] === undefined) setKey(patch, key, null)
  return patch
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && jsonText(a) === jsonText(b))
}
