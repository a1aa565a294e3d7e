// Admission webhooks, from the outside: what they are asked, what their answers do, and what happens when there is none.

import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { mutatingWebhookConfigurations } from '../../src/api/admissionregistration/v1/mutatingwebhookconfiguration.ts'
import { validatingWebhookConfigurations } from '../../src/api/admissionregistration/v1/validatingwebhookconfiguration.ts'
import { deployments } from '../../src/api/apps/v1/deployment.ts'
import { configMaps } from '../../src/api/core/v1/configmap.ts'
import { namespaces } from '../../src/api/core/v1/namespace.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { services } from '../../src/api/core/v1/service.ts'
import { serviceAccounts } from '../../src/api/core/v1/serviceaccount.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import type { StatusError } from '../../src/machinery/status-error.ts'
import { createCertificateAuthority, issueCertificate } from '../../src/machinery/x509/certificate.ts'

interface Asked {
  readonly path: string
  readonly review: { apiVersion: string; kind: string; request: Record<string, any> }
}

type Answer = Record<string, unknown> | string | { status: number } | 'never'

const base64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64')
const validity = { notBefore: Date.UTC(2000), notAfter: Date.UTC(2099) }

let cluster: Cluster
let server: Server
let port: number
let caBundle: string
let asked: Asked[]
/** By the first part of the path: what the webhook there answers. */
let answers: Record<string, (request: Record<string, any>, path: string) => Answer>

beforeAll(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true })
  await cluster.client.resource(namespaces).create({ metadata: { name: 'prod', labels: { env: 'prod' } } })
  await cluster.client.resource(namespaces).create({ metadata: { name: 'hooks' } })
  for (const namespace of ['default', 'prod'])
    await cluster.client
      .resource(serviceAccounts)
      .namespace(namespace)
      .create({ metadata: { name: 'default' } })
  const authority = createCertificateAuthority('hooks', validity, Buffer.from([1]))
  caBundle = base64(authority.certificate)
  const { certificate: cert, privateKey: key } = issueCertificate(
    authority,
    { subject: { commonName: 'hook' }, usages: ['serverAuth'], names: ['127.0.0.1', 'hook.hooks.svc'] },
    validity,
    Buffer.from([2]),
  )
  server = createServer({ cert, key }, (request, response) => {
    const pieces: Buffer[] = []
    request.on('data', piece => pieces.push(piece))
    request.on('end', () => {
      const [path = ''] = (request.url ?? '').split('?')
      const review = JSON.parse(Buffer.concat(pieces).toString())
      asked.push({ path: request.url ?? '', review })
      const answer = answers[path.split('/')[1] ?? '']!(review.request, path)
      if (answer === 'never') return
      if (typeof answer === 'object' && typeof answer['status'] === 'number') {
        response.writeHead(answer['status'], { location: 'https://127.0.0.1:1/elsewhere' })
        response.end()
        return
      }
      const { apiVersion } = review
      const body =
        typeof answer === 'string' ? answer : JSON.stringify({ apiVersion, kind: 'AdmissionReview', ...answer })
      response.end(body)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(async () => {
  await cluster.stop()
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})

const allow = ({ uid }: Record<string, any>) => ({ response: { uid, allowed: true } })
const patch =
  (...operations: object[]) =>
  ({ uid }: Record<string, any>) => ({
    response: { uid, allowed: true, patchType: 'JSONPatch', patch: base64(operations) },
  })
const label = (name: string, value: string) => patch({ op: 'add', path: '/metadata/labels', value: { [name]: value } })

beforeEach(() => {
  asked = []
  answers = { allow }
})

const validating = () => cluster.client.resource(validatingWebhookConfigurations)
const mutating = () => cluster.client.resource(mutatingWebhookConfigurations)
const maps = (namespace = 'default') => cluster.client.resource(configMaps).namespace(namespace)

afterEach(async () => {
  for (const resource of [validating(), mutating()])
    for (const { metadata } of (await resource.list()).items) await resource.delete(metadata!.name!)
  for (const namespace of ['default', 'prod'])
    for (const { metadata } of (await maps(namespace).list()).items) await maps(namespace).delete(metadata!.name!)
})

const rule = (resource = 'configmaps', group = '', version = 'v1', operations = ['*']) => ({
  operations,
  apiGroups: [group],
  apiVersions: [version],
  resources: [resource],
})

function hook(path: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: `${path}.example.com`,
    clientConfig: { url: `https://127.0.0.1:${port}/${path}`, caBundle },
    rules: [rule()],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...more,
  }
}

const validate = (...webhooks: object[]) => validating().create({ metadata: { name: 'hooks' }, webhooks } as never)
const mutate = (...webhooks: object[]) => mutating().create({ metadata: { name: 'hooks' }, webhooks } as never)
const create = (metadata: object = {}, namespace = 'default') =>
  maps(namespace).create({ metadata: { name: 'c', ...metadata } } as never)

async function refused(doing: Promise<unknown>): Promise<{ code: number; reason: string; message: string }> {
  const error = await doing.then(
    () => undefined,
    failure => failure as StatusError,
  )
  if (!error) throw new Error('it was not refused')
  return { code: error.code, reason: error.reason, message: error.message }
}

describe('the review', () => {
  test('says what is asked, as upstream says it', async () => {
    await validate(hook('allow'))
    await create({ labels: { a: 'b' } })
    const { path, review } = asked[0]!
    expect(path).toBe('/allow?timeout=10s')
    const { uid, object, ...request } = review.request
    expect(uid).toMatch(/^[0-9a-f-]{36}$/)
    expect(object).toMatchObject({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'c', namespace: 'default', labels: { a: 'b' } },
    })
    expect({ ...review, request }).toEqual({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      request: {
        kind: { group: '', version: 'v1', kind: 'ConfigMap' },
        resource: { group: '', version: 'v1', resource: 'configmaps' },
        requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
        requestResource: { group: '', version: 'v1', resource: 'configmaps' },
        name: 'c',
        namespace: 'default',
        operation: 'CREATE',
        userInfo: expect.objectContaining({ username: expect.any(String), groups: expect.any(Array) }),
        oldObject: null,
        dryRun: false,
        options: { apiVersion: 'meta.k8s.io/v1', kind: 'CreateOptions' },
      },
    })
  })

  test('has the old object of an update and of a deletion, in the version that it takes', async () => {
    await validate(hook('allow', { rules: [rule('configmaps', '', '*')], admissionReviewVersions: ['v1beta1', 'v1'] }))
    const { metadata } = await maps().create({ metadata: { generateName: 'g-' } } as never)
    await maps().update({ metadata, data: { a: 'b' } } as never)
    await maps().delete(metadata!.name!)
    expect(asked.map(({ review }) => review.apiVersion)).toEqual(Array(3).fill('admission.k8s.io/v1beta1'))
    expect(
      asked.map(({ review: { request } }) => [
        request['operation'],
        request['name'],
        request['object']?.metadata.uid,
        request['object']?.data,
        request['oldObject']?.metadata.uid,
        request['options'].kind,
      ]),
    ).toEqual([
      // Between mutation and validation the server has said what it alone says.
      ['CREATE', metadata!.name, metadata!.uid, undefined, undefined, 'CreateOptions'],
      ['UPDATE', metadata!.name, metadata!.uid, { a: 'b' }, metadata!.uid, 'UpdateOptions'],
      ['DELETE', metadata!.name, undefined, undefined, metadata!.uid, 'DeleteOptions'],
    ])
  })

  test('is in the version that the rule names', async () => {
    await validate(hook('allow', { rules: [rule('horizontalpodautoscalers', 'autoscaling', 'v1')] }))
    const path = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers'
    const body = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'h' },
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
        maxReplicas: 3,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 7 } } },
        ],
      },
    }
    await cluster.plane.apiServer.transport().request({ method: 'POST', path, body } as never)
    const { request } = asked[0]!.review
    expect(request['kind']).toEqual({ group: 'autoscaling', version: 'v1', kind: 'HorizontalPodAutoscaler' })
    expect(request['requestKind']).toMatchObject({ version: 'v2' })
    expect(request['object']).toMatchObject({
      apiVersion: 'autoscaling/v1',
      spec: { targetCPUUtilizationPercentage: 7 },
    })
  })

  test.each<[string, Record<string, unknown>, number]>([
    ['an exact rule for another version', { rules: [rule('configmaps', '', 'v2')], matchPolicy: 'Exact' }, 0],
    ['a namespaceSelector that holds', { namespaceSelector: { matchLabels: { env: 'prod' } } }, 1],
    ['a namespaceSelector that does not', { namespaceSelector: { matchLabels: { env: 'test' } } }, 0],
    ['an objectSelector that holds', { objectSelector: { matchLabels: { a: 'b' } } }, 1],
    ['an objectSelector that does not', { objectSelector: { matchLabels: { a: 'c' } } }, 0],
    ['conditions that hold', { matchConditions: [{ name: 'c', expression: 'object.metadata.name == "c"' }] }, 1],
    ['conditions that do not', { matchConditions: [{ name: 'c', expression: 'request.userInfo.username == "x"' }] }, 0],
    ['cluster scope', { rules: [{ ...rule(), scope: 'Cluster' }] }, 0],
    ['no rules', { rules: [] }, 0],
  ])('is sent or not: %s', async (_, more, times) => {
    await validate(hook('allow', more))
    await create({ labels: { a: 'b' } }, 'prod')
    expect(asked).toHaveLength(times)
  })

  test('is not sent about webhook configurations, and conditions that fail are a refusal', async () => {
    const everything = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }]
    answers['deny'] = ({ uid }) => ({ response: { uid, allowed: false } })
    await validate(hook('deny', { rules: everything }))
    await validating().delete('hooks')
    expect(asked).toEqual([])
    await validate(hook('allow', { matchConditions: [{ name: 'c', expression: 'object.none == 1' }] }))
    const { code, message } = await refused(create())
    expect([code, message]).toEqual([
      403,
      `configmaps "c" is forbidden: expression 'object.none == 1' resulted in error: no such key: none`,
    ])
  })
})

describe('a denial', () => {
  test.each<[string, object, { code: number; reason: string; message: string }]>([
    ['without a status', {}, { code: 400, reason: '', message: 'without explanation' }],
    ['with a message', { status: { message: 'no' } }, { code: 400, reason: '', message: ': no' }],
    ['with a reason', { status: { reason: 'Odd' } }, { code: 400, reason: 'Odd', message: ': Odd' }],
    [
      'with a code and a reason',
      { status: { code: 403, reason: 'Forbidden', message: 'never' } },
      { code: 403, reason: 'Forbidden', message: ': never' },
    ],
    ['with a code that is none', { status: { code: 200, message: 'ok' } }, { code: 400, reason: '', message: ': ok' }],
  ])('%s', async (_, response, expected) => {
    answers['deny'] = ({ uid }) => ({ response: { uid, allowed: false, ...response } })
    await validate(hook('deny'))
    const deniedBy = 'admission webhook "deny.example.com" denied the request'
    const separator = expected.message.startsWith(':') ? '' : ' '
    expect(await refused(create())).toEqual({ ...expected, message: `${deniedBy}${separator}${expected.message}` })
  })

  test('of a deletion keeps the object', async () => {
    answers['deny'] = ({ uid }) => ({ response: { uid, allowed: false, status: { message: 'stays' } } })
    await create()
    await validate(hook('deny', { rules: [rule('configmaps', '', 'v1', ['DELETE'])] }))
    expect((await refused(maps().delete('c'))).message).toContain('denied the request: stays')
    expect(await maps().get('c')).toBeDefined()
  })
})

describe('a webhook that gives no verdict', () => {
  const failing = 'Internal error occurred: failed calling webhook "odd.example.com": '
  const invalid = `${failing}received invalid webhook response: `
  test.each<[string, (request: Record<string, any>) => Answer, string]>([
    [
      'garbage',
      () => 'no json',
      `${failing}failed to call webhook: couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    ],
    [
      'no text',
      () => '',
      `${failing}failed to call webhook: 0-length response with status code: 200 and content type: application/json`,
    ],
    [
      'another version',
      ({ uid }) => ({ apiVersion: 'admission.k8s.io/v1beta1', response: { uid, allowed: true } }),
      `${failing}failed to call webhook: converting (v1beta1.AdmissionReview) to (v1.AdmissionReview): unknown conversion`,
    ],
    [
      'something that is no verdict',
      ({ uid }) => ({ response: { uid, allowed: 'yes' } }),
      `${failing}failed to call webhook: json: cannot unmarshal string into Go struct field AdmissionResponse.response.allowed of type bool`,
    ],
    ['nothing', () => ({}), `${invalid}webhook response was absent`],
    ['another uid', () => ({ response: { uid: 'x', allowed: true } }), `${invalid}expected response.uid="`],
    [
      'another kind',
      ({ uid }) => ({ kind: 'Review', response: { uid, allowed: true } }),
      `${failing}failed to call webhook: no kind "Review" is registered for version "admission.k8s.io/v1" in scheme "pkg/runtime/scheme.go:111"`,
    ],
    [
      'a patch',
      ({ uid }) => ({ response: { uid, allowed: true, patch: base64([]), patchType: 'JSONPatch' } }),
      `${invalid}validating webhook may not return response.patch`,
    ],
    ['an error', () => ({ status: 500 }), `${failing}failed to call webhook: an error on the server`],
    ['a redirection', () => ({ status: 302 }), `${failing}failed to call webhook: `],
  ])('%s', async (_, answer, message) => {
    answers['odd'] = answer
    await validate(hook('odd'))
    const failure = await refused(create())
    expect(failure).toMatchObject({ code: 500, reason: 'InternalError' })
    expect(failure.message.slice(0, message.length)).toBe(message)
    await validating().delete('hooks')
    await validate(hook('odd', { failurePolicy: 'Ignore' }))
    expect(await create()).toMatchObject({ metadata: { name: 'c' } })
  })

  test('is given up after its time', async () => {
    answers['odd'] = () => 'never'
    await validate(hook('odd', { timeoutSeconds: 2 }))
    const waiting = refused(create())
    while (asked.length === 0) await new Promise(setImmediate)
    await cluster.clock.advance('2s')
    expect((await waiting).message).toBe(
      `${failing}failed to call webhook: Post "https://127.0.0.1:${port}/odd?timeout=2s": context deadline exceeded`,
    )
  })

  test.each<[string, () => object, string]>([
    [
      'with a certificate nobody vouches for',
      () => ({ url: `https://127.0.0.1:${port}/odd` }),
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ],
    [
      'behind a Service that is not there',
      () => ({ service: { namespace: 'hooks', name: 'none', path: '/odd' }, caBundle }),
      'service "none" not found',
    ],
  ])('%s', async (_, clientConfig, why) => {
    await validate(hook('odd', { clientConfig: clientConfig() }))
    expect((await refused(create())).message).toMatch(/^.*failed to call webhook: Post "https:.*\?timeout=10s": /)
    expect((await refused(create())).message).toContain(`: ${why}`)
  })
})

test('a webhook behind a Service is found where the Service leads', async () => {
  // An endpoint on loopback would be refused.
  await cluster.client
    .resource(services)
    .namespace('hooks')
    .create({ metadata: { name: 'hook' }, spec: { type: 'ExternalName', externalName: 'localhost' } } as never)
  const service = { namespace: 'hooks', name: 'hook', path: '/allow', port }
  await validate(hook('allow', { clientConfig: { service, caBundle } }))
  await create()
  expect(asked.map(({ path }) => path)).toEqual(['/allow?timeout=10s'])
})

describe('mutating webhooks', () => {
  test('change the object one after the other, in the order of their names', async () => {
    answers['first'] = patch({ op: 'add', path: '/data', value: { first: 'yes' } })
    answers['second'] = patch({ op: 'add', path: '/data/second', value: 'yes' })
    await mutating().create({ metadata: { name: 'b' }, webhooks: [hook('second')] } as never)
    await mutating().create({ metadata: { name: 'a' }, webhooks: [hook('first')] } as never)
    expect(await create()).toMatchObject({ data: { first: 'yes', second: 'yes' } })
    expect(asked[1]!.review.request['object'].data).toEqual({ first: 'yes' })
    expect(asked[0]!.review.request['object'].metadata).not.toHaveProperty('uid')
  })

  test('look again when others changed the object after them', async () => {
    answers['first'] = allow
    answers['once'] = allow
    answers['second'] = label('x', 'y')
    await mutate(hook('first', { reinvocationPolicy: 'IfNeeded' }), hook('once'), hook('second'))
    await create()
    expect(asked.map(({ path }) => path.split('?')[0])).toEqual(['/first', '/once', '/second', '/first'])
    expect(asked[3]!.review.request['object'].metadata.labels).toEqual({ x: 'y' })
  })

  test('have unknown fields dropped and defaults filled in', async () => {
    answers['add'] = patch({ op: 'add', path: '/spec/containers/-', value: { name: 'd', image: 'i', odd: true } })
    await mutate(hook('add', { rules: [rule('pods', '', 'v1', ['CREATE'])] }))
    const of = cluster.client.resource(pods).namespace('default')
    const pod = await of.create({ metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } } as never)
    expect(pod.spec!.containers![1]).toMatchObject({ name: 'd', terminationMessagePath: '/dev/termination-log' })
    expect(pod.spec!.containers![1]).not.toHaveProperty('odd')
    await of.delete('p', { gracePeriodSeconds: 0 } as never)
  })

  test.each<[string, (request: Record<string, any>) => Answer, string]>([
    [
      'is no JSON',
      ({ uid }) => ({ response: { uid, allowed: true, patch: base64('{'), patchType: 'JSONPatch' } }),
      'failed calling webhook "odd.example.com": received undecodable patch in webhook response: ',
    ],
    [
      'has no type',
      ({ uid }) => ({ response: { uid, allowed: true, patch: base64([]) } }),
      'failed calling webhook "odd.example.com": received invalid webhook response: webhook returned response.patch but not response.patchType',
    ],
    [
      'does not apply',
      patch({ op: 'test', path: '/metadata/name', value: 'x' }),
      'testing value /metadata/name failed',
    ],
  ])('are refused a patch that %s', async (_, answer, message) => {
    answers['odd'] = answer
    await mutate(hook('odd'))
    expect((await refused(create())).message).toContain(`Internal error occurred: ${message}`)
  })

  test('cannot change what is deleted', async () => {
    answers['odd'] = patch({ op: 'add', path: '/data', value: {} })
    await create()
    await mutate(hook('odd', { rules: [rule('configmaps', '', 'v1', ['DELETE'])] }))
    expect((await refused(maps().delete('c'))).message).toBe(
      'Internal error occurred: admission webhook "odd.example.com" attempted to modify the object, which is not supported for this operation',
    )
  })
})

test('dry run reaches only those without side effects', async () => {
  await validate(hook('allow', { sideEffects: 'NoneOnDryRun' }))
  const dryRun = () => maps().create({ metadata: { name: 'c' } } as never, { dryRun: true } as never)
  await dryRun()
  expect(asked[0]!.review.request['dryRun']).toBe(true)
})

test('scale and status are asked about as themselves', async () => {
  await validate(hook('allow', { rules: [rule('deployments/*', 'apps', 'v1', ['UPDATE'])] }))
  const of = cluster.client.resource(deployments).namespace('default')
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  await of.create({ metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } } as never)
  const path = '/apis/apps/v1/namespaces/default/deployments/d'
  const patchOf = (subresource: string, body: object) =>
    cluster.plane.apiServer.transport().request({
      method: 'PATCH',
      path: `${path}/${subresource}`,
      body,
      headers: { 'content-type': 'application/merge-patch+json' },
    } as never)
  await patchOf('scale', { spec: { replicas: 2 } })
  await patchOf('status', { status: { replicas: 1 } })
  expect(
    asked.map(({ review: { request } }) => [request['subResource'], request['kind'].kind, request['options'].kind]),
  ).toEqual([
    ['scale', 'Scale', 'PatchOptions'],
    ['status', 'Deployment', 'PatchOptions'],
  ])
})

test('a connection through a proxy is asked about with its options', async () => {
  answers['deny'] = ({ uid }) => ({ response: { uid, allowed: false, status: { message: 'no way through' } } })
  await validate(hook('deny', { rules: [rule('services/proxy', '', 'v1', ['CONNECT'])] }))
  const path = '/api/v1/namespaces/default/services/s/proxy/a/b'
  const { body } = await cluster.plane.apiServer.transport().request({ method: 'GET', path } as never)
  expect((body as { message: string }).message).toBe(
    'admission webhook "deny.example.com" denied the request: no way through',
  )
  const { operation, kind, subResource, object, oldObject, options } = asked[0]!.review.request
  expect({ operation, kind: kind.kind, subResource, object, oldObject, options }).toEqual({
    operation: 'CONNECT',
    kind: 'ServiceProxyOptions',
    subResource: 'proxy',
    object: { apiVersion: 'v1', kind: 'ServiceProxyOptions', path: '/a/b' },
    oldObject: null,
    options: null,
  })
})

describe('a configuration', () => {
  const problem = async (webhook: object) => (await refused(validate(webhook))).message
  test.each<[string, Record<string, unknown>, string]>([
    [
      'a short name',
      { name: 'x' },
      'webhooks[0].name: Invalid value: "x": should be a domain with at least three segments separated by dots',
    ],
    [
      'no side effects named',
      { sideEffects: undefined },
      'webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun',
    ],
    [
      'side effects',
      { sideEffects: 'Some' },
      'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
    ],
    [
      'no time',
      { timeoutSeconds: 31 },
      'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
    ],
    [
      'no address',
      { clientConfig: {} },
      'webhooks[0].clientConfig: Required value: exactly one of url or service is required',
    ],
    [
      'no versions',
      { admissionReviewVersions: [] },
      'webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1',
    ],
    [
      'other versions',
      { admissionReviewVersions: ['v2'] },
      'webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1',
    ],
    [
      'a condition that does not compile',
      { matchConditions: [{ name: 'c', expression: '1 +' }] },
      'webhooks[0].matchConditions[0].expression: Invalid value: "1 +": compilation failed: ',
    ],
  ])('is refused with %s', async (_, more, message) => {
    expect(await problem(hook('allow', more))).toContain(message)
  })

  test('is filled in', async () => {
    const { webhooks } = await validate(hook('allow'))
    expect(webhooks![0]).toMatchObject({
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      timeoutSeconds: 10,
      namespaceSelector: {},
      objectSelector: {},
      rules: [{ scope: '*' }],
    })
  })
})

test('what webhooks do is counted', async () => {
  const counted = async (part: string) => {
    const { text = '' } = await cluster.client.transport.request({ method: 'GET', path: '/metrics' })
    return text.split('\n').filter(line => line.includes('name="counted.example.com"') && line.includes(part))
  }
  const name = 'name="counted.example.com"'
  answers['counted'] = ({ uid }) => ({ response: { uid, allowed: false, status: { code: 403, message: 'no' } } })
  await validate(
    hook('counted', { matchConditions: [{ name: 'c', expression: 'object.metadata.labels.ask == "yes"' }] }),
  )
  await refused(create({ labels: { ask: 'yes' } }))
  await create({ labels: { ask: 'no' } })
  await refused(create({ name: 'd' }))
  await validating().delete('hooks')
  answers['counted'] = () => ({ status: 500 })
  await validate(hook('counted', { failurePolicy: 'Ignore' }))
  await create({ name: 'e' })
  expect(await counted('rejection_count')).toEqual([
    `apiserver_admission_webhook_rejection_count{error_type="no_error",${name},operation="CREATE",rejection_code="403",type="validating"} 1`,
  ])
  expect(await counted('fail_open_count')).toEqual([
    `apiserver_admission_webhook_fail_open_count{${name},type="validating"} 1`,
  ])
  expect(await counted('request_total')).toEqual([
    `apiserver_admission_webhook_request_total{code="403",${name},operation="CREATE",rejected="true",type="validating"} 1`,
    `apiserver_admission_webhook_request_total{code="500",${name},operation="CREATE",rejected="false",type="validating"} 1`,
  ])
  const labels = `{kind="webhook",${name},operation="CREATE",type="validate"}`
  expect(await counted('match_condition_evaluation_errors_total')).toEqual([
    `apiserver_admission_match_condition_evaluation_errors_total${labels} 1`,
  ])
  expect(await counted('match_condition_exclusions_total')).toEqual([
    `apiserver_admission_match_condition_exclusions_total${labels} 1`,
  ])
  expect(await counted('match_condition_evaluation_seconds_count')).toEqual([
    `apiserver_admission_match_condition_evaluation_seconds_count${labels} 3`,
  ])
})
