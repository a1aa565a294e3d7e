// ValidatingAdmissionPolicy: rules that the cluster's administrators wrote as expressions.
//
// In a cluster without bindings this costs one look at a number; CEL is loaded with the first request that a binding may
// concern, and each policy is compiled once.

import type { AdmissionAttributes, AdmissionPlugin, AdmissionServices } from '../admission.ts'
import { isAdmissionConfiguration, isReview } from '../matching/matching.ts'

const bindings = 'validatingadmissionpolicybindings.admissionregistration.k8s.io'

type Evaluator = typeof import('./validate-by-policies.ts')

export function validatingAdmissionPolicy(services: AdmissionServices): AdmissionPlugin {
  let evaluator: Evaluator | undefined
  return {
    name: 'ValidatingAdmissionPolicy',
    handles: () => true,
    validate(attributes: AdmissionAttributes): void | Promise<void> {
      if (attributes.lister.count(bindings) === 0) return
      if (isReview(attributes) || isAdmissionConfiguration(attributes)) return
      if (evaluator) return evaluator.validateByPolicies(attributes, services)
      return import('./validate-by-policies.ts').then(loaded => {
        evaluator = loaded
        return loaded.validateByPolicies(attributes, services)
      })
    },
  }
}
