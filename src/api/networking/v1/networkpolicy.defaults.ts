import { defaulter } from '../../defaulter.ts'
import { NetworkPolicySpec } from './networkpolicy.ts'

export const networkPolicyDefaults = [
  defaulter(NetworkPolicySpec, spec => {
    if ((spec.policyTypes?.length ?? 0) > 0) return
    spec.policyTypes = (spec.egress?.length ?? 0) > 0 ? ['Ingress', 'Egress'] : ['Ingress']
  }),
]
