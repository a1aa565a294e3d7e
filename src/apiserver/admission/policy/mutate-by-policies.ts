// What the mutating policies make of an object, one after the other, and which of them have to look again.

import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from '../../../api/admissionregistration/v1/mutatingadmissionpolicy.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { deepEqual, semanticEqual } from '../../../machinery/deep-equal.ts'
import { deepCopy } from '../../../machinery/deep-freeze.ts'
import { failure, notFound, type StatusCause } from '../../../machinery/status-error.ts'
import { type AdmissionAttributes, type AdmissionServices, refusal, reinvocationOf } from '../admission.ts'
import { fromMatched } from '../matching/matching.ts'
import { hooksOf, type Invocation, invocations, namespaceOfRequest, versioned } from './hooks.ts'
import { conditionsHold, mutate } from './mutations.ts'
import { type Steps, settled, walk } from './steps.ts'

const policies = 'mutatingadmissionpolicies.admissionregistration.k8s.io'
const bindings = 'mutatingadmissionpolicybindings.admissionregistration.k8s.io'
const pluginName = 'MutatingAdmissionPolicy'

type Policy = MutatingAdmissionPolicy
type Binding = MutatingAdmissionPolicyBinding

/** Which invocations may look again, and which must. */
interface Memory {
  invoked: Set<string>
  due: Set<string>
  lastOutput: KubeObject | undefined
}

interface PolicyError {
  readonly policy: Policy
  readonly binding: Binding | undefined
  readonly message: string
  readonly reason?: string
}

/** Throws the refusal when a policy fails that may not. */
export const mutateByPolicies = (attributes: AdmissionAttributes, services: AdmissionServices): void | Promise<void> =>
  walk(mutateAll(attributes, services))

function* mutateAll(attributes: AdmissionAttributes, services: AdmissionServices): Steps<void> {
  const hooks = hooksOf<Policy, Binding>(attributes.lister, policies, bindings)
  const errors: PolicyError[] = []
  const due: Invocation<Policy, Binding>[] = []
  for (const each of yield* invocations(hooks, attributes, services.served)) {
    if ('message' in each) errors.push({ policy: each.policy, binding: each.binding, message: each.message })
    else due.push(each)
  }
  if (due.length > 0) errors.push(...(yield* runAll(due, attributes, services)))
  const fatal = errors.filter(({ policy }) => policy.spec.failurePolicy !== 'Ignore')
  if (fatal.length > 0) throw denied(attributes, fatal)
}

function* runAll(
  due: readonly Invocation<Policy, Binding>[],
  attributes: AdmissionAttributes,
  { authorizer, metrics }: AdmissionServices,
): Steps<PolicyError[]> {
  const errors: PolicyError[] = []
  const reinvocation = reinvocationOf(attributes)
  let memory = reinvocation.state.get(pluginName) as Memory | undefined
  if (!memory) {
    memory = { invoked: new Set(), due: new Set(), lastOutput: undefined }
    reinvocation.state.set(pluginName, memory)
  }
  const { again } = reinvocation
  if (again && !deepEqual(memory.lastOutput, attributes.object)) lookAgain(memory)
  const namespace = namespaceOfRequest(attributes)
  if (attributes.namespace !== '' && !namespace && attributes.resource.resource !== 'namespaces')
    throw notFound({ group: '', resource: 'namespaces' }, attributes.namespace)
  for (const { policy, binding, matched, params } of due) {
    const subject = function* () {
      return {
        attributes,
        matched,
        params,
        namespace,
        authorizer,
        ...(yield* versioned(attributes, matched)),
      }
    }
    const conditions = conditionsHold(policy, yield* subject(), metrics)
    if (conditions.error !== undefined) errors.push({ policy, binding, message: conditions.error, reason: 'Invalid' })
    if (!conditions.matches) continue
    const key = JSON.stringify([
      policy.metadata.name,
      binding.metadata.name,
      params?.metadata.namespace,
      params?.metadata.name,
    ])
    if (again && !memory.due.has(key)) continue
    const before = attributes.object
    for (const index of (policy.spec.mutations ?? []).keys()) {
      if (!attributes.object || isOfItsOwn(attributes)) continue
      const on = yield* subject()
      const started = metrics.clock.monotonic()
      const result = mutate(policy, index, on)
      const problem = 'error' in result ? result.error : undefined
      const took = metrics.clock.monotonic() - started
      metrics.mutated(policy.metadata.name ?? '', binding.metadata.name ?? '', problem, took)
      if ('error' in result) errors.push({ policy, binding, message: result.error, reason: 'Invalid' })
      else attributes.object = yield* settled(fromMatched(result.object, attributes, matched))
    }
    if (attributes.object !== before && !semanticEqual(attributes.object, before)) {
      lookAgain(memory)
      reinvocation.requested = true
    }
    if (policy.spec.reinvocationPolicy === 'IfNeeded') memory.invoked.add(key)
  }
  memory.lastOutput = deepCopy(attributes.object)
  return errors
}

/** A subresource's own kind (a token request, a scale): its schema is not at hand. */
function isOfItsOwn({ resource, subresource }: AdmissionAttributes): boolean {
  return resource.subresources.some(({ name, kind }) => name === subresource && kind !== undefined)
}

/** Everything that ran so far, and may run again, must. */
function lookAgain(memory: Memory): void {
  for (const key of memory.invoked) memory.due.add(key)
  memory.invoked = new Set()
}

function denied(attributes: AdmissionAttributes, errors: readonly PolicyError[]) {
  const messages = errors.map(({ policy, binding, message }) =>
    binding
      ? `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`
      : `policy ${JSON.stringify(policy.metadata.name)} denied request: ${message}`,
  )
  const { status } = refusal(attributes, messages[0]!)
  const causes: StatusCause[] = messages.map(message => ({ message }))
  return failure(403, errors[0]!.reason ?? 'Forbidden', messages[0]!, { ...status.details, causes })
}
