// The webhook authorizer: another server decides, by a SubjectAccessReview that is posted to it.
//
// Decisions are given at once here (authorizer.ts). So a question that has no remembered answer is thrown as pending,
// and has one when it is asked again: for as long as the configuration says, and as long as a request that waited for it
// is under way, which may ask it several times.

import type { Env } from '../../machinery/env/env.ts'
import { parseFieldSelector } from '../../machinery/fields.ts'
import { inKeyOrder } from '../../machinery/go-text.ts'
import { parseRequirements } from '../../machinery/label-selector-parser.ts'
import { isTimeout, ReviewWebhook, type ReviewWebhookOptions } from '../review-webhook.ts'
import type { UserInfo } from '../user.ts'
import type { AuthorizationMetrics } from './authorization-metrics.ts'
import {
  type AuthorizationAttributes,
  type Authorizer,
  type Decision,
  DecisionPending,
  noOpinion,
  type Rules,
} from './authorizer.ts'

export interface WebhookSettings {
  readonly version: 'v1' | 'v1beta1'
  /** Milliseconds; 0 for not at all. */
  readonly authorizedTTL: number
  readonly unauthorizedTTL: number
  readonly timeout: number
  readonly failurePolicy: 'NoOpinion' | 'Deny'
  /** Whether the webhook is asked at all; throws an Error that says why that cannot be told. */
  readonly matches?: (spec: ReviewSpec) => boolean
}

export interface ReviewSpec {
  readonly user?: string
  readonly groups?: readonly string[]
  readonly uid?: string
  readonly extra?: Readonly<Record<string, readonly string[]>>
  readonly resourceAttributes?: Readonly<Record<string, unknown>>
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string }
}

interface ReviewStatus {
  readonly allowed?: boolean
  readonly denied?: boolean
  readonly reason?: string
}

interface Remembered {
  readonly decision: Decision
  readonly until: number
}

const mostRemembered = 8192
/** Questions whose texts, as far as the client chooses them, are larger are not remembered. */
const largest = 10_000

export class WebhookAuthorizer implements Authorizer {
  readonly #env: Env
  readonly #webhook: ReviewWebhook
  readonly #settings: WebhookSettings
  readonly #answers = new Map<string, Remembered>()
  readonly #asking = new Map<string, Promise<void>>()
  /** How many requests under way have asked a question. */
  readonly #held = new Map<string, number>()
  #name = ''
  #metrics: AuthorizationMetrics | undefined

  constructor(env: Env, server: Omit<ReviewWebhookOptions, 'env' | 'timeout' | 'backoff'>, settings: WebhookSettings) {
    this.#env = env
    this.#webhook = new ReviewWebhook({ ...server, env, timeout: settings.timeout })
    this.#settings = settings
  }

  authorize(attributes: AuthorizationAttributes): Decision {
    const spec = reviewSpec(attributes)
    const { matches } = this.#settings
    if (matches) {
      try {
        if (!this.#matches(matches, spec)) return noOpinion
      } catch (error) {
        return this.#failed((error as Error).message)
      }
    }
    const question = JSON.stringify(spec)
    const known = this.#answers.get(question)
    if (known && (known.until > this.#env.clock.monotonic() || this.#held.has(question))) return known.decision
    let asking = this.#asking.get(question)
    if (!asking) {
      const ttl = isCacheable(attributes) ? this.#settings : neverKept
      asking = this.#ask(question, spec, ttl).finally(() => this.#asking.delete(question))
      this.#asking.set(question, asking)
    }
    throw new DecisionPending(asking, () => this.#hold(question))
  }

  rulesFor(): Rules {
    return { rules: [], incomplete: true, errors: ['webhook authorizer does not support user rule resolution'] }
  }

  close(): void {
    this.#webhook.close()
  }

  /** Under which name it is counted from now on. */
  measure(name: string, metrics: AuthorizationMetrics | undefined): void {
    this.#name = name
    this.#metrics = metrics
  }

  #matches(matches: (spec: ReviewSpec) => boolean, spec: ReviewSpec): boolean {
    const { clock } = this.#env
    const started = clock.monotonic()
    let outcome: 'matched' | 'excluded' | 'failed' = 'failed'
    try {
      const matched = matches(spec)
      outcome = matched ? 'matched' : 'excluded'
      return matched
    } finally {
      this.#metrics?.conditionsEvaluated(this.#name, clock.monotonic() - started, outcome)
    }
  }

  #failed(error: string): Decision {
    return { allowed: false, ...(this.#settings.failurePolicy === 'Deny' && { denied: true }), reason: '', error }
  }

  /** The answer holds until what is given back is called. */
  #hold(question: string): () => void {
    this.#held.set(question, (this.#held.get(question) ?? 0) + 1)
    return () => {
      const left = this.#held.get(question)! - 1
      if (left > 0) return void this.#held.set(question, left)
      this.#held.delete(question)
      const known = this.#answers.get(question)
      if (known && known.until <= this.#env.clock.monotonic()) this.#answers.delete(question)
    }
  }

  async #ask(question: string, spec: ReviewSpec, { authorizedTTL, unauthorizedTTL }: Lifetimes): Promise<void> {
    let decision: Decision
    let ttl = 0
    try {
      const status = await this.#post(spec)
      const { allowed = false, denied = false, reason = '' } = status
      decision = denied
        ? {
            allowed: false,
            denied: true,
            reason,
            ...(allowed && { error: 'webhook subject access review returned both allow and deny response' }),
          }
        : { allowed, reason }
      ttl = allowed ? authorizedTTL : unauthorizedTTL
    } catch (error) {
      this.#env.log.error('Failed to make webhook authorizer request', { error: (error as Error).message })
      if (this.#settings.failurePolicy === 'NoOpinion')
        this.#metrics?.webhookFailedOpen(this.#name, isTimeout(error as Error) ? 'timeout' : 'error')
      decision = this.#failed((error as Error).message)
    }
    if (this.#answers.size >= mostRemembered) this.#answers.delete(this.#answers.keys().next().value!)
    this.#answers.set(question, { decision, until: this.#env.clock.monotonic() + ttl })
  }

  async #post(spec: ReviewSpec): Promise<ReviewStatus> {
    const { version } = this.#settings
    let started = this.#env.clock.monotonic()
    const { body } = await this.#webhook.ask(
      {
        kind: 'SubjectAccessReview',
        apiVersion: `authorization.k8s.io/${version}`,
        metadata: {},
        spec: version === 'v1' ? spec : inV1beta1(spec),
        status: { allowed: false },
      },
      error => {
        const now = this.#env.clock.monotonic()
        const result = error ? (isTimeout(error) ? 'timeout' : 'error') : 'success'
        this.#metrics?.webhookAsked(this.#name, result, now - started)
        started = now
      },
    )
    return (body as { status?: ReviewStatus } | undefined)?.status ?? {}
  }
}

interface Lifetimes {
  readonly authorizedTTL: number
  readonly unauthorizedTTL: number
}

const neverKept: Lifetimes = { authorizedTTL: 0, unauthorizedTTL: 0 }

function isCacheable(attributes: AuthorizationAttributes): boolean {
  const { namespace, verb, group, version, resource, subresource, name, path } = attributes
  const texts = [namespace, verb, group, version, resource, subresource, name, path]
  return texts.reduce((sum, text) => sum + (text?.length ?? 0), 0) < largest
}

/** There they are called `group`. */
function inV1beta1(spec: ReviewSpec): object {
  return Object.fromEntries(Object.entries(spec).map(([key, value]) => [key === 'groups' ? 'group' : key, value]))
}

/** The question, as the webhook is asked it. */
function reviewSpec(attributes: AuthorizationAttributes): ReviewSpec {
  const { user } = attributes
  const who = {
    user: user.name,
    ...(user.groups.length > 0 && { groups: user.groups }),
    ...(user.extra && Object.keys(user.extra).length > 0 && { extra: inKeyOrder(user.extra) as UserInfo['extra'] }),
    ...(user.uid && { uid: user.uid }),
  }
  if (!attributes.resourceRequest)
    return { nonResourceAttributes: { path: attributes.path, verb: attributes.verb }, ...who }
  const { namespace, verb, group, version, resource, subresource, name } = attributes
  const given = { namespace, verb, group, version, resource, subresource, name }
  const resourceAttributes: Record<string, unknown> = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value),
  )
  const fields = fieldRequirements(attributes.fieldSelector)
  if (fields.length > 0) resourceAttributes['fieldSelector'] = { requirements: fields }
  const labels = labelRequirements(attributes.labelSelector)
  if (labels.length > 0) resourceAttributes['labelSelector'] = { requirements: labels }
  return { resourceAttributes, ...who }
}

function fieldRequirements(text: string | undefined) {
  if (!text) return []
  try {
    return parseFieldSelector(text).terms.map(({ field, operator, value }) => ({
      key: field,
      operator: operator === '=' ? 'In' : 'NotIn',
      values: [value],
    }))
  } catch {
    return []
  }
}

const operators: Readonly<Record<string, string>> = {
  in: 'In',
  '=': 'In',
  '==': 'In',
  notin: 'NotIn',
  '!=': 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
}

function labelRequirements(text: string | undefined) {
  if (!text) return []
  try {
    return parseRequirements(text).flatMap(({ key, operator, values }) => {
      const known = operators[operator]
      return known ? [{ key, operator: known, ...(values.length > 0 && { values }) }] : []
    })
  } catch {
    return []
  }
}
