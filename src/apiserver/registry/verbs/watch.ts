// WATCH: what is, then what changes.
//
//     resourceVersion unset or "0"            the present state as ADDED events, then changes
//     resourceVersion N                       every change after N; an ERROR event (410) when that is compacted away
//     sendInitialEvents (WatchList, KEP-3157) the present state, then a bookmark that says it is complete
//
// Whoever takes bookmarks gets one about every minute, and one just before the watch times out.
//
// Each event is encoded once per form; watchers of the same form and selection share whole batches of bytes.

import { apiVersionOf, groupResource, type KubeObject, type ResourceDeclaration } from '../../../api/resource.ts'
import { CompactedError, type Watch } from '../../../etcd/store.ts'
import { zeroObject } from '../../../machinery/codec/decode.ts'
import { unframed } from '../../../machinery/codec/protobuf.ts'
import type { Timer } from '../../../machinery/env/env.ts'
import { fieldErrorMessage, invalid as fieldInvalid } from '../../../machinery/field-error.ts'
import {
  expired,
  failure,
  internalError,
  type StatusError,
  tooLargeResourceVersion,
  tooOldResourceVersion,
} from '../../../machinery/status-error.ts'
import type { Answer, DirectWatchSink, RequestContext, Response, ResponseSink } from '../../request.ts'
import type { ServerContext } from '../../server-context.ts'
import { json } from '../../serving/media-type.ts'
import {
  type ChooseProtocol,
  isWebSocketRequest,
  messageSink,
  type WebSocketRequest,
  WebSockets,
} from '../../serving/websocket.ts'
import type { StoredObject } from '../../watchcache/stored-object.ts'
import type { CacheEvent, CacheWatcher } from '../../watchcache/watch-cache.ts'
import { representationOf } from '../answers.ts'
import { listOptionsOf, resourceVersionProblem } from '../list-options.ts'
import type { ServedResource } from '../registry.ts'
import type { Representation } from '../representation.ts'
import { type Selection, selectionOf } from '../selection.ts'
import { convertAhead, servedAtRevision, servedObject } from '../versions.ts'

/** A watcher that has this many bytes waiting is cut off: it reads too slowly, and comes back from where it was. */
const slowWatcherBytes = 32 * 1024 * 1024
const bookmarkInterval = 60_000
/** The last bookmark comes this long before the end. */
const beforeTimeout = 2_000
const minimumTimeoutSeconds = 1800

interface WatchRequest {
  /** Changes after this revision. */
  readonly after: number
  readonly sendState: boolean
  readonly bookmarkAfterState: boolean
  readonly bookmarks: boolean
  readonly timeoutSeconds: number
  /** Why there is nothing to watch: told in the stream, since the watch itself has been accepted. */
  readonly failure: StatusError | undefined
}

export function watch(server: ServerContext, resource: ServedResource, request: RequestContext): Answer {
  if (isWebSocketRequest(request))
    return WebSockets.load().then(webSockets => watchOverWebSocket(webSockets, server, resource, request))
  const options = watchRequest(server, request)
  const watched = watchedBy(resource, request)
  if (request.direct)
    return {
      status: 200,
      watch: sink => follow(server, resource, watched, options, directWriter(watched, sink)),
    }
  const representation = representationOf(server, resource, request, 'watch')
  return {
    status: 200,
    contentType: representation.watchContentType!,
    stream: sink => follow(server, resource, watched, options, byteWriter(representation, watched, sink)),
  }
}

/** Upstream takes this way from browsers only: they say where they come from. */
const chooseProtocol: ChooseProtocol = (asked, { headers }) => {
  if (!/^(\/|[a-z][a-z0-9+.-]*:)/i.test(String(headers['origin'] ?? ''))) return 403
  return asked.length > 1 ? 400 : (asked[0] ?? '')
}

/** For browsers: every event is a message, of text where the form is text. */
function watchOverWebSocket(
  webSockets: WebSockets,
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext & WebSocketRequest,
): Response {
  const options = watchRequest(server, request)
  const watched = watchedBy(resource, request)
  const representation = representationOf(server, resource, request, 'watch')
  const isText = representation.watchContentType === json
  return webSockets.accept(request, chooseProtocol, client => {
    const send = (bytes: Uint8Array) => client.send(isText ? bytes : unframed(bytes), { binary: !isText })
    follow(server, resource, watched, options, messageWriter(representation, watched, messageSink(client, send)))
  })
}

function watchedBy({ declaration, storage }: ServedResource, request: RequestContext): Watched {
  return {
    declaration,
    prefix: storage!.keyPrefix(request.info.namespace),
    selection: selectionOf(request, declaration, request.info.name),
  }
}

function watchRequest(server: ServerContext, { query }: RequestContext): WatchRequest {
  const options = listOptionsOf(query, true)
  const { resourceVersion, allowWatchBookmarks: bookmarks } = options
  const problem = resourceVersionProblem(resourceVersion)
  if (problem) {
    // Upstream has no reason for this one.
    throw failure(500, '', fieldErrorMessage(fieldInvalid('resourceVersion', resourceVersion, problem)))
  }
  const revision = Number(resourceVersion)
  const now = server.store.revision
  const sendState = options.sendInitialEvents ?? revision === 0
  const timeout = options.timeoutSeconds ?? 0
  return {
    after: sendState || revision === 0 ? now : revision,
    sendState,
    bookmarkAfterState: sendState && bookmarks,
    bookmarks,
    timeoutSeconds: timeout !== 0 ? timeout : minimumTimeoutSeconds * (1 + server.env.random.next()),
    failure: sendState && revision > now ? tooLargeResourceVersion(revision, now, 1) : undefined,
  }
}

/** What a watcher has asked for. */
interface Watched {
  readonly declaration: ResourceDeclaration
  readonly prefix: string
  readonly selection: Selection
}

/** What an event looks like to a watcher with a selection: an object may enter or leave it. */
interface SelectedEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: StoredObject
}

function selected(event: CacheEvent, { declaration, prefix, selection }: Watched): SelectedEvent | undefined {
  if (!event.object.key.startsWith(prefix)) return undefined
  if (selection.everything) return event
  const now = event.type !== 'DELETED' && selection.matches(event.object)
  const before = event.previous !== undefined && selection.matches(event.previous)
  if (now) return { type: before ? 'MODIFIED' : 'ADDED', object: event.object }
  if (!before) return undefined
  return {
    type: 'DELETED',
    object: event.type === 'DELETED' ? event.object : servedAtRevision(declaration, event.previous!, event.revision),
  }
}

/** Writes events to one client. */
interface EventWriter {
  state(objects: readonly StoredObject[]): void
  events(events: readonly CacheEvent[]): void
  special(type: 'BOOKMARK' | 'ERROR', object: KubeObject): void
  readonly slow: boolean
  end(): void
  onClose(callback: () => void): void
}

function follow(
  server: ServerContext,
  resource: ServedResource,
  { prefix, selection }: Watched,
  options: WatchRequest,
  writer: EventWriter,
): void {
  const { cache } = resource.storage!
  const { clock } = server.env
  const timers: Timer[] = []
  let following: Watch | undefined
  let over = false
  let told = false
  const end = () => {
    if (over) return
    over = true
    for (const timer of timers) timer.cancel()
    following?.cancel()
    writer.end()
  }
  const fail = ({ status }: StatusError) => {
    writer.special('ERROR', status as unknown as KubeObject)
    end()
  }
  // Over before it begins.
  if (options.timeoutSeconds <= 0) {
    writer.end()
    return
  }
  if (options.failure) {
    fail(options.failure)
    return
  }
  const write = (events: readonly CacheEvent[]) => {
    if (over) return
    writer.events(events)
    if (!writer.slow) return
    server.env.log.warn('closing a watch whose client reads too slowly', {
      resource: groupResource(resource.declaration),
    })
    end()
  }
  const bookmark = (revision: number, annotations?: Record<string, string>) =>
    writer.special('BOOKMARK', bookmarkOf(resource.declaration, revision, annotations))
  const inOrder = conversionQueue(resource.declaration, error => {
    if (!over) fail(internalError(error))
  })
  if (options.sendState) {
    const state = cache.range(prefix)
    inOrder(state, () => {
      if (over) return
      writer.state(selection.everything ? state : state.filter(stored => selection.matches(stored)))
      if (options.bookmarkAfterState) bookmark(options.after, { 'k8s.io/initial-events-end': 'true' })
    })
  }
  const watcher: CacheWatcher = {
    events(events) {
      if (over) return
      told = true
      // A watch from the future begins when the future has come.
      const isPast = events[0]!.revision <= options.after
      const news = isPast ? events.filter(event => event.revision > options.after) : events
      inOrder(objectsOf(news), () => write(news))
    },
    closed(reason) {
      if (over) return
      if (!(reason instanceof CompactedError)) return end()
      fail(
        told
          ? expired('The resourceVersion for the provided watch is too old.')
          : tooOldResourceVersion(options.after, reason.compactedRevision),
      )
    },
  }
  following = cache.watch(options.after, watcher, selection.field)
  const timeout = options.timeoutSeconds * 1000
  // More than a timer can count is for ever.
  if (timeout < 2 ** 31) timers.push(clock.setTimeout(end, timeout))
  if (options.bookmarks) {
    timers.push(clock.setInterval(() => bookmark(server.store.revision), bookmarkInterval))
    if (timeout < 2 ** 31 && timeout > beforeTimeout)
      timers.push(clock.setTimeout(() => bookmark(server.store.revision), timeout - beforeTimeout))
  }
  writer.onClose(end)
}

/** An object of which nothing is said but its revision: what its kind always writes is there, and says nothing. */
function bookmarkOf(
  declaration: ResourceDeclaration,
  revision: number,
  annotations: Record<string, string> | undefined,
): KubeObject {
  const metadata = { resourceVersion: String(revision), ...(annotations && { annotations }) }
  const head = { kind: declaration.kind, apiVersion: apiVersionOf(declaration), metadata }
  return declaration.custom ? head : { ...head, ...zeroObject(declaration.schema), ...head }
}

type InOrder = (objects: Iterable<StoredObject>, then: () => void) => void

/** Runs each step when its objects stand in the version that is watched: at once, unless a webhook converts them. */
function conversionQueue(declaration: ResourceDeclaration, failed: (error: Error) => void): InOrder {
  if (!declaration.custom) return (_, then) => then()
  let last: Promise<void> | undefined
  return (objects, then) => {
    if (last === undefined) {
      const waiting = convertAhead(declaration, [...objects])
      if (waiting === undefined) return then()
      last = waiting.then(then)
    } else last = last.then(() => convertAhead(declaration, [...objects])).then(then)
    const mine = last.catch(failed).then(() => {
      if (last === mine) last = undefined
    })
    last = mine
  }
}

function* objectsOf(events: readonly CacheEvent[]): Iterable<StoredObject> {
  for (const { object, previous } of events) {
    yield object
    if (previous) yield previous
  }
}

function directWriter(watched: Watched, sink: DirectWatchSink): EventWriter {
  const { declaration } = watched
  return {
    slow: false,
    state(objects) {
      for (const stored of objects) sink.event({ type: 'ADDED', object: servedObject(declaration, stored) })
    },
    events(events) {
      for (const event of events) {
        const chosen = selected(event, watched)
        if (chosen) sink.event({ type: chosen.type, object: servedObject(declaration, chosen.object) })
      }
    },
    special: (type, object) => sink.event({ type, object }),
    end: () => sink.end(),
    onClose: callback => sink.onClose(callback),
  }
}

/** Batches already encoded, by form and selection: a thousand watchers of one thing cost one encoding. */
const batches = new WeakMap<readonly CacheEvent[], Map<string, Uint8Array>>()
const single = new WeakMap<StoredObject, Map<string, Uint8Array>>()

function encodedEvent(representation: Representation, { type, object }: SelectedEvent): Uint8Array {
  const id = `${type} ${representation.id}`
  let forms = single.get(object)
  if (!forms) {
    forms = new Map()
    single.set(object, forms)
  }
  let bytes = forms.get(id)
  if (!bytes) {
    bytes = representation.event(type, object)
    forms.set(id, bytes)
  }
  return bytes
}

function encodedBatch(representation: Representation, watched: Watched, events: readonly CacheEvent[]): Uint8Array {
  const id = `${representation.id}\n${watched.prefix}\n${watched.selection.id}`
  let known = batches.get(events)
  if (!known) {
    known = new Map()
    batches.set(events, known)
  }
  let bytes = known.get(id)
  if (bytes === undefined) {
    const pieces: Uint8Array[] = []
    for (const event of events) {
      const chosen = selected(event, watched)
      if (chosen) pieces.push(encodedEvent(representation, chosen))
    }
    bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
    known.set(id, bytes)
  }
  return bytes
}

function byteWriter(representation: Representation, watched: Watched, sink: ResponseSink): EventWriter {
  const later = representation.later ?? representation
  let form = representation
  return {
    get slow() {
      return sink.pending > slowWatcherBytes
    },
    state(objects) {
      // In pieces, so that a large state is not one large buffer.
      for (let from = 0; from < objects.length; from += 200) {
        const pieces = objects.slice(from, from + 200).map(stored => {
          const bytes = form.event('ADDED', stored)
          form = later
          return bytes
        })
        sink.write(Buffer.concat(pieces))
      }
    },
    events(events) {
      let rest = events
      if (form !== later) {
        // The first event has a form of its own: it goes alone.
        const index = events.findIndex(event => selected(event, watched))
        if (index === -1) return
        sink.write(encodedEvent(form, selected(events[index]!, watched)!))
        form = later
        rest = events.slice(index + 1)
      }
      const bytes = encodedBatch(form, watched, rest)
      if (bytes.length > 0) sink.write(bytes)
    },
    special(type, object) {
      sink.write(form.specialEvent(type, object))
      form = later
    },
    end: () => sink.end(),
    onClose: callback => sink.onClose(callback),
  }
}

/** Every write is one event. */
function messageWriter(representation: Representation, watched: Watched, sink: ResponseSink): EventWriter {
  const later = representation.later ?? representation
  let form = representation
  const write = (bytes: Uint8Array) => {
    sink.write(bytes)
    form = later
  }
  return {
    get slow() {
      return sink.pending > slowWatcherBytes
    },
    state(objects) {
      for (const stored of objects) write(form.event('ADDED', stored))
    },
    events(events) {
      for (const event of events) {
        const chosen = selected(event, watched)
        if (chosen) write(encodedEvent(form, chosen))
      }
    },
    special: (type, object) => write(form.specialEvent(type, object)),
    end: () => sink.end(),
    onClose: callback => sink.onClose(callback),
  }
}
