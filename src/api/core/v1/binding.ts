import { type Infer, object, ref } from '../../../machinery/schema/schema.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { resource } from '../../resource.ts'
import { ObjectReference } from './reference.ts'

export const Binding = object('io.k8s.api.core.v1.Binding', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  target: ref(2, ObjectReference).required(),
})
export type Binding = Infer<typeof Binding>

export const bindings = resource({
  group: '',
  version: 'v1',
  kind: 'Binding',
  resource: 'bindings',
  schema: Binding,
  namespaced: true,
  verbs: ['create'],
})
