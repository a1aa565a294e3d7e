// What a pod refers to in the API. A kubelet makes mirror pods of what it found on its disk: those must not refer to
// anything, or the node could read what it may not (upstream: HasAPIObjectReference).

import type { KubeObject } from '../../api/resource.ts'
import { quote } from '../../machinery/go-text.ts'
import { podConfigMapNames, podSecretNames } from '../authorization/node-graph.ts'

/** Of a volume's kinds those that stand on an API object, as messages call it. */
const volumeKinds: Readonly<Record<string, string>> = {
  configMap: 'configmaps (via configmap volumes)',
  secret: 'secrets (via secret volumes)',
  csi: 'csidrivers (via CSI volumes)',
  glusterfs: 'endpoints (via glusterFS volumes)',
  persistentVolumeClaim: 'persistentvolumeclaims',
  ephemeral: 'persistentvolumeclaims (via ephemeral volumes)',
  azureFile: 'secrets (via azureFile volumes)',
}

const projectedKinds: Readonly<Record<string, string>> = {
  configMap: 'configmaps (via projected volumes)',
  secret: 'secrets (via projected volumes)',
  serviceAccountToken: 'serviceaccounts (via projected volumes)',
  clusterTrustBundle: 'clustertrustbundles',
  podCertificate: 'podcertificates',
}

/** The first kind of object that it refers to; undefined when it refers to none. */
export function referencedObjects(pod: KubeObject): string | undefined {
  const spec = pod['spec']
  if (spec.serviceAccountName) return 'serviceaccounts'
  if (!podSecretNames(pod).next().done) return 'secrets'
  if (!podConfigMapNames(pod).next().done) return 'configmaps'
  if (spec.resourceClaims?.length) return 'resourceclaims'
  for (const volume of (spec.volumes ?? []) as Record<string, any>[]) {
    const found = kindIn(volumeKinds, volume)
    if (found) return found
    for (const source of (volume['projected']?.sources ?? []) as Record<string, any>[]) {
      const projected = kindIn(projectedKinds, source)
      if (projected) return projected
      // A source that nobody knows may be anything.
      if (!source['downwardAPI']) return `unknown source for projected volume ${quote(volume['name'])}`
    }
  }
  return undefined
}

function kindIn(kinds: Readonly<Record<string, string>>, of: Record<string, any>): string | undefined {
  for (const kind in kinds) if (of[kind]) return kinds[kind]
  return undefined
}
