// Objects as YAML and JSON, fields in alphabetical order, as kubectl prints them.

import { stringify } from 'yaml'

export type ObjectFormat = 'json' | 'yaml'

export function objectText(
  object: unknown,
  format: ObjectFormat,
  options: { showManagedFields?: boolean } = {},
): string {
  const shown = inOrder(options.showManagedFields ? object : withoutManagedFields(object))
  if (format === 'json') return `${JSON.stringify(shown, null, 4)}\n`
  // YAML 1.1: what older parsers would take for a boolean or a time is quoted.
  return stringify(shown, { version: '1.1', lineWidth: 0, indentSeq: false, aliasDuplicateObjects: false })
}

/** The same value with every object's fields sorted. */
export function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, field]) => [key, inOrder(field)]))
}

function withoutManagedFields(object: any): unknown {
  if (Array.isArray(object?.items)) return { ...object, items: object.items.map(withoutManagedFields) }
  if (!object?.metadata?.managedFields) return object
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}
