import { ageCell } from '../../cells.ts'
import { accessModesCell, storageClassCell } from './persistentvolume.columns.ts'
import type { PersistentVolumeClaim } from './persistentvolumeclaim.ts'

export function persistentVolumeClaimCells(claim: PersistentVolumeClaim, now: number): unknown[] {
  const { metadata, spec, status } = claim
  const isBound = Boolean(spec.volumeName)
  return [
    metadata.name,
    metadata.deletionTimestamp ? 'Terminating' : (status.phase ?? ''),
    spec.volumeName ?? '',
    isBound ? (status.capacity?.['storage'] ?? '0') : '',
    isBound ? accessModesCell(status.accessModes) : '',
    storageClassCell(claim),
    spec.volumeAttributesClassName ?? '<unset>',
    ageCell(claim, now),
    spec.volumeMode ?? '<unset>',
  ]
}
