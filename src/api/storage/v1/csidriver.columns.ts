import { ageCell } from '../../cells.ts'
import type { CSIDriver } from './csidriver.ts'

export function csiDriverCells(driver: CSIDriver, now: number): unknown[] {
  const { spec } = driver
  return [
    driver.metadata.name,
    spec.attachRequired ?? true,
    spec.podInfoOnMount ?? false,
    spec.storageCapacity ?? false,
    spec.tokenRequests?.map(({ audience }) => audience ?? '').join(',') ?? '<unset>',
    spec.requiresRepublish ?? false,
    spec.volumeLifecycleModes?.join(',') || '<none>',
    ageCell(driver, now),
  ]
}
