import { type Infer, object, ref } from '../../../machinery/schema/schema.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { DeleteOptions } from '../../meta/v1/options.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'

export const Eviction = object('io.k8s.api.policy.v1.Eviction', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  deleteOptions: ref(2, DeleteOptions),
})
export type Eviction = Infer<typeof Eviction>
