// Paths that name a field of a schema: a rule's fieldPath, a selectable field's jsonPath. `.spec.items['a key'].name`.

import type { FieldPath } from '../field-path.ts'
import { additionalOf, childPath, type JsonSchema, keyPath, propertyOf } from './schema.ts'

export interface FieldReference {
  readonly path: FieldPath | undefined
  readonly schema: JsonSchema | undefined
  /** Why it is no path; undefined when it is one. */
  readonly problem?: string
}

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  "'": "'",
  '\\': '\\',
}

export function resolveFieldPath(
  text: string,
  root: JsonSchema,
  options: { readonly brackets: boolean } = { brackets: true },
): FieldReference {
  const tokens = text.match(/'(?:[^'\\]|\\.)*'|[.[\]]|[^.[\]]+/gs) ?? []
  let path: FieldPath | undefined
  let schema: JsonSchema | undefined = root
  const fail = (problem: string): FieldReference => ({ path: undefined, schema: undefined, problem })
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!
    let name = tokens[at + 1]
    if (token === '[' && !options.brackets) return fail('array notation is not allowed')
    if (token !== '.' && token !== '[') return fail(`expected [ or . but got: ${token}`)
    if (name === undefined) return fail('unexpected end of JSON path')
    at++
    if (token === '[') {
      if (name.length < 2 || !name.startsWith("'") || !name.endsWith("'"))
        return fail(`expected single quoted string but got ${name}`)
      const bad = /\\([^abfnrtv'\\])/.exec(name)
      if (bad) return fail(`invalid string literal: invalid escape char ${bad[0]}`)
      name = name.slice(1, -1).replace(/\\(.)/g, (_, character: string) => escapes[character]!)
      at++
    }
    if (schema?.properties) {
      path = childPath(path, name)
      schema = propertyOf(schema, name)
      if (!schema) return fail('does not refer to a valid field')
    } else if (schema && schema.additionalProperties !== undefined) {
      path = keyPath(path, name)
      schema = additionalOf(schema)
    } else return fail('does not refer to a valid field')
    if (token !== '[') continue
    if (tokens[at] === undefined) return fail('unexpected end of JSON path')
    if (tokens[at] !== ']') return fail(`expected ] but got ${tokens[at]}`)
  }
  return { path, schema }
}
