import { type Infer, list, map, object, ref, string, time } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { LabelSelector } from '../../meta/v1/labelselector.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'
import { TypedLocalObjectReference, TypedObjectReference } from './reference.ts'

export const ModifyVolumeStatus = object('io.k8s.api.core.v1.ModifyVolumeStatus', {
  targetVolumeAttributesClassName: string(1),
  status: string(2).required().enum('InProgress', 'Infeasible', 'Pending'),
})
export type ModifyVolumeStatus = Infer<typeof ModifyVolumeStatus>

export const VolumeResourceRequirements = object('io.k8s.api.core.v1.VolumeResourceRequirements', {
  limits: map(1, 'quantity'),
  requests: map(2, 'quantity'),
})
export type VolumeResourceRequirements = Infer<typeof VolumeResourceRequirements>

export const PersistentVolumeClaimSpec = object('io.k8s.api.core.v1.PersistentVolumeClaimSpec', {
  accessModes: list(1, 'string')
    .enum('ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod')
    .listType('atomic'),
  selector: ref(4, LabelSelector),
  resources: ref(2, VolumeResourceRequirements).always(),
  volumeName: string(3),
  storageClassName: string(5).pointer(),
  volumeMode: string(6).pointer().serverDefault('Filesystem').enum('Block', 'Filesystem'),
  dataSource: ref(7, TypedLocalObjectReference),
  dataSourceRef: ref(8, TypedObjectReference),
  volumeAttributesClassName: string(9).pointer(),
})
export type PersistentVolumeClaimSpec = Infer<typeof PersistentVolumeClaimSpec>

export const PersistentVolumeClaimCondition = object('io.k8s.api.core.v1.PersistentVolumeClaimCondition', {
  type: string(1).required(),
  status: string(2).required(),
  lastProbeTime: time(3).always(),
  lastTransitionTime: time(4).always(),
  reason: string(5),
  message: string(6),
})
export type PersistentVolumeClaimCondition = Infer<typeof PersistentVolumeClaimCondition>

export const PersistentVolumeClaimStatus = object('io.k8s.api.core.v1.PersistentVolumeClaimStatus', {
  phase: string(1).serverDefault('Pending').enum('Bound', 'Lost', 'Pending'),
  accessModes: list(2, 'string')
    .enum('ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod')
    .listType('atomic'),
  capacity: map(3, 'quantity'),
  conditions: list(4, PersistentVolumeClaimCondition).listType('map', 'type').patchStrategy('merge').mergeKey('type'),
  allocatedResources: map(5, 'quantity'),
  allocatedResourceStatuses: map(7, 'string')
    .enum(
      'ControllerResizeInProgress',
      'ControllerResizeInfeasible',
      'NodeResizeInProgress',
      'NodeResizeInfeasible',
      'NodeResizePending',
    )
    .mapType('granular'),
  currentVolumeAttributesClassName: string(8).pointer(),
  modifyVolumeStatus: ref(9, ModifyVolumeStatus),
})
export type PersistentVolumeClaimStatus = Infer<typeof PersistentVolumeClaimStatus>

export const PersistentVolumeClaim = object('io.k8s.api.core.v1.PersistentVolumeClaim', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, PersistentVolumeClaimSpec).always(),
  status: ref(3, PersistentVolumeClaimStatus).always(),
})
export type PersistentVolumeClaim = Infer<typeof PersistentVolumeClaim>

export const PersistentVolumeClaimTemplate = object('io.k8s.api.core.v1.PersistentVolumeClaimTemplate', {
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, PersistentVolumeClaimSpec).required(),
})
export type PersistentVolumeClaimTemplate = Infer<typeof PersistentVolumeClaimTemplate>

export const PersistentVolumeClaimList = listKind('io.k8s.api.core.v1.PersistentVolumeClaimList', PersistentVolumeClaim)
export type PersistentVolumeClaimList = Infer<typeof PersistentVolumeClaimList>

export const persistentVolumeClaims = resource({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  resource: 'persistentvolumeclaims',
  schema: PersistentVolumeClaim,
  listSchema: PersistentVolumeClaimList,
  shortNames: ['pvc'],
  namespaced: true,
  verbs: allVerbs,
  returnsDeletedObject: true,
  subresources: [statusSubresource],
  columns: [
    nameColumn,
    column('Status', 'string', describedBy(PersistentVolumeClaimStatus, 'phase')),
    column('Volume', 'string', describedBy(PersistentVolumeClaimSpec, 'volumeName')),
    column('Capacity', 'string', describedBy(PersistentVolumeClaimStatus, 'capacity')),
    column('Access Modes', 'string', describedBy(PersistentVolumeClaimStatus, 'accessModes')),
    column('StorageClass', 'string', 'StorageClass of the pvc'),
    column('VolumeAttributesClass', 'string', 'VolumeAttributesClass of the pvc'),
    ageColumn,
    column('VolumeMode', 'string', describedBy(PersistentVolumeClaimSpec, 'volumeMode'), { priority: 1 }),
  ],
})
