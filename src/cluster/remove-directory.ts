import { rm } from 'node:fs/promises'

/** With all that is in it; one that is not there is no error. */
export const removeDirectory = (path: string): Promise<void> => rm(path, { recursive: true, force: true })
