// Which webhooks are in force and whether they are about a request.

import type { MutatingWebhook } from '../../../api/admissionregistration/v1/mutatingwebhookconfiguration.ts'
import type { ValidatingWebhook } from '../../../api/admissionregistration/v1/validatingwebhookconfiguration.ts'
import { compareText } from '../../../machinery/go-text.ts'
import { forbidden, internalError, StatusError } from '../../../machinery/status-error.ts'
import type { AdmissionAttributes, AdmissionLister, AdmissionServices } from '../admission.ts'
import type { AdmissionType } from '../admission-metrics.ts'
import { asMatched, type Matched, matchesNamespace, matchesObject, matchRules } from '../matching/matching.ts'
import type { ReviewSubject } from './admission-review.ts'

export type Webhook = MutatingWebhook | ValidatingWebhook

export interface Hook<W extends Webhook> {
  /** Names it among all webhooks, also where one configuration has several of a name. */
  readonly id: string
  readonly configuration: string
  readonly webhook: W
}

interface Configuration<W> {
  readonly metadata: { readonly name?: string }
  readonly webhooks?: readonly W[]
}

/** By the name of the configuration, and within one as its author put them. */
export function webhooksOf<W extends Webhook>(lister: AdmissionLister, configurations: string): Hook<W>[] {
  const sorted = [...lister.list(configurations, '')].sort((a, b) =>
    compareText(a.metadata.name ?? '', b.metadata.name ?? ''),
  ) as unknown as Configuration<W>[]
  const hooks: Hook<W>[] = []
  for (const { metadata, webhooks = [] } of sorted) {
    const configuration = metadata.name ?? ''
    const seen = new Map<string, number>()
    for (const webhook of webhooks) {
      const count = seen.get(webhook.name) ?? 0
      seen.set(webhook.name, count + 1)
      hooks.push({ id: `${configuration}/${webhook.name}/${count}`, configuration, webhook })
    }
  }
  return hooks
}

/** Undefined: not about this request. Throws a StatusError when that cannot be told. */
export function matchWebhook(
  { rules = [], namespaceSelector, objectSelector, matchPolicy }: Webhook,
  attributes: AdmissionAttributes,
  { served }: AdmissionServices,
): Matched | undefined {
  const inNamespace = matchesNamespace(namespaceSelector, attributes)
  if (inNamespace === false || !matchesObject(objectSelector, attributes)) return undefined
  const matched = matchRules(rules, matchPolicy === 'Equivalent', attributes, served)
  if (matched && inNamespace instanceof StatusError) throw inNamespace
  return matched
}

/** The request as the webhook is to see it: in the version it matched. */
export async function subjectOf(attributes: AdmissionAttributes, matched: Matched): Promise<ReviewSubject> {
  try {
    return {
      attributes,
      matched,
      object: await asMatched(attributes.object, attributes, matched),
      oldObject: await asMatched(attributes.oldObject, attributes, matched),
    }
  } catch (error) {
    throw internalError(error as Error)
  }
}

/** Whether the webhook's matchConditions hold. Throws a 403 when that cannot be told and the webhook must not fail. */
export async function conditionsHold(
  { name, matchConditions = [], failurePolicy }: Webhook,
  subject: ReviewSubject,
  { authorizer, metrics }: AdmissionServices,
  type: AdmissionType,
): Promise<boolean> {
  if (matchConditions.length === 0) return true
  // CEL comes with the first webhook that has conditions.
  const { webhookConditions } = await import('./match-conditions.ts')
  const started = metrics.clock.monotonic()
  const { matches, error } = webhookConditions(matchConditions, {
    ...subject,
    params: undefined,
    namespace: undefined,
    authorizer,
  })
  const outcome = error !== undefined ? 'failed' : matches ? 'matched' : 'excluded'
  const { operation } = subject.attributes
  metrics.conditionsEvaluated(name, 'webhook', type, operation, metrics.clock.monotonic() - started, outcome)
  if (error === undefined || failurePolicy === 'Ignore') return matches
  throw forbidden(subject.attributes.resource, subject.attributes.name, error)
}
