// Where the objects of one resource live: its keys, its watch cache, its writes.
//
// One storage serves every version of a resource (and both groups of events): objects are kept in one version and
// converted at the door. Writes are compared on the mod revision, and answered after they are durable.

import type { KubeObject, ResourceDeclaration } from '../../api/resource.ts'
import type { KeyValue, Store, TransactionResult } from '../../etcd/store.ts'
import { internalError } from '../../machinery/status-error.ts'
import { encodeForStore, StoredObject } from '../watchcache/stored-object.ts'
import { WatchCache } from '../watchcache/watch-cache.ts'

export type WriteResult =
  | { readonly committed: true; readonly stored: StoredObject }
  | { readonly committed: false; readonly current: StoredObject | undefined }

export class ResourceStorage {
  readonly store: Store
  readonly cache: WatchCache
  /** The version objects are stored in. */
  readonly declaration: ResourceDeclaration
  readonly #prefix: string

  constructor(store: Store, declaration: ResourceDeclaration) {
    this.store = store
    this.declaration = declaration
    const { group, resource, custom } = declaration
    this.#prefix = `/registry/${custom ? `${group}/${resource}` : storagePath(declaration)}/`
    this.cache = new WatchCache(store, this.#prefix)
  }

  get prefix(): string {
    return this.#prefix
  }

  key(namespace: string, name: string): string {
    return this.declaration.namespaced ? `${this.#prefix}${namespace}/${name}` : this.#prefix + name
  }

  /** Where the keys of one namespace (or, with '', all of them) begin. */
  keyPrefix(namespace: string): string {
    return this.declaration.namespaced && namespace !== '' ? `${this.#prefix}${namespace}/` : this.#prefix
  }

  get(namespace: string, name: string): StoredObject | undefined {
    return this.cache.get(this.key(namespace, name))
  }

  /** Writes the object if the key still stands at `expected` (0: does not exist). The object belongs to the cache afterwards. */
  async put(key: string, object: KubeObject, expected: number, lease?: number): Promise<WriteResult> {
    const value = encodeForStore(object)
    const fresh = this.cache.remember(value, object)
    let result: TransactionResult
    try {
      result = await this.store.txn({ type: 'put', key, value, lease }, { modRevision: expected })
    } finally {
      this.cache.forget(value)
    }
    if (!result.committed) return { committed: false, current: expected === 0 ? undefined : currentOf(result.current) }
    if (fresh.stored) return { committed: true, stored: fresh.stored }
    const cached = this.cache.get(key)
    if (cached?.revision === result.revision) return { committed: true, stored: cached }
    // The store has told of other bytes (it encrypts), and a later write has already taken its place.
    return { committed: true, stored: StoredObject.fromStore(key, result.revision, value, object) }
  }

  async delete(key: string, expected: number): Promise<WriteResult> {
    const before = this.cache.get(key)
    const result = await this.store.txn({ type: 'delete', key }, { modRevision: expected })
    if (!result.committed) return { committed: false, current: currentOf(result.current) }
    return { committed: true, stored: before!.atRevision(result.revision) }
  }
}

function currentOf(item: KeyValue | undefined) {
  if (item?.unreadable) throw internalError(item.unreadable)
  return item && StoredObject.fromStore(item.key, item.modRevision, item.value)
}

/** Upstream's places below /registry that don't follow from the resource's name. */
const historicPaths: Record<string, string> = {
  nodes: 'minions',
  services: 'services/specs',
  endpoints: 'services/endpoints',
  replicationcontrollers: 'controllers',
  'leases.coordination.k8s.io': 'leases',
  'ingresses.networking.k8s.io': 'ingress',
  'networkpolicies.networking.k8s.io': 'networkpolicies',
}

/** Groups whose resources stand under their bare name; every other group's stand under the group's. */
const bareGroups = new Set([
  '',
  'apps',
  'batch',
  'autoscaling',
  'policy',
  'networking.k8s.io',
  'storage.k8s.io',
  'scheduling.k8s.io',
  'rbac.authorization.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'node.k8s.io',
  'certificates.k8s.io',
  'admissionregistration.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'resource.k8s.io',
])

export function storagePath(of: { readonly group: string; readonly resource: string }): string {
  const name = of.group === '' ? of.resource : `${of.resource}.${of.group}`
  const historic = historicPaths[name]
  if (historic) return historic
  return bareGroups.has(of.group) ? of.resource : `${of.group}/${of.resource}`
}
