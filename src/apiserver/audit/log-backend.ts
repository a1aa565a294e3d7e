// The audit log: one line of JSON for each event, in a file that is put aside when it gets too large, or on standard
// output.
//
// The lines of one turn are written together at its end, and before the process ends.

import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import type { Env } from '../../machinery/env/env.ts'
import type { AuditBackend } from './audit.ts'

export interface AuditLogOptions {
  /** `-` is standard output. */
  readonly path: string
  /** Days that files put aside are kept; 0: for ever. */
  readonly maxAge: number
  /** How many are kept; 0: all. */
  readonly maxBackups: number
  /** Megabytes after which a file is put aside; 0: never. */
  readonly maxSize: number
}

/** Upstream's defaults. */
export const auditLogDefaults = { maxAge: 366, maxBackups: 100, maxSize: 100 } as const

const megabyte = 1024 * 1024
const day = 24 * 3600_000

export function auditLog(options: AuditLogOptions) {
  return (env: Env, onError: (events: number, error: unknown) => void): AuditBackend => {
    const file = options.path === '-' ? undefined : new RotatingFile(options, env)
    let lines: string[] = []
    let scheduled = false
    const flush = () => {
      scheduled = false
      if (lines.length === 0) return
      const written = lines
      lines = []
      try {
        const text = written.join('')
        if (file) file.write(text)
        else process.stdout.write(text)
      } catch (error) {
        onError(written.length, error)
      }
    }
    return {
      name: 'log',
      write(event) {
        lines.push(`{"kind":"Event","apiVersion":"audit.k8s.io/v1",${event}}\n`)
        if (!scheduled) {
          scheduled = true
          env.clock.setImmediate(flush)
        }
        return true
      },
      close() {
        flush()
        file?.close()
      },
    }
  }
}

class RotatingFile {
  readonly #options: AuditLogOptions
  readonly #env: Env
  #descriptor: number
  #size: number

  constructor(options: AuditLogOptions, env: Env) {
    this.#options = options
    this.#env = env
    mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 })
    this.#descriptor = openSync(options.path, 'a', 0o600)
    this.#size = fstatSync(this.#descriptor).size
  }

  write(text: string): void {
    const bytes = Buffer.from(text)
    const limit = this.#options.maxSize * megabyte
    if (limit > 0 && this.#size > 0 && this.#size + bytes.length > limit) this.#putAside()
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor, bytes, at)
    this.#size += bytes.length
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #putAside(): void {
    const { path } = this.#options
    closeSync(this.#descriptor)
    const extension = extname(path)
    const time = new Date(this.#env.clock.now()).toISOString().slice(0, 23).replaceAll(':', '-')
    renameSync(path, join(dirname(path), `${basename(path, extension)}-${time}${extension}`))
    this.#descriptor = openSync(path, 'a', 0o600)
    this.#size = 0
    this.#removeOld()
  }

  #removeOld(): void {
    const { path, maxAge, maxBackups } = this.#options
    const extension = extname(path)
    const prefix = `${basename(path, extension)}-`
    const backups = readdirSync(dirname(path))
      .filter(name => name.startsWith(prefix) && name.endsWith(extension))
      .map(name => ({ name, time: timeIn(name.slice(prefix.length, name.length - extension.length)) }))
      .filter((backup): backup is { name: string; time: number } => backup.time !== undefined)
      .sort((one, other) => other.time - one.time)
    const oldest = maxAge > 0 ? this.#env.clock.now() - maxAge * day : Number.NEGATIVE_INFINITY
    backups.forEach(({ name, time }, index) => {
      if ((maxBackups > 0 && index >= maxBackups) || time < oldest) rmSync(join(dirname(path), name), { force: true })
    })
  }
}

/** Of `2026-01-02T03-04-05.678`; undefined for other names. */
function timeIn(text: string): number | undefined {
  const parts = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d\.\d{3})$/.exec(text)
  return parts ? Date.parse(`${parts[1]}T${parts[2]}:${parts[3]}:${parts[4]}Z`) : undefined
}
