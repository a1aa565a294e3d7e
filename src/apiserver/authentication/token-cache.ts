// Remembers for a few seconds what an authenticator that must ask others has said: a client with one token would have
// them asked for every request. Keys are hashes, so that no token stays in memory; the same token asked about by several
// requests at once is asked about once.

import { createHmac } from 'node:crypto'
import type { Env } from '../../machinery/env/env.ts'
import {
  type AuthenticationInput,
  type AuthenticationNotes,
  type AuthenticationResult,
  annotate,
  InvalidCredentials,
  type TokenAuthenticator,
} from './authenticator.ts'
import type { TokenCacheMetrics } from './token-cache-metrics.ts'

const maxRecords = 32 * 1024

export interface TokenCacheOptions {
  readonly env: Env
  /** How long a user is remembered; zero for not at all. */
  readonly successMilliseconds: number
  /** How long it is remembered that a token is nobody's. Errors (a broken connection, say) never are. */
  readonly failureMilliseconds: number
  readonly metrics?: TokenCacheMetrics
}

interface Record {
  readonly result: AuthenticationResult
  readonly notes: AuthenticationNotes
  readonly until: number
}

export class CachedTokenAuthenticator implements TokenAuthenticator {
  readonly #authenticator: TokenAuthenticator
  readonly #options: TokenCacheOptions
  readonly #secret: Uint8Array
  readonly #records = new Map<string, Record>()
  readonly #asking = new Map<string, Promise<Record>>()

  constructor(authenticator: TokenAuthenticator, options: TokenCacheOptions) {
    this.#authenticator = authenticator
    this.#options = options
    this.#secret = options.env.random.bytes(32)
  }

  authenticateToken(token: string, request: AuthenticationInput): AuthenticationResult | Promise<AuthenticationResult> {
    const key = this.#keyOf(token, request.audiences)
    const known = this.#records.get(key)
    if (known) {
      if (known.until > this.#options.env.clock.monotonic()) {
        this.#options.metrics?.hit()
        return told(known, request)
      }
      this.#records.delete(key)
    }
    const missed = this.#options.metrics?.missed()
    const asked = this.#asking.get(key) ?? this.#ask(token, key, request)
    if (asked instanceof Promise)
      return asked.then(record => {
        missed?.()
        return told(record, request)
      })
    missed?.()
    return told(asked, request)
  }

  #ask(token: string, key: string, { audiences }: AuthenticationInput): Record | Promise<Record> {
    const notes: AuthenticationNotes = { warnings: [] }
    const fetched = this.#options.metrics?.fetching()
    const remember = (result: AuthenticationResult): Record => {
      fetched?.(!(result instanceof InvalidCredentials))
      return this.#remember(key, result, notes)
    }
    const answer = this.#authenticator.authenticateToken(token, { headers: {}, audiences, notes })
    if (!(answer instanceof Promise)) return remember(answer)
    const asking = answer.then(remember).finally(() => this.#asking.delete(key))
    this.#asking.set(key, asking)
    return asking
  }

  /** Forgets everything: what authenticators say has changed. */
  clear(): void {
    this.#records.clear()
  }

  #remember(key: string, result: AuthenticationResult, notes: AuthenticationNotes): Record {
    const { env, successMilliseconds, failureMilliseconds } = this.#options
    const lifetime =
      result instanceof InvalidCredentials ? 0 : result === undefined ? failureMilliseconds : successMilliseconds
    const record = { result, notes, until: env.clock.monotonic() + lifetime }
    if (lifetime > 0) {
      if (this.#records.size >= maxRecords) this.#records.delete(this.#records.keys().next().value!)
      this.#records.set(key, record)
    }
    return record
  }

  /** Lengths come first, so that no two questions have one key. */
  #keyOf(token: string, audiences: readonly string[] | undefined): string {
    const hmac = createHmac('sha256', this.#secret)
    for (const text of [token, ...(audiences ?? [])]) hmac.update(`${text.length} ${text}`)
    return hmac.digest('base64')
  }
}

function told({ result, notes }: Record, { notes: wanted }: AuthenticationInput): AuthenticationResult {
  if (!wanted || result === undefined || result instanceof InvalidCredentials) return result
  wanted.warnings.push(...notes.warnings)
  for (const [key, value] of Object.entries(notes.credentialAnnotations ?? {})) annotate(wanted, key, value)
  if (notes.credentialAudiences) wanted.credentialAudiences = notes.credentialAudiences
  return result
}
