// LimitPodHardAntiAffinityTopology: a pod may keep others off its node, not off its whole zone.

import { type AdmissionPlugin, isResource, refusal } from '../admission.ts'

const hostname = 'kubernetes.io/hostname'

export const limitPodHardAntiAffinityTopology: AdmissionPlugin = {
  name: 'LimitPodHardAntiAffinityTopology',
  handles: operation => operation === 'CREATE' || operation === 'UPDATE',
  validate(attributes): void {
    if (attributes.subresource !== '' || !isResource(attributes, '', 'pods')) return
    const { podAntiAffinity } = attributes.object?.['spec']?.affinity ?? {}
    for (const { topologyKey } of podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [])
      if (topologyKey !== hostname)
        throw refusal(
          attributes,
          `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${topologyKey} but only key ${hostname} is allowed`,
        )
  },
}
