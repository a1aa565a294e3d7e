// What a controller has written and its cache may not show yet. To decide by a cache that lacks one's own last word is to
// say it twice: a Job that counted a pod would miss the pod again. So the resourceVersions of what a reconcile writes are
// noted for its key, and the key waits until the informers have come that far.
//
// Upstream: the consistency stores of the DaemonSet, Job, ReplicaSet and StatefulSet controllers (KEP-5647).

import type { ResourceDeclaration } from '../api/resource.ts'
import { groupResource } from '../api/resource.ts'
import type { Client, ResourceClient } from './client.ts'
import { metadataOf } from './object-key.ts'

type Resource = ResourceDeclaration<any>

/** The cache is behind; the reconcile is tried again. */
export class StaleCacheError extends Error {
  readonly resource: Resource

  constructor(resource: Resource, read: string, written: string) {
    super(
      `read version: ${read} is not as new as written version: ${written} for group resource ${groupResource(resource)}`,
    )
    this.resource = resource
  }
}

export class OwnWrites {
  readonly #versionOf: (resource: Resource) => string | undefined
  readonly #written = new Map<string, Map<Resource, string>>()

  /** `versionOf`: the resourceVersion that the cache of the resource is true of; undefined of what is not cached. */
  constructor(versionOf: (resource: Resource) => string | undefined) {
    this.#versionOf = versionOf
  }

  /** Throws `StaleCacheError` while a cache lacks what was written for the key. */
  ensureRead(key: string): void {
    const written = this.#written.get(key)
    if (!written) return
    for (const [resource, version] of written) {
      const read = this.#versionOf(resource)
      if (read && isOlder(read, version)) throw new StaleCacheError(resource, read, version)
    }
    this.#written.delete(key)
  }

  /** The client, noting for the key what is written through it. */
  noting(key: string, client: Client): Client {
    return {
      transport: client.transport,
      resource: declaration => {
        const resource = client.resource(declaration)
        if (this.#versionOf(declaration) === undefined) return resource
        return noted(resource, object => this.#note(key, declaration, metadataOf(object).resourceVersion))
      },
    }
  }

  #note(key: string, resource: Resource, version: string | undefined): void {
    if (!version) return
    let written = this.#written.get(key)
    if (!written) {
      written = new Map()
      this.#written.set(key, written)
    }
    const before = written.get(resource)
    if (before === undefined || isOlder(before, version)) written.set(resource, version)
  }
}

function noted<T>(resource: ResourceClient<T>, note: (object: T) => void): ResourceClient<T> {
  const noting = async (write: Promise<T>): Promise<T> => {
    const object = await write
    note(object)
    return object
  }
  return {
    namespace: namespace => noted(resource.namespace(namespace), note),
    get: (name, options) => resource.get(name, options),
    list: options => resource.list(options),
    watch: (options, stream) => resource.watch(options, stream),
    create: (object, options) => noting(resource.create(object, options)),
    update: (object, options) => noting(resource.update(object, options)),
    updateStatus: (object, options) => noting(resource.updateStatus(object, options)),
    patch: (name, type, patch, options) => noting(resource.patch(name, type, patch, options)),
    delete: (name, options) => resource.delete(name, options),
    deleteCollection: options => resource.deleteCollection(options),
    createSubresource: (name, subresource, body, options) =>
      resource.createSubresource(name, subresource, body, options),
    getSubresource: (name, subresource) => resource.getSubresource(name, subresource),
    updateSubresource: (name, subresource, body, options) =>
      resource.updateSubresource(name, subresource, body, options),
  }
}

/** Decimal numbers without leading zeros. */
const isOlder = (one: string, other: string): boolean =>
  one.length === other.length ? one < other : one.length < other.length
