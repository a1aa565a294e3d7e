// One mutation of one policy: a JSON patch or an apply configuration, made by an expression and applied to the object.

import type { MutatingAdmissionPolicy } from '../../../api/admissionregistration/v1/mutatingadmissionpolicy.ts'
import { applyConfigurationType, jsonPatchType } from '../../../api/admissionregistration/v1/policy-expressions.ts'
import { applyDefaults } from '../../../api/defaults.ts'
import { namedTypeOf } from '../../../api/go/named-types.ts'
import { apiVersionOf, type KubeObject } from '../../../api/resource.ts'
import { atomOf } from '../../../machinery/apply/atom.ts'
import { atomicParts } from '../../../machinery/apply/atomic-parts.ts'
import { MergeError, merge } from '../../../machinery/apply/merge.ts'
import { validateTyped } from '../../../machinery/apply/validate.ts'
import { type CelValue, objectNameMismatches, runtimeCostBudget, toJson } from '../../../machinery/cel/cel.ts'
import { decodeObject } from '../../../machinery/codec/decode.ts'
import { applyJsonPatch } from '../../../machinery/patch/json-patch.ts'
import { internalError, StatusError } from '../../../machinery/status-error.ts'
import type { AdmissionMetrics } from '../admission-metrics.ts'
import { activation, type ConditionsOutcome, evaluate, isBudgetSpent, type Subject } from '../matching/expressions.ts'
import { compiledPolicies } from './compiled-policies.ts'
import { measuredConditions } from './measured-conditions.ts'

const compiledPolicy = compiledPolicies(({ spec }: MutatingAdmissionPolicy, compiler, options) => ({
  mutations: (spec.mutations ?? []).map(({ patchType, jsonPatch, applyConfiguration }) =>
    patchType === 'JSONPatch'
      ? compiler.compile(jsonPatch?.expression ?? '', [{ list: jsonPatchType }], { ...options, mutation: true })
      : compiler.compile(applyConfiguration?.expression ?? '', [applyConfigurationType], {
          ...options,
          mutation: true,
        }),
  ),
}))

export const conditionsHold = (
  policy: MutatingAdmissionPolicy,
  subject: Subject,
  metrics: AdmissionMetrics,
): ConditionsOutcome => measuredConditions(policy.metadata.name ?? '', compiledPolicy(policy), subject, metrics)

export type Mutated = { readonly object: KubeObject } | { readonly error: string }

/** The object as this mutation makes it, decoded and defaulted. Throws a StatusError for what no failurePolicy covers. */
export function mutate(policy: MutatingAdmissionPolicy, index: number, subject: Subject): Mutated {
  const { variables, mutations } = compiledPolicy(policy)
  const compiled = mutations[index]!
  if (compiled.error !== undefined) return { error: compiled.error }
  const budget = { remaining: runtimeCostBudget }
  try {
    const values = activation(subject, variables, budget, { authorizer: true, namespace: true })
    const outcome = evaluate(compiled, values, budget)
    if (outcome.error !== undefined) return { error: outcome.error }
    const { value } = outcome as { value: CelValue }
    const { patchType } = policy.spec.mutations![index]!
    const patched = patchType === 'JSONPatch' ? jsonPatched(value, subject) : configured(value, subject)
    return { object: decoded(patched, subject) }
  } catch (error) {
    if (error instanceof StatusError) throw error
    if (isBudgetSpent(error) || error instanceof MutationError) return { error: (error as Error).message }
    throw error
  }
}

class MutationError extends Error {}

function checkNames(value: CelValue): void {
  const mismatches = objectNameMismatches(value)
  if (mismatches.length > 0) throw new MutationError(`type mismatch: ${mismatches.join('\n')}`)
}

function jsonPatched(value: CelValue, { object }: Subject): unknown {
  let patch: Record<string, unknown>[]
  for (const operation of value as Iterable<CelValue>)
    if (operation !== null && typeof operation === 'object' && 'find' in operation) {
      const part = (operation.find as (name: string) => CelValue | undefined).call(operation, 'value')
      if (part !== undefined) checkNames(part)
    }
  try {
    patch = toJson(value) as Record<string, unknown>[]
  } catch (error) {
    const reason = (error as Error).message
    throw new MutationError(`JSONPath valueExpression evaluated to a type that could not marshal to JSON: ${reason}`)
  }
  try {
    return applyJsonPatch<unknown>(object, patch)
  } catch (error) {
    const reason =
      (error as StatusError).cause instanceof Error
        ? (error as { cause: Error }).cause.message
        : (error as Error).message
    // A test that fails means: then not.
    if (/testing value .* failed/.test(reason)) return object
    throw new MutationError(`JSON Patch: ${reason}`)
  }
}

function configured(value: CelValue, { object, matched }: Subject): unknown {
  checkNames(value)
  const { resource } = matched
  const atom = atomOf(resource.schema)
  const patch = { ...(toJson(value) as object), apiVersion: apiVersionOf(resource), kind: resource.kind }
  const wrong = (reason: string): MutationError => new MutationError(`error applying patch: ${reason}`)
  const problem = validateTyped(atom, patch)
  if (problem !== undefined) throw wrong(`failed to convert patch object to typed object: ${problem}`)
  const atomics = atomicParts(atom, patch)
  if (atomics.length > 0)
    throw wrong(`invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`)
  try {
    return merge(atom, object, patch)
  } catch (error) {
    if (!(error instanceof MergeError)) throw error
    throw wrong(`failed to merge patch: ${error.message}`)
  }
}

function decoded(value: unknown, { matched }: Subject): KubeObject {
  const { resource } = matched
  let result: { object: KubeObject; unknownFields: readonly string[] }
  try {
    result = decodeObject<KubeObject>(resource.schema, value, {
      version: resource.version,
      kind: resource.kind,
      bare: true,
      namedTypeOf,
    }) as typeof result
  } catch (error) {
    throw internalError(error as Error)
  }
  if (result.unknownFields.length > 0) throw internalError(`strict decoding error: ${result.unknownFields.join(', ')}`)
  const { object } = result
  object.apiVersion = apiVersionOf(resource)
  object.kind = resource.kind
  applyDefaults(resource, object)
  return object
}
