// Who follows a resource: those who want every event, and those who want the objects with one value of a field: a
// kubelet the pods of its node. They are not even shown the others, so an event costs the same with a thousand nodes.

import type { StoredObject } from './stored-object.ts'
import type { CacheEvent, CacheWatcher } from './watch-cache.ts'

/** Objects without this value of the field do not concern the watcher, unless they had it before. */
export interface WatchedField {
  /** The same for the same `of`. */
  readonly name: string
  readonly value: string
  of(object: StoredObject): string
}

interface FieldIndex {
  readonly of: WatchedField['of']
  readonly watchers: Map<string, Set<CacheWatcher>>
}

export class Watchers {
  readonly #ofEverything = new Set<CacheWatcher>()
  readonly #byField = new Map<string, FieldIndex>()

  /** Answers how it leaves. */
  add(watcher: CacheWatcher, field: WatchedField | undefined): () => void {
    if (!field) {
      this.#ofEverything.add(watcher)
      return () => this.#ofEverything.delete(watcher)
    }
    const { name, value, of } = field
    const index = this.#byField.get(name) ?? { of, watchers: new Map<string, Set<CacheWatcher>>() }
    this.#byField.set(name, index)
    const alike = index.watchers.get(value) ?? new Set()
    index.watchers.set(value, alike)
    alike.add(watcher)
    return () => {
      alike.delete(watcher)
      if (alike.size === 0 && index.watchers.get(value) === alike) index.watchers.delete(value)
      if (index.watchers.size === 0 && this.#byField.get(name) === index) this.#byField.delete(name)
    }
  }

  tell(events: readonly CacheEvent[], revision: number): void {
    for (const watcher of [...this.#ofEverything]) watcher.events(events, revision)
    for (const { of, watchers } of [...this.#byField.values()])
      for (const [value, own] of eventsByValue(events, of, watchers))
        for (const watcher of [...(watchers.get(value) ?? [])]) watcher.events(own, revision)
  }

  close(reason: Error): void {
    const all = [...this.#ofEverything]
    for (const { watchers } of this.#byField.values()) for (const alike of watchers.values()) all.push(...alike)
    this.#ofEverything.clear()
    this.#byField.clear()
    for (const watcher of all) watcher.closed(reason)
  }
}

/** The events for each value that somebody watches, in order. */
function eventsByValue(
  events: readonly CacheEvent[],
  of: WatchedField['of'],
  watched: ReadonlyMap<string, unknown>,
): Map<string, CacheEvent[]> {
  const found = new Map<string, CacheEvent[]>()
  const file = (value: string, event: CacheEvent) => {
    if (!watched.has(value)) return
    const own = found.get(value)
    if (own) own.push(event)
    else found.set(value, [event])
  }
  for (const event of events) {
    const value = of(event.object)
    file(value, event)
    const before = event.previous === undefined || event.type === 'DELETED' ? value : of(event.previous)
    if (before !== value) file(before, event)
  }
  return found
}
