// A claim that is not in the token but at an address that the token names (OpenID Connect Core 1.0, section 5.6.2): an
// issuer with many groups does so.

import { get } from '../outbound.ts'
import { type Claims, type TokenExpectation, untrustedIssuer, verifiedClaims } from './id-token.ts'
import { IssuerKeys } from './issuer-keys.ts'

const timeoutMs = 30_000

export class DistributedClaims {
  readonly #claim: string
  readonly #expected: TokenExpectation
  readonly #certificateAuthority: string | undefined
  /** Of the issuers that have signed such claims. */
  readonly #keys = new Map<string, { readonly keys: IssuerKeys; readonly started: Promise<void> }>()

  constructor(claim: string, expected: TokenExpectation, certificateAuthority: string | undefined) {
    this.#claim = claim
    this.#expected = expected
    this.#certificateAuthority = certificateAuthority
  }

  stop(): void {
    for (const { keys } of this.#keys.values()) keys.stop()
  }

  /** The claims, with the one that was elsewhere. Throws when it cannot be had. */
  async expanded(claims: Claims): Promise<Claims> {
    const names = claims['_claim_names']
    if (Object.hasOwn(claims, this.#claim) || names === undefined) return claims
    if (!isObject(names)) throw new Error('oidc: error parsing distributed claim names')
    const sources = claims['_claim_sources']
    if (sources === undefined) throw new Error('oidc: no claim sources')
    if (!isObject(sources)) throw new Error('oidc: could not parse claim sources')
    if (!Object.hasOwn(names, this.#claim)) return claims
    const source = String(names[this.#claim])
    const endpoint = Object.hasOwn(sources, source) ? sources[source] : undefined
    if (!isObject(endpoint))
      throw new Error(`id token _claim_names contained a source ${source} missing in _claims_sources`)
    const { endpoint: url, access_token: accessToken } = endpoint
    if (typeof url !== 'string' || url === '') return claims
    return { ...claims, [this.#claim]: await this.#resolve(url, typeof accessToken === 'string' ? accessToken : '') }
  }

  async #resolve(url: string, accessToken: string): Promise<unknown> {
    const answer = await get({
      clock: this.#expected.env.clock,
      url,
      ca: this.#certificateAuthority,
      headers: accessToken === '' ? {} : { authorization: `Bearer ${accessToken}` },
      timeoutMilliseconds: timeoutMs,
      followRedirects: accessToken === '',
    }).catch(error => {
      throw new Error(`while getting distributed claim "${this.#claim}": ${(error as Error).message}`)
    })
    if (answer.status < 200 || answer.status > 226)
      throw new Error(
        `while getting distributed claim "${this.#claim}": error while getting distributed claim JWT: ${answer.status}`,
      )
    const issuer = untrustedIssuer(answer.text)
    if (issuer === undefined) throw new Error(`getting untrusted issuer from endpoint ${url} failed`)
    const keys = await this.#keysOf(issuer)
    const claims = await verifiedClaims(answer.text, { ...this.#expected, issuer, keys })
    if (!Object.hasOwn(claims, this.#claim))
      throw new Error(`jwt returned by distributed claim endpoint "${url}" did not contain claim: ${this.#claim}`)
    return claims[this.#claim]
  }

  async #keysOf(issuer: string): Promise<IssuerKeys> {
    let known = this.#keys.get(issuer)
    if (!known) {
      const keys = new IssuerKeys({
        env: this.#expected.env,
        issuer,
        certificateAuthority: this.#certificateAuthority,
      })
      known = { keys, started: keys.start() }
      this.#keys.set(issuer, known)
    }
    await known.started
    if (known.keys.problem !== undefined) throw new Error(`verifier not initialized for issuer: "${issuer}"`)
    return known.keys
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
