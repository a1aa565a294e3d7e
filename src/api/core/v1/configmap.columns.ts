import { ageCell } from '../../cells.ts'
import type { ConfigMap } from './configmap.ts'

export function configMapCells(configMap: ConfigMap, now: number): unknown[] {
  const { data = {}, binaryData = {} } = configMap
  return [configMap.metadata.name, Object.keys(data).length + Object.keys(binaryData).length, ageCell(configMap, now)]
}
