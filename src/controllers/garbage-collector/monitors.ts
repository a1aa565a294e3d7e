// One informer for every resource that can be deleted, custom ones as they come and go. What other controllers watch is
// watched once for all; of the other resources' objects only what tells who owns them is kept.

import { groupResource, type KubeObject, type ResourceDeclaration } from '../../api/resource.ts'
import { Backoff, reflectorBackoff } from '../../client/backoff.ts'
import type { Client } from '../../client/client.ts'
import { type Informer, type InformerFactory, type InformerHandler, RunnableInformer } from '../../client/informer.ts'
import { causeOf } from '../../client/work-queue.ts'
import type { Env, Timer } from '../../machinery/env/env.ts'
import { discoverResources, type ServedResources } from '../served-resources.ts'
import type { Metadata, OwnershipGraph } from './graph.ts'

/** Events own nothing and are owned by nothing, and there are many. */
const ignored = new Set(['events', 'events.events.k8s.io'])
const needed = ['delete', 'list', 'watch'] as const
/** Changes of what is served come in groups. */
const settlingMs = 1000

interface Monitor {
  readonly informer: Informer<Metadata>
  stop(): Promise<void>
}

export class Monitors {
  readonly #client: Client
  readonly #shared: InformerFactory
  readonly #env: Env
  readonly #graph: OwnershipGraph
  readonly #failed: () => void
  readonly #monitors = new Map<string, Monitor>()
  readonly #backoff: Backoff
  readonly #stopped = new AbortController()
  #served: ServedResources | undefined
  #timer: Timer | undefined
  #refreshing: Promise<void> = Promise.resolve()

  /** `failed`: called when what there is cannot be found out. */
  constructor(client: Client, shared: InformerFactory, env: Env, graph: OwnershipGraph, failed: () => void) {
    this.#client = client
    this.#shared = shared
    this.#env = env
    this.#graph = graph
    this.#failed = failed
    this.#backoff = new Backoff(reflectorBackoff, env)
  }

  /** The resource of that kind, if it is served. */
  resourceOf(apiVersion: string, kind: string): ResourceDeclaration | undefined {
    return this.#served?.ofKind(apiVersion, kind)
  }

  /** Asks the server what it serves and watches all of it; resolves when everything that is there is in the graph. */
  async start(): Promise<void> {
    await this.#refresh()
    for (const { informer } of [...this.#monitors.values()]) await informer.synced(this.#stopped.signal)
  }

  /** What is served has changed. */
  changed(): void {
    if (this.#stopped.signal.aborted || this.#timer) return
    this.#timer = this.#env.clock.setTimeout(() => {
      this.#timer = undefined
      this.#refreshing = this.#refresh()
    }, settlingMs)
  }

  async stop(): Promise<void> {
    this.#stopped.abort(new Error('the garbage collector was stopped'))
    this.#timer?.cancel()
    await this.#refreshing
    await Promise.all([...this.#monitors.values()].map(monitor => monitor.stop()))
  }

  async #refresh(): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      try {
        const served = await discoverResources(this.#client)
        if (!signal.aborted) this.#follow(served)
        return
      } catch (error) {
        this.#failed()
        this.#env.log.warn('cannot discover which resources there are', { error: causeOf(error) })
      }
      await this.#env.clock.sleep(this.#backoff.next(), signal).catch(() => {})
    }
  }

  #follow(served: ServedResources): void {
    this.#served = served
    this.#backoff.reset()
    const wanted = new Map(
      served.preferred
        .filter(of => !ignored.has(groupResource(of)) && needed.every(verb => of.verbs.includes(verb)))
        .map(of => [`${groupResource(of)}/${of.version}`, of]),
    )
    for (const [id, monitor] of this.#monitors) {
      if (wanted.has(id)) continue
      this.#monitors.delete(id)
      void monitor.stop()
    }
    for (const [id, declaration] of wanted)
      if (!this.#monitors.has(id)) this.#monitors.set(id, this.#monitor(declaration))
  }

  #monitor(declaration: ResourceDeclaration): Monitor {
    const graph = this.#graph
    const handler: InformerHandler<Metadata> = {
      added: object => graph.observed(object, undefined),
      updated(before, after) {
        if (before.metadata.uid === after.metadata.uid) return graph.observed(after, before)
        graph.deleted(before)
        graph.observed(after, undefined)
      },
      deleted: object => graph.deleted(object),
    }
    const shared = this.#shared.find(declaration as ResourceDeclaration<any>)
    if (shared) {
      const registration = shared.addHandler(handler)
      return { informer: shared, stop: async () => registration.remove() }
    }
    const informer = new RunnableInformer<Metadata>(this.#client, this.#env, declaration, { transform: kept })
    informer.addHandler(handler)
    informer.start()
    return { informer, stop: () => informer.stop() }
  }
}

function kept(object: Metadata): Metadata {
  const { apiVersion, kind, metadata } = object as KubeObject
  const { name, namespace, uid, resourceVersion, ownerReferences, finalizers, deletionTimestamp } = metadata as any
  return {
    apiVersion: apiVersion!,
    kind: kind!,
    metadata: { name, namespace, uid, resourceVersion, ownerReferences, finalizers, deletionTimestamp },
  }
}
