// Where a container's log is read from: a file that the runtime writes and the kubelet rotates, or memory.

import { watch } from 'node:fs'
import { type FileHandle, open, realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ContainerLog } from '../runtime/container-runtime.ts'

export type ContainerLogSource = { readonly path: string } | { readonly memory: ContainerLog }

/** An open log. Positions are in bytes. */
export interface OpenLog {
  size(): Promise<number>
  /** Up to `length` bytes; none at the end. */
  read(position: number, length: number): Promise<Uint8Array>
  /** The log that has taken this one's place, when it was rotated away; this one can still be read. */
  successor(): Promise<OpenLog | undefined>
  /** Calls back when there may be more to read. A hint: it may come too often, or not at all. */
  onChange(callback: () => void): () => void
  close(): Promise<void>
}

/** Throws with upstream's text when the file cannot be opened. */
export async function openLog(source: ContainerLogSource): Promise<OpenLog> {
  if ('memory' in source) return new MemoryLog(source.memory)
  let resolved: string
  try {
    resolved = await realpath(source.path)
  } catch (error) {
    throw new Error(`failed to try resolving symlinks in path "${source.path}": ${reason(error, 'lstat')}`)
  }
  try {
    return await FileLog.open(resolved)
  } catch (error) {
    throw new Error(`failed to open log file "${resolved}": ${reason(error, 'open')}`)
  }
}

/** As Go words it. */
function reason(error: unknown, operation: string): string {
  const { code, path, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return `${operation} ${path}: no such file or directory`
  if (code === 'EACCES') return `${operation} ${path}: permission denied`
  return message
}

class FileLog implements OpenLog {
  readonly #path: string
  readonly #file: FileHandle
  readonly #inode: number

  private constructor(path: string, file: FileHandle, inode: number) {
    this.#path = path
    this.#file = file
    this.#inode = inode
  }

  static async open(path: string): Promise<FileLog> {
    const file = await open(path, 'r')
    return new FileLog(path, file, (await file.stat()).ino)
  }

  async size(): Promise<number> {
    return (await this.#file.stat()).size
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafe(length), 0, length, position)
    return buffer.subarray(0, bytesRead)
  }

  async successor(): Promise<OpenLog | undefined> {
    try {
      if ((await stat(this.#path)).ino === this.#inode) return undefined
      return await FileLog.open(this.#path)
    } catch {
      // Between the renaming of the old file and the making of the new one there is none.
      return undefined
    }
  }

  onChange(callback: () => void): () => void {
    try {
      // The directory: it tells of writes to the file as well as of its replacement.
      const watcher = watch(dirname(this.#path), { persistent: false }, callback)
      watcher.on('error', () => {})
      return () => watcher.close()
    } catch {
      return () => {}
    }
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

class MemoryLog implements OpenLog {
  readonly #log: ContainerLog

  constructor(log: ContainerLog) {
    this.#log = log
  }

  async size(): Promise<number> {
    return this.#log.read(0).length
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    return this.#log.read(position).subarray(0, length)
  }

  async successor(): Promise<undefined> {
    return undefined
  }

  onChange(callback: () => void): () => void {
    return this.#log.onWrite(callback)
  }

  async close(): Promise<void> {}
}
