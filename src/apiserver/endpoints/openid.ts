// How others can check service account tokens by themselves: the issuer's OpenID Connect discovery document and its
// public keys.

import { verificationKey } from '../authentication/jwt.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { Response } from '../request.ts'
import { checkPage } from '../serving/routed.ts'

export interface OpenIDOptions {
  readonly issuer: string
  /** PEM of the keys that tokens may be signed with. */
  readonly keys: readonly string[]
  /** Where the API server is reached: host and port. */
  readonly externalAddress: string
  /** Where the keys are found, if not here. */
  readonly jwksURI?: string
}

const jwksPath = '/openid/v1/jwks'

/** Nothing is served for an issuer that others could not look up: OpenID Connect wants an https URL. */
export function registerOpenID(dispatcher: Dispatcher, options: OpenIDOptions): void {
  if (!/^https:\/\/[^?#]+$/.test(options.issuer) || !URL.canParse(options.issuer)) return
  const keys = options.keys.map(verificationKey)
  const configuration = {
    issuer: options.issuer,
    jwks_uri: options.jwksURI || `https://${options.externalAddress}${jwksPath}`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(keys.map(({ algorithm }) => algorithm))].sort(),
  }
  const keySet = {
    keys: keys.map(({ algorithm, id, key }) => {
      const { kty, crv, x, y, n, e } = key.export({ format: 'jwk' })
      return { use: 'sig', kty, kid: id, crv, alg: algorithm, x, y, n, e }
    }),
  }
  const answer = (contentType: string, value: object): Response => ({
    status: 200,
    contentType,
    headers: { 'cache-control': 'public, max-age=3600' },
    body: Buffer.from(JSON.stringify(value)),
  })
  dispatcher.register('/.well-known/openid-configuration', request => {
    checkPage(request, ['application/json'])
    return answer('application/json', configuration)
  })
  dispatcher.register(jwksPath, request => {
    checkPage(request, ['application/jwk-set+json'])
    return answer('application/jwk-set+json', keySet)
  })
}
