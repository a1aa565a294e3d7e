import { type Infer, object, quantity, ref, string } from '../../../machinery/schema/schema.ts'
import { column, describedBy, nameColumn } from '../../column.ts'
import { LabelSelector } from '../../meta/v1/labelselector.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const CSIStorageCapacity = object('io.k8s.api.storage.v1.CSIStorageCapacity', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  nodeTopology: ref(2, LabelSelector),
  storageClassName: string(3).required(),
  capacity: quantity(4).pointer(),
  maximumVolumeSize: quantity(5).pointer(),
})
export type CSIStorageCapacity = Infer<typeof CSIStorageCapacity>

export const CSIStorageCapacityList = listKind('io.k8s.api.storage.v1.CSIStorageCapacityList', CSIStorageCapacity)
export type CSIStorageCapacityList = Infer<typeof CSIStorageCapacityList>

export const csiStorageCapacities = resource({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  resource: 'csistoragecapacities',
  schema: CSIStorageCapacity,
  listSchema: CSIStorageCapacityList,
  namespaced: true,
  verbs: allVerbs,
  columns: [nameColumn, column('Created At', 'date', describedBy(ObjectMeta, 'creationTimestamp'))],
})
