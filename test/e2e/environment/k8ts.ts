// The k8ts under test, as a user has it: the built program, in a process of its own, with its own data directory and port.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { directoryPrefix } from './containerd.ts'
import { Kubectl, type KubectlVersion } from './kubectl.ts'
import { unmountAllBelow } from './mounts.ts'
import { eventually, type Result, RunningProcess } from './process.ts'

const program = new URL('../../../dist/k8ts.js', import.meta.url).pathname

export interface K8tsOptions {
  readonly runtime?: 'auto' | 'cri' | 'simulated'
  readonly criEndpoint?: string
  readonly nodes?: number
  /** Only the API server and the nodes: somebody else brings the controllers and the scheduler. */
  readonly withoutComponents?: boolean
  /** For `k8ts up`, beside those that the options stand for. */
  readonly flags?: readonly string[]
}

/** A `k8ts up` that runs. */
export class K8ts {
  readonly directory: string
  readonly #args: readonly string[]
  readonly #withoutComponents: boolean
  #process: RunningProcess
  #kubeconfig = ''

  private constructor(directory: string, args: readonly string[], withoutComponents: boolean) {
    this.directory = directory
    this.#args = args
    this.#withoutComponents = withoutComponents
    this.#process = this.#spawn()
  }

  static async start(options: K8tsOptions = {}): Promise<K8ts> {
    const directory = await mkdtemp(join(tmpdir(), `${directoryPrefix}${process.pid}-`))
    const flags = [
      ...['--data-dir', join(directory, 'data')],
      ...['--port', '0'],
      ...['--runtime', options.runtime ?? 'simulated'],
      ...(options.criEndpoint ? ['--cri-endpoint', options.criEndpoint] : []),
      ...(options.nodes ? ['--nodes', String(options.nodes)] : []),
      ...(options.withoutComponents ? ['--no-controller-manager', '--no-scheduler'] : []),
      '--no-merge-kubeconfig',
      ...(options.flags ?? []),
    ]
    const k8ts = new K8ts(directory, flags, options.withoutComponents ?? false)
    try {
      await k8ts.#ready()
      return k8ts
    } catch (error) {
      await k8ts.stop()
      throw error
    }
  }

  get kubeconfig(): string {
    return this.#kubeconfig
  }

  /** What it has printed so far. */
  get output(): string {
    return this.#process.stdout + this.#process.stderr
  }

  get pid(): number {
    return this.#process.pid!
  }

  kubectl(version?: KubectlVersion): Kubectl {
    return new Kubectl(this.#kubeconfig, this.directory, version)
  }

  /** As Ctrl-C does. The data stays, and `restart` goes on with it. */
  interrupt(): Promise<Result> {
    return this.#process.stop('SIGINT', 60_000)
  }

  /** Ends it by the signal, if it still runs, and starts it again on the same data. */
  async restart(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    await this.#process.stop(signal, 60_000)
    this.#process = this.#spawn()
    await this.#ready()
  }

  /** Ends it and throws its data away. */
  async stop(): Promise<void> {
    await this.interrupt().catch(() => {})
    await unmountAllBelow(this.directory)
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 })
  }

  #spawn(): RunningProcess {
    const { PATH } = process.env
    return new RunningProcess(process.execPath, [program, 'up', ...this.#args], {
      env: { PATH, HOME: this.directory },
    })
  }

  /** It tells how to use the cluster, kubeconfig and all, when it is ready. */
  async #ready(): Promise<void> {
    const [, kubeconfig] = await this.#process.says(/(?:KUBECONFIG=|--kubeconfig[ =])["']?([^\s"']+)/)
    this.#kubeconfig = kubeconfig!
    await eventually(() => this.kubectl().output('get', '--raw', '/readyz'))
    // Pods are refused until a controller has made it.
    if (!this.#withoutComponents) await eventually(() => this.kubectl().output('get', 'serviceaccount', 'default'))
  }
}
