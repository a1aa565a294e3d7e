import { ageCell } from '../../cells.ts'
import type { PersistentVolume } from './persistentvolume.ts'

/** Where the class of volumes and claims stood before it had a field. */
const classAnnotation = 'volume.beta.kubernetes.io/storage-class'

const shortModes = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
] as const

/** `RWO,ROX`: always in the same order. */
export function accessModesCell(modes: readonly string[] | undefined): string {
  return shortModes
    .filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',')
}

export function storageClassCell(of: {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: { readonly storageClassName?: string }
}): string {
  return of.metadata.annotations?.[classAnnotation] ?? of.spec.storageClassName ?? ''
}

export function persistentVolumeCells(volume: PersistentVolume, now: number): unknown[] {
  const { metadata, spec, status } = volume
  return [
    metadata.name,
    spec.capacity?.['storage'] ?? '0',
    accessModesCell(spec.accessModes),
    spec.persistentVolumeReclaimPolicy ?? '',
    metadata.deletionTimestamp ? 'Terminating' : (status.phase ?? ''),
    spec.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : '',
    storageClassCell(volume),
    spec.volumeAttributesClassName ?? '<unset>',
    status.reason ?? '',
    ageCell(volume, now),
    spec.volumeMode ?? '<unset>',
  ]
}
