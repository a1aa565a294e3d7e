// In which forms the API server answers and is spoken to.

import { request } from 'node:https'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deployments } from '../../../src/api/apps/v1/deployment.ts'
import { TokenRequest } from '../../../src/api/authentication/v1/tokenrequest.ts'
import { Scale } from '../../../src/api/autoscaling/v1/scale.ts'
import { configMaps } from '../../../src/api/core/v1/configmap.ts'
import { listSchemaOf } from '../../../src/api/list-schema.ts'
import { DeleteOptions } from '../../../src/api/meta/v1/options.ts'
import { PartialObjectMetadata, PartialObjectMetadataList } from '../../../src/api/meta/v1/partialobjectmetadata.ts'
import { Status } from '../../../src/api/meta/v1/status.ts'
import { WatchEvent } from '../../../src/api/meta/v1/watchevent.ts'
import { apiVersionOf } from '../../../src/api/resource.ts'
import { resources } from '../../../src/api/scheme.ts'
import { Cluster } from '../../../src/cluster/cluster.ts'
import { decodeObject } from '../../../src/machinery/codec/decode.ts'
import {
  decodeEnvelope,
  decodeProtobuf,
  encodeEnvelope,
  encodeProtobuf,
} from '../../../src/machinery/codec/protobuf.ts'
import { Reader } from '../../../src/machinery/codec/protobuf-reader.ts'
import type { ObjectSchema } from '../../../src/machinery/schema/schema.ts'
import { parseYaml } from '../../../src/machinery/yaml/parse.ts'
import { type WireClient, wireClient } from './wire-client.ts'

const protobuf = 'application/vnd.kubernetes.protobuf'
const maps = '/api/v1/namespaces/default/configmaps'
const partial = 'as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
const partialList = 'as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'
const table = 'as=Table;g=meta.k8s.io;v=v1'

let cluster: Cluster
let wire: WireClient
beforeAll(async () => {
  cluster = await Cluster.start({
    nodes: 0,
    withoutControllers: true,
    withoutScheduler: true,
    listen: { address: '127.0.0.1', port: 0 },
    staticTokens: [['secret', { name: 'admin', groups: ['system:masters'] }]],
  })
  wire = wireClient(cluster)
  await wire.send('POST', '/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'default' } } })
  await wire.send('POST', maps, { body: { metadata: { name: 'one', labels: { a: 'b' } }, data: { k: 'v' } } })
  await wire.send('POST', maps, { body: { metadata: { name: 'two' }, data: { n: 'yes' } } })
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  await wire.send('POST', '/apis/apps/v1/namespaces/default/deployments', {
    body: { metadata: { name: 'd' }, spec: { replicas: 3, selector: { matchLabels: { a: 'b' } }, template } },
  })
})
afterAll(() => cluster.stop())

function decoded(bytes: Uint8Array, schema: ObjectSchema): any {
  const { apiVersion, kind, raw } = decodeEnvelope(bytes)
  return { apiVersion, kind, ...decodeProtobuf(schema, raw) }
}

describe('protobuf', () => {
  const get = async (target: string, accept = protobuf) => wire.send('GET', target, { headers: { accept } })

  test('of an object is what JSON says of it', async () => {
    const { json } = await wire.send('GET', `${maps}/one`)
    const answer = await get(`${maps}/one`)
    expect(answer.contentType).toBe(protobuf)
    expect(decoded(answer.bytes, configMaps.schema)).toEqual(json)
  })

  test.each(
    resources
      .filter(({ verbs }) => verbs.includes('list') && verbs.includes('create'))
      .map(each => [apiVersionOf(each), each.resource, each] as const),
  )('of a list: %s %s', async (apiVersion, resource, declaration) => {
    const target = `/${declaration.group === '' ? 'api' : 'apis'}/${apiVersion}/${resource}`
    const { json, status } = await wire.send('GET', target)
    expect(status).toBe(200)
    const answer = await get(target)
    const list = decoded(answer.bytes, listSchemaOf(declaration))
    expect([list.apiVersion, list.kind]).toEqual([apiVersion, declaration.listKind])
    // What is stored may lack what is written as empty.
    expect(list).toEqual(decodeObject(listSchemaOf(declaration), json).object)
  })

  test.each([
    [
      'the metadata of one',
      `${maps}/one`,
      `${protobuf};${partial}`,
      PartialObjectMetadata,
      { kind: 'PartialObjectMetadata' },
    ],
    [
      'the metadata of many',
      maps,
      `${protobuf};${partialList}`,
      PartialObjectMetadataList,
      { kind: 'PartialObjectMetadataList' },
    ],
  ])('of %s', async (_what, target, accept, schema, expected) => {
    const found = decoded((await get(target, accept)).bytes, schema)
    expect(found).toMatchObject({ apiVersion: 'meta.k8s.io/v1', ...expected })
    const [first] = found.items ?? [found]
    expect(first.metadata).toMatchObject({ name: 'one', labels: { a: 'b' } })
    expect(first.data).toBeUndefined()
  })

  test('of a failure', async () => {
    const answer = await get(`${maps}/none`)
    expect([answer.status, answer.contentType]).toEqual([404, protobuf])
    expect(decoded(answer.bytes, Status)).toMatchObject({
      apiVersion: 'v1',
      kind: 'Status',
      reason: 'NotFound',
      message: 'configmaps "none" not found',
      details: { name: 'none', kind: 'configmaps' },
      code: 404,
    })
  })

  test('of what is not stored: a Scale, a token', async () => {
    const scale = await get('/apis/apps/v1/namespaces/default/deployments/d/scale')
    expect(decoded(scale.bytes, Scale)).toMatchObject({ kind: 'Scale', spec: { replicas: 3 } })
    const token = await wire.send('POST', '/api/v1/namespaces/default/serviceaccounts/default/token', {
      headers: { accept: protobuf, 'content-type': protobuf },
      body: encodeEnvelope(
        { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' },
        encodeProtobuf(TokenRequest, { metadata: {}, spec: { audiences: ['a'] } }),
      ),
    })
    expect(token.status).toBe(201)
    expect(decoded(token.bytes, TokenRequest).status.token).toMatch(/^ey/)
  })

  test('is taken: an object, and the options of its deletion', async () => {
    const headers = { 'content-type': protobuf }
    const body = encodeEnvelope(
      { apiVersion: 'v1', kind: 'ConfigMap' },
      encodeProtobuf(configMaps.schema, { metadata: { name: 'proto' }, data: { a: 'ö' } }),
    )
    const created = await wire.send('POST', maps, { headers, body })
    expect([created.status, created.json.data]).toEqual([201, { a: 'ö' }])
    const options = (uid: string) =>
      encodeEnvelope(
        { apiVersion: 'v1', kind: 'DeleteOptions' },
        encodeProtobuf(DeleteOptions, { preconditions: { uid } }),
      )
    const refused = await wire.send('DELETE', `${maps}/proto`, { headers, body: options('other') })
    expect([refused.status, refused.json.message]).toEqual([
      409,
      `Operation cannot be fulfilled on ConfigMap "proto": the UID in the precondition (other) does not match the UID in record (${created.json.metadata.uid}). The object might have been deleted and then recreated`,
    ])
    const { status, json } = await wire.send('DELETE', `${maps}/proto`, {
      headers,
      body: options(created.json.metadata.uid),
    })
    expect([status, json]).toEqual([
      200,
      {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: { name: 'proto', kind: 'configmaps', uid: created.json.metadata.uid },
      },
    ])
  })

  test('of a watch comes in frames', async () => {
    const accept = `${protobuf};stream=watch`
    const stream = await wire.follow(`${maps}?watch=1&fieldSelector=metadata.name=one&allowWatchBookmarks=1`, {
      accept,
    })
    expect(stream.contentType).toBe(accept)
    const bytes = Buffer.concat(stream.chunks)
    const events: any[] = []
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readUInt32BE(at)
      events.push(watchEvent(bytes.subarray(at + 4, at + 4 + length)))
      at += 4 + length
    }
    stream.close()
    expect(events).toMatchObject([
      { type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'one' }, data: { k: 'v' } } },
      { type: 'BOOKMARK', object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } } },
    ])
    expect(WatchEvent.name).toMatch(/WatchEvent$/)
  })
})

/** WatchEvent{type = 1, object = 2: RawExtension{raw = 1}} */
function watchEvent(bytes: Uint8Array): { type: string; object: unknown } {
  const reader = new Reader(bytes)
  expect(reader.varint()).toBe(0x0a)
  const type = reader.string()
  expect(reader.varint()).toBe(0x12)
  const raw = reader.message(() => {
    expect(reader.varint()).toBe(0x0a)
    return reader.bytes()
  })
  return { type, object: decoded(raw, configMaps.schema) }
}

describe('what an Accept header gets', () => {
  test.each<[string, string, string, number, string, string]>([
    ['nothing said', `${maps}/one`, '', 200, 'application/json', 'ConfigMap'],
    ['anything', `${maps}/one`, '*/*', 200, 'application/json', 'ConfigMap'],
    [
      'the better of two',
      `${maps}/one`,
      `application/yaml;q=0.5,application/json`,
      200,
      'application/json',
      'ConfigMap',
    ],
    ['YAML', `${maps}/one`, 'application/yaml', 200, 'application/yaml', 'ConfigMap'],
    [
      'the first that can be given',
      maps,
      `${protobuf};${table},application/json;${table}`,
      200,
      'application/json',
      'Table',
    ],
    ['a Table in YAML', maps, `application/yaml;${table}`, 200, 'application/yaml', 'Table'],
    ['an older Table', maps, 'application/json;as=Table;g=meta.k8s.io;v=v1beta1', 200, 'application/json', 'Table'],
    [
      'metadata in YAML',
      `${maps}/one`,
      `application/yaml;${partial}`,
      200,
      'application/yaml',
      'PartialObjectMetadata',
    ],
    ['metadata of many', maps, `application/json;${partialList}`, 200, 'application/json', 'PartialObjectMetadataList'],
    ['a stream said', `${maps}/one`, 'application/json;stream=watch', 200, 'application/json', 'ConfigMap'],
  ])('%s', async (_what, target, accept, status, contentType, kind) => {
    const answer = await wire.send('GET', target, { headers: accept === '' ? {} : { accept } })
    expect([answer.status, answer.contentType]).toEqual([status, contentType])
    expect((answer.json ?? (parseYaml(answer.bytes.toString()).value as any)).kind).toBe(kind)
  })

  const known =
    'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf'
  const routed =
    '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf'
  test.each([
    ['an unknown form', `${maps}/one`, 'text/html', routed],
    ['any application', `${maps}/one`, 'application/*', routed],
    ['CBOR, which is off by default', `${maps}/one`, 'application/cbor', routed],
    ['a Table in protobuf', maps, `${protobuf};${table}`, known],
    ['an unknown transformation', maps, 'application/json;as=Chart;g=meta.k8s.io;v=v1', known],
    ['another stream', maps, 'application/json;stream=logs', known],
    [
      'YAML of a watch',
      `${maps}?watch=1`,
      'application/yaml',
      'only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
    ],
    [
      'one metadata of many',
      maps,
      `application/json;${partial}`,
      'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)',
    ],
    [
      'many metadata of one',
      `${maps}/one`,
      `application/json;${partialList}`,
      'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)',
    ],
  ])('not acceptable: %s', async (_what, target, accept, message) => {
    const answer = await wire.send('GET', target, { headers: { accept } })
    const status = answer.json ?? parseYaml(answer.bytes.toString()).value
    expect([answer.status, status]).toMatchObject([406, { reason: 'NotAcceptable', message, code: 406 }])
  })

  test('a write is refused before it is done', async () => {
    const headers = { accept: 'text/html' }
    const answer = await wire.send('POST', maps, { headers, body: { metadata: { name: 'unseen' } } })
    expect(answer.status).toBe(406)
    expect((await wire.send('GET', `${maps}/unseen`)).status).toBe(404)
  })

  test.each([
    ['pretty=true', {}, true],
    ['pretty=0', { 'user-agent': 'curl/8' }, false],
    ['', { 'user-agent': 'curl/8' }, true],
    ['', { 'user-agent': 'kubectl/v1.36' }, false],
    ['', { accept: 'application/json;pretty=1' }, true],
  ])('indented for people: ?%s %j', async (query, headers, indented) => {
    const { bytes } = await wire.send('GET', `${maps}/one?${query}`, { headers })
    expect(bytes.toString().includes('\n  "kind": "ConfigMap"')).toBe(indented)
  })
})

test('YAML that is written is read back as the same, whatever the text looks like', async () => {
  const data = {
    n: 'yes',
    y: 'no',
    '1': '0777',
    on: '1e3',
    time: '2026-01-02',
    sixty: '22:22',
    text: 'a\nb: c\n',
    '': '~',
  }
  const { status } = await wire.send('POST', maps, {
    headers: { 'content-type': 'application/yaml' },
    body: 'metadata: {name: yaml}\ndata: {"n": "yes", "1": "0777"}\n',
  })
  expect(status).toBe(201)
  const put = {
    metadata: { name: 'yaml' },
    data: Object.fromEntries(Object.entries(data).filter(([key]) => key !== '')),
  }
  await wire.send('PUT', `${maps}/yaml`, { body: put })
  const answer = await wire.send('GET', `${maps}/yaml`, { headers: { accept: 'application/yaml' } })
  expect((parseYaml(answer.bytes.toString()).value as any).data).toEqual(put.data)
})

describe('a large answer', () => {
  const fetch = (
    target: string,
    headers: Record<string, string>,
  ): Promise<{ encoding: string | undefined; bytes: Buffer; vary: unknown }> =>
    new Promise((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port: cluster.plane.port,
        path: target,
        rejectUnauthorized: false,
        headers: { authorization: 'Bearer secret', ...headers },
      }
      request(options, response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            encoding: response.headers['content-encoding'],
            vary: response.headers['vary'],
            bytes: Buffer.concat(chunks),
          }),
        )
      })
        .on('error', reject)
        .end()
    })

  test('is compressed for those who take it', async () => {
    await wire.send('POST', maps, { body: { metadata: { name: 'large' }, data: { text: 'x'.repeat(200_000) } } })
    const plain = await fetch(`${maps}/large`, {})
    expect(plain.encoding).toBeUndefined()
    const small = await fetch(`${maps}/large`, { 'accept-encoding': 'br, gzip' })
    expect([small.encoding, small.vary]).toEqual(['gzip', 'Accept-Encoding'])
    expect(gunzipSync(small.bytes)).toEqual(plain.bytes)
    expect((await fetch(`${maps}/one`, { 'accept-encoding': 'gzip' })).encoding).toBeUndefined()
    expect((await fetch(`${maps}/one`, { 'accept-encoding': 'gzip' })).encoding).toBeUndefined()
  })
})

test('deployments are listed in protobuf with their own kind', async () => {
  const answer = await wire.send('GET', '/apis/apps/v1/namespaces/default/deployments/d', {
    headers: { accept: protobuf },
  })
  expect(decoded(answer.bytes, deployments.schema)).toMatchObject({
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    spec: { replicas: 3 },
  })
})
