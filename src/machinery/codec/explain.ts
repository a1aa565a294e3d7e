// Says what was wrong with a body: which fields are not declared, and the first value that does not fit its field, as
// Go's JSON decoder (sigs.k8s.io/json) words it. The slow companion of `decode.ts`, walked only when something was.

import { quote } from '../go-text.ts'
import { NumberLiteral } from '../json/numbers.ts'
import type { ObjectSchema, TypeNode } from '../schema/schema.ts'
import { goTypeName, jsonKind, readers, TypeMismatch } from './scalars.ts'

export interface Explanation {
  /** `unknown field "spec.foo"`, in the order of the body, each once, at most 100. */
  readonly unknownFields: readonly string[]
  readonly error: string | undefined
}

/** The name of a field's Go type, where that has one of its own. */
export type NamedTypeOf = (definition: string, field: string) => string | undefined

export function explain(schema: ObjectSchema, value: unknown, namedTypeOf?: NamedTypeOf): Explanation {
  const walker = new Walker(namedTypeOf)
  try {
    walker.object(schema, value, '', { struct: '', fields: [] }, true)
  } catch (error) {
    // A type's own parser fails at once; a wrong JSON type only counts when nothing like that follows.
    return { unknownFields: [...walker.unknown], error: (error as Error).message }
  }
  return { unknownFields: [...walker.unknown], error: walker.mismatch }
}

/** Where Go believes to be: the innermost struct's type, and the names on the way without indexes and map keys. */
interface Context {
  readonly struct: string
  readonly fields: readonly string[]
}

class Walker {
  readonly unknown = new Set<string>()
  readonly #namedTypeOf: NamedTypeOf | undefined
  mismatch: string | undefined

  constructor(namedTypeOf: NamedTypeOf | undefined) {
    this.#namedTypeOf = namedTypeOf
  }

  #mismatched(found: string, wanted: string, context: Context): void {
    this.mismatch ??= mismatchText(found, wanted, context)
  }

  object(schema: ObjectSchema, value: unknown, path: string, context: Context, root = false): void {
    if (schema.alias) {
      this.node(schema.alias, value, path, context)
      return
    }
    const struct = schema.name.split('.').at(-1)!
    if (!isObject(value)) {
      this.#mismatched(jsonKind(value, ''), goTypeName({ type: 'object', of: () => schema }), context)
      return
    }
    for (const [key, child] of Object.entries(value)) {
      const field = schema.fields.get(key)
      const childPath = path === '' ? key : `${path}.${key}`
      if (!field) {
        const typeMeta = root && (key === 'apiVersion' || key === 'kind') && !schema.fields.has('kind')
        if (!typeMeta && this.unknown.size < 100) this.unknown.add(`unknown field ${quote(childPath)}`)
      } else if (child !== null && child !== undefined) {
        const named = this.#namedTypeOf?.(schema.name, key)
        this.node(field.node, child, childPath, { struct, fields: [...context.fields, ...goPath(schema, key)] }, named)
      }
    }
  }

  /** `named`: the type, where it has a name of its own; that of a list begins with brackets when its items have one. */
  node(node: TypeNode, value: unknown, path: string, context: Context, named?: string): void {
    if (value === null) return
    switch (node.type) {
      case 'object':
        this.object(node.of(), value, path, context)
        break
      case 'list':
        if (Array.isArray(value)) {
          const ofItems = innerType(named)
          for (const [index, item] of value.entries()) this.node(node.item, item, `${path}[${index}]`, context, ofItems)
        } else this.#mismatched(jsonKind(value, ''), named ?? goTypeName(node), context)
        break
      case 'map':
        if (isObject(value)) {
          const ofValues = innerType(named)
          for (const [key, item] of Object.entries(value))
            this.node(node.value, item, `${path}.${key}`, context, ofValues)
        } else this.#mismatched(jsonKind(value, ''), named ?? goTypeName(node), context)
        break
      case 'either':
        if (isObject(value)) this.object(node.of(), value, path, context)
        else this.node(node.or, value, path, context)
        break
      default:
        this.#scalar(node, value, context, named)
    }
  }

  #scalar(node: TypeNode, value: unknown, context: Context, named: string | undefined): void {
    try {
      readers[node.type as keyof typeof readers](value)
    } catch (error) {
      if (!(error instanceof TypeMismatch)) throw error
      switch (node.type) {
        case 'time':
        case 'microTime':
        case 'duration':
        case 'intOrString':
          // These have parsers of their own, whose failure ends the reading.
          throw new Error(mismatchText(error.found, error.wanted, context))
        default:
          this.#mismatched(error.found, named ?? error.wanted, context)
      }
    }
  }
}

/** The structs that Go embeds on the way to a field are named, too. */
function goPath(schema: ObjectSchema, key: string): string[] {
  for (const { inline, node } of schema.message) {
    if (!inline || node.type !== 'object') continue
    const embedded = node.of()
    if (embedded.fields.has(key)) return [embedded.name.split('.').at(-1)!, ...goPath(embedded, key)]
  }
  return [key]
}

/** The type of the items of a list, of the values of a map. */
export const innerType = (named: string | undefined): string | undefined =>
  /^(?:\[\]|map\[[^\]]*\])(.*)/.exec(named ?? '')?.[1]

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberLiteral)

function mismatchText(found: string, wanted: string, { struct, fields }: Context): string {
  if (fields.length === 0) return `json: cannot unmarshal ${found} into Go value of type ${wanted}`
  return `json: cannot unmarshal ${found} into Go struct field ${struct}.${fields.join('.')} of type ${wanted}`
}
