// Functions as tables say them: a signature and what it does.
//
//     overload('string_to_url', 'url(string): kubernetes.URL', (text: string) => …)
//     overload('list_a_index_of_int', '(list(T)).indexOf(T): int', …)       the receiver stands in parentheses
//
// Single capital letters are type parameters.

import type { CelType } from './types.ts'
import {
  Duration,
  ListValue,
  MapValue,
  ObjectValue,
  OpaqueValue,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
  type Value,
} from './values.ts'

export interface Overload {
  readonly id: string
  readonly fn: string
  readonly member: boolean
  /** The receiver first, when there is one. */
  readonly params: readonly CelType[]
  readonly result: CelType
  readonly call: (...args: never[]) => Value
}

export function overload(id: string, signature: string, call: (...args: never[]) => Value): Overload {
  const reader = new SignatureReader(signature)
  return { id, ...reader.signature(), call }
}

const scalars: ReadonlySet<string> = new Set(
  'dyn any bool int uint double string bytes timestamp duration null'.split(' '),
)

class SignatureReader {
  readonly #text: string
  #at = 0
  constructor(text: string) {
    this.#text = text
  }

  signature(): Omit<Overload, 'id' | 'call'> {
    const params: CelType[] = []
    const member = this.#take('(')
    if (member) {
      params.push(this.#type())
      this.#expect(')')
      this.#expect('.')
    }
    const fn = this.#match(/[^(]+(?=\()/y)
    this.#expect('(')
    while (!this.#take(')')) {
      params.push(this.#type())
      this.#take(',')
    }
    this.#expect(':')
    return { fn, member, params, result: this.#type() }
  }

  #type(): CelType {
    const name = this.#match(/[\w.]+/y)
    if (this.#take('(')) {
      const first = this.#type()
      const second = this.#take(',') ? this.#type() : undefined
      this.#expect(')')
      if (name === 'list') return { list: first }
      if (name === 'map') return { map: [first, second!] }
      return name === 'type' ? { type: first } : { optional: first }
    }
    if (/^[A-Z]$/.test(name)) return { param: name }
    return scalars.has(name) ? (name as CelType) : { opaque: name }
  }

  #take(character: string): boolean {
    while (this.#text[this.#at] === ' ') this.#at++
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw new Error(`signature ${this.#text}: ${character} expected at ${this.#at}`)
  }

  #match(pattern: RegExp): string {
    while (this.#text[this.#at] === ' ') this.#at++
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found === undefined) throw new Error(`signature ${this.#text}: cannot read at ${this.#at}`)
    this.#at += found.length
    return found
  }
}

/** Whether an argument may be given to a parameter: only the kind is looked at, not what a list holds. */
export function accepts(param: CelType, value: Value): boolean {
  switch (param) {
    case 'dyn':
    case 'any':
      return true
    case 'string':
      return typeof value === 'string'
    case 'int':
      return typeof value === 'bigint'
    case 'bool':
      return typeof value === 'boolean'
    case 'double':
      return typeof value === 'number'
    case 'uint':
      return value instanceof Uint
    case 'bytes':
      return value instanceof Uint8Array
    case 'timestamp':
      return value instanceof Timestamp
    case 'duration':
      return value instanceof Duration
    case 'null':
      return value === null
  }
  if ('param' in param) return true
  if ('list' in param) return value instanceof ListValue && acceptsItems(param.list, value)
  if ('map' in param) return value instanceof MapValue
  if ('optional' in param) {
    if (!(value instanceof Optional)) return false
    return value.value === undefined || accepts(param.optional, value.value)
  }
  if ('type' in param) return value instanceof TypeValue
  if ('opaque' in param) return value instanceof OpaqueValue && value.typeName === param.opaque
  return value instanceof ObjectValue && value.typeName === param.object
}

/** Overloads that differ only in what a list holds are told apart by its first item. */
function acceptsItems(item: CelType, list: ListValue): boolean {
  return typeof item === 'object' || item === 'dyn' || list.size === 0 || accepts(item, list.at(0))
}
