// What the validating policies say of a request: nothing, a warning, a note in the audit log, or no.

import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/admissionregistration/v1/validatingadmissionpolicy.ts'
import { byteLength } from '../../../machinery/go-text.ts'
import { failure, type StatusError } from '../../../machinery/status-error.ts'
import { type AdmissionAttributes, type AdmissionServices, refusal } from '../admission.ts'
import type { PolicyAction } from '../admission-metrics.ts'
import { hooksOf, invocations, namespaceOfRequest, versioned } from './hooks.ts'
import { type Steps, walk } from './steps.ts'
import { evaluateValidations, type Finding } from './validations.ts'

const policies = 'validatingadmissionpolicies.admissionregistration.k8s.io'
const bindings = 'validatingadmissionpolicybindings.admissionregistration.k8s.io'
const failureAnnotation = 'validation.policy.admission.k8s.io/validation_failure'
const longestAnnotation = 10 * 1024

type Policy = ValidatingAdmissionPolicy
type Binding = ValidatingAdmissionPolicyBinding

/** Throws the refusal; a promise only where a conversion webhook is asked. */
export const validateByPolicies = (
  attributes: AdmissionAttributes,
  services: AdmissionServices,
): void | Promise<void> => walk(validate(attributes, services))

function* validate(attributes: AdmissionAttributes, { authorizer, served, metrics }: AdmissionServices): Steps<void> {
  const hooks = hooksOf<Policy, Binding>(attributes.lister, policies, bindings)
  let denial: StatusError | undefined
  const deny = (policy: Policy, binding: Binding | undefined, message: string, reason = ''): void => {
    denial ??= denied(attributes, policy, binding, message, reason)
  }
  const annotations = new Map<string, string[]>()
  for (const invocation of yield* invocations(hooks, attributes, served)) {
    const { policy, binding } = invocation
    if ('message' in invocation) {
      if (policy.spec.failurePolicy !== 'Ignore') deny(policy, binding, invocation.message)
      continue
    }
    const { matched, params } = invocation
    const subject = {
      attributes,
      matched,
      params,
      authorizer,
      ...(yield* versioned(attributes, matched)),
      namespace: namespaceOfRequest(attributes),
    }
    const { findings, ignored, notes } = evaluateValidations(policy, subject, metrics)
    const count = (action: PolicyAction, message: string, milliseconds: number) =>
      metrics.validated(policy.metadata.name ?? '', binding!.metadata.name ?? '', message, action, milliseconds)
    for (const { message, milliseconds } of ignored) count('allow', message, milliseconds)
    for (const finding of findings) {
      act(attributes, policy, binding!, finding, deny)
      for (const action of binding!.spec.validationActions ?? [])
        count(action.toLowerCase() as PolicyAction, finding.message, finding.milliseconds)
    }
    for (const note of notes) {
      if (note.error !== undefined) {
        deny(policy, binding, note.error)
        count('deny', note.error, 0)
      } else addNote(annotations, `${policy.metadata.name}/${note.key}`, note.value)
    }
  }
  for (const [key, values] of annotations) attributes.annotate(key, values.join(', '))
  if (denial) throw denial
}

function act(
  attributes: AdmissionAttributes,
  policy: Policy,
  binding: Binding,
  { index, message, reason }: Finding,
  deny: (policy: Policy, binding: Binding, message: string, reason?: string) => void,
): void {
  const [policyName, bindingName] = [policy.metadata.name, binding.metadata.name]
  const { validationActions = [] } = binding.spec
  for (const action of validationActions) {
    if (action === 'Deny') deny(policy, binding, message, reason)
    if (action === 'Warn')
      attributes.warn(
        `Validation failed for ValidatingAdmissionPolicy '${policyName}' with binding '${bindingName}': ${message}`,
      )
    if (action === 'Audit')
      attributes.annotate(
        failureAnnotation,
        JSON.stringify([
          { message, policy: binding.spec.policyName, binding: bindingName, expressionIndex: index, validationActions },
        ]),
      )
  }
}

/** Bindings may say different things under one key; the same thing is said once. */
function addNote(annotations: Map<string, string[]>, key: string, value: string): void {
  const short =
    byteLength(value) > longestAnnotation ? Buffer.from(value).subarray(0, longestAnnotation).toString() : value
  const known = annotations.get(key)
  if (!known) annotations.set(key, [short])
  else if (!known.includes(short)) known.push(short)
}

const codes: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413 }

function denied(
  attributes: AdmissionAttributes,
  policy: Policy,
  binding: Binding | undefined,
  why: string,
  reason: string,
): StatusError {
  const by = binding ? ` with binding '${binding.metadata.name}'` : ''
  const message = `ValidatingAdmissionPolicy '${policy.metadata.name}'${by} denied request: ${why}`
  const { status } = refusal(attributes, message)
  return failure(codes[reason] ?? 422, reason || 'Invalid', status.message, {
    ...status.details,
    causes: [{ message }],
  })
}
