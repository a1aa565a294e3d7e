// `Client` over any transport: from a declaration and a verb to a path, a query and a body, and from the answer to an
// object or a `StatusError`. Never changes an object it is given.

import { apiVersionOf, type KubeObject, type ResourceDeclaration } from '../api/resource.ts'
import { statusErrorFrom } from '../machinery/status-error.ts'
import type {
  Client,
  DeleteOptions,
  Draft,
  GetOptions,
  ListOptions,
  ObjectList,
  PatchType,
  ResourceClient,
  TypedWatchStream,
  WatchOptions,
  WriteOptions,
} from './client.ts'
import { metadataOf } from './object-key.ts'
import { isFailure, responseError } from './response-error.ts'
import type { ApiRequest, ApiResponse, Transport } from './transport.ts'

type Query = Record<string, string | undefined>

export function createClient(transport: Transport): Client {
  return {
    transport,
    resource: declaration => new RestResourceClient(transport, declaration, undefined),
  }
}

/** `/api/v1/namespaces/default/pods/web-0/log`; without a name, the collection's path. */
export function resourcePath(
  declaration: Pick<ResourceDeclaration, 'group' | 'version' | 'resource' | 'namespaced'>,
  namespace: string | undefined,
  name?: string,
  subresource?: string,
): string {
  const { group, version, resource, namespaced } = declaration
  let path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  if (namespaced && namespace) path += `/namespaces/${encodeURIComponent(namespace)}`
  path += `/${resource}`
  if (name !== undefined) path += `/${encodeURIComponent(name)}`
  if (subresource) path += `/${subresource}`
  return path
}

class RestResourceClient<T> implements ResourceClient<T> {
  readonly #transport: Transport
  readonly #declaration: ResourceDeclaration<T>
  readonly #namespace: string | undefined

  constructor(transport: Transport, declaration: ResourceDeclaration<T>, namespace: string | undefined) {
    this.#transport = transport
    this.#declaration = declaration
    this.#namespace = namespace
  }

  namespace(namespace: string | undefined): ResourceClient<T> {
    return namespace === this.#namespace
      ? this
      : new RestResourceClient(this.#transport, this.#declaration, namespace || undefined)
  }

  get(name: string, options: GetOptions = {}): Promise<T> {
    return this.#named('GET', name, { query: { resourceVersion: options.resourceVersion } })
  }

  async list(options: ListOptions = {}): Promise<ObjectList<T>> {
    const list = (await this.#send({
      method: 'GET',
      path: this.#collection(),
      query: listQuery(options),
    })) as ObjectList<T>
    return { ...list, metadata: list.metadata ?? {}, items: this.#withTypes(list.items ?? []) }
  }

  async watch(options: WatchOptions, stream: TypedWatchStream<T>): Promise<{ stop(): void }> {
    let over = false
    const end = (error?: Error) => {
      if (over) return
      over = true
      stream.end(error)
    }
    const path = this.#collection()
    const { response, stop } = await this.#transport.watch(
      { method: 'GET', path, query: { watch: 'true', ...watchQuery(options) } },
      {
        event: event => {
          if (over) return
          if (event.type !== 'ERROR') return stream.event(event as { type: typeof event.type; object: T })
          end(statusErrorFrom(event.object as object))
        },
        end,
      },
    )
    if (isFailure(response)) throw responseError('GET', this.#declaration, response)
    return { stop }
  }

  async create(object: T | Draft<T>, options: WriteOptions = {}): Promise<T> {
    const namespace = this.#namespace ?? metadataOf(object).namespace
    if (this.#declaration.namespaced && !namespace)
      throw new TypeError('an empty namespace may not be set during creation')
    const path = resourcePath(this.#declaration, namespace)
    return this.#send({ method: 'POST', path, query: writeQuery(options), body: this.#typed(object) }) as Promise<T>
  }

  update(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#put(object, undefined, options)
  }

  updateStatus(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#put(object, 'status', options)
  }

  patch(
    name: string,
    type: PatchType,
    patch: object,
    options: WriteOptions & { subresource?: string; force?: boolean } = {},
  ): Promise<T> {
    return this.#named('PATCH', name, {
      subresource: options.subresource,
      query: { ...writeQuery(options), force: options.force === undefined ? undefined : String(options.force) },
      headers: { 'content-type': type },
      body: patch,
    })
  }

  delete(name: string, options: DeleteOptions = {}): Promise<T> {
    return this.#named('DELETE', name, { body: deleteBody(options) })
  }

  async deleteCollection(options: DeleteOptions & ListOptions = {}): Promise<void> {
    await this.#send({
      method: 'DELETE',
      path: this.#collection(),
      query: listQuery(options),
      body: deleteBody(options),
    })
  }

  createSubresource<Out>(name: string, subresource: string, body: object, options: WriteOptions = {}): Promise<Out> {
    return this.#named('POST', name, { subresource, query: writeQuery(options), body })
  }

  getSubresource<Out>(name: string, subresource: string): Promise<Out> {
    return this.#named('GET', name, { subresource })
  }

  updateSubresource<Out>(name: string, subresource: string, body: object, options: WriteOptions = {}): Promise<Out> {
    return this.#named('PUT', name, { subresource, query: writeQuery(options), body })
  }

  #collection(): string {
    return resourcePath(this.#declaration, this.#namespace)
  }

  #put(object: T, subresource: string | undefined, options: WriteOptions): Promise<T> {
    const { name = '', namespace } = metadataOf(object)
    return this.#named('PUT', name, {
      namespace,
      subresource,
      query: writeQuery(options),
      body: this.#typed(object),
    })
  }

  async #named<Out>(
    method: ApiRequest['method'],
    name: string,
    rest: {
      readonly namespace?: string
      readonly subresource?: string
      readonly query?: Query
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: object
    },
  ): Promise<Out> {
    const namespace = this.#namespace ?? rest.namespace
    if (name === '') throw new TypeError('resource name may not be empty')
    if (this.#declaration.namespaced && !namespace)
      throw new TypeError('an empty namespace may not be set when a resource name is provided')
    const path = resourcePath(this.#declaration, namespace, name, rest.subresource)
    const { query, headers, body } = rest
    return (await this.#send({ method, path, query, headers, body }, name)) as Out
  }

  async #send(request: ApiRequest, name?: string): Promise<unknown> {
    const response: ApiResponse = await this.#transport.request(request)
    if (isFailure(response)) throw responseError(request.method, { ...this.#subject(), name }, response)
    return response.body ?? response.text
  }

  #subject(): { group: string; resource: string } {
    return { group: this.#declaration.group, resource: this.#declaration.resource }
  }

  /** The object with its apiVersion and kind, which callers may leave out. */
  #typed(object: T | Draft<T>): object {
    const { apiVersion, kind } = object as KubeObject
    if (apiVersion && kind) return object as object
    return { ...object, apiVersion: apiVersionOf(this.#declaration), kind: this.#declaration.kind }
  }

  /** Items of a list say neither apiVersion nor kind on the wire; here every object knows what it is. */
  #withTypes(items: readonly T[]): readonly T[] {
    const first = items[0] as KubeObject | undefined
    if (!first || (first.apiVersion && first.kind)) return items
    const apiVersion = apiVersionOf(this.#declaration)
    const { kind } = this.#declaration
    return items.map(item => ({ apiVersion, kind, ...item }))
  }
}

function listQuery(options: ListOptions): Query {
  return {
    labelSelector: options.labelSelector || undefined,
    fieldSelector: options.fieldSelector || undefined,
    limit: options.limit === undefined ? undefined : String(options.limit),
    continue: options.continue || undefined,
    resourceVersion: options.resourceVersion || undefined,
    resourceVersionMatch: options.resourceVersionMatch,
  }
}

function watchQuery(options: WatchOptions): Query {
  return {
    labelSelector: options.labelSelector || undefined,
    fieldSelector: options.fieldSelector || undefined,
    resourceVersion: options.resourceVersion || undefined,
    resourceVersionMatch: options.resourceVersionMatch,
    allowWatchBookmarks: options.allowWatchBookmarks ? 'true' : undefined,
    sendInitialEvents: options.sendInitialEvents === undefined ? undefined : String(options.sendInitialEvents),
    timeoutSeconds: options.timeoutSeconds === undefined ? undefined : String(options.timeoutSeconds),
  }
}

function writeQuery(options: WriteOptions): Query {
  return {
    dryRun: options.dryRun ? 'All' : undefined,
    fieldManager: options.fieldManager || undefined,
    fieldValidation: options.fieldValidation,
  }
}

function deleteBody(options: DeleteOptions): object {
  const { gracePeriodSeconds, propagationPolicy, preconditions, dryRun } = options
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(preconditions && { preconditions }),
    ...(propagationPolicy && { propagationPolicy }),
    ...(dryRun && { dryRun: ['All'] }),
  }
}
