// Variants of a valid object, one change each: every field that its schema declares, present or not, gets values that are
// at and beyond its limits.

import type { FieldSchema, ObjectSchema, TypeNode } from '../../src/machinery/schema/schema.ts'

export interface Variant {
  /** Such as `spec.containers[0].ports = [duplicated]`. */
  readonly name: string
  readonly object: any
}

export interface MutationOptions {
  /** How far below what the object has absent objects are made up. */
  readonly depth?: number
  /** Definitions that are varied elsewhere and left alone here. */
  readonly skip?: (schema: ObjectSchema) => boolean
  /** Fields of the whole that are left alone. */
  readonly without?: readonly string[]
  /** Values of the wrong type, too. */
  readonly types?: boolean
}

type Path = readonly (string | number)[]

const long = 'a'.repeat(300)

/** Values for a field, by type. Not all are wrong. */
function samples(node: TypeNode, field: FieldSchema | undefined): unknown[] {
  switch (node.type) {
    case 'string':
      return [...(field?.enum ?? []), '', 'a', 'Not Valid!', long]
    case 'boolean':
      return [true, false]
    case 'int32':
      return [-1, 0, 1, 70_000, 2_147_483_647]
    case 'int64':
      return [-1, 0, 1, 5_000_000_000]
    case 'double':
      return [-1.5, 0, 2.5]
    case 'bytes':
      return ['', 'AAAA', 'YQ==']
    case 'quantity':
      return ['-1', '0', '1500m', '1Gi', '1e3']
    case 'intOrString':
      return [-1, 0, 8080, 70_000, 'http', '50%', '150%', '', 'Not Valid!']
    case 'time':
    case 'microTime':
      return [null, node.type === 'time' ? '2020-01-02T03:04:05Z' : '2020-01-02T03:04:05.000006Z']
    case 'duration':
      return ['0s', '-1s', '1h30m']
    case 'any':
      return [{}, { a: 1 }]
    case 'list':
    case 'map':
    case 'object':
    case 'either':
      return []
  }
}

/** Values that the type does not take. */
function wrong(node: TypeNode): unknown[] {
  switch (node.type) {
    case 'string':
      return [5, {}, ['a']]
    case 'bytes':
      return ['!!', 5]
    case 'boolean':
      return ['true', 1]
    case 'int32':
      return ['1', 1.5, 3_000_000_000, true]
    case 'int64':
      return ['1', 1.5, {}]
    case 'double':
      return ['1', true]
    case 'quantity':
      return ['bogus', {}, '']
    case 'intOrString':
      return [1.5, {}, true]
    case 'time':
    case 'microTime':
    case 'duration':
      return ['bogus', 5]
    case 'any':
      return []
    case 'list':
      return ['a', {}, 5]
    case 'map':
    case 'object':
      return ['a', [], 5]
    case 'either':
      return ['a', 5]
  }
}

/** A plain value that stands where something has to. */
function plain(node: TypeNode, depth: number): unknown {
  switch (node.type) {
    case 'string':
      return 'a'
    case 'boolean':
      return true
    case 'int32':
    case 'int64':
    case 'double':
      return 1
    case 'bytes':
      return 'YQ=='
    case 'quantity':
      return '1'
    case 'intOrString':
      return 1
    case 'time':
      return '2020-01-02T03:04:05Z'
    case 'microTime':
      return '2020-01-02T03:04:05.000006Z'
    case 'duration':
      return '1s'
    case 'any':
      return {}
    case 'list':
      return [plain(node.item, depth)]
    case 'map':
      return { a: plain(node.value, depth) }
    case 'object':
    case 'either': {
      if (depth <= 0) return {}
      const made: Record<string, unknown> = {}
      for (const field of node.of().fields.values())
        if (field.required) made[field.name] = field.enum?.[0] ?? plain(field.node, depth - 1)
      return made
    }
  }
}

export function* variants(schema: ObjectSchema, base: object, options: MutationOptions = {}): Generator<Variant> {
  const { depth = 1, without = [] } = options
  const make = (path: Path, value: unknown, what: string): Variant => ({
    name: `${text(path)} ${what}`,
    object: replaced(base, path, value),
  })

  function* walkFields(of: ObjectSchema, value: any, path: Path, left: number): Generator<Variant> {
    if (options.skip?.(of) && path.length > 0) return
    for (const field of of.fields.values()) {
      const at = [...path, field.name]
      if (without.includes(at.join('.'))) continue
      const has = value[field.name]
      if (has !== undefined) {
        yield make(at, undefined, 'removed')
        yield make(at, null, '= null')
        yield* walkValue(field.node, field, has, at, left)
      } else yield* absent(field.node, field, at, left)
    }
  }

  function* walkValue(
    node: TypeNode,
    field: FieldSchema | undefined,
    value: any,
    at: Path,
    left: number,
  ): Generator<Variant> {
    if (options.types) for (const each of wrong(node)) yield make(at, each, `= ${JSON.stringify(each)} (type)`)
    for (const each of samples(node, field)) {
      if (each !== value) yield make(at, each, `= ${short(each)}`)
    }
    if (node.type === 'string' && typeof value === 'string') yield make(at, `${value}-changed`, '= changed')
    if (node.type === 'list' && Array.isArray(value)) {
      yield make(at, [], '= []')
      if (value.length > 0) {
        yield make(at, [...value, value[0]], '= [duplicated]')
        if (value.length > 1) yield make(at, value.slice(1), '= [without the first]')
        yield make(at, [...value, plain(node.item, 1)], '= [one more]')
        yield* walkValue(node.item, field, value[0], [...at, 0], left)
      }
      return
    }
    if (node.type === 'map' && value && typeof value === 'object') {
      const [key] = Object.keys(value)
      const like = key === undefined ? plain(node.value, 1) : value[key]
      yield make(at, {}, '= {}')
      yield make(at, { ...value, 'Not Valid!': like }, '= {bad key}')
      yield make(at, { ...value, '': like }, '= {empty key}')
      yield make(at, { ...value, [long]: like }, '= {long key}')
      yield make(at, { ...value, 'example.com/b': like }, '= {one more}')
      if (key !== undefined) yield* walkValue(node.value, field, value[key], [...at, key], left)
      return
    }
    if ((node.type === 'object' || node.type === 'either') && value && typeof value === 'object') {
      yield make(at, {}, '= {}')
      yield* walkFields(node.of(), value, at, left)
    }
  }

  function* absent(node: TypeNode, field: FieldSchema, at: Path, left: number): Generator<Variant> {
    if (options.types) return
    for (const each of samples(node, field)) yield make(at, each, `added: ${short(each)}`)
    if (node.type === 'list') {
      yield make(at, [], 'added: []')
      const item = plain(node.item, 1)
      yield make(at, [item], 'added: [one]')
      yield make(at, [item, item], 'added: [twice]')
      if (node.item.type === 'object' && left > 0)
        yield* within(node.item.of(), item as object, [...at, 0], left - 1, [])
      else for (const each of samples(node.item, field)) yield make(at, [each], `added: [${short(each)}]`)
    } else if (node.type === 'map') {
      yield make(at, {}, 'added: {}')
      for (const key of ['a', 'Not Valid!', '']) yield make(at, { [key]: plain(node.value, 1) }, `added: {${key}}`)
      for (const each of samples(node.value, field)) yield make(at, { a: each }, `added: {a: ${short(each)}}`)
    } else if (node.type === 'object' || node.type === 'either') {
      yield make(at, {}, 'added: {}')
      const filled = plain(node, 2) as object
      yield make(at, filled, 'added: {required}')
      if (left > 0) yield* within(node.of(), filled, at, left - 1)
    }
  }

  /** Variants of an object that is made up first. */
  function* within(of: ObjectSchema, made: object, at: Path, left: number, list?: []): Generator<Variant> {
    if (options.skip?.(of)) return
    const ground = replaced(base, list ? at.slice(0, -1) : at, list ? [made] : made)
    const inner = variantsOf(of, made, left)
    for (const each of inner) yield { name: `${text(at)}.${each.name}`, object: replaced(ground, at, each.object) }
  }

  function* variantsOf(of: ObjectSchema, made: object, left: number): Generator<Variant> {
    yield* variants(of, made, { ...options, depth: left, without: [] })
  }

  yield* walkFields(schema, base, [], depth)
}

const short = (value: unknown) => {
  const shown = JSON.stringify(value)
  return shown.length > 40 ? `${shown.slice(0, 20)}…` : shown
}

function text(path: Path): string {
  let shown = ''
  for (const part of path) shown += typeof part === 'number' ? `[${part}]` : shown === '' ? part : `.${part}`
  return shown
}

/** A copy in which the value at the path is another; undefined removes it. */
export function replaced(object: any, path: Path, value: unknown): any {
  if (path.length === 0) return value
  const [key, ...rest] = path as [string | number, ...Path]
  if (Array.isArray(object)) return object.map((item, index) => (index === key ? replaced(item, rest, value) : item))
  const copy = { ...object }
  const next = replaced(copy[key as string] ?? {}, rest, value)
  if (next === undefined) delete copy[key as string]
  else copy[key as string] = next
  return copy
}
