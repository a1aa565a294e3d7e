// Pods that have a node but wait for a permit plugin's leave to be bound there.

import { formatMilliseconds } from '../machinery/duration.ts'
import type { Clock, Timer } from '../machinery/env/env.ts'
import type { PodInfo } from './pod-info.ts'
import { Status, unschedulable } from './status.ts'

interface Waiting {
  readonly pod: PodInfo
  readonly pending: Map<string, Timer>
  readonly decide: (status: Status | undefined) => void
}

export class WaitingPods {
  readonly #clock: Clock
  readonly #waiting = new Map<string, Waiting>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves with undefined once every plugin has allowed the pod, or with the first rejection. */
  wait(pod: PodInfo, plugins: ReadonlyMap<string, number>): Promise<Status | undefined> {
    return new Promise(decide => {
      const pending = new Map<string, Timer>()
      this.#waiting.set(pod.uid, { pod, pending, decide })
      for (const [plugin, milliseconds] of plugins)
        pending.set(
          plugin,
          this.#clock.setTimeout(
            () =>
              this.reject(
                pod.uid,
                plugin,
                `rejected due to timeout after waiting ${formatMilliseconds(milliseconds)} at plugin ${plugin}`,
              ),
            milliseconds,
          ),
        )
    })
  }

  get pods(): PodInfo[] {
    return [...this.#waiting.values()].map(({ pod }) => pod)
  }

  allow(uid: string, plugin: string): void {
    const waiting = this.#waiting.get(uid)
    waiting?.pending.get(plugin)?.cancel()
    waiting?.pending.delete(plugin)
    if (waiting?.pending.size === 0) this.#decide(uid, waiting, undefined)
  }

  reject(uid: string, plugin: string, reason: string): boolean {
    const waiting = this.#waiting.get(uid)
    if (!waiting) return false
    this.#decide(uid, waiting, unschedulable(plugin, reason))
    return true
  }

  stop(): void {
    for (const [uid, waiting] of this.#waiting)
      this.#decide(uid, waiting, new Status('Error', [], '', new Error('scheduler stopped')))
  }

  #decide(uid: string, waiting: Waiting, status: Status | undefined): void {
    this.#waiting.delete(uid)
    for (const timer of waiting.pending.values()) timer.cancel()
    waiting.decide(status)
  }
}
