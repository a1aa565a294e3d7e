// One serial worker per pod: nothing ever happens to a pod twice at the same time.
//
//     syncing      it should run: containers are started, watched, started again
//     terminating  it was deleted, has ended, or is no longer wanted here: containers are stopped; there is no way back
//     terminated   no container runs: volumes go, the API server is told
//     finished     nothing is left to do but to forget it when its object is gone
//
// Comes in: pods as they change, and hints that something happened to one. Goes out: calls of the four `PodHandlers`,
// again after a while when one fails. A worker starts from what the runtime has, never from memory: so a kubelet that
// was restarted takes over what runs.

import type { Pod } from '../api/core/v1/pod.ts'
import type { Env, Timer } from '../machinery/env/env.ts'

export type WorkerState = 'syncing' | 'terminating' | 'terminated' | 'finished'

export interface SyncVerdict {
  /** The pod has run its course: end it. */
  readonly terminal: boolean
  /** Sync again after this many milliseconds. */
  readonly again?: number
  /** There is more to do: hints that came before the last look at the runtime stand. */
  readonly unfinished?: boolean
}

export interface PodHandlers {
  /** Calls `looking` before it looks at the runtime again: what was hinted at up to then, it will have seen. */
  sync(pod: Pod, signal: AbortSignal, looking: () => void): Promise<SyncVerdict>
  /** Resolves when no container of the pod runs. `graceSeconds` is set when something other than its deletion ends it. */
  terminate(pod: Pod, request: { readonly graceSeconds?: number; readonly signal: AbortSignal }): Promise<void>
  cleanUp(pod: Pod): Promise<void>
  /** The pod's object is gone, and nothing of it is left. */
  forget(podUid: string): void
}

interface Worker {
  readonly uid: string
  pod: Pod
  state: WorkerState
  /** Its object is gone from the API server. */
  removed: boolean
  graceSeconds: number | undefined
  running: boolean
  /** It is to be looked at (again): something is asked of it, or has happened to it. */
  wanted: boolean
  hinted: boolean
  timer: Timer | undefined
  /** Ends the sync or the stopping that is under way. */
  interrupt: AbortController
}

const retryMs = 10_000
/** One for all: where it comes from tells nobody anything. */
const podChanged = new Error('the pod changed')

export interface PodWorkersOptions {
  readonly env: Env
  readonly handlers: PodHandlers
  /** Pods are synced at least this often. */
  readonly resyncMs: number
  /** How long stopping waits for what is under way to be broken off. */
  readonly stopWithinMs: number
}

export class PodWorkers {
  readonly #options: PodWorkersOptions
  readonly #workers = new Map<string, Worker>()
  readonly #running = new Set<Promise<void>>()
  #stopped = false

  constructor(options: PodWorkersOptions) {
    this.#options = options
  }

  state(podUid: string): WorkerState | undefined {
    return this.#workers.get(podUid)?.state
  }

  pods(): Pod[] {
    return [...this.#workers.values()].map(({ pod }) => pod)
  }

  /** The pod is new or has changed. */
  update(pod: Pod): void {
    const uid = pod.metadata.uid ?? ''
    let worker = this.#workers.get(uid)
    if (!worker) {
      worker = {
        uid,
        pod,
        state: 'syncing',
        removed: false,
        graceSeconds: undefined,
        running: false,
        wanted: false,
        hinted: false,
        timer: undefined,
        interrupt: new AbortController(),
      }
      this.#workers.set(uid, worker)
    }
    const before = worker.pod
    worker.pod = pod
    if (worker.state === 'syncing' && pod.metadata.deletionTimestamp) this.#terminate(worker)
    else if (worker.state === 'terminating' && graceOf(pod) < graceOf(before)) this.#interrupt(worker)
    if (worker.state !== 'finished') this.#wake(worker)
  }

  /** Ends the pod though its object stays (eviction, a restart of the node's agent without it). */
  end(podUid: string, graceSeconds?: number): void {
    const worker = this.#workers.get(podUid)
    if (worker?.state !== 'syncing') return
    worker.graceSeconds = graceSeconds
    this.#terminate(worker)
    this.#wake(worker)
  }

  /** The pod's object is gone: what still runs of it is stopped. */
  remove(podUid: string): void {
    const worker = this.#workers.get(podUid)
    if (!worker) return
    worker.removed = true
    if (worker.state === 'finished') {
      this.#forget(worker)
      return
    }
    if (worker.state === 'syncing') this.#terminate(worker)
    else this.#interrupt(worker)
    this.#wake(worker)
  }

  /** Something happened to the pod: look again. */
  hint(podUid: string): void {
    const worker = this.#workers.get(podUid)
    if (!worker || worker.state === 'finished') return
    worker.hinted = true
    this.#start(worker)
  }

  /** Lets go of every pod; their containers go on. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const worker of this.#workers.values()) {
      worker.timer?.cancel()
      worker.interrupt.abort(new Error('the kubelet stops'))
    }
    const { env, stopWithinMs } = this.#options
    if (stopWithinMs === 0 || this.#running.size === 0) return
    const enough = new AbortController()
    const ended = Promise.allSettled(this.#running).then(() => enough.abort())
    await Promise.race([ended, env.clock.sleep(stopWithinMs, enough.signal).catch(() => {})])
  }

  #terminate(worker: Worker): void {
    worker.state = 'terminating'
    this.#interrupt(worker)
  }

  #interrupt(worker: Worker): void {
    if (!worker.running) return
    worker.interrupt.abort(podChanged)
    worker.interrupt = new AbortController()
  }

  #wake(worker: Worker): void {
    worker.wanted = true
    this.#start(worker)
  }

  #start(worker: Worker): void {
    if (worker.running || this.#stopped) return
    worker.running = true
    const run = this.#run(worker).finally(() => this.#running.delete(run))
    this.#running.add(run)
  }

  async #run(worker: Worker): Promise<void> {
    const { env } = this.#options
    let again: number | undefined
    while ((worker.wanted || worker.hinted) && !this.#stopped) {
      worker.wanted = worker.hinted = false
      worker.timer?.cancel()
      const state = worker.state
      const signal = worker.interrupt.signal
      try {
        again = await this.#step(worker, signal)
      } catch (error) {
        again = retryMs
        if (!signal.aborted && !this.#stopped)
          env.log.warn('pod sync failed', { pod: worker.pod.metadata.name, state, error: (error as Error).message })
      }
      // The next stage follows at once.
      if (worker.state !== state && worker.state !== 'finished') worker.wanted = true
    }
    worker.running = false
    if (this.#stopped || worker.state === 'finished') {
      if (worker.state === 'finished' && worker.removed) this.#forget(worker)
      return
    }
    const wait = again ?? this.#options.resyncMs * (1 + env.random.next() / 2)
    worker.timer = env.clock.setTimeout(() => this.#wake(worker), wait)
  }

  async #step(worker: Worker, signal: AbortSignal): Promise<number | undefined> {
    const { handlers } = this.#options
    switch (worker.state) {
      case 'syncing': {
        let hinted = false
        const looking = () => {
          hinted = worker.hinted
          worker.hinted = false
        }
        const { terminal, again, unfinished } = await handlers.sync(worker.pod, signal, looking)
        if (hinted && unfinished) worker.hinted = true
        if (terminal && worker.state === 'syncing') this.#terminate(worker)
        return again
      }
      case 'terminating':
        await handlers.terminate(worker.pod, {
          signal,
          ...(worker.graceSeconds === undefined ? {} : { graceSeconds: worker.graceSeconds }),
        })
        worker.state = 'terminated'
        return undefined
      case 'terminated':
        await handlers.cleanUp(worker.pod)
        worker.state = 'finished'
        return undefined
      case 'finished':
        return undefined
    }
  }

  #forget(worker: Worker): void {
    worker.timer?.cancel()
    this.#workers.delete(worker.uid)
    this.#options.handlers.forget(worker.uid)
  }
}

function graceOf(pod: Pod): number {
  return Number(pod.metadata.deletionGracePeriodSeconds ?? Number.POSITIVE_INFINITY)
}
