import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, importSPKI, jwtVerify, SignJWT } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import type { KubeObject } from '../../api/resource.ts'
import { type VirtualEnv, virtualEnv } from '../../machinery/env/virtual-env.ts'
import { type AuthenticationNotes, InvalidCredentials } from './authenticator.ts'
import { BearerTokenAuthenticator } from './bearer-token.ts'
import { reviewToken } from './reviews.ts'
import { ServiceAccountTokenAuthenticator } from './service-account-token.ts'
import { ServiceAccountTokenIssuer } from './service-account-token-issuer.ts'
import { answerTokenRequest, prepareTokenRequest } from './token-request.ts'

const ec = pemPair(generateKeyPairSync('ec', { namedCurve: 'P-256' }))
const rsa = pemPair(generateKeyPairSync('rsa', { modulusLength: 2048 }))
const issuerURL = 'https://kubernetes.default.svc.cluster.local'

function pemPair({ publicKey, privateKey }: KeyPairKeyObjectResult): { publicKey: string; privateKey: string } {
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

let env: VirtualEnv
let objects: Map<string, KubeObject>
let issuer: ServiceAccountTokenIssuer
let authenticator: ServiceAccountTokenAuthenticator

const getter = {
  get: (resource: string, namespace: string, name: string) => objects.get(`${resource} ${namespace}/${name}`),
}

function put(resource: string, namespace: string, name: string, more: object = {}): KubeObject {
  const object = { metadata: { namespace: namespace || undefined, name, uid: `uid-of-${name}` }, ...more }
  objects.set(`${resource} ${namespace}/${name}`, object)
  return object
}

beforeEach(() => {
  env = virtualEnv()
  objects = new Map()
  put('serviceaccounts', 'dev', 'builder')
  put('pods', 'dev', 'pod', { spec: { serviceAccountName: 'builder', nodeName: 'n1' } })
  put('secrets', 'dev', 'secret')
  put('nodes', '', 'n1')
  issuer = new ServiceAccountTokenIssuer({ env, signingKey: ec.privateKey })
  authenticator = new ServiceAccountTokenAuthenticator({ env, keys: [ec.publicKey], objects: getter })
})

const account = { namespace: 'dev', serviceAccount: { name: 'builder', uid: 'uid-of-builder' } }
const issue = (more: object = {}) => issuer.issue({ ...account, expirationSeconds: 3600, ...more })
const show = (token: string, more: object = {}) => authenticator.authenticateToken(token, { headers: {}, ...more })
const reasonOf = (token: string, more: object = {}) => {
  const result = show(token, more)
  return result instanceof InvalidCredentials ? result.reason : result
}

describe('a token', () => {
  test('is its account', () => {
    const token = issue()
    expect(show(token)).toEqual({
      name: 'system:serviceaccount:dev:builder',
      uid: 'uid-of-builder',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:dev', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${decodeJwt(token).jti}`] },
    })
    expect(show(token)).toBe(show(token))
  })

  test('says what upstream’s says', () => {
    const now = env.clock.now() / 1000
    const token = issue({ pod: { name: 'pod', uid: 'p' }, node: { name: 'n1', uid: 'n' } })
    expect(decodeJwt(token)).toEqual({
      aud: [issuerURL],
      exp: now + 3600,
      iat: now,
      iss: issuerURL,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'kubernetes.io': {
        namespace: 'dev',
        node: { name: 'n1', uid: 'n' },
        pod: { name: 'pod', uid: 'p' },
        serviceaccount: { name: 'builder', uid: 'uid-of-builder' },
      },
      nbf: now,
      sub: 'system:serviceaccount:dev:builder',
    })
  })

  test.each(['ES256', 'RS256'] as const)('signed with %s is one that others can check', async algorithm => {
    const pair = algorithm === 'ES256' ? ec : rsa
    const token = new ServiceAccountTokenIssuer({ env, signingKey: pair.privateKey }).issue({
      ...account,
      expirationSeconds: 600,
    })
    expect(decodeProtectedHeader(token)).toEqual({ alg: algorithm, kid: expect.stringMatching(/^[\w-]{43}$/) })
    const key = await importSPKI(pair.publicKey, algorithm)
    const { payload } = await jwtVerify(token, key, { currentDate: new Date(env.clock.now()), issuer: issuerURL })
    expect(payload.sub).toBe('system:serviceaccount:dev:builder')
  })

  test('is good from a minute before its time to a minute after', async () => {
    const token = issue()
    await env.clock.advance(3660_000)
    expect(show(token)).toMatchObject({ name: 'system:serviceaccount:dev:builder' })
    await env.clock.advance(1)
    expect(reasonOf(token)).toBe('service account token has expired')
    expect(reasonOf(token)).toBe('service account token has expired')
  })

  test('of the future is not good yet', async () => {
    const early = new ServiceAccountTokenAuthenticator({
      env: virtualEnv({ start: env.clock.now() - 61_000 }),
      keys: [ec.publicKey],
      objects: getter,
    })
    expect(early.authenticateToken(issue(), { headers: {} })).toEqual(
      new InvalidCredentials('service account token is not valid yet'),
    )
  })

  test('is for its audiences only', () => {
    const token = issue({ audiences: ['vault'] })
    expect(reasonOf(token)).toBe(`token audiences ["vault"] is invalid for the target audiences ["${issuerURL}"]`)
    expect(show(token, { audiences: ['vault', 'x'] })).toMatchObject({ name: 'system:serviceaccount:dev:builder' })
    expect(reasonOf(token)).toBe(`token audiences ["vault"] is invalid for the target audiences ["${issuerURL}"]`)
  })

  test('that lives on for old clients is told of, once it should have been reread', async () => {
    const token = issue({ expirationSeconds: 365 * 24 * 3600, warnAfterSeconds: 3607 })
    const annotations = () => {
      const notes: AuthenticationNotes = { warnings: [] }
      show(token, { notes })
      return notes.credentialAnnotations
    }
    await env.clock.advance(3607_000)
    expect(annotations()).toBeUndefined()
    await env.clock.advance(61_000)
    expect(annotations()).toEqual({
      'authentication.k8s.io/stale-token':
        'subject: system:serviceaccount:dev:builder, seconds after warning threshold: 61',
    })
  })

  test('is good with any of the keys while they rotate', () => {
    const old = new ServiceAccountTokenIssuer({ env, signingKey: rsa.privateKey }).issue({
      ...account,
      expirationSeconds: 600,
    })
    expect(reasonOf(old)).toBe('invalid signature, no keys found')
    authenticator = new ServiceAccountTokenAuthenticator({ env, keys: [ec.publicKey, rsa.publicKey], objects: getter })
    expect(show(old)).toMatchObject({ name: 'system:serviceaccount:dev:builder' })
  })
})

describe('a token that is none', () => {
  const claims = () => ({ ...decodeJwt(issue()) })
  const forge = (alg: string, key: Uint8Array, payload = claims()) =>
    new SignJWT(payload).setProtectedHeader({ alg }).sign(key)

  test.each<[string, (token: string) => string]>([
    [
      'with another payload',
      token =>
        token.replace(/\.[^.]+\./, `.${Buffer.from(JSON.stringify({ ...claims(), sub: 'x' })).toString('base64url')}.`),
    ],
    ['with another signature', token => `${token.slice(0, -8)}AAAAAAAA`],
    ['without a signature', token => token.replace(/[^.]*$/, '')],
    [
      'with alg none',
      token => token.replace(/^[^.]*/, Buffer.from('{"alg":"none"}').toString('base64url')).replace(/[^.]*$/, ''),
    ],
    ['with garbage for a header', token => token.replace(/^[^.]*/, 'AAAA')],
  ])('%s is refused', (_name, spoil) => {
    expect(reasonOf(spoil(issue()))).toBe('go-jose/go-jose: error in cryptographic primitive')
  })

  test('signed with the public key as a secret is refused', async () => {
    expect(reasonOf(await forge('HS256', Buffer.from(ec.publicKey)))).toBe(
      'go-jose/go-jose: error in cryptographic primitive',
    )
  })

  test.each(['x', 'a.b.c', '..', 'e30.e30.e30', 'x'.repeat(70_000)])('is not ours to judge: %.20s', token => {
    expect(show(token)).toBeUndefined()
  })

  test('of another issuer is not ours to judge', () => {
    const other = new ServiceAccountTokenIssuer({ env, signingKey: ec.privateKey, issuer: 'https://elsewhere' })
    expect(show(other.issue({ ...account, expirationSeconds: 600 }))).toBeUndefined()
  })
})

describe('a bound token dies with', () => {
  const pod = { pod: { name: 'pod', uid: 'uid-of-pod' } }
  const secret = { secret: { name: 'secret', uid: 'uid-of-secret' } }
  const node = { node: { name: 'n1', uid: 'uid-of-n1' } }

  test.each<[string, object, string]>([
    ['service account', {}, 'serviceaccounts dev/builder'],
    ['pod', pod, 'pods dev/pod'],
    ['secret', secret, 'secrets dev/secret'],
    ['node', node, 'nodes /n1'],
  ])('its %s: when it goes, is replaced, or has been dying for a minute', async (what, bound, key) => {
    const isAccount = what === 'service account'
    const { uid } = objects.get(key)!.metadata
    const token = issue(bound)
    expect(show(token)).toMatchObject({ name: 'system:serviceaccount:dev:builder' })
    const object = objects.get(key)!

    objects.set(key, { ...object, metadata: { ...object.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } })
    await env.clock.advance(60_000)
    expect(show(token)).toMatchObject({ name: 'system:serviceaccount:dev:builder' })
    await env.clock.advance(1000)
    expect(reasonOf(token)).toBe(
      isAccount ? 'service account dev/builder has been deleted' : 'service account token has been invalidated',
    )

    objects.set(key, { ...object, metadata: { ...object.metadata, uid: 'another' } })
    expect(reasonOf(token)).toBe(
      isAccount
        ? `service account UID (another) does not match claim (${uid})`
        : `${what} UID (another) does not match service account ${what} ref claim (${uid})`,
    )

    objects.delete(key)
    expect(reasonOf(token)).toBe(
      isAccount ? 'serviceaccount "builder" not found' : 'service account token has been invalidated',
    )

    objects.set(key, object)
    expect(show(token)).toMatchObject({ name: 'system:serviceaccount:dev:builder' })
  })

  test('a pod’s token tells pod and node', () => {
    expect(show(issue({ ...pod, ...node }))).toMatchObject({
      extra: {
        'authentication.kubernetes.io/node-name': ['n1'],
        'authentication.kubernetes.io/node-uid': ['uid-of-n1'],
        'authentication.kubernetes.io/pod-name': ['pod'],
        'authentication.kubernetes.io/pod-uid': ['uid-of-pod'],
      },
    })
  })
})

describe('TokenRequest', () => {
  const request = (spec: object = {}, metadata: object = {}) => {
    const serviceAccount = objects.get('serviceaccounts dev/builder')!
    const prepared = prepareTokenRequest({ metadata, spec }, serviceAccount, issuer.audiences)
    return answerTokenRequest(prepared, serviceAccount, { issuer, objects: getter, now: env.clock.now() }).object
  }

  test('is filled in and answered', () => {
    const answer = request()
    expect(answer).toEqual({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { name: 'builder', namespace: 'dev', uid: 'uid-of-builder', creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: { audiences: [issuerURL], expirationSeconds: 3600, boundObjectRef: null },
      status: { expirationTimestamp: '2026-01-01T01:00:00Z', token: expect.any(String) },
    })
    expect(show(answer['status'].token)).toMatchObject({ name: 'system:serviceaccount:dev:builder' })
  })

  test('bound to a pod, is bound to its node as well', () => {
    const { token } = request({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'pod', uid: 'uid-of-pod' } })[
      'status'
    ]
    expect(decodeJwt(token)['kubernetes.io']).toMatchObject({
      pod: { name: 'pod', uid: 'uid-of-pod' },
      node: { name: 'n1', uid: 'uid-of-n1' },
    })
  })

  test('for the token of a pod’s volume, lasts a year, and says it should not', () => {
    const now = env.clock.now() / 1000
    const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'pod' }
    const expiry = (spec: object) => decodeJwt(request({ expirationSeconds: 3607, ...spec })['status'].token).exp
    const { token, expirationTimestamp } = request({ expirationSeconds: 3607, boundObjectRef })['status']
    expect(expirationTimestamp).toBe('2026-01-01T01:00:07Z')
    expect(decodeJwt(token)).toMatchObject({ exp: now + 365 * 24 * 3600, 'kubernetes.io': { warnafter: now + 3607 } })
    expect(expiry({})).toBe(now + 3607)
    expect(expiry({ boundObjectRef, audiences: ['vault'] })).toBe(now + 3607)
    issuer = new ServiceAccountTokenIssuer({ env, signingKey: ec.privateKey, extendExpiration: false })
    expect(expiry({ boundObjectRef })).toBe(now + 3607)
  })

  test('for longer than is allowed, is shortened, with a warning', () => {
    issuer = new ServiceAccountTokenIssuer({ env, signingKey: ec.privateKey, maxExpirationSeconds: 7200 })
    const serviceAccount = objects.get('serviceaccounts dev/builder')!
    const warnings: string[] = []
    const { object } = answerTokenRequest(
      prepareTokenRequest({ metadata: {}, spec: { expirationSeconds: 9000 } }, serviceAccount, issuer.audiences),
      serviceAccount,
      { issuer, objects: getter, now: env.clock.now(), warnings },
    )
    expect(object['spec'].expirationSeconds).toBe(7200)
    expect(warnings).toEqual(['requested expiration of 9000 seconds shortened to 7200 seconds'])
  })

  test.each<[string, object, object?]>([
    [
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
      { expirationSeconds: 599 },
    ],
    [
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
      { expirationSeconds: 2 ** 32 + 1 },
    ],
    ['Name parameter required.', { boundObjectRef: { kind: 'Pod', apiVersion: 'v1' } }],
    ['Name parameter required.', { boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: '' } }],
    ['pods "gone" not found', { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'gone' } }],
    [
      'Operation cannot be fulfilled on Pod "pod": the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated',
      { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'pod', uid: 'x' } },
    ],
    [
      'cannot bind token to object of type apps/v1, Kind=Deployment',
      { boundObjectRef: { kind: 'Deployment', apiVersion: 'apps/v1', name: 'd' } },
    ],
    [
      'TokenRequest.authentication.k8s.io "builder" is invalid: metadata.name: Invalid value: "x": must match the service account name if specified',
      {},
      { name: 'x' },
    ],
  ])('refuses: %s', (message, spec, metadata) => {
    expect(() => request(spec, metadata)).toThrow(message)
  })

  test('refuses a pod of another account', () => {
    put('pods', 'dev', 'other', { spec: { serviceAccountName: 'default' } })
    expect(() => request({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'other' } })).toThrow(
      'cannot bind token for serviceaccount "builder" to pod running with different serviceaccount name.',
    )
  })
})

describe('TokenReview', () => {
  test('tells whose a token is, and for whom', () => {
    const token = issue({ audiences: ['vault', 'x'] })
    const tokens = new BearerTokenAuthenticator([authenticator])
    expect(reviewToken({ token, audiences: ['vault', 'y'] }, tokens, [issuerURL])).toMatchObject({
      authenticated: true,
      user: { username: 'system:serviceaccount:dev:builder', uid: 'uid-of-builder' },
      audiences: ['vault'],
    })
    expect(reviewToken({ token }, tokens, [issuerURL])).toEqual({
      user: {},
      error: `[invalid bearer token, token audiences ["vault" "x"] is invalid for the target audiences ["${issuerURL}"]]`,
    })
    expect(reviewToken({ token: 'x' }, tokens, [issuerURL])).toEqual({ user: {}, error: 'invalid bearer token' })
    expect(() => reviewToken({}, tokens, [])).toThrow('token is required for TokenReview in authentication')
  })
})
