// What every object carries: names, version, labels, owners, and who manages which field.

import { any, boolean, type Infer, int64, list, map, object, string, time } from '../../../machinery/schema/schema.ts'

export const ManagedFieldsEntry = object('io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry', {
  manager: string(1),
  operation: string(2),
  apiVersion: string(3),
  time: time(4).pointer(),
  fieldsType: string(6),
  fieldsV1: any(7, 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1').pointer(),
  subresource: string(8),
})
export type ManagedFieldsEntry = Infer<typeof ManagedFieldsEntry>

export const OwnerReference = object(
  'io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference',
  {
    apiVersion: string(5).required(),
    kind: string(1).required(),
    name: string(3).required(),
    uid: string(4).required(),
    controller: boolean(6).pointer(),
    blockOwnerDeletion: boolean(7).pointer(),
  },
  { atomic: true },
)
export type OwnerReference = Infer<typeof OwnerReference>

export const ObjectMeta = object('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta', {
  name: string(1),
  generateName: string(2),
  namespace: string(3),
  selfLink: string(4),
  uid: string(5),
  resourceVersion: string(6),
  generation: int64(7),
  creationTimestamp: time(8),
  deletionTimestamp: time(9).pointer(),
  deletionGracePeriodSeconds: int64(10).pointer(),
  labels: map(11, 'string'),
  annotations: map(12, 'string'),
  ownerReferences: list(13, OwnerReference).listType('map', 'uid').patchStrategy('merge').mergeKey('uid'),
  finalizers: list(14, 'string').listType('set').patchStrategy('merge'),
  // An empty list differs from none: it takes away what is known of managers.
  managedFields: list(17, ManagedFieldsEntry).listType('atomic').pointer(),
})
export type ObjectMeta = Infer<typeof ObjectMeta>
