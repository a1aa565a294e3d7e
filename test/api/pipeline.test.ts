// What every answer has that goes through the pipeline: headers, deadlines, fairness, counts.

import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Cluster } from '../../src/cluster/cluster.ts'
import { connectTo, type HttpClient } from './http-client.ts'

let cluster: Cluster
let http: HttpClient
let alice: HttpClient
beforeAll(async () => {
  cluster = await Cluster.start({
    nodes: 0,
    withoutControllers: true,
    withoutScheduler: true,
    listen: { address: '127.0.0.1', port: 0 },
    staticTokens: [
      ['secret', { name: 'admin', groups: ['system:masters'] }],
      ['alice', { name: 'alice', groups: [] }],
    ],
    requests: { corsAllowedOrigins: [/^https:\/\/.*\.example\.com$/] },
  })
  http = connectTo(cluster)
  alice = connectTo(cluster, 'alice')
  const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' }
  const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'alice' }]
  await http.send('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'alice' },
    roleRef: role,
    subjects,
  })
})
afterAll(() => cluster.stop())

const flow = '/apis/flowcontrol.apiserver.k8s.io/v1'
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

async function uidOf(kind: string, name: string): Promise<string> {
  return (await http.send('GET', `${flow}/${kind}/${name}`)).body.metadata.uid
}

describe('headers', () => {
  test('say by which ID the request is known, how it was classed, and that nobody keeps the answer', async () => {
    const { headers } = await alice.send('GET', '/api/v1/namespaces')
    expect(headers).toMatchObject({
      'audit-id': expect.stringMatching(uuid),
      'cache-control': 'no-cache, private',
      'content-type': 'application/json',
      'x-kubernetes-pf-flowschema-uid': await uidOf('flowschemas', 'global-default'),
      'x-kubernetes-pf-prioritylevel-uid': await uidOf('prioritylevelconfigurations', 'global-default'),
    })
    expect(headers).not.toHaveProperty('strict-transport-security')
    expect(headers).not.toHaveProperty('warning')
  })

  test('are on failures too, but flow control is not where it was not reached', async () => {
    const missing = await alice.send('GET', '/api/v1/namespaces/none')
    expect([missing.status, missing.headers['x-kubernetes-pf-flowschema-uid']]).toEqual([
      404,
      await uidOf('flowschemas', 'global-default'),
    ])
    const unknown = await connectTo(cluster, 'wrong').send('GET', '/api/v1/namespaces')
    expect(unknown.status).toBe(401)
    expect(unknown.body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Unauthorized',
      reason: 'Unauthorized',
      code: 401,
    })
    expect(unknown.headers['audit-id']).toMatch(uuid)
    expect(unknown.headers).not.toHaveProperty('x-kubernetes-pf-flowschema-uid')
  })

  test('warn, each thing once', async () => {
    const map = '{"metadata":{"name":"w"},"a":1,"a":1,"é":1}'
    const { headers } = await http.send('POST', '/api/v1/namespaces/default/configmaps', map)
    expect(headers['warning']).toContain('299 - "unknown field \\"a\\""')
    const deprecated = await http.send('GET', '/api/v1/namespaces/default/endpoints')
    expect(deprecated.headers['warning']).toBe(
      '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"',
    )
  })

  test('let pages of allowed origins in, and no others', async () => {
    const origin = 'https://ui.example.com'
    const asked = await connectTo(cluster, 'wrong').send('OPTIONS', '/api/v1/pods', undefined, { origin })
    expect(asked.status).toBe(204)
    expect(asked.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'Date',
    })
    const got = await http.send('GET', '/version', undefined, { origin })
    expect(got.headers['access-control-allow-origin']).toBe(origin)
    const other = await http.send('GET', '/version', undefined, { origin: 'https://example.org' })
    expect(other.headers).not.toHaveProperty('access-control-allow-origin')
  })
})

describe('the time a request may take', () => {
  test('must be a duration', async () => {
    const { status, body } = await http.send('GET', '/api/v1/namespaces?timeout=soon')
    expect([status, body.reason, body.message]).toEqual([
      400,
      'BadRequest',
      'invalid timeout specified in the request URL - time: invalid duration "soon"',
    ])
  })

  test.each<[string, string, number]>([
    ['of its own', '?timeout=2s', 2000],
    ['of everybody', '', 60_000],
    ['of everybody, though it asks for more', '?timeout=1h', 60_000],
  ])('%s is over: 504', async (_name, query, milliseconds) => {
    // A body that never comes keeps a request waiting.
    const stuck = new Promise<never>(() => {})
    const transport = cluster.plane.apiServer.transport({ name: 'alice', groups: ['system:authenticated'] })
    const answer = transport.request({
      method: 'POST',
      path: '/api/v1/namespaces/default/configmaps',
      query: Object.fromEntries(new URLSearchParams(query)),
      get body(): never {
        return stuck as never
      },
    })
    let settled: { status: number; body: unknown } | undefined
    answer.then(value => {
      settled = value
    })
    await cluster.clock.advance(milliseconds - 1)
    expect(settled).toBeUndefined()
    await cluster.clock.advance(1)
    expect(settled).toMatchObject({
      status: 504,
      body: {
        kind: 'Status',
        message: 'Timeout: request did not complete within the allotted timeout',
        reason: 'Timeout',
        code: 504,
      },
    })
  })

  test('has no end for a watch', async () => {
    const watch = await http.stream('/api/v1/namespaces?watch=true&timeout=1s')
    let over = false
    void watch.ended.then(() => {
      over = true
    })
    await cluster.clock.advance('29m')
    expect(over).toBe(false)
    watch.close()
  })
})

describe('priority and fairness', () => {
  const level = (name: string, type = 'Reject') => ({
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'PriorityLevelConfiguration',
    metadata: { name },
    spec: {
      type: 'Limited',
      limited: { nominalConcurrencyShares: 1, borrowingLimitPercent: 0, limitResponse: { type } },
    },
  })
  const schema = (name: string, of: string) => ({
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    metadata: { name },
    spec: {
      priorityLevelConfiguration: { name: of },
      matchingPrecedence: 500,
      rules: [
        {
          subjects: [{ kind: 'User', user: { name: 'alice' } }],
          resourceRules: [{ verbs: ['create'], apiGroups: [''], resources: ['configmaps'], namespaces: ['*'] }],
        },
      ],
    },
  })
  const dangling = async (name: string) =>
    (await http.send('GET', `${flow}/flowschemas/${name}`)).body.status.conditions?.[0]

  test('a flow schema says whether its level exists', async () => {
    await http.send('POST', `${flow}/flowschemas`, schema('mine', 'tight'))
    await cluster.clock.advance(0)
    expect(await dangling('mine')).toMatchObject({
      type: 'Dangling',
      status: 'True',
      reason: 'NotFound',
      message:
        'This FlowSchema references the PriorityLevelConfiguration object named "tight" but there is no such object',
    })
    await http.send('POST', `${flow}/prioritylevelconfigurations`, level('tight'))
    await cluster.clock.advance(0)
    expect(await dangling('mine')).toMatchObject({ status: 'False', reason: 'Found' })
  })

  test('too many at once are turned away, and told when to come back', async () => {
    const transport = cluster.plane.apiServer.transport({ name: 'alice', groups: ['system:authenticated'] })
    const stuck = new Promise<never>(() => {})
    for (let seat = 0; seat < 3; seat++)
      void transport.request({
        method: 'POST',
        path: '/api/v1/namespaces/default/configmaps',
        get body(): never {
          return stuck as never
        },
      })
    const refused = await alice.send('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'm' } })
    expect([refused.status, refused.text]).toEqual([429, 'Too many requests, please try again later.\n'])
    expect(refused.headers).toMatchObject({
      'retry-after': '1',
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'x-kubernetes-pf-flowschema-uid': await uidOf('flowschemas', 'mine'),
      'x-kubernetes-pf-prioritylevel-uid': await uidOf('prioritylevelconfigurations', 'tight'),
    })
    expect((await http.send('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'm' } })).status).toBe(
      201,
    )
    const { text } = await http.send('GET', '/metrics')
    expect(text).toContain(
      'apiserver_request_terminations_total{code="429",component="apiserver",group="",resource="configmaps",scope="resource",subresource="",verb="POST",version="v1"} 1',
    )
  })

  test('can be looked into', async () => {
    const levels = await http.send('GET', '/debug/api_priority_and_fairness/dump_priority_levels')
    const [head, ...rows] = levels.text.trimEnd().split('\n')
    expect(head!.split(/,\s+/)).toEqual([
      ...['PriorityLevelName', 'ActiveQueues', 'IsIdle', 'IsQuiescing', 'WaitingRequests', 'ExecutingRequests'],
      ...['DispatchedRequests', 'RejectedRequests', 'TimedoutRequests', 'CancelledRequests'],
    ])
    expect(rows.map(row => row.split(/,\s+/)).find(([name]) => name === 'tight')).toEqual([
      ...['tight', '0', 'false', 'false', '0', '3', '3', '1', '0', '0'],
    ])
    const requests = await http.send('GET', '/debug/api_priority_and_fairness/dump_requests?includeRequestDetails=1')
    expect(requests.text).toMatch(
      /tight, +mine, +-1, +-1, .*alice, +create, +\/api\/v1\/namespaces\/default\/configmaps/,
    )
    expect((await http.send('GET', '/debug/api_priority_and_fairness/dump_queues')).text).toMatch(
      /^global-default, +127,/m,
    )
  })

  test('mandatory objects come back; suggested ones too, unless their owner keeps them', async () => {
    const levels = `${flow}/prioritylevelconfigurations`
    const set = (name: string, patch: object) =>
      http.send('PATCH', name, JSON.stringify(patch), { 'content-type': 'application/merge-patch+json' })
    const shares = { spec: { limited: { nominalConcurrencyShares: 77 } } }
    await set(`${levels}/workload-low`, shares)
    await set(`${levels}/node-high`, {
      ...shares,
      metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'false' } },
    })
    await http.send('DELETE', `${levels}/leader-election`)
    await set(`${levels}/old`, {})
    await http.send('POST', levels, {
      ...level('once-suggested'),
      metadata: { name: 'once-suggested', annotations: { 'apf.kubernetes.io/autoupdate-spec': 'true' } },
    })
    await cluster.clock.advance('1m')
    const now = async (name: string) =>
      (await http.send('GET', `${levels}/${name}`)).body.spec?.limited.nominalConcurrencyShares
    expect([await now('workload-low'), await now('node-high'), await now('leader-election')]).toEqual([100, 77, 10])
    expect((await http.send('GET', `${levels}/once-suggested`)).status).toBe(404)
  })
})

describe('health', () => {
  test('is told in a word, or check by check', async () => {
    const anonymous = { authorization: '' }
    expect((await http.send('GET', '/livez', undefined, anonymous)).text).toBe('ok')
    const { text, headers } = await http.send('GET', '/readyz?verbose&exclude=log&exclude=none')
    expect(headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    })
    const lines = text.trimEnd().split('\n')
    expect(lines.slice(0, 5)).toEqual([
      '[+]ping ok',
      '[+]log excluded: ok',
      '[+]etcd ok',
      '[+]etcd-readiness ok',
      '[+]informer-sync ok',
    ])
    expect(lines.slice(-3)).toEqual([
      '[+]shutdown ok',
      'warn: some health checks cannot be excluded: no matches for "none"',
      'readyz check passed',
    ])
    expect((await http.send('GET', '/livez/etcd')).text).toBe('ok')
    expect((await http.send('GET', '/livez/poststarthook/rbac/bootstrap-roles')).text).toBe('ok')
    expect((await http.send('GET', '/metrics/slis')).text).toContain(
      'kubernetes_healthchecks_total{name="informer-sync",status="success",type="readyz"} ',
    )
  })

  test.runIf(served('livez.txt'))('has upstream’s checks, in upstream’s order', async () => {
    for (const endpoint of ['livez', 'readyz']) {
      const upstream = upstreamData(`${endpoint}.txt`).trimEnd().split('\n')
      const ours = (await http.send('GET', `/${endpoint}?verbose`)).text.trimEnd().split('\n')
      // The record of readyz was made without these two, which a stock server has.
      const recorded = ours.filter(line => endpoint !== 'readyz' || !/etcd/.test(line))
      expect(recorded).toEqual(upstream.filter(line => ours.includes(line)))
      expect(ours.length).toBeGreaterThan(12)
    }
  })
})

function served(file: string): boolean {
  return existsSync(servedPath(file))
}

function servedPath(file: string): string {
  return new URL(`../../../shared/kubernetes-v1.36/served/${file}`, import.meta.url).pathname
}

function upstreamData(file: string): string {
  return readFileSync(servedPath(file), 'utf8')
}

describe('metrics', () => {
  test('count requests by what they were', async () => {
    await alice.send('GET', '/api/v1/namespaces/default/secrets?limit=1')
    await alice.send('GET', '/api/v1/namespaces/default/secrets/none')
    await alice.send('DELETE', '/api/v1/namespaces/default/secrets')
    const { text } = await http.send('GET', '/metrics')
    const secrets = (verb: string, scope: string, code: number) =>
      `apiserver_request_total{code="${code}",component="apiserver",dry_run="",group="",resource="secrets",scope="${scope}",subresource="",verb="${verb}",version="v1"} 1`
    expect(text).toContain(secrets('LIST', 'namespace', 200))
    expect(text).toContain(secrets('GET', 'resource', 404))
    expect(text).toContain(secrets('DELETE', 'namespace', 200))
    expect(text).toMatch(/\nauthentication_attempts\{result="success"\} \d/)
    expect(text).toMatch(/\napiserver_flowcontrol_nominal_limit_seats\{priority_level="workload-low"\} \d/)
  })

  test('count watches while they are open', async () => {
    const open = () =>
      http
        .send('GET', '/metrics')
        .then(({ text }) => /longrunning_requests\{.*resource="leases".*\} (\d)/.exec(text)?.[1])
    const watch = await http.stream('/apis/coordination.k8s.io/v1/leases?watch=true')
    expect(await open()).toBe('1')
    watch.close()
    await cluster.until(async () => (await open()) === '0')
  })

  test.runIf(served('metrics-apiserver.txt'))('have upstream’s names, types and help', async () => {
    const described = (text: string) =>
      new Map(
        [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(([, name, help, type]) => [
          name!,
          `${type}: ${help}`,
        ]),
      )
    const upstream = described(upstreamData('metrics-apiserver.txt'))
    const ours = described((await http.send('GET', '/metrics')).text)
    // The server that was asked had only exempt requests, of system:masters, and refused none: it had not counted these yet.
    const flow = 'apiserver_flowcontrol_'
    const later = [
      'apiserver_authorization_decisions_total',
      ...['apiserver_request_terminations_total', `${flow}rejected_requests_total`, `${flow}current_inqueue_requests`],
      ...[`${flow}current_inqueue_seats`, `${flow}request_queue_length_after_enqueue`],
      ...[`${flow}request_wait_duration_seconds`, `${flow}watch_count_samples`],
    ]
    const differing = [...ours].filter(([name, text]) => !later.includes(name) && upstream.get(name) !== text)
    expect(differing).toEqual([])
    expect(ours.size).toBeGreaterThan(40)
  })
})
