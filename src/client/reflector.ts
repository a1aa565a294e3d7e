// Keeps a copy of a resource current: everything there is, then every change, for as long as it runs, whatever the
// network does. An explicit state machine; what each state means stands at the state.

import type { Env } from '../machinery/env/env.ts'
import { errorText } from '../machinery/error-text.ts'
import { isTooLargeResourceVersion, StatusError } from '../machinery/status-error.ts'
import { Backoff, reflectorBackoff } from './backoff.ts'
import type { ListOptions, ResourceClient, WatchOptions } from './client.ts'
import { metadataOf } from './object-key.ts'

/** Where the copy is kept. Calls are synchronous and must not throw. */
export interface ReflectorSink<T> {
  /** This is everything there is at the resourceVersion; what isn't in it is gone. */
  replace(objects: readonly T[], resourceVersion: string): void
  upsert(object: T): void
  /** Deleted; the object as it was last. */
  remove(object: T): void
  /** The copy is now true of this resourceVersion (after each event, and at bookmarks). */
  resourceVersion(resourceVersion: string): void
}

export interface ReflectorOptions<T> {
  readonly env: Env
  readonly sink: ReflectorSink<T>
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly plainList?: boolean
}

export type ReflectorState =
  /**
   * The copy cannot be continued: nothing is known yet, or the server no longer has the changes since. What the copy
   * holds stays readable meanwhile. `atLeast` is how fresh the next list must be: '0' anything, '' the newest there
   * is, a resourceVersion at least that.
   */
  | { readonly name: 'empty'; readonly atLeast: string; readonly plainList: boolean }
  /**
   * A watch is open that sends what there is first, then a bookmark that says so (WatchList). Until the bookmark the
   * objects gather aside; then they replace the copy at once and the same watch goes on.
   */
  | { readonly name: 'streaming'; readonly atLeast: string }
  /** A list is under way; its answer replaces the copy. */
  | { readonly name: 'listing'; readonly atLeast: string }
  /** The copy is complete as of `resourceVersion`; a watch from there carries it on. */
  | { readonly name: 'watching'; readonly resourceVersion: string }
  /** Something failed; the next state is entered after a while. */
  | { readonly name: 'waiting'; readonly milliseconds: number; readonly then: ReflectorState }

/** How a watch ended. */
type WatchEnd =
  /** By the server, in order (its timeout). */
  | { readonly how: 'closed'; readonly events: number; readonly lastedMs: number }
  /** Refused, broken off by the server with a Status, or by the connection. */
  | { readonly how: 'failed'; readonly error: Error }

const initialEventsEnd = 'k8s.io/initial-events-end'
const minimumWatchSeconds = 300
/** A watch that the server closes sooner than this without one event is not worth opening again at once. */
const veryShortWatchMs = 1000

export class Reflector<T> {
  readonly #client: ResourceClient<T>
  readonly #options: ReflectorOptions<T>
  readonly #env: Env
  readonly #backoff: Backoff
  readonly #abort = new AbortController()
  #state: ReflectorState
  #running: Promise<void> | undefined
  #lastResourceVersion = ''

  constructor(client: ResourceClient<T>, options: ReflectorOptions<T>) {
    this.#client = client
    this.#options = options
    this.#env = options.env
    this.#backoff = new Backoff(reflectorBackoff, options.env)
    this.#state = { name: 'empty', atLeast: options.plainList ? '0' : '', plainList: options.plainList ?? false }
  }

  get state(): ReflectorState {
    return this.#state
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error('reflector stopped'))
    await this.#running
  }

  get #stopped(): boolean {
    return this.#abort.signal.aborted
  }

  async #run(): Promise<void> {
    // A server that never answers must not keep anybody from stopping.
    const { signal } = this.#abort
    const stopped = new Promise<undefined>(resolve => {
      if (signal.aborted) resolve(undefined)
      signal.addEventListener('abort', () => resolve(undefined), { once: true })
    })
    for (;;) {
      const next = await Promise.race([this.#step(this.#state), stopped])
      if (next === undefined || this.#stopped) return
      this.#state = next
    }
  }

  #step(state: ReflectorState): Promise<ReflectorState> | ReflectorState {
    switch (state.name) {
      case 'empty':
        return state.plainList
          ? { name: 'listing', atLeast: state.atLeast }
          : { name: 'streaming', atLeast: state.atLeast }
      case 'streaming':
        return this.#stream(state.atLeast)
      case 'listing':
        return this.#list(state.atLeast)
      case 'watching':
        return this.#watch(state.resourceVersion)
      case 'waiting':
        return this.#env.clock.sleep(state.milliseconds, this.#abort.signal).then(
          () => state.then,
          () => state.then,
        )
    }
  }

  async #list(atLeast: string): Promise<ReflectorState> {
    try {
      const options: ListOptions = { ...this.#selectors(), ...(atLeast ? { resourceVersion: atLeast } : {}) }
      const list = await this.#client.list(options)
      if (this.#stopped) return this.#state
      const resourceVersion = list.metadata.resourceVersion ?? ''
      this.#options.sink.replace(list.items, resourceVersion)
      this.#lastResourceVersion = resourceVersion
      return { name: 'watching', resourceVersion }
    } catch (error) {
      // The server cannot be as fresh as that (it lost its data, or forgot): whatever it has now is the truth.
      const stale = isPast(error) || isTooLargeResourceVersion(error)
      return this.#failed('list', error, { name: 'empty', atLeast: stale ? '' : atLeast, plainList: true })
    }
  }

  async #stream(atLeast: string): Promise<ReflectorState> {
    const gathered = new Map<string, T>()
    let complete = false
    const end = await this.#open(
      {
        ...this.#selectors(),
        sendInitialEvents: true,
        resourceVersionMatch: 'NotOlderThan',
        resourceVersion: atLeast === '0' ? '' : atLeast,
      },
      (type, object) => {
        if (complete) return this.#apply(type, object)
        const metadata = metadataOf(object)
        const key = `${metadata.namespace ?? ''}/${metadata.name}`
        if (type === 'DELETED') gathered.delete(key)
        else if (type !== 'BOOKMARK') gathered.set(key, object)
        else if (metadata['annotations']?.[initialEventsEnd] === 'true') {
          complete = true
          const resourceVersion = metadata.resourceVersion ?? ''
          this.#options.sink.replace([...gathered.values()], resourceVersion)
          this.#lastResourceVersion = resourceVersion
          gathered.clear()
        }
      },
    )
    if (complete) return this.#afterWatch(end)
    const error = end.how === 'failed' ? end.error : new Error('the watch ended before its initial events did')
    // Servers that cannot stream a list refuse it (over an etcd before 3.5 with a 500), or never send the bookmark: ask the
    // old way. Only one that asks for patience is asked the same again.
    if (error instanceof StatusError && error.code !== 429) {
      this.#env.log.debug('Streaming the list failed; listing instead', { error: error.message })
      return { name: 'listing', atLeast: isTooLargeResourceVersion(error) || isPast(error) ? '' : atLeast || '0' }
    }
    return this.#failed('watch', error, { name: 'empty', atLeast, plainList: end.how === 'closed' })
  }

  async #watch(resourceVersion: string): Promise<ReflectorState> {
    const end = await this.#open({ ...this.#selectors(), resourceVersion }, (type, object) => this.#apply(type, object))
    return this.#afterWatch(end)
  }

  #afterWatch(end: WatchEnd): ReflectorState {
    const watching: ReflectorState = { name: 'watching', resourceVersion: this.#lastResourceVersion }
    if (end.how === 'closed') {
      if (end.events > 0 || end.lastedMs >= veryShortWatchMs) return watching
      return this.#failed('watch', new Error('very short watch'), watching)
    }
    const { error } = end
    if (!(error instanceof StatusError) || isRetryable(error)) return this.#failed('watch', error, watching)
    const empty: ReflectorState = {
      name: 'empty',
      atLeast: isTooLargeResourceVersion(error) ? '' : this.#lastResourceVersion,
      plainList: this.#options.plainList ?? false,
    }
    if (!isPast(error)) return this.#failed('watch', error, empty)
    this.#env.log.info('The watch fell too far behind; listing again', { error: error.message })
    return { name: 'waiting', milliseconds: this.#backoff.next(), then: empty }
  }

  #apply(type: string, object: T): void {
    const { sink } = this.#options
    if (type === 'DELETED') sink.remove(object)
    else if (type !== 'BOOKMARK') sink.upsert(object)
    const resourceVersion = metadataOf(object).resourceVersion
    if (!resourceVersion) return
    this.#lastResourceVersion = resourceVersion
    sink.resourceVersion(resourceVersion)
  }

  /** Opens a watch and follows it to its end. */
  #open(options: WatchOptions, onEvent: (type: string, object: T) => void): Promise<WatchEnd> {
    const { clock, random } = this.#env
    const opened = clock.monotonic()
    return new Promise(resolve => {
      let over = false
      let events = 0
      let stop: (() => void) | undefined
      const finish = (end: WatchEnd) => {
        if (over) return
        over = true
        this.#abort.signal.removeEventListener('abort', onAbort)
        stop?.()
        resolve(end)
      }
      const onAbort = () => finish({ how: 'failed', error: new Error('reflector stopped') })
      this.#abort.signal.addEventListener('abort', onAbort, { once: true })
      const accepted = this.#client.watch(
        {
          allowWatchBookmarks: true,
          timeoutSeconds: Math.floor(minimumWatchSeconds * (1 + random.next())),
          ...options,
        },
        {
          event: ({ type, object }) => {
            if (over) return
            events++
            onEvent(type, object)
          },
          end: error =>
            finish(error ? { how: 'failed', error } : { how: 'closed', events, lastedMs: clock.monotonic() - opened }),
        },
      )
      accepted.then(
        watch => {
          stop = () => watch.stop()
          if (over) stop()
        },
        error => finish({ how: 'failed', error: error instanceof Error ? error : new Error(String(error)) }),
      )
    })
  }

  #failed(what: string, error: unknown, then: ReflectorState): ReflectorState {
    const milliseconds = this.#backoff.next()
    if (!this.#stopped)
      this.#env.log.warn(`Failed to ${what}; trying again`, {
        error: errorText(error),
        afterMs: Math.round(milliseconds),
      })
    return { name: 'waiting', milliseconds, then }
  }

  #selectors(): { labelSelector?: string; fieldSelector?: string } {
    const { labelSelector, fieldSelector } = this.#options
    return { ...(labelSelector ? { labelSelector } : {}), ...(fieldSelector ? { fieldSelector } : {}) }
  }
}

/** The changes since then are no longer known (Expired), or the place is gone for good. */
function isPast(error: unknown): boolean {
  return error instanceof StatusError && error.code === 410
}

/** The same watch may work in a moment: too many requests, or a fault inside the server. */
function isRetryable(error: StatusError): boolean {
  return error.code === 429 || (error.code >= 500 && !isTooLargeResourceVersion(error))
}
