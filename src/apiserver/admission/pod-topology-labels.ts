// PodTopologyLabels: a pod bears the zone and the region of its node (KEP-4742).

import type { KubeObject } from '../../api/resource.ts'
import { type AdmissionAttributes, type AdmissionPlugin, isResource } from './admission.ts'

const topologyLabels = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region']

export const podTopologyLabels: AdmissionPlugin = {
  name: 'PodTopologyLabels',
  handles: operation => operation === 'CREATE',
  resources: ['bindings', 'pods'],
  admit(attributes): void {
    const { object, subresource } = attributes
    if (!object) return
    const isBinding = isResource(attributes, '', 'bindings') || subresource === 'binding'
    if (isBinding) {
      const { kind, name } = object['target'] ?? {}
      if (kind === undefined || kind === '' || kind === 'Node') label(attributes, object, name)
    } else if (subresource === '' && isResource(attributes, '', 'pods')) {
      const { nodeName } = object['spec'] ?? {}
      if (nodeName) label(attributes, object, nodeName)
    }
  },
}

/** The node's word counts, whatever the client says. */
function label({ lister }: AdmissionAttributes, object: KubeObject, node: string): void {
  const labels: Record<string, string> = lister.get('nodes', '', node)?.metadata['labels'] ?? {}
  const copied = topologyLabels.flatMap(name => (labels[name] === undefined ? [] : [[name, labels[name]]]))
  if (copied.length > 0) object.metadata['labels'] = { ...object.metadata['labels'], ...Object.fromEntries(copied) }
}
