// Tells people what a component did to an object: core/v1 Events, as every upstream component but the scheduler records
// them. Repeats raise the count of one Event, floods of similar ones are combined (`event-correlator.ts`), and a
// component that goes wild about one object is held back. The scheduler's events.k8s.io form is `event-series.ts`.
//
// Recording never waits and never fails its caller: events queue up, and are dropped with a log line when the server
// cannot take them.

import { type Event, type EventSource, events } from '../api/core/v1/event.ts'
import type { Env } from '../machinery/env/env.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { formatTime } from '../machinery/time.ts'
import type { Client, ResourceClient } from './client.ts'
import { type Correlated, EventCorrelator } from './event-correlator.ts'
import { EventOutbox } from './event-outbox.ts'
import { eventName, type Referable, referenceTo } from './object-reference.ts'

export type EventType = 'Normal' | 'Warning'

/** Who records: the component, and its node if it runs on one. */
export type { EventSource } from '../api/core/v1/event.ts'

export interface EventRecorder {
  /** Records that this happened to the object. The reason is one UpperCamelCase word; the message is for people. */
  event(object: Referable, type: EventType, reason: string, message: string): void
  annotatedEvent(
    object: Referable,
    annotations: Readonly<Record<string, string>>,
    type: EventType,
    reason: string,
    message: string,
  ): void
}

/** An Event as a recorder makes it: everything but what only the server or the newer form knows. */
export type CoreEvent = Omit<Event, 'eventTime'> & {
  metadata: { name: string; namespace: string }
  message: string
  count: number
}

/** The recorder of one component. `stop` drops what has not been sent. */
export class ComponentEventRecorder implements EventRecorder {
  readonly #events: ResourceClient<Event>
  readonly #env: Env
  readonly #source: EventSource
  readonly #correlator: EventCorrelator
  readonly #outbox: EventOutbox<Recorded>

  constructor(client: Client, env: Env, source: EventSource) {
    this.#events = client.resource(events)
    this.#env = env
    this.#source = source
    this.#correlator = new EventCorrelator(env)
    this.#outbox = new EventOutbox(env, event => this.#deliver(event))
  }

  event(object: Referable, type: EventType, reason: string, message: string): void {
    this.annotatedEvent(object, {}, type, reason, message)
  }

  annotatedEvent(
    object: Referable,
    annotations: Readonly<Record<string, string>>,
    type: EventType,
    reason: string,
    message: string,
  ): void {
    const involvedObject = referenceTo(object)
    const now = formatTime(this.#env.clock.now())
    const event: CoreEvent = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        name: eventName(involvedObject.name ?? '', this.#env),
        namespace: involvedObject.namespace || 'default',
        ...(Object.keys(annotations).length > 0 && { annotations }),
      },
      involvedObject,
      reason,
      message,
      source: this.#source,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      type,
      reportingComponent: this.#source.component ?? '',
      reportingInstance: this.#source.host ?? '',
    }
    this.#outbox.put({ event })
  }

  /** Resolves when everything recorded so far is written or given up. */
  flushed(): Promise<void> {
    return this.#outbox.flushed()
  }

  stop(): void {
    this.#outbox.stop()
  }

  async #deliver(recorded: Recorded): Promise<void> {
    recorded.correlated ??= this.#correlator.correlate(recorded.event)
    const { correlated } = recorded
    if (correlated.action === 'skip') return
    const stored =
      correlated.action === 'create'
        ? await this.#create(correlated.event)
        : await this.#patchOrCreate(correlated.event, correlated.patch)
    this.#correlator.observed(correlated.key, {
      name: stored.metadata.name ?? correlated.event.metadata.name,
      count: stored.count ?? correlated.event.count,
      firstTimestamp: stored.firstTimestamp,
    })
  }

  #create(event: CoreEvent): Promise<Event> {
    return this.#events.namespace(event.metadata.namespace).create(event)
  }

  async #patchOrCreate(event: CoreEvent, patch: object): Promise<Event> {
    const { namespace, name } = event.metadata
    try {
      return await this.#events.namespace(namespace).patch(name, 'application/strategic-merge-patch+json', patch)
    } catch (error) {
      // Events expire after an hour; the next occurrence starts a new one.
      if (!isNotFound(error)) throw error
      return this.#create(event)
    }
  }
}

/** An event and, once it has been compared with the ones before, what to do about it: decided once, however often sent. */
interface Recorded {
  readonly event: CoreEvent
  correlated?: Correlated
}
