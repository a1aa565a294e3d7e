// API priority and fairness: how many requests run at once, and whose turn it is when that is too many.
//
// Comes in: an authenticated request, and the objects PriorityLevelConfiguration and FlowSchema. The first flow schema
// (by precedence) that matches the request says its priority level and its flow. Goes out: the request runs, at once in
// the turn it came in when its level has seats free; or it waits its turn in the level's queues (`queue-set.ts`); or it
// is turned away with a 429. `configuration.ts` digests the objects, `configuration-objects.ts` follows and maintains
// them.
//
// Callers in this process with the rights of system:masters are not seen here at all: they are exempt anyway.

import type { PolicyRulesWithSubjects } from '../../api/flowcontrol/v1/flowschema.ts'
import type { Env, Timer } from '../../machinery/env/env.ts'
import type { MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import type { RequestContext, Response } from '../request.ts'
import { systemPrivilegedGroup, type UserInfo } from '../user.ts'
import { FlowControlConfiguration, type FlowSchemaState } from './configuration.ts'
import { matchesRules, rulesFor } from './flow-schema-rules.ts'
import { Inflight } from './inflight.ts'
import { flowControlMetrics } from './metrics.ts'
import type { LevelRequest } from './queue-set.ts'
import { WatchTracker } from './watch-tracker.ts'
import { type EstimatorSources, estimateWork } from './work-estimate.ts'

export interface FlowControlOptions {
  readonly env: Env
  readonly metrics: MetricsRegistry
  /** Upstream's --max-requests-inflight and --max-mutating-requests-inflight, together. */
  readonly concurrencyLimit: number
  objects: EstimatorSources['objects']
}

/** How often seats are lent anew. */
const adjustmentPeriod = 10_000
/** Nobody waits longer for a turn. */
const longestWait = 60_000

/** A request's place in flow control, from its match to its end. */
export interface FlowPass {
  readonly schema: FlowSchemaState
  /** undefined once it was turned away. */
  readonly request: LevelRequest | undefined
  /** Milliseconds spent waiting for its turn. */
  waited: number
  forgetWatch: (() => void) | undefined
}

/** The flow schemas that may be about a user's requests, in order, with the rules that are left to ask. */
type Candidates = readonly { readonly schema: FlowSchemaState; readonly rules: readonly PolicyRulesWithSubjects[] }[]

const componentGroups: ReadonlySet<string> = new Set([
  systemPrivilegedGroup,
  'system:serviceaccounts:kube-system',
  'system:nodes',
])
const componentUsers: ReadonlySet<string> = new Set(['system:kube-scheduler', 'system:kube-proxy'])

/** The components of this very process have limits of their own, and no other load to hide behind. */
const isComponent = ({ name, groups }: UserInfo): boolean =>
  componentUsers.has(name) || groups.some(group => componentGroups.has(group))

export class FlowControl {
  readonly configuration: FlowControlConfiguration
  readonly #env: Env
  readonly #inflight: Inflight
  readonly #watches = new WatchTracker()
  readonly #sources: EstimatorSources
  /** By user value: authenticators hand out the same one for the same credential. */
  #candidates = new WeakMap<UserInfo, Candidates>()
  #adjustment: Timer | undefined

  constructor(options: FlowControlOptions) {
    this.#env = options.env
    this.#inflight = new Inflight(options.metrics, () => options.env.clock.monotonic())
    this.configuration = new FlowControlConfiguration(
      options.env,
      options.concurrencyLimit,
      flowControlMetrics(options.metrics),
    )
    this.#sources = {
      objects: options.objects,
      interestedWatches: request => this.#watches.interestedIn(request.info),
    }
    options.metrics.onCollect(() => this.configuration.collect())
  }

  start(): void {
    this.#adjustment = this.#env.clock.setInterval(() => this.configuration.adjust(), adjustmentPeriod)
  }

  stop(): void {
    this.#adjustment?.cancel()
  }

  /** The objects have changed. */
  configure(...objects: Parameters<FlowControlConfiguration['digest']>): void {
    this.configuration.digest(...objects)
    this.#candidates = new WeakMap()
  }

  /** Lets the request in (undefined), after a wait if need be, or turns it away. `request.flow` is then set. */
  admit(request: RequestContext): undefined | Response | Promise<Response | undefined> {
    if (request.direct && isComponent(request.user)) return undefined
    if (request.longRunning && request.info.verb !== 'watch') return undefined
    const now = this.#env.clock.monotonic()
    const schema = this.#match(request)
    const { level } = schema
    const distinguisher = level.deck ? schema.distinguisher(request.user.name, request.info.namespace) : ''
    const estimate = estimateWork(request, this.#sources, level.mostSeats)
    const { observers } = schema
    observers.seats.observe(Math.max(estimate.initialSeats, estimate.finalSeats))
    const admitted = level.queues.start(estimate, schema.tally, schema.hand(distinguisher), now, request)
    const pass: FlowPass = { schema, request: admitted, waited: 0, forgetWatch: undefined }
    request.flow = pass
    if (!admitted) {
      observers.rejected(level.deck ? 'queue-full' : 'concurrency-limit')
      if (!level.exempt) observers.waitedInVain().observe(0)
      return this.#tooMany(schema)
    }
    if (admitted.queue) observers.queueLength.observe(admitted.queue.waiting.size)
    if (admitted.state === 'executing') {
      if (!level.exempt) observers.waited.observe(0)
      this.#begin(request, pass, now)
      return undefined
    }
    return this.#wait(request, pass, admitted)
  }

  /** The request is over, or, for a watch, has begun. */
  finish(request: RequestContext): void {
    const pass = request.flow
    if (pass?.request?.state !== 'executing') return
    const now = this.#env.clock.monotonic()
    this.#inflight.executing(request.info, -1, now)
    const { schema } = pass
    const seconds = (now - pass.request.startedAt) / 1000
    if (request.info.verb === 'watch') schema.observers.watchStarted().observe(seconds)
    else schema.observers.executed.observe(seconds)
    schema.level.queues.finish(pass.request, now)
    if (schema.level.quiescing) this.configuration.reap(schema.level)
  }

  #begin(request: RequestContext, pass: FlowPass, now: number): void {
    this.#inflight.executing(request.info, 1, now)
    if (request.info.verb === 'watch') pass.forgetWatch = this.#watches.register(request)
  }

  #wait(request: RequestContext, pass: FlowPass, waiting: LevelRequest): Promise<Response | undefined> {
    const { clock } = this.#env
    const { schema } = pass
    const { queues } = schema.level
    const since = waiting.arrivedAt
    this.#inflight.waiting(request.info, 1, since)
    const limit = Math.min(request.timeoutMilliseconds / 4, longestWait) - (since - request.startedAt)
    return new Promise(resolve => {
      const giveUp = () => {
        if (!queues.cancel(waiting, clock.monotonic())) return
        leave()
        schema.observers.rejected('time-out')
        schema.observers.waitedInVain().observe((clock.monotonic() - since) / 1000)
        if (schema.level.quiescing) this.configuration.reap(schema.level)
        resolve(this.#tooMany(schema))
      }
      const timer = clock.setTimeout(giveUp, Math.max(0, limit))
      request.signal?.addEventListener('abort', giveUp, { once: true })
      const leave = () => {
        this.#inflight.waiting(request.info, -1, clock.monotonic())
        timer.cancel()
        request.signal?.removeEventListener('abort', giveUp)
      }
      waiting.onExecute = now => {
        leave()
        pass.waited = now - since
        schema.observers.waited.observe(pass.waited / 1000)
        this.#begin(request, pass, now)
        resolve(undefined)
      }
    })
  }

  #match({ user, info }: RequestContext): FlowSchemaState {
    let candidates = this.#candidates.get(user)
    if (!candidates) {
      candidates = this.configuration.schemas
        .map(schema => ({ schema, rules: rulesFor(schema.object, user) }))
        .filter(({ rules }) => rules.length > 0)
      this.#candidates.set(user, candidates)
    }
    for (const { schema, rules } of candidates) if (matchesRules(rules, info)) return schema
    return this.configuration.schemas.find(({ name }) => name === 'catch-all')!
  }

  #tooMany({ level }: FlowSchemaState): Response {
    level.dropped.record(Math.floor(this.#env.clock.now() / 1000))
    return {
      status: 429,
      contentType: 'text/plain; charset=utf-8',
      headers: { 'retry-after': String(level.dropped.retryAfterSeconds), 'x-content-type-options': 'nosniff' },
      body: Buffer.from('Too many requests, please try again later.\n'),
    }
  }
}
