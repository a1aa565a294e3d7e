// The real kubectl, 1.36 or 1.20, with one kubeconfig and a home away from the user's.

import { join } from 'node:path'
import { type Result, RunningProcess, type RunOptions, run, runOrThrow } from './process.ts'
import { inTerminal } from './terminal.ts'

/** 1.36 speaks WebSocket for exec, attach and port-forward, 1.20 SPDY. */
export type KubectlVersion = '1.36' | '1.20'

const cache = process.env['K8TS_E2E_CACHE'] ?? '/var/cache/k8ts-e2e'

export class Kubectl {
  readonly kubeconfig: string
  /** Where it is, for others that run it. */
  readonly program: string
  readonly #home: string

  /** In `home` it keeps what it remembers of the cluster. */
  constructor(kubeconfig: string, home: string, version: KubectlVersion = '1.36') {
    this.kubeconfig = kubeconfig
    this.#home = home
    this.program = join(cache, `kubectl-${version}`, 'usr/bin/kubectl')
  }

  /** Runs it to its end, whatever its exit code. */
  run(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return run(this.program, args, this.#with(options))
  }

  /** What it printed; it must succeed. */
  output(...args: string[]): Promise<string> {
    return runOrThrow(this.program, args, this.#with({}))
  }

  /** An object, or a list of them, as JSON. */
  async get<T = any>(...args: string[]): Promise<T> {
    return JSON.parse(await this.output('get', ...args, '-o', 'json'))
  }

  apply(manifest: string, ...args: string[]): Promise<string> {
    return runOrThrow(this.program, ['apply', '-f', '-', ...args], this.#with({ input: manifest }))
  }

  /** For what goes on until it is stopped: `logs -f`, `port-forward`, `get -w`. */
  start(...args: string[]): RunningProcess {
    return new RunningProcess(this.program, args, this.#with({}))
  }

  /** For what wants a terminal: `exec -it`, `edit`. */
  interactive(args: readonly string[], options: RunOptions = {}): RunningProcess {
    return inTerminal(this.program, args, this.#with(options))
  }

  #with(options: RunOptions): RunOptions {
    const { PATH } = process.env
    return { ...options, env: { PATH, HOME: this.#home, KUBECONFIG: this.kubeconfig, ...options.env } }
  }
}
