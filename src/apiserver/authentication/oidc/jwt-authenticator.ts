// ID tokens of one issuer: checked, and their claims made into a user as the configuration says.

import type { CelProgram } from '../../../machinery/cel/cel.ts'
import type { Env } from '../../../machinery/env/env.ts'
import { quote } from '../../../machinery/go-text.ts'
import type { UserInfo } from '../../user.ts'
import {
  type AuthenticationResult,
  authenticated,
  credentialIDKey,
  InvalidCredentials,
  type TokenAuthenticator,
} from '../authenticator.ts'
import type { CompiledAuthenticator, CompiledRule } from './configuration-validation.ts'
import { DistributedClaims } from './distributed-claims.ts'
import { type Claims, type TokenExpectation, untrustedIssuer, verifiedClaims } from './id-token.ts'
import { IssuerKeys } from './issuer-keys.ts'

export class JwtAuthenticator implements TokenAuthenticator {
  readonly #compiled: CompiledAuthenticator
  readonly issuer: string
  readonly #keys: IssuerKeys
  readonly #expected: TokenExpectation
  readonly #distributed: DistributedClaims | undefined

  constructor(
    env: Env,
    compiled: CompiledAuthenticator,
    signingAlgorithms: readonly string[],
    fetched?: (issuer: string, keySet: string | undefined) => void,
  ) {
    const { issuer, claimMappings } = compiled.declared
    const { url = '', audiences = [], certificateAuthority, discoveryURL, egressSelectorType } = issuer ?? {}
    if (egressSelectorType)
      throw new Error(`oidc: egress lookup required with egress selector type ${quote(egressSelectorType)}`)
    this.#compiled = compiled
    this.issuer = url
    const ca = certificateAuthority || undefined
    this.#keys = new IssuerKeys({
      env,
      issuer: url,
      discoveryURL,
      certificateAuthority: ca,
      fetched: keySet => fetched?.(url, keySet),
    })
    this.#expected = { env, issuer: url, audiences, signingAlgorithms, keys: this.#keys }
    const groupsClaim = claimMappings?.groups?.claim
    if (groupsClaim) this.#distributed = new DistributedClaims(groupsClaim, this.#expected, ca)
  }

  /** Resolves after the first attempt to reach the issuer; others follow by themselves. */
  start(): Promise<void> {
    return this.#keys.start()
  }

  stop(): void {
    this.#keys.stop()
    this.#distributed?.stop()
  }

  /** Why its tokens are not good yet; undefined when they are. */
  get problem(): string | undefined {
    const { problem } = this.#keys
    return problem && `oidc: authenticator for issuer ${quote(this.issuer)} is not healthy: ${problem}`
  }

  authenticateToken(token: string): AuthenticationResult | Promise<AuthenticationResult> {
    if (untrustedIssuer(token) !== this.issuer) return undefined
    if (this.#keys.problem !== undefined) return new InvalidCredentials('oidc: authenticator not initialized')
    return this.#authenticate(token).catch(error => new InvalidCredentials((error as Error).message))
  }

  async #authenticate(token: string): Promise<UserInfo> {
    let claims: Claims
    try {
      claims = await verifiedClaims(token, this.#expected)
    } catch (error) {
      throw new Error(`oidc: verify token: ${(error as Error).message}`)
    }
    if (this.#distributed)
      try {
        claims = await this.#distributed.expanded(claims)
      } catch (error) {
        throw new Error(`oidc: could not expand distributed claims: ${(error as Error).message}`)
      }
    const user = await this.#userOf(claims)
    this.#checkRequiredClaims(claims)
    await this.#checkRules(claims, user)
    return authenticated(user)
  }

  async #userOf(claims: Claims): Promise<UserInfo> {
    const name = await this.#username(claims)
    const groups = await this.#groups(claims)
    const uid = await this.#uid(claims)
    const extra = await this.#extra(claims)
    return {
      name,
      groups,
      ...(uid !== '' && { uid }),
      ...(Object.keys(extra).length > 0 && { extra }),
    }
  }

  async #username(claims: Claims): Promise<string> {
    const { username: program } = this.#compiled
    if (program) {
      const failure = 'oidc: error evaluating username claim expression'
      const value = await overClaims(program, claims, failure)
      if (typeof value !== 'string') throw new Error(`${failure}: username claim expression must return a string`)
      if (value === '') throw new Error('oidc: empty username via CEL expression is not allowed')
      return value
    }
    const { claim = '', prefix = '' } = this.#compiled.declared.claimMappings?.username ?? {}
    const name = textClaim(claims, claim, `oidc: parse username claims ${quote(claim)}`)
    if (claim === 'email' && Object.hasOwn(claims, 'email_verified')) {
      const verified = claims['email_verified']
      if (typeof verified !== 'boolean') throw new Error("oidc: parse 'email_verified' claim: not a boolean")
      if (!verified) throw new Error('oidc: email not verified')
    }
    return prefix + name
  }

  async #groups(claims: Claims): Promise<string[]> {
    const { claim = '', prefix = '' } = this.#compiled.declared.claimMappings?.groups ?? {}
    if (claim !== '' && Object.hasOwn(claims, claim)) {
      const value = claims[claim]
      const groups = value === null ? [] : Array.isArray(value) ? value : [value]
      if (!groups.every(group => typeof group === 'string'))
        throw new Error(`oidc: parse groups claim ${quote(claim)}: neither text nor a list of texts`)
      return groups.map(group => prefix + group)
    }
    const { groups: program } = this.#compiled
    if (!program) return []
    const { evaluateOverClaims, textsOf } = await expressions()
    try {
      return textsOf(evaluateOverClaims(program, claims))
    } catch (error) {
      throw new Error(`oidc: error evaluating group claim expression: ${(error as Error).message}`)
    }
  }

  async #uid(claims: Claims): Promise<string> {
    const claim = this.#compiled.declared.claimMappings?.uid?.claim
    if (claim) return textClaim(claims, claim, `oidc: parse uid claim ${quote(claim)}`)
    const { uid: program } = this.#compiled
    if (!program) return ''
    const failure = 'oidc: error evaluating uid claim expression'
    const value = await overClaims(program, claims, failure)
    if (typeof value !== 'string') throw new Error(`${failure}: uid claim expression must return a string`)
    return value
  }

  async #extra(claims: Claims): Promise<Record<string, readonly string[]>> {
    const extra: Record<string, readonly string[]> = {}
    const { jti } = claims
    if (typeof jti === 'string' && jti !== '') extra[credentialIDKey] = [`JTI=${jti}`]
    if (this.#compiled.extra.length === 0) return extra
    const { evaluateOverClaims, textsOf } = await expressions()
    for (const { key, program } of this.#compiled.extra) {
      const value = evaluateOverClaims(program, claims)
      try {
        const texts = textsOf(value)
        if (texts.length > 0) extra[key] = texts
      } catch (error) {
        throw new Error(
          `oidc: error evaluating extra claim expression: ${program.expression}: ${(error as Error).message}`,
        )
      }
    }
    return extra
  }

  #checkRequiredClaims(claims: Claims): void {
    for (const { claim = '', requiredValue = '' } of this.#compiled.declared.claimValidationRules ?? []) {
      if (claim === '') continue
      if (!Object.hasOwn(claims, claim)) throw new Error(`oidc: required claim ${claim} not present in ID token`)
      const value = textClaim(claims, claim, `oidc: parse claim ${claim}`)
      if (value !== requiredValue)
        throw new Error(`oidc: required claim ${claim} value does not match. Got = ${value}, want = ${requiredValue}`)
    }
  }

  async #checkRules(claims: Claims, user: UserInfo): Promise<void> {
    const { claimRules, userRules } = this.#compiled
    if (claimRules.length + userRules.length === 0) return
    const { evaluateOverClaims, evaluateOverUser } = await expressions()
    check(claimRules, 'oidc: error evaluating claim validation expression', ({ program }) =>
      evaluateOverClaims(program, claims),
    )
    check(userRules, 'oidc: error evaluating user info validation rule', ({ program }) =>
      evaluateOverUser(program, user),
    )
  }
}

const expressions = () => import('./claim-expressions.ts')

async function overClaims(program: CelProgram, claims: Claims, failure: string): Promise<unknown> {
  const { evaluateOverClaims } = await expressions()
  try {
    return evaluateOverClaims(program, claims)
  } catch (error) {
    throw new Error(`${failure}: ${(error as Error).message}`)
  }
}

function check(rules: readonly CompiledRule[], failure: string, evaluate: (rule: CompiledRule) => unknown): void {
  for (const rule of rules) {
    let holds: unknown
    try {
      holds = evaluate(rule)
    } catch (error) {
      throw new Error(`${failure}: ${(error as Error).message}`)
    }
    if (holds !== true)
      throw new Error(`${failure}: validation expression '${rule.program.expression}' failed: ${rule.message}`)
  }
}

function textClaim(claims: Claims, claim: string, failure: string): string {
  if (!Object.hasOwn(claims, claim)) throw new Error(`${failure}: claim not present`)
  const value = claims[claim]
  if (value === null) return ''
  if (typeof value !== 'string')
    throw new Error(`${failure}: json: cannot unmarshal ${jsonKind(value)} into Go value of type string`)
  return value
}

const jsonKind = (value: unknown): string => {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}
