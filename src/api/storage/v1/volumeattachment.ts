import { boolean, type Infer, int32, map, object, ref, string, time } from '../../../machinery/schema/schema.ts'
import { ageColumn, column, describedBy, nameColumn } from '../../column.ts'
import { PersistentVolumeSpec } from '../../core/v1/persistentvolume.ts'
import { listKind } from '../../meta/v1/listkind.ts'
import { ObjectMeta } from '../../meta/v1/objectmeta.ts'
import { typeMeta } from '../../meta/v1/typemeta.ts'
import { allVerbs, resource, statusSubresource } from '../../resource.ts'

export const VolumeAttachmentSource = object('io.k8s.api.storage.v1.VolumeAttachmentSource', {
  persistentVolumeName: string(1).pointer(),
  inlineVolumeSpec: ref(2, PersistentVolumeSpec),
})
export type VolumeAttachmentSource = Infer<typeof VolumeAttachmentSource>

export const VolumeAttachmentSpec = object('io.k8s.api.storage.v1.VolumeAttachmentSpec', {
  attacher: string(1).required(),
  source: ref(2, VolumeAttachmentSource).required(),
  nodeName: string(3).required(),
})
export type VolumeAttachmentSpec = Infer<typeof VolumeAttachmentSpec>

export const VolumeError = object('io.k8s.api.storage.v1.VolumeError', {
  time: time(1).always(),
  message: string(2),
  errorCode: int32(3).pointer(),
})
export type VolumeError = Infer<typeof VolumeError>

export const VolumeAttachmentStatus = object('io.k8s.api.storage.v1.VolumeAttachmentStatus', {
  attached: boolean(1).required(),
  attachmentMetadata: map(2, 'string'),
  attachError: ref(3, VolumeError),
  detachError: ref(4, VolumeError),
})
export type VolumeAttachmentStatus = Infer<typeof VolumeAttachmentStatus>

export const VolumeAttachment = object('io.k8s.api.storage.v1.VolumeAttachment', {
  ...typeMeta,
  metadata: ref(1, ObjectMeta).always(),
  spec: ref(2, VolumeAttachmentSpec).required(),
  status: ref(3, VolumeAttachmentStatus).always(),
})
export type VolumeAttachment = Infer<typeof VolumeAttachment>

export const VolumeAttachmentList = listKind('io.k8s.api.storage.v1.VolumeAttachmentList', VolumeAttachment)
export type VolumeAttachmentList = Infer<typeof VolumeAttachmentList>

export const volumeAttachments = resource({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  resource: 'volumeattachments',
  schema: VolumeAttachment,
  listSchema: VolumeAttachmentList,
  namespaced: false,
  verbs: allVerbs,
  returnsDeletedObject: true,
  subresources: [statusSubresource],
  columns: [
    nameColumn,
    column('Attacher', 'string', describedBy(VolumeAttachmentSpec, 'attacher'), { format: 'name' }),
    column('PV', 'string', describedBy(VolumeAttachmentSource, 'persistentVolumeName')),
    column('Node', 'string', describedBy(VolumeAttachmentSpec, 'nodeName')),
    column('Attached', 'boolean', describedBy(VolumeAttachmentStatus, 'attached')),
    ageColumn,
  ],
})
