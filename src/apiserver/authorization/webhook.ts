// The webhook authorizer: another server decides, by a SubjectAccessReview that is posted to it.
//
// Decisions are given at once here (authorizer.ts). So a question that has no remembered answer is thrown as pending,
// and has one when it is asked again: for as long as the configuration says, or, when the server failed, just long enough
// for the request that asked.

import type { Transport } from '../../client/transport.ts'
import type { Env } from '../../machinery/env/env.ts'
import { parseFieldSelector } from '../../machinery/fields.ts'
import { parseRequirements } from '../../machinery/label-selector-parser.ts'
import { ReviewWebhook } from '../review-webhook.ts'
import type { AuthorizationMetrics, WebhookResult } from './authorization-metrics.ts'
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
  /** Milliseconds. */
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
/** How long an answer that isn't kept holds for the request it was asked for. */
const once = 1000
/** Larger questions are not remembered. */
const largest = 10_000

export class WebhookAuthorizer implements Authorizer {
  readonly #env: Env
  readonly #webhook: ReviewWebhook
  readonly #settings: WebhookSettings
  readonly #answers = new Map<string, Remembered>()
  readonly #asking = new Map<string, Promise<void>>()
  #name = ''
  #metrics: AuthorizationMetrics | undefined

  constructor(env: Env, transport: Pick<Transport, 'request' | 'close'>, path: string, settings: WebhookSettings) {
    this.#env = env
    this.#webhook = new ReviewWebhook({ env, transport, path, timeout: settings.timeout })
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
    if (known && known.until > this.#env.clock.monotonic()) return known.decision
    let asking = this.#asking.get(question)
    if (!asking) {
      asking = this.#ask(question, spec).finally(() => this.#asking.delete(question))
      this.#asking.set(question, asking)
    }
    throw new DecisionPending(asking)
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

  async #ask(question: string, spec: ReviewSpec): Promise<void> {
    const { authorizedTTL, unauthorizedTTL } = this.#settings
    let decision: Decision
    let ttl = once
    const started = this.#env.clock.monotonic()
    const asked = (result: WebhookResult) => {
      const open = this.#settings.failurePolicy === 'NoOpinion'
      this.#metrics?.webhookAsked(this.#name, result, this.#env.clock.monotonic() - started, open)
    }
    try {
      const status = await this.#post(spec)
      asked('success')
      const { allowed = false, denied = false, reason = '' } = status
      decision = denied
        ? {
            allowed: false,
            denied: true,
            reason,
            ...(allowed && { error: 'webhook subject access review returned both allow and deny response' }),
          }
        : { allowed, reason }
      if (question.length < largest) ttl = Math.max(once, allowed ? authorizedTTL : unauthorizedTTL)
    } catch (error) {
      this.#env.log.error('Failed to make webhook authorizer request', { error: (error as Error).message })
      asked((error as Error).message.includes('context deadline exceeded') ? 'timeout' : 'error')
      decision = this.#failed((error as Error).message)
    }
    if (this.#answers.size >= mostRemembered) this.#answers.delete(this.#answers.keys().next().value!)
    this.#answers.set(question, { decision, until: this.#env.clock.monotonic() + ttl })
  }

  async #post(spec: ReviewSpec): Promise<ReviewStatus> {
    const { version } = this.#settings
    const { groups, ...rest } = spec
    const { body } = await this.#webhook.ask({
      kind: 'SubjectAccessReview',
      apiVersion: `authorization.k8s.io/${version}`,
      metadata: {},
      spec: version === 'v1' ? spec : { ...rest, group: groups },
      status: { allowed: false },
    })
    return (body as { status?: ReviewStatus } | undefined)?.status ?? {}
  }
}

/** The question, as the webhook is asked it. */
function reviewSpec(attributes: AuthorizationAttributes): ReviewSpec {
  const { user } = attributes
  const who = {
    user: user.name,
    groups: user.groups,
    ...(user.uid && { uid: user.uid }),
    ...(user.extra && { extra: user.extra }),
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
