// One call of one webhook: what it says of the request, or that it could not be asked.

import { quote } from '../../../machinery/go-text.ts'
import {
  badRequest,
  internalError,
  type Status,
  type StatusError,
  statusErrorFrom,
} from '../../../machinery/status-error.ts'
import type { AdmissionServices } from '../admission.ts'
import { admissionReview, type ReviewSubject, reviewVersion, type Verdict, verdictOf } from './admission-review.ts'
import type { Webhook } from './webhooks.ts'

/** The webhook could not be asked, or gave no answer that is one: what failurePolicy is about. */
export class WebhookCallError extends Error {
  override readonly name = 'WebhookCallError'

  constructor(webhook: string, why: string) {
    super(`failed calling webhook ${quote(webhook)}: ${why}`)
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
    )
  const uid = env.random.uuid()
  let answer: unknown
  try {
    answer = await webhooks.post(clientConfig as Parameters<typeof webhooks.post>[0], {
      body: admissionReview(version, subject, uid),
      timeoutMs: timeoutSeconds * 1000,
    })
  } catch (error) {
    throw new WebhookCallError(name, `failed to call webhook: ${(error as Error).message}`)
  }
  let verdict: Verdict
  try {
    verdict = verdictOf(answer, version, uid, mutating)
  } catch (error) {
    throw new WebhookCallError(name, `received invalid webhook response: ${(error as Error).message}`)
  }
  for (const [key, value] of Object.entries(verdict.auditAnnotations)) attributes.annotate(`${name}/${key}`, value)
  for (const warning of verdict.warnings) attributes.warn(warning)
  if (!verdict.allowed) throw denial(name, verdict.status)
  return verdict
}

function denial(name: string, { code = 0, message = '', reason = '', details }: Partial<Status> = {}): StatusError {
  const deniedBy = `admission webhook ${quote(name)} denied the request`
  return statusErrorFrom({
    code: code < 400 ? 400 : code,
    reason,
    message: message
      ? `${deniedBy}: ${message}`
      : reason
        ? `${deniedBy}: ${reason}`
        : `${deniedBy} without explanation`,
    ...(details && { details }),
  })
}

/** What a call that failed means for the request: nothing, when the webhook may fail. */
export function failedCall(webhook: Webhook, error: unknown): StatusError | undefined {
  if (!(error instanceof WebhookCallError)) return error as StatusError
  return webhook.failurePolicy === 'Ignore' ? undefined : internalError(error.message)
}
