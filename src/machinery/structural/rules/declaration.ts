// What rules (x-kubernetes-validations) see of a schema: the CEL type of its values, how large they can be, and how small
// they are at least. Sizes are what costs are estimated by.

import { type CelType, escapeProperty, objectType } from '../../cel/types.ts'
import { byteLength } from '../../go-text.ts'
import { additionalOf, itemsOf, type JsonSchema } from '../schema.ts'

export interface RuleDeclaration {
  readonly type: CelType
  /** Characters, items or entries at most. */
  readonly maxElements: number
  /** Bytes of JSON at least. */
  readonly minSize: number
  /** Of objects, by the names that expressions use. */
  readonly fields?: ReadonlyMap<string, RuleDeclaration>
  /** Of lists and maps. */
  readonly elements?: RuleDeclaration
  readonly keys?: RuleDeclaration
}

export const maxRequestBytes = 3 * 1024 * 1024
const longestText = maxRequestBytes - 2

const simple = (type: CelType, minSize: number, maxElements = 0): RuleDeclaration => ({ type, minSize, maxElements })
const text: JsonSchema = { type: 'string' }
const plainString = simple('string', 2)

/** undefined for what rules cannot see. `isResource`: apiVersion, kind and metadata are there whatever the schema says. */
export function declarationOf(schema: JsonSchema | undefined, isResource: boolean): RuleDeclaration | undefined {
  if (!schema) return undefined
  const { maxLength } = schema
  const longest = maxLength === undefined ? longestText : Math.max(0, Number(maxLength)) * 4
  if (schema['x-kubernetes-int-or-string']) return simple('dyn', 1, longest)
  const of = isResource ? withTypeAndMeta(schema) : schema
  switch (of.type) {
    case 'array':
      return listOf(of)
    case 'object':
      return additionalOf(of) ? mapOf(of) : objectOf(of)
    case 'string':
      return textOf(of, longest)
    case 'boolean':
      return simple('bool', 4)
    case 'number':
      return simple('double', 1)
    case 'integer':
      return simple('int', 1)
    default:
      return undefined
  }
}

const isEmbedded = (schema: JsonSchema | undefined): boolean => schema?.['x-kubernetes-embedded-resource'] === true

function listOf(schema: JsonSchema): RuleDeclaration | undefined {
  const items = itemsOf(schema)
  const elements = declarationOf(items, isEmbedded(items))
  if (!elements) return undefined
  const { maxItems } = schema
  const maxElements =
    maxItems === undefined ? Math.floor(longestText / (elements.minSize + 1)) : Math.max(0, Number(maxItems))
  const listType = schema['x-kubernetes-list-type'] as 'atomic' | 'set' | 'map' | undefined
  const listMapKeys = schema['x-kubernetes-list-map-keys']
  return {
    type: { list: elements.type, ...(listType && { listType }), ...(listMapKeys && { listMapKeys }) },
    maxElements,
    minSize: 2,
    elements,
    keys: simple('int', 1),
  }
}

function mapOf(schema: JsonSchema): RuleDeclaration | undefined {
  const values = additionalOf(schema)
  const elements = declarationOf(values, isEmbedded(values))
  if (!elements) return undefined
  const { maxProperties } = schema
  const maxElements =
    maxProperties === undefined ? Math.floor(longestText / (elements.minSize + 6)) : Math.max(0, Number(maxProperties))
  return { type: { map: ['string', elements.type] }, maxElements, minSize: 2, elements, keys: plainString }
}

function objectOf(schema: JsonSchema): RuleDeclaration {
  const fields = new Map<string, RuleDeclaration>()
  const types: Record<string, CelType> = {}
  let minSize = 2
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const field = declarationOf(property, isEmbedded(property))
    if (!field) continue
    const escaped = escapeProperty(name)
    if (escaped !== undefined) {
      fields.set(escaped, field)
      types[name] = field.type
    }
    if (schema.required?.includes(name) && property.default === undefined)
      minSize += byteLength(name) + field.minSize + 4
  }
  return { type: objectType('object', types), maxElements: 0, minSize, fields }
}

function textOf(schema: JsonSchema, longest: number): RuleDeclaration {
  switch (schema.format) {
    case 'byte':
      return simple('bytes', 2, schema.maxLength === undefined ? longestText : Math.max(0, Number(schema.maxLength)))
    case 'duration':
      return simple('duration', 3, 32)
    case 'date':
      return simple('timestamp', 12, 12)
    case 'date-time':
      return simple('timestamp', 21, 32)
  }
  if (schema.maxLength !== undefined || !schema.enum?.length) return simple('string', 2, longest)
  return simple('string', 2, Math.max(0, ...schema.enum.map(each => (typeof each === 'string' ? byteLength(each) : 0))))
}

function withTypeAndMeta(schema: JsonSchema): JsonSchema {
  const metadata: JsonSchema = { type: 'object', properties: { name: text, generateName: text } }
  return { ...schema, properties: { ...schema.properties, kind: text, apiVersion: text, metadata } }
}

/** How large what stands at a path from a variable can be. */
export function sizeAt(root: RuleDeclaration, path: readonly string[]): { min: number; max: number } | undefined {
  if (path.length === 0) return undefined
  let at: RuleDeclaration | undefined = root
  for (const step of path.slice(1)) {
    if (step === '@items' || step === '@values') at = at.elements
    else if (step === '@keys') at = at.keys
    else at = at.fields?.get(step)
    if (!at) return undefined
  }
  return { min: 0, max: at.maxElements }
}
