// JSON text → value, with every digit of whole numbers that fit 64 bits (`numbers.ts`).

import { setKey } from '../own-value.ts'
import { integerOf, NumberLiteral } from './numbers.ts'

/** A shorter one is exact as it is. */
const longRun = 16

/** As JSON.parse; throws a SyntaxError as that does. */
export function readJson(text: string): any {
  const value: unknown = JSON.parse(text)
  return hasLongNumber(text) ? new Reader(text, plainNumber).read() : value
}

/** Looks at every 16th character: most texts have been looked through long before they are parsed. */
function hasLongNumber(text: string): boolean {
  for (let at = longRun - 1; at < text.length; at += longRun) {
    if (!isDigit(text.charCodeAt(at))) continue
    let start = at
    let end = at + 1
    while (isDigit(text.charCodeAt(start - 1))) start--
    while (isDigit(text.charCodeAt(end))) end++
    // Most often it stands in some text.
    if (end - start >= longRun && isEdge(text[text[start - 1] === '-' ? start - 2 : start - 1]) && isEdge(text[end]))
      return true
  }
  return false
}

const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39

const isEdge = (character: string | undefined): boolean => character === undefined || ':[,]} \n\r\t'.includes(character)

/** The same, with a `NumberLiteral` for what Go tells apart by its text. The text is known to be JSON. */
export function readLiterals(text: string): unknown {
  return new Reader(text, literalOf).read()
}

function plainNumber(text: string): unknown {
  return isWhole(text) ? integerOf(text) : Number(text)
}

function literalOf(text: string): unknown {
  if (!isWhole(text)) return String(Number(text)) === text ? Number(text) : new NumberLiteral(text)
  const value = integerOf(text)
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? value : new NumberLiteral(text)
}

const isWhole = (text: string): boolean => !/[.eE]/.test(text)

const number = /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/y

class Reader {
  readonly #text: string
  readonly #number: (text: string) => unknown
  #at = 0

  constructor(text: string, number: (text: string) => unknown) {
    this.#text = text
    this.#number = number
  }

  read(): unknown {
    switch (this.#next()) {
      case 0x7b:
        return this.#object()
      case 0x5b:
        return this.#list()
      case 0x22:
        return this.#string()
      case 0x74:
        this.#at += 4
        return true
      case 0x66:
        this.#at += 5
        return false
      case 0x6e:
        this.#at += 4
        return null
    }
    number.lastIndex = this.#at
    const [text] = number.exec(this.#text)!
    this.#at += text.length
    return this.#number(text)
  }

  /** The next byte that is no space. */
  #next(): number {
    while (this.#text.charCodeAt(this.#at) <= 0x20) this.#at++
    return this.#text.charCodeAt(this.#at)
  }

  /** Whether the end has come: it is stepped over, as is a comma. */
  #ends(end: number): boolean {
    const next = this.#next()
    if (next === end || next === 0x2c) this.#at++
    return next === end
  }

  #object(): Record<string, unknown> {
    const out: Record<string, unknown> = {}
    this.#at++
    while (!this.#ends(0x7d)) {
      this.#next()
      const key = this.#string()
      this.#next()
      this.#at++ // the colon
      setKey(out, key, this.read())
    }
    return out
  }

  #list(): unknown[] {
    const out: unknown[] = []
    this.#at++
    while (!this.#ends(0x5d)) out.push(this.read())
    return out
  }

  #string(): string {
    const start = this.#at++
    let escaped = false
    for (; ; this.#at++) {
      const unit = this.#text.charCodeAt(this.#at)
      if (unit === 0x22) break
      if (unit !== 0x5c) continue
      escaped = true
      this.#at++
    }
    this.#at++
    return escaped ? JSON.parse(this.#text.slice(start, this.#at)) : this.#text.slice(start + 1, this.#at - 1)
  }
}
