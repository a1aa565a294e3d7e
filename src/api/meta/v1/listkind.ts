// All list kinds have the same shape.

import { list, object, ref, type Schema } from '../../../machinery/schema/schema.ts'
import { ListMeta } from './listmeta.ts'
import { typeMeta } from './typemeta.ts'

/** Declares the list of a kind. */
export const listKind = <Value>(name: string, item: Schema<Value>) =>
  object(name, { ...typeMeta, metadata: ref(1, ListMeta).always(), items: list(2, item).required() })
