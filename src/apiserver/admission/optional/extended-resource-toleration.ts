// ExtendedResourceToleration: pods that ask for devices tolerate the taint that keeps the devices' nodes for them.

import { isExtended } from '../../../api/core/v1/resources.validation.ts'
import { type AdmissionPlugin, isResource } from '../admission.ts'

export const extendedResourceToleration: AdmissionPlugin = {
  name: 'ExtendedResourceToleration',
  handles: operation => operation === 'CREATE' || operation === 'UPDATE',
  admit(attributes): void {
    const { object: pod, subresource } = attributes
    if (subresource !== '' || !pod || !isResource(attributes, '', 'pods')) return
    const { containers = [], initContainers = [], tolerations = [] } = pod['spec'] ?? {}
    const asked = new Set<string>(
      [...containers, ...initContainers].flatMap(({ resources }) => Object.keys(resources?.requests ?? {})),
    )
    const missing = [...asked]
      .filter(isExtended)
      .sort()
      .filter(
        key =>
          !tolerations.some(
            (each: Record<string, unknown>) =>
              each['key'] === key && each['operator'] === 'Exists' && each['effect'] === 'NoSchedule',
          ),
      )
    if (missing.length === 0) return
    const added = missing.map(key => ({ key, operator: 'Exists', effect: 'NoSchedule' }))
    attributes.object = { ...pod, spec: { ...pod['spec'], tolerations: [...tolerations, ...added] } }
  },
}
