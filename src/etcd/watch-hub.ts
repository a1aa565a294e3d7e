// Who is told of what: live watches by prefix, and those that still replay the past. Comes in: each committed batch
// as one array of events. Goes out: an array of those under its prefix, made once per prefix, to everyone who watches it.

import type { Env } from '../machinery/env/env.ts'
import { CompactedError, type StoreEvent, type Watch, type WatchSink } from './store.ts'

/** Where a watch reads what happened before it came. */
export interface Past {
  readonly revision: number
  readonly compactedRevision: number
  /** Durable events of whole revisions after the given one, at least `atLeast` unless there are fewer. */
  eventsAfter(revision: number, prefix: string, atLeast: number): { events: readonly StoreEvent[]; upTo: number }
}

interface Watcher {
  readonly prefix: string
  readonly sink: WatchSink
  /** Everything up to this revision has been delivered. */
  position: number
  over: boolean
}

/** Events delivered per turn to a watch that catches up. */
const replayStep = 1000

export class WatchHub {
  readonly #env: Env
  readonly #past: Past
  readonly #live = new Map<string, Set<Watcher>>()
  readonly #replaying = new Set<Watcher>()

  constructor(env: Env, past: Past) {
    this.#env = env
    this.#past = past
  }

  watch(prefix: string, afterRevision: number, sink: WatchSink): Watch {
    const watcher: Watcher = { prefix, sink, position: afterRevision || this.#past.revision, over: false }
    if (watcher.position >= this.#past.revision) this.#goLive(watcher)
    else {
      this.#replaying.add(watcher)
      queueMicrotask(() => this.#replay(watcher))
    }
    return { cancel: () => this.#end(watcher) }
  }

  publish(events: readonly StoreEvent[], revision: number): void {
    const byFolder = this.#byFolder(events)
    for (const [prefix, watchers] of this.#live) {
      const matching = prefix.endsWith('/') ? (byFolder.get(prefix) ?? nothing) : eventsUnder(prefix, events)
      for (const watcher of watchers) this.#deliver(watcher, matching, revision)
    }
  }

  /**
   * The events under each watched prefix that ends in a slash, as nearly all do: looking up the folders of a key is
   * cheaper than comparing it with every prefix.
   */
  #byFolder(events: readonly StoreEvent[]): ReadonlyMap<string, readonly StoreEvent[]> {
    const found = new Map<string, StoreEvent[]>()
    // Most events of a batch are of the folder that the one before was of.
    let last = ''
    let lists: readonly StoreEvent[][] = []
    for (const event of events) {
      const { key } = event
      const end = key.lastIndexOf('/') + 1
      if (end !== last.length || !key.startsWith(last)) {
        last = key.slice(0, end)
        lists = this.#watchedAbove(last, found)
      }
      for (const under of lists) under.push(event)
    }
    for (const under of found.values()) Object.freeze(under)
    return found
  }

  /** The lists of those watched folders that the folder is or lies in. */
  #watchedAbove(folder: string, found: Map<string, StoreEvent[]>): StoreEvent[][] {
    const lists: StoreEvent[][] = []
    for (let slash = folder.indexOf('/'); slash >= 0; slash = folder.indexOf('/', slash + 1)) {
      const above = folder.slice(0, slash + 1)
      if (!this.#live.has(above)) continue
      const under = found.get(above) ?? []
      found.set(above, under)
      lists.push(under)
    }
    return lists
  }

  close(reason: Error): void {
    for (const watcher of this.#replaying) this.#end(watcher, reason)
    for (const watchers of this.#live.values()) for (const watcher of watchers) this.#end(watcher, reason)
  }

  #replay(watcher: Watcher): void {
    if (watcher.over) return
    // etcd's rule: what happened at the compacted revision itself can still be watched.
    if (watcher.position + 1 < this.#past.compactedRevision) {
      this.#end(watcher, new CompactedError(this.#past.compactedRevision))
      return
    }
    const { events, upTo } = this.#past.eventsAfter(watcher.position, watcher.prefix, replayStep)
    this.#deliver(watcher, events, upTo)
    if (watcher.over) return
    if (watcher.position >= this.#past.revision) {
      this.#replaying.delete(watcher)
      this.#goLive(watcher)
    } else this.#env.clock.setImmediate(() => this.#replay(watcher))
  }

  #goLive(watcher: Watcher): void {
    const watchers = this.#live.get(watcher.prefix)
    if (watchers) watchers.add(watcher)
    else this.#live.set(watcher.prefix, new Set([watcher]))
  }

  #deliver(watcher: Watcher, events: readonly StoreEvent[], revision: number): void {
    // A watch may begin in the future, or while this very batch is being told.
    if (watcher.position >= revision) return
    const known = events[0] && events[0].revision <= watcher.position
    const news = known ? events.filter(event => event.revision > watcher.position) : events
    watcher.position = revision
    try {
      if (news.length > 0) watcher.sink.events(news, revision)
      else watcher.sink.progress?.(revision)
    } catch (error) {
      this.#env.log.error('watch sink threw', { prefix: watcher.prefix, error })
    }
  }

  #end(watcher: Watcher, reason?: Error): void {
    if (watcher.over) return
    watcher.over = true
    this.#replaying.delete(watcher)
    const watchers = this.#live.get(watcher.prefix)
    watchers?.delete(watcher)
    if (watchers?.size === 0) this.#live.delete(watcher.prefix)
    if (!reason) return
    try {
      watcher.sink.closed(reason)
    } catch (error) {
      this.#env.log.error('watch sink threw', { prefix: watcher.prefix, error })
    }
  }
}

const nothing: readonly StoreEvent[] = Object.freeze([])

function eventsUnder(prefix: string, events: readonly StoreEvent[]): readonly StoreEvent[] {
  if (events.every(event => event.key.startsWith(prefix))) return events
  return Object.freeze(events.filter(event => event.key.startsWith(prefix)))
}
