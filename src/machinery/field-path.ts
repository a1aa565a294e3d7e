// The way from an object's root to one of its fields, as upstream writes it: `spec.containers[0].env[k]`.

/** Immutable; a child points to its parent, and the text is only made when an error needs it. */
export class FieldPath {
  readonly #parent: FieldPath | undefined
  readonly #name: string | number
  readonly #subscript: boolean

  constructor(parent: FieldPath | undefined, name: string | number, subscript: boolean) {
    this.#parent = parent
    this.#name = name
    this.#subscript = subscript
  }

  child(name: string, ...further: string[]): FieldPath {
    let path = new FieldPath(this, name, false)
    for (let index = 0; index < further.length; index++) path = new FieldPath(path, further[index]!, false)
    return path
  }

  /** An item of a list. */
  index(index: number): FieldPath {
    return new FieldPath(this, index, true)
  }

  /** A key of a map. */
  key(key: string): FieldPath {
    return new FieldPath(this, key, true)
  }

  toString(): string {
    const before = this.#parent
    if (this.#subscript) return `${before ?? ''}[${this.#name}]`
    return before ? `${before}.${this.#name}` : String(this.#name)
  }
}

/** `root('spec')`, `root('spec', 'template')`. */
export function root(name: string, ...names: string[]): FieldPath {
  let path = new FieldPath(undefined, name, false)
  for (const each of names) path = path.child(each)
  return path
}
