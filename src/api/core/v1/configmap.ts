import { boolean, type Infer, map, object, ref } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const ConfigMap = object('io.k8s.api.core.v1.ConfigMap', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  immutable: boolean(4).pointer(),
  data: map(2, 'string'),
  binaryData: map(3, 'bytes'),
})
export type ConfigMap = Infer<typeof ConfigMap>

export const ConfigMapList = listKind('io.k8s.api.core.v1.ConfigMapList', ConfigMap)
export type ConfigMapList = Infer<typeof ConfigMapList>

export const configMaps = resource({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  resource: 'configmaps',
  schema: ConfigMap,
  listSchema: ConfigMapList,
  shortNames: ['cm'],
  namespaced: true,
  verbs: allVerbs,
  columns: [nameColumn, column('Data', 'string', describedBy(ConfigMap, 'data')), ageColumn],
})
