// One process, one store: a file that names who has the directory open. It outlives a process that is killed, so the
// next one asks whether its owner still runs.

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { StoreOpenError } from './store.ts'

export class DirectoryLock {
  readonly #file: string

  private constructor(file: string) {
    this.#file = file
  }

  /** Throws `StoreOpenError` when a running process, this one included, has the directory. */
  static acquire(directory: string): DirectoryLock {
    const file = join(resolve(directory), 'owner')
    const self = `${process.pid} ${startOf(process.pid)}\n`
    for (;;) {
      try {
        writeFileSync(file, self, { flag: 'wx', mode: 0o600 })
        return new DirectoryLock(file)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const [pid, start] = readOwner(file)
      if (pid > 0 && isRunning(pid) && startOf(pid) === start) {
        throw new StoreOpenError(
          `cannot open the store in ${directory}: process ${pid} has it open; stop that one first, or choose another directory`,
        )
      }
      rmSync(file, { force: true })
    }
  }

  release(): void {
    rmSync(this.#file, { force: true })
  }
}

function readOwner(file: string): [pid: number, start: string] {
  try {
    const [pid = '', start = ''] = readFileSync(file, 'utf8').trim().split(' ')
    return [Number.parseInt(pid, 10) || 0, start]
  } catch {
    return [0, '']
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When the process started, where the system tells: a pid alone may have a new owner. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The 22nd field; the second, the program's name, may hold spaces and ends with the last parenthesis.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
