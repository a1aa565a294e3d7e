// Who (every kind of credential, good and bad) may do what (six requests), under every authorizer, over HTTPS. A row is
// one credential; of each request it says allowed (+), forbidden (-), or unauthenticated (0).

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { configMaps } from '../../src/api/core/v1/configmap.ts'
import { namespaces } from '../../src/api/core/v1/namespace.ts'
import { secrets } from '../../src/api/core/v1/secret.ts'
import { serviceAccounts } from '../../src/api/core/v1/serviceaccount.ts'
import { clusterRoleBindings } from '../../src/api/rbac/v1/clusterrolebinding.ts'
import { ApiServer } from '../../src/apiserver/apiserver.ts'
import { authorizationOfModes } from '../../src/apiserver/authorization/load.ts'
import type { AuthorizationMode } from '../../src/apiserver/authorization/modes.ts'
import { createClient } from '../../src/client/rest-client.ts'
import { type KeyAndCertificate, loadOrCreatePki, type Pki } from '../../src/cluster/pki/pki.ts'
import { systemEnv } from '../../src/cluster/system-env.ts'
import { openEmbeddedStore } from '../../src/etcd/embedded-store.ts'
import type { Store } from '../../src/etcd/store.ts'
import { clientCertificate, newAuthority } from './outside/certificates.ts'
import {
  eksToken,
  type LocalServer,
  serve,
  startIssuer,
  startSts,
  type TestIssuer,
  type TestSts,
} from './outside/servers.ts'

const folder = mkdtempSync(join(tmpdir(), 'who-and-what-'))
const inFolder = (name: string) => join(folder, name)

const authorizers = {
  'Node and RBAC': ['Node', 'RBAC'],
  ABAC: ['ABAC'],
  Webhook: ['Webhook'],
  AlwaysAllow: ['AlwaysAllow'],
  AlwaysDeny: ['AlwaysDeny'],
} as const satisfies Record<string, readonly AuthorizationMode[]>
type Authorizers = keyof typeof authorizers

interface Shown {
  readonly token?: string
  readonly certificate?: KeyAndCertificate
  readonly headers?: Readonly<Record<string, string | string[]>>
}

let pki: Pki
let issuer: TestIssuer
let sts: TestSts
let tokenWebhook: LocalServer
let accessWebhook: LocalServer
const stores: Store[] = []
const servers = new Map<Authorizers, ApiServer>()

/** Members of devs: what the ABAC policy, the webhook and RBAC know of. */
const devs = ['devs']
/** A busy machine takes its time with five servers. */
const patience = 60_000
const seconds = () => Math.floor(Date.now() / 1000)

beforeAll(async () => {
  const env = systemEnv({ logLevel: 'silent' })
  pki = loadOrCreatePki({ env, serviceAddress: '10.96.0.1' })
  const outside = newAuthority('outside')
  ;[issuer, sts] = await Promise.all([startIssuer(outside), startSts()])
  tokenWebhook = await serve((_incoming, text) => {
    const { apiVersion, spec } = JSON.parse(text)
    const authenticated = spec.token === 'known-to-the-webhook'
    return {
      json: { apiVersion, kind: 'TokenReview', status: { authenticated, user: { username: 'wanda', groups: devs } } },
    }
  }, outside)
  accessWebhook = await serve((_incoming, text) => {
    const { apiVersion, spec } = JSON.parse(text)
    const { resource, verb } = spec.resourceAttributes ?? {}
    const allowed = spec.groups?.includes('devs') && resource === 'pods' && verb === 'list'
    return { json: { apiVersion, kind: 'SubjectAccessReview', status: { allowed: allowed === true } } }
  }, outside)
  const ca = Buffer.from(outside.certificate).toString('base64')
  const kubeconfig = (name: string, url: string) =>
    writeFileSync(
      inFolder(name),
      `{current-context: c, contexts: [{name: c, context: {cluster: w}}], clusters: [{name: w, cluster: {server: "${url}", certificate-authority-data: ${ca}}}]}`,
    )
  kubeconfig('token-webhook', tokenWebhook.url)
  kubeconfig('access-webhook', accessWebhook.url)
  const policy = (spec: object) =>
    JSON.stringify({ apiVersion: 'abac.authorization.kubernetes.io/v1beta1', kind: 'Policy', spec })
  writeFileSync(
    inFolder('policy'),
    [
      policy({ group: 'devs', namespace: 'dev', resource: '*', readonly: true }),
      policy({ group: 'system:authenticated', nonResourcePath: '/version' }),
    ].join('\n'),
  )
  await Promise.all((Object.keys(authorizers) as Authorizers[]).map(name => startServer(name, outside)))
}, patience)

async function startServer(name: Authorizers, outside: KeyAndCertificate): Promise<void> {
  const env = systemEnv({ logLevel: 'silent' })
  const store = await openEmbeddedStore({ env })
  stores.push(store)
  const server = new ApiServer({
    env,
    store,
    serviceAccountKey: pki.serviceAccountKey,
    authentication: {
      staticTokens: [
        ['alices-token', { name: 'alice', groups: devs }],
        ['evas-token', { name: 'eva', groups: [] }],
      ],
      bootstrapTokens: true,
      oidc: {
        issuerURL: issuer.url,
        clientID: 'k8ts',
        usernamePrefix: '-',
        groupsClaim: 'groups',
        certificateAuthority: outside.certificate,
      },
      webhook: { configFile: inFolder('token-webhook'), version: 'v1' },
      eks: { clusterID: 'test-cluster', region: 'eu-central-1', stsEndpoint: sts.url },
    },
    authorization: authorizationOfModes(env, {
      modes: authorizers[name],
      policyFile: inFolder('policy'),
      webhookConfigFile: inFolder('access-webhook'),
      webhookVersion: 'v1',
      authorizedTTL: 60_000,
      unauthorizedTTL: 60_000,
    }),
    serviceCIDR: '10.96.0.0/12',
    serviceNodePortRange: [30000, 32767],
    advertiseAddress: '127.0.0.1',
    port: 6443,
    kubelets: undefined as never,
    https: { bindAddress: '127.0.0.1', port: 0, cert: pki.apiServer.certificate, key: pki.apiServer.privateKey },
    clientCA: pki.certificateAuthority.certificate,
    requestHeader: {
      clientCA: pki.frontProxyAuthority.certificate,
      allowedNames: ['front-proxy-client'],
      usernameHeaders: ['X-Remote-User'],
      uidHeaders: [],
      groupHeaders: ['X-Remote-Group'],
      extraHeaderPrefixes: [],
    },
  })
  servers.set(name, server)
  await server.start()
  await fill(server)
  // Issuers are looked for in the background.
  const known = async () => {
    const token = await issuer.token({ sub: 'ada', groups: devs })
    expect(await ask(server, { token }, requests[0]!)).not.toBe('0')
  }
  await vi.waitFor(known, { timeout: patience, interval: 100 })
}

async function fill(server: ApiServer): Promise<void> {
  const client = createClient(server.transport())
  await client.resource(namespaces).create({ metadata: { name: 'dev' } } as never)
  const bootstrap = (id: string, expiration: string) =>
    client
      .resource(secrets)
      .namespace('kube-system')
      .create({
        metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
        type: 'bootstrap.kubernetes.io/token',
        stringData: {
          'token-id': id,
          'token-secret': '0123456789abcdef',
          'usage-bootstrap-authentication': 'true',
          expiration,
        },
      } as never)
  await bootstrap('aaaaaa', '2999-01-01T00:00:00Z')
  await bootstrap('bbbbbb', '2020-01-01T00:00:00Z')
  await client
    .resource(configMaps)
    .namespace('kube-system')
    .create({
      metadata: { name: 'aws-auth', namespace: 'kube-system' },
      data: { mapUsers: '- {userarn: "arn:aws:iam::111122223333:user/Bob", username: bob, groups: [devs]}' },
    } as never)
  await client
    .resource(serviceAccounts)
    .namespace('dev')
    .create({ metadata: { name: 'robot', namespace: 'dev', uid: 'of-the-robot' } } as never)
  await client.resource(clusterRoleBindings).create({
    metadata: { name: 'devs' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [
      { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'devs' },
      { kind: 'ServiceAccount', name: 'robot', namespace: 'dev' },
    ],
  } as never)
  const { body } = await server.transport().request({
    method: 'POST',
    path: '/api/v1/namespaces/dev/serviceaccounts/robot/token',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  })
  accountTokens.set(server, (body as { status: { token: string } }).status.token)
}

/** Each server has an account of its own. */
const accountTokens = new Map<ApiServer, string>()

afterAll(async () => {
  await Promise.all([...servers.values()].map(server => server.stop()))
  await Promise.all(stores.map(store => store.close()))
  await Promise.all([issuer, sts, tokenWebhook, accessWebhook].map(each => each?.close()))
  rmSync(folder, { recursive: true })
})

interface Asked {
  readonly method: string
  readonly path: string
  readonly body?: object
}

const requests: readonly Asked[] = [
  { method: 'GET', path: '/version' },
  { method: 'GET', path: '/metrics' },
  { method: 'GET', path: '/api/v1/namespaces/dev/pods' },
  { method: 'GET', path: '/api/v1/namespaces/dev/secrets' },
  { method: 'POST', path: '/api/v1/namespaces/dev/configmaps?dryRun=All', body: { metadata: { generateName: 'a' } } },
  { method: 'GET', path: '/api/v1/nodes/n1' },
]

function ask(
  server: ApiServer,
  { token, certificate, headers }: Shown,
  asked: Asked,
  agent: Agent | false = false,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: server.port,
        method: asked.method,
        path: asked.path,
        agent,
        ca: pki.certificateAuthority.certificate,
        ...(certificate && { cert: certificate.certificate, key: certificate.privateKey }),
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(asked.body && { 'content-type': 'application/json' }),
          ...headers,
        },
      },
      response => {
        response.resume()
        response.once('end', () =>
          resolve({ 401: '0', 403: '-' }[response.statusCode!] ?? (response.statusCode! < 500 ? '+' : '!')),
        )
      },
    )
    sent.once('error', reject)
    sent.end(asked.body && JSON.stringify(asked.body))
  })
}

const ca = () => pki.certificateAuthority
const proxied = { 'X-Remote-User': 'dave', 'X-Remote-Group': devs }
const nobody = '000000'

type Who = readonly [
  name: string,
  shown: (server: ApiServer) => Shown | Promise<Shown>,
  byRBAC: string,
  byABAC: string,
  byWebhook: string,
  always?: string,
  never?: string,
]

// The requests: /version, /metrics, list pods, list secrets, create a ConfigMap, get a node.
const table: readonly Who[] = [
  ['nobody', () => ({}), '+-----', '------', '------'],
  [
    'a certificate of devs',
    () => ({ certificate: clientCertificate(ca(), { commonName: 'c', organizations: devs }) }),
    '+-+---',
    '+-++--',
    '--+---',
  ],
  [
    'a certificate of nobody in particular',
    () => ({ certificate: clientCertificate(ca(), { commonName: 'c' }) }),
    '+-----',
    '+-----',
    '------',
  ],
  [
    'a certificate of system:masters',
    () => ({ certificate: clientCertificate(ca(), { commonName: 'c', organizations: ['system:masters'] }) }),
    '++++++',
    '++++++',
    '++++++',
    '++++++',
    '++++++',
  ],
  ['a kubelet’s certificate', () => ({ certificate: pki.node('n1', []).client }), '+----+', '+-----', '------'],
  ['another kubelet’s certificate', () => ({ certificate: pki.node('n2', []).client }), '+-----', '+-----', '------'],
  [
    'an expired certificate',
    () => ({ certificate: clientCertificate(ca(), { commonName: 'c' }, { expired: true }) }),
    nobody,
    nobody,
    nobody,
    nobody,
    nobody,
  ],
  [
    'a certificate of another authority',
    () => ({ certificate: clientCertificate(newAuthority('x'), { commonName: 'c' }) }),
    nobody,
    nobody,
    nobody,
    nobody,
    nobody,
  ],
  ['a token of the file', () => ({ token: 'alices-token' }), '+-+---', '+-++--', '--+---'],
  ['another token of the file', () => ({ token: 'evas-token' }), '+-----', '+-----', '------'],
  ['a token of nobody', () => ({ token: 'no-token' }), nobody, nobody, nobody, nobody, nobody],
  ['a bootstrap token', () => ({ token: 'aaaaaa.0123456789abcdef' }), '+-----', '+-----', '------'],
  ['an expired bootstrap token', () => ({ token: 'bbbbbb.0123456789abcdef' }), nobody, nobody, nobody, nobody, nobody],
  ['a wrong bootstrap token', () => ({ token: 'aaaaaa.fedcba9876543210' }), nobody, nobody, nobody, nobody, nobody],
  ['a ServiceAccount’s token', server => ({ token: accountTokens.get(server)! }), '+-+---', '+-----', '------'],
  [
    'a ServiceAccount’s token with another signature',
    server => ({ token: accountTokens.get(server)!.slice(0, -8) }),
    nobody,
    nobody,
    nobody,
    nobody,
    nobody,
  ],
  [
    'an ID token',
    async () => ({ token: await issuer.token({ sub: 'ada', groups: devs }) }),
    '+-+---',
    '+-++--',
    '--+---',
  ],
  [
    'an expired ID token',
    async () => ({ token: await issuer.token({ sub: 'ada', exp: seconds() - 60 }) }),
    nobody,
    nobody,
    nobody,
    nobody,
    nobody,
  ],
  [
    'an ID token for others',
    async () => ({ token: await issuer.token({ sub: 'ada', aud: 'others' }) }),
    nobody,
    nobody,
    nobody,
    nobody,
    nobody,
  ],
  ['a token that the webhook knows', () => ({ token: 'known-to-the-webhook' }), '+-+---', '+-++--', '--+---'],
  [
    'an AWS token',
    () => ({ token: eksToken(sts.url, 'arn:aws:iam::111122223333:user/Bob|111122223333|AIDAX') }),
    '+-+---',
    '+-++--',
    '--+---',
  ],
  [
    'an AWS token of somebody unmapped',
    () => ({ token: eksToken(sts.url, 'arn:aws:iam::111122223333:user/Eve|111122223333|AIDAY') }),
    nobody,
    nobody,
    nobody,
    nobody,
    nobody,
  ],
  ['a front proxy', () => ({ certificate: pki.frontProxyClient, headers: proxied }), '+-+---', '+-++--', '--+---'],
  ['a front proxy for nobody', () => ({ certificate: pki.frontProxyClient }), nobody, nobody, nobody, nobody, nobody],
  ['who only says to be one', () => ({ token: 'evas-token', headers: proxied }), '+-----', '+-----', '------'],
  [
    'a master as one of devs',
    () => ({ certificate: pki.admin, headers: { 'impersonate-user': 'bob', 'impersonate-group': devs } }),
    '+-+---',
    '+-++--',
    '--+---',
  ],
  [
    'a master as the anonymous',
    () => ({ certificate: pki.admin, headers: { 'impersonate-user': 'system:anonymous' } }),
    '+-----',
    '------',
    '------',
  ],
  [
    'one of devs as a master',
    () => ({ token: 'alices-token', headers: { 'impersonate-user': 'bob', 'impersonate-group': 'system:masters' } }),
    '------',
    '------',
    '------',
    '++++++',
  ],
  [
    'nobody as a master',
    () => ({ headers: { 'impersonate-user': 'bob', 'impersonate-group': 'system:masters' } }),
    '------',
    '------',
    '------',
    '++++++',
  ],
]

const rows = table.flatMap(([name, shown, byRBAC, byABAC, byWebhook, always = '++++++', never = '------']) =>
  Object.entries({
    'Node and RBAC': byRBAC,
    ABAC: byABAC,
    Webhook: byWebhook,
    AlwaysAllow: always,
    AlwaysDeny: never,
  }).map(([authorizer, expected]) => ({ name, shown, authorizer: authorizer as Authorizers, expected })),
)

test('the table is as large as it should be', () => expect(rows.length * requests.length).toBeGreaterThan(400))

describe.each(Object.keys(authorizers) as Authorizers[])('%s', authorizer => {
  test.each(rows.filter(row => row.authorizer === authorizer))('$name: $expected', async ({ shown, expected }) => {
    const server = servers.get(authorizer)!
    const credential = await shown(server)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const answers = await Promise.all(requests.map(asked => ask(server, credential, asked, agent)))
    agent.destroy()
    expect(answers.join('')).toBe(expected)
  })
})
