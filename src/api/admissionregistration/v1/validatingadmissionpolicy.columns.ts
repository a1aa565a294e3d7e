import { ageCell } from '../../cells.ts'
import { paramKindCell, paramRefCell } from './paramref.columns.ts'
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from './validatingadmissionpolicy.ts'

export function validatingAdmissionPolicyCells(policy: ValidatingAdmissionPolicy, now: number): unknown[] {
  const { validations = [], paramKind } = policy.spec ?? {}
  return [policy.metadata.name, validations.length, paramKindCell(paramKind), ageCell(policy, now)]
}

export function validatingAdmissionPolicyBindingCells(
  binding: ValidatingAdmissionPolicyBinding,
  now: number,
): unknown[] {
  const { policyName = '', paramRef } = binding.spec ?? {}
  return [binding.metadata.name, policyName, paramRefCell(paramRef), ageCell(binding, now)]
}
