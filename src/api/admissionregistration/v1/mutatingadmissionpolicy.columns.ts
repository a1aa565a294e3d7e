import { ageCell } from '../../cells.ts'
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding } from './mutatingadmissionpolicy.ts'
import { paramKindCell, paramRefCell } from './paramref.columns.ts'

export function mutatingAdmissionPolicyCells(policy: MutatingAdmissionPolicy, now: number): unknown[] {
  const { mutations = [], paramKind } = policy.spec ?? {}
  return [policy.metadata.name, mutations.length, paramKindCell(paramKind), ageCell(policy, now)]
}

export function mutatingAdmissionPolicyBindingCells(binding: MutatingAdmissionPolicyBinding, now: number): unknown[] {
  const { policyName = '', paramRef } = binding.spec ?? {}
  return [binding.metadata.name, policyName, paramRefCell(paramRef), ageCell(binding, now)]
}
