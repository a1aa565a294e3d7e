// One informer for every resource that can be deleted, custom ones as they come and go; of each object only what tells who
// owns it is kept.

import { groupResource, type KubeObject, type ResourceDeclaration } from '../../api/resource.ts'
import { Backoff, reflectorBackoff } from '../../client/backoff.ts'
import type { Client } from '../../client/client.ts'
import { RunnableInformer } from '../../client/informer.ts'
import { causeOf } from '../../client/work-queue.ts'
import type { Env, Timer } from '../../machinery/env/env.ts'
import { discoverResources, type ServedResources } from '../served-resources.ts'
import type { Metadata, OwnershipGraph } from './graph.ts'

/** Events own nothing and are owned by nothing, and there are many. */
const ignored = new Set(['events', 'events.events.k8s.io'])
const needed = ['delete', 'list', 'watch'] as const
/** Changes of what is served come in groups. */
const settlingMs = 1000

export class Monitors {
  readonly #client: Client
  readonly #env: Env
  readonly #graph: OwnershipGraph
  readonly #failed: () => void
  readonly #informers = new Map<string, RunnableInformer<Metadata>>()
  readonly #backoff: Backoff
  readonly #stopped = new AbortController()
  #served: ServedResources | undefined
  #timer: Timer | undefined
  #refreshing: Promise<void> = Promise.resolve()

  /** `failed`: called when what there is cannot be found out. */
  constructor(client: Client, env: Env, graph: OwnershipGraph, failed: () => void) {
    this.#client = client
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
    for (const informer of [...this.#informers.values()]) await informer.synced(this.#stopped.signal)
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
    await Promise.all([...this.#informers.values()].map(informer => informer.stop()))
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
    for (const [id, informer] of this.#informers) {
      if (wanted.has(id)) continue
      this.#informers.delete(id)
      void informer.stop()
    }
    for (const [id, declaration] of wanted) {
      if (this.#informers.has(id)) continue
      const informer = new RunnableInformer<Metadata>(this.#client, this.#env, declaration, { transform: kept })
      informer.addHandler({
        added: object => this.#graph.observed(object, undefined),
        updated: (before, after) => {
          if (before.metadata.uid === after.metadata.uid) return this.#graph.observed(after, before)
          this.#graph.deleted(before)
          this.#graph.observed(after, undefined)
        },
        deleted: object => this.#graph.deleted(object),
      })
      this.#informers.set(id, informer)
      informer.start()
    }
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
