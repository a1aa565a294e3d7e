import { ageCell } from '../../cells.ts'
import type { VolumeAttributesClass } from './volumeattributesclass.ts'

export function volumeAttributesClassCells(attributesClass: VolumeAttributesClass, now: number): unknown[] {
  return [attributesClass.metadata.name, attributesClass.driverName, ageCell(attributesClass, now)]
}
