// Structural schemas: the OpenAPI v3 schemas that custom resources are held to.
//
// Comes in: a version's `openAPIV3Schema`, plain JSON. Goes out, one file each:
//   structural-rules.ts   whether the schema is structural at all
//   prune.ts              an object without the fields the schema doesn't know
//   default-values.ts     an object with its defaults, without nulls that are not allowed
//   embedded-resources.ts metadata of embedded resources, read and checked
//   list-types.ts         duplicates in sets and maps
//   validator.ts          the OpenAPI validations, with upstream's words; correlation.ts finds what did not change
//   object-schema.ts      the schema as our own kinds declare theirs, for server-side apply
//
// Functions that change an object are copy-on-write: what already conforms comes back as it is, so objects of caches can
// be given, and reading costs no copy.

import { FieldPath, root } from '../field-path.ts'

export interface ValidationRule {
  readonly rule: string
  readonly message?: string
  readonly messageExpression?: string
  readonly reason?: string
  readonly fieldPath?: string
  readonly optionalOldSelf?: boolean
}

/** apiextensions/v1 JSONSchemaProps, as it is read here. */
export interface JsonSchema {
  readonly id?: string
  readonly $schema?: string
  readonly $ref?: string
  readonly description?: string
  readonly type?: string
  readonly format?: string
  readonly title?: string
  readonly default?: any
  readonly maximum?: number
  readonly exclusiveMaximum?: boolean
  readonly minimum?: number
  readonly exclusiveMinimum?: boolean
  readonly maxLength?: number
  readonly minLength?: number
  readonly pattern?: string
  readonly maxItems?: number
  readonly minItems?: number
  readonly uniqueItems?: boolean
  readonly multipleOf?: number
  readonly enum?: readonly any[]
  readonly maxProperties?: number
  readonly minProperties?: number
  readonly required?: readonly string[]
  readonly items?: JsonSchema | readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly anyOf?: readonly JsonSchema[]
  readonly not?: JsonSchema
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | boolean
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>
  readonly dependencies?: Readonly<Record<string, JsonSchema | readonly string[]>>
  readonly additionalItems?: JsonSchema | boolean
  readonly definitions?: Readonly<Record<string, JsonSchema>>
  readonly externalDocs?: { readonly description?: string; readonly url?: string }
  readonly example?: any
  readonly nullable?: boolean
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-embedded-resource'?: boolean
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-map-type'?: string
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[]
}

export type JsonObject = Record<string, unknown>

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The schema of a list's items; lists of schemas are not structural and count as none. */
export function itemsOf(schema: JsonSchema | undefined): JsonSchema | undefined {
  const items = schema?.items
  return items === undefined || Array.isArray(items) ? undefined : (items as JsonSchema)
}

/** The schema of a map's values. */
export function additionalOf(schema: JsonSchema | undefined): JsonSchema | undefined {
  const additional = schema?.additionalProperties
  return typeof additional === 'object' ? additional : undefined
}

export function propertyOf(schema: JsonSchema | undefined, name: string): JsonSchema | undefined {
  const properties = schema?.properties
  return properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined
}

/** Whether the schema or one inside of it is as asked for. */
export function someSchema(schema: JsonSchema | undefined, is: (schema: JsonSchema) => boolean): boolean {
  if (!schema) return false
  if (is(schema)) return true
  return childSchemas(schema).some(child => someSchema(child, is))
}

function childSchemas(schema: JsonSchema): JsonSchema[] {
  const children: JsonSchema[] = []
  if (schema.items) children.push(...(Array.isArray(schema.items) ? schema.items : [schema.items as JsonSchema]))
  for (const junctor of [schema.allOf, schema.anyOf, schema.oneOf]) if (junctor) children.push(...junctor)
  if (schema.not) children.push(schema.not)
  for (const map of [schema.properties, schema.patternProperties, schema.definitions])
    if (map) children.push(...Object.values(map))
  for (const either of [schema.additionalProperties, schema.additionalItems])
    if (typeof either === 'object') children.push(either)
  for (const dependency of Object.values(schema.dependencies ?? {}))
    if (!Array.isArray(dependency)) children.push(dependency as JsonSchema)
  return children
}

// ---- paths that may begin nowhere: upstream's nil path -------------------------------------------------------------

export type MaybePath = FieldPath | undefined

export const childPath = (path: MaybePath, name: string): FieldPath => (path ? path.child(name) : root(name))
export const keyPath = (path: MaybePath, key: string): FieldPath => new FieldPath(path, key, true)
export const indexPath = (path: MaybePath, index: number): FieldPath => new FieldPath(path, String(index), true)
