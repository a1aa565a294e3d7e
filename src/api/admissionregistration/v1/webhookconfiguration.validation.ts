// Configurations of admission webhooks (upstream: pkg/apis/admissionregistration/validation). What an older server let in
// may stay as it is.
//
// Brings CEL with it: import this file dynamically.

import { deepEqual } from '../../../machinery/deep-equal.ts'
import { duplicate, type FieldError, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { isFullyQualifiedName } from '../../../machinery/validation/domain-names.ts'
import { validateLabelSelector } from '../../../machinery/validation/labels.ts'
import { isDNS1035Label } from '../../../machinery/validation/names.ts'
import { validateWebhookService, validateWebhookURL } from '../../../machinery/validation/webhook.ts'
import type { MutatingWebhook } from './mutatingwebhookconfiguration.ts'
import { validateMatchConditions } from './policy.validation.ts'
import { validateRuleWithOperations } from './rule.validation.ts'
import type { ValidatingWebhook } from './validatingwebhookconfiguration.ts'

type Webhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>

interface WebhookConfiguration {
  readonly webhooks?: readonly Webhook[]
}

const reviewVersions = ['v1', 'v1beta1']
const noSideEffects = ['None', 'NoneOnDryRun']
const sideEffectClasses = ['None', 'NoneOnDryRun', 'Some', 'Unknown']

/** What a configuration that stands as it is need not keep to. */
interface Leniency {
  readonly sideEffects: boolean
  readonly reviewVersions: boolean
  readonly names: boolean
  readonly conditions: boolean
}

const strict: Leniency = { sideEffects: false, reviewVersions: false, names: false, conditions: false }

export function validateWebhookConfiguration(
  { webhooks = [] }: WebhookConfiguration,
  old?: WebhookConfiguration,
): FieldError[] {
  const lenient = old ? leniency(webhooks, old.webhooks ?? []) : strict
  const seen = new Set<string>()
  return webhooks.flatMap((webhook, index) => {
    const path = root('webhooks').index(index)
    const errors = [...validateWebhook(webhook, lenient, path), ...validateReviewVersions(webhook, lenient, path)]
    if (!lenient.names && seen.has(webhook.name)) errors.push(duplicate(path.child('name'), webhook.name))
    if (webhook.name) seen.add(webhook.name)
    return errors
  })
}

function leniency(webhooks: readonly Webhook[], old: readonly Webhook[]): Leniency {
  return {
    sideEffects: old.some(({ sideEffects }) => !noSideEffects.includes(sideEffects ?? '')),
    reviewVersions: old.some(
      ({ admissionReviewVersions: versions }) =>
        (versions?.length ?? 0) > 0 && !versions!.some(version => reviewVersions.includes(version)),
    ),
    names: new Set(old.map(({ name }) => name)).size < old.length,
    conditions:
      webhooks.length === old.length &&
      webhooks.every(({ matchConditions }, index) => deepEqual(matchConditions, old[index]!.matchConditions)),
  }
}

function validateWebhook(webhook: Webhook, lenient: Leniency, path: FieldPath): FieldError[] {
  const { name, rules = [], sideEffects, timeoutSeconds, matchConditions } = webhook
  const errors = isFullyQualifiedName(path.child('name'), name ?? '')
  rules.forEach((rule, index) => {
    errors.push(...validateRuleWithOperations(rule, path.child('rules').index(index)))
  })
  errors.push(...oneOf(webhook.failurePolicy, ['Fail', 'Ignore'], path.child('failurePolicy')))
  errors.push(...oneOf(webhook.matchPolicy, ['Equivalent', 'Exact'], path.child('matchPolicy')))
  const allowed = lenient.sideEffects ? sideEffectClasses : noSideEffects
  if (sideEffects === undefined)
    errors.push(required(path.child('sideEffects'), `must specify one of ${allowed.join(', ')}`))
  errors.push(...oneOf(sideEffects, allowed, path.child('sideEffects')))
  if (timeoutSeconds !== undefined && (timeoutSeconds > 30 || timeoutSeconds < 1))
    errors.push(
      invalid(path.child('timeoutSeconds'), timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'),
    )
  for (const field of ['namespaceSelector', 'objectSelector'] as const) {
    const selector = webhook[field]
    if (selector) errors.push(...validateLabelSelector(selector, path.child(field)))
  }
  errors.push(...oneOf(webhook.reinvocationPolicy, ['IfNeeded', 'Never'], path.child('reinvocationPolicy')))
  errors.push(...validateClientConfig(webhook, path.child('clientConfig')))
  if (!lenient.conditions)
    errors.push(...validateMatchConditions(matchConditions, false, path.child('matchConditions')))
  return errors
}

function oneOf(value: string | undefined, allowed: readonly string[], path: FieldPath): FieldError[] {
  return value === undefined || allowed.includes(value) ? [] : [notSupported(path, value, allowed)]
}

function validateClientConfig({ clientConfig: { url, service } = {} }: Webhook, path: FieldPath): FieldError[] {
  if ((url === undefined) === (service === undefined))
    return [required(path, 'exactly one of url or service is required')]
  return url === undefined
    ? validateWebhookService(path.child('service'), service!)
    : validateWebhookURL(path.child('url'), url)
}

function validateReviewVersions({ admissionReviewVersions }: Webhook, lenient: Leniency, of: FieldPath): FieldError[] {
  const versions = admissionReviewVersions ?? []
  const path = of.child('admissionReviewVersions')
  if (versions.length === 0) return [required(path, `must specify one of ${reviewVersions.join(', ')}`)]
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [index, version] of versions.entries()) {
    if (seen.has(version)) {
      errors.push(invalid(path.index(index), version, 'duplicate version'))
      continue
    }
    seen.add(version)
    for (const message of isDNS1035Label(version)) errors.push(invalid(path.index(index), version, message))
  }
  if (!lenient.reviewVersions && !versions.some(version => reviewVersions.includes(version)))
    errors.push(invalid(path, versions, `must include at least one of ${reviewVersions.join(', ')}`))
  return errors
}
