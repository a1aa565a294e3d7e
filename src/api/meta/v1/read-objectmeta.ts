// Metadata out of parsed JSON, for objects whose kind has no declaration: custom resources and what is embedded in them.

import { decodeObject } from '../../../machinery/codec/decode.ts'
import { explain } from '../../../machinery/codec/explain.ts'
import { object, ref } from '../../../machinery/schema/schema.ts'
import type { MetadataReader } from '../../../machinery/structural/embedded-resources.ts'
import { ObjectMeta } from './objectmeta.ts'
import { typeMeta } from './typemeta.ts'

/** Decoding begins at an object, and names fields from there. */
const Holder = object('io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
})

/** In normal form; unknown fields are dropped, and named as `metadata.foo`. Throws an Error for a wrong type. */
export const readObjectMeta: MetadataReader = (metadata, unknownFields) => {
  const holder = { metadata }
  try {
    const decoded = decodeObject(Holder, holder, { mode: unknownFields ? 'Strict' : 'Ignore' })
    for (const text of decoded.unknownFields) unknownFields?.push(/"metadata\.(.*)"$/.exec(text)?.[1] ?? text)
    return decoded.object.metadata as never
  } catch (error) {
    throw new Error(explain(ObjectMeta, metadata).error ?? (error as Error).message)
  }
}
