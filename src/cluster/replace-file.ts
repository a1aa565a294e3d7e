// Writes a file so that whoever reads it finds the old text or the new one, never a part.

import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'

export interface ReplaceFileOptions {
  readonly mode: number
  /** It is on the disk when this returns. */
  readonly durable?: boolean
}

/** Throws the system's error; then the file is as it was. */
export function replaceFile(path: string, text: string, { mode, durable = false }: ReplaceFileOptions): void {
  const temporary = `${path}.new`
  try {
    const descriptor = openSync(temporary, 'w', mode)
    try {
      writeSync(descriptor, text)
      if (durable) fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    // One that was left behind kept its own.
    chmodSync(temporary, mode)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}
