// JSONPath as kubectl and printer columns read it (client-go util/jsonpath): fields, indexes, slices, wildcards, recursive
// descent, unions and filters. Text in, a function from a value to what it finds out.

import { compareText } from './go-text.ts'
import { readJson } from './json/read.ts'
import { goJson } from './json/write.ts'

type Step = (value: unknown) => unknown[]

/** What the path finds, in order; nothing for what is missing. */
export type JsonPath = (value: unknown) => unknown[]

/** Reads a path without its braces, such as `.spec.replicas`. Throws an Error when it is none. */
export function parseJsonPath(text: string): JsonPath {
  const steps = new PathReader(text).steps()
  return value => steps.reduce<unknown[]>((values, step) => values.flatMap(step), [value])
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const valuesOf = (value: unknown): unknown[] =>
  Array.isArray(value)
    ? value
    : isMap(value)
      ? Object.keys(value)
          .sort(compareText)
          .map(key => value[key])
      : []

const field =
  (name: string): Step =>
  value =>
    isMap(value) && Object.hasOwn(value, name) && value[name] !== undefined ? [value[name]] : []

const descendants = (value: unknown): unknown[] => [value, ...valuesOf(value).flatMap(descendants)]

class PathReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Up to the end, or up to what cannot belong to a path (inside of a filter). */
  steps(inFilter = false): Step[] {
    const steps: Step[] = []
    if (!inFilter && (this.#peek() === '$' || this.#peek() === '@')) this.#at++
    while (this.#at < this.#text.length) {
      const character = this.#peek()
      if (character === '.') {
        this.#at++
        if (this.#peek() === '.') {
          this.#at++
          steps.push(descendants)
          if (this.#peek() !== '[') steps.push(this.#field())
        } else if (this.#peek() !== '[' && this.#at < this.#text.length) steps.push(this.#field())
      } else if (character === '[') steps.push(this.#brackets())
      else if (inFilter) break
      else if (steps.length === 0) steps.push(this.#field())
      else throw new Error(`unrecognized character in action: U+${hex(character!)} '${character}'`)
    }
    return steps
  }

  #peek(): string | undefined {
    return this.#text[this.#at]
  }

  #field(): Step {
    let name = ''
    while (this.#at < this.#text.length) {
      const character = this.#peek()!
      if (character === '\\') {
        name += this.#text[this.#at + 1] ?? ''
        this.#at += 2
        continue
      }
      if (/[\s.,[\]$@{}()=!<>?]/.test(character)) break
      name += character
      this.#at++
    }
    if (name === '') throw new Error('invalid array index or field')
    return name === '*' ? valuesOf : field(name)
  }

  #brackets(): Step {
    const start = this.#at + 1
    if (this.#text[start] === '?') return this.#filter()
    let end = start
    for (let quoted = ''; end < this.#text.length; end++) {
      const character = this.#text[end]!
      if (quoted) {
        if (character === '\\') end++
        else if (character === quoted) quoted = ''
      } else if (character === "'" || character === '"') quoted = character
      else if (character === ']') break
    }
    if (end >= this.#text.length) throw new Error('unterminated array')
    this.#at = end + 1
    const parts = splitUnion(this.#text.slice(start, end))
    const steps = parts.map(selector)
    return steps.length === 1 ? steps[0]! : value => steps.flatMap(step => step(value))
  }

  #filter(): Step {
    if (this.#text[this.#at + 2] !== '(') throw new Error('unterminated filter')
    this.#at += 3
    const left = this.#operand()
    const operator = /^\s*(==|!=|<=|>=|<|>)/.exec(this.#text.slice(this.#at))
    let right: Step | undefined
    if (operator) {
      this.#at += operator[0].length
      right = this.#operand()
    }
    const close = /^\s*\)\s*\]/.exec(this.#text.slice(this.#at))
    if (!close) throw new Error('unterminated filter')
    this.#at += close[0].length
    const matches = (item: unknown): boolean => {
      const found = left(item)
      if (found.length === 0) return false
      if (!right) return true
      const others = right(item)
      return others.length > 0 && compare(found[0], others[0], operator![1]!)
    }
    return value => valuesOf(value).filter(matches)
  }

  #operand(): Step {
    this.#at += /^\s*/.exec(this.#text.slice(this.#at))![0].length
    const rest = this.#text.slice(this.#at)
    const quoted = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')/.exec(rest)
    if (quoted) {
      this.#at += quoted[0].length
      const text = (quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/g, '$1')
      return () => [text]
    }
    const literal = /^(-?\d+(?:\.\d+)?|true|false)/.exec(rest)
    if (literal) {
      this.#at += literal[0].length
      const value: unknown = readJson(literal[0])
      return () => [value]
    }
    if (rest[0] !== '@' && rest[0] !== '$') throw new Error(`unrecognized filter operand ${rest}`)
    this.#at++
    const steps = this.steps(true)
    return value => steps.reduce<unknown[]>((values, step) => values.flatMap(step), [value])
  }
}

const hex = (character: string): string => character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')

function splitUnion(text: string): string[] {
  return text.match(/(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,'"])+/g)?.map(part => part.trim()) ?? ['']
}

function selector(text: string): Step {
  if (text === '*') return valuesOf
  const quoted = /^(['"])(.*)\1$/.exec(text)
  if (quoted) return field(quoted[2]!.replace(/\\(.)/g, '$1'))
  const index = /^-?\d+$/.exec(text)
  if (index) {
    const at = Number(text)
    return value => {
      const found = Array.isArray(value) ? value.at(at) : undefined
      return found === undefined ? [] : [found]
    }
  }
  const slice = /^(-?\d*):(-?\d*)(?::(\d*))?$/.exec(text)
  if (!slice) throw new Error(`invalid array index ${text}`)
  const [, from, to, step] = slice
  return value => {
    if (!Array.isArray(value)) return []
    const part = value.slice(from === '' ? 0 : Number(from), to === '' ? undefined : Number(to))
    return step ? part.filter((_, position) => position % Number(step) === 0) : part
  }
}

function compare(left: unknown, right: unknown, operator: string): boolean {
  if (operator === '==') return left === right
  if (operator === '!=') return left !== right
  const order = orderOf(left, right)
  if (order === undefined) return false
  return operator === '<' ? order < 0 : operator === '<=' ? order <= 0 : operator === '>' ? order > 0 : order >= 0
}

function orderOf(left: unknown, right: unknown): number | undefined {
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right)
  if (!isNumber(left) || !isNumber(right)) return undefined
  return left < right ? -1 : left > right ? 1 : 0
}

const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint'

/** A found value as text: maps and lists as JSON. */
export function jsonPathText(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return String(value)
  return goJson(value)
}
