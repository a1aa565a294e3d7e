// One probe of one container, for as long as the pod is here.
//
// It is told which container is running (`observe`) and asks it every period. A result counts once it has come as often
// in a row as its threshold says. After a failed liveness or startup probe it waits for the next container.

import type { Container, Probe } from '../../api/core/v1/container.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { Env, Timer } from '../../machinery/env/env.ts'
import type { PodEvents } from '../pod-events.ts'
import type { ContainerRuntime } from '../runtime/container-runtime.ts'
import type { ContainerRecord } from '../runtime-state.ts'
import { type ProbeAnswer, ProbeError, type ProbeNetwork, runProbe } from './handlers.ts'

export type ProbeType = 'Readiness' | 'Liveness' | 'Startup'
export type ProbeResult = 'success' | 'failure' | 'unknown'

export interface ProbeWorkerOptions {
  readonly env: Env
  readonly runtime: ContainerRuntime
  readonly network: ProbeNetwork
  readonly events: PodEvents
  readonly type: ProbeType
  readonly container: Container
  readonly probe: Probe
  pod(): Pod
  podIp(): string
  /** Whether the container's startup probe, if it has one, has succeeded. */
  hasStarted(containerId: string): boolean
  changed(): void
}

const attempts = 3

export class ProbeWorker {
  readonly #options: ProbeWorkerOptions
  #record: ContainerRecord | undefined
  #result: ProbeResult = 'unknown'
  #last: 'success' | 'failure' | undefined
  #inARow = 0
  #onHold = false
  #timer: Timer | undefined
  #asking = false
  #stopped = false

  constructor(options: ProbeWorkerOptions) {
    this.#options = options
  }

  /** Of the container with this id; undefined when it hasn't been asked yet. */
  result(containerId: string): ProbeResult | undefined {
    return this.#record?.id === containerId ? this.#result : undefined
  }

  /** `ready`: as it was said to be before this kubelet started. */
  observe(record: ContainerRecord | undefined, ready: boolean): void {
    if (record?.id === this.#record?.id && record?.state === this.#record?.state) return
    const isNew = record?.id !== this.#record?.id
    this.#record = record
    if (record?.state !== 'running') {
      this.#timer?.cancel()
      this.#timer = undefined
      this.#result = 'failure'
      return
    }
    if (!isNew && this.#timer) return
    this.#onHold = false
    this.#inARow = 0
    this.#last = undefined
    const initial = { Readiness: ready ? 'success' : 'failure', Liveness: 'success', Startup: 'unknown' } as const
    this.#result = initial[this.#options.type]
    const delay =
      record.startedAt + (this.#options.probe.initialDelaySeconds ?? 0) * 1000 - this.#options.env.clock.now()
    this.#schedule(Math.max(0, delay))
  }

  /** Asks now instead of at the next period: the container has just started up. */
  trigger(): void {
    const record = this.#record
    if (record?.state !== 'running' || this.#stopped || this.#asking) return
    const delay =
      record.startedAt + (this.#options.probe.initialDelaySeconds ?? 0) * 1000 - this.#options.env.clock.now()
    this.#schedule(Math.max(0, delay))
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #schedule(delay: number): void {
    this.#timer?.cancel()
    if (this.#stopped) return
    this.#timer = this.#options.env.clock.setTimeout(() => {
      void this.#tick()
    }, delay)
  }

  async #tick(): Promise<void> {
    const { type, probe, hasStarted } = this.#options
    const record = this.#record
    if (this.#stopped || this.#onHold || this.#asking || record?.state !== 'running') return
    const started = hasStarted(record.id)
    if (type === 'Startup' ? started : !started) {
      if (type !== 'Startup') this.#schedule((probe.periodSeconds || 10) * 1000)
      return
    }
    this.#asking = true
    const asked = this.#options.env.clock.monotonic()
    try {
      const answer = await this.#ask(record)
      if (this.#record?.id === record.id && !this.#stopped && answer) this.#count(answer)
    } finally {
      this.#asking = false
      const passed = this.#options.env.clock.monotonic() - asked
      if (this.#record?.state === 'running' && !this.#onHold)
        this.#schedule(Math.max(0, (probe.periodSeconds || 10) * 1000 - passed))
    }
  }

  /** Undefined when there is no telling, even after some attempts. */
  async #ask(record: ContainerRecord): Promise<'success' | 'failure' | undefined> {
    const { type, probe, container, runtime, network, events, pod, podIp } = this.#options
    const tell = (reason: string, message: string) =>
      events.container(pod(), container.name, 'Warning', reason, `${type} probe ${message}`)
    for (let attempt = 1; ; attempt++) {
      let answer: ProbeAnswer
      try {
        answer = await runProbe(probe, {
          runtime,
          network,
          container,
          containerId: record.id,
          podIp: podIp(),
          timeoutSeconds: probe.timeoutSeconds || 1,
        })
      } catch (error) {
        if (!(error instanceof ProbeError) && !(error instanceof Error)) throw error
        if (attempt < attempts) continue
        if (!this.#stopped) tell('Unhealthy', `errored and resulted in unknown state: ${error.message}`)
        return undefined
      }
      if (this.#stopped) return undefined
      if (answer.outcome === 'failure') tell('Unhealthy', `failed: ${answer.output}`)
      if (answer.outcome === 'warning') tell('ProbeWarning', `warning: ${answer.output}`)
      return answer.outcome === 'failure' ? 'failure' : 'success'
    }
  }

  #count(answer: 'success' | 'failure'): void {
    const { type, probe, changed } = this.#options
    this.#inARow = this.#last === answer ? this.#inARow + 1 : 1
    this.#last = answer
    const threshold = answer === 'success' ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3)
    if (this.#inARow < threshold) return
    const before = this.#result
    this.#result = answer
    if (answer === 'failure' && type !== 'Readiness') {
      this.#onHold = true
      this.#inARow = 0
      this.#last = undefined
    }
    if (before !== answer) changed()
  }
}
