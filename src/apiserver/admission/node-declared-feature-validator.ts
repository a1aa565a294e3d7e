// NodeDeclaredFeatureValidator: a pod that runs is not changed into one that its node does not know how to run. Nodes say
// in `status.declaredFeatures` what they know (upstream: component-helpers/nodedeclaredfeatures).

import type { KubeObject } from '../../api/resource.ts'
import { deepEqual, semanticEqual } from '../../machinery/deep-equal.ts'
import { quote } from '../../machinery/go-text.ts'
import { type AdmissionPlugin, refusal } from './admission.ts'

type Spec = Readonly<Record<string, any>>

/** Features by name that an update may ask for, in upstream's order, and whether one does. */
const asksFor: Readonly<Record<string, (before: Spec, now: Spec) => boolean>> = {
  InPlacePodLevelResourcesVerticalScaling: (before, now) => !semanticEqual(before['resources'], now['resources']),
  InPlacePodVerticalScalingInitContainers: (before, now) =>
    (before['initContainers'] ?? []).some(
      (container: Spec, index: number) =>
        container['restartPolicy'] !== 'Always' &&
        !deepEqual(container['resources'] ?? {}, now['initContainers']?.[index]?.resources ?? {}),
    ),
}

export const nodeDeclaredFeatureValidator: AdmissionPlugin = {
  name: 'NodeDeclaredFeatureValidator',
  handles: operation => operation === 'UPDATE',
  resources: ['pods'],
  validate(attributes): void {
    const { object: pod, oldObject, subresource, lister } = attributes
    if ((subresource !== '' && subresource !== 'resize') || !pod || !oldObject) return
    if (!hasChanged(pod, oldObject)) return
    const nodeName: string = pod['spec'].nodeName ?? ''
    if (nodeName === '') return
    const wanted = Object.keys(asksFor).filter(name => asksFor[name]!(oldObject['spec'], pod['spec']))
    if (wanted.length === 0) return
    const node = lister.get('nodes', '', nodeName)
    if (!node) throw refusal(attributes, `node ${quote(nodeName)} not found`)
    const declared: readonly string[] = node['status']?.declaredFeatures ?? []
    const missing = wanted.filter(name => !declared.includes(name))
    if (missing.length > 0)
      throw refusal(
        attributes,
        `pod update requires features ${missing.join(', ')} which are not available on node ${quote(nodeName)}`,
      )
  },
}

/** Whether more than metadata and status changes: what counts as another generation of a pod. */
export const hasChanged = (pod: KubeObject, before: KubeObject): boolean =>
  pod.metadata['generation'] !== before.metadata['generation']
