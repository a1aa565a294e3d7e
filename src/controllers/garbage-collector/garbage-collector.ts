// Deletes what has lost its last owner, and carries out the three ways in which an owner may go: its dependents after it
// (background), before it (foreground), or not at all (orphan).
//
// Comes in: every object of every resource (`monitors.ts`), as a graph of who owns whom (`graph.ts`). Goes out: deletions,
// owner references taken away, finalizers removed. Before anything is deleted the server itself is asked, with the uid:
// a cache that lags can delay a deletion, but not cause one.

import { customResourceDefinitions } from '../../api/apiextensions/v1/customresourcedefinition.ts'
import { apiServices } from '../../api/apiregistration/v1/apiservice.ts'
import type { OwnerReference } from '../../api/meta/v1/objectmeta.ts'
import type { KubeObject, ResourceDeclaration } from '../../api/resource.ts'
import type { ResourceClient } from '../../client/client.ts'
import { processQueue, WorkQueue } from '../../client/work-queue.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { isConflict, isNotFound, isUnsupportedMediaType } from '../../machinery/status-error.ts'
import type { ManagedController, ManagerEnvironment } from '../managed-controller.ts'
import {
  foregroundFinalizer,
  type Identity,
  isHeldBy,
  type Metadata,
  type Node,
  OwnershipGraph,
  orphanFinalizer,
} from './graph.ts'
import { Monitors } from './monitors.ts'

const defaultConcurrency = 20
const finalizerRetries = 5

export const garbageCollector: ManagedController = {
  name: 'garbage-collector-controller',
  alias: 'garbagecollector',
  serviceAccount: 'generic-garbage-collector',
  eventSource: 'garbage-collector-controller',
  start: environment => new GarbageCollector(environment),
}

type Policy = 'Orphan' | 'Background' | 'Foreground'

/** The references of an object by what their owners are up to. */
interface Classified {
  readonly solid: readonly OwnerReference[]
  readonly dangling: readonly OwnerReference[]
  readonly waitingForDependents: readonly OwnerReference[]
}

class GarbageCollector {
  readonly #environment: ManagerEnvironment
  readonly #graph: OwnershipGraph
  readonly #monitors: Monitors
  readonly #toDelete: WorkQueue<Node>
  readonly #toOrphan: WorkQueue<Node>
  readonly #running: Promise<void>
  #stopped = false

  constructor(environment: ManagerEnvironment) {
    const env = { ...environment.env, log: environment.env.log.child({ controller: garbageCollector.name }) }
    this.#environment = { ...environment, env }
    const errors = environment.metrics
      .counter({
        name: 'garbagecollector_controller_resources_sync_error_total',
        stability: 'ALPHA',
        help: 'Number of garbage collector resources sync errors',
      })
      .with()
    const queue = (name: string) => new WorkQueue<Node>(env, { metrics: environment.workQueues?.queue<Node>(name) })
    this.#toDelete = queue('garbage_collector_attempt_to_delete')
    this.#toOrphan = queue('garbage_collector_attempt_to_orphan')
    this.#graph = new OwnershipGraph({
      attemptToDelete: node => this.#toDelete.add(node),
      attemptToOrphan: node => this.#toOrphan.add(node),
      invalidNamespace: (node, owner) => this.#reportNamespace(node, owner),
    })
    this.#monitors = new Monitors(environment.client, environment.informers, env, this.#graph, () => errors.inc())
    for (const resource of [customResourceDefinitions, apiServices] as readonly ResourceDeclaration[])
      environment.informers.informer(resource).addHandler({
        added: (_, initial) => initial || this.#monitors.changed(),
        updated: () => this.#monitors.changed(),
        deleted: () => this.#monitors.changed(),
      })
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#toDelete.shutDown()
    this.#toOrphan.shutDown()
    await this.#monitors.stop()
    await this.#running
  }

  /** Nothing is decided before the whole graph is known. */
  async #run(): Promise<void> {
    const { concurrency = defaultConcurrency } = this.#environment
    const { log } = this.#environment.env
    try {
      await this.#monitors.start()
    } catch {
      return
    }
    const skipped = async () => undefined
    await Promise.all([
      processQueue(this.#toDelete, {
        concurrency,
        log,
        reconcile: node => (this.#stopped ? skipped() : this.#attemptToDelete(node)),
      }),
      processQueue(this.#toOrphan, {
        concurrency,
        log,
        reconcile: node => (this.#stopped ? skipped() : this.#attemptToOrphan(node)),
      }),
    ])
  }

  async #attemptToDelete(node: Node): Promise<void> {
    // One that was never seen may have been found, replaced or given up meanwhile.
    if (!node.observed && this.#graph.get(node.identity.uid) !== node) return
    if (node.beingDeleted && !node.deletingDependents) return
    const { identity } = node
    const live = await this.#live(identity)
    if (!live || live.metadata.uid !== identity.uid) return this.#graph.virtualDeletion(identity)
    if (node.deletingDependents) return this.#deleteDependents(node)
    const references = live.metadata.ownerReferences ?? []
    if (references.length > 0) await this.#decide(node, live, references)
    // It exists, but no informer has shown it: look again, since nothing else will tell when it goes.
    if (!node.observed) this.#toDelete.addRateLimited(node)
  }

  async #decide(node: Node, live: Metadata, references: readonly OwnerReference[]): Promise<void> {
    const classified = await this.#classify(node, references)
    if (!classified) return
    const { solid, dangling, waitingForDependents } = classified
    if (solid.length > 0) {
      const leaving = [...dangling, ...waitingForDependents].map(({ uid }) => uid)
      if (leaving.length > 0) await this.#removeOwners(node.identity, live, leaving)
      return
    }
    if (waitingForDependents.length > 0 && node.dependents.size > 0) {
      // Owners that wait for each other in a circle would wait for ever.
      if ([...node.dependents].some(dependent => dependent.deletingDependents)) await this.#unblock(node.identity, live)
      return this.#delete(node.identity, live, 'Foreground')
    }
    await this.#delete(node.identity, live, policyOf(live))
  }

  /** Undefined when it makes no sense to ask again: something without a namespace cannot be owned by something in one. */
  async #classify(node: Node, references: readonly OwnerReference[]): Promise<Classified | undefined> {
    const solid: OwnerReference[] = []
    const dangling: OwnerReference[] = []
    const waitingForDependents: OwnerReference[] = []
    for (const reference of references) {
      const { apiVersion, kind, name, uid } = reference
      const { namespace } = node.identity
      const inNamespace = { apiVersion, kind, namespace, name, uid }
      const everywhere = { ...inNamespace, namespace: '' }
      if (this.#graph.isAbsent(inNamespace) || this.#graph.isAbsent(everywhere)) {
        dangling.push(reference)
        continue
      }
      const { namespaced } = this.#resourceOf(inNamespace)
      if (namespaced && namespace === '') {
        this.#environment.env.log.info('a cluster-scoped object names an owner in a namespace', {
          object: node.identity,
          owner: reference,
        })
        return undefined
      }
      const identity = namespaced ? inNamespace : everywhere
      const owner = await this.#live(identity)
      if (!owner || owner.metadata.uid !== uid) {
        this.#graph.addAbsent(identity)
        dangling.push(reference)
      } else if (isHeldBy(owner, foregroundFinalizer)) waitingForDependents.push(reference)
      else solid.push(reference)
    }
    return { solid, dangling, waitingForDependents }
  }

  /** Foreground: the owner goes when none of the dependents that block it is left. */
  async #deleteDependents(node: Node): Promise<void> {
    const { uid } = node.identity
    const blocking = [...node.dependents].filter(({ owners }) =>
      owners.some(owner => owner.uid === uid && owner.blockOwnerDeletion),
    )
    if (blocking.length === 0) return this.#removeFinalizer(node.identity, foregroundFinalizer)
    for (const dependent of blocking) if (!dependent.deletingDependents) this.#toDelete.add(dependent)
  }

  async #attemptToOrphan(node: Node): Promise<void> {
    const { identity } = node
    await Promise.all(
      [...node.dependents].map(async ({ identity: dependent }) => {
        const live = await this.#live(dependent)
        if (live?.metadata.uid === dependent.uid) await this.#removeOwners(dependent, live, [identity.uid])
      }),
    )
    await this.#removeFinalizer(identity, orphanFinalizer)
  }

  #removeOwners(identity: Identity, live: Metadata, uids: readonly string[]): Promise<void> {
    return this.#patchOwners(identity, live, owners => owners.filter(({ uid }) => !uids.includes(uid)), {
      ownerReferences: uids.map(uid => ({ $patch: 'delete', uid })),
    })
  }

  #unblock(identity: Identity, live: Metadata): Promise<void> {
    const unblocked = (owners: readonly OwnerReference[]) =>
      owners.map(owner => ({ ...owner, blockOwnerDeletion: false }))
    const blocking = (live.metadata.ownerReferences ?? []).filter(({ blockOwnerDeletion }) => blockOwnerDeletion)
    return this.#patchOwners(identity, live, unblocked, { ownerReferences: unblocked(blocking) })
  }

  /** In the form that changes nothing else, where the resource has one; as a whole list, at its version, otherwise. */
  async #patchOwners(
    identity: Identity,
    live: Metadata,
    change: (owners: readonly OwnerReference[]) => readonly OwnerReference[],
    strategic?: { readonly ownerReferences: readonly object[] },
  ): Promise<void> {
    const client = this.#clientOf(identity)
    const { uid, resourceVersion, ownerReferences = [] } = live.metadata
    const changed = change(ownerReferences)
    try {
      await client.patch(identity.name, 'application/strategic-merge-patch+json', {
        metadata: { uid, ...(strategic ?? { ownerReferences: changed }) },
      })
    } catch (error) {
      if (isNotFound(error)) return
      if (!isUnsupportedMediaType(error)) throw error
      await client.patch(identity.name, 'application/merge-patch+json', {
        metadata: { uid, resourceVersion, ownerReferences: changed },
      })
    }
  }

  async #delete(identity: Identity, live: Metadata, propagationPolicy: Policy): Promise<void> {
    const { name, uid } = identity
    const { resourceVersion, ownerReferences } = live.metadata
    const client = this.#clientOf(identity)
    try {
      await client.delete(name, { propagationPolicy, preconditions: { uid, resourceVersion } })
    } catch (error) {
      if (isNotFound(error)) return this.#graph.virtualDeletion(identity)
      if (!isConflict(error)) throw error
      // What has changed meanwhile matters only if it is whose the object is.
      const now = await this.#live(identity)
      if (!now) return this.#graph.virtualDeletion(identity)
      if (now.metadata.uid !== uid || !deepEqual(now.metadata.ownerReferences, ownerReferences)) throw error
      await client.delete(name, { propagationPolicy, preconditions: { uid } }).catch((cause: unknown) => {
        if (!isNotFound(cause)) throw cause
        this.#graph.virtualDeletion(identity)
      })
    }
  }

  async #removeFinalizer(identity: Identity, finalizer: string): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const live = await this.#live(identity)
      const finalizers = live?.metadata.finalizers ?? []
      if (!live || live.metadata.uid !== identity.uid || !finalizers.includes(finalizer)) return
      try {
        await this.#clientOf(identity).patch(identity.name, 'application/merge-patch+json', {
          metadata: {
            resourceVersion: live.metadata.resourceVersion,
            finalizers: finalizers.filter(other => other !== finalizer),
          },
        })
        return
      } catch (error) {
        if (isNotFound(error)) return
        if (!isConflict(error) || attempt >= finalizerRetries) throw error
      }
    }
  }

  /** As the server has it now. */
  async #live(identity: Identity): Promise<Metadata | undefined> {
    try {
      return (await this.#clientOf(identity).get(identity.name)) as unknown as Metadata
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  #clientOf(identity: Identity): ResourceClient<KubeObject> {
    const declaration = this.#resourceOf(identity)
    return this.#environment.client
      .resource<KubeObject>(declaration)
      .namespace(declaration.namespaced ? identity.namespace : undefined)
  }

  #resourceOf({ apiVersion, kind }: Identity): ResourceDeclaration {
    const declaration = this.#monitors.resourceOf(apiVersion, kind)
    // Its definition may come yet: until then nothing can be known of it, and nothing be deleted because of it.
    if (!declaration)
      throw new Error(`no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`)
    return declaration
  }

  #reportNamespace({ identity }: Node, { apiVersion, kind, name, uid }: OwnerReference): void {
    const { namespace } = identity
    const owner = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`
    this.#environment.events.event(
      { ...identity },
      'Warning',
      'OwnerRefInvalidNamespace',
      `ownerRef ${owner} does not exist in namespace ${JSON.stringify(namespace)}`,
    )
  }
}

/** What its finalizers ask for; its dependents are their own affair otherwise. */
function policyOf({ metadata }: Metadata): Policy {
  if (metadata.finalizers?.includes(orphanFinalizer)) return 'Orphan'
  return metadata.finalizers?.includes(foregroundFinalizer) ? 'Foreground' : 'Background'
}
