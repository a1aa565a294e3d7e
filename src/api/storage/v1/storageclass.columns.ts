import { ageCell } from '../../cells.ts'
import type { StorageClass } from './storageclass.ts'

const defaultAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
]

export function storageClassCells(storageClass: StorageClass, now: number): unknown[] {
  const { metadata } = storageClass
  const isDefault = defaultAnnotations.some(annotation => metadata.annotations?.[annotation] === 'true')
  return [
    isDefault ? `${metadata.name} (default)` : metadata.name,
    storageClass.provisioner,
    storageClass.reclaimPolicy ?? 'Delete',
    storageClass.volumeBindingMode ?? 'Immediate',
    storageClass.allowVolumeExpansion ?? false,
    ageCell(storageClass, now),
  ]
}
