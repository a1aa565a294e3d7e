// A set that forgets what was not asked about for the longest time.

export class Lru<T> {
  readonly #capacity: number
  readonly #items = new Set<T>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  has(item: T): boolean {
    if (!this.#items.delete(item)) return false
    this.#items.add(item)
    return true
  }

  add(item: T): void {
    this.#items.delete(item)
    this.#items.add(item)
    if (this.#items.size > this.#capacity) this.#items.delete(this.#items.values().next().value as T)
  }
}
