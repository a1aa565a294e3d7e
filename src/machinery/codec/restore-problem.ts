// How Go's converter makes objects out of maps, of strategic merge patches and of what is applied: not as the JSON decoder
// does (`explain.ts`). It reads fields in declared order, names no field in what it says of the first value that does not
// fit, and takes any whole number for an integer, by its low bits.

import { fitsInt64, isInt64, narrowInteger } from '../json/numbers.ts'
import { setKey } from '../own-value.ts'
import type { ObjectSchema, TypeNode } from '../schema/schema.ts'
import { innerType, type NamedTypeOf } from './explain.ts'
import { goTypeName, readers } from './scalars.ts'

/** undefined when all of it fits. */
export function restoreProblem(schema: ObjectSchema, value: unknown, namedTypeOf?: NamedTypeOf): string | undefined {
  if (schema.alias) return problemOf(schema.alias, value, namedTypeOf)
  if (kindOf(value) !== 'map') return `cannot restore struct from: ${kindOf(value)}`
  for (const [name, { node }] of schema.fields) {
    const inner = (value as Readonly<Record<string, unknown>>)[name]
    const problem = problemOf(node, inner, namedTypeOf, namedTypeOf?.(schema.name, name))
    if (problem !== undefined) return problem
  }
  return undefined
}

/** `named`: the type, where it has a name of its own. */
function problemOf(node: TypeNode, value: unknown, namedTypeOf?: NamedTypeOf, named?: string): string | undefined {
  if (value === undefined || value === null) return undefined
  const kind = kindOf(value)
  switch (node.type) {
    case 'object':
      return restoreProblem(node.of(), value, namedTypeOf)
    case 'list':
      return kind === 'slice'
        ? first(value as unknown[], node.item, namedTypeOf, innerType(named))
        : `cannot restore slice from ${kind}`
    case 'map':
      return kind === 'map'
        ? first(Object.values(value), node.value, namedTypeOf, innerType(named))
        : `cannot restore map from ${kind}`
    case 'either':
      return kind === 'map' ? restoreProblem(node.of(), value, namedTypeOf) : problemOf(node.or, value, namedTypeOf)
    case 'bytes':
      if (kind !== 'string') return `cannot restore slice from ${kind}`
      break
    case 'string':
      if (kind === 'string') return undefined
      return kind === 'int64' ? `cannot convert int64 to ${named ?? 'string'}` : 'unrecognized type: string'
    case 'boolean':
      return kind === 'bool' ? undefined : 'unrecognized type: bool'
    case 'int32':
    case 'int64':
    case 'double':
      if (kind === 'int64' || (kind === 'float64' && (node.type === 'double' || Number.isInteger(value))))
        return undefined
      return kind === 'float64'
        ? `cannot convert float64 to ${goTypeName(node)}`
        : `unrecognized type: ${goTypeName(node)}`
  }
  try {
    readers[node.type](value)
    return undefined
  } catch (error) {
    const { message } = error as Error
    return node.type === 'bytes' ? `error decoding from json: ${message}` : message
  }
}

function first(
  values: readonly unknown[],
  node: TypeNode,
  namedTypeOf: NamedTypeOf | undefined,
  named: string | undefined,
): string | undefined {
  for (const value of values) {
    const problem = problemOf(node, value, namedTypeOf, named)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** The value's kind in Go, once JSON has been read into an `interface{}`. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'invalid'
  if (Array.isArray(value)) return 'slice'
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'number':
      return isInt64(value) ? 'int64' : 'float64'
    case 'bigint':
      return 'int64'
    case 'string':
      return 'string'
    default:
      return 'map'
  }
}

/** The value with each number as the converter fits it into its field. */
export function withFittingNumbers(schema: ObjectSchema, value: unknown): unknown {
  return schema.alias ? fitting(schema.alias, value) : fittingFields(schema, value)
}

function fittingFields(schema: ObjectSchema, value: unknown): unknown {
  if (kindOf(value) !== 'map') return value
  const out: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value as object)) {
    const field = schema.fields.get(key)
    setKey(out, key, field ? fitting(field.node, item) : item)
  }
  return out
}

function fitting(node: TypeNode, value: unknown): unknown {
  switch (node.type) {
    case 'object':
      return withFittingNumbers(node.of(), value)
    case 'either':
      return kindOf(value) === 'map' ? fittingFields(node.of(), value) : fitting(node.or, value)
    case 'list':
      return Array.isArray(value) ? value.map(item => fitting(node.item, item)) : value
    case 'map': {
      if (kindOf(value) !== 'map') return value
      const out: Record<string, unknown> = {}
      for (const [key, item] of Object.entries(value as object)) setKey(out, key, fitting(node.value, item))
      return out
    }
    case 'int32':
    case 'int64': {
      const whole = wholeOf(value)
      if (whole === undefined) return value
      return node.type === 'int32' ? Number(BigInt.asIntN(32, whole)) : narrowInteger(whole)
    }
    default:
      return value
  }
}

/** As int64: what does not fit becomes the least there is, as processors have it. */
function wholeOf(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value !== 'number' || !Number.isInteger(value)) return undefined
  const whole = BigInt(value)
  return fitsInt64(whole) ? whole : -(2n ** 63n)
}
