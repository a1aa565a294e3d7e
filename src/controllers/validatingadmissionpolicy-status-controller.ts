// Type-checks the expressions of validating admission policies, and writes down what it found in their status.

import {
  type ValidatingAdmissionPolicy,
  validatingAdmissionPolicies,
} from '../api/admissionregistration/v1/validatingadmissionpolicy.ts'
import { resources } from '../api/scheme.ts'
import { controller } from '../client/controller.ts'

const isChecked = ({ metadata, status }: ValidatingAdmissionPolicy): boolean =>
  (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0)

export const validatingAdmissionPolicyStatusController = controller<ValidatingAdmissionPolicy>({
  name: 'validatingadmissionpolicy-status-controller',
  reconciles: validatingAdmissionPolicies,
  filter: ({ after }) => after !== undefined && !isChecked(after),
  async reconcile(name, { client, lister }) {
    const policy = lister(validatingAdmissionPolicies).get(name)
    if (!policy || isChecked(policy)) return
    // CEL comes with the first policy.
    const { checkPolicyTypes } = await import('../api/admissionregistration/v1/policy-type-check.ts')
    const expressionWarnings = checkPolicyTypes(policy, resources)
    const typeChecking = expressionWarnings.length > 0 ? { expressionWarnings } : {}
    const status = { ...policy.status, observedGeneration: policy.metadata.generation, typeChecking }
    await client.resource(validatingAdmissionPolicies).updateStatus({ ...policy, status })
  },
})
