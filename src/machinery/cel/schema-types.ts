// A declared kind as a CEL type.

import type { ObjectSchema, TypeNode } from '../schema/schema.ts'
import { type CelType, objectType } from './types.ts'

const known = new WeakMap<ObjectSchema, CelType>()

/** What expressions see of a declared object, or of one field's value. */
export function celTypeOf(schema: ObjectSchema | TypeNode): CelType {
  return 'fields' in schema ? typeOfObject(schema) : typeOfNode(schema)
}

function typeOfObject(schema: ObjectSchema): CelType {
  let type = known.get(schema)
  if (!type) {
    type = schema.alias
      ? typeOfNode(schema.alias)
      : objectType(schema.name, () =>
          Object.fromEntries([...schema.fields].map(([name, field]) => [name, typeOfNode(field.node)])),
        )
    known.set(schema, type)
  }
  return type
}

function typeOfNode(node: TypeNode): CelType {
  switch (node.type) {
    case 'string':
    case 'quantity':
      return 'string'
    case 'boolean':
      return 'bool'
    case 'int32':
    case 'int64':
      return 'int'
    case 'double':
      return 'double'
    case 'bytes':
      return 'bytes'
    case 'time':
    case 'microTime':
      return 'timestamp'
    // Published as a string without a format, so upstream's expressions see text.
    case 'duration':
      return 'string'
    case 'list':
      return { list: typeOfNode(node.item) }
    case 'map':
      return { map: ['string', typeOfNode(node.value)] }
    case 'object':
      return typeOfObject(node.of())
    case 'intOrString':
    case 'any':
    case 'either':
      return 'dyn'
  }
}
