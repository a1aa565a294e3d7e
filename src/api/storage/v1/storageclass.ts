import { boolean, type Infer, list, map, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { TopologySelectorTerm } from '../../core/v1/nodeselector.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const StorageClass = object('io.k8s.api.storage.v1.StorageClass', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  provisioner: string(2).required(),
  parameters: map(3, 'string'),
  reclaimPolicy: string(4).pointer().serverDefault('Delete').enum('Delete', 'Recycle', 'Retain'),
  mountOptions: list(5, 'string').listType('atomic'),
  allowVolumeExpansion: boolean(6).pointer(),
  volumeBindingMode: string(7).pointer().serverDefault('Immediate').enum('Immediate', 'WaitForFirstConsumer'),
  allowedTopologies: list(8, TopologySelectorTerm).listType('atomic'),
})
export type StorageClass = Infer<typeof StorageClass>

export const StorageClassList = listKind('io.k8s.api.storage.v1.StorageClassList', StorageClass)
export type StorageClassList = Infer<typeof StorageClassList>

export const storageClasses = resource({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  resource: 'storageclasses',
  schema: StorageClass,
  listSchema: StorageClassList,
  shortNames: ['sc'],
  namespaced: false,
  verbs: allVerbs,
  returnsDeletedObject: true,
  columns: [
    nameColumn,
    column('Provisioner', 'string', describedBy(StorageClass, 'provisioner')),
    column('ReclaimPolicy', 'string', describedBy(StorageClass, 'reclaimPolicy')),
    column('VolumeBindingMode', 'string', describedBy(StorageClass, 'volumeBindingMode')),
    column('AllowVolumeExpansion', 'string', describedBy(StorageClass, 'allowVolumeExpansion')),
    ageColumn,
  ],
})
