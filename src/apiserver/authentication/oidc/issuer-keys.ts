// An issuer's public keys: found by its discovery document, kept, and fetched again when a token is signed with none of
// them. Signatures are checked by jose, loaded when the first issuer is looked for.

import type { CryptoKey as JoseKey, JWK } from 'jose'
import type { Env, Timer } from '../../../machinery/env/env.ts'
import { quote } from '../../../machinery/go-text.ts'
import { get } from '../outbound.ts'

const wellKnown = '/.well-known/openid-configuration'
const retryMs = 10_000
const requestTimeoutMs = 30_000

export interface IssuerKeysOptions {
  readonly env: Env
  readonly issuer: string
  /** In place of the issuer's URL with the well-known path. */
  readonly discoveryURL?: string
  /** PEM. The system's authorities when absent. */
  readonly certificateAuthority?: string
  /** Told of every attempt to get the keys, with the text of the key set when it went well. */
  readonly fetched?: (keySet: string | undefined) => void
}

interface Key {
  readonly id: string | undefined
  readonly jwk: JWK
}

export class IssuerKeys {
  readonly #options: IssuerKeysOptions
  readonly #imported = new WeakMap<JWK, Map<string, JoseKey | Uint8Array>>()
  #jwksURI: string | undefined
  #keys: readonly Key[] = []
  #fetching: Promise<void> | undefined
  #retry: Timer | undefined
  #stopped = false
  #problem: string

  constructor(options: IssuerKeysOptions) {
    this.#options = options
    this.#problem = `oidc: authenticator for issuer ${quote(options.issuer)} is not initialized`
  }

  /** Looks for the discovery document until it is found. Resolves after the first try. */
  async start(): Promise<void> {
    if (this.#stopped) return
    const { env, issuer } = this.#options
    try {
      this.#jwksURI = await this.#discover()
    } catch (error) {
      this.#problem = (error as Error).message
      env.log.error('oidc authenticator: initializing plugin', { issuer, error: this.#problem })
      if (!this.#stopped) this.#retry = env.clock.setTimeout(() => void this.start(), retryMs)
    }
  }

  stop(): void {
    this.#stopped = true
    this.#retry?.cancel()
  }

  /** Why tokens cannot be checked yet; undefined when they can. */
  get problem(): string | undefined {
    return this.#jwksURI === undefined ? this.#problem : undefined
  }

  /** Throws unless one of the issuer's keys has signed the token. */
  async checkSignature(token: string, algorithm: string, keyID: string): Promise<void> {
    if (await this.#isSignedByKnown(token, algorithm, keyID)) return
    await this.#fetch()
    if (await this.#isSignedByKnown(token, algorithm, keyID)) return
    throw new Error('failed to verify signature: failed to verify id token signature')
  }

  async #isSignedByKnown(token: string, algorithm: string, keyID: string): Promise<boolean> {
    const { compactVerify } = await import('jose')
    for (const { id, jwk } of this.#keys) {
      if (keyID !== '' && id !== keyID) continue
      try {
        await compactVerify(token, await this.#import(jwk, algorithm), { algorithms: [algorithm] })
        return true
      } catch {
        // Of another kind, or not the one: the next may be.
      }
    }
    return false
  }

  async #import(jwk: JWK, algorithm: string): Promise<JoseKey | Uint8Array> {
    const known = this.#imported.get(jwk) ?? new Map<string, JoseKey | Uint8Array>()
    this.#imported.set(jwk, known)
    let key = known.get(algorithm)
    if (!key) {
      const { importJWK } = await import('jose')
      key = await importJWK(jwk, algorithm)
      known.set(algorithm, key)
    }
    return key
  }

  /** Once, however many tokens want it. */
  #fetch(): Promise<void> {
    this.#fetching ??= this.#fetchKeys().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #fetchKeys(): Promise<void> {
    const failed = (error: unknown) =>
      new Error(`failed to verify signature: fetching keys ${(error as Error).message}`)
    const keys = await this.#keySet().catch(error => {
      this.#tell(undefined)
      throw failed(error)
    })
    // A symmetric key in a public document is no secret, so nothing it signs is worth anything.
    this.#keys = keys
      .filter((jwk: JWK) => typeof jwk === 'object' && jwk !== null && jwk.kty !== 'oct')
      .map((jwk: JWK) => ({ id: jwk.kid, jwk: publicOnly(jwk) }))
  }

  async #keySet(): Promise<readonly JWK[]> {
    const { status, text } = await this.#get(this.#jwksURI!).catch(error => {
      throw new Error(`oidc: get keys failed ${(error as Error).message}`)
    })
    if (status !== 200) throw new Error(`oidc: get keys failed: ${status}`)
    const { keys } = parsed(text, 'oidc: failed to decode keys') as { keys?: unknown }
    if (!Array.isArray(keys)) throw new Error('oidc: failed to decode keys')
    this.#tell(text)
    return keys
  }

  #tell(keySet: string | undefined): void {
    if (!this.#stopped) this.#options.fetched?.(keySet)
  }

  async #discover(): Promise<string> {
    const { issuer, discoveryURL } = this.#options
    const url = discoveryURL || issuer.replace(/\/$/, '') + wellKnown
    const { status, text } = await this.#get(url)
    if (status !== 200) throw new Error(`${status}: ${text.slice(0, 200)}`)
    const document = parsed(text, 'oidc: failed to decode provider discovery object')
    if (document['issuer'] !== issuer)
      throw new Error(
        `oidc: issuer did not match the issuer returned by provider, expected ${quote(issuer)} got ${quote(String(document['issuer'] ?? ''))}`,
      )
    const { jwks_uri } = document
    if (typeof jwks_uri !== 'string' || jwks_uri === '') throw new Error('provider did not return JWKS URL')
    return jwks_uri
  }

  #get(url: string) {
    const { env, certificateAuthority: ca } = this.#options
    return get({ clock: env.clock, url, ca, timeoutMilliseconds: requestTimeoutMs, followRedirects: true })
  }
}

function parsed(text: string, failure: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {}
  throw new Error(failure)
}

/** Private parts have no place in a key set, and no use here. */
function publicOnly({ kty, crv, x, y, n, e }: JWK): JWK {
  return { kty, crv, x, y, n, e } as JWK
}
