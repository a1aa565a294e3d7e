// One step of a path into an object, as FieldsV1 writes it: `f:replicas` (a field or map key), `k:{"name":"main"}` (an
// item of a list by its keys), `v:"finalizer"` (an item of a set), `i:0` (an item by its place). The text is the identity.

import { compareText, quote } from '../go-text.ts'
import { readJson } from '../json/read.ts'
import { goJson } from '../json/write.ts'

export type PathElement = string

/** A node that holds others and is itself in the set says so under this name; it sorts before every element. */
export const self = '.'

export type KeyField = readonly [name: string, value: unknown]

export const fieldElement = (name: string): PathElement => `f:${name}`
export const valueElement = (value: unknown): PathElement => `v:${goJson(value)}`

/** The fields must be in the order of their names. */
export function keyElement(fields: readonly KeyField[]): PathElement {
  let text = 'k:{'
  for (let index = 0; index < fields.length; index++) {
    const [name, value] = fields[index]!
    text += `${index === 0 ? '' : ','}${goJson(name)}:${goJson(value)}`
  }
  return `${text}}`
}

/** Most lists have one key, and their items the same few names. */
const known = new Map<string, Map<string, PathElement>>()
const mostKnown = 1000
const longestKnown = 253

/** The same of one field. */
export function singleKeyElement(name: string, value: unknown): PathElement {
  if (typeof value !== 'string' || value.length > longestKnown) return keyElement([[name, value]])
  let byValue = known.get(name)
  if (byValue === undefined) {
    byValue = new Map()
    known.set(name, byValue)
  }
  let element = byValue.get(value)
  if (element === undefined) {
    element = keyElement([[name, value]])
    if (byValue.size >= mostKnown) byValue.clear()
    byValue.set(value, element)
  }
  return element
}

export class PathElementError extends Error {}

/** The element in its one normal form; undefined for a type of element nobody knows, which readers skip. */
export function normalElement(text: string): PathElement | undefined {
  if (text.length < 2) throw new PathElementError('key must be 2 characters long:')
  if (text[1] !== ':') throw new PathElementError(`missing colon: ${text}`)
  switch (text[0]) {
    case 'f':
      return text
    case 'v':
      return valueElement(parse(text))
    case 'k': {
      const value = parse(text)
      if (value === null || typeof value !== 'object' || Array.isArray(value))
        throw new PathElementError(`expected an object: ${text}`)
      return keyElement(Object.entries(value).sort(byName))
    }
    case 'i': {
      const index = text.slice(2)
      if (!/^[+-]?\d+$/.test(index)) throw new PathElementError(`strconv.Atoi: parsing ${quote(index)}: invalid syntax`)
      return `i:${Number(index)}`
    }
    default:
      return undefined
  }
}

function parse(text: string): unknown {
  try {
    return readJson(text.slice(2))
  } catch (error) {
    throw new PathElementError(`${(error as Error).message}: ${text}`)
  }
}

export function byName([a]: KeyField, [b]: KeyField): number {
  return compareText(a, b)
}

const typeOrder: Readonly<Record<string, number>> = { f: 0, k: 1, v: 2, i: 3 }

/** Upstream's order of serialisation: fields, keys, values, indexes; each by what it says, not by its text. */
export function compareElements(a: PathElement, b: PathElement): number {
  if (a === b) return 0
  if (a === self) return -1
  if (b === self) return 1
  const type = a[0]!
  if (type !== b[0]) return typeOrder[type]! - typeOrder[b[0]!]!
  if (type === 'f') return compareText(a, b)
  const left = contentOf(a)
  const right = contentOf(b)
  return type === 'k' ? compareKeys(left as object, right as object) : compareValues(left, right)
}

const parsed = new Map<PathElement, unknown>()

function contentOf(element: PathElement): unknown {
  let value = parsed.get(element)
  if (value === undefined) {
    value = readJson(element.slice(2))
    if (parsed.size > 10_000) parsed.clear()
    parsed.set(element, value)
  }
  return value
}

function compareKeys(a: object, b: object): number {
  const left = Object.entries(a).sort(byName)
  const right = Object.entries(b).sort(byName)
  for (let index = 0; index < left.length && index < right.length; index++) {
    const order = byName(left[index]!, right[index]!) || compareValues(left[index]![1], right[index]![1])
    if (order !== 0) return order
  }
  return left.length - right.length
}

const kinds = ['number', 'string', 'boolean', 'array', 'object', 'null']

function kindOf(value: unknown): number {
  return kinds.indexOf(value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)
}

function compareValues(a: unknown, b: unknown): number {
  const kind = kindOf(a)
  const difference = kind - kindOf(b)
  if (difference !== 0) return difference
  if (typeof a === 'string') return compareText(a, b as string)
  if (kind > 2) return compareText(goJson(a), goJson(b))
  const [left, right] = [a as number, b as number]
  return left < right ? -1 : left > right ? 1 : 0
}

/** How messages and `causes[].field` write it: `.spec`, `[name="main"]`, `[="x"]`, `[0]`. */
export function printElement(element: PathElement): string {
  switch (element[0]) {
    case 'f':
      return `.${element.slice(2)}`
    case 'k': {
      const fields = Object.entries(contentOf(element) as object)
      return `[${fields.map(([name, value]) => `${name}=${printValue(value)}`).join(',')}]`
    }
    case 'v':
      return `[=${printValue(contentOf(element))}]`
    default:
      return `[${element.slice(2)}]`
  }
}

function printValue(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return `[${value.map(printValue).join(',')}]`
  if (value !== null && typeof value === 'object')
    return Object.entries(value)
      .map(([name, item]) => `${name}=${printValue(item)}`)
      .join('')
  return String(value)
}

export const printPath = (path: readonly PathElement[]): string => path.map(printElement).join('')
