// A binary heap that finds its items by key, so that they can be changed and taken out in the middle.

export class Heap<T> {
  readonly #items: T[] = []
  readonly #places = new Map<string, number>()
  readonly #keyOf: (item: T) => string
  readonly #before: (a: T, b: T) => boolean

  constructor(keyOf: (item: T) => string, before: (a: T, b: T) => boolean) {
    this.#keyOf = keyOf
    this.#before = before
  }

  get size(): number {
    return this.#items.length
  }

  get(key: string): T | undefined {
    const place = this.#places.get(key)
    return place === undefined ? undefined : this.#items[place]
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  /** Puts the item in, or in the place of the one with its key. */
  set(item: T): void {
    const key = this.#keyOf(item)
    const place = this.#places.get(key)
    if (place === undefined) {
      this.#items.push(item)
      this.#places.set(key, this.#items.length - 1)
      this.#up(this.#items.length - 1)
    } else {
      this.#items[place] = item
      this.#down(this.#up(place))
    }
  }

  delete(key: string): T | undefined {
    const place = this.#places.get(key)
    if (place === undefined) return undefined
    const item = this.#items[place]!
    this.#places.delete(key)
    const last = this.#items.pop()!
    if (place < this.#items.length) {
      this.#items[place] = last
      this.#places.set(this.#keyOf(last), place)
      this.#down(this.#up(place))
    }
    return item
  }

  pop(): T | undefined {
    const first = this.#items[0]
    return first === undefined ? undefined : this.delete(this.#keyOf(first))
  }

  /** In no particular order. */
  values(): readonly T[] {
    return this.#items
  }

  #up(from: number): number {
    let place = from
    const item = this.#items[place]!
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = this.#items[parent]!
      if (!this.#before(item, above)) break
      this.#put(above, place)
      place = parent
    }
    this.#put(item, place)
    return place
  }

  #down(from: number): void {
    let place = from
    const item = this.#items[place]!
    for (;;) {
      let child = 2 * place + 1
      if (child >= this.#items.length) break
      if (child + 1 < this.#items.length && this.#before(this.#items[child + 1]!, this.#items[child]!)) child++
      const below = this.#items[child]!
      if (!this.#before(below, item)) break
      this.#put(below, place)
      place = child
    }
    this.#put(item, place)
  }

  #put(item: T, place: number): void {
    this.#items[place] = item
    this.#places.set(this.#keyOf(item), place)
  }
}
