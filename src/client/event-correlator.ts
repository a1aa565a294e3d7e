// Keeps Events few: the same again raises a count, more than ten similar ones in ten minutes become one combined Event,
// and a source that writes about one object more than 25 times in a row is held to one every five minutes. The rules
// and numbers are client-go's (tools/record/events_cache).

import type { Clock, Env } from '../machinery/env/env.ts'
import type { CoreEvent } from './event-recorder.ts'
import { eventName } from './object-reference.ts'
import { TokenBucket } from './token-bucket.ts'

const cacheSize = 4096
const mostSimilar = 10
const similarWithinMs = 600_000
const spamBurst = 25
const spamPerSecond = 1 / 300

/** What is to be done about an event: nothing, create it, or patch the one that stands for it. */
export type Correlated =
  | { readonly action: 'skip' }
  | { readonly action: 'create'; readonly event: CoreEvent; readonly key: string }
  | { readonly action: 'patch'; readonly event: CoreEvent; readonly key: string; readonly patch: object }

interface Observation {
  readonly name: string
  readonly count: number
  readonly firstTimestamp: string
}

export class EventCorrelator {
  readonly #env: Pick<Env, 'clock' | 'random'>
  readonly #observed = new LeastRecentlyUsed<Observation>(cacheSize)
  readonly #similar = new LeastRecentlyUsed<{ messages: Set<string>; last: number }>(cacheSize)
  readonly #buckets = new LeastRecentlyUsed<TokenBucket>(cacheSize)

  constructor(env: Pick<Env, 'clock' | 'random'>) {
    this.#env = env
  }

  correlate(incoming: CoreEvent): Correlated {
    const source = keyOfSource(incoming)
    const { event, key } = this.#combine(incoming, source)
    const before = this.#observed.peek(key)
    const counted: CoreEvent = before
      ? {
          ...event,
          metadata: { ...event.metadata, name: before.name },
          firstTimestamp: before.firstTimestamp,
          count: before.count + 1,
        }
      : event
    this.#observed.set(key, {
      name: counted.metadata.name,
      count: counted.count,
      firstTimestamp: counted.firstTimestamp,
    })
    if (!this.#mayPass(source)) return { action: 'skip' }
    if (!before) return { action: 'create', event: counted, key }
    const { count, lastTimestamp, message } = counted
    return { action: 'patch', event: counted, key, patch: { count, lastTimestamp, message } }
  }

  /** Takes over what the server made of the event. */
  observed(key: string, stored: { name: string; count: number; firstTimestamp: string }): void {
    this.#observed.set(key, stored)
  }

  #combine(event: CoreEvent, source: string): { event: CoreEvent; key: string } {
    const now = this.#env.clock.now()
    const aggregateKey = keyOfSimilar(event, source)
    let record = this.#similar.peek(aggregateKey)
    if (!record || now - record.last > similarWithinMs) record = { messages: new Set(), last: now }
    record.messages.add(event.message)
    record.last = now
    this.#similar.set(aggregateKey, record)
    if (record.messages.size < mostSimilar) return { event, key: keyOfSame(event, source) }
    // Keep room for one more, so that the set does not grow with the flood.
    for (const message of record.messages) {
      record.messages.delete(message)
      break
    }
    return {
      event: {
        ...event,
        metadata: {
          name: eventName(event.involvedObject.name ?? '', this.#env),
          namespace: event.metadata.namespace,
        },
        message: `(combined from similar events): ${event.message}`,
        count: 1,
      },
      key: aggregateKey,
    }
  }

  #mayPass(source: string): boolean {
    const bucket =
      this.#buckets.peek(source) ??
      new TokenBucket(this.#env.clock as Clock, { perSecond: spamPerSecond, burst: spamBurst })
    this.#buckets.set(source, bucket)
    return bucket.tryTake()
  }
}

function keyOfSource({ source, involvedObject: object }: CoreEvent): string {
  const { component = '', host = '' } = source
  const { kind = '', namespace = '', name = '', uid = '', apiVersion = '' } = object
  return `${component}\0${host}\0${kind}\0${namespace}\0${name}\0${uid}\0${apiVersion}`
}

function keyOfSimilar({ type, reason, reportingComponent, reportingInstance }: CoreEvent, source: string): string {
  return `${source}\0${type ?? ''}\0${reason ?? ''}\0${reportingComponent ?? ''}\0${reportingInstance ?? ''}`
}

function keyOfSame({ involvedObject, type, reason, message }: CoreEvent, source: string): string {
  return `${source}\0${involvedObject.fieldPath ?? ''}\0${type ?? ''}\0${reason ?? ''}\0${message}`
}

/** A map that forgets what has not been set for longest. */
class LeastRecentlyUsed<V> {
  readonly #size: number
  readonly #entries = new Map<string, V>()

  constructor(size: number) {
    this.#size = size
  }

  /** Does not count as asking: `set` follows. */
  peek(key: string): V | undefined {
    return this.#entries.get(key)
  }

  set(key: string, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#size) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      return
    }
  }
}
