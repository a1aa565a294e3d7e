// Asks the validating webhooks that a request concerns, all at once; the first refusal counts.

import type { ValidatingWebhook } from '../../../api/admissionregistration/v1/validatingwebhookconfiguration.ts'
import type { AdmissionAttributes, AdmissionServices } from '../admission.ts'
import type { ReviewSubject } from './admission-review.ts'
import { callWebhook, failedCall, measured, type WebhookCallError } from './call-webhook.ts'
import { conditionsHold, matchWebhook, subjectOf, webhooksOf } from './webhooks.ts'

export async function validateByWebhooks(
  attributes: AdmissionAttributes,
  services: AdmissionServices,
  configurations: string,
): Promise<void> {
  const relevant: { webhook: ValidatingWebhook; subject: ReviewSubject }[] = []
  for (const { webhook } of webhooksOf<ValidatingWebhook>(attributes.lister, configurations)) {
    const matched = matchWebhook(webhook, attributes, services)
    if (!matched) continue
    const subject = await subjectOf(attributes, matched)
    if (await conditionsHold(webhook, subject, services, 'validate')) relevant.push({ webhook, subject })
  }
  let refusal: Error | undefined
  await Promise.all(
    relevant.map(async ({ webhook, subject }, index) => {
      try {
        await measured(webhook, 'validating', attributes, services, () =>
          callWebhook(webhook, subject, false, services),
        )
      } catch (error) {
        const failed = failedCall(webhook, error)
        if (failed) refusal ??= failed
        else failOpen(attributes, services, webhook.name, index, error as WebhookCallError)
      }
    }),
  )
  if (refusal) throw refusal
}

function failOpen(
  attributes: AdmissionAttributes,
  { env, metrics }: AdmissionServices,
  name: string,
  index: number,
  error: WebhookCallError,
): void {
  attributes.annotate(`failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`, name)
  metrics.webhookFailedOpen(name, 'validating')
  env.log.warn('a webhook failed and was ignored', { webhook: name, error: error.message })
}
