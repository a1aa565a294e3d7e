// Webhook token authentication: a TokenReview is sent to somebody who knows the token
// (kube-apiserver --authentication-token-webhook-*).

import type { ApiResponse, Transport } from '../../client/transport.ts'
import type { Env } from '../../machinery/env/env.ts'
import type { UserInfo } from '../user.ts'
import { commonAudiences } from './audiences.ts'
import {
  type AuthenticationInput,
  type AuthenticationResult,
  authenticated,
  InvalidCredentials,
  type TokenAuthenticator,
} from './authenticator.ts'

export type TokenReviewVersion = 'v1' | 'v1beta1'

export interface WebhookTokenOptions {
  readonly env: Env
  readonly transport: Transport
  /** The URL's path, exactly. */
  readonly path: string
  readonly version: TokenReviewVersion
  /** The API server's own. */
  readonly audiences: readonly string[]
}

const requestTimeoutMs = 30_000
/** Upstream's backoff: five tries, half a second after the first, half as long again after each. */
const tries = 5
const firstDelayMs = 500
const delayFactor = 1.5
const delayJitter = 0.2

interface ReviewStatus {
  readonly authenticated?: boolean
  readonly user?: {
    readonly username?: string
    readonly uid?: string
    readonly groups?: readonly string[] | null
    readonly extra?: Readonly<Record<string, readonly string[]>> | null
  }
  readonly audiences?: readonly string[] | null
  readonly error?: string
}

export class WebhookTokenAuthenticator implements TokenAuthenticator {
  readonly #options: WebhookTokenOptions

  constructor(options: WebhookTokenOptions) {
    this.#options = options
  }

  async authenticateToken(token: string, request: AuthenticationInput): Promise<AuthenticationResult> {
    const { env, audiences: own } = this.#options
    let status: ReviewStatus
    try {
      status = await this.#ask(token, request.audiences)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      env.log.error('Failed to make webhook authenticator request', { error: reason.replaceAll(token, '<token>') })
      return new InvalidCredentials('the webhook authenticator could not be asked')
    }
    if (request.audiences) {
      const common = commonAudiences(status.audiences?.length ? status.audiences : own, request.audiences)
      if (common.length === 0) return undefined
      if (request.notes) request.notes.credentialAudiences = common
    }
    if (status.authenticated !== true)
      return status.error ? new InvalidCredentials(status.error.replaceAll(token, '<token>')) : undefined
    return userOf(status)
  }

  async #ask(token: string, audiences: readonly string[] | undefined): Promise<ReviewStatus> {
    const { env } = this.#options
    let delay = firstDelayMs
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#askOnce(token, audiences)
      } catch (error) {
        if (attempt === tries || !isTransient(error)) throw error
      }
      await env.clock.sleep(delay * (1 + env.random.next() * delayJitter))
      delay *= delayFactor
    }
  }

  async #askOnce(token: string, audiences: readonly string[] | undefined): Promise<ReviewStatus> {
    const { env, transport, path, version } = this.#options
    const timeout = new AbortController()
    const timer = env.clock.setTimeout(() => timeout.abort(new Error('context deadline exceeded')), requestTimeoutMs)
    try {
      const response = await transport.request({
        method: 'POST',
        path,
        body: {
          kind: 'TokenReview',
          apiVersion: `authentication.k8s.io/${version}`,
          metadata: {},
          spec: { token, ...(audiences?.length && { audiences }) },
        },
        signal: timeout.signal,
      })
      return statusOf(response, version)
    } finally {
      timer.cancel()
    }
  }
}

class WebhookError extends Error {
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

function statusOf({ status, body, headers }: ApiResponse, version: TokenReviewVersion): ReviewStatus {
  if (status < 200 || status > 299)
    throw new WebhookError(`the webhook answered ${status}`, headers['retry-after'] ? 429 : status)
  const review = body as { kind?: unknown; apiVersion?: unknown; status?: unknown } | undefined
  if (review?.kind !== 'TokenReview' || review.apiVersion !== `authentication.k8s.io/${version}`)
    throw new WebhookError(`the webhook's answer is no TokenReview of authentication.k8s.io/${version}`, status)
  const answer = review.status ?? {}
  if (typeof answer !== 'object' || !isStatus(answer as ReviewStatus))
    throw new WebhookError('the status of the TokenReview is not what it should be', status)
  return answer as ReviewStatus
}

const isText = (value: unknown): boolean => value === undefined || value === null || typeof value === 'string'
const areTexts = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.every(each => typeof each === 'string'))

function isStatus({ authenticated: isGood, user, audiences, error }: ReviewStatus): boolean {
  return (
    (isGood === undefined || typeof isGood === 'boolean') &&
    isText(error) &&
    areTexts(audiences) &&
    (user === undefined ||
      (typeof user === 'object' &&
        user !== null &&
        isText(user.username) &&
        isText(user.uid) &&
        areTexts(user.groups) &&
        (user.extra === undefined ||
          user.extra === null ||
          (typeof user.extra === 'object' && Object.values(user.extra).every(areTexts)))))
  )
}

function userOf({ user }: ReviewStatus): UserInfo {
  return authenticated({
    name: user?.username ?? '',
    ...(user?.uid && { uid: user.uid }),
    groups: user?.groups ?? [],
    ...(user?.extra && Object.keys(user.extra).length > 0 && { extra: user.extra }),
  })
}

/** A connection that broke, and answers that say it is not the request's fault. */
function isTransient(error: unknown): boolean {
  if (error instanceof WebhookError) return [429, 500, 504].includes(error.status)
  const { code, isReset } = error as { code?: string; isReset?: boolean }
  return isReset === true || code === 'ECONNRESET'
}
