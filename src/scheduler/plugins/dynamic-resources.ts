// Resource claims. Allocating devices comes later; this stands where upstream's plugin stands, with its word on pods
// without claims when nothing fits.

import type { Plugin } from '../framework.ts'
import { unschedulable } from '../status.ts'

const name = 'DynamicResources'
const nothingToDeallocate = unschedulable(name, 'no new claims to deallocate')

export const dynamicResources: Plugin = {
  name,
  postFilter: () => ({ status: nothingToDeallocate }),
}
