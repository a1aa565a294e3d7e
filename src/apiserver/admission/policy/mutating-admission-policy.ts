// MutatingAdmissionPolicy: changes that the cluster's administrators wrote as expressions.
//
// In a cluster without bindings this costs one look at a number.

import type { AdmissionAttributes, AdmissionPlugin, AdmissionServices } from '../admission.ts'
import { isAdmissionConfiguration, isReview } from '../matching/matching.ts'

const bindings = 'mutatingadmissionpolicybindings.admissionregistration.k8s.io'

type Mutator = typeof import('./mutate-by-policies.ts')

export function mutatingAdmissionPolicy(services: AdmissionServices): AdmissionPlugin {
  let mutator: Mutator | undefined
  return {
    name: 'MutatingAdmissionPolicy',
    // A deletion brings nothing that could be changed; what a connection is made with is not changed.
    handles: operation => operation === 'CREATE' || operation === 'UPDATE',
    admit(attributes: AdmissionAttributes): void | Promise<void> {
      if (attributes.lister.count(bindings) === 0) return
      if (isReview(attributes) || isAdmissionConfiguration(attributes)) return
      if (mutator) return mutator.mutateByPolicies(attributes, services)
      return import('./mutate-by-policies.ts').then(loaded => {
        mutator = loaded
        return loaded.mutateByPolicies(attributes, services)
      })
    },
  }
}
