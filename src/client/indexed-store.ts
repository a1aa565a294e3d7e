// The objects an informer knows, by key and by index. Reading is synchronous and never waits for the server.

import { metadataOf } from './object-key.ts'

/** What others may do with the store: read. The objects are shared: never change one. */
export interface Lister<T> {
  /** By `namespace/name`, or `name` for what has no namespace. */
  get(key: string): T | undefined
  list(): readonly T[]
  listNamespace(namespace: string): readonly T[]
  /** The objects that the index files under this value. Throws when there is no such index. */
  byIndex(index: string, value: string): readonly T[]
  /** The values that the index has objects for. */
  indexValues(index: string): readonly string[]
  keys(): readonly string[]
  readonly size: number
}

/** The values an object is filed under. */
export type Indexer<T> = (object: T) => readonly string[]

export const namespaceIndex = 'namespace'
export const ownerIndex = 'owner'

/** By namespace; every informer has it. */
export const byNamespace: Indexer<any> = object => {
  const namespace = metadataOf(object).namespace
  return namespace ? [namespace] : []
}

/** By the uid of the controlling owner. */
export const byControllerUid: Indexer<any> = object => {
  for (const owner of metadataOf(object)['ownerReferences'] ?? []) if (owner.controller) return [owner.uid]
  return []
}

interface Index<T> {
  readonly values: Indexer<T>
  /** Made when the index is first asked for: of the many there are, few are in most clusters. */
  buckets: Map<string, Map<string, T>> | undefined
}

const nothing: readonly never[] = []

export class IndexedStore<T> implements Lister<T> {
  readonly #objects = new Map<string, T>()
  readonly #indexes = new Map<string, Index<T>>()

  constructor(indexers: Readonly<Record<string, Indexer<T>>> = {}) {
    this.addIndex(namespaceIndex, byNamespace)
    for (const [name, values] of Object.entries(indexers)) this.addIndex(name, values)
  }

  get size(): number {
    return this.#objects.size
  }

  get(key: string): T | undefined {
    return this.#objects.get(key)
  }

  list(): readonly T[] {
    return [...this.#objects.values()]
  }

  keys(): readonly string[] {
    return [...this.#objects.keys()]
  }

  listNamespace(namespace: string): readonly T[] {
    return this.byIndex(namespaceIndex, namespace)
  }

  byIndex(name: string, value: string): readonly T[] {
    const bucket = this.#buckets(name).get(value)
    return bucket ? [...bucket.values()] : nothing
  }

  indexValues(name: string): readonly string[] {
    return [...this.#buckets(name).keys()]
  }

  /** Adds an index, over what is there already too. One that exists stays: the same name means the same index. */
  addIndex(name: string, values: Indexer<T>): void {
    if (!this.#indexes.has(name)) this.#indexes.set(name, { values, buckets: undefined })
  }

  /** Puts the object in; `previous` is the one it replaces. */
  set(object: T, key: string, previous: T | undefined): void {
    this.#objects.set(key, object)
    for (const { values, buckets } of this.#indexes.values()) {
      if (!buckets) continue
      if (previous !== undefined) unfile(buckets, values(previous), key)
      file(buckets, values(object), key, object)
    }
  }

  delete(key: string): T | undefined {
    const previous = this.#objects.get(key)
    if (previous === undefined) return undefined
    this.#objects.delete(key)
    for (const { values, buckets } of this.#indexes.values()) if (buckets) unfile(buckets, values(previous), key)
    return previous
  }

  #buckets(name: string): Map<string, Map<string, T>> {
    const index = this.#indexes.get(name)
    if (!index) throw new Error(`Index with name ${name} does not exist`)
    if (index.buckets) return index.buckets
    const buckets = new Map<string, Map<string, T>>()
    for (const [key, object] of this.#objects) file(buckets, index.values(object), key, object)
    index.buckets = buckets
    return buckets
  }
}

function file<T>(buckets: Map<string, Map<string, T>>, values: readonly string[], key: string, object: T): void {
  for (const value of values) {
    const bucket = buckets.get(value)
    if (bucket) bucket.set(key, object)
    else buckets.set(value, new Map([[key, object]]))
  }
}

function unfile<T>(buckets: Map<string, Map<string, T>>, values: readonly string[], key: string): void {
  for (const value of values) {
    const bucket = buckets.get(value)
    if (!bucket) continue
    bucket.delete(key)
    if (bucket.size === 0) buckets.delete(value)
  }
}
