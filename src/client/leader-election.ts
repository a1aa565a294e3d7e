// Which of several like processes does the work: the one that holds a Lease and keeps renewing it. The others take it
// over when it has not been renewed for its duration, by their own clock since they last saw it change: clocks need not
// agree, only run at about the same speed. Timings are upstream's.

import { type Lease, leases } from '../api/coordination/v1/lease.ts'
import type { Env } from '../machinery/env/env.ts'
import { errorText } from '../machinery/error-text.ts'
import type { Counter, Family, Gauge, MetricsRegistry } from '../machinery/metrics/metrics.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { formatMicroTime } from '../machinery/time.ts'
import type { Client, ResourceClient } from './client.ts'
import type { EventRecorder } from './event-recorder.ts'

export interface LeaderElectionOptions {
  readonly client: Client
  readonly env: Env
  /** The Lease: kube-system/kube-scheduler, … */
  readonly namespace: string
  readonly name: string
  /** Unlike any other process's: `<host>_<uuid>` upstream. */
  readonly identity: string
  readonly events?: EventRecorder
  readonly leaseDurationMs?: number
  /** A leader that has failed to renew for this long gives up. Shorter than the lease's duration. */
  readonly renewDeadlineMs?: number
  readonly retryPeriodMs?: number
  readonly metrics?: LeaderElectionMetrics
  /** Give the lease back when the signal ends it, so that the next need not wait. */
  readonly releaseOnStop?: boolean
  /** Called when this process has become the leader. The signal is aborted when it no longer is. */
  lead(signal: AbortSignal): void
  /** Called when it no longer leads; also when it never did and is stopped. */
  stopped?(): void
  newLeader?(identity: string): void
}

const jitterFactor = 1.2

/** Whether this process leads, under client-go's names; one for all elections that it takes part in. */
export class LeaderElectionMetrics {
  readonly #leads: Family<Gauge>
  readonly #slow: Family<Counter>

  constructor(registry: MetricsRegistry) {
    const labels = ['name']
    this.#leads = registry.gauge({
      name: 'leader_election_master_status',
      stability: 'ALPHA',
      help: "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. 'name' is the string used to identify the lease. Please make sure to group by name.",
      labels,
    })
    this.#slow = registry.counter({
      name: 'leader_election_slowpath_total',
      stability: 'ALPHA',
      help: "Total number of slow path exercised in renewing leader leases. 'name' is the string used to identify the lease. Please make sure to group by name.",
      labels,
    })
  }

  leads(name: string, leads: boolean): void {
    this.#leads.with(name).set(leads ? 1 : 0)
  }

  /** The lease had to be read, or written a second time. */
  slow(name: string): void {
    this.#slow.with(name).inc()
  }
}

export class LeaderElection {
  readonly #options: LeaderElectionOptions
  readonly #leases: ResourceClient<Lease>
  readonly #durationMs: number
  readonly #renewDeadlineMs: number
  readonly #retryPeriodMs: number
  /** The lease as seen last, and when that changed by our clock. */
  #observed: Lease | undefined
  #observedAt = 0
  #reported: string | undefined

  constructor(options: LeaderElectionOptions) {
    this.#options = options
    this.#leases = options.client.resource(leases).namespace(options.namespace)
    this.#durationMs = options.leaseDurationMs ?? 15_000
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000
    this.#retryPeriodMs = options.retryPeriodMs ?? 2000
    if (this.#durationMs <= this.#renewDeadlineMs)
      throw new RangeError('leaseDuration must be greater than renewDeadline')
    if (this.#renewDeadlineMs <= jitterFactor * this.#retryPeriodMs)
      throw new RangeError('renewDeadline must be greater than retryPeriod*JitterFactor')
    options.metrics?.leads(options.name, false)
  }

  get isLeader(): boolean {
    return this.#observed?.spec.holderIdentity === this.#options.identity
  }

  /** Who leads, as far as is known. */
  get leader(): string | undefined {
    return this.#observed?.spec.holderIdentity || undefined
  }

  /** What is wrong when it leads, and has not renewed for this long after it should have ended; else undefined. */
  problem(toleranceMs: number): string | undefined {
    if (!this.isLeader) return undefined
    const since = this.#options.env.clock.monotonic() - this.#observedAt
    if (since <= this.#durationMs + toleranceMs) return undefined
    return `failed election to renew leadership on lease ${this.#options.name}`
  }

  /** Waits for the lease, leads, and resolves when the lease is lost or the signal aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { env, name, metrics, releaseOnStop, stopped } = this.#options
    const leading = new AbortController()
    try {
      if (!(await this.#acquire(signal))) return
      metrics?.leads(name, true)
      this.#record('became leader')
      this.#options.lead(leading.signal)
      await this.#renew(signal)
      metrics?.leads(name, false)
      this.#record('stopped leading')
      if (releaseOnStop && this.isLeader) {
        const released = this.#release().then(
          () => true,
          error => {
            env.log.warn('Failed to release lease', { error: errorText(error) })
            return false
          },
        )
        await this.#within(this.#renewDeadlineMs, leading.signal, released)
      }
    } finally {
      leading.abort(new Error('leader election lost'))
      stopped?.call(this.#options)
    }
  }

  async #acquire(signal: AbortSignal): Promise<boolean> {
    const { clock, random } = this.#options.env
    while (!signal.aborted) {
      if (await this.#within(this.#renewDeadlineMs, signal, this.#tryAcquireOrRenew())) return true
      await clock.sleep(this.#retryPeriodMs * (1 + random.next() * jitterFactor), signal).catch(() => {})
    }
    return false
  }

  /** Renews until that has failed for the whole deadline, or the signal says stop. */
  async #renew(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options.env
    let renewed = clock.monotonic()
    while (!signal.aborted) {
      await clock.sleep(this.#retryPeriodMs, signal).catch(() => {})
      if (signal.aborted) return
      const left = this.#renewDeadlineMs - (clock.monotonic() - renewed)
      if (left > 0 && (await this.#within(left, signal, this.#tryAcquireOrRenew()))) {
        renewed = clock.monotonic()
        continue
      }
      if (clock.monotonic() - renewed < this.#renewDeadlineMs) continue
      log.error('Failed to renew lease', { lease: this.#options.name })
      return
    }
  }

  /** The attempt's outcome, or false when it takes longer than this: a server that does not answer renews nothing. */
  #within(milliseconds: number, signal: AbortSignal, attempt: Promise<boolean>): Promise<boolean> {
    return new Promise(resolve => {
      const timer = this.#options.env.clock.setTimeout(() => finish(false), milliseconds)
      const onAbort = () => finish(false)
      const finish = (outcome: boolean) => {
        timer.cancel()
        signal.removeEventListener('abort', onAbort)
        resolve(outcome)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      void attempt.then(finish)
    })
  }

  async #tryAcquireOrRenew(): Promise<boolean> {
    const { env, identity, name, namespace, metrics } = this.#options
    try {
      const now = env.clock.now()
      // The leader need not look first: its update fails if anybody else has written.
      if (this.isLeader && this.#isValid()) {
        try {
          this.#observe(await this.#leases.update(this.#held(this.#observed!, now)))
          return true
        } catch (error) {
          env.log.debug('Failed to update lease optimistically', { error: errorText(error) })
        }
      }
      let lease: Lease
      try {
        lease = await this.#leases.get(name)
      } catch (error) {
        if (!isNotFound(error)) throw error
        const time = formatMicroTime(now)
        this.#observe(
          await this.#leases.create({
            metadata: { name, namespace },
            spec: {
              holderIdentity: identity,
              leaseDurationSeconds: this.#durationMs / 1000,
              acquireTime: time,
              renewTime: time,
              leaseTransitions: 0,
            },
          }),
        )
        return true
      }
      this.#observe(lease)
      if (lease.spec.holderIdentity && !this.isLeader && this.#isValid()) return false
      if (this.isLeader) metrics?.slow(name)
      this.#observe(await this.#leases.update(this.#held(lease, now)))
      return true
    } catch (error) {
      env.log.warn('Error retrieving or updating lease', { lease: name, error: errorText(error) })
      return false
    }
  }

  /** The lease as it is when we hold it from now on. */
  #held(lease: Lease, now: number): Lease {
    const time = formatMicroTime(now)
    const mine = lease.spec.holderIdentity === this.#options.identity
    return {
      ...lease,
      spec: {
        ...lease.spec,
        holderIdentity: this.#options.identity,
        leaseDurationSeconds: this.#durationMs / 1000,
        renewTime: time,
        acquireTime: mine ? lease.spec.acquireTime : time,
        leaseTransitions: (lease.spec.leaseTransitions ?? 0) + (mine ? 0 : 1),
      },
    }
  }

  async #release(): Promise<void> {
    const lease = this.#observed!
    const time = formatMicroTime(this.#options.env.clock.now())
    this.#observe(
      await this.#leases.update({
        ...lease,
        spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: time, acquireTime: time },
      }),
    )
  }

  #isValid(): boolean {
    const duration = (this.#observed?.spec.leaseDurationSeconds ?? 0) * 1000
    return this.#observedAt + duration > this.#options.env.clock.monotonic()
  }

  #observe(lease: Lease): void {
    if (this.#observed?.metadata.resourceVersion !== lease.metadata.resourceVersion)
      this.#observedAt = this.#options.env.clock.monotonic()
    this.#observed = lease
    const holder = lease.spec.holderIdentity
    if (!holder || holder === this.#reported) return
    this.#reported = holder
    this.#options.newLeader?.(holder)
  }

  #record(what: string): void {
    const { env, events, identity, namespace, name } = this.#options
    env.log.info(`Leader election: ${what}`, { lease: `${namespace}/${name}`, identity })
    events?.event(
      this.#observed ?? { kind: 'Lease', apiVersion: 'coordination.k8s.io/v1', namespace, name },
      'Normal',
      'LeaderElection',
      `${identity} ${what}`,
    )
  }
}
