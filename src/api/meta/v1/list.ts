// A list of objects of mixed kinds.

import { anyOf, type Infer, list, object, ref } from '../../../machinery/schema/schema.ts'
import { ListMeta } from './listmeta.ts'
import { typeMeta } from './typemeta.ts'

export const List = object('io.k8s.apimachinery.pkg.apis.meta.v1.List', {
  ...typeMeta,
  metadata: ref(1, ListMeta).always(),
  items: list(2, anyOf('io.k8s.apimachinery.pkg.runtime.RawExtension')).always(),
})
export type List = Infer<typeof List>
