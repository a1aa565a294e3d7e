// Objects of any declared kind with whatever may stand in them, from a seed: what property tests and the fuzzer begin with.

import { decodeObject } from '../../../src/machinery/codec/decode.ts'
import { setKey } from '../../../src/machinery/own-value.ts'
import type { FieldSchema, ObjectSchema, TypeNode } from '../../../src/machinery/schema/schema.ts'

/** A number from 0 up to 1. */
export type Random = () => number

/** mulberry32: small, quick, and the same everywhere. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export const below = (random: Random, end: number): number => Math.floor(random() * end)
export const oneOf = <T>(random: Random, values: readonly T[]): T => values[below(random, values.length)]!

/** Text that readers of YAML and JSON trip over. */
const texts = [
  '',
  'a',
  'web-1',
  'yes',
  'n',
  'On',
  'null',
  '~',
  '0777',
  '0o17',
  '1e3',
  '1_000',
  '.inf',
  '22:22',
  '2026-01-02',
  '<<',
  '=',
  '*x',
  '&x',
  '!x',
  '- a',
  'a: b',
  'a #b',
  '#a',
  ' lead',
  'trail ',
  'two\nlines\n',
  '\ttab',
  '\u0000\u0007',
  'größe',
  '日本',
  '😀',
  '"quoted"',
  "it's",
  '{a}',
  '[a]',
  '%x',
  '@x',
  '`x`',
  '\\',
  '\u2028',
  '\ufeff',
  'x'.repeat(130),
]
const keys = [...texts, '__proto__', 'constructor', 'a/b', 'a~b', '1', 'a.b']

const scalars: Readonly<Record<string, (random: Random) => unknown>> = {
  string: random => oneOf(random, texts),
  boolean: random => random() < 0.5,
  int32: random => oneOf(random, [0, 1, -1, 80, 2 ** 31 - 1, -(2 ** 31)]),
  int64: random => oneOf(random, [0, 1, -1, 300, 2 ** 53 - 1, -(2 ** 53 - 1)]),
  double: random => oneOf(random, [0, 1, -2.5, 1e21, 5e-324]),
  bytes: random => Buffer.from(Array.from({ length: below(random, 9) }, () => below(random, 256))).toString('base64'),
  quantity: random => oneOf(random, ['0', '1', '100m', '1.5Gi', '12e6', '-3Ki', '1n', '9E']),
  intOrString: random => oneOf<unknown>(random, [0, 80, -1, 'http', '25%', '']),
  time: random => oneOf(random, ['2026-01-02T03:04:05Z', '1970-01-01T00:00:00Z', '9999-12-31T23:59:59Z']),
  microTime: random => oneOf(random, ['2026-01-02T03:04:05.000006Z', '2026-01-02T03:04:05.123456Z']),
  duration: random => oneOf(random, ['0s', '1h30m0s', '-1.5s', '100ms']),
  any: random => oneOf<unknown>(random, [{}, { a: 1 }, { a: { b: [1, 'x', true] } }]),
}

const deepest = 7

function randomValue(node: TypeNode, random: Random, depth: number): unknown {
  switch (node.type) {
    case 'object': {
      const schema = node.of()
      return schema.alias ? randomValue(schema.alias, random, depth) : randomFields(schema, random, depth + 1)
    }
    case 'either': {
      if (random() < 0.5 && depth < deepest) return randomFields(node.of(), random, depth + 1)
      // An empty list here is the same as none to upstream.
      const value = randomValue(node.or, random, depth)
      return Array.isArray(value) && value.length === 0 ? randomFields(node.of(), random, deepest) : value
    }
    case 'list':
      return Array.from({ length: depth < deepest ? below(random, 3) : 0 }, () => randomValue(node.item, random, depth))
    case 'map': {
      const out: Record<string, unknown> = {}
      for (let count = depth < deepest ? below(random, 4) : 0; count > 0; count--)
        setKey(out, oneOf(random, keys), randomValue(node.value, random, depth))
      return out
    }
    default:
      return scalars[node.type]!(random)
  }
}

function randomFields(schema: ObjectSchema, random: Random, depth: number): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  // Large kinds would be enormous with half of their fields at every level.
  const share = depth <= 2 ? 0.7 : Math.min(0.6, 6 / schema.fields.size)
  for (const field of schema.fields.values()) {
    if (!isComposite(field.node) ? random() < share : random() < share && depth < deepest)
      out[field.name] = randomValue(field.node, random, depth)
  }
  return out
}

function isComposite({ type }: TypeNode): boolean {
  return type === 'object' || type === 'list' || type === 'map' || type === 'either'
}

/** Without what protobuf has no room for: the type of objects inside others, and lists that are there but empty. */
export function asProtobufHasIt(schema: ObjectSchema, value: any): any {
  return stripped({ type: 'object', of: () => schema }, value)
}

function stripped(node: TypeNode, value: any): any {
  if (value === null || typeof value !== 'object') return value
  if (node.type === 'list') return value.map((item: unknown) => stripped(node.item, item))
  if (node.type === 'map') return mapped(value, item => stripped(node.value, item))
  if (node.type !== 'object') return value
  const { fields } = node.of()
  const out: Record<string, unknown> = {}
  for (const [name, part] of Object.entries(value)) {
    const field = fields.get(name)
    if (field?.presence === 'pointer' && Array.isArray(part) && part.length === 0) continue
    if (field && (field.number > 0 || (name !== 'kind' && name !== 'apiVersion')))
      out[name] = stripped(field.node, part)
  }
  return out
}

/** An object of the kind in normal form. */
export function randomObject(schema: ObjectSchema, random: Random): Record<string, any> {
  return structuredClone(decodeObject(schema, randomFields(schema, random, 0)).object)
}

/** The same object where strategic merge has one element for each key of a list, as it takes for granted. */
export function withDistinctKeys(node: TypeNode, value: any): any {
  if (node.type === 'map') return mapped(value, item => withDistinctKeys(node.value, item))
  if (node.type !== 'object' || value === null || typeof value !== 'object') return value
  const { fields } = node.of()
  const out: Record<string, unknown> = {}
  for (const [name, part] of Object.entries(value)) {
    const field = fields.get(name)
    setKey(out, name, field ? distinct(field, part) : part)
  }
  return out
}

function mapped(value: Record<string, unknown>, change: (item: unknown) => unknown): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value ?? {})) setKey(out, key, change(item))
  return out
}

function distinct(field: FieldSchema, value: any): unknown {
  if (!Array.isArray(value) || field.node.type !== 'list') return withDistinctKeys(field.node, value)
  const { item } = field.node
  const items = value.map(each => withDistinctKeys(item, each))
  if (!field.patchStrategy?.includes('merge')) return items
  const keyOf = (each: any) => (field.mergeKey ? each?.[field.mergeKey] : each)
  const seen = new Set<unknown>()
  return items.filter(each => {
    const key = keyOf(each)
    if (key === undefined || key === null || seen.has(key)) return false
    seen.add(key)
    return true
  })
}
