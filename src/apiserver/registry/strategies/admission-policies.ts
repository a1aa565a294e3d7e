// Admission policies and their bindings. Their expressions are compiled when they are written, for which CEL is loaded
// with the first of them.

import type { KubeObject } from '../../../api/resource.ts'
import type { FieldError } from '../../../machinery/field-error.ts'
import type { Strategy } from '../strategy.ts'

type Validation = typeof import('../../../api/admissionregistration/v1/policy.validation.ts')

let validation: Validation | undefined

function load(): Promise<void> | undefined {
  if (validation) return undefined
  return import('../../../api/admissionregistration/v1/policy.validation.ts').then(loaded => {
    validation = loaded
  })
}

type Check = (validation: Validation, object: any, old?: any) => FieldError[]

const checked = (check: Check): Strategy => ({
  tracksGeneration: true,
  allowUnconditionalUpdate: false,
  load,
  validate: (object: KubeObject) => check(validation!, object),
  validateUpdate: (object: KubeObject, old: KubeObject) => check(validation!, object, old),
})

export const admissionPolicyStrategies: Readonly<Record<string, Strategy>> = {
  'validatingadmissionpolicies.admissionregistration.k8s.io': checked(
    ({ validateValidatingAdmissionPolicy }, policy, old) => validateValidatingAdmissionPolicy(policy, old),
  ),
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': checked(
    ({ validateValidatingAdmissionPolicyBinding }, binding) => validateValidatingAdmissionPolicyBinding(binding),
  ),
  'mutatingadmissionpolicies.admissionregistration.k8s.io': checked(
    ({ validateMutatingAdmissionPolicy }, policy, old) => validateMutatingAdmissionPolicy(policy, old),
  ),
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': checked(
    ({ validateMutatingAdmissionPolicyBinding }, binding) => validateMutatingAdmissionPolicyBinding(binding),
  ),
}
