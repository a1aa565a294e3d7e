// A structural schema as our own kinds declare theirs: what server-side apply walks. Only what matters to it is carried
// over: which fields are lists of which type, which maps are atomic, what is unknown and taken as it comes.

import type { FieldSchema, ListType, ObjectSchema, TypeNode } from '../schema/schema.ts'
import { additionalOf, itemsOf, type JsonSchema } from './schema.ts'

/** The fields that every resource has, from the declarations of our own kinds. */
export interface ResourceFields {
  readonly apiVersion: FieldSchema
  readonly kind: FieldSchema
  readonly metadata: FieldSchema
}

/** The schema of a whole resource. `schema` is undefined for a version that says nothing. */
export function objectSchemaOf(name: string, schema: JsonSchema | undefined, fields: ResourceFields): ObjectSchema {
  // A version without a schema is known by nothing but its metadata, and everything else in it goes.
  return objectOf(name, { ...schema, 'x-kubernetes-embedded-resource': true }, fields)
}

function objectOf(name: string, schema: JsonSchema, resource: ResourceFields): ObjectSchema {
  const fields = new Map<string, FieldSchema>()
  if (schema['x-kubernetes-embedded-resource'])
    for (const field of [resource.apiVersion, resource.kind, resource.metadata]) fields.set(field.name, field)
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (fields.has(key)) continue
    fields.set(key, fieldOf(`${name}.${key}`, key, property, (schema.required ?? []).includes(key), resource))
  }
  const keepsUnknown = schema['x-kubernetes-preserve-unknown-fields'] === true
  return {
    name,
    fields,
    message: [],
    atomic: schema['x-kubernetes-map-type'] === 'atomic',
    ...(keepsUnknown && { preservesUnknownFields: true }),
  }
}

function fieldOf(
  path: string,
  name: string,
  schema: JsonSchema,
  required: boolean,
  resource: ResourceFields,
): FieldSchema {
  const listType = schema['x-kubernetes-list-type'] as ListType | undefined
  const keys = schema['x-kubernetes-list-map-keys']
  const mapType = schema['x-kubernetes-map-type'] as 'granular' | 'atomic' | undefined
  return {
    name,
    number: 0,
    node: nodeOf(path, schema, resource),
    // What is said is kept, zero or not.
    presence: 'pointer',
    required,
    ...(schema.default !== undefined && { default: schema.default }),
    ...(listType && { listType }),
    ...(keys && { listMapKeys: keys }),
    ...(mapType && { mapType }),
  }
}

function nodeOf(path: string, schema: JsonSchema, resource: ResourceFields): TypeNode {
  switch (schema.type) {
    case 'string':
      // Text of any other format may be any scalar to apply.
      return { type: !schema.format || schema.format === 'byte' ? 'string' : 'quantity' }
    case 'boolean':
      return { type: 'boolean' }
    case 'integer':
      return { type: 'int64' }
    case 'number':
      return { type: 'double' }
    case 'array': {
      const items = itemsOf(schema)
      return { type: 'list', item: items ? nodeOf(path, items, resource) : { type: 'any' } }
    }
    case 'object': {
      const values = additionalOf(schema)
      if (values) return { type: 'map', value: nodeOf(path, values, resource) }
      const declares = schema.properties !== undefined || schema['x-kubernetes-embedded-resource'] === true
      if (!declares) return { type: 'any' }
      let made: ObjectSchema | undefined
      const of = () => {
        made ??= objectOf(path, schema, resource)
        return made
      }
      return { type: 'object', of }
    }
    default:
      return { type: 'any' }
  }
}
