// JSON as Go writes maps: keys in order. For values of custom resources in messages.

import { compareText } from '../go-text.ts'
import { goJson } from '../json/write.ts'
import { isObject } from './schema.ts'

/** The value with the keys of its objects in order; scalars as they are. */
export function inKeyOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inKeyOrder)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort(compareText)
      .map(key => [key, inKeyOrder(value[key])]),
  )
}

export const orderedJson = (value: unknown): string => goJson(inKeyOrder(value))
