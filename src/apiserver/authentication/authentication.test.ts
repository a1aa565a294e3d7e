import { describe, expect, test } from 'vitest'
import { anonymousAuthenticator } from './anonymous.ts'
import { type Authenticator, InvalidCredentials, type PeerCertificate } from './authenticator.ts'
import { bearerToken } from './bearer-token.ts'
import { ClientCertificateAuthenticator } from './client-certificate.ts'
import { parseTokenFile, StaticTokenAuthenticator } from './static-token.ts'
import { UnionAuthenticator } from './union.ts'

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

describe('the bearer token of a request', () => {
  const webSocket = `base64url.bearer.authorization.k8s.io.${Buffer.from('s3cret').toString('base64url')}`
  test.each<[string | undefined, Record<string, string>]>([
    ['abc', { authorization: 'Bearer abc' }],
    ['abc', { authorization: 'bearer abc' }],
    ['abc', { authorization: 'Bearer   abc  ' }],
    ['abc', { authorization: 'Bearer abc def' }],
    [undefined, { authorization: 'Bearer ' }],
    [undefined, { authorization: 'Bearer' }],
    [undefined, { authorization: 'Basic YTpi' }],
    [undefined, {}],
    ['s3cret', { 'sec-websocket-protocol': `v5.channel.k8s.io, ${webSocket}` }],
    [undefined, { 'sec-websocket-protocol': 'v5.channel.k8s.io' }],
    [undefined, { 'sec-websocket-protocol': 'base64url.bearer.authorization.k8s.io.***' }],
  ])('is %j in %j', (token, headers) => {
    expect(bearerToken(headers)).toBe(token)
  })
})

describe('client certificates', () => {
  const certificate: PeerCertificate = {
    commonName: 'alice',
    organizations: ['devs', 'ops'],
    fingerprint: 'ab12',
    authorized: true,
  }
  const authenticate = (peer: PeerCertificate | undefined) =>
    new ClientCertificateAuthenticator().authenticate({ headers: {}, peerCertificate: () => peer })

  test('CN is the user and each O a group', () => {
    expect(authenticate(certificate)).toEqual({
      name: 'alice',
      groups: ['devs', 'ops', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': ['X509SHA256=ab12'] },
    })
  })

  test('no certificate is nobody; one of another CA is wrong', () => {
    expect(authenticate(undefined)).toBeUndefined()
    expect(authenticate({ ...certificate, commonName: '' })).toBeUndefined()
    expect(authenticate({ ...certificate, authorized: false })).toBeInstanceOf(InvalidCredentials)
  })

  test('a connection is one user value', () => {
    const authenticator = new ClientCertificateAuthenticator()
    const request = { headers: {}, peerCertificate: () => certificate }
    expect(authenticator.authenticate(request)).toBe(authenticator.authenticate(request))
  })
})

describe('a token file', () => {
  test('has a user on each line', () => {
    expect(parseTokenFile('t1,alice,u1,"devs,ops"\r\n\nt2,bob\n"t,3","c""c",u3,one\n')).toEqual([
      ['t1', { name: 'alice', uid: 'u1', groups: ['devs', 'ops'] }],
      ['t2', { name: 'bob', groups: [] }],
      ['t,3', { name: 'c"c', uid: 'u3', groups: ['one'] }],
    ])
  })

  test.each(['token', ',name', 'a,b,c,d,e'])('refuses %j', line => {
    expect(() => parseTokenFile(`t,u\n${line}`)).toThrow('token file, line 2')
  })

  test('lets its users in', () => {
    const authenticator = new StaticTokenAuthenticator(parseTokenFile('t1,alice,u1,devs'))
    expect(authenticator.authenticate(bearer('t1'))).toEqual({
      name: 'alice',
      uid: 'u1',
      groups: ['devs', 'system:authenticated'],
    })
    expect(authenticator.authenticate(bearer('t2'))).toBeUndefined()
    expect(authenticator.authenticate({ headers: {} })).toBeUndefined()
  })
})

describe('several authenticators', () => {
  const user = { name: 'alice', groups: [] }
  const says = (answer: ReturnType<Authenticator['authenticate']>): Authenticator => ({ authenticate: () => answer })
  const wrong = new InvalidCredentials('wrong')
  const nobody = says(undefined)
  const anonymous = { anonymous: anonymousAuthenticator }
  const nothing = { headers: {} }

  test('the first that knows the sender decides', () => {
    expect(new UnionAuthenticator([nobody, says(user), says(wrong)]).authenticate(nothing)).toBe(user)
    expect(new UnionAuthenticator([says(wrong), says(user)]).authenticate(nothing)).toBe(user)
  })

  test('wrong credentials are not anonymous', () => {
    expect(new UnionAuthenticator([nobody, says(wrong)], anonymous).authenticate(nothing)).toBe(wrong)
    expect(new UnionAuthenticator([nobody], anonymous).authenticate(bearer('x'))).toBeInstanceOf(InvalidCredentials)
  })

  test('no credentials are anonymous, if that is allowed', () => {
    expect(new UnionAuthenticator([nobody], anonymous).authenticate(nothing)).toEqual({
      name: 'system:anonymous',
      groups: ['system:unauthenticated'],
    })
    expect(new UnionAuthenticator([nobody]).authenticate(nothing)).toBeUndefined()
  })

  test('an answer that takes time is waited for, and only then', async () => {
    const later = says(Promise.resolve(undefined))
    const union = new UnionAuthenticator([later, says(user)])
    expect(await union.authenticate(nothing)).toBe(user)
    expect(await new UnionAuthenticator([says(wrong), later]).authenticate(nothing)).toBe(wrong)
    expect(await new UnionAuthenticator([says(Promise.resolve(user))]).authenticate(nothing)).toBe(user)
    expect(new UnionAuthenticator([says(user), later]).authenticate(nothing)).toBe(user)
  })
})
