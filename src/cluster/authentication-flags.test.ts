import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { virtualEnv } from '../machinery/env/virtual-env.ts'
import { type AuthenticationFlags, authenticationOptions } from './authentication-flags.ts'
import { loadOrCreatePki } from './pki/pki.ts'

const folder = mkdtempSync(join(tmpdir(), 'flags-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const options = (flags: AuthenticationFlags) => authenticationOptions(flags, virtualEnv())
const oidc = { oidcIssuerUrl: 'https://issuer', oidcClientId: 'id' }

describe('what flags ask for', () => {
  test('nothing: bootstrap tokens, and the rest as it is by default', () => {
    expect(options({})).toMatchObject({ bootstrapTokens: true, oidc: undefined, eks: undefined })
    expect(options({})).not.toHaveProperty('anonymous')
  })

  test.each<[boolean, string, AuthenticationFlags]>([
    [false, 'by default', {}],
    [true, 'where everything is allowed', { authorizationMode: ['RBAC', 'AlwaysAllow'] }],
    [true, 'even when asked for', { authorizationMode: ['AlwaysAllow'], anonymousAuth: true }],
    [false, 'unless they are refused anyway', { authorizationMode: ['AlwaysAllow'], anonymousAuth: false }],
    [false, 'where roles decide', { authorizationMode: ['Node', 'RBAC'], anonymousAuth: true }],
  ])('reset the anonymous: %s, %s', (anonymousReset, _when, flags) => {
    expect(options(flags)).toMatchObject({ anonymousReset })
  })

  test('files are read', async () => {
    const { serviceAccountKey } = loadOrCreatePki({ env: virtualEnv(), serviceAddress: '10.96.0.1' })
    const names = file('names', 'i-1: node-1.internal\n')
    const read = options({
      ...oidc,
      oidcCaFile: file('ca', 'the ca'),
      tokenAuthFile: file('tokens', 't,alice,u'),
      serviceAccountKeyFile: [file('keys', `${serviceAccountKey.publicKey}\n${serviceAccountKey.privateKey}`)],
      serviceAccountMaxTokenExpiration: 7200_000,
      eksClusterId: 'c',
      eksPrivateDnsNamesFile: names,
    })
    expect(read).toMatchObject({
      oidc: { issuerURL: 'https://issuer', clientID: 'id', certificateAuthority: 'the ca' },
      staticTokens: [['t', { name: 'alice', uid: 'u', groups: [] }]],
      serviceAccounts: {
        maxExpirationSeconds: 7200,
        verificationKeys: [/PUBLIC/, /PRIVATE/].map(text => expect.stringMatching(text)),
      },
    })
    expect(await read.eks!.privateDNSName!('i-1')).toBe('node-1.internal')
    await expect(read.eks!.privateDNSName!('i-2')).rejects.toThrow('the private DNS name of i-2 is not known')
  })
})

test.each<[string, AuthenticationFlags]>([
  [
    'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set',
    { oidcIssuerUrl: 'https://i' },
  ],
  ['authentication-config file and oidc-* flags are mutually exclusive', { ...oidc, authenticationConfig: '/config' }],
  ['--token-auth-file /nowhere: ENOENT', { tokenAuthFile: '/nowhere' }],
  ['must have at least 3 columns (token, user name, user uid), found 1', { tokenAuthFile: file('bad', 'token') }],
  ['data does not contain any valid RSA or ECDSA public keys', { serviceAccountKeyFile: [file('none', 'x')] }],
  [
    'the service-account-max-token-expiration must be between 1 hour and 2^32 seconds',
    { serviceAccountMaxTokenExpiration: 60_000 },
  ],
  ['service-account-jwks-uri requires https scheme, parsed as: http://x', { serviceAccountJwksUri: 'http://x' }],
  ['need --eks-cluster-id', { eksRegion: 'eu-central-1' }],
  ['--eks-sts-endpoint sts: must be a URL of a host', { eksClusterId: 'c', eksStsEndpoint: 'sts' }],
])('is refused: %s', (problem, flags) => {
  expect(() => options(flags)).toThrow(problem)
})
