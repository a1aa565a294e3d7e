// Processes that run seeds, one after the other each: bundled once, for Node to run, started as often as there are cores.

import { type ChildProcess, fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Outcome } from './simulation.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export class SeedProcesses {
  readonly #directory: string
  readonly #children = new Set<ChildProcess>()

  private constructor(directory: string) {
    this.#directory = directory
  }

  static async prepare(): Promise<SeedProcesses> {
    // Beside node_modules' packages, where the bundle finds them.
    const cache = join(root, 'node_modules', '.cache')
    mkdirSync(cache, { recursive: true })
    const directory = mkdtempSync(join(cache, 'fault-simulation-'))
    await build({
      entryPoints: [join(root, 'test/sim/run-seeds.ts')],
      outdir: directory,
      bundle: true,
      splitting: true,
      platform: 'node',
      format: 'esm',
      outExtension: { '.js': '.mjs' },
      packages: 'external',
      sourcemap: 'inline',
      logLevel: 'warning',
    })
    return new SeedProcesses(directory)
  }

  /** Runs them in so many processes, each taking the next seed when it is done with one. */
  async run(seeds: readonly number[], processes: number, told: (outcome: Outcome) => void): Promise<void> {
    const left = [...seeds]
    await Promise.all(Array.from({ length: Math.min(processes, left.length) }, () => this.#work(left, told)))
  }

  #work(left: number[], told: (outcome: Outcome) => void): Promise<void> {
    // Most of what a simulation makes is garbage soon: with room for it, less is copied.
    const execArgv = ['--enable-source-maps', '--max-semi-space-size=64']
    const child = fork(join(this.#directory, 'run-seeds.mjs'), { execArgv })
    this.#children.add(child)
    return new Promise((resolve, reject) => {
      const next = () => {
        const seed = left.shift()
        if (seed === undefined) child.disconnect()
        else child.send(seed)
      }
      child.on('message', outcome => {
        told(outcome as Outcome)
        next()
      })
      child.on('error', reject)
      child.on('exit', code => {
        this.#children.delete(child)
        if (code === 0) resolve()
        else reject(new Error(`a process that ran seeds ended with ${code}`))
      })
      next()
    })
  }

  stop(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
