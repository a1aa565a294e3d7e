import { generateKeyPairSync } from 'node:crypto'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import { ServiceAccountTokenIssuer } from '../authentication/service-account-token-issuer.ts'
import { Dispatcher } from '../dispatcher.ts'
import type { RequestContext, Response } from '../request.ts'
import { registerOpenID } from './openid.ts'

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const spki = (pair: typeof ec) => pair.publicKey.export({ type: 'spki', format: 'pem' }) as string
const issuer = 'https://kubernetes.default.svc.cluster.local'

function get(path: string): any {
  const dispatcher = new Dispatcher({} as never, { serve: () => undefined })
  registerOpenID(dispatcher, { issuer, keys: [spki(ec), spki(rsa)], externalAddress: '192.0.2.1:6443' })
  const request = { method: 'GET', path, headers: {}, info: { isResourceRequest: false, path } } as RequestContext
  const { contentType, body } = dispatcher.dispatch(request) as Response
  return { contentType, body: JSON.parse(Buffer.from(body as Uint8Array).toString()) }
}

test('the discovery document names the issuer, its keys and their algorithms', () => {
  expect(get('/.well-known/openid-configuration')).toEqual({
    contentType: 'application/json',
    body: {
      issuer,
      jwks_uri: 'https://192.0.2.1:6443/openid/v1/jwks',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256', 'RS256'],
    },
  })
})

test.each([ec, rsa])('the key set checks tokens signed with either key', async pair => {
  const env = virtualEnv()
  const signingKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const token = new ServiceAccountTokenIssuer({ env, signingKey }).issue({
    namespace: 'dev',
    serviceAccount: { name: 'sa', uid: 'u' },
    expirationSeconds: 600,
  })
  const { contentType, body } = get('/openid/v1/jwks')
  expect(contentType).toBe('application/jwk-set+json')
  const { payload } = await jwtVerify(token, createLocalJWKSet(body), {
    issuer,
    currentDate: new Date(env.clock.now()),
  })
  expect(payload.sub).toBe('system:serviceaccount:dev:sa')
})
