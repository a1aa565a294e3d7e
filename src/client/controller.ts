// A controller: which kinds it watches, and a function that makes one object right. Declared as a value:
//
//     export const replicaSetController = controller({
//       name: 'replicaset-controller', reconciles: replicaSets, owns: [pods], concurrency: 5,
//       async reconcile(key, { client, lister, clock, events }) { … },
//     })
//
// Comes in: the declaration and a `ControllerEnvironment`. Goes out: a running controller. Its queue holds keys
// (`namespace/name`) of what it reconciles: every change of such an object adds its key, every change of something it
// owns adds the owner's, and `watches` says what else adds which. `reconcile` may be called at any time, any number of
// times, and never twice at once for one key; what it throws is logged and tried again with backoff.

import type { OwnerReference } from '../api/meta/v1/objectmeta.ts'
import type { ResourceDeclaration } from '../api/resource.ts'
import { apiVersionOf } from '../api/resource.ts'
import type { Clock, Env, Logger, Random } from '../machinery/env/env.ts'
import { type Counter, type Family, MetricsRegistry } from '../machinery/metrics/metrics.ts'
import { Backoff, reflectorBackoff } from './backoff.ts'
import type { Client } from './client.ts'
import type { EventRecorder } from './event-recorder.ts'
import type { Indexer, Lister } from './indexed-store.ts'
import type { Change, HandlerRegistration, Informer, InformerFactory, InformerHandler } from './informer.ts'
import { keyFor, keyOf, metadataOf, type Named } from './object-key.ts'
import { OwnWrites, StaleCacheError } from './own-writes.ts'
import { causeOf, processQueue, type RateLimiter, type ReconcileResult, WorkQueue } from './work-queue.ts'
import type { QueueMetrics } from './work-queue-metrics.ts'

/** What a controller gets from whoever runs it. Controllers of one process share the informers. */
export interface ControllerEnvironment {
  readonly client: Client
  readonly informers: InformerFactory
  readonly events: EventRecorder
  readonly env: Env
  /** For what the controller itself counts; nobody reads it when absent. */
  readonly metrics?: MetricsRegistry
  /** Counts what happens to the controller's queue. */
  readonly queueMetrics?: QueueMetrics
  /** How many keys at a time, in place of what the declaration says. */
  readonly concurrency?: number
}

/** What a reconcile has at hand. */
export interface ReconcileContext {
  readonly client: Client
  /** The local copy of a resource that the controller reconciles, owns or watches. Others throw. */
  lister<T>(resource: ResourceDeclaration<T>): Lister<T>
  readonly events: EventRecorder
  readonly env: Env
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly queue: WorkQueue<string>
  /** Declare families on it in `state`, once. */
  readonly metrics: MetricsRegistry
  /** Aborted when the controller stops, which waits for every reconcile: what may take long ends with it. */
  readonly signal: AbortSignal
}

/** Another resource whose changes matter, and to which keys. */
export interface WatchDeclaration<T = any, State = unknown> {
  readonly resource: ResourceDeclaration<T>
  /** Only these objects of it are watched; all when absent. */
  readonly fieldSelector?: string
  readonly indexers?: Readonly<Record<string, Indexer<T>>>
  /** The keys to reconcile when something has happened to the object. */
  keys?(change: Change<T>, context: ControllerContext<State>): Iterable<string>
  /** In place of `keys`, or beside it: whatever the controller wants to know of each change. Runs before `keys`. */
  handler?(context: ControllerContext<State>): InformerHandler<T>
}

/** The context, and what the controller keeps for itself while it runs (expectations, …). */
export interface ControllerContext<State = unknown> extends ReconcileContext {
  readonly state: State
}

export interface ControllerDeclaration<T = any, State = unknown> {
  /** Upstream's name for it: deployment-controller, replicaset-controller, … */
  readonly name: string
  readonly reconciles: ResourceDeclaration<T>
  /** Only these objects of it are known to the controller; all when absent. */
  readonly fieldSelector?: string
  /** Kinds whose controlling ownerReference leads to a key. */
  readonly owns?: readonly ResourceDeclaration<any>[]
  readonly watches?: readonly WatchDeclaration<any, State>[]
  /** How many keys at a time. 1 when absent. */
  readonly concurrency?: number
  readonly indexers?: Readonly<Record<string, Indexer<T>>>
  /** Which changes of the reconciled kind add its key; all when absent. A resync has the same object twice. */
  filter?(change: Change<T>): boolean
  /** Made anew for each run. */
  state?(context: ReconcileContext): State
  rateLimiter?(clock: Clock): RateLimiter<string>
  /** A key waits until the caches show what its last reconcile has written. */
  readonly awaitsOwnWrites?: boolean
  /** Counts how often it had to. */
  readonly staleSyncSkips?: { readonly name: string; readonly help: string }
  /** Called once, when the caches have synced, before the first reconcile. */
  started?(context: ControllerContext<State>): Promise<void> | void
  reconcile(
    key: string,
    context: ControllerContext<State>,
  ): Promise<ReconcileResult | undefined> | Promise<void> | ReconcileResult | undefined | void
}

export interface RunningController {
  readonly name: string
  readonly queue: WorkQueue<string>
  /** Takes nothing new, and resolves when what is being reconciled is done. */
  stop(): Promise<void>
}

export interface Controller {
  readonly name: string
  start(environment: ControllerEnvironment): RunningController
}

/** The declaration, ready to run. */
export function controller<T, State = undefined>(declaration: ControllerDeclaration<T, State>): Controller {
  return { name: declaration.name, start: environment => new ControllerRun(declaration, environment) }
}

/** Several resources' watch, typed: `watch(pods, { keys: … })`. */
export function watch<T, State = unknown>(
  resource: ResourceDeclaration<T>,
  rest: Omit<WatchDeclaration<T, State>, 'resource'>,
): WatchDeclaration<T, State> {
  return { resource, ...rest }
}

class ControllerRun<T, State> implements RunningController {
  readonly name: string
  readonly queue: WorkQueue<string>
  readonly #declaration: ControllerDeclaration<T, State>
  readonly #concurrency: number
  readonly #informers = new Map<ResourceDeclaration<any>, Informer<any>>()
  readonly #registrations: HandlerRegistration[] = []
  readonly #abort = new AbortController()
  readonly #context: ControllerContext<State>
  readonly #running: Promise<void>

  constructor(declaration: ControllerDeclaration<T, State>, environment: ControllerEnvironment) {
    const { client, informers, events, env } = environment
    this.#declaration = declaration
    this.#concurrency = environment.concurrency ?? declaration.concurrency ?? 1
    this.name = declaration.name
    const log = env.log.child({ controller: declaration.name })
    this.queue = new WorkQueue<string>(env, {
      rateLimiter: declaration.rateLimiter?.(env.clock),
      metrics: environment.queueMetrics,
    })
    const reconcileContext: ReconcileContext = {
      client,
      lister: resource => this.#informerOf(resource).lister,
      events,
      env: { ...env, log },
      clock: env.clock,
      random: env.random,
      log,
      queue: this.queue,
      metrics: environment.metrics ?? new MetricsRegistry(),
      signal: this.#abort.signal,
    }
    const { reconciles, owns = [], watches = [], indexers, fieldSelector } = declaration
    this.#informers.set(reconciles, informers.informer(reconciles, { indexers, fieldSelector }))
    for (const resource of owns) this.#informers.set(resource, informers.informer(resource))
    for (const watched of watches)
      this.#informers.set(
        watched.resource,
        informers.informer(watched.resource, { indexers: watched.indexers, fieldSelector: watched.fieldSelector }),
      )
    this.#context = { ...reconcileContext, state: declaration.state?.(reconcileContext) as State }

    // Watches come first: their handlers note what was expected before a key is added because of it.
    for (const watched of watches) this.#watch(watched)
    for (const resource of owns) this.#own(resource)
    this.#handle(reconciles, { changed: change => this.#changed(change) })
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error('controller stopped'))
    for (const registration of this.#registrations) registration.remove()
    this.queue.shutDown()
    await this.#running
  }

  async #run(): Promise<void> {
    try {
      for (const informer of this.#informers.values()) await informer.synced(this.#abort.signal)
    } catch {
      return
    }
    const { awaitsOwnWrites, reconcile, staleSyncSkips } = this.#declaration
    const skips = staleSyncSkips && this.#skipCounter(staleSyncSkips)
    const writes = awaitsOwnWrites
      ? new OwnWrites(resource => this.#informers.get(resource)?.resourceVersion)
      : undefined
    await this.#start()
    await processQueue(this.queue, {
      concurrency: this.#concurrency,
      log: this.#context.log,
      // A stopped controller leaves what still waits to its successor.
      reconcile: async key => {
        if (this.#abort.signal.aborted) return undefined
        try {
          writes?.ensureRead(key)
        } catch (error) {
          if (error instanceof StaleCacheError) skips?.with(error.resource.group, error.resource.resource).inc()
          throw error
        }
        const context = writes ? { ...this.#context, client: writes.noting(key, this.#context.client) } : this.#context
        return (await reconcile.call(this.#declaration, key, context)) ?? undefined
      },
    })
  }

  #skipCounter({ name, help }: { readonly name: string; readonly help: string }): Family<Counter> {
    return this.#context.metrics.counter({ name, stability: 'ALPHA', help, labels: ['group', 'resource'] })
  }

  /** Calls `started` until it succeeds: what it does may need a server that is not there yet. */
  async #start(): Promise<void> {
    const { started } = this.#declaration
    if (!started) return
    const { clock, log } = this.#context
    const backoff = new Backoff(reflectorBackoff, this.#context)
    while (!this.#abort.signal.aborted) {
      try {
        return await started.call(this.#declaration, this.#context)
      } catch (error) {
        log.warn('Failed to start; trying again', { error: causeOf(error) })
      }
      await clock.sleep(backoff.next(), this.#abort.signal).catch(() => {})
    }
  }

  #informerOf<U>(resource: ResourceDeclaration<U>): Informer<U> {
    const informer = this.#informers.get(resource)
    if (!informer) throw new Error(`${this.name} does not watch ${resource.resource}`)
    return informer
  }

  #handle<U>(resource: ResourceDeclaration<U>, handler: InformerHandler<U>): void {
    this.#registrations.push(this.#informerOf(resource).addHandler(handler))
  }

  #changed(change: Change<T>): void {
    const { filter } = this.#declaration
    if (filter && !filter.call(this.#declaration, change)) return
    this.queue.add(keyOf((change.after ?? change.before) as Named))
  }

  #own(resource: ResourceDeclaration<any>): void {
    this.#handle(resource, {
      changed: ({ before, after }) => {
        if (after) this.#addOwner(after)
        if (before && before !== after) this.#addOwner(before)
      },
    })
  }

  #addOwner(object: unknown): void {
    const key = controllerKey(object, this.#declaration.reconciles)
    if (key !== undefined) this.queue.add(key)
  }

  #watch(watched: WatchDeclaration<any, State>): void {
    if (watched.handler) this.#handle(watched.resource, watched.handler(this.#context))
    if (!watched.keys) return
    this.#handle(watched.resource, {
      changed: change => {
        for (const key of watched.keys!(change, this.#context)) this.queue.add(key)
      },
    })
  }
}

/** The owner that manages the object, if it has one. */
export function controllerOf(object: unknown): OwnerReference | undefined {
  const owners: OwnerReference[] | undefined = metadataOf(object)['ownerReferences']
  return owners?.find(owner => owner.controller)
}

/** The key of the object's controller, if that is of this kind (in any version of its group). */
export function controllerKey(object: unknown, kind: ResourceDeclaration<any>): string | undefined {
  const owner = controllerOf(object)
  if (!owner || owner.kind !== kind.kind || groupOf(owner.apiVersion) !== kind.group) return undefined
  return keyFor(kind.namespaced ? metadataOf(object).namespace : undefined, owner.name)
}

/** The ownerReference by which `owner` manages what it creates. */
export function controllerReference(owner: unknown, kind: ResourceDeclaration<any>): OwnerReference {
  const { name = '', uid = '' } = metadataOf(owner)
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, name, uid, controller: true, blockOwnerDeletion: true }
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? '' : apiVersion.slice(0, slash)
}
