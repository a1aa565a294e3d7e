import { type Infer, map, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const VolumeAttributesClass = object('io.k8s.api.storage.v1.VolumeAttributesClass', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  driverName: string(2).required(),
  parameters: map(3, 'string'),
})
export type VolumeAttributesClass = Infer<typeof VolumeAttributesClass>

export const VolumeAttributesClassList = listKind(
  'io.k8s.api.storage.v1.VolumeAttributesClassList',
  VolumeAttributesClass,
)
export type VolumeAttributesClassList = Infer<typeof VolumeAttributesClassList>

export const volumeAttributesClasses = resource({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttributesClass',
  resource: 'volumeattributesclasses',
  schema: VolumeAttributesClass,
  listSchema: VolumeAttributesClassList,
  shortNames: ['vac'],
  namespaced: false,
  verbs: allVerbs,
  returnsDeletedObject: true,
  columns: [nameColumn, column('DriverName', 'string', describedBy(VolumeAttributesClass, 'driverName')), ageColumn],
})
