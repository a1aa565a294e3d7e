import { describe, expect, test } from 'vitest'
import { anonymousAuthenticator } from './anonymous.ts'
import { type Authenticator, InvalidCredentials, type PeerCertificate } from './authenticator.ts'
import { BearerTokenAuthenticator, bearerToken } from './bearer-token.ts'
import { ClientCertificateAuthenticator } from './client-certificate.ts'
import { parseTokenFile, StaticTokenAuthenticator } from './static-token.ts'
import { UnionAuthenticator } from './union.ts'

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

describe('the bearer token of a request', () => {
  const webSocket = `base64url.bearer.authorization.k8s.io.${Buffer.from('s3cret').toString('base64url')}`
  test.each<[string | undefined, Record<string, string>]>([
    ['abc', { authorization: 'Bearer abc' }],
    ['abc', { authorization: 'bearer abc' }],
    [undefined, { authorization: 'Bearer   abc  ' }],
    ['abc', { authorization: 'Bearer abc def' }],
    [undefined, { authorization: 'Bearer ' }],
    [undefined, { authorization: 'Bearer' }],
    [undefined, { authorization: 'Basic YTpi' }],
    [undefined, {}],
    ['s3cret', { 'sec-websocket-protocol': `v5.channel.k8s.io, ${webSocket}` }],
    [undefined, { 'sec-websocket-protocol': 'v5.channel.k8s.io' }],
    [undefined, { 'sec-websocket-protocol': 'v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.' }],
  ])('is %j in %j', (token, headers) => {
    expect(bearerToken(headers)).toBe(token)
  })

  test.each([
    ['invalid base64.bearer.authorization token encoding', 'a, base64url.bearer.authorization.k8s.io.***'],
    ['invalid base64.bearer.authorization token', `a, base64url.bearer.authorization.k8s.io._w`],
    ['missing additional subprotocol', webSocket],
    ['multiple base64.bearer.authorization tokens specified', `a, ${webSocket}, ${webSocket}`],
  ])('is wrong: %s', (reason, protocols) => {
    expect(bearerToken({ 'sec-websocket-protocol': protocols })).toEqual(new InvalidCredentials(reason))
  })

  test('behind more than one space is ignored, with a warning', () => {
    const notes = { warnings: [] }
    const answer = new BearerTokenAuthenticator([]).authenticate({ headers: { authorization: 'Bearer  abc' }, notes })
    expect([answer, notes.warnings]).toEqual([
      undefined,
      ['the provided Authorization header contains extra space before the bearer token, and is ignored'],
    ])
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
    new ClientCertificateAuthenticator({ now: () => 1000 }).authenticate({ headers: {}, peerCertificate: () => peer })

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
    expect(authenticate({ ...certificate, notAfter: 999 })).toBeInstanceOf(InvalidCredentials)
    expect(authenticate({ ...certificate, notAfter: 1000 })).toMatchObject({ name: 'alice' })
  })

  test('the UID attribute is the UID, if there is one that says something', () => {
    expect(authenticate({ ...certificate, uid: 'u-1' })).toMatchObject({ name: 'alice', uid: 'u-1' })
    expect(authenticate({ ...certificate, uidProblem: 'UID cannot be an empty string' })).toEqual(
      new InvalidCredentials('UID cannot be an empty string'),
    )
  })

  test('a connection is one user value', () => {
    const authenticator = new ClientCertificateAuthenticator({ now: () => 1000 })
    const request = { headers: {}, peerCertificate: () => certificate }
    expect(authenticator.authenticate(request)).toBe(authenticator.authenticate(request))
  })
})

describe('a token file', () => {
  test('has a user on each line', () => {
    const text = 't1,alice,u1,"devs,ops"\r\n\nt2,bob,\n"t,3","c""c",u3,one,more,columns\n t4, dave ,"u\n4", a\n'
    expect(parseTokenFile(text, '/tokens')).toEqual({
      users: [
        ['t1', { name: 'alice', uid: 'u1', groups: ['devs', 'ops'] }],
        ['t2', { name: 'bob', groups: [] }],
        ['t,3', { name: 'c"c', uid: 'u3', groups: ['one'] }],
        [' t4', { name: ' dave ', uid: 'u\n4', groups: [' a'] }],
      ],
      warnings: [],
    })
  })

  test.each([
    ["token file '/tokens' must have at least 3 columns (token, user name, user uid), found 2", 't,u'],
    ["token file '/tokens' must have at least 3 columns (token, user name, user uid), found 1", 't,u,i\ntoken'],
    ['parse error on line 1, column 2: bare " in non-quoted field', 'a"b,c,d'],
    ['parse error on line 2, column 9: extraneous or missing " in quoted-field', 'a,b,c\n"d",u,"e"f'],
    ['record on line 1; parse error on line 2, column 2: extraneous or missing " in quoted-field', 'a,b,"c\nd'],
  ])('is refused: %s', (message, text) => {
    expect(() => parseTokenFile(text, '/tokens')).toThrow(message)
  })

  test('may be odd: of a repeated token the last counts, and an empty one is nobody’s', () => {
    expect(parseTokenFile('t,a,1\n,b,2\nt,c,3', '/tokens')).toEqual({
      users: [['t', { name: 'c', uid: '3', groups: [] }]],
      warnings: [
        "empty token has been found in token file '/tokens', record number '2'",
        "duplicate token has been found in token file '/tokens', record number '3'",
      ],
    })
  })

  test('lets its users in', () => {
    const { users } = parseTokenFile('t1,alice,u1,devs', '/tokens')
    const authenticator = new BearerTokenAuthenticator([new StaticTokenAuthenticator(users)])
    expect(authenticator.authenticate(bearer('t1'))).toEqual({
      name: 'alice',
      uid: 'u1',
      groups: ['devs', 'system:authenticated'],
    })
    expect(authenticator.authenticate(bearer('t2'))).toEqual(new InvalidCredentials('invalid bearer token'))
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
    const tokens = new BearerTokenAuthenticator([])
    expect(new UnionAuthenticator([tokens], anonymous).authenticate(bearer('x'))).toBeInstanceOf(InvalidCredentials)
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
