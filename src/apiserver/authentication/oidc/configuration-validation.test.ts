import { expect, test } from 'vitest'
import { aggregateMessage, fieldErrorMessage } from '../../../machinery/field-error.ts'
import { authenticatorFromFlags, parseAuthenticationConfiguration } from './authentication-configuration.ts'
import { validateConfiguration } from './configuration-validation.ts'

const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n'
const issuer = { url: 'https://issuer-url', audiences: ['audience'] }
const claimMappings = { username: { claim: 'sub', prefix: '' } }

async function problemsOf(jwt: readonly object[], more: object = {}, disallowed: readonly string[] = []) {
  const configuration = await parseAuthenticationConfiguration(
    JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AuthenticationConfiguration',
      jwt,
      ...more,
    }),
  )
  const { errors } = await validateConfiguration(configuration, disallowed)
  return errors.length === 0 ? '' : aggregateMessage(errors.map(fieldErrorMessage))
}

const one = (more: object) => [{ issuer, claimMappings, ...more }]
const withIssuer = (more: object) => one({ issuer: { ...issuer, ...more } })
const withUsername = (expression: string, more: object = {}) =>
  one({ claimMappings: { username: { expression } }, ...more })
const needsVerified = (expression: string) =>
  `jwt[0].claimMappings.username.expression: Invalid value: ${JSON.stringify(expression)}: claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression`

test.each<[expected: string, jwt: readonly object[]]>([
  ['', []],
  ['', one({})],
  ['jwt[1].issuer.url: Duplicate value: "https://issuer-url"', [...one({}), ...one({})]],
  ['jwt[0].issuer.url: Required value', withIssuer({ url: '' })],
  ['jwt[0].issuer.url: Invalid value: "invalid-url": URL scheme must be https', withIssuer({ url: 'invalid-url' })],
  [
    'jwt[0].issuer.url: Invalid value: "https://issuer-url:invalid-port": parse "https://issuer-url:invalid-port": invalid port ":invalid-port" after host',
    withIssuer({ url: 'https://issuer-url:invalid-port' }),
  ],
  [
    'jwt[0].issuer.url: Invalid value: "http://issuer-url": URL scheme must be https',
    withIssuer({ url: 'http://issuer-url' }),
  ],
  [
    'jwt[0].issuer.url: Invalid value: "https://user:pass@issuer-url": URL must not contain a username or password',
    withIssuer({ url: 'https://user:pass@issuer-url' }),
  ],
  [
    'jwt[0].issuer.url: Invalid value: "https://issuer-url?query": URL must not contain a query',
    withIssuer({ url: 'https://issuer-url?query' }),
  ],
  [
    'jwt[0].issuer.url: Invalid value: "https://issuer-url#fragment": URL must not contain a fragment',
    withIssuer({ url: 'https://issuer-url#fragment' }),
  ],
  [
    'jwt[0].issuer.discoveryURL: Invalid value: "https://issuer-url///": discoveryURL must be different from URL',
    withIssuer({ discoveryURL: 'https://issuer-url///' }),
  ],
  [
    'jwt[0].issuer.discoveryURL: Invalid value: "http://d": URL scheme must be https',
    withIssuer({ discoveryURL: 'http://d' }),
  ],
  [
    'jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required',
    withIssuer({ audiences: [] }),
  ],
  ['jwt[0].issuer.audiences[0]: Required value', withIssuer({ audiences: [''] })],
  [
    'jwt[0].issuer.audiences[1]: Duplicate value: "a"',
    withIssuer({ audiences: ['a', 'a'], audienceMatchPolicy: 'MatchAny' }),
  ],
  [
    'jwt[0].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences',
    withIssuer({ audiences: ['a', 'b'] }),
  ],
  [
    'jwt[0].issuer.audienceMatchPolicy: Invalid value: "MatchExact": audienceMatchPolicy must be empty or MatchAny for single audience',
    withIssuer({ audienceMatchPolicy: 'MatchExact' }),
  ],
  [
    'jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates',
    withIssuer({ certificateAuthority: 'x' }),
  ],
  [
    'jwt[0].issuer.egressSelectorType: Invalid value: "panda": egress selector must be either controlplane or cluster',
    withIssuer({ egressSelectorType: 'panda' }),
  ],
  ['jwt[0].claimMappings.username: Required value: claim or expression is required', one({ claimMappings: {} })],
  [
    'jwt[0].claimMappings.username: Invalid value: "": claim and expression can\'t both be set',
    one({ claimMappings: { username: { claim: 'sub', prefix: '', expression: 'claims.sub' } } }),
  ],
  [
    'jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing',
    one({ claimMappings: { username: { claim: 'sub' } } }),
  ],
  [
    'jwt[0].claimMappings.username.prefix: Invalid value: "x": may not be specified when expression is set',
    one({ claimMappings: { username: { expression: 'claims.sub', prefix: 'x' } } }),
  ],
  [
    'jwt[0].claimMappings.uid: Invalid value: "": claim and expression can\'t both be set',
    one({ claimMappings: { ...claimMappings, uid: { claim: 'a', expression: 'claims.a' } } }),
  ],
  [
    'jwt[0].claimMappings.extra[0].key: Invalid value: "a.io/X": must be lowercase',
    one({ claimMappings: { ...claimMappings, extra: [{ key: 'a.io/X', valueExpression: 'claims.a' }] } }),
  ],
  [
    'jwt[0].claimMappings.extra[0].key: Invalid value: "sub.k8s.io/x": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
    one({ claimMappings: { ...claimMappings, extra: [{ key: 'sub.k8s.io/x', valueExpression: 'claims.a' }] } }),
  ],
  [
    'jwt[0].claimMappings.extra[0].valueExpression: Required value',
    one({ claimMappings: { ...claimMappings, extra: [{ key: 'a.io/x' }] } }),
  ],
  [
    'jwt[0].claimMappings.extra[1].key: Duplicate value: "a.io/x"',
    one({
      claimMappings: {
        ...claimMappings,
        extra: [
          { key: 'a.io/x', valueExpression: 'claims.a' },
          { key: 'a.io/x', valueExpression: 'claims.b' },
        ],
      },
    }),
  ],
  [
    'jwt[0].claimValidationRules[1].claim: Duplicate value: "foo"',
    one({ claimValidationRules: [{ claim: 'foo' }, { claim: 'foo' }] }),
  ],
  [
    'jwt[0].claimValidationRules[0]: Required value: claim or expression is required',
    one({ claimValidationRules: [{}] }),
  ],
  [
    'jwt[0].claimValidationRules[0]: Invalid value: "foo": claim and expression can\'t both be set',
    one({ claimValidationRules: [{ claim: 'foo', expression: 'true' }] }),
  ],
  [
    'jwt[0].claimValidationRules[0].message: Invalid value: "m": may not be specified when claim is set',
    one({ claimValidationRules: [{ claim: 'foo', message: 'm' }] }),
  ],
  [
    'jwt[0].claimValidationRules[0].requiredValue: Invalid value: "v": may not be specified when expression is set',
    one({ claimValidationRules: [{ requiredValue: 'v', expression: 'true' }] }),
  ],
  [
    'jwt[0].claimValidationRules[0].expression: Invalid value: "claims.foo": must evaluate to bool',
    one({ claimValidationRules: [{ expression: 'claims.foo' }] }),
  ],
  [
    'jwt[0].userValidationRules[1].expression: Duplicate value: "user.username == \'foo\'"',
    one({ userValidationRules: [{ expression: "user.username == 'foo'" }, { expression: "user.username == 'foo'" }] }),
  ],
  ['jwt[0].userValidationRules[0].expression: Required value', one({ userValidationRules: [{}] })],
  ['', one({ userValidationRules: [{ expression: "user.extra['a'].all(x, x in user.groups) && user.uid != ''" }] })],
  [needsVerified('claims.email'), withUsername('claims.email')],
  [
    needsVerified("['yay', string(claims.email), 'panda'].join(' ')"),
    withUsername("['yay', string(claims.email), 'panda'].join(' ')"),
  ],
  [needsVerified('claims.?email'), withUsername('claims.?email')],
  [needsVerified('{claims.?email: "panda"}'), withUsername('{claims.?email: "panda"}')],
  [needsVerified('["a"].map(i, i + claims.email)'), withUsername('["a"].map(i, i + claims.email)')],
  ['', withUsername("claims.email_verified ? claims.email : ''")],
  ['', withUsername('claims.email', { claimValidationRules: [{ expression: 'claims.email_verified == true' }] })],
  [
    '',
    one({
      claimMappings: {
        username: { expression: 'claims.email' },
        extra: [{ key: 'a.io/v', valueExpression: 'string(claims.email_verified)' }],
      },
    }),
  ],
  [
    `[jwt[0].claimValidationRules[0].expression: Invalid value: "claims.?email_verified.orValue(true)": must evaluate to bool, ${needsVerified('{claims.?email: "panda"}')}]`,
    withUsername('{claims.?email: "panda"}', {
      claimValidationRules: [{ expression: 'claims.?email_verified.orValue(true)' }],
    }),
  ],
])('%s', async (expected, jwt) => {
  expect(await problemsOf(jwt)).toEqual(expected)
})

test('an expression that does not compile is shown, with where', async () => {
  expect(await problemsOf(withUsername('claims..sub'))).toMatch(
    /^jwt\[0\]\.claimMappings\.username\.expression: Invalid value: "claims\.\.sub": compilation failed: ERROR: <input>:1:8: /,
  )
})

test('no other issuer may be the cluster’s own', async () => {
  expect(await problemsOf(one({}), {}, ['https://issuer-url', 'a'])).toBe(
    'jwt[0].issuer.url: Invalid value: "https://issuer-url": URL must not overlap with disallowed issuers: [a https://issuer-url]',
  )
})

test('there is an end to issuers, and conditions are for the anonymous who are let in', async () => {
  const many = Array.from({ length: 65 }, (_, index) => withIssuer({ url: `https://i${index}` })[0]!)
  expect(await problemsOf(many)).toBe('jwt: Too many: 65: must have at most 64 items')
  expect(await problemsOf([], { anonymous: { enabled: false, conditions: [{ path: '/livez' }] } })).toBe(
    'anonymous.conditions: Invalid value: [{"Path":"/livez"}]: enabled should be set to true when conditions are defined',
  )
})

test.each([
  ['', 'empty config data'],
  [
    'kind: AuthenticationConfiguration\napiVersion: v1',
    'no kind "AuthenticationConfiguration" is registered for version "v1"',
  ],
  [
    'apiVersion: apiserver.config.k8s.io/v1\nkind: Pod',
    'no kind "Pod" is registered for version "apiserver.config.k8s.io/v1"',
  ],
  [`${head}jwt: [{issuer: {uri: x}}]`, 'strict decoding error: unknown field "jwt[0].issuer.uri"'],
  [`${head}jwt: []\njwt: []`, 'strict decoding error: yaml: unmarshal errors:'],
  [
    `${head}jwt: 1`,
    'json: cannot unmarshal number into Go struct field AuthenticationConfiguration.jwt of type []v1.JWTAuthenticator',
  ],
])('a file is refused: %j', async (text, problem) => {
  await expect(parseAuthenticationConfiguration(text)).rejects.toThrow(problem)
})

test.each(['v1', 'v1beta1', 'v1alpha1'])('%s is read', async version => {
  const text = `apiVersion: apiserver.config.k8s.io/${version}\nkind: AuthenticationConfiguration\nanonymous: {enabled: true}`
  expect((await parseAuthenticationConfiguration(text)).anonymous).toEqual({ enabled: true })
})

test.each([
  [{}, { claim: 'sub', prefix: 'https://i#' }],
  [{ usernameClaim: 'email' }, { claim: 'email', prefix: '' }],
  [
    { usernameClaim: 'email', usernamePrefix: 'x:' },
    { claim: 'email', prefix: 'x:' },
  ],
  [{ usernamePrefix: '-' }, { claim: 'sub', prefix: '' }],
])('the flags %j ask for the user name %j', (flags, username) => {
  const declared = authenticatorFromFlags({ issuerURL: 'https://i', clientID: 'c', ...flags })
  expect(declared.claimMappings).toEqual({ username })
  expect(declared.issuer).toEqual({ url: 'https://i', audiences: ['c'] })
})
