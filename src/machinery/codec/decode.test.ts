import { describe, expect, test } from 'vitest'
import {
  any,
  boolean,
  double,
  duration,
  int32,
  int64,
  intOrString,
  list,
  map,
  microTime,
  object,
  quantity,
  ref,
  string,
  time,
} from '../schema/schema.ts'
import { decodeObject, strictDecodingError, zeroObject } from './decode.ts'
import { applySchemaDefaults } from './defaults.ts'
import { forgetSentEmpty, wasSentEmpty } from './sent-empty.ts'

const Meta = object('io.k8s.test.v1.ObjectMeta', {
  name: string(1),
  labels: map(2, 'string'),
  creationTimestamp: time(3),
})
const Container = object('io.k8s.test.v1.Container', {
  name: string(1).required(),
  image: string(2),
  limits: map(3, 'quantity'),
  policy: string(4).default('Always'),
  port: int32(5).required(),
})
const ThingSpec = object('io.k8s.test.v1.ThingSpec', {
  replicas: int32(1).pointer(),
  big: int64(2),
  ratio: double(3),
  paused: boolean(4),
  containers: list(5, Container).required(),
  maxSurge: intOrString(6).pointer(),
  period: duration(7).pointer(),
  data: map(8, 'bytes'),
  memory: quantity(9).pointer(),
  raw: any(10).pointer(),
  args: list(11, 'string'),
})
const ThingStatus = object('io.k8s.test.v1.ThingStatus', {
  seen: time(1).always(),
  exact: microTime(2).pointer(),
  phase: string(3).serverDefault('Pending'),
})
const Thing = object('io.k8s.test.v1.Thing', {
  apiVersion: string(0),
  kind: string(0),
  metadata: ref(1, Meta).always(),
  spec: ref(2, ThingSpec),
  status: ref(3, ThingStatus).always(),
})

const decode = (value: unknown) => decodeObject(Thing, value, { mode: 'Strict', kind: 'Thing', version: 'v1' })
const spec = (value: object) => decode({ spec: { containers: [], ...value } }).object.spec

describe('a decoded object', () => {
  test('has the declared order, without nulls and zeros that Go leaves out', () => {
    const { object, unknownFields } = decode({
      status: { phase: '' },
      spec: { paused: false, containers: [{ port: 80, name: 'a', image: null }], replicas: 0, args: [], big: 0 },
      metadata: { labels: {}, name: 'x', creationTimestamp: null },
      kind: 'Thing',
      apiVersion: 'test/v1',
    })
    expect(JSON.stringify(object)).toBe(
      JSON.stringify({
        apiVersion: 'test/v1',
        kind: 'Thing',
        metadata: { name: 'x' },
        spec: { replicas: 0, containers: [{ name: 'a', port: 80 }] },
        status: { seen: null },
      }),
    )
    expect(unknownFields).toEqual([])
  })

  test('has what is always there', () => {
    expect(decode({}).object).toEqual({ metadata: {}, status: { seen: null } })
    expect(decode({ spec: { containers: [null] } }).object.spec).toEqual({ containers: [{ name: '', port: 0 }] })
    expect(zeroObject(Thing)).toEqual({ metadata: {}, status: { seen: null } })
  })

  test.each<[object, object]>([
    [
      { containers: [{ name: 'a', port: 1, limits: { cpu: '0.5', memory: 1024 } }] },
      { limits: { cpu: '500m', memory: '1024' } },
    ],
    [{ containers: [{ name: 'a', port: 1, limits: { cpu: ' 1 ' } }] }, { limits: { cpu: '1' } }],
  ])('has quantities in canonical form: %j', (value, expected) => {
    expect(spec(value)?.containers[0]).toMatchObject(expected)
  })

  test.each<[object, object]>([
    [{ period: '90m' }, { period: '1h30m0s' }],
    [{ maxSurge: '25%' }, { maxSurge: '25%' }],
    [{ maxSurge: 0 }, { maxSurge: 0 }],
    [
      { data: { a: 'aGk=', b: '', c: null, d: 'aG\nk=', e: 'aGl=' } },
      { data: { a: 'aGk=', b: '', c: '', d: 'aGk=', e: 'aGk=' } },
    ],
    [{ raw: { any: ['thing', null] } }, { raw: { any: ['thing', null] } }],
    [{ args: ['', null] }, { args: ['', ''] }],
  ])('%j becomes %j', (value, expected) => {
    expect(spec(value)).toMatchObject(expected)
  })

  test('has times in UTC', () => {
    const { object } = decode({
      metadata: { creationTimestamp: '2026-01-01T02:00:00+02:00' },
      status: { seen: '2026-01-01T00:00:00.5Z', exact: '2026-01-01T00:00:00.000001Z' },
    })
    expect(object.metadata.creationTimestamp).toBe('2026-01-01T00:00:00Z')
    expect(object.status).toEqual({ seen: '2026-01-01T00:00:00Z', exact: '2026-01-01T00:00:00.000001Z' })
  })

  test('is fresh: the input is not touched', () => {
    const value = Object.freeze({ metadata: Object.freeze({ name: 'a' }) })
    const { object } = decode(value)
    expect(object).not.toBe(value)
    expect(object.metadata).not.toBe(value.metadata)
  })

  test('keeps keys like __proto__ in maps', () => {
    const labels = JSON.parse('{"__proto__":"x"}')
    expect(Object.entries(decode({ metadata: { labels } }).object.metadata.labels ?? {})).toEqual([['__proto__', 'x']])
  })
})

describe('unknown fields', () => {
  const body = {
    foo: 1,
    spec: { containers: [{ name: 'a', port: 1, bar: { baz: 1 } }], x: 2 },
    metadata: { labels: { y: 'z' } },
  }

  test('are dropped and named', () => {
    const { object, unknownFields } = decode(body)
    expect(object.spec?.containers).toEqual([{ name: 'a', port: 1 }])
    expect(unknownFields).toEqual([
      'unknown field "foo"',
      'unknown field "spec.containers[0].bar"',
      'unknown field "spec.x"',
    ])
  })

  test('are dropped silently in mode Ignore', () => {
    expect(decodeObject(Thing, body, { mode: 'Ignore' }).unknownFields).toEqual([])
  })

  test('make the error of strict validation', () => {
    const error = strictDecodingError(Thing, ['unknown field "a"', 'duplicate field "b"'], {
      kind: 'Thing',
      version: 'v1',
    })
    expect(error.code).toBe(400)
    expect(error.message).toBe(
      'Thing in version "v1" cannot be handled as a Thing: strict decoding error: unknown field "a", duplicate field "b"',
    )
  })
})

describe('a value that does not fit its field', () => {
  test.each<[unknown, string]>([
    [
      { spec: { replicas: 'x' } },
      'json: cannot unmarshal string into Go struct field ThingSpec.spec.replicas of type int32',
    ],
    [
      { spec: { replicas: 1.5 } },
      'json: cannot unmarshal number 1.5 into Go struct field ThingSpec.spec.replicas of type int32',
    ],
    [
      { spec: { replicas: 2147483648 } },
      'json: cannot unmarshal number 2147483648 into Go struct field ThingSpec.spec.replicas of type int32',
    ],
    [
      { spec: { paused: 'yes' } },
      'json: cannot unmarshal string into Go struct field ThingSpec.spec.paused of type bool',
    ],
    [
      { spec: { containers: {} } },
      'json: cannot unmarshal object into Go struct field ThingSpec.spec.containers of type []v1.Container',
    ],
    [
      { spec: { containers: [1] } },
      'json: cannot unmarshal number into Go struct field ThingSpec.spec.containers of type v1.Container',
    ],
    [
      { spec: { containers: [{ name: 5 }] } },
      'json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string',
    ],
    [
      { metadata: { labels: { a: 1 } } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      { metadata: { labels: [] } },
      'json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string',
    ],
    [{ metadata: 'x' }, 'json: cannot unmarshal string into Go struct field Thing.metadata of type v1.ObjectMeta'],
    [
      { metadata: { creationTimestamp: 5 } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string',
    ],
    [
      { spec: { maxSurge: true } },
      'json: cannot unmarshal bool into Go struct field ThingSpec.spec.maxSurge of type int32',
    ],
    [
      { spec: { memory: 'lots' } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      { spec: { replicas: 'x', memory: {} } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [{ spec: { period: 'soon' } }, 'time: invalid duration "soon"'],
    [{ spec: { data: { a: '*' } } }, 'illegal base64 data at input byte 0'],
    [{ spec: { data: { a: 'YWJj!' } } }, 'illegal base64 data at input byte 4'],
    [{ spec: { data: { a: 'YWI' } } }, 'illegal base64 data at input byte 0'],
    [{ spec: { data: { a: 'YQ=' } } }, 'illegal base64 data at input byte 3'],
    [{ spec: { data: { a: 'YQ=a' } } }, 'illegal base64 data at input byte 2'],
    [{ spec: { data: { a: 'Y=' } } }, 'illegal base64 data at input byte 1'],
    [{ spec: { data: { a: 'YQ==YQ==' } } }, 'illegal base64 data at input byte 4'],
    [{ spec: { data: { a: 'YQ\n=\n=\nYQ==' } } }, 'illegal base64 data at input byte 7'],
    [
      { spec: { data: undefined, memory: undefined, replicas: 1.5 } },
      'json: cannot unmarshal number 1.5 into Go struct field ThingSpec.spec.replicas of type int32',
    ],
    [
      { metadata: { creationTimestamp: 'now' } },
      'parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"',
    ],
    [[], 'json: cannot unmarshal array into Go value of type v1.Thing'],
  ])('%j', (value, message) => {
    expect(() => decode(value)).toThrow(
      expect.objectContaining({
        code: 400,
        reason: 'BadRequest',
        message: `Thing in version "v1" cannot be handled as a Thing: ${message}`,
      }),
    )
  })
})

test('what is sent empty is absent, but noted', () => {
  const { spec } = decode({ spec: { args: [], data: {}, containers: [], replicas: 0 } }).object
  expect(JSON.stringify(spec)).toBe('{"replicas":0,"containers":null}')
  expect(['args', 'data', 'containers', 'replicas'].map(name => wasSentEmpty({ ...spec }, name))).toEqual([
    true,
    true,
    true,
    false,
  ])
  forgetSentEmpty(spec!, 'args')
  expect(wasSentEmpty(spec, 'args')).toBe(false)
  expect(wasSentEmpty(decode({ spec: { args: null } }).object.spec, 'args')).toBe(false)
})

describe('declared defaults', () => {
  test('fill what is absent, in lists too, and nothing else', () => {
    const { object } = decode({
      spec: {
        containers: [
          { name: 'a', port: 1 },
          { name: 'b', port: 2, policy: 'Never' },
        ],
      },
    })
    applySchemaDefaults(Thing, object)
    expect(object.spec?.containers.map(container => container.policy)).toEqual(['Always', 'Never'])
    expect(object.status.phase).toBe('Pending')
    expect(object.spec?.replicas).toBeUndefined()
  })

  test('reach kinds that contain themselves', () => {
    const Node: any = object('io.k8s.test.v1.Node', {
      children: list(1, (): any => Node),
      color: string(2).default('red'),
    })
    const { object: tree } = decodeObject<any>(Node, { children: [{ children: [{}] }] })
    applySchemaDefaults(Node, tree)
    expect(tree).toEqual({ color: 'red', children: [{ color: 'red', children: [{ color: 'red' }] }] })
  })
})
