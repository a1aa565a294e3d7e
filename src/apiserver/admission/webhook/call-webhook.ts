// One call of one webhook: what it says of the request, or that it could not be asked.

import { quote } from '../../../machinery/go-text.ts'
import {
  badRequest,
  internalError,
  type Status,
  type StatusError,
  statusErrorFrom,
} from '../../../machinery/status-error.ts'
import { WebhookRefusal } from '../../webhook-client.ts'
import type { AdmissionAttributes, AdmissionServices } from '../admission.ts'
import type { WebhookOutcome } from '../admission-metrics.ts'
import {
  admissionReview,
  type ReviewSubject,
  reviewVersion,
  UnreadableAnswer,
  type Verdict,
  verdictOf,
} from './admission-review.ts'
import type { Webhook } from './webhooks.ts'

/** The webhook could not be asked, or gave no answer that is one: what failurePolicy is about. */
export class WebhookCallError extends Error {
  override readonly name = 'WebhookCallError'
  /** What it counts as: the status that the webhook answered with, or that it was not available. */
  readonly code: number

  constructor(webhook: string, why: string, code = 503) {
    super(`failed calling webhook ${quote(webhook)}: ${why}`)
    this.code = code
  }
}

/** Throws a WebhookCallError, or the StatusError of a denial. */
export async function callWebhook(
  webhook: Webhook,
  subject: ReviewSubject,
  mutating: boolean,
  { env, webhooks }: AdmissionServices,
): Promise<Verdict> {
  const { name, sideEffects, clientConfig, timeoutSeconds = 10, admissionReviewVersions } = webhook
  const { attributes } = subject
  if (attributes.dryRun && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun')
    throw badRequest(`admission webhook ${quote(name)} does not support dry run`)
  const version = reviewVersion(admissionReviewVersions)
  if (!version)
    throw new WebhookCallError(
      name,
      'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)',
      400,
    )
  const uid = env.random.uuid()
  let answer: unknown
  try {
    answer = await webhooks.post(clientConfig as Parameters<typeof webhooks.post>[0], {
      body: admissionReview(version, subject, uid),
      timeoutMs: timeoutSeconds * 1000,
    })
  } catch (error) {
    const status = error instanceof WebhookRefusal ? error.status : undefined
    throw new WebhookCallError(name, `failed to call webhook: ${(error as Error).message}`, status)
  }
  let verdict: Verdict
  try {
    verdict = verdictOf(answer, version, uid, mutating)
  } catch (error) {
    const what = error instanceof UnreadableAnswer ? 'failed to call webhook' : 'received invalid webhook response'
    throw new WebhookCallError(name, `${what}: ${(error as Error).message}`)
  }
  for (const [key, value] of Object.entries(verdict.auditAnnotations)) attributes.annotate(`${name}/${key}`, value)
  for (const warning of verdict.warnings) attributes.warn(warning)
  if (!verdict.allowed) throw denial(name, verdict.status)
  return verdict
}

function denial(name: string, { code = 0, message = '', reason = '', details }: Partial<Status> = {}): StatusError {
  const deniedBy = `admission webhook ${quote(name)} denied the request`
  const refused = statusErrorFrom({
    code: code < 400 ? 400 : code,
    reason,
    message: message
      ? `${deniedBy}: ${message}`
      : reason
        ? `${deniedBy}: ${reason}`
        : `${deniedBy} without explanation`,
    ...(details && { details }),
  })
  denials.add(refused)
  return refused
}

/** A refusal by the webhook itself, as against what went wrong here with its answer. */
const denials = new WeakSet<object>()

/** Counts the call: what it took, and how it ended. */
export async function measured(
  { name, failurePolicy }: Webhook,
  type: 'admit' | 'validating',
  { operation }: AdmissionAttributes,
  { metrics }: AdmissionServices,
  call: () => Promise<unknown>,
): Promise<void> {
  const started = metrics.clock.monotonic()
  const ended = (rejected: boolean, outcome: WebhookOutcome, code: number) =>
    metrics.webhookCalled(name, type, operation, metrics.clock.monotonic() - started, { rejected, outcome, code })
  try {
    await call()
  } catch (error) {
    if (error instanceof WebhookCallError) ended(failurePolicy !== 'Ignore', 'calling_webhook_error', error.code)
    else if (denials.has(error as object)) ended(true, 'no_error', (error as StatusError).code)
    else ended(true, 'apiserver_internal_error', 0)
    throw error
  }
  ended(false, 'no_error', 200)
}

/** What a call that failed means for the request: nothing, when the webhook may fail. */
export function failedCall(webhook: Webhook, error: unknown): StatusError | undefined {
  if (!(error instanceof WebhookCallError)) return error as StatusError
  return webhook.failurePolicy === 'Ignore' ? undefined : internalError(error.message)
}
