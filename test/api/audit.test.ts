// The audit log, as the requests of a cluster fill it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditBackend } from '../../src/apiserver/audit/audit.ts'
import type { PolicyRule } from '../../src/apiserver/audit/policy.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import { connectTo, type HttpClient } from './http-client.ts'

const rules: PolicyRule[] = [
  { level: 'None', users: ['quiet'] },
  { level: 'None', nonResourceURLs: ['/healthz*'] },
  { level: 'Metadata', resources: [{ group: '', resources: ['secrets'] }] },
  { level: 'Request', verbs: ['patch'], omitStages: ['RequestReceived'] },
  { level: 'RequestResponse', resources: [{ group: '', resources: ['configmaps'] }], omitManagedFields: true },
  { level: 'Metadata' },
]

let events: any[] = []
const recorder: AuditBackend = {
  name: 'test',
  write(event) {
    events.push(JSON.parse(`{${event}}`))
    return true
  },
  close() {},
}

let cluster: Cluster
let http: HttpClient
beforeAll(async () => {
  cluster = await Cluster.start({
    nodes: 0,
    withoutControllers: true,
    withoutScheduler: true,
    listen: { address: '127.0.0.1', port: 0 },
    staticTokens: [
      ['secret', { name: 'admin', groups: ['system:masters'] }],
      ['weak', { name: 'weak', groups: [] }],
      ['quiet', { name: 'quiet', groups: ['system:masters'] }],
    ],
    requests: { audit: { policy: { rules }, backends: [() => recorder] } },
  })
  http = connectTo(cluster)
})
afterAll(() => cluster.stop())

async function recorded(method: string, path: string, body?: object | string, headers: Record<string, string> = {}) {
  events = []
  const answer = await http.send(method, path, body, headers)
  return { answer, events: events.filter(({ userAgent }) => userAgent === 'test') }
}

const maps = '/api/v1/namespaces/default/configmaps'
const map = (name: string, more = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more })

describe('what is recorded', () => {
  test('is who asked what, when, from where, and how it ended', async () => {
    const { answer, events } = await recorded('GET', '/api/v1/namespaces?limit=5')
    expect(events).toHaveLength(2)
    expect(Object.keys(events[1])).toEqual([
      ...['level', 'auditID', 'stage', 'requestURI', 'verb', 'user', 'sourceIPs', 'userAgent', 'objectRef'],
      ...['responseStatus', 'requestReceivedTimestamp', 'stageTimestamp', 'annotations'],
    ])
    expect(events[1]).toMatchObject({
      level: 'Metadata',
      auditID: answer.headers['audit-id'],
      stage: 'ResponseComplete',
      requestURI: '/api/v1/namespaces?limit=5',
      verb: 'list',
      user: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
      sourceIPs: ['127.0.0.1'],
      objectRef: { resource: 'namespaces', apiVersion: 'v1' },
      responseStatus: { metadata: {}, code: 200 },
      annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
    })
    expect(events[0]).toMatchObject({ stage: 'RequestReceived', stageTimestamp: events[0].requestReceivedTimestamp })
    expect(events[1].stageTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  })

  test('goes by the ID that the client gives', async () => {
    const { answer, events } = await recorded('GET', '/version', undefined, { 'audit-id': 'mine' })
    expect(answer.headers['audit-id']).toBe('mine')
    expect(events.map(({ auditID }) => auditID)).toEqual(['mine', 'mine'])
  })

  test('comes through proxies', async () => {
    const { events } = await recorded('GET', '/version', undefined, { 'x-forwarded-for': '192.0.2.1, 10.0.0.1' })
    expect(events[0].sourceIPs).toEqual(['192.0.2.1', '10.0.0.1', '127.0.0.1'])
  })

  test.each<[string, string, string, Record<string, string>]>([
    ['a user of no interest', 'GET', '/api/v1/namespaces', { authorization: 'Bearer quiet' }],
    ['a path of no interest', 'GET', '/healthz', {}],
  ])('nothing of %s', async (_name, method, path, headers) => {
    expect((await recorded(method, path, undefined, headers)).events).toEqual([])
  })
})

describe('bodies', () => {
  test('both, where the policy wants both; without managed fields', async () => {
    const { events } = await recorded('POST', maps, map('both', { data: { html: '<b>&' } }))
    const [received, complete] = events
    expect(received).toMatchObject({ level: 'RequestResponse', stage: 'RequestReceived' })
    expect(received).not.toHaveProperty('requestObject')
    expect(complete.requestObject).toEqual(map('both', { data: { html: '<b>&' } }))
    expect(complete.responseObject).toMatchObject({
      kind: 'ConfigMap',
      metadata: { name: 'both', namespace: 'default' },
    })
    expect(complete.responseObject.metadata).not.toHaveProperty('managedFields')
    expect(complete.objectRef).toEqual({ resource: 'configmaps', namespace: 'default', name: 'both', apiVersion: 'v1' })
    expect(complete.responseStatus).toEqual({ metadata: {}, code: 201 })
  })

  test('as an object, whatever the form of the answer', async () => {
    const { events } = await recorded('GET', `${maps}/both`, undefined, {
      accept: 'application/vnd.kubernetes.protobuf',
    })
    expect(events[1].responseObject).toMatchObject({ kind: 'ConfigMap', data: { html: '<b>&' } })
  })

  test('of a patch, as it came; its first stage is left out', async () => {
    const { events } = await recorded('PATCH', `${maps}/both`, '{"data":{"k":"v"}}', {
      'content-type': 'application/merge-patch+json',
    })
    expect(events.map(({ stage }) => stage)).toEqual(['ResponseComplete'])
    expect(events[0].requestObject).toEqual({ data: { k: 'v' } })
    expect(events[0]).not.toHaveProperty('responseObject')
  })

  test('none of a secret', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { key: 'hunter2' } }
    const { events } = await recorded('POST', '/api/v1/namespaces/default/secrets', secret)
    expect(JSON.stringify(events)).not.toContain('hunter2')
    expect(events[1].objectRef).toMatchObject({ resource: 'secrets', name: 's' })
  })

  test('of a failure: its status', async () => {
    const { events } = await recorded('GET', `${maps}/missing`)
    expect(events[1].responseStatus).toEqual({
      metadata: {},
      status: 'Failure',
      message: 'configmaps "missing" not found',
      reason: 'NotFound',
      details: { name: 'missing', kind: 'configmaps' },
      code: 404,
    })
  })

  test('of a deletion', async () => {
    const { events } = await recorded('DELETE', `${maps}/both`, { propagationPolicy: 'Background' })
    expect(events[1]).toMatchObject({
      verb: 'delete',
      requestObject: { propagationPolicy: 'Background' },
      responseStatus: { metadata: {}, status: 'Success', code: 200 },
    })
  })
})

describe('those who may not', () => {
  test('are recorded with the reason', async () => {
    const { events } = await recorded('GET', maps, undefined, { authorization: 'Bearer weak' })
    expect(events[1]).toMatchObject({
      user: { username: 'weak' },
      responseStatus: { status: 'Failure', reason: 'Forbidden', code: 403 },
      annotations: { 'authorization.k8s.io/decision': 'forbid' },
    })
  })

  test('of whom nobody knows who they are, are recorded once', async () => {
    const { answer, events } = await recorded('GET', maps, undefined, { authorization: 'Bearer wrong' })
    expect(answer.status).toBe(401)
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({
      stage: 'ResponseStarted',
      user: {},
      responseStatus: { status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401 },
    })
  })

  test('who act as somebody else are recorded as both', async () => {
    const { events } = await recorded('GET', maps, undefined, { 'impersonate-user': 'bob', 'impersonate-group': 'dev' })
    expect(events[1]).toMatchObject({
      user: { username: 'admin' },
      impersonatedUser: { username: 'bob', groups: ['dev', 'system:authenticated'] },
      authenticationMetadata: { impersonationConstraint: 'impersonate:user-info' },
      responseStatus: { code: 403 },
    })
  })
})

test('a watch is recorded as it begins, and as it ends', async () => {
  events = []
  const watch = await http.stream(`${maps}?watch=true&timeoutSeconds=1`)
  expect(watch.status).toBe(200)
  await cluster.clock.advance('2s')
  await watch.ended
  expect(events.map(({ stage, responseStatus }) => [stage, responseStatus?.code])).toEqual([
    ['RequestReceived', undefined],
    ['ResponseStarted', 200],
    ['ResponseComplete', 200],
  ])
})

test('a deprecated version is noted', async () => {
  const { events } = await recorded('GET', '/api/v1/namespaces/default/endpoints')
  expect(events[1].annotations['k8s.io/deprecated']).toBe('true')
})
