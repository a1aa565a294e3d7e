// What the API server says to requests that make no sense, over HTTPS as any client would send them.

import { request } from 'node:https'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Cluster } from '../../src/cluster/cluster.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await Cluster.start({
    nodes: 0,
    withoutControllers: true,
    withoutScheduler: true,
    listen: { address: '127.0.0.1', port: 0 },
    staticTokens: [['secret', { name: 'admin', groups: ['system:masters'] }]],
  })
})
afterAll(() => cluster.stop())

interface Answer {
  readonly status: number
  readonly warnings: string | undefined
  readonly body: {
    message?: string
    reason?: string
    code?: number
    details?: { causes?: { field: string; message: string }[] }
  }
}

function send(
  method: string,
  path: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: cluster.plane.port,
        method,
        path,
        rejectUnauthorized: false,
        headers: { authorization: 'Bearer secret', 'content-type': 'application/json', ...headers },
      },
      response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({
            status: response.statusCode!,
            warnings: response.headers['warning'] as string | undefined,
            body: text.startsWith('{') ? JSON.parse(text) : { message: text },
          })
        })
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

const maps = '/api/v1/namespaces/default/configmaps'
const map = (more: string) => `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},${more}}`

describe('a body', () => {
  test.each<[string, string, string, RegExp]>([
    ['of broken JSON', 'application/json', '{"metadata":', /unexpected end of JSON input|unexpected EOF/],
    ['of JSON with a stray character', 'application/json', '{"metadata": x}', /invalid character 'x'/],
    ['of broken YAML', 'application/yaml', 'metadata:\n\t- x: [', /line 2/],
    ['of broken protobuf', 'application/vnd.kubernetes.protobuf', 'k8s\u0000\u00ff', /proto|unexpected EOF|unmarshal/i],
  ])('%s is refused', async (_name, type, body, message) => {
    const answer = await send('POST', maps, body, { 'content-type': type })
    expect([answer.status, answer.body.reason]).toEqual([400, 'BadRequest'])
    expect(answer.body.message).toMatch(message)
  })

  test('with a field nobody knows is refused, warned of or taken, as asked', async () => {
    const body = map('"dat":{}')
    const strict = await send('POST', `${maps}?fieldValidation=Strict&dryRun=All`, body)
    expect(strict.status).toBe(400)
    expect(strict.body.message).toContain('strict decoding error: unknown field "dat"')
    const warn = await send('POST', `${maps}?fieldValidation=Warn&dryRun=All`, body)
    expect([warn.status, warn.warnings]).toEqual([201, '299 - "unknown field \\"dat\\""'])
    const ignore = await send('POST', `${maps}?fieldValidation=Ignore&dryRun=All`, body)
    expect([ignore.status, ignore.warnings]).toEqual([201, undefined])
  })

  test('that says a field twice is refused when asked to', async () => {
    const answer = await send('POST', `${maps}?fieldValidation=Strict&dryRun=All`, map('"data":{},"data":{}'))
    expect(answer.status).toBe(400)
    expect(answer.body.message).toContain('strict decoding error: duplicate field "data"')
  })

  test('of more than three mebibytes is too large', async () => {
    const answer = await send('POST', maps, Buffer.alloc(3 * 1024 * 1024 + 1, ' '))
    expect([answer.status, answer.body.reason]).toEqual([413, 'RequestEntityTooLarge'])
  })

  test('of an unknown type is refused', async () => {
    const answer = await send('POST', maps, 'x', { 'content-type': 'text/plain' })
    expect([answer.status, answer.body.reason]).toEqual([415, 'UnsupportedMediaType'])
  })
})

test('an empty pod is told everything it lacks', async () => {
  const account = await send('POST', '/api/v1/namespaces/default/serviceaccounts', '{"metadata":{"name":"default"}}')
  expect(account.status).toBe(201)
  const answer = await send('POST', '/api/v1/namespaces/default/pods', '{}')
  expect([answer.status, answer.body.message]).toEqual([
    422,
    'Pod "" is invalid: [metadata.name: Required value: name or generateName is required, spec.containers: Required value]',
  ])
})

describe('a request', () => {
  test('for an answer in an unknown form cannot be met', async () => {
    const answer = await send('GET', maps, undefined, { accept: 'text/html' })
    expect([answer.status, answer.body.reason]).toEqual([406, 'NotAcceptable'])
  })

  test('for what is not there', async () => {
    expect((await send('GET', '/api/v1/namespaces/default/nothings')).status).toBe(404)
    const answer = await send('GET', `${maps}/nothing`)
    expect([answer.status, answer.body.message]).toEqual([404, 'configmaps "nothing" not found'])
  })

  test('of a method the resource does not have', async () => {
    expect((await send('PUT', maps, map('"data":{}'))).status).toBe(405)
  })

  test('with several mistakes is told all of them', async () => {
    const answer = await send(
      'POST',
      '/api/v1/namespaces/default/services',
      JSON.stringify({ metadata: { name: '-bad' }, spec: { ports: [{ port: 0 }, { port: 70000 }] } }),
    )
    expect([answer.status, answer.body.reason]).toEqual([422, 'Invalid'])
    expect(answer.body.details?.causes?.map(({ field }) => field)).toEqual([
      'metadata.name',
      'spec.ports[0].name',
      'spec.ports[0].port',
      'spec.ports[0].targetPort',
      'spec.ports[1].name',
      'spec.ports[1].port',
      'spec.ports[1].targetPort',
    ])
  })
})

describe('parameters that mean nothing', () => {
  const maps = '/api/v1/namespaces/default/configmaps'
  const map = JSON.stringify({ metadata: { name: 'parameters' } })
  test.each([
    [
      'POST',
      `${maps}?fieldValidation=Maybe`,
      map,
      'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Maybe": supported values: "", "Ignore", "Strict", "Warn"',
    ],
    [
      'POST',
      `${maps}?dryRun=Some`,
      map,
      'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
    ],
    [
      'DELETE',
      `${maps}/parameters?propagationPolicy=Now`,
      undefined,
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Now": supported values: "Foreground", "Background", "Orphan", "nil"',
    ],
  ])('%s %s: 422', async (method, path, body, message) => {
    const answer = await send(method, path, body)
    expect(answer.status).toBe(422)
    expect(answer.body.message).toBe(message)
  })
})
