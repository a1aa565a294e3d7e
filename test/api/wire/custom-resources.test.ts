// Custom resources over the wire: every form that built-in kinds have, in the version that is asked for, but protobuf.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Scale } from '../../../src/api/autoscaling/v1/scale.ts'
import { PartialObjectMetadata, PartialObjectMetadataList } from '../../../src/api/meta/v1/partialobjectmetadata.ts'
import { Status } from '../../../src/api/meta/v1/status.ts'
import { Cluster } from '../../../src/cluster/cluster.ts'
import { decodeEnvelope, decodeProtobuf, encodeEnvelope } from '../../../src/machinery/codec/protobuf.ts'
import type { ObjectSchema } from '../../../src/machinery/schema/schema.ts'
import { parseYaml } from '../../../src/machinery/yaml/parse.ts'
import { type WireClient, wireClient } from './wire-client.ts'

const protobuf = 'application/vnd.kubernetes.protobuf'
const notAcceptable = `only the following media types are accepted: application/json, application/yaml, ${protobuf}`
const meta = ';g=meta.k8s.io;v=v1'
const v1 = '/apis/stable.example.com/v1/namespaces/default/crontabs'
const v2 = '/apis/stable.example.com/v2/namespaces/default/crontabs'

const version = (name: string, storage: boolean) => ({
  name,
  served: true,
  storage,
  subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
  selectableFields: [{ jsonPath: '.spec.image' }, ...(storage ? [{ jsonPath: '.spec.extra' }] : [])],
  additionalPrinterColumns: [{ name: 'Image', type: 'string', jsonPath: '.spec.image' }],
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: {
            image: { type: 'string' },
            replicas: { type: 'integer' },
            ...(storage ? { extra: { type: 'string', default: name } } : {}),
          },
        },
      },
    },
  },
})

const cronTab = (name: string, image: string, apiVersion = 'stable.example.com/v1') => ({
  apiVersion,
  kind: 'CronTab',
  metadata: { name, labels: { app: name } },
  spec: { image, replicas: 2 },
})

let cluster: Cluster
let wire: WireClient
beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
  wire = wireClient(cluster)
  const spec = {
    group: 'stable.example.com',
    scope: 'Namespaced',
    names: { plural: 'crontabs', kind: 'CronTab' },
    versions: [version('v1', true), version('v2', false)],
  }
  const created = await wire.send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    body: {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'crontabs.stable.example.com' },
      spec,
    },
  })
  expect(created.status).toBe(201)
  for (let tries = 0; (await wire.send('GET', v1)).status === 404; tries++) {
    expect(tries).toBeLessThan(1000)
    await new Promise(resolve => setImmediate(resolve))
  }
  for (const [name, image] of [
    ['one', 'a'],
    ['two', 'b'],
    ['three', 'b'],
  ] as const)
    expect((await wire.send('POST', v1, { body: cronTab(name, image) })).status).toBe(201)
})
afterAll(() => cluster.stop())

const get = (target: string, accept: string) => wire.send('GET', target, { headers: { accept } })

function decoded(bytes: Uint8Array, schema: ObjectSchema): any {
  const { apiVersion, kind, raw } = decodeEnvelope(bytes)
  return { apiVersion, kind, ...decodeProtobuf(schema, raw) }
}

describe('answers', () => {
  test.each([
    [v1, 'stable.example.com/v1', { image: 'a', replicas: 2, extra: 'v1' }],
    [v2, 'stable.example.com/v2', { image: 'a', replicas: 2 }],
  ])('JSON and YAML of %s', async (path, apiVersion, spec) => {
    const json = await get(`${path}/one`, '*/*')
    expect([json.contentType, json.json.apiVersion, json.json.spec]).toEqual(['application/json', apiVersion, spec])
    const yaml = await get(`${path}/one`, 'application/yaml')
    expect(yaml.contentType).toBe('application/yaml')
    expect(parseYaml(yaml.bytes.toString()).value).toEqual(json.json)
    const pretty = await get(`${path}/one?pretty=1`, '*/*')
    expect(pretty.bytes.toString()).toBe(JSON.stringify(json.json, null, 2))
  })

  test('the items of a list say their type', async () => {
    const { json } = await get(v2, 'application/json')
    expect([json.kind, json.apiVersion]).toEqual(['CronTabList', 'stable.example.com/v2'])
    for (const item of json.items) expect([item.kind, item.apiVersion]).toEqual(['CronTab', 'stable.example.com/v2'])
  })

  test('a Table with the columns of the definition', async () => {
    const { json } = await get(v2, `application/json;as=Table${meta}`)
    expect(json.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual(['Name', 'Image'])
    expect(json.rows.map(({ cells }: { cells: unknown[] }) => cells)).toEqual([
      ['one', 'a'],
      ['three', 'b'],
      ['two', 'b'],
    ])
    expect(json.rows[0].object.kind).toBe('PartialObjectMetadata')
  })

  test('metadata alone, in JSON and in protobuf', async () => {
    const { json } = await get(`${v2}/one`, `application/json;as=PartialObjectMetadata${meta}`)
    expect(Object.keys(json)).toEqual(['kind', 'apiVersion', 'metadata'])
    expect([json.kind, json.apiVersion, json.metadata.labels]).toEqual([
      'PartialObjectMetadata',
      'meta.k8s.io/v1',
      { app: 'one' },
    ])
    const one = await get(`${v2}/one`, `${protobuf};as=PartialObjectMetadata${meta}`)
    expect(decoded(one.bytes, PartialObjectMetadata).metadata).toMatchObject({ name: 'one', labels: { app: 'one' } })
    const all = await get(v1, `${protobuf};as=PartialObjectMetadataList${meta}`)
    const { kind, items } = decoded(all.bytes, PartialObjectMetadataList)
    expect([kind, items.map((item: any) => item.metadata.name)]).toEqual([
      'PartialObjectMetadataList',
      ['one', 'three', 'two'],
    ])
  })

  test('a metadata watch in protobuf', async () => {
    const stream = await wire.follow(`${v2}?watch=1`, { accept: `${protobuf};as=PartialObjectMetadata${meta}` })
    expect(stream.contentType).toBe(`${protobuf};stream=watch`)
    expect(stream.chunks.length).toBeGreaterThan(0)
    stream.close()
  })

  test('no protobuf of the object itself, and says so in protobuf, before anything is done', async () => {
    for (const path of [`${v1}/one`, v1, `${v1}?watch=1`]) {
      const answer = await get(path, protobuf)
      expect([answer.status, answer.contentType]).toEqual([406, protobuf])
      expect(decoded(answer.bytes, Status)).toMatchObject({ reason: 'NotAcceptable', message: notAcceptable })
    }
    const created = await wire.send('POST', v1, { headers: { accept: protobuf }, body: cronTab('late', 'c') })
    expect(created.status).toBe(406)
    expect((await wire.send('DELETE', `${v1}/late`)).status).toBe(404)
  })

  test.each([`${protobuf},application/json`, `${protobuf}, */*`])(
    'JSON, when the client takes that too: %s',
    async accept => {
      for (const path of [`${v1}/one`, v1]) expect((await get(path, accept)).contentType).toBe('application/json')
      const collection = `${v1}?labelSelector=none%3Dsuch`
      const answer = await wire.send('DELETE', collection, { headers: { accept } })
      expect([answer.status, answer.contentType]).toEqual([200, 'application/json'])
    },
  )

  test('406 names the types, and what was asked for of what', async () => {
    expect((await get(`${v1}/one`, 'text/csv')).json.message).toBe(notAcceptable)
    expect((await get(v1, `application/json;as=PartialObjectMetadata${meta}`)).json.message).toBe(
      'you requested PartialObjectMetadata, but the requested object is a list (*unstructured.UnstructuredList)',
    )
  })

  test('a Scale, in protobuf too', async () => {
    const answer = await get(`${v1}/one/scale`, protobuf)
    expect(decoded(answer.bytes, Scale)).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 2 },
    })
  })
})

describe('bodies', () => {
  test('YAML', async () => {
    const body =
      'apiVersion: stable.example.com/v2\nkind: CronTab\nmetadata: {name: yaml}\nspec: {image: "no", replicas: 0x10}\n'
    const { status, json } = await wire.send('POST', v2, { headers: { 'content-type': 'application/yaml' }, body })
    expect([status, json.spec]).toEqual([201, { image: 'no', replicas: 16 }])
    expect((await wire.send('DELETE', `${v2}/yaml`)).status).toBe(200)
  })

  test.each<[string, string, string | Uint8Array, string]>([
    [
      'application/json',
      'no kind',
      '{"spec":{}}',
      `400 the object provided is unrecognized (must be of type CronTab): Object 'Kind' is missing in '{"spec":{}}' ({"spec":{}})`,
    ],
    [
      'application/json',
      'no JSON',
      '{',
      `400 the object provided is unrecognized (must be of type CronTab): couldn't get version/kind; json parse error: unexpected end of JSON input ({)`,
    ],
    [
      'application/json',
      'another version',
      '{"kind":"CronTab","apiVersion":"stable.example.com/v2"}',
      '400 the API version in the data (stable.example.com/v2) does not match the expected API version (stable.example.com/v1)',
    ],
    [
      protobuf,
      'a message',
      encodeEnvelope({ apiVersion: 'stable.example.com/v1', kind: 'CronTab' }, new Uint8Array()),
      `400 CronTab in version "v1" cannot be handled as a CronTab: Object 'Kind' is missing in 'object has no kind field '`,
    ],
    [
      'text/csv',
      'no object',
      'a,b',
      '415 the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    ],
  ])('%s with %s', async (type, _what, body, expected) => {
    const { status, json } = await wire.send('POST', v1, { headers: { 'content-type': type }, body })
    expect(`${status} ${json.message}`).toBe(expected)
  })

  test.each<[string, string, string]>([
    ['strategic-merge-patch+json', '{}', '415 '],
    ['merge-patch+json', '[]', '400 error decoding patch: json: cannot unmarshal array'],
    ['merge-patch+json', '{"metadata":1}', '422  "" is invalid: patch: Invalid value: '],
    ['merge-patch+json', '{"spec":{"other":1}}', '422  "" is invalid: patch: Invalid value: '],
    ['json-patch+json', '[{"op":"replace","path":"/metadata/name","value":"x"}]', '400 the name of the object (x)'],
  ])('a %s of %s', async (type, body, expected) => {
    const headers = { 'content-type': `application/${type}` }
    const { status, json } = await wire.send('PATCH', `${v1}/one?fieldValidation=Strict`, { headers, body })
    expect(`${status} ${json.message}`.startsWith(expected) || `${status} ${json.message}`).toBe(true)
  })
})

describe('selection and pages', () => {
  test('by a field of the definition', async () => {
    const { json } = await get(`${v2}?fieldSelector=spec.image%3Db`, '*/*')
    expect(json.items.map((item: any) => item.metadata.name)).toEqual(['three', 'two'])
    const unknown = await get(`${v2}?fieldSelector=spec.replicas%3D2`, '*/*')
    expect([unknown.status, unknown.json.message]).toEqual([400, 'field label not supported: spec.replicas'])
  })

  test('pages in the version asked for', async () => {
    const first = (await get(`${v2}?limit=2`, '*/*')).json
    expect([first.items.length, first.metadata.remainingItemCount]).toEqual([2, 1])
    const rest = (await get(`${v2}?limit=2&continue=${encodeURIComponent(first.metadata.continue)}`, '*/*')).json
    expect(rest.items.map((item: any) => [item.metadata.name, item.apiVersion])).toEqual([
      ['two', 'stable.example.com/v2'],
    ])
  })

  test('a deletion by a field deletes only those', async () => {
    await wire.send('POST', v1, { body: cronTab('gone', 'z') })
    const { status } = await wire.send('DELETE', `${v2}?fieldSelector=spec.image%3Dz`)
    expect(status).toBe(200)
    expect((await get(v1, '*/*')).json.items.map((item: any) => item.metadata.name)).toEqual(['one', 'three', 'two'])
  })
})
