// Makes what a cluster comes with. What people have changed, or made before, stays.

import { isAlreadyExists } from '../machinery/status-error.ts'

export async function createUnlessThere(create: () => Promise<unknown>): Promise<void> {
  try {
    await create()
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
}
