// Events in the events.k8s.io/v1 form, as the scheduler records them: an action, a related object, and a series in place
// of a count. The same again within six minutes starts a series; a series is written when it starts, every 30 minutes
// while it goes on, and when it has ended (client-go's tools/events).

import type { ObjectReference } from '../api/core/v1/reference.ts'
import { type Event, events } from '../api/events/v1/event.ts'
import type { Env, Timer } from '../machinery/env/env.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { formatMicroTime } from '../machinery/time.ts'
import type { Client, ResourceClient } from './client.ts'
import { EventOutbox } from './event-outbox.ts'
import type { EventType } from './event-recorder.ts'
import { eventName, type Referable, referenceTo } from './object-reference.ts'

const finishAfterMs = 6 * 60_000
const refreshEveryMs = 30 * 60_000
const longestNote = 1024

export interface SeriesEventRecorder {
  /**
   * Records that the component did `action` to `regarding` (and `related`), and why. The note is for people; what is
   * above 1024 bytes of it is cut off.
   */
  eventf(
    regarding: Referable,
    related: Referable | undefined,
    type: EventType,
    reason: string,
    action: string,
    note: string,
  ): void
}

export interface ReportingController {
  /** Such as default-scheduler. */
  readonly name: string
  /** Which process of it: `<name>-<host>` upstream. */
  readonly instance: string
}

/** An Event as this recorder makes it. */
type SeriesEvent = Pick<Event, 'eventTime' | 'series' | 'regarding' | 'related'> & {
  metadata: { name: string; namespace: string }
  reportingController: string
  reportingInstance: string
  action: string
  reason: string
  note: string
  type: string
}

interface Remembered {
  readonly event: SeriesEvent
  /** When it was seen last, and how often. */
  last: number
  count: number
}

export class ComponentSeriesEventRecorder implements SeriesEventRecorder {
  readonly #events: ResourceClient<Event>
  readonly #env: Env
  readonly #reporting: ReportingController
  readonly #remembered = new Map<string, Remembered>()
  readonly #outbox: EventOutbox<SeriesEvent>
  #finishing: Timer | undefined
  #refreshing: Timer | undefined
  #stopped = false

  constructor(client: Client, env: Env, reporting: ReportingController) {
    this.#events = client.resource(events)
    this.#env = env
    this.#reporting = reporting
    this.#outbox = new EventOutbox(env, event => this.#deliver(event), {
      inFlight: 64,
      longestQueue: 10_000,
      keyOf: event => event.metadata.name,
    })
  }

  eventf(
    regarding: Referable,
    related: Referable | undefined,
    type: EventType,
    reason: string,
    action: string,
    note: string,
  ): void {
    if (this.#stopped) return
    const about = referenceTo(regarding)
    const relatedTo = related && referenceTo(related)
    const now = this.#env.clock.now()
    const key = keyOf(type, action, reason, about, relatedTo)
    const before = this.#remembered.get(key)
    if (before) {
      before.count++
      before.last = now
      // The second time starts the series; from then on it is only counted, and written now and then.
      if (before.count === 2) this.#outbox.put(withSeries(before))
      return
    }
    const event: SeriesEvent = {
      metadata: { name: eventName(about.name ?? '', this.#env), namespace: about.namespace || 'default' },
      eventTime: formatMicroTime(now),
      reportingController: this.#reporting.name,
      reportingInstance: this.#reporting.instance,
      action,
      reason,
      regarding: about,
      ...(relatedTo && { related: relatedTo }),
      note: cut(note),
      type,
    }
    this.#remembered.set(key, { event, last: now, count: 1 })
    this.#finishing ??= this.#env.clock.setInterval(() => this.#finish(), finishAfterMs)
    this.#refreshing ??= this.#env.clock.setInterval(() => this.#refresh(), refreshEveryMs)
    this.#outbox.put(event)
  }

  flushed(): Promise<void> {
    return this.#outbox.flushed()
  }

  stop(): void {
    this.#stopped = true
    this.#cancelTimers()
    this.#outbox.stop()
  }

  #finish(): void {
    const longAgo = this.#env.clock.now() - finishAfterMs
    for (const [key, remembered] of this.#remembered) {
      if (remembered.last >= longAgo) continue
      if (remembered.count > 1) this.#outbox.put(withSeries(remembered))
      this.#remembered.delete(key)
    }
    if (this.#remembered.size === 0) this.#cancelTimers()
  }

  #refresh(): void {
    for (const remembered of this.#remembered.values())
      if (remembered.count > 1) this.#outbox.put(withSeries(remembered))
  }

  #cancelTimers(): void {
    this.#finishing?.cancel()
    this.#refreshing?.cancel()
    this.#finishing = this.#refreshing = undefined
  }

  async #deliver(event: SeriesEvent): Promise<void> {
    const { namespace, name } = event.metadata
    const inNamespace = this.#events.namespace(namespace)
    if (event.series) {
      try {
        await inNamespace.patch(name, 'application/strategic-merge-patch+json', { series: event.series })
        return
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }
    await inNamespace.create(event)
  }
}

function withSeries({ event, count, last }: Remembered): SeriesEvent {
  return { ...event, series: { count, lastObservedTime: formatMicroTime(last) } }
}

function keyOf(
  type: string,
  action: string,
  reason: string,
  regarding: ObjectReference,
  related: ObjectReference | undefined,
): string {
  return JSON.stringify([type, action, reason, ...parts(regarding), ...(related ? parts(related) : [])])
}

function parts(of: ObjectReference): (string | undefined)[] {
  return [of.apiVersion, of.kind, of.namespace, of.name, of.uid, of.resourceVersion, of.fieldPath]
}

function cut(note: string): string {
  const bytes = Buffer.from(note)
  if (bytes.length <= longestNote) return note
  // Not in the middle of a character.
  return bytes
    .subarray(0, longestNote - 3)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')
    .concat('...')
}
