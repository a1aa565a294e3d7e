// Child processes of the tests: run one to its end, or start one, watch what it says and stop it.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Result {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly input?: string
  /** Milliseconds until it is killed; 60 s unless told. */
  readonly timeout?: number
}

/** Runs a program to its end, whatever its exit code. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const child = new RunningProcess(command, args, options)
  child.endInput(options.input ?? '')
  return child.exited(options.timeout ?? 60_000)
}

/** Runs a program that must succeed; the error has all it said. */
export async function runOrThrow(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await run(command, args, options)
  if (result.code !== 0) throw new Error(`${[command, ...args].join(' ')}: ${describe(result)}`)
  return result.stdout
}

export function describe({ code, signal, stdout, stderr }: Result): string {
  return `exit ${code ?? signal}\n--- stdout\n${stdout}--- stderr\n${stderr}`
}

/** However the test process ends, the kernel sees to it that its children do not outlive it; where there is this program. */
const tether = ['setpriv', '--pdeathsig', 'KILL', '--']
const isTethered = spawnSync(tether[0]!, [...tether.slice(1), 'true']).status === 0

/** A program that runs beside the test. */
export class RunningProcess {
  stdout = ''
  stderr = ''
  readonly #child: ChildProcess
  readonly #command: string
  readonly #ended: Promise<Result>

  constructor(command: string, args: readonly string[], options: RunOptions = {}) {
    this.#command = [command, ...args].join(' ')
    const [program = '', ...words] = [...(isTethered ? tether : []), command, ...args]
    const child = spawn(program, words, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: 'pipe',
    })
    this.#child = child
    child.stdout!.setEncoding('utf8').on('data', text => {
      this.stdout += text
    })
    child.stderr!.setEncoding('utf8').on('data', text => {
      this.stderr += text
    })
    // A program may end before it has read all its input.
    child.stdin!.on('error', () => {})
    this.#ended = new Promise(resolve => {
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr })
      }
      child.once('error', error => {
        this.stderr += error.message
        end(127, null)
      })
      child.once('close', end)
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  write(text: string): void {
    this.#child.stdin!.write(text)
  }

  endInput(text = ''): void {
    this.#child.stdin!.end(text)
  }

  /** Waits until standard output matches, and gives the match. */
  async says(pattern: RegExp, timeout = 60_000): Promise<RegExpExecArray> {
    const deadline = Date.now() + timeout
    for (;;) {
      const match = pattern.exec(this.stdout)
      if (match) return match
      const ended = await Promise.race([this.#ended, sleep(20)])
      if (ended && !pattern.test(this.stdout)) {
        throw new Error(`${this.#command} ended without saying ${pattern}: ${describe(ended)}`)
      }
      if (Date.now() > deadline) {
        throw new Error(
          `${this.#command} did not say ${pattern} in ${timeout} ms\n--- stdout\n${this.stdout}--- stderr\n${this.stderr}`,
        )
      }
    }
  }

  /** Waits for the end; kills it, and fails, when that takes too long. */
  async exited(timeout = 60_000): Promise<Result> {
    const late = new AbortController()
    const result = await Promise.race([this.#ended, sleep(timeout, undefined, { signal: late.signal }).catch(() => {})])
    late.abort()
    if (result) return result
    this.#child.kill('SIGKILL')
    throw new Error(`${this.#command} was still running after ${timeout} ms: ${describe(await this.#ended)}`)
  }

  /** Asks it to end and waits; kills it when it does not. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', timeout = 20_000): Promise<Result> {
    this.#child.kill(signal)
    return this.exited(timeout)
  }
}

/** Tries until it does not throw; then gives the last error. For what the world does in its own time. */
export async function eventually<T>(attempt: () => T | Promise<T>, timeout = 30_000, interval = 100): Promise<T> {
  const deadline = Date.now() + timeout
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await sleep(interval)
    }
  }
}
