// What the server answers when there is no object to answer with: errors, and the end of a deletion.

import { type Infer, int32, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ListMeta } from './listmeta.ts'
import { typeMeta } from './typemeta.ts'

export const StatusCause = object('io.k8s.apimachinery.pkg.apis.meta.v1.StatusCause', {
  reason: string(1),
  message: string(2),
  field: string(3),
})
export type StatusCause = Infer<typeof StatusCause>

export const StatusDetails = object('io.k8s.apimachinery.pkg.apis.meta.v1.StatusDetails', {
  name: string(1),
  group: string(2),
  kind: string(3),
  uid: string(6),
  causes: list(4, StatusCause).listType('atomic'),
  retryAfterSeconds: int32(5),
})
export type StatusDetails = Infer<typeof StatusDetails>

export const Status = object('io.k8s.apimachinery.pkg.apis.meta.v1.Status', {
  ...typeMeta,
  metadata: ref(1, ListMeta).always(),
  status: string(2),
  message: string(3),
  reason: string(4),
  details: ref(5, StatusDetails),
  code: int32(6),
})
export type Status = Infer<typeof Status>
