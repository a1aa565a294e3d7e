// Notices what happens to containers behind the kubelet's back: the pod lifecycle event generator.
//
// Every second it lists what the runtime has and compares that with the list before; a pod that differs is to be synced.
// Where the runtime tells of events itself and nothing is lost by trusting it (a simulated node), it listens instead, and
// lists only now and then.

import type { Env, Timer } from '../machinery/env/env.ts'
import { podUidLabel } from './container-labels.ts'
import type { ContainerRuntime } from './runtime/container-runtime.ts'
import { type ListedPod, listPods } from './runtime-pods.ts'

export interface PlegOptions {
  readonly env: Env
  readonly runtime: ContainerRuntime
  readonly relistPeriodMs: number
  /** Listen to the runtime's own events between the lists. */
  readonly listen: boolean
  /** Called for every pod that changed, and for every pod at the first list. */
  changed(podUid: string): void
}

/** No list for this long and the node is not healthy. */
const healthyForMs = 180_000

export class Pleg {
  readonly #options: PlegOptions
  #pods: ReadonlyMap<string, ListedPod> = new Map()
  #timer: Timer | undefined
  #listedAt: number | undefined
  #failure = ''
  #listening: AbortController | undefined
  #stopped = false

  constructor(options: PlegOptions) {
    this.#options = options
  }

  /** What the last list showed. */
  get pods(): ReadonlyMap<string, ListedPod> {
    return this.#pods
  }

  /** Resolves after the first list, or its failure. */
  async start(): Promise<void> {
    await this.#relist()
    if (this.#options.listen) this.#listen()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#listening?.abort()
  }

  /** Undefined when all is well; otherwise why not, in the words of the Ready condition. */
  unhealthy(): string | undefined {
    if (this.#listedAt === undefined) return this.#failure || 'pleg was last seen active never'
    const ago = this.#options.env.clock.now() - this.#listedAt
    if (ago <= Math.max(healthyForMs, 2 * this.#options.relistPeriodMs)) return undefined
    return `PLEG is not healthy: pleg was last seen active ${Math.round(ago / 1000)}s ago; threshold is 3m0s`
  }

  async #relist(): Promise<void> {
    const { env, runtime, relistPeriodMs, changed } = this.#options
    try {
      const before = this.#pods
      const after = await listPods(runtime)
      this.#pods = after
      this.#listedAt = env.clock.now()
      this.#failure = ''
      if (this.#stopped) return
      for (const [uid, pod] of after) if (!samePod(before.get(uid), pod)) changed(uid)
      for (const uid of before.keys()) if (!after.has(uid)) changed(uid)
    } catch (error) {
      this.#failure = (error as Error).message
      if (!this.#stopped) env.log.error('cannot list containers', { error: this.#failure })
    } finally {
      if (!this.#stopped) this.#timer = env.clock.setTimeout(() => void this.#relist(), relistPeriodMs)
    }
  }

  #listen(): void {
    const { env, runtime, changed } = this.#options
    const listening = new AbortController()
    this.#listening = listening
    const follow = async () => {
      for await (const event of runtime.getContainerEvents(listening.signal)) {
        const uid = event.podSandboxStatus?.labels[podUidLabel] ?? event.podSandboxStatus?.metadata?.uid
        if (uid && !this.#stopped) changed(uid)
      }
    }
    follow().catch(error => {
      if (!this.#stopped) env.log.warn('no events from the container runtime', { error: (error as Error).message })
    })
  }
}

function samePod(a: ListedPod | undefined, b: ListedPod): boolean {
  if (!a || a.containers.size !== b.containers.size || a.sandboxes.size !== b.sandboxes.size) return false
  for (const [id, { state }] of b.containers) if (a.containers.get(id)?.state !== state) return false
  for (const [id, { ready }] of b.sandboxes) if (a.sandboxes.get(id)?.ready !== ready) return false
  return true
}
