// Custom resources of several versions, converted by a webhook; and many of them.

import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Transport, WatchEvent } from '../../src/client/transport.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import { createCertificateAuthority, issueCertificate } from '../../src/machinery/x509/certificate.ts'

type Json = Record<string, any>

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
let cluster: Cluster
let transport: Transport
let webhook: Server
let caBundle: string
const reviews: Json[] = []
/** How the webhook answers a review. */
let answer: (request: Json) => Json

/** `host` and `port` of v2 are one `hostPort` in v1. */
function converted(object: Json, apiVersion: string): Json {
  const { hostPort, host, port, ...rest } = object['spec'] ?? {}
  const [name, number] = String(hostPort).split(':')
  const spec = apiVersion.endsWith('/v2')
    ? { ...rest, host: name, port: number }
    : { ...rest, hostPort: `${host}:${port}` }
  return { ...object, apiVersion, spec }
}

const convertAll = ({ uid, objects, desiredAPIVersion }: Json): Json => ({
  uid,
  result: { status: 'Success' },
  convertedObjects: objects.map((object: Json) => converted(object, desiredAPIVersion)),
})

beforeAll(async () => {
  const validity = { notBefore: Date.UTC(2020), notAfter: Date.UTC(2049) }
  const authority = createCertificateAuthority('webhook-ca', validity, Buffer.from([1]))
  caBundle = Buffer.from(authority.certificate).toString('base64')
  const { certificate: cert, privateKey: key } = issueCertificate(
    authority,
    { subject: { commonName: 'webhook' }, usages: ['serverAuth'], names: ['127.0.0.1'] },
    validity,
    Buffer.from([2]),
  )
  webhook = createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString())
      reviews.push(review)
      response.setHeader('content-type', 'application/json')
      const { kind, apiVersion } = review
      response.end(JSON.stringify({ kind, apiVersion, response: answer(review.request) }))
    })
  })
  await new Promise<void>(resolve => webhook.listen(0, '127.0.0.1', resolve))
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
  transport = cluster.client.transport
})
afterAll(async () => {
  await cluster.stop()
  await new Promise(resolve => webhook.close(resolve))
})

async function call(method: string, path: string, body?: object, query: Record<string, string> = {}) {
  const { status, body: found } = await transport.request({ method: method as 'GET', path, body, query })
  return { status, body: found as Json }
}

async function ok(...of: Parameters<typeof call>): Promise<Json> {
  const { status, body } = await call(...of)
  if (status >= 300) throw new Error(`${status}: ${body['message']}`)
  return body
}

const whenEstablished = (name: string) =>
  cluster.until(async () => {
    const { status } = await ok('GET', `${definitions}/${name}`)
    return status.conditions?.some((each: Json) => each['type'] === 'Established' && each['status'] === 'True')
  })

const version = (name: string, storage: boolean, properties: Json = {}) => ({
  name,
  served: true,
  storage,
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: { spec: { type: 'object', properties, 'x-kubernetes-preserve-unknown-fields': true } },
    },
  },
})

describe('a conversion webhook', () => {
  const v1 = '/apis/example.com/v1/namespaces/default/hosts'
  const v2 = '/apis/example.com/v2/namespaces/default/hosts'

  beforeAll(async () => {
    answer = convertAll
    await ok('POST', definitions, {
      metadata: { name: 'hosts.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'hosts', kind: 'Host' },
        versions: [
          version('v1', true),
          { ...version('v2', false, { host: { type: 'string' } }), selectableFields: [{ jsonPath: '.spec.host' }] },
        ],
        conversion: {
          strategy: 'Webhook',
          webhook: {
            clientConfig: { url: `https://127.0.0.1:${(webhook.address() as AddressInfo).port}/convert`, caBundle },
            conversionReviewVersions: ['v1'],
          },
        },
      },
    })
    await whenEstablished('hosts.example.com')
  })

  const host = (name: string) => ({
    apiVersion: 'example.com/v2',
    kind: 'Host',
    metadata: { name, labels: { a: 'b' } },
    spec: { host: name, port: '80' },
  })

  test('is asked for what is written and read in another version than the stored one', async () => {
    const created = await ok('POST', v2, host('one'))
    expect(created).toMatchObject({ apiVersion: 'example.com/v2', spec: { host: 'one', port: '80' } })
    expect(await ok('GET', `${v1}/one`)).toMatchObject({ apiVersion: 'example.com/v1', spec: { hostPort: 'one:80' } })
    expect(await ok('GET', `${v2}/one`)).toEqual(created)
    expect(reviews[0]).toMatchObject({
      kind: 'ConversionReview',
      apiVersion: 'apiextensions.k8s.io/v1',
      request: { desiredAPIVersion: 'example.com/v1', objects: [{ apiVersion: 'example.com/v2', kind: 'Host' }] },
    })
  })

  test('is asked once for a list', async () => {
    for (const name of ['two', 'three', 'four']) {
      const { spec, ...rest } = host(name)
      await ok('POST', v1, { ...rest, apiVersion: 'example.com/v1', spec: { hostPort: `${name}:${spec.port}` } })
    }
    reviews.length = 0
    const { items } = await ok('GET', v2)
    expect(items.map(({ spec }: Json) => spec.host).sort()).toEqual(['four', 'one', 'three', 'two'])
    expect(reviews.map(({ request }) => request.objects.length)).toEqual([3])
  })

  test('is asked for a policy that is about another version, also for what the policy changes', async () => {
    const registration = '/apis/admissionregistration.k8s.io/v1'
    const matchConstraints = {
      matchPolicy: 'Equivalent',
      resourceRules: [
        { operations: ['CREATE'], apiGroups: ['example.com'], apiVersions: ['v1'], resources: ['hosts'] },
      ],
    }
    await ok('POST', `${registration}/validatingadmissionpolicies`, {
      metadata: { name: 'v1-only' },
      spec: { matchConstraints, validations: [{ expression: 'object.spec.hostPort != "bad:80"' }] },
    })
    await ok('POST', `${registration}/validatingadmissionpolicybindings`, {
      metadata: { name: 'v1-only' },
      spec: { policyName: 'v1-only', validationActions: ['Deny'] },
    })
    await ok('POST', `${registration}/mutatingadmissionpolicies`, {
      metadata: { name: 'v1-only' },
      spec: {
        matchConstraints,
        reinvocationPolicy: 'Never',
        matchConditions: [{ name: 'named', expression: 'object.metadata.name == "moved"' }],
        mutations: [
          {
            patchType: 'JSONPatch',
            jsonPatch: { expression: '[JSONPatch{op: "replace", path: "/spec/hostPort", value: "other:81"}]' },
          },
        ],
      },
    })
    await ok('POST', `${registration}/mutatingadmissionpolicybindings`, {
      metadata: { name: 'v1-only' },
      spec: { policyName: 'v1-only' },
    })
    const refused = await call('POST', v2, host('bad'))
    expect([refused.status, refused.body['message']]).toEqual([
      422,
      `hosts.example.com "bad" is forbidden: ValidatingAdmissionPolicy 'v1-only' with binding 'v1-only' denied request: failed expression: object.spec.hostPort != "bad:80"`,
    ])
    const made = await ok('POST', v2, host('moved'))
    expect(made).toMatchObject({ apiVersion: 'example.com/v2', spec: { host: 'other', port: '81' } })
    for (const kind of ['mutatingadmissionpolicies', 'validatingadmissionpolicies'])
      await ok('DELETE', `${registration}/${kind}/v1-only`)
    await ok('DELETE', `${v2}/moved`)
  })

  test('converts what a watch tells, in order', async () => {
    const events: WatchEvent<Json>[] = []
    const query = { watch: 'true', resourceVersion: (await ok('GET', v2))['metadata'].resourceVersion }
    const { stop } = await transport.watch(
      { method: 'GET', path: v2, query },
      { event: event => events.push(event as WatchEvent<Json>), end() {} },
    )
    for (const name of ['w1', 'w2']) {
      const { spec, ...rest } = host(name)
      await ok('POST', v1, { ...rest, apiVersion: 'example.com/v1', spec: { hostPort: `${name}:${spec.port}` } })
    }
    await expect
      .poll(() => events.map(({ type, object }) => `${type} ${object['spec'].host}`))
      .toEqual(['ADDED w1', 'ADDED w2'])
    stop()
  })

  test('tells a watch of some objects what leaves them, as it was in the version that is watched', async () => {
    const leaving = await ok('POST', v2, host('leaving'))
    const coming = await ok('POST', v2, host('coming'))
    const events: WatchEvent<Json>[] = []
    const { resourceVersion } = (await ok('GET', v2))['metadata']
    const query = { watch: 'true', resourceVersion, fieldSelector: 'spec.host=leaving' }
    const { stop } = await transport.watch(
      { method: 'GET', path: v2, query },
      { event: event => events.push(event as WatchEvent<Json>), end() {} },
    )
    const moved = (object: Json, to: string) => ({ ...object, spec: { ...object['spec'], host: to } })
    const updated = await ok('PUT', `${v2}/leaving`, moved(leaving, 'elsewhere'))
    await ok('PUT', `${v2}/coming`, moved(coming, 'leaving'))
    await expect
      .poll(() => events)
      .toMatchObject([
        {
          type: 'DELETED',
          object: {
            apiVersion: 'example.com/v2',
            metadata: { name: 'leaving', resourceVersion: updated['metadata'].resourceVersion },
            spec: { host: 'leaving', port: '80' },
          },
        },
        { type: 'ADDED', object: { metadata: { name: 'coming' }, spec: { host: 'leaving' } } },
      ])
    stop()
  })

  test.each<[string, (request: Json) => Json, string]>([
    [
      'says no',
      ({ uid }) => ({ uid, result: { status: 'Failure', message: 'cannot do it' } }),
      'conversion webhook for example.com/v1, Kind=Host failed: cannot do it',
    ],
    [
      'answers another request',
      request => ({ ...convertAll(request), uid: 'other' }),
      'conversion webhook for example.com/v1, Kind=Host failed: expected response.uid=',
    ],
    [
      'loses objects',
      ({ uid }) => ({ uid, result: { status: 'Success' }, convertedObjects: [] }),
      'conversion webhook for example.com/v1, Kind=Host returned 0 objects, expected 1',
    ],
    [
      'changes the name',
      ({ uid, objects, desiredAPIVersion }) => ({
        uid,
        result: { status: 'Success' },
        convertedObjects: objects.map((object: Json) => ({
          ...converted(object, desiredAPIVersion),
          metadata: { ...object['metadata'], name: 'other' },
        })),
      }),
      'conversion webhook for example.com/v1, Kind=Host returned invalid object: must have the same name: ',
    ],
    [
      'answers in another version',
      ({ uid, objects }) => ({ uid, result: { status: 'Success' }, convertedObjects: objects }),
      'conversion webhook for example.com/v1, Kind=Host returned invalid object: invalid groupVersion (expected example.com/v2, received example.com/v1)',
    ],
  ])('that %s fails the request', async (what, wrong, message) => {
    answer = convertAll
    const name = what.replaceAll(' ', '-')
    const { spec, ...rest } = host(name)
    await ok('POST', v1, { ...rest, apiVersion: 'example.com/v1', spec: { hostPort: `${name}:${spec.port}` } })
    answer = wrong
    const { status, body } = await call('GET', `${v2}/${name}`)
    expect(status).toBe(500)
    expect(body['message']).toContain(message)
    answer = convertAll
    expect((await ok('GET', `${v2}/${name}`))['spec']).toEqual({ host: name, port: '80' })
  })
})

test('fifty definitions and five thousand objects', async () => {
  const kinds = Array.from({ length: 50 }, (_, index) => `Load${index}`)
  await Promise.all(
    kinds.map(kind =>
      ok('POST', definitions, {
        metadata: { name: `${kind.toLowerCase()}s.load.example.com` },
        spec: {
          group: 'load.example.com',
          scope: 'Namespaced',
          names: { plural: `${kind.toLowerCase()}s`, kind },
          versions: [version('v1', true)],
        },
      }),
    ),
  )
  for (const kind of kinds) await whenEstablished(`${kind.toLowerCase()}s.load.example.com`)
  for (const kind of kinds)
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        ok('POST', `/apis/load.example.com/v1/namespaces/default/${kind.toLowerCase()}s`, {
          apiVersion: 'load.example.com/v1',
          kind,
          metadata: { name: `object-${index}` },
          spec: { index },
        }),
      ),
    )
  const { items } = await ok('GET', '/apis/load.example.com/v1/load49s')
  expect(items).toHaveLength(100)
  const { paths } = await ok('GET', '/openapi/v3/apis/load.example.com/v1')
  expect(Object.keys(paths)).toHaveLength(150)
})
