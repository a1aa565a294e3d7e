// Who the API server takes a request to be from, over HTTPS: every kind of credential, good and bad. A bad one is a bare
// 401, whatever is wrong with it.

import { createHash, createHmac, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importPKCS8, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { configMaps } from '../../src/api/core/v1/configmap.ts'
import { secrets } from '../../src/api/core/v1/secret.ts'
import { serviceAccounts } from '../../src/api/core/v1/serviceaccount.ts'
import { ApiServer } from '../../src/apiserver/apiserver.ts'
import { InvalidCredentials } from '../../src/apiserver/authentication/authenticator.ts'
import { WebhookTokenAuthenticator } from '../../src/apiserver/authentication/webhook-token.ts'
import type { Client } from '../../src/client/client.ts'
import { httpsTransport } from '../../src/client/https-transport.ts'
import { createClient } from '../../src/client/rest-client.ts'
import { type KeyAndCertificate, loadOrCreatePki, type Pki } from '../../src/cluster/pki/pki.ts'
import { systemEnv } from '../../src/cluster/system-env.ts'
import { openEmbeddedStore } from '../../src/etcd/embedded-store.ts'
import type { Store } from '../../src/etcd/store.ts'
import type { Env, Logger } from '../../src/machinery/env/env.ts'
import { clientCertificate, newAuthority } from './outside/certificates.ts'
import { type OidcProvider, startOidcProvider } from './outside/oidc-provider.ts'
import {
  eksToken,
  type LocalServer,
  serve,
  startIssuer,
  startSts,
  type TestIssuer,
  type TestSts,
} from './outside/servers.ts'

const folder = mkdtempSync(join(tmpdir(), 'authentication-'))
const inFolder = (name: string) => join(folder, name)
const saIssuer = 'https://kubernetes.default.svc.cluster.local'

let pki: Pki
let env: Env
let store: Store
let server: ApiServer
let client: Client
let outsideCA: KeyAndCertificate
let extraCA: KeyAndCertificate
let issuer: TestIssuer
let provider: OidcProvider
let webhook: LocalServer
let sts: TestSts
/** What the log was told, all of it. */
const logged: string[] = []
/** The audit events. */
const audited: any[] = []
/** What runs every minute. */
const everyMinute: (() => void)[] = []
/** Every credential that was shown. */
const shown = new Set<string>()
const asked: { readonly body: any; readonly path: string }[] = []

function testEnv(): Env {
  const real = systemEnv({ logLevel: 'silent' })
  const log = (message: string, fields?: object) => void logged.push(`${message} ${JSON.stringify(fields ?? {})}`)
  const logger: Logger = { debug: log, info: log, warn: log, error: log, child: () => logger }
  return {
    ...real,
    log: logger,
    clock: {
      ...real.clock,
      setInterval(callback, milliseconds) {
        if (milliseconds !== 60_000) return real.clock.setInterval(callback, milliseconds)
        everyMinute.push(callback)
        return { cancel: () => everyMinute.splice(everyMinute.indexOf(callback), 1) }
      },
    },
  }
}

const configuration = () => `
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer:
    url: ${issuer.url}
    audiences: [k8ts, other]
    audienceMatchPolicy: MatchAny
    discoveryURL: ${issuer.url}/elsewhere/configuration
    certificateAuthority: ${JSON.stringify(outsideCA.certificate)}
  claimValidationRules:
  - expression: "!has(claims.banned) || !claims.banned"
    message: is banned
  claimMappings:
    username: { claim: sub, prefix: "oidc:" }
    groups: { claim: groups, prefix: "oidc:" }
    uid: { claim: uid }
    extra:
    - { key: example.com/team, valueExpression: "claims.?org.team.orValue('')" }
    - { key: example.com/node, valueExpression: "claims[?'kubernetes.io'].?node.orValue('')" }
  userValidationRules:
  - { expression: "!user.username.endsWith('admin')", message: nobody is admin }
- issuer:
    url: ${provider.issuer}
    audiences: [kubectl]
    certificateAuthority: ${JSON.stringify(outsideCA.certificate)}
  claimMappings:
    username: { expression: "claims.email_verified ? claims.email : ''" }
    groups: { expression: "dyn(claims.groups).map(group, 'provider:' + group)" }
anonymous:
  enabled: true
  conditions:
  - path: /livez
  - path: /readyz
`

beforeAll(async () => {
  // The provider says that it is meant for more than tests.
  for (const level of ['info', 'warn'] as const) vi.spyOn(console, level).mockImplementation(() => {})
  env = testEnv()
  pki = loadOrCreatePki({ env, serviceAddress: '10.96.0.1' })
  outsideCA = newAuthority('outside')
  extraCA = newAuthority('extra')
  ;[issuer, provider, sts] = await Promise.all([startIssuer(outsideCA), startOidcProvider(outsideCA), startSts()])
  webhook = await serve(answerReview, outsideCA)
  writeFileSync(inFolder('extra-ca'), newAuthority('before').certificate)
  writeFileSync(inFolder('config'), configuration())
  const ca = Buffer.from(outsideCA.certificate).toString('base64')
  writeFileSync(
    inFolder('webhook'),
    `{current-context: c, contexts: [{name: c, context: {cluster: w, user: u}}], users: [{name: u, user: {token: of-the-api-server}}], clusters: [{name: w, cluster: {server: "${webhook.url}/review", certificate-authority-data: ${ca}}}]}`,
  )
  store = await openEmbeddedStore({ env })
  server = new ApiServer({
    env,
    store,
    serviceAccountKey: pki.serviceAccountKey,
    authentication: {
      staticTokens: [['alices-token', { name: 'alice', uid: 'u-1', groups: ['devs'] }]],
      clientCAFile: inFolder('extra-ca'),
      bootstrapTokens: true,
      configurationFile: inFolder('config'),
      webhook: { configFile: inFolder('webhook'), version: 'v1' },
      eks: {
        clusterID: 'test-cluster',
        region: 'eu-central-1',
        stsEndpoint: sts.url,
        privateDNSName: async id => `${id}.internal`,
      },
    },
    serviceCIDR: '10.96.0.0/12',
    serviceNodePortRange: [30000, 32767],
    advertiseAddress: '127.0.0.1',
    port: 6443,
    kubelets: undefined as never,
    https: { bindAddress: '127.0.0.1', port: 0, cert: pki.apiServer.certificate, key: pki.apiServer.privateKey },
    clientCA: pki.certificateAuthority.certificate,
    audit: {
      policy: { rules: [{ level: 'Metadata' }] },
      backends: [
        () => ({
          name: 'test',
          write(event) {
            audited.push(JSON.parse(`{${event}}`))
            return true
          },
          close() {},
        }),
      ],
    },
  })
  await server.start()
  client = createClient(server.transport())
  await fill()
  // Issuers are looked for in the background.
  await vi.waitFor(async () => {
    expect(await userOf(await issuer.token({ sub: 'ada', uid: 'u' }))).toMatchObject({ username: 'oidc:ada' })
  })
})

afterAll(async () => {
  await server?.stop()
  await store?.close()
  await Promise.all([issuer, provider, webhook, sts].map(each => each?.close()))
  rmSync(folder, { recursive: true })
})

// ---- what there is ---------------------------------------------------------------------------------------------------

let builder: any
let legacyToken: string
let autoToken: string
let invalidToken: string

async function fill(): Promise<void> {
  const bootstrap = (id: string, more: object = {}, type = 'bootstrap.kubernetes.io/token') =>
    client
      .resource(secrets)
      .namespace('kube-system')
      .create({
        metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
        type,
        stringData: {
          'token-id': id,
          'token-secret': '0123456789abcdef',
          'usage-bootstrap-authentication': 'true',
          ...more,
        },
      } as never)
  await bootstrap('aaaaaa', { 'auth-extra-groups': 'system:bootstrappers:zz,system:bootstrappers:aa' })
  await bootstrap('bbbbbb', { expiration: '2020-01-01T00:00:00Z' })
  await bootstrap('cccccc', { 'usage-bootstrap-authentication': 'false' })
  await bootstrap('dddddd', { 'auth-extra-groups': 'system:masters' })
  await bootstrap('eeeeee', { expiration: 'tomorrow' })
  await bootstrap('ffffff', {}, 'Opaque')
  await bootstrap('gggggg', { 'token-id': 'aaaaaa' })
  await bootstrap('hhhhhh', { expiration: '2999-01-01T00:00:00Z' })
  builder = await client
    .resource(serviceAccounts)
    .namespace('default')
    .create({ metadata: { name: 'builder', namespace: 'default' }, secrets: [{ name: 'auto' }] } as never)
  const legacy = async (name: string, labels: object = {}) => {
    const token = await signed({
      iss: 'kubernetes/serviceaccount',
      sub: 'system:serviceaccount:default:builder',
      'kubernetes.io/serviceaccount/namespace': 'default',
      'kubernetes.io/serviceaccount/secret.name': name,
      'kubernetes.io/serviceaccount/service-account.name': 'builder',
      'kubernetes.io/serviceaccount/service-account.uid': builder.metadata.uid,
    })
    await client
      .resource(secrets)
      .namespace('default')
      .create({
        metadata: {
          name,
          namespace: 'default',
          labels,
          annotations: {
            'kubernetes.io/service-account.name': 'builder',
            'kubernetes.io/service-account.uid': builder.metadata.uid,
          },
        },
        type: 'kubernetes.io/service-account-token',
        stringData: { token },
      } as never)
    return token
  }
  legacyToken = await legacy('manual')
  autoToken = await legacy('auto')
  invalidToken = await legacy('invalid', { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' })
  await client
    .resource(configMaps)
    .namespace('kube-system')
    .create({
      metadata: { name: 'aws-auth', namespace: 'kube-system' },
      data: {
        mapRoles: `
- rolearn: arn:aws:iam::111122223333:role/Admin
  username: admin:{{AccountID}}:{{SessionName}}
  groups: [ops, "raw:{{SessionNameRaw}}"]
- rolearn: arn:aws:iam::111122223333:role/Node
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:nodes]
`,
        mapUsers: '- {userarn: "arn:aws:iam::111122223333:user/Bob", username: bob, groups: [devs]}',
        mapAccounts: '- "444455556666"',
      },
    } as never)
}

/** A service account's token as the API server makes it, but with these claims. */
async function signed(claims: JWTPayload, header: object = {}): Promise<string> {
  const key = await importPKCS8(pki.serviceAccountKey.privateKey, algorithm())
  return new SignJWT(claims).setProtectedHeader({ alg: algorithm(), ...header }).sign(key)
}

const algorithm = () => (pki.serviceAccountKey.publicKey.length > 300 ? 'RS256' : 'ES256')
const seconds = () => Math.floor(Date.now() / 1000)

const serviceAccountToken = (claims: JWTPayload = {}, header: object = {}) =>
  signed(
    {
      iss: saIssuer,
      aud: [saIssuer],
      exp: seconds() + 600,
      nbf: seconds(),
      iat: seconds(),
      jti: 'the-id',
      sub: 'system:serviceaccount:default:builder',
      'kubernetes.io': {
        namespace: 'default',
        serviceaccount: { name: 'builder', uid: builder.metadata.uid },
      },
      ...claims,
    },
    header,
  )

function answerReview(incoming: { url?: string; headers: Record<string, unknown> }, text: string) {
  const body = JSON.parse(text)
  asked.push({ body, path: incoming.url! })
  const review = (status: object) => ({ json: { apiVersion: body.apiVersion, kind: 'TokenReview', status } })
  if (incoming.headers['authorization'] !== 'Bearer of-the-api-server') return { status: 401, text: '' }
  switch (body.spec.token) {
    case 'webhook-good':
      return review({
        authenticated: true,
        user: { username: 'wanda', uid: 'w', groups: ['hooks'], extra: { 'example.com/by': ['webhook'] } },
      })
    case 'webhook-vault':
      return review({ authenticated: true, user: { username: 'wanda' }, audiences: ['vault'] })
    case 'webhook-flaky':
      if (asked.filter(each => each.body.spec.token === 'webhook-flaky').length < 3) return { status: 500, text: '' }
      return review({ authenticated: true, user: { username: 'flo' } })
    case 'webhook-garbage':
      return { text: 'certainly' }
    case 'webhook-other-kind':
      return { json: { apiVersion: body.apiVersion, kind: 'Pod', status: { authenticated: true } } }
    case 'webhook-odd-groups':
      return review({ authenticated: true, user: { username: 'x', groups: [1] } })
    case 'webhook-error':
      return review({ authenticated: false, error: `no such token: ${body.spec.token}` })
    default:
      return review({ authenticated: false })
  }
}

// ---- asking ----------------------------------------------------------------------------------------------------------

type Credential = string | KeyAndCertificate | undefined

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: any
}

function call(credential: Credential, method: string, path: string, body?: object): Promise<Answer> {
  if (typeof credential === 'string') shown.add(credential)
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: server.port,
        method,
        path,
        agent: false,
        ca: pki.certificateAuthority.certificate,
        ...(typeof credential === 'object' && { cert: credential.certificate, key: credential.privateKey }),
        headers: {
          ...(typeof credential === 'string' && { authorization: `Bearer ${credential}` }),
          ...(body && { 'content-type': 'application/json' }),
        },
      },
      response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString()
          const isJson = String(response.headers['content-type']).includes('json')
          resolve({ status: response.statusCode!, headers: response.headers, body: isJson ? JSON.parse(text) : text })
        })
      },
    )
    sent.once('error', reject)
    sent.end(body && JSON.stringify(body))
  })
}

const whoami = (credential: Credential) =>
  call(credential, 'POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'SelfSubjectReview',
  })

const userOf = async (credential: Credential): Promise<any> => {
  const answer = await whoami(credential)
  return answer.status === 201 ? answer.body.status.userInfo : answer.status
}

const unauthorized = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'Unauthorized',
  reason: 'Unauthorized',
  code: 401,
}

const review = async (token: string, audiences?: readonly string[]) => {
  shown.add(token)
  const answer = await call(
    clientCertificate(pki.certificateAuthority, { commonName: 'root', organizations: ['system:masters'] }),
    'POST',
    '/apis/authentication.k8s.io/v1/tokenreviews',
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } },
  )
  return answer.body.status
}

/** Everybody who looks after a file does. */
const aMinuteLater = () => {
  for (const look of everyMinute) look()
}

type Case = readonly [name: string, credential: () => Credential | Promise<Credential>, expected: unknown]

/** A user, or 401. */
const cases = (all: readonly Case[]) =>
  test.each(all)('%s', async (_name, credential, expected) => {
    const answer = await whoami(await credential())
    if (expected !== 401) {
      expect(answer.body.status?.userInfo ?? answer.body).toMatchObject(expected as object)
      return
    }
    expect([answer.status, answer.body]).toEqual([401, unauthorized])
    expect(answer.headers['www-authenticate']).toBeUndefined()
  })

// ---- the tables ------------------------------------------------------------------------------------------------------

describe('client certificates', () => {
  const own = () => pki.certificateAuthority
  cases([
    [
      'CN and O',
      () => clientCertificate(own(), { commonName: 'carol', organizations: ['a', 'b'] }),
      {
        username: 'carol',
        groups: ['a', 'b', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^X509SHA256=[0-9a-f]{64}$/)] },
      },
    ],
    [
      'with a UID',
      () => clientCertificate(own(), { commonName: 'carol', uid: 'the-uid' }),
      {
        username: 'carol',
        uid: 'the-uid',
      },
    ],
    ['with an empty UID', () => clientCertificate(own(), { commonName: 'carol', uid: '' }), 401],
    ['expired', () => clientCertificate(own(), { commonName: 'carol' }, { expired: true }), 401],
    ['for servers', () => clientCertificate(own(), { commonName: 'carol' }, { usage: 'serverAuth' }), 401],
    ['of another CA', () => clientCertificate(newAuthority('other'), { commonName: 'carol' }), 401],
    [
      'of another CA of the same name',
      () => clientCertificate(newAuthority('kubernetes'), { commonName: 'carol' }),
      401,
    ],
  ])

  test('without a CN is nobody', async () => {
    // The anonymous may not go there.
    expect((await whoami(clientCertificate(own(), { commonName: '' }))).status).toBe(401)
  })

  test('of a CA that joins the file are taken from then on, and of one that leaves no more', async () => {
    const dora = clientCertificate(extraCA, { commonName: 'dora' })
    expect(await userOf(dora)).toBe(401)
    writeFileSync(inFolder('extra-ca'), extraCA.certificate)
    aMinuteLater()
    expect(await userOf(dora)).toMatchObject({ username: 'dora' })
    writeFileSync(inFolder('extra-ca'), 'no certificate')
    aMinuteLater()
    expect(await userOf(dora)).toMatchObject({ username: 'dora' })
    writeFileSync(inFolder('extra-ca'), newAuthority('another').certificate)
    aMinuteLater()
    expect(await userOf(dora)).toBe(401)
  })
})

describe('static and bootstrap tokens', () => {
  cases([
    [
      'of the file',
      () => 'alices-token',
      {
        username: 'alice',
        uid: 'u-1',
        groups: ['devs', 'system:authenticated'],
      },
    ],
    ['nearly of the file', () => 'alices-toke', 401],
    ['empty', () => '', 401],
    [
      'a bootstrap token',
      () => 'aaaaaa.0123456789abcdef',
      {
        username: 'system:bootstrap:aaaaaa',
        groups: ['system:bootstrappers', 'system:bootstrappers:aa', 'system:bootstrappers:zz', 'system:authenticated'],
      },
    ],
    ['that will expire', () => 'hhhhhh.0123456789abcdef', { groups: ['system:bootstrappers', 'system:authenticated'] }],
    ['with another secret', () => 'aaaaaa.0123456789abcdee', 401],
    ['in capitals', () => 'AAAAAA.0123456789abcdef', 401],
    ['that there is not', () => 'zzzzzz.0123456789abcdef', 401],
    ['expired', () => 'bbbbbb.0123456789abcdef', 401],
    ['with an expiry that is no time', () => 'eeeeee.0123456789abcdef', 401],
    ['not for authentication', () => 'cccccc.0123456789abcdef', 401],
    ['with a group of another kind', () => 'dddddd.0123456789abcdef', 401],
    ['of another type', () => 'ffffff.0123456789abcdef', 401],
    ['whose Secret is of another token', () => 'gggggg.0123456789abcdef', 401],
  ])
})

describe('service account tokens', () => {
  const account = {
    username: 'system:serviceaccount:default:builder',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
  }
  const tampered = async () => {
    const [head, body, signature] = (await serviceAccountToken()).split('.')
    const claims = JSON.parse(Buffer.from(body!, 'base64url').toString())
    claims.sub = 'system:serviceaccount:kube-system:admin'
    claims['kubernetes.io'].namespace = 'kube-system'
    return [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')
  }
  const withHeader = async (header: object, sign: (text: string) => string) => {
    const [, body] = (await serviceAccountToken()).split('.')
    const text = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${body}`
    return `${text}.${sign(text)}`
  }
  const hs256 = (text: string) => createHmac('sha256', pki.serviceAccountKey.publicKey).update(text).digest('base64url')

  cases([
    [
      'good',
      () => serviceAccountToken(),
      {
        ...account,
        extra: { 'authentication.kubernetes.io/credential-id': ['JTI=the-id'] },
      },
    ],
    ['without kid', () => serviceAccountToken({}, { kid: undefined }), account],
    ['without exp', () => serviceAccountToken({ exp: undefined }), account],
    ['just expired, within the leeway', () => serviceAccountToken({ exp: seconds() - 30 }), account],
    ['expired', () => serviceAccountToken({ exp: seconds() - 90 }), 401],
    ['of the future', () => serviceAccountToken({ nbf: seconds() + 120 }), 401],
    ['issued in the future', () => serviceAccountToken({ iat: seconds() + 120 }), 401],
    ['for another audience', () => serviceAccountToken({ aud: ['vault'] }), 401],
    ['of another issuer', () => serviceAccountToken({ iss: 'https://elsewhere' }), 401],
    ['with another kid', () => serviceAccountToken({}, { kid: 'another' }), 401],
    ['with critical headers', () => serviceAccountToken({}, { crit: ['b64'], b64: true }), 401],
    ['tampered', tampered, 401],
    ['with alg none', () => withHeader({ alg: 'none' }, () => ''), 401],
    ['with alg none and a signature', () => withHeader({ alg: 'none' }, hs256), 401],
    ['with HS256 and the public key', () => withHeader({ alg: 'HS256' }, hs256), 401],
    [
      'of an account that is gone',
      () =>
        serviceAccountToken({
          sub: 'system:serviceaccount:default:gone',
          'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'gone', uid: 'u' } },
        }),
      401,
    ],
    [
      'of the account before',
      () =>
        serviceAccountToken({
          'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'builder', uid: 'another' } },
        }),
      401,
    ],
    [
      'bound to a pod that is gone',
      () =>
        serviceAccountToken({
          'kubernetes.io': {
            namespace: 'default',
            serviceaccount: { name: 'builder', uid: builder.metadata.uid },
            pod: { name: 'gone', uid: 'u' },
          },
        }),
      401,
    ],
    ['without its own claims', () => serviceAccountToken({ 'kubernetes.io': undefined }), 401],
    ['garbage', () => 'a.b.c', 401],
    ['large', () => serviceAccountToken({ padding: 'x'.repeat(40_000) }), account],
    ['too large', () => serviceAccountToken({ padding: 'x'.repeat(60_000) }), 401],
  ])

  describe('of Secrets', () => {
    cases([
      ['good', () => legacyToken, account],
      ['that the Secret does not hold', () => legacyToken.replace(/.{4}$/, 'AAAA'), 401],
      [
        'of an unknown Secret',
        () =>
          signed({
            iss: 'kubernetes/serviceaccount',
            sub: 'system:serviceaccount:default:builder',
            'kubernetes.io/serviceaccount/namespace': 'default',
            'kubernetes.io/serviceaccount/secret.name': 'gone',
            'kubernetes.io/serviceaccount/service-account.name': 'builder',
            'kubernetes.io/serviceaccount/service-account.uid': builder.metadata.uid,
          }),
        401,
      ],
      ['without claims', () => signed({ iss: 'kubernetes/serviceaccount', sub: 'x' }), 401],
      ['marked invalid', () => invalidToken, 401],
    ])

    test('are noted as used, each day once', async () => {
      const label = async (name: string) =>
        (await client.resource(secrets).namespace('default').get(name)).metadata.labels?.[
          'kubernetes.io/legacy-token-last-used'
        ]
      const today = new Date().toISOString().slice(0, 10)
      await userOf(legacyToken)
      await userOf(invalidToken)
      await expect.poll(() => label('manual')).toBe(today)
      await expect.poll(() => label('invalid')).toBe(today)
    })

    test('that nobody asked for come with a warning', async () => {
      const { headers } = await whoami(autoToken)
      expect(headers['warning']).toBe(
        '299 - "Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens."',
      )
      expect((await whoami(legacyToken)).headers['warning']).toBeUndefined()
    })
  })
})

describe('ID tokens', () => {
  const ada = { sub: 'ada', groups: ['devs'], uid: 'u-7' }
  cases([
    [
      'mapped',
      () => issuer.token({ ...ada, jti: 'j-1', org: { team: 'blue' } }),
      {
        username: 'oidc:ada',
        uid: 'u-7',
        groups: ['oidc:devs', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': ['JTI=j-1'], 'example.com/team': ['blue'] },
      },
    ],
    ['signed on a curve', () => issuer.token(ada, { alg: 'ES384' }), { username: 'oidc:ada' }],
    ['without kid', () => issuer.token(ada, { kid: '' }), { username: 'oidc:ada' }],
    ['for several', () => issuer.token({ ...ada, aud: ['x', 'other'] }), { username: 'oidc:ada' }],
    [
      'with one group as text',
      () => issuer.token({ ...ada, groups: 'solo' }),
      {
        groups: ['oidc:solo', 'system:authenticated'],
      },
    ],
    [
      'with a claim whose name has a dot',
      () => issuer.token({ ...ada, 'kubernetes.io': { node: 'n1' } }),
      {
        extra: { 'example.com/node': ['n1'] },
      },
    ],
    ['expired', () => issuer.token({ ...ada, exp: seconds() - 1 }), 401],
    ['without exp', () => issuer.token({ ...ada, exp: undefined }), 401],
    ['of the future', () => issuer.token({ ...ada, nbf: seconds() + 120 }), 401],
    ['for another client', () => issuer.token({ ...ada, aud: 'nobody' }), 401],
    ['without a subject', () => issuer.token({ uid: 'u' }), 401],
    ['without a UID', () => issuer.token({ sub: 'ada' }), 401],
    ['with groups that are none', () => issuer.token({ ...ada, groups: [1] }), 401],
    ['refused by a claim rule', () => issuer.token({ ...ada, banned: true }), 401],
    ['refused by a user rule', () => issuer.token({ ...ada, sub: 'the-admin' }), 401],
    ['with a kid that there is not', () => issuer.token(ada, { kid: 'unknown' }), 401],
    [
      'tampered',
      async () =>
        (await issuer.token(ada)).replace(
          /\.[^.]+\./,
          `.${Buffer.from(
            JSON.stringify({ iss: issuer.url, aud: 'k8ts', exp: seconds() + 600, ...ada, sub: 'eve' }),
          ).toString('base64url')}.`,
        ),
      401,
    ],
    [
      'with alg none',
      async () => {
        const [, body] = (await issuer.token(ada)).split('.')
        return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`
      },
      401,
    ],
  ])

  test('with groups elsewhere: they are fetched there', async () => {
    issuer.distributed = { groups: ['far', 'away'] }
    const names = { _claim_names: { groups: 's' } }
    const source = (token: string) => ({
      _claim_sources: { s: { endpoint: `${issuer.url}/groups`, access_token: token } },
    })
    expect(
      await userOf(await issuer.token({ sub: 'ada', uid: 'u', ...names, ...source('groups-please') })),
    ).toMatchObject({
      groups: ['oidc:far', 'oidc:away', 'system:authenticated'],
    })
    expect(await userOf(await issuer.token({ sub: 'ada', uid: 'u', ...names, ...source('wrong') }))).toBe(401)
  })

  test('after the issuer’s keys were exchanged: they are fetched when they are needed', async () => {
    const old = await issuer.token({ ...ada, jti: 'old' })
    await issuer.rotate()
    const before = issuer.fetches
    const fresh = await issuer.token({ ...ada, jti: 'new' })
    expect(await userOf(fresh)).toMatchObject({ username: 'oidc:ada' })
    expect(await userOf(old)).toBe(401)
    expect(issuer.fetches).toBe(before + 2)
    // Remembered by the hash of the token.
    await userOf(fresh)
    expect(issuer.fetches).toBe(before + 2)
  })

  test('of a real provider, after a sign-in with redirects and forms', async () => {
    const token = await provider.idToken('grace')
    expect(await userOf(token)).toMatchObject({
      username: 'grace@example.com',
      groups: ['provider:devs', 'provider:ops', 'system:authenticated'],
    })
  })

  test('follow the configuration file; one that is wrong changes nothing', async () => {
    const token = await issuer.token({ ...ada, jti: 'again' })
    expect(await userOf(token)).toMatchObject({ username: 'oidc:ada' })
    const complain = async (text: string, complaint: string) => {
      writeFileSync(inFolder('config'), text)
      aMinuteLater()
      await expect.poll(() => logged.join('\n')).toContain(complaint)
      expect(await userOf(token)).toMatchObject({ username: 'oidc:ada' })
    }
    await complain(
      configuration().replace('jwt:', 'jwts: []\njwt:'),
      String.raw`strict decoding error: unknown field \"jwts\"`,
    )
    await complain(
      configuration().replace('prefix: "oidc:" }\n    groups', '}\n    groups'),
      'jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing',
    )
    await complain(
      configuration().replace('/readyz', '/healthz'),
      'anonymous: Forbidden: changed from initial configuration file',
    )
    writeFileSync(inFolder('config'), configuration().replaceAll('"oidc:"', '"new:"'))
    aMinuteLater()
    await expect
      .poll(() => userOf(token))
      .toMatchObject({ username: 'new:ada', groups: ['new:devs', 'system:authenticated'] })
    writeFileSync(inFolder('config'), configuration())
    aMinuteLater()
    await expect.poll(() => userOf(token)).toMatchObject({ username: 'oidc:ada' })
  })

  test('are counted, and so are the reloads and the fetched keys', async () => {
    const { text } = await server.transport().request({ method: 'GET', path: '/metrics' })
    const value = (name: string, labels: string) =>
      Number(new RegExp(`^apiserver_authentication_${name}{[^\n]*${labels}[^\n]*} (.*)$`, 'm').exec(text!)?.[1] ?? 0)
    const hash = `jwt_issuer_hash="sha256:${createHash('sha256').update(issuer.url).digest('hex')}"`
    for (const result of ['success', 'failure'])
      expect(value('jwt_authenticator_latency_seconds_count', `${hash},result="${result}"`)).toBeGreaterThan(0)
    expect(value('jwt_authenticator_jwks_fetch_last_timestamp_seconds', `${hash},result="success"`)).toBeGreaterThan(0)
    expect(value('jwt_authenticator_jwks_fetch_last_key_set_info', hash)).toBe(1)
    expect(value('config_controller_automatic_reloads_total', 'status="success"')).toBe(2)
    expect(value('config_controller_automatic_reloads_total', 'status="failure"')).toBe(3)
  })
})

describe('webhook tokens', () => {
  cases([
    [
      'good',
      () => 'webhook-good',
      {
        username: 'wanda',
        uid: 'w',
        groups: ['hooks', 'system:authenticated'],
        extra: { 'example.com/by': ['webhook'] },
      },
    ],
    ['after two failures', () => 'webhook-flaky', { username: 'flo' }],
    ['unknown', () => 'webhook-unknown', 401],
    ['with an error', () => 'webhook-error', 401],
    ['answered with garbage', () => 'webhook-garbage', 401],
    ['answered with something else', () => 'webhook-other-kind', 401],
    ['answered with odd groups', () => 'webhook-odd-groups', 401],
  ])

  test('are asked about once, at the path of the kubeconfig', async () => {
    const count = () => asked.filter(({ body }) => body.spec.token === 'webhook-good').length
    await userOf('webhook-good')
    const before = count()
    await Promise.all([userOf('webhook-good'), userOf('webhook-good')])
    expect(count()).toBe(before)
    expect(asked.find(({ body }) => body.spec.token === 'webhook-good')).toEqual({
      path: '/review?timeout=30s',
      body: {
        kind: 'TokenReview',
        apiVersion: 'authentication.k8s.io/v1',
        metadata: {},
        spec: { token: 'webhook-good', audiences: [saIssuer] },
        status: { user: {} },
      },
    })
  })

  test('are nobody’s when the webhook’s certificate is not trusted', async () => {
    const ask = (ca: string) => {
      const transport = httpsTransport({ env, server: webhook.url, ca, token: 'of-the-api-server' })
      const authenticator = new WebhookTokenAuthenticator({ env, transport, path: '/', version: 'v1', audiences: [] })
      return authenticator.authenticateToken('webhook-good', { headers: {} }).finally(() => transport.close())
    }
    expect(await ask(outsideCA.certificate)).toMatchObject({ name: 'wanda' })
    expect(await ask(newAuthority('another').certificate)).toBeInstanceOf(InvalidCredentials)
  })

  test('are for those that the webhook says', async () => {
    expect(await review('webhook-vault', ['vault', 'x'])).toMatchObject({ authenticated: true, audiences: ['vault'] })
    expect(await review('webhook-vault')).toEqual({ user: {}, error: 'invalid bearer token' })
  })
})

describe('AWS tokens', () => {
  const admin = 'arn:aws:sts::111122223333:assumed-role/Admin/me@example.com|111122223333|AROAX:me@example.com'
  const at = (identity: string, more: Parameters<typeof eksToken>[2] = {}) => eksToken(sts.url, identity, more)
  const refused: readonly Case[] = (
    [
      ['of nobody that is mapped', 'arn:aws:sts::111122223333:assumed-role/Other/s|111122223333|A:s', {}],
      ['of a partition there is not', 'arn:mars:iam::111122223333:user/Bob|111122223333|A', {}],
      ['that STS refuses', 'arn', {}],
      ['for another action', admin, { change: { Action: 'AssumeRole' } }],
      ['with a parameter too many', admin, { change: { Policy: 'x' } }],
      ['with a parameter twice', admin, { change: { action: 'GetCallerIdentity' } }],
      ['without the signed header', admin, { change: { 'X-Amz-SignedHeaders': 'host' } }],
      ['without the host signed', admin, { change: { 'X-Amz-SignedHeaders': 'x-k8s-aws-id' } }],
      ['that lives too long', admin, { change: { 'X-Amz-Expires': '901' } }],
      ['without a lifetime', admin, { drop: ['X-Amz-Expires'] }],
      ['without a date', admin, { drop: ['X-Amz-Date'] }],
      ['of a quarter of an hour ago', admin, { at: Date.now() - 16 * 60_000 }],
    ] as const
  ).map(([name, identity, more]) => [name, () => at(identity, more), 401])

  cases([
    [
      'of a role',
      () => at(admin),
      {
        username: 'admin:111122223333:me-example.com',
        uid: 'aws-iam-authenticator:111122223333:AROAX',
        groups: ['ops', 'raw:me@example.com', 'system:authenticated'],
        extra: {
          arn: ['arn:aws:sts::111122223333:assumed-role/Admin/me@example.com'],
          canonicalArn: ['arn:aws:iam::111122223333:role/Admin'],
          accessKeyId: ['ASIAEXAMPLE'],
          sessionName: ['me@example.com'],
          principalId: ['AROAX'],
        },
      },
    ],
    [
      'of an instance',
      () => at('arn:aws:sts::111122223333:assumed-role/Node/i-0123456789abcdef0|111122223333|A:i-0123456789abcdef0'),
      {
        username: 'system:node:i-0123456789abcdef0.internal',
        groups: ['system:nodes', 'system:authenticated'],
      },
    ],
    [
      'of a user',
      () => at('arn:aws:iam::111122223333:user/Bob|111122223333|AIDAX'),
      {
        username: 'bob',
        groups: ['devs', 'system:authenticated'],
      },
    ],
    [
      'of an account that is let in',
      () => at('arn:aws:iam::444455556666:user/Any|444455556666|AIDAY'),
      {
        username: 'arn:aws:iam::444455556666:user/Any',
        groups: ['system:authenticated'],
      },
    ],
    ...refused,
    ['to another host', () => eksToken('https://sts.evil.example', admin), 401],
    ['to another path', () => eksToken(`${sts.url}/elsewhere`, admin), 401],
    ['with a user in the URL', () => eksToken(sts.url.replace('//', '//user@'), admin), 401],
    ['without encryption', () => eksToken('http://sts.amazonaws.com', admin), 401],
    ['that is no URL', () => `k8s-aws-v1.${Buffer.from('nothing').toString('base64url')}`, 401],
    ['oversized', () => `k8s-aws-v1.${'a'.repeat(5000)}`, 401],
  ])

  test('are asked about with the cluster’s name, once, and mapped anew each time', async () => {
    const token = at(`${admin}`, { at: Date.now() - 1000 })
    await userOf(token)
    const before = sts.asked.length
    const maps = client.resource(configMaps).namespace('kube-system')
    const map = await maps.get('aws-auth')
    await maps.update({
      ...map,
      data: { mapRoles: '- {rolearn: "arn:aws:iam::111122223333:role/Admin", username: other}' },
    } as never)
    expect(await userOf(token)).toMatchObject({ username: 'other' })
    await maps.update({ ...(await maps.get('aws-auth')), data: map['data'] } as never)
    expect(sts.asked.length).toBe(before)
    expect(sts.asked.every(({ clusterID }) => clusterID === 'test-cluster')).toBe(true)
  })
})

describe('who shows nothing', () => {
  test.each([
    ['/livez', 200],
    ['/readyz', 200],
    ['/livez/ping', 401],
    ['/version', 401],
    ['/api', 401],
  ])('may see %s: %i', async (path, status) => {
    expect((await call(undefined, 'GET', path)).status).toBe(status)
  })
})

describe('TokenReview', () => {
  test('tells user, audiences and extra', async () => {
    expect(await review(await serviceAccountToken({ aud: [saIssuer, 'vault'] }), ['vault', 'x'])).toEqual({
      authenticated: true,
      audiences: ['vault'],
      user: {
        username: 'system:serviceaccount:default:builder',
        uid: builder.metadata.uid,
        groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': ['JTI=the-id'] },
      },
    })
    expect(await review('alices-token')).toMatchObject({ authenticated: true, audiences: [saIssuer] })
    expect(await review(await issuer.token({ sub: 'ada', uid: 'u' }))).toMatchObject({
      authenticated: true,
      audiences: [saIssuer],
      user: { username: 'oidc:ada' },
    })
  })

  test('of a token for others, or of none, says so', async () => {
    expect(await review('alices-token', ['vault'])).toEqual({ user: {}, error: 'invalid bearer token' })
    expect(await review(await serviceAccountToken({ exp: seconds() - 90 }))).toEqual({
      user: {},
      error: '[invalid bearer token, service account token has expired]',
    })
  })
})

describe('a client whose credentials change', () => {
  test('shows what is current, and asks for others after a refusal', async () => {
    const carol = clientCertificate(pki.certificateAuthority, { commonName: 'carol' })
    const dora = clientCertificate(pki.certificateAuthority, { commonName: 'dora' })
    const given = [
      { token: 'not-good' },
      { certificate: carol.certificate, key: carol.privateKey },
      { certificate: dora.certificate, key: dora.privateKey },
      { token: 'alices-token' },
    ]
    const transport = httpsTransport({
      env,
      server: `https://127.0.0.1:${server.port}`,
      ca: pki.certificateAuthority.certificate,
      credentials: {
        current: async () => given[0]!,
        refused: async credentials => {
          if (credentials === given[0]) given.shift()
        },
      },
    })
    const who = async () => {
      const { status, body } = await transport.request({
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      })
      return status === 201 ? (body as any).status.userInfo.username : status
    }
    expect([await who(), await who(), await who()]).toEqual([401, 'carol', 'carol'])
    given.shift()
    expect(await who()).toBe('dora')
    given.shift()
    expect(await who()).toBe('alice')
    transport.close()
  })
})

test('the audit log is told of tokens that should be others', async () => {
  audited.length = 0
  await userOf(autoToken)
  await userOf(legacyToken)
  await userOf(
    await serviceAccountToken({
      'kubernetes.io': {
        namespace: 'default',
        serviceaccount: { name: 'builder', uid: builder.metadata.uid },
        warnafter: seconds() - 100,
      },
    }),
  )
  const annotations = audited
    .filter(event => event.stage === 'ResponseComplete')
    .map(event =>
      Object.fromEntries(Object.entries(event.annotations).filter(([key]) => key.startsWith('authentication'))),
    )
  const name = 'system:serviceaccount:default:builder'
  expect(annotations).toEqual([
    {
      'authentication.k8s.io/legacy-token': name,
      'authentication.k8s.io/legacy-token-autogenerated-secret': 'auto',
    },
    { 'authentication.k8s.io/legacy-token': name, 'authentication.k8s.io/legacy-token-manual-secret': 'manual' },
    {
      'authentication.k8s.io/stale-token': expect.stringMatching(
        /^subject: system:serviceaccount:default:builder, seconds after warning threshold: 10\d$/,
      ),
    },
  ])
})

test('no credential is ever logged', async () => {
  await userOf(`webhook-${randomUUID()}`)
  const log = logged.join('\n')
  const secret = [...shown].filter(token => token.length > 8)
  expect(secret.length).toBeGreaterThan(50)
  expect(secret.filter(token => log.includes(token))).toEqual([])
  // The URL within AWS' tokens is one as well.
  expect(log).not.toContain('X-Amz-Signature')
})
