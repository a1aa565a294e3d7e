// Objects as YAML and JSON, fields in alphabetical order, as kubectl prints them.

import { inKeyOrder } from '../machinery/go-text.ts'
import { goJson } from '../machinery/json/write.ts'
import { writeYaml } from '../machinery/yaml/write.ts'

export type ObjectFormat = 'json' | 'yaml'

export function objectText(
  object: unknown,
  format: ObjectFormat,
  options: { showManagedFields?: boolean } = {},
): string {
  const shown = inKeyOrder(options.showManagedFields ? object : withoutManagedFields(object))
  if (format === 'json') return `${goJson(shown, 4)}\n`
  return writeYaml(shown)
}

function withoutManagedFields(object: any): unknown {
  if (Array.isArray(object?.items)) return { ...object, items: object.items.map(withoutManagedFields) }
  if (!object?.metadata?.managedFields) return object
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}
