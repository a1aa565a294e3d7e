import { ageCell } from '../../cells.ts'
import type { VolumeAttachment } from './volumeattachment.ts'

export function volumeAttachmentCells(attachment: VolumeAttachment, now: number): unknown[] {
  const { spec, status } = attachment
  return [
    attachment.metadata.name,
    spec.attacher,
    spec.source.persistentVolumeName ?? '',
    spec.nodeName,
    status.attached ?? false,
    ageCell(attachment, now),
  ]
}
