// A transport with an API server's list and watch semantics behind it and nothing else: revisions, a history that can
// be compacted, watches that can be cut, answers that can be refused or lost. What tests of this room need to make go
// wrong at will. It knows no kinds: whatever lies under a collection's path is served.

import type { KubeObject } from '../../api/resource.ts'
import {
  alreadyExists,
  conflict,
  notFound,
  optimisticLockMessage,
  StatusError,
  tooLargeResourceVersion,
  tooOldResourceVersion,
} from '../../machinery/status-error.ts'
import type { ApiRequest, ApiResponse, Transport, WatchEventType, WatchStream } from '../transport.ts'

interface Change {
  readonly revision: number
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly collection: string
  readonly object: KubeObject
}

interface OpenWatch {
  readonly collection: string
  readonly stream: WatchStream
  open: boolean
}

/** What happens to the next requests instead of an answer. */
export type Fault =
  /** No connection. */
  | { readonly fault: 'unreachable' }
  /** This Status. */
  | { readonly fault: 'refused'; readonly error: StatusError }
  /** It is carried out, but the answer is lost. */
  | { readonly fault: 'answer lost' }

export class MemoryTransport implements Transport {
  /** Every request that came in, oldest first. */
  readonly requests: ApiRequest[] = []
  /** Consulted for each request; undefined lets it pass. */
  faults: (request: ApiRequest) => Fault | undefined = () => undefined
  /** Whether watches may start with what there is (WatchList), or the error that one which does so breaks off with. */
  watchList: boolean | StatusError = true
  /** Watches learn of nothing until `release`. */
  hold = false
  #held: (() => void)[] = []
  #revision = 1
  #compacted = 0
  #history: Change[] = []
  readonly #objects = new Map<string, KubeObject>()
  readonly #watches = new Set<OpenWatch>()

  get revision(): number {
    return this.#revision
  }

  get openWatches(): number {
    return this.#watches.size
  }

  /** Every object under the collection, as the server has it. */
  contents(collection: string): KubeObject[] {
    const [group, namespace, resource] = split(collection)
    return [...this.#objects]
      .filter(([path]) => {
        const [g, ns, r] = split(path.slice(0, path.lastIndexOf('/')))
        return g === group && r === resource && (namespace === undefined || ns === namespace)
      })
      .map(([, object]) => object)
  }

  /** Puts the object at the path, whoever may have it. */
  put(path: string, object: KubeObject): KubeObject {
    const previous = this.#objects.get(path)
    const stored = freeze({
      ...object,
      metadata: {
        ...object.metadata,
        uid: previous?.metadata.uid ?? object.metadata.uid ?? `uid-${this.#revision + 1}`,
        resourceVersion: String(this.#revision + 1),
      },
    })
    this.#objects.set(path, stored)
    this.#commit(previous ? 'MODIFIED' : 'ADDED', path, stored)
    return stored
  }

  remove(path: string): KubeObject | undefined {
    const previous = this.#objects.get(path)
    if (!previous) return undefined
    this.#objects.delete(path)
    const last = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(this.#revision + 1) } }
    this.#commit('DELETED', path, freeze(last))
    return previous
  }

  /** Forgets the history: watches from before now get 410. */
  compact(): void {
    this.#compacted = this.#revision
    this.#history = []
  }

  /** Ends every watch: in order, or as a broken connection. */
  endWatches(error?: Error): void {
    for (const watch of [...this.#watches]) this.#end(watch, error)
  }

  /** Ends every watch with an ERROR event. */
  failWatches(error: StatusError): void {
    for (const watch of [...this.#watches]) {
      watch.stream.event({ type: 'ERROR', object: error.status })
      this.#end(watch)
    }
  }

  /** Lets watches learn what was held back. */
  release(): void {
    this.hold = false
    for (const tell of this.#held.splice(0)) tell()
  }

  /** Tells every watch how far it has come. */
  bookmark(): void {
    for (const watch of this.#watches) watch.stream.event({ type: 'BOOKMARK', object: this.#bookmark() })
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    this.requests.push(request)
    const fault = this.faults(request)
    if (fault?.fault === 'unreachable') throw connectionRefused()
    if (fault?.fault === 'refused') return failed(fault.error)
    const tooLarge = this.#tooLarge(request)
    if (tooLarge) return tooLarge
    const answer = this.#answer(request)
    if (fault?.fault === 'answer lost') throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
    return answer
  }

  async watch(request: ApiRequest, stream: WatchStream): Promise<{ response: ApiResponse; stop(): void }> {
    this.requests.push(request)
    const fault = this.faults(request)
    if (fault?.fault === 'unreachable' || fault?.fault === 'answer lost') throw connectionRefused()
    if (fault?.fault === 'refused') return { response: failed(fault.error), stop() {} }
    const { sendInitialEvents, resourceVersion } = request.query ?? {}
    if (sendInitialEvents && !this.watchList)
      return { response: failed(notFound({ group: '', resource: 'watchlists' }, '')), stop() {} }
    const tooLarge = this.#tooLarge(request)
    if (tooLarge) return { response: tooLarge, stop() {} }
    if (sendInitialEvents && this.watchList instanceof StatusError) {
      stream.event({ type: 'ERROR', object: this.watchList.status })
      return { response: ok(undefined), stop() {} }
    }
    const watch: OpenWatch = { collection: request.path, stream, open: true }
    if (sendInitialEvents) {
      for (const object of this.contents(request.path)) stream.event({ type: 'ADDED', object })
      stream.event({ type: 'BOOKMARK', object: this.#bookmark({ 'k8s.io/initial-events-end': 'true' }) })
    } else {
      const from = Number(resourceVersion)
      if (from < this.#compacted) {
        stream.event({ type: 'ERROR', object: tooOldResourceVersion(from, this.#compacted).status })
        stream.end()
        return { response: ok(undefined), stop() {} }
      }
      for (const change of this.#history)
        if (change.revision > from && matches(change.collection, request.path))
          stream.event({ type: change.type, object: change.object })
    }
    this.#watches.add(watch)
    return { response: ok(undefined), stop: () => this.#end(watch) }
  }

  stream(): Promise<ApiResponse> {
    return Promise.reject(new Error('not served here'))
  }

  upgrade(): Promise<{ response: ApiResponse }> {
    return Promise.reject(new Error('not served here'))
  }

  close(): void {
    this.endWatches()
  }

  #answer({ method, path, body }: ApiRequest): ApiResponse {
    const target = path.replace(/\/status$/, '')
    const of = { group: '', resource: split(target.slice(0, target.lastIndexOf('/')))[2] ?? '' }
    const name = target.slice(target.lastIndexOf('/') + 1)
    const current = this.#objects.get(target)
    const object = body as KubeObject
    switch (method) {
      case 'POST': {
        const at = `${path}/${object.metadata.name}`
        if (this.#objects.has(at))
          return failed(alreadyExists({ group: '', resource: name }, object.metadata.name ?? ''))
        const namespace = split(path)[1]
        return ok(this.put(at, { ...object, metadata: { ...(namespace && { namespace }), ...object.metadata } }), 201)
      }
      case 'PUT': {
        if (!current) return failed(notFound(of, name))
        const { resourceVersion } = object.metadata
        if (resourceVersion && resourceVersion !== current.metadata.resourceVersion)
          return failed(conflict(of, name, optimisticLockMessage))
        return ok(this.put(target, object))
      }
      case 'PATCH':
        return current
          ? ok(this.put(target, { ...current, ...object, metadata: current.metadata }))
          : failed(notFound(of, name))
      case 'DELETE':
        return current ? ok(this.remove(target)) : failed(notFound(of, name))
      default: {
        if (current) return ok(current)
        if (!isCollection(path)) return failed(notFound(of, name))
        const items = this.contents(path).map(({ apiVersion: _apiVersion, kind: _kind, ...item }) => item)
        return ok({ kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: String(this.#revision) }, items })
      }
    }
  }

  #tooLarge({ query }: ApiRequest): ApiResponse | undefined {
    const asked = Number(query?.['resourceVersion'] ?? 0)
    return asked > this.#revision ? failed(tooLargeResourceVersion(asked, this.#revision)) : undefined
  }

  #commit(type: Change['type'], path: string, object: KubeObject): void {
    const change = { revision: ++this.#revision, type, collection: path.slice(0, path.lastIndexOf('/')), object }
    this.#history.push(change)
    for (const watch of [...this.#watches]) {
      if (!matches(change.collection, watch.collection)) continue
      const tell = () => watch.open && watch.stream.event({ type: type as WatchEventType, object })
      if (this.hold) this.#held.push(tell)
      else tell()
    }
  }

  #bookmark(annotations?: Record<string, string>): KubeObject {
    return {
      kind: 'Bookmark',
      metadata: { resourceVersion: String(this.#revision), ...(annotations && { annotations }) },
    }
  }

  #end(watch: OpenWatch, error?: Error): void {
    if (!watch.open) return
    watch.open = false
    this.#watches.delete(watch)
    watch.stream.end(error)
  }
}

/** Group and version, namespace, resource: of a collection's path. */
function split(path: string): [group: string, namespace: string | undefined, resource: string | undefined] {
  const parts = path.split('/').slice(1)
  const rest = parts.slice(parts[0] === 'api' ? 2 : 3)
  const group = parts.slice(0, parts.length - rest.length).join('/')
  return rest[0] === 'namespaces' && rest.length > 2 ? [group, rest[1], rest[2]] : [group, undefined, rest[0]]
}

function isCollection(path: string): boolean {
  const parts = path.split('/').slice(1)
  const rest = parts.slice(parts[0] === 'api' ? 2 : 3)
  return rest.length === 1 || (rest[0] === 'namespaces' && rest.length === 3)
}

function matches(collection: string, watched: string): boolean {
  const [group, namespace, resource] = split(collection)
  const [g, ns, r] = split(watched)
  return group === g && resource === r && (ns === undefined || ns === namespace)
}

function ok(body: unknown, status = 200): ApiResponse {
  return { status, headers: {}, body }
}

function failed(error: StatusError): ApiResponse {
  return { status: error.code, headers: {}, body: error.status }
}

function connectionRefused(): Error {
  return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) freeze(inner)
  }
  return value
}
