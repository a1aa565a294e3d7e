// Keeps containers' logs from filling the disk: at 10 MiB a log is moved aside, the runtime told to open a new one, and
// of those moved aside four are kept, all but the newest compressed. That is the kubelet's job under CRI.

import { createReadStream, createWriteStream } from 'node:fs'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Env, Timer } from '../machinery/env/env.ts'
import type { ContainerRuntime } from './runtime/container-runtime.ts'

export interface LogRotationOptions {
  readonly env: Env
  readonly runtime: ContainerRuntime
  readonly maxBytes?: number
  /** The one being written included. */
  readonly maxFiles?: number
}

const checkMs = 10_000
const defaultMaxBytes = 10 * 2 ** 20
const defaultMaxFiles = 5

export class LogRotation {
  readonly #options: LogRotationOptions
  #timer: Timer | undefined
  #stopped = false

  constructor(options: LogRotationOptions) {
    this.#options = options
  }

  start(): void {
    this.#schedule()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  /** Looks at the log of every running container once. */
  async rotate(): Promise<void> {
    const { runtime, env, maxBytes = defaultMaxBytes } = this.#options
    const { containers } = await runtime.listContainers({ filter: { state: { state: 'CONTAINER_RUNNING' } } })
    for (const { id } of containers) {
      try {
        const { status } = await runtime.containerStatus({ containerId: id })
        const size = status?.logPath ? (await stat(status.logPath).catch(() => undefined))?.size : undefined
        if (status && size !== undefined && size >= maxBytes) await this.#rotateOne(id, status.logPath)
      } catch (error) {
        env.log.warn('cannot rotate a container log', { containerId: id, error: (error as Error).message })
      }
    }
  }

  async #rotateOne(containerId: string, path: string): Promise<void> {
    const { runtime, env, maxFiles = defaultMaxFiles } = this.#options
    const rotated = (await this.#rotatedLogs(path)).sort()
    // Room for the present one, which becomes one of them, and for the new one.
    const excess = Math.max(0, rotated.length - (maxFiles - 2))
    for (const old of rotated.splice(0, excess)) await rm(old, { force: true })
    for (const old of rotated) if (!old.endsWith('.gz')) await compress(old)
    const stamp = new Date(env.clock.now()).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')
    const aside = `${path}.${stamp}`
    await rename(path, aside)
    try {
      await runtime.reopenContainerLog({ containerId })
    } catch (error) {
      // The runtime still writes to the old file: it must keep its name.
      await rename(aside, path)
      throw error
    }
  }

  async #rotatedLogs(path: string): Promise<string[]> {
    const directory = dirname(path)
    const logs: string[] = []
    for (const name of await readdir(directory)) {
      if (!name.startsWith(`${basename(path)}.`)) continue
      // Left by a compression that was cut short.
      if (name.endsWith('.tmp')) await rm(join(directory, name), { force: true })
      else logs.push(join(directory, name))
    }
    return logs
  }

  #schedule(): void {
    const { env } = this.#options
    this.#timer = env.clock.setTimeout(() => {
      this.rotate()
        .catch(error => env.log.warn('cannot rotate container logs', { error: (error as Error).message }))
        .finally(() => {
          if (!this.#stopped) this.#schedule()
        })
    }, checkMs)
  }
}

async function compress(path: string): Promise<void> {
  await pipeline(createReadStream(path), createGzip(), createWriteStream(`${path}.tmp`))
  await rename(`${path}.tmp`, `${path}.gz`)
  await rm(path)
}
