// The APIService of each group and version that the server itself serves.

import { localCondition } from '../../api/apiregistration/v1/available-condition.ts'
import type { KubeObject } from '../../api/resource.ts'
import { builtInAPIServices } from '../aggregation/auto-register.ts'

export function apiServices(now: number): KubeObject[] {
  return builtInAPIServices().map(({ metadata, spec }) => ({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { ...metadata },
    spec: { ...spec },
    status: { conditions: [localCondition(now)] },
  }))
}
