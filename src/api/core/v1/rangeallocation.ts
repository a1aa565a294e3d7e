// How allocated node ports and cluster IPs are stored; not served.

import { bytes, type Infer, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'

export const RangeAllocation = object('io.k8s.api.core.v1.RangeAllocation', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  range: string(2).always(),
  data: bytes(3).always(),
})
export type RangeAllocation = Infer<typeof RangeAllocation>
