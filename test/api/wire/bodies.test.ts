// What goes into the API server: bodies that are no objects, field validation, patches, the options of writes.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Cluster } from '../../../src/cluster/cluster.ts'
import { encodeEnvelope } from '../../../src/machinery/codec/protobuf.ts'
import { type WireClient, wireClient } from './wire-client.ts'

const maps = '/api/v1/namespaces/default/configmaps'
const deployments = '/apis/apps/v1/namespaces/default/deployments'
const json = 'application/json'
const yaml = 'application/yaml'
const protobuf = 'application/vnd.kubernetes.protobuf'
let cluster: Cluster
let wire: WireClient
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
  wire = wireClient(cluster)
})
afterAll(() => cluster.stop())

const post = (body: string | Uint8Array, type = json, target = maps) =>
  wire.send('POST', target, { body, headers: { 'content-type': type } })

describe('a body that is no object', () => {
  const unrecognized = (why: string) => `the object provided is unrecognized (must be of type ConfigMap): ${why}`
  const parse = (why: string) => unrecognized(`couldn't get version/kind; json parse error: ${why}`)
  const typeMeta =
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
  test.each<[string, string, string | Uint8Array, string]>([
    ['nothing', json, '', parse('unexpected end of JSON input (<empty>)')],
    ['half an object', json, '{"metadata":', parse('unexpected end of JSON input ({"metadata":)')],
    [
      'a long one is cut',
      json,
      `{"metadata":{"name":"abcdefghijklmnop"}`,
      parse('unexpected end of JSON input ({"metadata":{"name":"abcdefghi ...)'),
    ],
    ['no JSON', json, 'abc', parse("invalid character 'a' looking for beginning of value (616263)")],
    ['a list', json, '[]', parse(`json: cannot unmarshal array into Go value of type ${typeMeta} (5b5d)`)],
    ['text', json, '"a"', parse(`json: cannot unmarshal string into Go value of type ${typeMeta} (226122)`)],
    [
      'a kind that is no text',
      json,
      '{"kind":5}',
      parse('json: cannot unmarshal number into Go struct field .kind of type string ({"kind":5})'),
    ],
    [
      'a version of three parts',
      json,
      '{"apiVersion":"a/b/c"}',
      unrecognized('unexpected GroupVersion string: a/b/c ({"apiVersion":"a/b/c"})'),
    ],
    [
      'a kind nobody knows',
      json,
      '{"kind":"Map"}',
      'Map in version "v1" cannot be handled as a ConfigMap: no kind "Map" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ],
    [
      'a version nobody knows',
      json,
      '{"apiVersion":"example.com/v1"}',
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "example.com/v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ],
    [
      'another kind',
      json,
      '{"kind":"Secret","apiVersion":"v1"}',
      'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion',
    ],
    ['broken YAML', yaml, 'a: [1', unrecognized("yaml: line 1: did not find expected ',' or ']' (613a205b31)")],
    [
      'no protobuf',
      protobuf,
      'abc',
      unrecognized('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (616263)'),
    ],
    ['no protobuf at all', protobuf, '', unrecognized('empty data (<empty>)')],
    ['protobuf without an object', protobuf, 'k8s\0', unrecognized('empty body (6b387300)')],
    [
      'an object cut short',
      protobuf,
      encodeEnvelope({ apiVersion: 'v1', kind: 'ConfigMap' }, Uint8Array.of(0x0a, 0x05)),
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: unexpected EOF',
    ],
  ])('%s', async (_what, type, body, message) => {
    const answer = await post(body, type)
    expect([answer.status, answer.json.message, answer.json.reason]).toEqual([400, message, 'BadRequest'])
  })

  test('null is an empty one', async () => {
    expect((await post('null')).json.message).toBe(
      'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    )
  })

  test('an older version that was served once', async () => {
    const answer = await post('{"kind":"Deployment","apiVersion":"extensions/v1beta1"}', json, deployments)
    expect([answer.status, answer.json.message]).toEqual([
      400,
      'the API version in the data (extensions/v1beta1) does not match the expected API version (apps/v1)',
    ])
  })

  test.each(['text/plain', 'application/cbor', 'application/x-yaml', 'application/json-patch+json'])(
    '%s',
    async type => {
      const answer = await post('{}', type)
      expect([answer.status, answer.json]).toMatchObject([
        415,
        {
          reason: 'UnsupportedMediaType',
          message:
            'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
        },
      ])
    },
  )

  test('too large', async () => {
    const answer = await post(' '.repeat(3 * 1024 * 1024 + 1))
    expect([answer.status, answer.json.message]).toEqual([413, 'Request entity too large: limit is 3145728'])
  })
})

describe('a value of the wrong type', () => {
  const cannot = (why: string) =>
    `ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal ${why}`
  test.each([
    ['{"data":{"a":1}}', cannot('number into Go struct field ConfigMap.data of type string')],
    ['{"data":[]}', cannot('array into Go struct field ConfigMap.data of type map[string]string')],
    ['{"immutable":"yes"}', cannot('string into Go struct field ConfigMap.immutable of type bool')],
    [
      '{"metadata":{"generation":1.5}}',
      cannot('number 1.5 into Go struct field ObjectMeta.metadata.generation of type int64'),
    ],
    ['{"metadata":"x"}', cannot('string into Go struct field ConfigMap.metadata of type v1.ObjectMeta')],
  ])('%s', async (body, message) => {
    const answer = await post(body)
    expect([answer.status, answer.json.message]).toEqual([400, message])
  })
})

describe('field validation', () => {
  const body = '{"metadata":{"name":"f"},"x":{"a":1,"a":2},"Data":{},"data":{"k":"1","k":"2"},"data":{"k":"3"},"x":1}'
  const found = ['unknown field "x"', 'unknown field "Data"', 'duplicate field "data.k"', 'duplicate field "data"']

  test('in the order of the text, and nothing about what is in an unknown field', async () => {
    const strict = await post(body, json, `${maps}?fieldValidation=Strict`)
    expect([strict.status, strict.json.message]).toEqual([
      400,
      `ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: ${found.join(', ')}`,
    ])
    const warned = await post(body, json, `${maps}?dryRun=All`)
    const quoted = found.map(text => `299 - "${text.replaceAll('"', '\\"')}"`)
    expect([warned.status, warned.headers['warning'], warned.json.data]).toEqual([201, quoted.join(', '), { k: '3' }])
    const ignored = await post(body, json, `${maps}?dryRun=All&fieldValidation=Ignore`)
    expect([ignored.status, ignored.headers['warning']]).toEqual([201, undefined])
  })

  test('of YAML tells repeated keys first, each by itself in a warning', async () => {
    const text = 'metadata: {name: f}\nx: 1\ndata:\n  k: "1"\n  k: "2"\ndata:\n  k: "3"\n'
    const strict = await post(text, yaml, `${maps}?fieldValidation=Strict`)
    expect(strict.json.message).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: yaml: unmarshal errors:\n  line 5: key "k" already set in map\n  line 7: key "data" already set in map, unknown field "x"',
    )
    const warned = await post(text, yaml, `${maps}?dryRun=All`)
    expect(warned.headers['warning']).toBe(
      '299 - "line 5: key \\"k\\" already set in map", 299 - "line 7: key \\"data\\" already set in map", 299 - "unknown field \\"x\\""',
    )
  })

  test('an empty creationTimestamp is none', async () => {
    const answer = await post(
      '{"metadata":{"name":"f","creationTimestamp":null}}',
      json,
      `${maps}?dryRun=All&fieldValidation=Strict`,
    )
    expect([answer.status, answer.json.metadata.creationTimestamp]).toEqual([201, '2026-01-01T00:00:00Z'])
  })

  test('a warning may be in any language, and says no control characters', async () => {
    const answer = await post('{"metadata":{"name":"f"},"größe":1,"a\\u0007":2}', json, `${maps}?dryRun=All`)
    const warning = Buffer.from(answer.headers['warning']!, 'latin1').toString()
    expect(warning).toBe('299 - "unknown field \\"größe\\"", 299 - "unknown field \\"a\\\\a\\""')
  })
})

describe('a patch', () => {
  beforeEach(async () => {
    await wire.send('DELETE', `${maps}/p`)
    await wire.send('POST', maps, { body: { metadata: { name: 'p' }, data: { a: '1' } } })
  })
  const patch = (type: string, body: unknown, query = '', name = 'p') =>
    wire.send('PATCH', `${maps}/${name}${query}`, {
      headers: { 'content-type': `application/${type}` },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const merge = 'merge-patch+json'
  const strategic = 'strategic-merge-patch+json'
  const operations = 'json-patch+json'

  test.each<[string, string, unknown, number, string]>([
    ['no JSON', merge, '{', 400, 'error decoding patch: unexpected end of JSON input'],
    ['no JSON', strategic, '{', 400, 'unexpected end of JSON input'],
    ['no JSON', operations, '[', 400, 'error decoding patch: unexpected end of JSON input'],
    [
      'a list',
      merge,
      [],
      400,
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    ],
    ['a list', strategic, [], 400, 'json: cannot unmarshal array into Go value of type map[string]interface {}'],
    [
      'an object',
      operations,
      {},
      400,
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    ],
    [
      'a number for a name',
      operations,
      [{ op: 1 }],
      400,
      'error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string',
    ],
    [
      'an unknown operation',
      operations,
      [{ op: 'jump', path: '/' }],
      422,
      'the server rejected our request due to an error in our request',
    ],
    [
      'a path to nowhere',
      operations,
      [{ op: 'remove', path: '/data/zz' }],
      422,
      'the server rejected our request due to an error in our request',
    ],
    [
      'a test that fails',
      operations,
      [{ op: 'test', path: '/data/a', value: '2' }],
      422,
      'the server rejected our request due to an error in our request',
    ],
    [
      'too many operations',
      operations,
      new Array(10_001).fill({ op: 'test', path: '/data/a', value: '1' }),
      413,
      'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    ],
    [
      'a value of the wrong type',
      strategic,
      { data: { a: 1 } },
      422,
      ' "" is invalid: patch: Invalid value: "map[data:map[a:1]]": cannot convert int64 to string',
    ],
    [
      'a map that is none',
      strategic,
      { metadata: { labels: 'invalid' } },
      422,
      ' "" is invalid: patch: Invalid value: "map[metadata:map[labels:invalid]]": cannot restore map from string',
    ],
    [
      'another name',
      merge,
      { metadata: { name: 'q' } },
      400,
      'the name of the object (q) does not match the name on the URL (p)',
    ],
    [
      'no name',
      merge,
      { metadata: { name: null } },
      400,
      'the name of the object (p based on URL) was undeterminable: name must be provided',
    ],
    [
      'another namespace',
      merge,
      { metadata: { namespace: 'q' } },
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'an old version',
      merge,
      { metadata: { resourceVersion: '1' } },
      409,
      'Operation cannot be fulfilled on configmaps "p": the object has been modified; please apply your changes to the latest version and try again',
    ],
    ['the field manager’s force', merge, {}, 200, ''],
  ])('%s: %s', async (_what, type, body, status, message) => {
    const answer = await patch(type, body)
    expect([answer.status, answer.json.message ?? '']).toEqual([status, message])
  })

  test('of what is not there is not looked at', async () => {
    expect((await patch(merge, '{', '', 'none')).status).toBe(404)
  })

  test('of another type', async () => {
    const answer = await patch('xml', '{}')
    expect([answer.status, answer.json.message]).toEqual([415, '415: Unsupported Media Type'])
  })

  test('with force, which is for apply', async () => {
    const answer = await patch(merge, {}, '?force=true')
    expect([answer.status, answer.json.message]).toEqual([
      422,
      'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    ])
  })

  test('is read strictly when asked to', async () => {
    const strict = await patch(merge, '{"dat":{},"data":{"b":"1","b":"2"}}', '?fieldValidation=Strict')
    expect(strict.status).toBe(422)
    expect(strict.json.message).toMatch(/: strict decoding error: duplicate field "data.b", unknown field "dat"$/)
    const warned = await patch(operations, '[{"op":"test","path":"/data/a","value":"1","why":"x"}]')
    expect([warned.status, warned.headers['warning']]).toEqual([200, '299 - "json patch unknown field \\"[0].why\\""'])
  })

  test('null changes nothing as a strategic one', async () => {
    expect((await patch(strategic, 'null')).json.data).toEqual({ a: '1' })
  })
})

describe('a PUT', () => {
  const put = (body: object, name = 'u') => wire.send('PUT', `${maps}/${name}`, { body })
  test.each<[string, object, number, string]>([
    [
      'another name',
      { metadata: { name: 'v' } },
      400,
      'the name of the object (v) does not match the name on the URL (u)',
    ],
    [
      'no name',
      { metadata: {} },
      400,
      'the name of the object (u based on URL) was undeterminable: name must be provided',
    ],
    [
      'another namespace',
      { metadata: { name: 'u', namespace: 'v' } },
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    ['not there', { metadata: { name: 'u' } }, 404, 'configmaps "u" not found'],
  ])('%s', async (_what, body, status, message) => {
    const answer = await put(body)
    expect([answer.status, answer.json.message]).toEqual([status, message])
  })

  test('of another object of that name', async () => {
    const { json: created } = await wire.send('POST', maps, { body: { metadata: { name: 'u' } } })
    const answer = await put({ metadata: { name: 'u', uid: 'other' } })
    expect([answer.status, answer.json.message]).toEqual([
      409,
      `Operation cannot be fulfilled on configmaps "u": StorageError: invalid object, Code: 4, Key: /registry/configmaps/default/u, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: ${created.metadata.uid}`,
    ])
  })
})

describe('a DELETE', () => {
  const remove = (target: string, body?: object | string) =>
    wire.send('DELETE', target, body === undefined ? {} : { body })
  const options = (message: string) => `DeleteOptions.meta.k8s.io "" is invalid: ${message}`
  beforeEach(() => wire.send('POST', maps, { body: { metadata: { name: 'd' } } }))

  test.each<[string, string, string | object | undefined, number, string]>([
    [
      'a policy nobody knows',
      '?propagationPolicy=Now',
      undefined,
      422,
      options(
        'propagationPolicy: Unsupported value: "Now": supported values: "Foreground", "Background", "Orphan", "nil"',
      ),
    ],
    [
      'no policy',
      '?propagationPolicy=',
      undefined,
      422,
      options(
        'propagationPolicy: Unsupported value: "": supported values: "Foreground", "Background", "Orphan", "nil"',
      ),
    ],
    [
      'two ways to say it',
      '?orphanDependents=true&propagationPolicy=Orphan',
      undefined,
      422,
      options(
        'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
      ),
    ],
    [
      'a dry run of another kind',
      '',
      { dryRun: ['Some'] },
      422,
      options('dryRun: Unsupported value: ["Some"]: supported values: "All"'),
    ],
    [
      'a grace period that is no number',
      '?gracePeriodSeconds=soon',
      undefined,
      400,
      'strconv.ParseInt: parsing "soon": invalid syntax',
    ],
    ['a body that is none', '', '{', 400, "couldn't get version/kind; json parse error: unexpected end of JSON input"],
    [
      'a body of another type',
      '',
      { gracePeriodSeconds: 'x' },
      400,
      'json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64',
    ],
    [
      'another kind',
      '',
      { kind: 'Pod', apiVersion: 'v1' },
      400,
      'no kind "Pod" is registered for version "v1" in scheme "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"',
    ],
    [
      'another version of it',
      '',
      { preconditions: { resourceVersion: '1' } },
      409,
      'the ResourceVersion in the precondition (1) does not match the ResourceVersion in record',
    ],
    [
      'another version of it, by query',
      '?resourceVersion=1',
      undefined,
      409,
      'the ResourceVersion in the precondition (1) does not match the ResourceVersion in record',
    ],
  ])('%s', async (_what, query, body, status, message) => {
    const answer = await remove(`${maps}/d${query}`, body)
    expect(answer.status).toBe(status)
    expect(answer.json.message).toContain(message)
  })

  test('has its options in the body, or else in the query', async () => {
    expect((await remove(`${maps}/d?dryRun=All`)).status).toBe(200)
    expect((await wire.send('GET', `${maps}/d`)).status).toBe(200)
    // The query says nothing when there is a body.
    expect((await remove(`${maps}/d?dryRun=All&propagationPolicy=Now`, {})).status).toBe(200)
    expect((await wire.send('GET', `${maps}/d`)).status).toBe(404)
  })

  test('options may be of any group’s version', async () => {
    expect((await remove(`${maps}/d`, { kind: 'DeleteOptions', apiVersion: 'apps/v1' })).status).toBe(200)
  })

  test('that has to wait, asked to cascade the old way, is accepted', async () => {
    await wire.send('POST', maps, { body: { metadata: { name: 'held', finalizers: ['example.com/x'] } } })
    const answer = await remove(`${maps}/held?orphanDependents=false`)
    expect([answer.status, answer.json.kind]).toEqual([202, 'ConfigMap'])
    expect((await remove(`${maps}/held`)).status).toBe(200)
    const released = { metadata: { name: 'held', finalizers: [] } }
    expect((await wire.send('PUT', `${maps}/held`, { body: released })).status).toBe(200)
  })

  test('of a collection takes pages and selectors, and answers what was there', async () => {
    await remove(maps)
    for (const name of ['x', 'y', 'z'])
      await wire.send('POST', maps, { body: { metadata: { name, labels: { n: name } } } })
    const first = await remove(`${maps}?limit=1`)
    expect([first.json.kind, first.json.items.length, first.json.metadata.remainingItemCount]).toEqual([
      'ConfigMapList',
      1,
      2,
    ])
    const second = await remove(`${maps}?labelSelector=n=z&dryRun=All`)
    expect(second.json.items.map((item: any) => item.metadata.name)).toEqual(['z'])
    const left = (await wire.send('GET', maps)).json.items.map((item: any) => item.metadata.name)
    expect(left).toEqual(['y', 'z'])
  })
})

describe('a method', () => {
  test.each<[string, any, string, number, string | undefined]>([
    ['HEAD', 'HEAD', maps, 405, 'the server does not allow this method on the requested resource'],
    ['PUT of a collection', 'PUT', maps, 405, 'the server does not allow this method on the requested resource'],
    ['OPTIONS', 'OPTIONS', maps, 405, 'the server does not allow this method on the requested resource'],
    ['of a resource nobody knows', 'GET', '/api/v1/things', 404, 'the server could not find the requested resource'],
    ['of a part nobody knows', 'GET', `${maps}/a/part`, 404, 'the server could not find the requested resource'],
  ])('%s', async (_what, method, target, status, message) => {
    const answer = await wire.send(method, target)
    expect([answer.status, answer.json?.message]).toEqual([status, message])
    if (message) expect(answer.json.details).toEqual({})
  })

  test('unknown parameters mean nothing', async () => {
    expect((await wire.send('GET', `${maps}?whatever=1&pretty=maybe`)).status).toBe(200)
  })
})
