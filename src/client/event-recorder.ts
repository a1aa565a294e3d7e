// Tells people what a component did to an object: core/v1 Events, as every upstream component but the scheduler records
// them. Repeats raise the count of one Event, floods of similar ones are combined (`event-correlator.ts`), and a
// component that goes wild about one object is held back. The scheduler's events.k8s.io form is `event-series.ts`.
//
// Recording never waits and never fails its caller: events queue up, and are dropped with a log line when the server
// cannot take them.

import type { KubeObject } from '../api/resource.ts'
import type { Env } from '../machinery/env/env.ts'
import { isNotFound, statusErrorFrom } from '../machinery/status-error.ts'
import type { Client } from './client.ts'
import { type Correlated, EventCorrelator } from './event-correlator.ts'
import { EventOutbox } from './event-outbox.ts'
import { eventName, type ObjectReference, referenceTo } from './object-reference.ts'

export type { ObjectReference } from './object-reference.ts'

export type EventType = 'Normal' | 'Warning'

export interface EventRecorder {
  /** Records that this happened to the object. The reason is one UpperCamelCase word; the message is for people. */
  event(object: KubeObject | ObjectReference, type: EventType, reason: string, message: string): void
  annotatedEvent(
    object: KubeObject | ObjectReference,
    annotations: Readonly<Record<string, string>>,
    type: EventType,
    reason: string,
    message: string,
  ): void
}

export interface EventSource {
  /** Such as deployment-controller, kubelet. */
  readonly component: string
  /** The node it runs on, for components that run on nodes. */
  readonly host?: string
}

/** A core/v1 Event, as far as a recorder fills it in. */
export interface CoreEvent {
  readonly apiVersion: 'v1'
  readonly kind: 'Event'
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly involvedObject: ObjectReference
  readonly reason: string
  readonly message: string
  readonly source: EventSource
  readonly firstTimestamp: string
  readonly lastTimestamp: string
  readonly count: number
  readonly type: EventType
  readonly reportingComponent: string
  readonly reportingInstance: string
}

/** The recorder of one component. `stop` drops what has not been sent. */
export class ComponentEventRecorder implements EventRecorder {
  readonly #client: Client
  readonly #env: Env
  readonly #source: EventSource
  readonly #correlator: EventCorrelator
  readonly #outbox: EventOutbox<Recorded>

  constructor(client: Client, env: Env, source: EventSource) {
    this.#client = client
    this.#env = env
    this.#source = source
    this.#correlator = new EventCorrelator(env)
    this.#outbox = new EventOutbox(env, event => this.#deliver(event))
  }

  event(object: KubeObject | ObjectReference, type: EventType, reason: string, message: string): void {
    this.annotatedEvent(object, {}, type, reason, message)
  }

  annotatedEvent(
    object: KubeObject | ObjectReference,
    annotations: Readonly<Record<string, string>>,
    type: EventType,
    reason: string,
    message: string,
  ): void {
    const involvedObject = referenceTo(object)
    const now = new Date(this.#env.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
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
      reportingComponent: this.#source.component,
      reportingInstance: this.#source.host ?? '',
    }
    this.#outbox.put({ event })
  }

  /** Resolves when everything recorded so far is written or given up. */
  flushed(): Promise<void> {
    return this.#outbox.flushed()
  }

  stop(): Promise<void> {
    return this.#outbox.stop()
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
      name: stored.metadata.name,
      count: stored.count,
      firstTimestamp: stored.firstTimestamp,
    })
  }

  #create(event: CoreEvent): Promise<CoreEvent> {
    return this.#request('POST', event.metadata.namespace, '', 'application/json', event)
  }

  async #patchOrCreate(event: CoreEvent, patch: object): Promise<CoreEvent> {
    const { namespace, name } = event.metadata
    try {
      return await this.#request('PATCH', namespace, `/${name}`, 'application/strategic-merge-patch+json', patch)
    } catch (error) {
      // Events expire after an hour; the next occurrence starts a new one.
      if (!isNotFound(error)) throw error
      return this.#create(event)
    }
  }

  async #request(
    method: 'POST' | 'PATCH',
    namespace: string,
    name: string,
    contentType: string,
    body: object,
  ): Promise<CoreEvent> {
    const response = await this.#client.transport.request({
      method,
      path: `/api/v1/namespaces/${namespace}/events${name}`,
      headers: { 'content-type': contentType },
      body,
    })
    if (response.status >= 300) throw statusErrorFrom(response.body as object)
    return response.body as CoreEvent
  }
}

/** An event and, once it has been compared with the ones before, what to do about it: decided once, however often sent. */
interface Recorded {
  readonly event: CoreEvent
  correlated?: Correlated
}
