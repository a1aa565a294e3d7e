// Writes JSON values as YAML, byte for byte as sigs.k8s.io/yaml (go-yaml v2) does: keys in its natural order, sequences
// not indented in mappings, long text folded after 80 columns, and quotes where the text alone would be read as something
// else.

import { inNaturalOrder, writtenNumber } from './natural-order.ts'
import { escapedText, type ScalarStyle, styleOf } from './scalar-style.ts'

const bestWidth = 80
const indentStep = 2
/** Longer keys stand alone, after a question mark. */
const longestSimpleKey = 128

/** `inOrder`: of a mapping's keys. */
export function writeYaml(value: unknown, inOrder: KeyOrder = inNaturalOrder): string {
  const emitter = new Emitter(inOrder)
  emitter.node(value, -1, '')
  return emitter.finish()
}

const isEmpty = (value: object): boolean => (Array.isArray(value) ? value : Object.keys(value)).length === 0

export type KeyOrder = (keys: readonly string[]) => readonly string[]

class Emitter {
  readonly #inOrder: KeyOrder
  #out = ''
  #column = 0
  /** Nothing but indicators stands in the line: a collection may begin in it. */
  #fresh = true

  constructor(inOrder: KeyOrder) {
    this.#inOrder = inOrder
  }

  finish(): string {
    if (this.#column > 0) this.#break()
    return this.#out
  }

  /** `before` stands between the indicator and what stays in its line. */
  node(value: unknown, indent: number, before: string, indentless = false): void {
    if (typeof value === 'string') {
      this.#write(before)
      this.#scalar(value, indent + indentStep, false)
    } else if (typeof value === 'object' && value !== null && !isEmpty(value)) {
      if (Array.isArray(value)) this.#sequence(value, indentless ? indent : nextIndent(indent))
      else this.#mapping(value as Record<string, unknown>, nextIndent(indent))
    } else this.#write(before + plainText(value))
  }

  #sequence(items: readonly unknown[], indent: number): void {
    for (const item of items) {
      this.#toIndent(indent)
      this.#indicator('-')
      this.node(item ?? null, indent, ' ')
    }
  }

  #mapping(object: Record<string, unknown>, indent: number): void {
    for (const key of this.#inOrder(Object.keys(object))) {
      const value = object[key]
      if (value === undefined) continue
      this.#toIndent(indent)
      if (Buffer.byteLength(key) <= longestSimpleKey && !key.includes('\n')) {
        this.#scalar(key, indent, true)
        this.#write(':')
        this.node(value, indent, ' ', true)
      } else {
        this.#indicator('?')
        this.node(key, indent, ' ')
        this.#toIndent(indent)
        this.#indicator(':')
        this.node(value, indent, ' ')
      }
    }
  }

  #scalar(text: string, indent: number, isKey: boolean): void {
    const style: ScalarStyle = styleOf(text, isKey)
    if (style === 'literal') this.#literal(text, indent)
    else if (style === 'plain') this.#folded(text, indent, isKey, 0)
    else if (style === 'single') {
      this.#write("'")
      this.#folded(text, indent, isKey, 1)
      this.#write("'")
    } else {
      this.#write('"')
      this.#doubleQuoted(text, indent, isKey)
      this.#write('"')
    }
  }

  /** Plain text, or what stands in single quotes: there a break may not be at its ends (`margin`). */
  #folded(text: string, indent: number, isKey: boolean, margin: 0 | 1): void {
    const content = margin === 0 ? text : text.replaceAll("'", "''")
    if (isKey || this.#column + content.length <= bestWidth) {
      this.#write(content)
      return
    }
    let spaces = false
    for (let at = 0; at < text.length; at++) {
      const character = text[at]!
      const isSpace = character === ' '
      const isInside = margin === 0 || (at > 0 && at < text.length - 1)
      if (isSpace && !spaces && this.#column > bestWidth && isInside && text[at + 1] !== ' ') this.#toIndent(indent)
      else if (isLowSurrogate(text, at)) this.#out += character
      else this.#write(margin === 1 && character === "'" ? "''" : character)
      spaces = isSpace
    }
  }

  #doubleQuoted(text: string, indent: number, isKey: boolean): void {
    const last = text.length - 1
    let spaces = false
    let at = 0
    for (const character of text) {
      const isSpace = character === ' '
      if (isSpace && !isKey && !spaces && this.#column > bestWidth && at > 0 && at < last) {
        this.#toIndent(indent)
        if (text[at + 1] === ' ') this.#write('\\')
      } else this.#write(escapedText(character))
      spaces = isSpace
      at += character.length
    }
  }

  #literal(text: string, indent: number): void {
    const keeps = text === '\n' || text.endsWith('\n\n')
    this.#write(`|${/^[ \n]/.test(text) ? indentStep : ''}${keeps ? '+' : text.endsWith('\n') ? '' : '-'}`)
    this.#break()
    for (const [index, line] of text.split('\n').entries()) {
      if (index > 0) this.#break()
      if (line === '') continue
      this.#out += ' '.repeat(indent)
      this.#column = indent
      this.#write(line)
    }
  }

  #indicator(text: string): void {
    const wasFresh = this.#fresh
    this.#write(this.#column > 0 && !this.#out.endsWith(' ') ? ` ${text}` : text)
    this.#fresh = wasFresh
  }

  #write(text: string): void {
    this.#out += text
    this.#column += text.length
    this.#fresh = false
  }

  #break(): void {
    this.#out += '\n'
    this.#column = 0
    this.#fresh = true
  }

  #toIndent(indent: number): void {
    if (!this.#fresh || this.#column > indent) this.#break()
    this.#out += ' '.repeat(Math.max(0, indent - this.#column))
    this.#column = Math.max(this.#column, indent)
  }
}

const nextIndent = (indent: number): number => (indent < 0 ? 0 : indent + indentStep)

const isLowSurrogate = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at)
  return code >= 0xdc00 && code <= 0xdfff
}

function plainText(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'object') return Array.isArray(value) ? '[]' : '{}'
  return typeof value === 'number' ? writtenNumber(value) : String(value)
}
