// Which level a request belongs to, and what the objects that say so do to the levels.

import { beforeEach, describe, expect, test } from 'vitest'
import type { FlowSchema } from '../../api/flowcontrol/v1/flowschema.ts'
import type { PriorityLevelConfiguration } from '../../api/flowcontrol/v1/prioritylevelconfiguration.ts'
import { type VirtualEnv, virtualEnv } from '../../machinery/env/virtual-env.ts'
import { MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { metricsText } from '../../machinery/metrics/text.ts'
import { flowSchemas, priorityLevelConfigurations } from '../bootstrap/flow-control.ts'
import { isLongRunning } from '../long-running.ts'
import { type RequestContext, type Response, unfilled } from '../request.ts'
import { requestInfo } from '../request-info.ts'
import type { UserInfo } from '../user.ts'
import { FlowControl } from './flow-control.ts'

let env: VirtualEnv
let metrics: MetricsRegistry
let flowControl: FlowControl
beforeEach(() => {
  env = virtualEnv()
  metrics = new MetricsRegistry()
  flowControl = new FlowControl({ env, metrics, concurrencyLimit: 600, objects: () => ({ count: 0, bytes: 0 }) })
  configure()
})

const levels = () => priorityLevelConfigurations() as unknown as PriorityLevelConfiguration[]
const schemas = () => flowSchemas('') as unknown as FlowSchema[]
function configure(moreLevels: object[] = [], moreSchemas: object[] = []): void {
  flowControl.configure(
    [...levels(), ...(moreLevels as PriorityLevelConfiguration[])],
    [...schemas(), ...(moreSchemas as FlowSchema[])],
  )
}

const everyone = 'system:authenticated'
const admin: UserInfo = { name: 'admin', groups: ['system:masters', everyone] }
const alice: UserInfo = { name: 'alice', groups: ['dev', everyone] }
const node: UserInfo = { name: 'system:node:n1', groups: ['system:nodes', everyone] }
const scheduler: UserInfo = { name: 'system:kube-scheduler', groups: [everyone] }
const manager: UserInfo = { name: 'system:kube-controller-manager', groups: [everyone] }
const account = (namespace: string): UserInfo => ({
  name: `system:serviceaccount:${namespace}:default`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, everyone],
})
const anonymous: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] }
const nobody: UserInfo = { name: 'nobody', groups: [] }

function request(user: UserInfo, method: string, target: string): RequestContext {
  const [path = '', query = ''] = target.split('?')
  const params = new URLSearchParams(query)
  const info = requestInfo(method, path, params)
  return {
    method,
    path,
    target,
    query: params,
    headers: {},
    direct: false,
    signal: undefined,
    readBody: async () => undefined,
    peerCertificate: undefined,
    remoteAddress: '',
    startedAt: env.clock.monotonic(),
    warnings: [],
    ...unfilled(),
    info,
    user,
    longRunning: isLongRunning(info),
    timeoutMilliseconds: 60_000,
  } as RequestContext
}

function admit(user: UserInfo, method: string, target: string) {
  const made = request(user, method, target)
  const answer = flowControl.admit(made)
  return { made, answer, finish: () => flowControl.finish(made) }
}

test.each<[string, UserInfo, string, string, schema: string, level: string]>([
  ['the administrator', admin, 'GET', '/api/v1/pods', 'exempt', 'exempt'],
  ['a probe', anonymous, 'GET', '/livez', 'probes', 'exempt'],
  ['a probe of one check', anonymous, 'GET', '/readyz/ping', 'probes', 'exempt'],
  ['anybody else', anonymous, 'GET', '/version', 'global-default', 'global-default'],
  ['a user', alice, 'POST', '/api/v1/namespaces/dev/pods', 'global-default', 'global-default'],
  ['a node of itself', node, 'PATCH', '/api/v1/nodes/n1/status', 'system-node-high', 'node-high'],
  [
    'a node’s lease',
    node,
    'PUT',
    '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1',
    'system-node-high',
    'node-high',
  ],
  ['a node of pods', node, 'GET', '/api/v1/pods', 'system-nodes', 'system'],
  [
    'leader election',
    scheduler,
    'PUT',
    '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler',
    'system-leader-election',
    'leader-election',
  ],
  ['the scheduler', scheduler, 'GET', '/api/v1/pods', 'kube-scheduler', 'workload-high'],
  ['the controllers', manager, 'GET', '/api/v1/pods', 'kube-controller-manager', 'workload-high'],
  ['kube-system', account('kube-system'), 'GET', '/api/v1/pods', 'kube-system-service-accounts', 'workload-high'],
  ['another service account', account('dev'), 'GET', '/api/v1/pods', 'service-accounts', 'workload-low'],
  ['who belongs nowhere', nobody, 'GET', '/api/v1/pods', 'catch-all', 'catch-all'],
])('a request of %s', (_name, user, method, target, schema, level) => {
  const { made, answer } = admit(user, method, target)
  expect(answer).toBeUndefined()
  expect([made.flow?.schema.name, made.flow?.schema.level.name]).toEqual([schema, level])
})

test('levels share the seats by their shares, and keep what they do not lend', () => {
  const limits = Object.fromEntries(
    [...flowControl.configuration.levels.values()].map(({ name, nominalLimit, lowerLimit, upperLimit, mostSeats }) => [
      name,
      [nominalLimit, lowerLimit, upperLimit, mostSeats],
    ]),
  )
  // 600 seats, 245 shares: what a stock server says in apiserver_flowcontrol_nominal_limit_seats.
  expect(limits).toEqual({
    exempt: [0, 0, 600, 0],
    'catch-all': [13, 13, 613, 0],
    'global-default': [49, 24, 649, 8],
    'leader-election': [25, 25, 625, 4],
    'node-high': [98, 73, 698, 15],
    system: [74, 50, 674, 12],
    'workload-high': [98, 49, 698, 15],
    'workload-low': [245, 24, 845, 37],
  })
})

const plain = (name: string, spec: object) => ({ metadata: { name, uid: `uid-${name}` }, spec })
const small = (name: string, type: 'Queue' | 'Reject', shares = 1) =>
  plain(name, {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: shares,
      lendablePercent: 0,
      borrowingLimitPercent: 0,
      limitResponse: type === 'Reject' ? { type } : { type, queuing: { queues: 1, handSize: 1, queueLengthLimit: 1 } },
    },
  })
const schemaFor = (level: string, precedence = 1000, verb = '*') =>
  plain(`for-${level}`, {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence: precedence,
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: 'alice' } }],
        resourceRules: [{ verbs: [verb], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['dev'] }],
      },
    ],
  })

describe('a level that is full', () => {
  // Two or three seats of six hundred.
  const fill = (count: number) => Array.from({ length: count }, () => admit(alice, 'GET', '/api/v1/nodes'))

  test('answers 429 when it has no queues', () => {
    configure([small('tight', 'Reject')], [schemaFor('tight')])
    const { nominalLimit } = flowControl.configuration.levels.get('tight')!
    const admitted = fill(nominalLimit)
    const { made, answer } = admit(alice, 'GET', '/api/v1/nodes')
    const refused = answer as Response
    expect(refused).toMatchObject({
      status: 429,
      contentType: 'text/plain; charset=utf-8',
      headers: { 'retry-after': '1' },
    })
    expect(Buffer.from(refused.body as Uint8Array).toString()).toBe('Too many requests, please try again later.\n')
    expect(made.flow?.schema.uid).toBe('uid-for-tight')
    admitted[0]!.finish()
    expect(admit(alice, 'GET', '/api/v1/nodes').answer).toBeUndefined()
    expect(metricsText(metrics)).toContain(
      'apiserver_flowcontrol_rejected_requests_total{flow_schema="for-tight",priority_level="tight",reason="concurrency-limit"} 1',
    )
  })

  test('lets a request wait for a quarter of its time, then answers 429', async () => {
    configure([small('tight', 'Queue')], [schemaFor('tight')])
    fill(flowControl.configuration.levels.get('tight')!.nominalLimit)
    const { answer } = admit(alice, 'GET', '/api/v1/nodes')
    expect(answer).toBeInstanceOf(Promise)
    let settled: Response | undefined | 'not yet' = 'not yet'
    ;(answer as Promise<Response | undefined>).then(value => {
      settled = value
    })
    await env.clock.advance(14_999)
    expect(settled).toBe('not yet')
    await env.clock.advance(1)
    expect((settled as unknown as Response).status).toBe(429)
    expect(metricsText(metrics)).toContain('reason="time-out"} 1')
  })

  test('lets the one that waits in as soon as another ends', async () => {
    configure([small('tight', 'Queue')], [schemaFor('tight')])
    const [first] = fill(flowControl.configuration.levels.get('tight')!.nominalLimit)
    const { made, answer } = admit(alice, 'GET', '/api/v1/nodes')
    await env.clock.advance(300)
    first!.finish()
    expect(await answer).toBeUndefined()
    expect(made.flow?.waited).toBe(300)
  })

  test('is nothing to the requests of other levels', () => {
    configure([small('tight', 'Reject')], [schemaFor('tight')])
    fill(flowControl.configuration.levels.get('tight')!.nominalLimit)
    expect(admit(alice, 'GET', '/version').answer).toBeUndefined()
    expect(admit(admin, 'GET', '/api/v1/nodes').answer).toBeUndefined()
  })

  test('asks its clients to stay away longer, the more of them come', async () => {
    configure([small('tight', 'Reject')], [schemaFor('tight')])
    fill(flowControl.configuration.levels.get('tight')!.nominalLimit)
    const waits: string[] = []
    for (let second = 0; second < 8; second++) {
      for (let count = 0; count < 20; count++) {
        const { answer } = admit(alice, 'GET', '/api/v1/nodes')
        if (count === 19) waits.push((answer as Response).headers!['retry-after']!)
      }
      await env.clock.advance(1000)
    }
    expect(waits[0]).toBe('1')
    expect(Number(waits[7])).toBeGreaterThan(Number(waits[0]))
  })
})

describe('objects', () => {
  test('that change say where the next request goes', () => {
    expect(admit(alice, 'GET', '/api/v1/nodes').made.flow?.schema.level.name).toBe('global-default')
    configure([small('own', 'Queue', 10)], [schemaFor('own', 900)])
    expect(admit(alice, 'GET', '/api/v1/nodes').made.flow?.schema.level.name).toBe('own')
    expect(admit(alice, 'GET', '/api/v1/namespaces/prod/pods').made.flow?.schema.level.name).toBe('global-default')
    configure()
    expect(admit(alice, 'GET', '/api/v1/nodes').made.flow?.schema.level.name).toBe('global-default')
  })

  test('that refer to a level that is not there match nothing', () => {
    configure([], [schemaFor('missing', 900)])
    expect(admit(alice, 'GET', '/api/v1/nodes').made.flow?.schema.name).toBe('global-default')
  })

  test('a level whose object is gone lives until its requests are over', () => {
    configure([small('own', 'Queue', 10)], [schemaFor('own', 900)])
    const { finish } = admit(alice, 'GET', '/api/v1/nodes')
    configure()
    expect(flowControl.configuration.levels.get('own')?.quiescing).toBe(true)
    finish()
    expect(flowControl.configuration.levels.has('own')).toBe(false)
  })

  test('none at all still leave the exempt level and the one for everything', () => {
    flowControl.configure([], [])
    expect([...flowControl.configuration.levels.keys()].sort()).toEqual(['catch-all', 'exempt'])
    expect(admit(admin, 'GET', '/api/v1/pods').made.flow?.schema.name).toBe('exempt')
    expect(admit(alice, 'GET', '/api/v1/pods').made.flow?.schema.name).toBe('catch-all')
  })
})

test('what a level does not use goes to one that could use more', async () => {
  flowControl.start()
  const before = flowControl.configuration.levels.get('global-default')!.currentLimit
  for (let count = 0; count < 200; count++) admit({ ...alice, name: `user-${count}` }, 'GET', '/api/v1/nodes')
  await env.clock.advance(10_000)
  const { currentLimit, upperLimit } = flowControl.configuration.levels.get('global-default')!
  expect(currentLimit).toBeGreaterThan(before)
  expect(currentLimit).toBeLessThanOrEqual(upperLimit)
  const total = [...flowControl.configuration.levels.values()].reduce((sum, level) => sum + level.currentLimit, 0)
  expect(Math.abs(total - 602)).toBeLessThan(8)
  for (const { currentLimit: limit, lowerLimit } of flowControl.configuration.levels.values())
    expect(limit).toBeGreaterThanOrEqual(lowerLimit)
  flowControl.stop()
})

describe('how much a request takes', () => {
  const kinds: Record<string, { count: number; bytes: number }> = {
    pods: { count: 1000, bytes: 2_500_000 },
    nodes: { count: 3, bytes: 9_000 },
  }
  beforeEach(() => {
    flowControl = new FlowControl({
      env,
      metrics: new MetricsRegistry(),
      concurrencyLimit: 600,
      objects: (_group, resource) => kinds[resource],
    })
    configure()
  })

  const cases: [string, string, string, number][] = [
    ['one object', 'GET', '/api/v1/namespaces/dev/pods/a', 1],
    ['a list of little', 'GET', '/api/v1/nodes', 1],
    ['a list of much, streamed', 'GET', '/api/v1/pods', 8],
    ['a page', 'GET', '/api/v1/pods?limit=100', 3],
    ['a page of the past', 'GET', '/api/v1/pods?limit=100&resourceVersion=5', 3],
    [
      'what a selector picks out of the past',
      'GET',
      '/api/v1/pods?labelSelector=a&resourceVersion=5&resourceVersionMatch=Exact',
      8,
    ],
    ['one by its name', 'GET', '/api/v1/pods?fieldSelector=metadata.name%3Da', 1],
    ['a watch that begins with what is', 'GET', '/api/v1/pods?watch=true', 8],
    ['a watch from a revision on', 'GET', '/api/v1/pods?watch=true&resourceVersion=5', 1],
    ['a list of what is not stored here', 'GET', '/apis/metrics.k8s.io/v1beta1/nodemetrics', 1],
    ['a write', 'POST', '/api/v1/namespaces/dev/pods', 1],
  ]
  test.each(cases)('%s', (_name, method, target, seats) => {
    const { made } = admit(alice, method, target)
    expect(made.flow?.request?.maxSeats).toBe(seats)
  })

  test('a write takes more, and longer, the more watches must be told of it', () => {
    for (let count = 0; count < 25; count++) admit(admin, 'GET', '/api/v1/pods?watch=true&resourceVersion=5')
    admit(admin, 'GET', '/api/v1/namespaces/dev/pods?watch=true&resourceVersion=5')
    admit(admin, 'GET', '/api/v1/pods?watch=true&resourceVersion=5&fieldSelector=spec.nodeName%3Dn1')
    const { estimate } = admit(alice, 'POST', '/api/v1/namespaces/dev/pods').made.flow!.request!
    expect(estimate).toEqual({ initialSeats: 1, finalSeats: 3, additionalLatency: 5 })
  })
})
