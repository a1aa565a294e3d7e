// How one object names another.

import { type Infer, object, ref, string } from '../../../machinery/schema/schema.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'

export const LocalObjectReference = object(
  'io.k8s.api.core.v1.LocalObjectReference',
  {
    name: string(1).default(''),
  },
  { atomic: true },
)
export type LocalObjectReference = Infer<typeof LocalObjectReference>

export const ObjectReference = object(
  'io.k8s.api.core.v1.ObjectReference',
  {
    kind: string(1),
    namespace: string(2),
    name: string(3),
    uid: string(4),
    apiVersion: string(5),
    resourceVersion: string(6),
    fieldPath: string(7),
  },
  { atomic: true },
)
export type ObjectReference = Infer<typeof ObjectReference>

export const SecretReference = object(
  'io.k8s.api.core.v1.SecretReference',
  {
    name: string(1),
    namespace: string(2),
  },
  { atomic: true },
)
export type SecretReference = Infer<typeof SecretReference>

export const TypedLocalObjectReference = object(
  'io.k8s.api.core.v1.TypedLocalObjectReference',
  {
    apiGroup: string(1).pointer(),
    kind: string(2).required(),
    name: string(3).required(),
  },
  { atomic: true },
)
export type TypedLocalObjectReference = Infer<typeof TypedLocalObjectReference>

export const TypedObjectReference = object('io.k8s.api.core.v1.TypedObjectReference', {
  apiGroup: string(1).pointer(),
  kind: string(2).required(),
  name: string(3).required(),
  namespace: string(4).pointer(),
})
export type TypedObjectReference = Infer<typeof TypedObjectReference>

export const SerializedReference = object('io.k8s.api.core.v1.SerializedReference', {
  ...typeMeta,
  reference: ref(1, ObjectReference).always(),
})
export type SerializedReference = Infer<typeof SerializedReference>
