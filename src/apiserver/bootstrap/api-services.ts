// The APIService of each group and version that the server itself serves, with its place in discovery's order.

import type { KubeObject } from '../../api/resource.ts'
import { builtInVersions } from '../aggregation/group-order.ts'

export function apiServices(): KubeObject[] {
  return builtInVersions.map(({ group, version, priority }) => ({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `${version}.${group}`, labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' } },
    spec: {
      ...(group !== '' && { group }),
      version,
      groupPriorityMinimum: priority.group,
      versionPriority: priority.version,
    },
  }))
}
