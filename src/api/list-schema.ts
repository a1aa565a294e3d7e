// The list kind of a resource: the declared one, or one made the same way (custom resources).

import type { Schema } from '../machinery/schema/schema.ts'
import { listKind } from './meta/v1/listkind.ts'
import type { ResourceDeclaration } from './resource.ts'

const made = new WeakMap<ResourceDeclaration, Schema<any>>()

export function listSchemaOf(declaration: ResourceDeclaration): Schema<any> {
  let schema = declaration.listSchema ?? made.get(declaration)
  if (!schema) {
    schema = listKind(`${declaration.schema.name}List`, declaration.schema)
    made.set(declaration, schema)
  }
  return schema
}
