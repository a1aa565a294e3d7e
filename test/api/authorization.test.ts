// Who may do what, asked of a running API server by SubjectAccessReview: a table of users and requests for each way to
// decide. A line is a user, and requests that are allowed (+) or not (-): `verb resource[.group][/subresource][:name]`,
// with `@namespace` (`dev` when left out, `@` for cluster-wide), or `verb /path`.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { authorizationOfFile, authorizationOfModes } from '../../src/apiserver/authorization/load.ts'
import { Authorization, type AuthorizationMode, alwaysDeny } from '../../src/apiserver/authorization/modes.ts'
import { WebhookAuthorizer, type WebhookSettings } from '../../src/apiserver/authorization/webhook.ts'
import type { ApiRequest } from '../../src/client/transport.ts'
import { Cluster } from '../../src/cluster/cluster.ts'
import type { Logger } from '../../src/machinery/env/env.ts'
import { virtualEnv } from '../../src/machinery/env/virtual-env.ts'

const folder = mkdtempSync(join(tmpdir(), 'k8ts-authorization-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Case {
  readonly user: string
  readonly request: string
  readonly allowed: boolean
}

/** `user: + a, b - c, d` for every line; each user and request is one case. */
function table(text: string): Case[] {
  return text
    .trim()
    .split('\n')
    .flatMap(line => {
      const [, user = '', rest = ''] = /^\s*(\S+)\s*\|\s*(.*)$/.exec(line)!
      return [...rest.matchAll(/([+-])\s([^+-][^+]*?)(?=\s[+-]\s|$)/g)].flatMap(([, sign, list = '']) =>
        list.split(',').map(request => ({ user, request: request.trim(), allowed: sign === '+' })),
      )
    })
}

const groupsOf: Readonly<Record<string, readonly string[]>> = {
  'system:anonymous': ['system:unauthenticated'],
  root: ['system:masters', 'system:authenticated'],
  'system:node:n1': ['system:nodes', 'system:authenticated'],
  'system:node:': ['system:nodes', 'system:authenticated'],
  member: ['devs', 'system:authenticated'],
}

function review({ user, request }: Pick<Case, 'user' | 'request'>) {
  const account = /^system:serviceaccount:([^:]+):/.exec(user)
  const groups =
    groupsOf[user] ??
    (account
      ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`, 'system:authenticated']
      : ['system:authenticated'])
  const [verb = '', what = ''] = request.split(' ')
  if (what.startsWith('/')) return { spec: { user, groups, nonResourceAttributes: { verb, path: what } } }
  const [, resource = '', group, subresource, name, namespace] =
    /^([^./:@?]+)(?:\.([^/:@?]+))?(?:\/([^:@?]+))?(?::([^@?]+))?(?:@([^?]*))?/.exec(what)!
  const field = /\?(.+)$/.exec(what)?.[1]
  return {
    spec: {
      user,
      groups,
      resourceAttributes: {
        verb,
        resource,
        group,
        subresource,
        name,
        namespace: namespace ?? 'dev',
        ...(field && { fieldSelector: { rawSelector: field } }),
      },
    },
  }
}

const reviews = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
const root = { name: 'root', groups: ['system:masters'] }

async function statusOf(cluster: Cluster, asked: Pick<Case, 'user' | 'request'>) {
  const response = await cluster.plane.apiServer.transport(root).request({
    method: 'POST',
    path: reviews,
    headers: { 'content-type': 'application/json' },
    body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', ...review(asked) },
  })
  expect(response.status, JSON.stringify(response.body)).toBe(201)
  return (
    response.body as { status: { allowed: boolean; denied?: boolean; reason?: string; evaluationError?: string } }
  ).status
}

const start = (authorization?: Authorization) =>
  Cluster.start({ nodes: 0, withoutControllers: true, withoutScheduler: true, requests: { authorization } })

const group = 'rbac.authorization.k8s.io'
const bind = (name: string, role: string, subjects: readonly object[], namespace?: string) => ({
  apiVersion: `${group}/v1`,
  kind: namespace ? 'RoleBinding' : 'ClusterRoleBinding',
  metadata: { name, ...(namespace && { namespace }) },
  roleRef: { apiGroup: group, kind: 'ClusterRole', name: role },
  subjects,
})
const user = (name: string) => ({ kind: 'User', apiGroup: group, name })

describe('RBAC and Node, with the default roles', () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await start()
    const { client } = cluster
    await cluster.apply(
      [
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'dev' } },
        bind('viewer', 'view', [user('viewer')], 'dev'),
        bind('editor', 'edit', [user('editor')], 'dev'),
        bind('admin', 'admin', [user('boss')], 'dev'),
        bind('viewer-everywhere', 'view', [user('auditor')]),
        bind('boss-everywhere', 'cluster-admin', [user('owner')]),
        bind('group', 'view', [{ kind: 'Group', apiGroup: group, name: 'devs' }], 'dev'),
        bind('account', 'view', [{ kind: 'ServiceAccount', name: 'robot', namespace: 'ops' }], 'dev'),
        {
          apiVersion: `${group}/v1`,
          kind: 'ClusterRole',
          metadata: { name: 'special' },
          rules: [
            { apiGroups: [''], resources: ['configmaps'], resourceNames: ['one', 'two'], verbs: ['get', 'update'] },
            { apiGroups: [''], resources: ['pods/log', '*/status'], verbs: ['get'] },
            { apiGroups: ['*'], resources: ['*/scale'], verbs: ['*'] },
            { apiGroups: ['apps'], resources: ['*'], verbs: ['list'] },
            { apiGroups: [''], resources: ['users'], resourceNames: ['jane'], verbs: ['impersonate'] },
            { nonResourceURLs: ['/logs/*', '/exact'], verbs: ['get'] },
          ],
        },
        bind('special', 'special', [user('special')]),
        bind('lost', 'nowhere', [user('lost')], 'dev'),
      ]
        .map(each => JSON.stringify(each))
        .join('\n---\n'),
    )
    void client
  })
  afterAll(() => cluster.stop())

  const reads = ['get', 'list', 'watch']
  const writes = ['create', 'update', 'patch', 'delete', 'deletecollection']
  const each = (verbs: readonly string[], ...resources: string[]) =>
    resources.flatMap(resource => verbs.map(verb => `${verb} ${resource}`)).join(', ')
  const workloads = ['pods', 'services', 'configmaps', 'deployments.apps', 'jobs.batch', 'ingresses.networking.k8s.io']

  const cases = table(`
    viewer | + ${each(reads, ...workloads, 'persistentvolumeclaims', 'events', 'replicasets.apps', 'endpointslices.discovery.k8s.io', 'poddisruptionbudgets.policy')}
    viewer | - ${each(writes, ...workloads)}
    viewer | - ${each(reads, 'secrets', 'pods@other', 'nodes@', 'namespaces@', 'roles.rbac.authorization.k8s.io')}
    viewer | + get pods/log, get pods/status, get deployments.apps/scale, get namespaces:dev - create pods/exec, create pods/attach, create pods/portforward, create serviceaccounts/token, get pods/exec, impersonate serviceaccounts
    editor | + ${each([...reads, ...writes], ...workloads, 'secrets', 'serviceaccounts', 'persistentvolumeclaims')}
    editor | + create pods/exec, create pods/attach, create pods/portforward, create pods/eviction, create serviceaccounts/token, update deployments.apps/scale, impersonate serviceaccounts
    editor | - ${each(writes, 'roles.rbac.authorization.k8s.io', 'rolebindings.rbac.authorization.k8s.io', 'resourcequotas', 'pods@other')}
    boss | + ${each([...reads, ...writes], 'pods', 'secrets', 'roles.rbac.authorization.k8s.io', 'rolebindings.rbac.authorization.k8s.io')}
    boss | + create localsubjectaccessreviews.authorization.k8s.io - create resourcequotas, escalate roles.rbac.authorization.k8s.io, bind clusterroles.rbac.authorization.k8s.io@, delete namespaces@, update pods@other, get nodes@, create subjectaccessreviews.authorization.k8s.io@
    auditor | + list pods, list pods@, list pods@other, get services@kube-system - list secrets@, create pods, list nodes@, get clusterroles.rbac.authorization.k8s.io@
    owner | + ${each(['get', 'create', 'delete', 'escalate', 'bind', 'impersonate', 'use'], 'pods', 'secrets@', 'nodes@', 'clusterroles.rbac.authorization.k8s.io@', 'anything.example.com@x')}
    owner | + get /metrics, post /anything
    root | + get pods, delete nodes@, escalate clusterroles.rbac.authorization.k8s.io@, get /debug
    member | + get pods, list services - create pods, get pods@other, get secrets
    system:serviceaccount:ops:robot | + get pods, list services - get pods@ops, create pods, get secrets
    system:serviceaccount:ops:other | - get pods, list services, get pods@ops + get /.well-known/openid-configuration, get /openid/v1/jwks, get /version
    nobody | - ${each(reads, 'pods', 'secrets', 'nodes@')}
    nobody | + get /api, get /api/v1, get /apis, get /apis/apps, get /healthz, get /livez, get /readyz, get /openapi/v2, get /version, create selfsubjectaccessreviews.authorization.k8s.io@, create selfsubjectrulesreviews.authorization.k8s.io@, create selfsubjectreviews.authentication.k8s.io@ - post /api, get /metrics, get /logs, get /debug/pprof, get /openid/v1/jwks, create tokenreviews.authentication.k8s.io@
    system:anonymous | + get /healthz, get /livez, get /readyz, get /version - get /api, get /apis, get /openapi/v2, get /metrics, get pods, create selfsubjectaccessreviews.authorization.k8s.io@
    special | + get configmaps:one, update configmaps:two, get pods/log, get pods/status, get services/status, update deployments.apps/scale, get things.example.com/scale, list deployments.apps, list daemonsets.apps, impersonate users:jane@, get /logs/a, get /logs/, get /exact
    special | - get configmaps:three, get configmaps, list configmaps, delete configmaps:one, get pods, create pods/log, list deployments.batch, get deployments.apps, impersonate users:john@, impersonate users@, impersonate groups:jane@, get /logs, get /exact/more, post /exact
    system:kube-scheduler | + ${each(reads, 'pods@', 'nodes@', 'services@', 'persistentvolumes@')}, create pods/binding, patch pods/status, delete pods, create events, get leases.coordination.k8s.io:kube-scheduler@kube-system, create leases.coordination.k8s.io@kube-system - get secrets@, create pods, delete nodes@, update deployments.apps
    system:kube-controller-manager | + ${each(['list', 'watch'], 'pods@', 'secrets@', 'nodes@', 'anything.example.com@')}, create serviceaccounts/token, create secrets, create tokenreviews.authentication.k8s.io@, create subjectaccessreviews.authorization.k8s.io@ - create pods, delete nodes@, patch deployments.apps
    system:kube-proxy | + ${each(['list', 'watch'], 'services@', 'endpoints@', 'endpointslices.discovery.k8s.io@')}, get nodes@, create events - list pods@, list secrets@, update services
    system:serviceaccount:kube-system:deployment-controller | + get deployments.apps, update deployments.apps/status, create replicasets.apps, create events, update pods - create pods, delete deployments.apps, get secrets, create deployments.apps
    system:serviceaccount:kube-system:replicaset-controller | + create pods, delete pods, update replicasets.apps/status, list replicasets.apps@ - create replicasets.apps, get secrets, create deployments.apps
    system:serviceaccount:kube-system:job-controller | + create pods, delete pods, update jobs.batch/status, update jobs.batch/finalizers - create jobs.batch, get secrets
    system:serviceaccount:kube-system:namespace-controller | + delete namespaces@, update namespaces/finalize@, ${each(['get', 'list', 'delete', 'deletecollection'], 'pods', 'secrets', 'anything.example.com')} - create pods, update secrets
    system:serviceaccount:kube-system:node-controller | + delete pods, update nodes/status@, patch nodes@, delete nodes@, create events - create pods, get secrets
    system:serviceaccount:kube-system:endpointslice-controller | + ${each(['create', 'update', 'delete', 'list'], 'endpointslices.discovery.k8s.io')} - create services, get secrets
    system:serviceaccount:kube-system:generic-garbage-collector | + ${each(['get', 'list', 'watch', 'patch', 'update', 'delete'], 'pods', 'anything.example.com')} - create pods
    system:serviceaccount:kube-system:clusterrole-aggregation-controller | + escalate clusterroles.rbac.authorization.k8s.io@, patch clusterroles.rbac.authorization.k8s.io@, list clusterroles.rbac.authorization.k8s.io@ - delete clusterroles.rbac.authorization.k8s.io@, create clusterrolebindings.rbac.authorization.k8s.io@, get pods
    system:node:n1 | + create nodes@, get nodes:n1@, update nodes/status:n1@, patch nodes:n1@, list pods@?spec.nodeName=n1, watch pods@?spec.nodeName=n1, create events, list services@, create tokenreviews.authentication.k8s.io@, create subjectaccessreviews.authorization.k8s.io@, create certificatesigningrequests.certificates.k8s.io@, get leases.coordination.k8s.io:n1@kube-node-lease, update leases.coordination.k8s.io:n1@kube-node-lease, get csinodes.storage.k8s.io:n1@, list runtimeclasses.node.k8s.io@, delete pods, create pods/eviction, update pods/status, list resourceslices.resource.k8s.io@?spec.nodeName=n1
    system:node:n1 | - get nodes:n2@, list nodes@, list pods@, list pods@?spec.nodeName=n2, get secrets:x, list secrets, get configmaps:x, update secrets:x, get leases.coordination.k8s.io:n2@kube-node-lease, get leases.coordination.k8s.io:n1@kube-system, list leases.coordination.k8s.io@kube-node-lease, get csinodes.storage.k8s.io:n2@, create serviceaccounts/token:default, get persistentvolumes:x@, get persistentvolumeclaims:x, get volumeattachments.storage.k8s.io:x@, create pods/exec, delete nodes@, get deployments.apps, list resourceslices.resource.k8s.io@, get resourceclaims.resource.k8s.io:x
    system:node: | - get nodes:n1@, list pods@, create nodes@
    lost | - get pods, list secrets
  `)

  test('the table is as large as it should be', () => expect(cases.length).toBeGreaterThan(400))
  test.each(cases)('$user $request: $allowed', async each => {
    expect((await statusOf(cluster, each)).allowed).toBe(each.allowed)
  })

  test.each([
    ['viewer', 'get pods', 'RBAC: allowed by RoleBinding "viewer/dev" of ClusterRole "view" to User "viewer"'],
    [
      'owner',
      'get pods',
      'RBAC: allowed by ClusterRoleBinding "boss-everywhere" of ClusterRole "cluster-admin" to User "owner"',
    ],
    [
      'system:serviceaccount:ops:robot',
      'get pods',
      'RBAC: allowed by RoleBinding "account/dev" of ClusterRole "view" to ServiceAccount "robot/ops"',
    ],
    ['lost', 'get pods', 'RBAC: clusterrole.rbac.authorization.k8s.io "nowhere" not found'],
    ['system:node:n1', 'get nodes:n2@', "node 'n1' cannot read 'n2', only its own Node object"],
    ['system:node:n1', 'get secrets:x', "no relationship found between node 'n1' and this object"],
    ['system:node:', 'create nodes@', 'unknown node for user "system:node:"'],
  ])('%s %s because: %s', async (name, request, reason) => {
    expect((await statusOf(cluster, { user: name, request })).reason).toBe(reason)
  })
})

const modes = (list: readonly AuthorizationMode[], policyFile?: string) =>
  authorizationOfModes(virtualEnv(), {
    modes: list,
    policyFile,
    webhookVersion: 'v1',
    authorizedTTL: 300_000,
    unauthorizedTTL: 30_000,
  })

describe.each([
  ['AlwaysAllow', true, undefined],
  ['AlwaysDeny', false, 'Everything is forbidden.'],
] as const)('%s', (mode, allowed, reason) => {
  test('decides for everybody but the masters', async () => {
    const cluster = await start(modes([mode]))
    for (const request of ['get pods', 'delete nodes@', 'get /metrics'])
      expect(await statusOf(cluster, { user: 'nobody', request })).toEqual({ allowed, ...(reason && { reason }) })
    expect((await statusOf(cluster, { user: 'root', request: 'get pods' })).allowed).toBe(true)
    await cluster.stop()
  })
})

describe('ABAC', () => {
  let cluster: Cluster
  beforeAll(async () => {
    const file = join(folder, 'policy.jsonl')
    const line = (spec: object) =>
      JSON.stringify({ apiVersion: 'abac.authorization.kubernetes.io/v1beta1', kind: 'Policy', spec })
    writeFileSync(
      file,
      [
        '# who may do what',
        '',
        line({ user: 'alice', namespace: '*', resource: '*', apiGroup: '*' }),
        line({ user: 'kubelet', namespace: '*', resource: 'pods', readonly: true }),
        line({ user: 'bob', namespace: 'dev', resource: 'deployments', apiGroup: 'apps', readonly: true }),
        line({ group: 'devs', namespace: 'dev', resource: 'configmaps' }),
        line({ group: 'system:authenticated', nonResourcePath: '/version*', readonly: true }),
        line({ user: '*', namespace: 'shared', resource: 'services' }),
        '{"user":"old","namespace":"dev"}',
        '{"user":"older"}',
      ].join('\n'),
    )
    cluster = await start(modes(['ABAC'], file))
  })
  afterAll(() => cluster.stop())
  test.each(
    table(`
    alice | + get pods, delete pods@other, create deployments.apps, get nodes@, escalate clusterroles.rbac.authorization.k8s.io@ - get /metrics
    kubelet | + get pods, list pods@, watch pods@other - create pods, delete pods, get services, get pods.metrics.k8s.io
    bob | + get deployments.apps, list deployments.apps, watch deployments.apps - get deployments.apps@other, update deployments.apps, get deployments.batch, get deployments
    member | + get configmaps, delete configmaps, create configmaps, get services@shared - get configmaps@other, get secrets
    nobody | + get /version, get /version/more, delete services@shared - post /version, get /api, get pods, get pods@shared
    system:anonymous | - get /version, get services@shared, get pods
    old | + get pods, delete deployments.apps - get pods@other, get /metrics
    older | + get pods, delete nodes@, get /metrics, post /anything
  `),
  )('$user $request: $allowed', async each => {
    expect((await statusOf(cluster, each)).allowed).toBe(each.allowed)
  })
  test('says why not', async () => {
    expect((await statusOf(cluster, { user: 'bob', request: 'get pods' })).reason).toBe('No policy matched.')
  })
  test('a line that makes no sense', () => {
    const file = join(folder, 'damaged.jsonl')
    writeFileSync(file, '\n{"kind": \n')
    expect(() => modes(['ABAC'], file)).toThrow(
      `invalid authorization config: error reading policy file ${file}, line 2: {"kind": `,
    )
  })
  const envelope =
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
  const inVersion = (more: string) =>
    `{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy",${more}}`
  test.each([
    [
      'hello',
      `couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value of type ${envelope}`,
    ],
    [
      '[]',
      `couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type ${envelope}`,
    ],
    [
      '{"apiVersion":"v1","kind":"Policy"}',
      'no kind "Policy" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"',
    ],
    [
      inVersion('"spec":{"user":5}'),
      'json: cannot unmarshal number into Go struct field PolicySpec.spec.user of type string',
    ],
    ['{"user": 5}', 'json: cannot unmarshal number into Go struct field Policy.user of type string'],
  ])('a line that is no policy: %s', (line, why) => {
    const file = join(folder, 'wrong.jsonl')
    writeFileSync(file, line)
    const refusal = () => modes(['ABAC'], file)
    expect(refusal).toThrow(`invalid authorization config: error reading policy file ${file}, line 1: ${line}: ${why}`)
  })
})

describe('Webhook', () => {
  const asked: any[] = []
  let answer: (review: any) => { status: number; body?: unknown }
  const env = virtualEnv()
  const webhook = (settings: Partial<WebhookSettings> = {}) =>
    new WebhookAuthorizer(
      env,
      {
        path: '/authorize',
        transport: {
          request: async ({ body }) => {
            const review = JSON.parse(Buffer.from(body as Uint8Array).toString())
            asked.push(review)
            return { headers: {}, body: undefined, ...answer(review) }
          },
          close() {},
        },
      },
      {
        version: 'v1',
        authorizedTTL: 300_000,
        unauthorizedTTL: 30_000,
        timeout: 3000,
        failurePolicy: 'NoOpinion',
        ...settings,
      },
    )
  const says = (status: object) => () => ({ status: 200, body: { status } })

  test.each([
    ['allows', says({ allowed: true, reason: 'fine' }), {}, { allowed: true, reason: 'fine' }],
    ['has no opinion', says({ allowed: false, reason: 'hm' }), {}, { allowed: false, reason: 'hm' }],
    [
      'denies',
      says({ allowed: false, denied: true, reason: 'no' }),
      {},
      { allowed: false, denied: true, reason: 'no' },
    ],
    [
      'contradicts itself',
      says({ allowed: true, denied: true }),
      {},
      {
        allowed: false,
        denied: true,
        evaluationError: 'webhook subject access review returned both allow and deny response',
      },
    ],
    [
      'fails',
      () => ({ status: 400 }),
      {},
      { allowed: false, evaluationError: 'the server rejected our request for an unknown reason' },
    ],
    [
      'fails, and that denies',
      () => ({ status: 400 }),
      { failurePolicy: 'Deny' },
      { allowed: false, denied: true, evaluationError: 'the server rejected our request for an unknown reason' },
    ],
  ] as const)('%s', async (_name, how, settings, expected) => {
    answer = how
    const cluster = await start(new Authorization([webhook(settings), alwaysDeny]))
    const { reason, ...status } = await statusOf(cluster, { user: 'jane', request: 'get pods:web/' })
    expect({
      ...status,
      ...(reason && reason !== 'Everything is forbidden.' && { reason: reason.split('\n')[0] }),
    }).toEqual(expected)
    await cluster.stop()
  })

  test('is asked once while the answer holds, with selectors as requirements', async () => {
    asked.length = 0
    answer = says({ allowed: true })
    const cluster = await start(new Authorization([webhook()]))
    const { apiServer } = cluster.plane
    const jane = { name: 'jane', groups: ['system:authenticated'] }
    for (let time = 0; time < 3; time++) {
      const { status } = await apiServer.transport(jane).request({
        method: 'GET',
        path: '/api/v1/namespaces/default/pods',
        query: { labelSelector: 'app in (a,b),!gone', fieldSelector: 'spec.nodeName=n1' },
      })
      expect(status).toBe(200)
    }
    expect(asked).toEqual([
      {
        kind: 'SubjectAccessReview',
        apiVersion: 'authorization.k8s.io/v1',
        metadata: {},
        spec: {
          resourceAttributes: {
            namespace: 'default',
            verb: 'list',
            version: 'v1',
            resource: 'pods',
            fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }] },
            labelSelector: {
              requirements: [
                { key: 'app', operator: 'In', values: ['a', 'b'] },
                { key: 'gone', operator: 'DoesNotExist' },
              ],
            },
          },
          user: 'jane',
          groups: ['system:authenticated'],
        },
        status: { allowed: false },
      },
    ])
    // A write is asked about, and done once.
    answer = ({ spec }) => ({ status: 200, body: { status: { allowed: spec.resourceAttributes.verb === 'create' } } })
    const created = await apiServer.transport(jane).request({
      method: 'POST',
      path: '/api/v1/namespaces/default/configmaps',
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'made' } },
    })
    expect(created.status).toBe(201)
    const refused = await apiServer.transport(jane).request({
      method: 'DELETE',
      path: '/api/v1/namespaces/default/configmaps/made',
    })
    expect(refused.body).toMatchObject({
      code: 403,
      message:
        'configmaps "made" is forbidden: User "jane" cannot delete resource "configmaps" in API group "" in the namespace "default"',
    })
    await cluster.stop()
  })
})

describe('A webhook’s word', () => {
  const env = virtualEnv()
  const asked: string[] = []
  let reply: () => { status: number; body?: unknown }
  const jane = { name: 'jane', groups: ['system:authenticated'] }

  async function startWith(ttl: number) {
    asked.length = 0
    const transport = {
      request: async ({ body, path, query }: ApiRequest) => {
        const { spec } = JSON.parse(Buffer.from(body as Uint8Array).toString())
        asked.push(
          `${path}?timeout=${query?.['timeout']} ${spec.resourceAttributes.verb} ${spec.resourceAttributes.resource}`,
        )
        return { headers: {}, body: undefined, ...reply() }
      },
      close() {},
    }
    const settings = { version: 'v1', timeout: 3000, failurePolicy: 'NoOpinion' } as const
    const server = { transport, path: '/authorize', server: 'https://authz' }
    const webhook = new WebhookAuthorizer(env, server, { ...settings, authorizedTTL: ttl, unauthorizedTTL: ttl })
    return start(new Authorization([{ type: 'Webhook', name: 'webhook', authorizer: webhook }]))
  }
  const list = (cluster: Cluster, headers?: Record<string, string>) =>
    cluster.plane.apiServer
      .transport(jane)
      .request({ method: 'GET', path: '/api/v1/namespaces/default/pods', query: { limit: '1' }, headers })
  const question = '/authorize?timeout=3s list pods'

  test.each([
    [60_000, 1],
    [0, 3],
  ])('that holds for %i ms is asked for %i times by three requests', async (ttl, times) => {
    reply = () => ({ status: 200, body: { status: { allowed: true } } })
    const cluster = await startWith(ttl)
    for (let time = 0; time < 3; time++) expect((await list(cluster)).status).toBe(200)
    expect(asked).toEqual(new Array(times).fill(question))
    await cluster.stop()
  })

  test('that does not hold is asked for once by a request that asks several times', async () => {
    reply = () => ({ status: 200, body: { status: { allowed: true } } })
    const cluster = await startWith(0)
    expect((await list(cluster, { 'impersonate-user': 'bob', 'impersonate-group': 'devs' })).status).toBe(200)
    expect(asked.map(each => each.split(' ').slice(1).join(' '))).toEqual([
      'impersonate-on:user-info:list pods',
      'impersonate:user-info users',
      'impersonate:user-info groups',
      'list pods',
    ])
    await cluster.stop()
  })

  test('that cannot be had is an error of the server, and asked for again', async () => {
    reply = () => ({ status: 403 })
    const cluster = await startWith(60_000)
    for (let time = 0; time < 2; time++) expect((await list(cluster)).status).toBe(500)
    expect(asked).toEqual([question, question])
    const metrics = await cluster.plane.apiServer.transport(root).request({ method: 'GET', path: '/metrics' })
    expect(metrics.text).toContain('authorization_attempts_total{result="error"} 2\n')
    expect(metrics.text).toContain(
      'apiserver_authorization_webhook_evaluations_total{name="webhook",result="error"} 2\n',
    )
    await cluster.stop()
  })
})

describe('AuthorizationConfiguration', () => {
  const file = join(folder, 'authorization.yaml')
  const write = (text: string) =>
    writeFileSync(file, `apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\n${text}`)
  const hook = (more: string) =>
    `authorizers: [{type: Webhook, name: w, webhook: {timeout: 3s, subjectAccessReviewVersion: v1, failurePolicy: Deny, connectionInfo: {type: InClusterConfig}${more}}}]`

  test.each([
    ['authorizers: []', 'authorizers: Required value: at least one authorization mode must be defined'],
    ['authorizers: [{name: a}]', 'authorizers[0].type: Required value'],
    [
      'authorizers: [{type: Foo, name: a}]',
      'authorizers[0].type: Unsupported value: "Foo": supported values: "ABAC", "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"',
    ],
    ['authorizers: [{type: RBAC, name: a}, {type: RBAC, name: b}]', 'authorizers[1].type: Duplicate value: "RBAC"'],
    ['authorizers: [{type: RBAC, name: a}, {type: Node, name: a}]', 'authorizers[1].name: Duplicate value: "a"'],
    ['authorizers: [{type: RBAC}]', 'authorizers[0].name: Required value'],
    [
      'authorizers: [{type: RBAC, name: a, webhook: {}}]',
      'authorizers[0].webhook: Invalid value: "non-null": may only be specified when type=Webhook',
    ],
    ['authorizers: [{type: Webhook, name: a}]', 'authorizers[0].webhook: Required value: required when type=Webhook'],
    [
      hook(', timeout: 31s').replace('timeout: 3s, ', ''),
      'authorizers[0].timeout: Invalid value: "31s": must be > 0s and <= 30s',
    ],
    [
      hook(', matchConditions: [{expression: "request.user =="}]'),
      'authorizers[0].matchConditionSubjectAccessReviewVersion: Required value: required if match conditions are specified',
    ],
    [
      hook(', matchConditionSubjectAccessReviewVersion: v1, matchConditions: [{expression: "request.user"}]'),
      'authorizers[0].matchConditions[0].expression: Invalid value: "request.user": must evaluate to bool',
    ],
    [
      hook(', matchConditionSubjectAccessReviewVersion: v1, matchConditions: [{expression: ""}]'),
      'authorizers[0].matchConditions[0].expression: Required value',
    ],
  ])('refused: %s', async (text, message) => {
    write(text)
    await expect(authorizationOfFile(virtualEnv(), file)).rejects.toThrow(message)
  })

  test.each([
    ['authorizers: [{type: RBAC, name: a}]', 'expected name rbac for authorizer RBAC instead of a'],
    [
      'authorizers: [{type: RBAC, name: r, colour: red}]\nmore: 1',
      'failed to load AuthorizationConfiguration from file: strict decoding error: unknown field "authorizers[0].colour", unknown field "more"',
    ],
    [
      'authorizers: [{type: 5}]',
      'failed to load AuthorizationConfiguration from file: json: cannot unmarshal number into Go struct field AuthorizerConfiguration.authorizers.type of type string',
    ],
    [
      hook(', timeout: soon').replace('timeout: 3s, ', ''),
      'failed to load AuthorizationConfiguration from file: time: invalid duration "soon"',
    ],
    [hook(', authorizedTTL: -1s'), 'authorizers[0].authorizedTTL: Invalid value: "-1s": must be > 0s'],
  ])('refused, in these words: %s', async (text, message) => {
    write(text)
    const refusal = await authorizationOfFile(virtualEnv(), file).catch(error => error)
    expect((refusal as Error).message).toBe(message)
  })

  test.each([
    ['', 'authorizers: Required value: at least one authorization mode must be defined'],
    ['kind: Pod', "failed to load AuthorizationConfiguration from file: Object 'apiVersion' is missing in 'kind: Pod'"],
    [
      '{apiVersion: v1, kind: Pod}',
      'failed to load AuthorizationConfiguration from file: no kind "Pod" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"',
    ],
    [
      '{apiVersion: apiserver.config.k8s.io/v1, kind: AuthenticationConfiguration}',
      'failed to load AuthorizationConfiguration from file: expected AuthorizationConfiguration, got *apiserver.AuthenticationConfiguration',
    ],
  ])('is none: %j', async (text, message) => {
    writeFileSync(file, text)
    const refusal = await authorizationOfFile(virtualEnv(), file).catch(error => error)
    expect((refusal as Error).message).toBe(message)
  })

  test('is followed; one that makes no sense changes nothing; both are counted', async () => {
    const logged: string[] = []
    const error = (message: string, fields?: object) => void logged.push(`${message} ${JSON.stringify(fields)}`)
    const env = virtualEnv({ log: { debug() {}, info() {}, warn() {}, error } as unknown as Logger })
    write('authorizers: [{type: RBAC, name: rbac}]')
    const cluster = await start(await authorizationOfFile(env, file))
    const allowed = async () => (await statusOf(cluster, { user: 'jane', request: 'get pods' })).allowed
    const reloads = async () => {
      const { text } = await cluster.plane.apiServer.transport(root).request({ method: 'GET', path: '/metrics' })
      const name = 'apiserver_authorization_config_controller_automatic_reloads_total'
      const found = [...text!.matchAll(new RegExp(`^${name}{.*status="(.*)"} (.*)$`, 'gm'))]
      return Object.fromEntries(found.map(([, status, count]) => [status, Number(count)]))
    }
    expect([await allowed(), await reloads()]).toEqual([false, {}])
    write('authorizers: [{type: RBAC, name: rbac}, {type: AlwaysAllow, name: alwaysallow}]')
    await env.clock.advance(20_000)
    expect([await allowed(), await reloads()]).toEqual([true, { success: 1 }])
    for (const [text, complaint] of [
      ['authorizers: []', 'authorizers: Required value: at least one authorization mode must be defined'],
      ['authorizers: [{type: AlwaysAllow, name: alwaysallow}]', 'missing required types: [RBAC]'],
      [
        'authorizers: [{type: RBAC, name: rbac}, {type: Node, name: node}]',
        'authorizer type Node is not allowed if it was not enabled at initial server startup',
      ],
    ] as const) {
      logged.length = 0
      write(text)
      await env.clock.advance(20_000)
      expect(await allowed()).toBe(true)
      expect(logged).toEqual([
        `reloading authorization config: the last good one goes on ${JSON.stringify({ file, error: complaint })}`,
      ])
    }
    expect(await reloads()).toEqual({ success: 1, failure: 3 })
    write('# the same\nauthorizers: [{type: RBAC, name: rbac}]')
    await env.clock.advance(20_000)
    expect([await allowed(), await reloads()]).toEqual([false, { success: 2, failure: 3 }])
    await cluster.stop()
  })
})
