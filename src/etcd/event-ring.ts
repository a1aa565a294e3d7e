// The newest events, in memory, for watches that begin a little in the past: bounded in number and bytes. Whoever
// begins further back reads the engine.

import type { StoreEvent } from './store.ts'

const mostEvents = 4096
const mostBytes = 8 << 20

export class EventRing {
  #events: StoreEvent[] = []
  #head = 0
  #bytes = 0
  /** Every event after this revision is here. */
  #floor: number

  constructor(revision: number) {
    this.#floor = revision
  }

  push(events: readonly StoreEvent[]): void {
    for (const event of events) {
      this.#events.push(event)
      this.#bytes += sizeOf(event)
    }
    while (this.#events.length - this.#head > mostEvents || this.#bytes > mostBytes) {
      const oldest = this.#events[this.#head++]!
      this.#bytes -= sizeOf(oldest)
      this.#floor = oldest.revision
    }
    if (this.#head > mostEvents) {
      this.#events = this.#events.slice(this.#head)
      this.#head = 0
    }
  }

  /** The events after the revision under the prefix; undefined when some of them are no longer here. */
  after(revision: number, prefix: string): StoreEvent[] | undefined {
    if (revision < this.#floor) return undefined
    let low = this.#head
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#events[middle]!.revision <= revision) low = middle + 1
      else high = middle
    }
    const found: StoreEvent[] = []
    for (; low < this.#events.length; low++) {
      const event = this.#events[low]!
      if (event.key.startsWith(prefix)) found.push(event)
    }
    return found
  }
}

/** Its share of memory: the value that now only the ring may hold. */
function sizeOf(event: StoreEvent): number {
  return (event.current?.value.length ?? 0) + (event.previous?.value.length ?? 0) + 200
}
