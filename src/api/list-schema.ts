// The list kind of a resource, derived: metadata and items.

import { list, object, ref, type Schema } from '../machinery/schema/schema.ts'
import { ListMeta } from './meta/v1/listmeta.ts'
import type { ResourceDeclaration } from './resource.ts'

const made = new WeakMap<ResourceDeclaration, Schema<any>>()

export function listSchemaOf(declaration: ResourceDeclaration): Schema<any> {
  let schema = made.get(declaration)
  if (!schema) {
    schema = object(`${declaration.schema.name}List`, {
      metadata: ref(1, ListMeta).always(),
      items: list(2, declaration.schema).always(),
    })
    made.set(declaration, schema)
  }
  return schema
}
