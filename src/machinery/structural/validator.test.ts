import { describe, expect, test } from 'vitest'
import { fieldErrorMessage } from '../field-error.ts'
import { Correlated } from './correlation.ts'
import type { JsonSchema } from './schema.ts'
import { validateValue } from './validator.ts'

const of = (a: JsonSchema, rest: JsonSchema = {}): JsonSchema => ({ type: 'object', properties: { a }, ...rest })
const check = (schema: JsonSchema, value: unknown) => validateValue(undefined, schema, value).map(fieldErrorMessage)

describe('one field', () => {
  test.each<[JsonSchema, unknown, string[]]>([
    [{ type: 'string' }, 'x', []],
    [{ type: 'string' }, 1, ['a: Invalid value: "integer": a in body must be of type string: "integer"']],
    [{ type: 'integer' }, 1, []],
    [
      { type: 'integer' },
      1.5,
      [
        'a: Invalid value: "number": a in body must be of type integer: "number"',
        '<nil>: Invalid value: "": Checked value must be of type integer (default format) in a',
      ],
    ],
    [{ type: 'number' }, 1, []],
    [{ type: 'boolean' }, 'true', ['a: Invalid value: "string": a in body must be of type boolean: "string"']],
    [{ type: 'object' }, [], ['a: Invalid value: "array": a in body must be of type object: "array"']],
    [{ type: 'string' }, null, ['a: Invalid value: "null": a in body must be of type string: "null"']],
    [{ type: 'string', nullable: true }, null, []],
    [
      { 'x-kubernetes-int-or-string': true },
      1.5,
      ['a: Invalid value: "number": a in body must be of type integer,string: "number"'],
    ],
    [{ type: 'string', enum: ['x', 'y'] }, 'z', ['a: Unsupported value: "z": supported values: "x", "y"']],
    [{ type: 'integer', enum: [1, 2] }, 3, ['a: Unsupported value: 3: supported values: "1", "2"']],
    [{ type: 'string', minLength: 2 }, 'é', ['a: Invalid value: "é": a in body should be at least 2 chars long']],
    [{ type: 'string', maxLength: 2 }, 'abc', ['a: Too long: may not be more than 2 bytes']],
    [{ type: 'string', pattern: '^[a-z]+$' }, 'A', ['a: Invalid value: "A": a in body should match \'^[a-z]+$\'']],
    [{ type: 'string', format: 'date' }, 'x', ['a: Invalid value: "x": a in body must be of type date: "x"']],
    [{ type: 'string', format: 'date' }, 5, ['a: Invalid value: "int64": a in body must be of type date: "int64"']],
    [{ type: 'string', format: 'nobody-knows' }, 'x', []],
    [
      { type: 'integer', format: 'int32' },
      2 ** 31,
      ['<nil>: Invalid value: "": Checked value must be of type integer with format int32 in a'],
    ],
    [
      { type: 'integer', minimum: 1, maximum: 3 },
      0,
      ['a: Invalid value: 0: a in body should be greater than or equal to 1'],
    ],
    [
      { type: 'integer', maximum: 3, exclusiveMaximum: true },
      3,
      ['a: Invalid value: 3: a in body should be less than 3'],
    ],
    [{ type: 'number', multipleOf: 0.5 }, 0.7, ['a: Invalid value: 0.7: a in body should be a multiple of 0.5']],
    [
      { type: 'array', items: { type: 'string' }, minItems: 1 },
      [],
      ['a: Invalid value: 0: a in body should have at least 1 items'],
    ],
    [
      { type: 'array', items: { type: 'string' }, maxItems: 1 },
      ['x', 'y'],
      ['a: Too many: 2: must have at most 1 item'],
    ],
    [
      { type: 'array', items: { type: 'string' } },
      ['x', 1],
      ['a[1]: Invalid value: "integer": a[1] in body must be of type string: "integer"'],
    ],
    [
      { type: 'object', additionalProperties: { type: 'integer' } },
      { k: 'x' },
      ['a.k: Invalid value: "string": a.k in body must be of type integer: "string"'],
    ],
    [{ type: 'object', minProperties: 1 }, {}, ['a: Invalid value: 0: a in body should have at least 1 properties']],
    [{ type: 'object', maxProperties: 1 }, { k: 1, l: 2 }, ['a: Too many: 2: must have at most 1 item']],
    [{ type: 'object', required: ['b'] }, {}, ['a.b: Required value']],
    [
      { type: 'object', properties: { b: {} }, additionalProperties: false },
      { c: 1 },
      ['a: Invalid value: "c": a.c in body is a forbidden property'],
    ],
    [{ type: 'integer', not: { enum: [5] } }, 5, ['<nil>: Invalid value: "": "a" must not validate the schema (not)']],
    [
      { type: 'object', oneOf: [{ required: ['x'] }, { required: ['y'] }] },
      { x: 1, y: 1 },
      ['<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [
      { type: 'object', oneOf: [{ required: ['x'] }, { required: ['y'] }] },
      {},
      [
        '<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found none valid',
        'a.x: Required value',
      ],
    ],
    [
      { type: 'integer', anyOf: [{ minimum: 10 }, { maximum: 0 }] },
      5,
      [
        '<nil>: Invalid value: "": "a" must validate at least one schema (anyOf)',
        'a: Invalid value: 5: a in body should be greater than or equal to 10',
      ],
    ],
    [
      { type: 'integer', allOf: [{ minimum: 10 }, { maximum: 6 }] },
      5,
      [
        'a: Invalid value: 5: a in body should be greater than or equal to 10',
        '<nil>: Invalid value: "": "a" must validate all the schemas (allOf)',
      ],
    ],
  ])('%j %j', (schema, value, expected) => {
    expect(check(of(schema), { a: value }).map(text => text)).toEqual(expected)
  })

  test('that must be there', () => {
    expect(check(of({}, { required: ['a'] }), {})).toEqual(['a: Required value'])
  })
})

describe('what was invalid before', () => {
  const schema: JsonSchema = {
    type: 'object',
    properties: {
      a: { type: 'string', maxLength: 1 },
      b: { type: 'object', properties: { c: { type: 'integer', minimum: 5 } }, required: ['d'] },
      map: {
        type: 'array',
        items: { type: 'object', properties: { k: { type: 'string' }, v: { type: 'integer', minimum: 5 } } },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
      },
      atomic: { type: 'array', items: { type: 'integer', minimum: 5 } },
    },
  }
  const update = (next: unknown, old: unknown) =>
    validateValue(undefined, schema, next, new Correlated(next, old, schema)).map(fieldErrorMessage)

  test.each<[string, unknown, unknown, string[]]>([
    ['may stay', { a: 'xx', b: { c: 1 } }, { a: 'xx', b: { c: 1 } }, []],
    ['may not change to what is invalid too', { a: 'yy' }, { a: 'xx' }, ['a: Too long: may not be more than 1 byte']],
    ['may stay beside what changes', { a: 'xx', b: { c: 6, d: 1 } }, { a: 'xx', b: { c: 5, d: 1 } }, []],
    ['is asked for when its parent changes', { b: { c: 6 } }, { b: { c: 5 } }, ['b.d: Required value']],
    [
      'is found by its key in a map',
      {
        map: [
          { k: 'new', v: 9 },
          { k: 'x', v: 1 },
        ],
      },
      { map: [{ k: 'x', v: 1 }] },
      [],
    ],
    [
      'is not found in an atomic list',
      { atomic: [9, 1] },
      { atomic: [1] },
      ['atomic[1]: Invalid value: 1: atomic[1] in body should be greater than or equal to 5'],
    ],
  ])('%s', (_, next, old, expected) => {
    expect(update(next, old)).toEqual(expected)
  })
})
