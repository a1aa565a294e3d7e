import { type Infer, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { column, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { resource } from '../../resource.ts'

export const ComponentCondition = object('io.k8s.api.core.v1.ComponentCondition', {
  type: string(1).required(),
  status: string(2).required(),
  message: string(3),
  error: string(4),
})
export type ComponentCondition = Infer<typeof ComponentCondition>

export const ComponentStatus = object('io.k8s.api.core.v1.ComponentStatus', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  conditions: list(2, ComponentCondition).listType('map', 'type').patchStrategy('merge').mergeKey('type'),
})
export type ComponentStatus = Infer<typeof ComponentStatus>

export const ComponentStatusList = listKind('io.k8s.api.core.v1.ComponentStatusList', ComponentStatus)
export type ComponentStatusList = Infer<typeof ComponentStatusList>

export const componentStatuses = resource({
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  resource: 'componentstatuses',
  schema: ComponentStatus,
  listSchema: ComponentStatusList,
  shortNames: ['cs'],
  namespaced: false,
  deprecated: { since: '1.19' },
  verbs: ['get', 'list'],
  columns: [
    nameColumn,
    column('Status', 'string', 'Status of the component conditions'),
    column('Message', 'string', 'Message of the component conditions'),
    column('Error', 'string', 'Error of the component conditions'),
  ],
})
