import { type Infer, int32, list, object, ref, string } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, nameColumn } from '../../column.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource } from '../../resource.ts'

export const VolumeNodeResources = object('io.k8s.api.storage.v1.VolumeNodeResources', {
  count: int32(1).pointer(),
})
export type VolumeNodeResources = Infer<typeof VolumeNodeResources>

export const CSINodeDriver = object('io.k8s.api.storage.v1.CSINodeDriver', {
  name: string(1).required(),
  nodeID: string(2).required(),
  topologyKeys: list(3, 'string').always().listType('atomic'),
  allocatable: ref(4, VolumeNodeResources),
})
export type CSINodeDriver = Infer<typeof CSINodeDriver>

export const CSINodeSpec = object('io.k8s.api.storage.v1.CSINodeSpec', {
  drivers: list(1, CSINodeDriver).required().listType('map', 'name').patchStrategy('merge').mergeKey('name'),
})
export type CSINodeSpec = Infer<typeof CSINodeSpec>

export const CSINode = object('io.k8s.api.storage.v1.CSINode', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, CSINodeSpec).required(),
})
export type CSINode = Infer<typeof CSINode>

export const CSINodeList = listKind('io.k8s.api.storage.v1.CSINodeList', CSINode)
export type CSINodeList = Infer<typeof CSINodeList>

export const csiNodes = resource({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  resource: 'csinodes',
  schema: CSINode,
  listSchema: CSINodeList,
  namespaced: false,
  verbs: allVerbs,
  returnsDeletedObject: true,
  columns: [
    nameColumn,
    column('Drivers', 'integer', 'Drivers indicates the number of CSI drivers registered on the node'),
    ageColumn,
  ],
})
