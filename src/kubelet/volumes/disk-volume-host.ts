// Volumes on this machine's disk.

import { execFile } from 'node:child_process'
import type { Stats } from 'node:fs'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rm,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'
import type { Env } from '../../machinery/env/env.ts'
import { writeAtomically } from './atomic-writer.ts'
import type { DirectoryOptions, HostPathType, Payload, VolumeHost } from './volume-host.ts'

const run = promisify(execFile)

export class DiskVolumeHost implements VolumeHost {
  readonly #env: Env
  /** Only root may mount; without, what should be in memory is on disk. */
  readonly #mayMount = process.getuid?.() === 0

  constructor(env: Env) {
    this.#env = env
  }

  async makeDirectory(path: string, { mode, gid }: DirectoryOptions): Promise<void> {
    await mkdir(path, { recursive: true })
    const withGroup = gid === undefined ? mode : mode | 0o2070
    if (gid !== undefined && this.#mayMount) await chown(path, 0xffffffff, gid).catch(() => chown(path, 0, gid))
    await chmod(path, withGroup)
  }

  async mountMemory(path: string, options: DirectoryOptions & { readonly sizeBytes?: number }): Promise<void> {
    await mkdir(path, { recursive: true })
    if (this.#mayMount && !(await mountPoints()).includes(path)) {
      const size = options.sizeBytes ? `size=${options.sizeBytes}` : ''
      await run('mount', ['-t', 'tmpfs', ...(size ? ['-o', size] : []), 'tmpfs', path])
    }
    await this.makeDirectory(path, options)
  }

  writePayload(path: string, payload: Payload, owner: { uid?: number; gid?: number }): Promise<boolean> {
    return writeAtomically(path, payload, this.#mayMount ? owner : {}, this.#env)
  }

  async checkHostPath(path: string, type: HostPathType): Promise<void> {
    if (type === '') return
    let found = await stat(path).catch(() => undefined)
    if (!found && type === 'DirectoryOrCreate') {
      await mkdir(path, { recursive: true, mode: 0o755 })
      found = await stat(path)
    }
    if (!found && type === 'FileOrCreate') {
      await writeFile(path, '', { mode: 0o644 })
      found = await stat(path)
    }
    if (!found || !isType(found, type)) throw new Error(`hostPath type check failed: ${path} is not ${typeNames[type]}`)
  }

  async subPath(volumePath: string, subPath: string): Promise<string> {
    if (isAbsolute(subPath) || subPath.split('/').includes('..'))
      throw new Error(`invalid subPath "${subPath}": must be a relative path without ".."`)
    const root = await realpath(volumePath)
    const path = join(volumePath, subPath)
    const exists = await lstat(path).catch(() => undefined)
    if (!exists) await mkdir(path, { recursive: true, mode: 0o750 })
    const real = await realpath(path)
    if (real !== root && !real.startsWith(`${root}/`))
      throw new Error(`failed to prepare subPath for volumeMount: subpath "${real}" not within volume path "${root}"`)
    return real
  }

  async writeFile(path: string, data: string, mode: number): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: 0o750 })
    // In place: the file may be mounted in a container.
    await writeFile(path, data, { mode })
    await chmod(path, mode)
  }

  async readTail(path: string, limit: number): Promise<string | undefined> {
    const handle = await open(path, 'r').catch(() => undefined)
    if (!handle) return undefined
    try {
      const { size } = await handle.stat()
      const length = Math.min(size, limit)
      const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length)
      return buffer.toString('utf8')
    } finally {
      await handle.close()
    }
  }

  async list(path: string): Promise<readonly string[]> {
    return readdir(path).catch(() => [])
  }

  async remove(path: string): Promise<void> {
    if (this.#mayMount) {
      const below = (await mountPoints()).filter(point => point === path || point.startsWith(`${path}/`))
      for (const point of below.sort((a, b) => b.length - a.length)) {
        await run('umount', [point])
        await rmdir(point).catch(() => {})
      }
    }
    await rm(path, { recursive: true, force: true })
  }
}

const typeNames: Record<Exclude<HostPathType, ''>, string> = {
  DirectoryOrCreate: 'a directory',
  Directory: 'a directory',
  FileOrCreate: 'a file',
  File: 'a file',
  Socket: 'a socket file',
  CharDevice: 'a character device',
  BlockDevice: 'a block device',
}

function isType(found: Stats, type: Exclude<HostPathType, ''>): boolean {
  switch (type) {
    case 'Directory':
    case 'DirectoryOrCreate':
      return found.isDirectory()
    case 'File':
    case 'FileOrCreate':
      return found.isFile()
    case 'Socket':
      return found.isSocket()
    case 'CharDevice':
      return found.isCharacterDevice()
    case 'BlockDevice':
      return found.isBlockDevice()
  }
}

async function mountPoints(): Promise<string[]> {
  const text = await readFile('/proc/self/mounts', 'utf8').catch(() => '')
  return text
    .split('\n')
    .map(line => line.split(' ')[1])
    .filter(point => point !== undefined)
    .map(point => point.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))))
}
