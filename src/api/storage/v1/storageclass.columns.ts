import { ageCell } from '../../cells.ts'
import { defaultStorageClassAnnotations, isDefaultClass } from '../../default-class.ts'
import type { StorageClass } from './storageclass.ts'

export function storageClassCells(storageClass: StorageClass, now: number): unknown[] {
  const { metadata } = storageClass
  const isDefault = isDefaultClass(storageClass, defaultStorageClassAnnotations)
  return [
    isDefault ? `${metadata.name} (default)` : metadata.name,
    storageClass.provisioner,
    storageClass.reclaimPolicy ?? 'Delete',
    storageClass.volumeBindingMode ?? 'Immediate',
    storageClass.allowVolumeExpansion ?? false,
    ageCell(storageClass, now),
  ]
}
