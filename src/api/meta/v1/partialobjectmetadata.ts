// An object of any kind, metadata only.

import { type Infer, list, object, ref } from '../../../machinery/schema/schema.ts'
import { ListMeta } from './listmeta.ts'
import { ObjectMeta } from './objectmeta.ts'
import { typeMeta } from './typemeta.ts'

export const PartialObjectMetadata = object('io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
})
export type PartialObjectMetadata = Infer<typeof PartialObjectMetadata>

export const PartialObjectMetadataList = object('io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadataList', {
  ...typeMeta,
  metadata: ref(1, ListMeta).always(),
  items: list(2, PartialObjectMetadata).always(),
})
export type PartialObjectMetadataList = Infer<typeof PartialObjectMetadataList>
