// Webhook token authentication: a TokenReview is sent to somebody who knows the token
// (kube-apiserver --authentication-token-webhook-*).

import type { ApiResponse } from '../../client/transport.ts'
import { errorText } from '../../machinery/error-text.ts'
import { ReviewWebhook, type ReviewWebhookOptions } from '../review-webhook.ts'
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

export interface WebhookTokenOptions extends ReviewWebhookOptions {
  readonly version: TokenReviewVersion
  /** The API server's own. */
  readonly audiences: readonly string[]
}

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
  readonly #webhook: ReviewWebhook

  constructor(options: WebhookTokenOptions) {
    this.#options = options
    this.#webhook = new ReviewWebhook(options)
  }

  close(): void {
    this.#webhook.close()
  }

  async authenticateToken(token: string, request: AuthenticationInput): Promise<AuthenticationResult> {
    const { env, audiences: own } = this.#options
    const wanted = request.audiences ?? (own.length > 0 ? own : undefined)
    let status: ReviewStatus
    try {
      status = await this.#ask(token, wanted)
    } catch (error) {
      const reason = errorText(error).replaceAll(token, '<token>')
      env.log.error('Failed to make webhook authenticator request', { error: reason })
      return new InvalidCredentials(reason)
    }
    if (wanted) {
      const common = commonAudiences(status.audiences?.length ? status.audiences : own, wanted)
      if (common.length === 0) return undefined
      if (request.notes) request.notes.credentialAudiences = common
    }
    if (status.authenticated !== true)
      return status.error ? new InvalidCredentials(status.error.replaceAll(token, '<token>')) : undefined
    return userOf(status)
  }

  async #ask(token: string, audiences: readonly string[] | undefined): Promise<ReviewStatus> {
    const { version } = this.#options
    const response = await this.#webhook.ask({
      kind: 'TokenReview',
      apiVersion: `authentication.k8s.io/${version}`,
      metadata: {},
      spec: { token, ...(audiences?.length && { audiences }) },
      status: { user: {} },
    })
    return statusOf(response, version)
  }
}

function statusOf({ body }: ApiResponse, version: TokenReviewVersion): ReviewStatus {
  const review = body as { kind?: unknown; apiVersion?: unknown; status?: unknown } | undefined
  const { kind = 'TokenReview', apiVersion = `authentication.k8s.io/${version}` } = review ?? {}
  if (kind !== 'TokenReview' || apiVersion !== `authentication.k8s.io/${version}`)
    throw new Error(`the webhook's answer is no TokenReview of authentication.k8s.io/${version}`)
  const answer = review?.status ?? {}
  if (typeof answer !== 'object' || !isStatus(answer as ReviewStatus))
    throw new Error('the status of the TokenReview is not what it should be')
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
