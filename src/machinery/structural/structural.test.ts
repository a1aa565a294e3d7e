import { describe, expect, test } from 'vitest'
import { deepFreeze } from '../deep-freeze.ts'
import { fieldErrorMessage } from '../field-error.ts'
import { root } from '../field-path.ts'
import { applyStructuralDefaults, dropNulls } from './default-values.ts'
import { readEmbedded, validateEmbedded } from './embedded-resources.ts'
import { resolveFieldPath } from './field-reference.ts'
import { isOfFormat } from './formats.ts'
import { validateListTypes } from './list-types.ts'
import { objectSchemaOf } from './object-schema.ts'
import { prune } from './prune.ts'
import type { JsonSchema } from './schema.ts'
import { unsupportedIn, validateStructural } from './structural-rules.ts'

const object = (properties: Record<string, JsonSchema>, rest: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  properties,
  ...rest,
})
const string: JsonSchema = { type: 'string' }
const keeps: JsonSchema = { 'x-kubernetes-preserve-unknown-fields': true }

describe('pruning', () => {
  const cases: [what: string, schema: JsonSchema, value: unknown, pruned: unknown, unknown: string[]][] = [
    ['unknown fields', object({ a: string }), { a: 'x', b: 1 }, { a: 'x' }, ['b']],
    [
      'apiVersion, kind and metadata stay at the root',
      object({}),
      { kind: 'K', metadata: { x: 1 } },
      { kind: 'K', metadata: { x: 1 } },
      [],
    ],
    ['but not further inside', object({ a: object({}) }), { a: { kind: 'K' } }, { a: {} }, ['a.kind']],
    [
      'in lists',
      object({ l: { type: 'array', items: object({ a: string }) } }),
      { l: [{ a: '1' }, { b: 2 }] },
      { l: [{ a: '1' }, {}] },
      ['l[1].b'],
    ],
    [
      'in maps',
      object({ m: { type: 'object', additionalProperties: object({}) } }),
      { m: { k: { z: 1 } } },
      { m: { k: {} } },
      ['m.k.z'],
    ],
    [
      'additionalProperties: true keeps names, not what is in them',
      object({ m: { type: 'object', additionalProperties: true } }),
      { m: { k: { z: 1 }, n: 2 } },
      { m: { k: {}, n: 2 } },
      ['m.k.z'],
    ],
    [
      'nothing where unknown fields are kept',
      object({ a: { type: 'object', ...keeps } }),
      { a: { b: { c: 1 } } },
      { a: { b: { c: 1 } } },
      [],
    ],
    [
      'again below a field that is known there',
      object({ a: object({ b: object({}) }, keeps) }),
      { a: { b: { c: 1 }, d: { e: 1 } } },
      { a: { b: {}, d: { e: 1 } } },
      ['a.b.c'],
    ],
    [
      'an embedded resource keeps its metadata',
      object({ e: object({ spec: object({}) }, { 'x-kubernetes-embedded-resource': true }) }),
      { e: { kind: 'K', metadata: { a: 1 }, spec: { b: 1 } } },
      { e: { kind: 'K', metadata: { a: 1 }, spec: {} } },
      ['e.spec.b'],
    ],
    ['scalars where objects are wanted are left to validation', object({ a: object({}) }), { a: 'x' }, { a: 'x' }, []],
  ]
  test.each(cases)('%s', (_, schema, value, pruned, unknown) => {
    const unknownFields: string[] = []
    const given = deepFreeze(structuredClone(value))
    expect(prune(given, schema, { isResource: true, unknownFields })).toEqual(pruned)
    expect(unknownFields).toEqual(unknown)
  })

  test('gives what conforms back as it is', () => {
    const value = { a: 'x', l: [{ a: 'y' }] }
    const schema = object({ a: string, l: { type: 'array', items: object({ a: string }) } })
    expect(prune(value, schema, { isResource: true })).toBe(value)
  })
})

describe('defaults', () => {
  const schema = object({
    a: { type: 'string', default: 'A' },
    o: object({ b: { type: 'integer', default: 1 } }),
    d: object({ c: { type: 'boolean', default: true } }, { default: {} }),
    l: { type: 'array', items: object({ x: { type: 'string', default: 'X' } }) },
    m: { type: 'object', additionalProperties: object({ y: { type: 'string', default: 'Y' } }) },
    n: { type: 'string', nullable: true, default: 'N' },
  })
  test.each<[string, unknown, unknown]>([
    ['of what is missing', {}, { a: 'A', d: { c: true }, n: 'N' }],
    ['inside of what is there', { o: {} }, { a: 'A', o: { b: 1 }, d: { c: true }, n: 'N' }],
    [
      'of items and values',
      { l: [{}, { x: 'z' }], m: { k: {} } },
      { a: 'A', d: { c: true }, l: [{ x: 'X' }, { x: 'z' }], m: { k: { y: 'Y' } }, n: 'N' },
    ],
    ['in the place of a null that is not allowed', { a: null, n: null }, { a: 'A', d: { c: true }, n: null }],
    ['not over what is said', { a: '', d: { c: false }, n: '' }, { a: '', d: { c: false }, n: '' }],
  ])('%s', (_, value, expected) => {
    expect(applyStructuralDefaults(deepFreeze(value), schema)).toEqual(expected)
  })

  test('nulls without a default go, unless they are allowed or unknown', () => {
    const of = object({ a: string, b: { type: 'string', nullable: true }, c: { type: 'string', default: 'x' } })
    expect(dropNulls({ a: null, b: null, c: null, d: null }, of)).toEqual({ b: null, c: null, d: null })
  })
})

const messages = (errors: readonly Parameters<typeof fieldErrorMessage>[0][]) => errors.map(fieldErrorMessage)

describe('structural schemas', () => {
  test.each<[JsonSchema, string[]]>([
    [object({ a: string }), []],
    [{}, ['s.type: Required value: must not be empty at the root']],
    [{ type: 'array', items: string }, ['s.type: Invalid value: "array": must be object at the root']],
    [object({ a: {} }), ['s.properties[a].type: Required value: must not be empty for specified object fields']],
    [object({ a: { type: 'array' } }), ['s.properties[a].items: Required value: must be specified']],
    [
      object({ a: { type: 'array', items: {} } }),
      ['s.properties[a].items.type: Required value: must not be empty for specified array items'],
    ],
    [object({}, { additionalProperties: string }), ['s.additionalProperties: Forbidden: must not be used at the root']],
    [
      object({ a: { 'x-kubernetes-int-or-string': true, ...keeps } }),
      [
        's.properties[a].x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true',
      ],
    ],
    [object({ a: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] } }), []],
    [
      object({ a: { ...string, anyOf: [{ type: 'integer' }] } }),
      ['s.properties[a].anyOf[0].type: Forbidden: must be empty to be structural'],
    ],
    [
      object({ a: object({}) }, { allOf: [{ properties: { a: { properties: { b: { minLength: 1 } } } } }] }),
      [
        's.properties[a].properties[b]: Required value: because it is defined in s.allOf[0].properties[a].properties[b]',
      ],
    ],
    [object({ metadata: object({ name: { type: 'string', pattern: '^a' } }) }), []],
    [
      object({ metadata: object({ labels: object({}) }) }),
      [
        's.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
      ],
    ],
    [
      object({ a: { type: 'object', 'x-kubernetes-embedded-resource': true } }),
      [
        's.properties[a].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ],
    ],
    [
      object({ a: { type: 'string', pattern: '[' } }),
      [
        's.properties[a].pattern: Invalid value: "[": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ]: `[`',
      ],
    ],
  ])('%j', (schema, expected) => {
    expect(messages(validateStructural(root('s'), schema))).toEqual(expected)
  })

  test('know no references and no definitions', () => {
    expect(unsupportedIn(object({ a: { $ref: '#/x' } }))).toBe("OpenAPIV3Schema '$ref' is not supported")
    expect(unsupportedIn(object({ a: { type: 'array', items: [string] } }))).toBe(
      "OpenAPIV3Schema 'items' must be a schema, but is an array",
    )
  })
})

describe('list types', () => {
  const set: JsonSchema = { type: 'array', items: string, 'x-kubernetes-list-type': 'set' }
  const map = (...keys: string[]): JsonSchema => ({
    type: 'array',
    items: object({ a: string, b: string }),
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': keys,
  })
  test.each<[JsonSchema, unknown, string[]]>([
    [set, ['a', 'b'], []],
    [set, ['a', 'a', 'a'], ['l[1]: Duplicate value: "a"']],
    [map('a'), [{ a: '1' }, { a: '2' }], []],
    [map('a'), [{ a: '1', b: 'x' }, { a: '1' }], ['l[1]: Duplicate value: {"a":"1"}']],
    [map('a', 'b'), [{ a: '1', b: 'x' }, { a: '1' }, { b: 'x', a: '1' }], ['l[2]: Duplicate value: {"a":"1","b":"x"}']],
    [map('a'), [{}, {}], ['l[1]: Duplicate value: {}']],
    [map('a'), ['x'], ['l[0]: Invalid value: "x": must be an object for an array of list-type map']],
  ])('%j %j', (schema, value, expected) => {
    expect(messages(validateListTypes(root('l'), schema, value))).toEqual(expected)
  })
})

describe('embedded resources', () => {
  const schema = object({ e: object({}, { 'x-kubernetes-embedded-resource': true, ...keeps }) })
  test.each<[unknown, string[]]>([
    [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }, []],
    [{}, ['e.apiVersion: Required value', 'e.kind: Required value']],
    [
      { apiVersion: 'a/b/c', kind: 'no good' },
      [
        'e.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        expect.stringContaining(
          'e.kind: Invalid value: "no good": may have mixed case, but should otherwise match: ',
        ) as never,
      ],
    ],
    [
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a/b' } },
      ['e.metadata.name: Invalid value: "a/b": may not contain \'/\''],
    ],
  ])('%j', (value, expected) => {
    expect(messages(validateEmbedded(undefined, { e: value }, schema))).toEqual(expected)
  })

  test('have metadata that is read like any', () => {
    const unknownFields: string[] = []
    const read = (metadata: unknown, unknown?: string[]) => {
      unknown?.push('foo')
      return { name: (metadata as { name: string }).name }
    }
    const value = { e: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', foo: 1 } } }
    expect(readEmbedded(value, schema, read, unknownFields)).toEqual({
      e: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } },
    })
    expect(unknownFields).toEqual(['e.metadata.foo'])
    expect(() => readEmbedded({ e: { kind: 1 } }, schema, read)).toThrow('e.kind: Invalid value: 1: must be a string')
  })
})

describe('formats', () => {
  test.each<[format: string, good: string[], bad: string[]]>([
    [
      'date-time',
      ['2024-02-29T10:00:00Z', '2024-02-29t10:00:00.5+01:00'],
      ['2023-02-29T10:00:00Z', '2024-02-29', 'now'],
    ],
    ['date', ['2024-02-29'], ['2023-02-29', '2024-2-9']],
    ['duration', ['1h30m', '5s', '2 days'], ['x', '']],
    ['ipv4', ['10.0.0.1'], ['::1', '10.0.0']],
    ['ipv6', ['::1', 'fe80::1'], ['10.0.0.1', ':::']],
    ['cidr', ['10.0.0.0/8', '::/0'], ['10.0.0.0', '10.0.0.0/33']],
    ['uuid', ['123E4567-e89b-12d3-a456-426614174000'], ['123']],
    ['uuid4', ['123e4567-e89b-42d3-a456-426614174000'], ['123e4567-e89b-12d3-a456-426614174000']],
    ['byte', ['aGVsbG8=', ''], ['aGVsbG8', '!']],
    ['email', ['a@example.com', 'A B <a@example.com>'], ['a', 'a@', '@b']],
    ['hostname', ['example.com', 'a'], ['-a.com', 'a_b.com']],
    ['uri', ['http://example.com/x', '/path'], ['example.com', 'http://[', '']],
    ['mac', ['01:23:45:67:89:ab', '0123.4567.89ab'], ['01:23', 'xx:23:45:67:89:ab']],
    ['hexcolor', ['#FFF', 'ffffff'], ['#ff']],
    ['creditcard', ['4111-1111-1111-1111'], ['4111111111111112']],
    ['isbn', ['0321751043', '978-0321751041'], ['0321751044']],
    ['k8s-short-name', ['a-b'], ['A', 'a.b']],
    ['k8s-long-name', ['a-b.c'], ['A.b', '.a']],
    ['nobody-knows', ['anything'], []],
  ])('%s', (format, good, bad) => {
    expect(good.filter(text => !isOfFormat(format, text))).toEqual([])
    expect(bad.filter(text => isOfFormat(format, text))).toEqual([])
  })
})

describe('references to fields', () => {
  const schema = object({ spec: object({ a: string, m: { type: 'object', additionalProperties: string } }) })
  test.each<[string, string]>([
    ['.spec.a', 'spec.a'],
    ["['spec']['a']", 'spec.a'],
    [".spec.m['a.b']", 'spec.m[a.b]'],
    ['.spec.b', 'does not refer to a valid field'],
    ['spec', 'expected [ or . but got: spec'],
    ['.spec[0]', 'expected single quoted string but got 0'],
    ['.spec.', 'unexpected end of JSON path'],
  ])('%s', (text, expected) => {
    const { path, problem } = resolveFieldPath(text, schema)
    expect(problem ?? String(path)).toBe(expected)
  })
})

test('a schema as a declaration, for apply', () => {
  const field = (name: string) =>
    ({ name, number: 0, node: { type: 'string' }, presence: 'omitempty', required: false }) as const
  const declared = objectSchemaOf(
    'K',
    object({
      spec: object({
        ports: {
          type: 'array',
          items: object({ name: string }),
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
        },
        any: keeps,
        port: { 'x-kubernetes-int-or-string': true },
        labels: { type: 'object', additionalProperties: string, 'x-kubernetes-map-type': 'atomic' },
      }),
    }),
    { apiVersion: field('apiVersion'), kind: field('kind'), metadata: field('metadata') },
  )
  expect([...declared.fields.keys()]).toEqual(['apiVersion', 'kind', 'metadata', 'spec'])
  const { node } = declared.fields.get('spec')!
  const fields = node.type === 'object' ? [...node.of().fields.values()] : []
  expect(fields).toMatchObject([
    { name: 'ports', node: { type: 'list', item: { type: 'object' } }, listType: 'map', listMapKeys: ['name'] },
    { name: 'any', node: { type: 'any' } },
    { name: 'port', node: { type: 'any' } },
    { name: 'labels', node: { type: 'map', value: { type: 'string' } }, mapType: 'atomic' },
  ])
})
