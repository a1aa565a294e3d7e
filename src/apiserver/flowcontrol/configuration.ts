// The configuration objects digested: which levels there are and how many seats each has, which flow schemas are tried
// in which order. Digested anew whenever an object changes; levels that are no longer wanted stay until they are empty.
//
// Every ten seconds seats are lent: what a level doesn't use goes to those that could use more, within the bounds that
// the objects set (KEP-1040).

import { compareFlowSchemas } from '../../api/flowcontrol/v1/flowschema.columns.ts'
import type { FlowSchema } from '../../api/flowcontrol/v1/flowschema.ts'
import type { PriorityLevelConfiguration } from '../../api/flowcontrol/v1/prioritylevelconfiguration.ts'
import type { Env } from '../../machinery/env/env.ts'
import { flowSchemas, priorityLevelConfigurations } from '../bootstrap/flow-control.ts'
import { allocateSeats } from './concurrency-allocation.ts'
import { type FlowControlMetrics, FlowObservers } from './metrics.ts'
import { PriorityLevel, queuingOf } from './priority-level.ts'
import type { FlowTally } from './queue-set.ts'
import { dealHand, flowHash } from './shuffle-sharding.ts'

/** Without these two no request could be placed, so they are there whether or not their objects are. */
export const mandatoryNames: readonly string[] = ['exempt', 'catch-all']

/** A stranger's flood of user names must not grow the flows of a schema for ever. */
const mostFlows = 10_000

/** A flow schema as requests are matched against it. */
export class FlowSchemaState {
  readonly object: FlowSchema
  readonly level: PriorityLevel
  readonly tally: FlowTally
  readonly observers: FlowObservers
  readonly #hands = new Map<string, readonly number[]>()

  constructor(object: FlowSchema, level: PriorityLevel, tally: FlowTally, observers: FlowObservers) {
    this.object = object
    this.level = level
    this.tally = tally
    this.observers = observers
  }

  get name(): string {
    return this.object.metadata.name!
  }

  get uid(): string {
    return this.object.metadata.uid ?? ''
  }

  distinguisher(user: string, namespace: string): string {
    const method = this.object.spec.distinguisherMethod?.type
    return method === 'ByUser' ? user : method === 'ByNamespace' ? namespace : ''
  }

  /** The queues that this flow may use. */
  hand(distinguisher: string): readonly number[] {
    let hand = this.#hands.get(distinguisher)
    if (!hand) {
      const { deck } = this.level
      if (!deck) return noHand
      hand = deck.size > 1 ? dealHand(flowHash(this.name, distinguisher), deck.size, deck.hand) : dealHand(0n, 1, 1)
      if (this.#hands.size >= mostFlows) this.#hands.clear()
      this.#hands.set(distinguisher, hand)
    }
    return hand
  }
}

const noHand: readonly number[] = []

const newTally = (): FlowTally => ({
  executing: 0,
  executingSeats: 0,
  waiting: 0,
  waitingSeats: 0,
  dispatched: 0,
  noAccommodation: 0,
})

export class FlowControlConfiguration {
  readonly #env: Env
  readonly #serverLimit: number
  readonly #metrics: FlowControlMetrics
  readonly levels = new Map<string, PriorityLevel>()
  /** In the order in which they are tried. */
  schemas: readonly FlowSchemaState[] = []
  /** What was counted of each schema in each level, for as long as the server runs. */
  readonly #tallies = new Map<string, { readonly tally: FlowTally; readonly observers: FlowObservers }>()
  #nominalSum = 0

  constructor(env: Env, serverLimit: number, metrics: FlowControlMetrics) {
    this.#env = env
    this.#serverLimit = serverLimit
    this.#metrics = metrics
    this.digest([], [])
  }

  digest(levelObjects: readonly PriorityLevelConfiguration[], schemaObjects: readonly FlowSchema[]): void {
    const now = this.#env.clock.monotonic()
    const wanted = new Set<string>()
    for (const object of levelObjects) if (this.#take(object, now)) wanted.add(object.metadata.name!)
    const usable = schemaObjects.filter(({ spec }) => wanted.has(spec.priorityLevelConfiguration.name))
    for (const level of [...this.levels.values()]) {
      if (wanted.has(level.name) || mandatoryNames.includes(level.name)) continue
      level.quiescing = true
      if (level.queues.idle) this.#drop(level)
    }
    for (const name of mandatoryNames)
      if (!this.levels.has(name))
        this.#take(priorityLevelConfigurations().find(({ metadata }) => metadata.name === name) as never, now)
    this.#setLimits(now)
    this.schemas = withMandatory(usable).map(object => this.#stateOf(object))
  }

  /** A level whose object is gone has become empty. */
  reap(level: PriorityLevel): void {
    if (!level.quiescing || !level.queues.idle) return
    this.#drop(level)
    this.#setLimits(this.#env.clock.monotonic())
  }

  /** Lends seats anew, by what was asked for since the last time. */
  adjust(): void {
    const now = this.#env.clock.monotonic()
    const limited: { level: PriorityLevel; least: number }[] = []
    let remaining = this.#nominalSum
    let lowerSum = 0
    let leastSum = 0
    for (const level of this.levels.values()) {
      const { demand } = level.queues
      demand.endPeriod(now)
      if (level.exempt) {
        level.currentLimit = Math.max(level.lowerLimit, demand.highWatermark)
        remaining -= level.currentLimit
        continue
      }
      const least = Math.max(level.lowerLimit, Math.min(level.nominalLimit, demand.highWatermark))
      level.target = Math.max(least, demand.smoothed)
      limited.push({ level, least })
      lowerSum += level.lowerLimit
      leastSum += least
    }
    let fairFraction = 0
    if (remaining <= lowerSum) for (const { level } of limited) level.currentLimit = level.lowerLimit
    else if (remaining <= leastSum) {
      const fraction = (remaining - lowerSum) / (leastSum - lowerSum)
      for (const { level, least } of limited)
        level.currentLimit = level.lowerLimit + Math.round((least - level.lowerLimit) * fraction)
    } else {
      const allocation = allocateSeats(
        this.#nominalSum,
        limited.map(({ level, least }) => ({
          lowerBound: least,
          upperBound: level.upperLimit,
          target: level.target,
        })),
      )
      if (allocation) {
        fairFraction = allocation.fairProportion
        limited.forEach(({ level }, index) => {
          level.currentLimit = Math.round(allocation.seats[index]!)
        })
      }
    }
    this.#metrics.fairFraction.with().set(fairFraction)
    for (const level of this.levels.values()) level.apply(now)
  }

  /** Writes the numbers that are kept here into the metrics. */
  collect(): void {
    const metrics = this.#metrics
    for (const level of this.levels.values()) {
      const { demand } = level.queues
      metrics.currentR.with(level.name).set(level.queues.currentR)
      metrics.nominalLimit.with(level.name).set(level.nominalLimit)
      metrics.lowerLimit.with(level.name).set(level.lowerLimit)
      metrics.upperLimit.with(level.name).set(level.upperLimit)
      metrics.currentLimit.with(level.name).set(level.currentLimit)
      metrics.demandHighWatermark.with(level.name).set(demand.highWatermark)
      metrics.demandAverage.with(level.name).set(demand.average)
      metrics.demandDeviation.with(level.name).set(demand.deviation)
      metrics.demandSmoothed.with(level.name).set(demand.smoothed)
      metrics.targetSeats.with(level.name).set(level.target)
    }
    for (const [key, { tally }] of this.#tallies) {
      if (tally.dispatched === 0 && tally.waiting === 0) continue
      const [level, schema] = key.split('\u0000') as [string, string]
      metrics.dispatched.with(level, schema).value = tally.dispatched
      metrics.executingRequests.with(level, schema).set(tally.executing)
      metrics.executingSeats.with(level, schema).set(tally.executingSeats)
      metrics.inqueueRequests.with(level, schema).set(tally.waiting)
      metrics.inqueueSeats.with(level, schema).set(tally.waitingSeats)
      if (tally.noAccommodation > 0) metrics.noAccommodation.with(level, schema).value = tally.noAccommodation
    }
  }

  /** False when the object is broken: it is then as if it were not there. */
  #take(object: PriorityLevelConfiguration, now: number): boolean {
    if (!queuingOf(object)) return false
    const known = this.levels.get(object.metadata.name!)
    if (known) {
      known.configuration = object
      known.quiescing = false
      return true
    }
    const { clock } = this.#env
    this.levels.set(
      object.metadata.name!,
      new PriorityLevel(object, {
        now,
        concurrencyLimit: 0,
        after: (milliseconds, callback) => void clock.setTimeout(() => callback(clock.monotonic()), milliseconds),
      }),
    )
    return true
  }

  #drop(level: PriorityLevel): void {
    this.levels.delete(level.name)
    const { currentR, nominalLimit, lowerLimit, upperLimit, currentLimit, ...rest } = this.#metrics
    const { demandHighWatermark, demandAverage, demandDeviation, demandSmoothed, targetSeats } = rest
    for (const family of [
      ...[currentR, nominalLimit, lowerLimit, upperLimit, currentLimit],
      ...[demandHighWatermark, demandAverage, demandDeviation, demandSmoothed, targetSeats],
    ])
      family.remove(level.name)
  }

  #setLimits(now: number): void {
    const levels = [...this.levels.values()]
    const shares = levels.reduce((sum, level) => sum + level.shares, 0)
    for (const level of levels) {
      level.setLimits(this.#serverLimit, shares)
      level.apply(now)
    }
    this.#nominalSum = levels.reduce((sum, level) => sum + level.nominalLimit, 0)
    this.adjust()
  }

  #stateOf(object: FlowSchema): FlowSchemaState {
    const level = this.levels.get(object.spec.priorityLevelConfiguration.name)!
    const key = `${level.name}\u0000${object.metadata.name}`
    let counted = this.#tallies.get(key)
    if (!counted) {
      counted = { tally: newTally(), observers: new FlowObservers(this.#metrics, level.name, object.metadata.name!) }
      this.#tallies.set(key, counted)
    }
    return new FlowSchemaState(object, level, counted.tally, counted.observers)
  }
}

/** In the order in which they are tried, with the two that must be there at the ends where they belong. */
function withMandatory(objects: readonly FlowSchema[]): FlowSchema[] {
  const present = [...objects].sort(compareFlowSchemas)
  const has = (name: string) => present.some(({ metadata }) => metadata.name === name)
  const own = (name: string) => flowSchemas('').find(({ metadata }) => metadata.name === name) as unknown as FlowSchema
  return [...(has('exempt') ? [] : [own('exempt')]), ...present, ...(has('catch-all') ? [] : [own('catch-all')])]
}
