// JSON Web Tokens as service accounts use them: RS256 and ES256/384/512, compact form (RFC 7515, 7519).
//
// Done with node:crypto rather than a library because both ways must be synchronous: a request with a token must not
// cost a turn of the event loop, and a simulated cluster on virtual time must not wait for a thread pool.

import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'

export interface JwtClaims {
  readonly iss?: string
  readonly sub?: string
  readonly aud?: string | readonly string[]
  readonly exp?: number
  readonly nbf?: number
  readonly iat?: number
  readonly jti?: string
  readonly [claim: string]: unknown
}

export type JwtAlgorithm = 'RS256' | 'ES256' | 'ES384' | 'ES512'

const hashes: Readonly<Record<JwtAlgorithm, string>> = {
  RS256: 'sha256',
  ES256: 'sha256',
  ES384: 'sha384',
  ES512: 'sha512',
}
const curves: Readonly<Record<string, JwtAlgorithm>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' }

/** A longer token is not looked at. */
const maxTokenLength = 64 * 1024

export interface SigningKey {
  readonly algorithm: JwtAlgorithm
  readonly id: string
  readonly key: KeyObject
}

/** A private key that signs. Takes PEM; throws when it is neither RSA nor one of NIST's curves. */
export function signingKey(pem: string): SigningKey {
  const key = createPrivateKey(pem)
  const publicKey = createPublicKey(key)
  return { algorithm: algorithmOf(publicKey), id: keyID(publicKey), key }
}

/** A public key that checks. Takes PEM of a public or a private key, or a certificate. */
export function verificationKey(pem: string): SigningKey {
  const key = createPublicKey(pem)
  return { algorithm: algorithmOf(key), id: keyID(key), key }
}

/** Every key of a file: public keys, private ones (their public half), certificates. Throws when there is none. */
export function keysIn(pem: string): string[] {
  const blocks = pem.match(/-----BEGIN ((?:[A-Z]+ )*(?:KEY|CERTIFICATE))-----[\s\S]+?-----END \1-----/g) ?? []
  const keys = blocks.filter(block => !block.startsWith('-----BEGIN EC PARAMETERS'))
  if (keys.length === 0) throw new Error('data does not contain any valid RSA or ECDSA public keys')
  return keys
}

function algorithmOf(key: KeyObject): JwtAlgorithm {
  if (key.asymmetricKeyType === 'rsa') return 'RS256'
  const algorithm = key.asymmetricKeyType === 'ec' ? curves[key.asymmetricKeyDetails?.namedCurve ?? ''] : undefined
  if (algorithm) return algorithm
  throw new Error('service account keys must be RSA, or ECDSA on P-256, P-384 or P-521')
}

/** Upstream's key id: the hash of the public key's DER form. */
function keyID(publicKey: KeyObject): string {
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'buffer').toString('base64url')
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

export function signJwt(claims: JwtClaims, by: SigningKey): string {
  const signed = `${encode({ alg: by.algorithm, kid: by.id })}.${encode(claims)}`
  const signature = sign(hashes[by.algorithm], Buffer.from(signed), { key: by.key, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

/** The claims of a token without any check; undefined when it is not a JWT. Only for finding out whose it is. */
export function unverifiedClaims(token: string): JwtClaims | undefined {
  if (token.length > maxTokenLength) return undefined
  const parts = token.split('.')
  if (parts.length !== 3) return undefined
  const claims = decode(parts[1]!)
  return claims as JwtClaims | undefined
}

/** The claims, if one of the keys has signed the token, with the algorithm that is the key's own; else why not. */
export function verifyJwt(token: string, keys: readonly SigningKey[]): JwtClaims | Error {
  if (token.length > maxTokenLength) return invalidSignature
  const [head = '', body = '', signature = '', ...rest] = token.split('.')
  if (rest.length > 0 || !/^[\w-]+$/.test(signature)) return invalidSignature
  const header = decode(head) as { alg?: unknown; kid?: unknown; crit?: unknown } | undefined
  if (header === undefined || header.crit !== undefined) return invalidSignature
  const kid = header.kid === '' ? undefined : header.kid
  const candidates = kid === undefined ? keys : keys.filter(({ id }) => id === kid)
  if (candidates.length === 0) return noKeys
  const bytes = Buffer.from(signature, 'base64url')
  for (const { algorithm, key } of candidates) {
    if (header.alg !== algorithm) continue
    if (verify(hashes[algorithm], Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' }, bytes))
      return (decode(body) as JwtClaims | undefined) ?? invalidSignature
  }
  return invalidSignature
}

const invalidSignature = new Error('go-jose/go-jose: error in cryptographic primitive')
const noKeys = new Error('invalid signature, no keys found')

function decode(part: string): object | undefined {
  if (!/^[\w-]+$/.test(part)) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
