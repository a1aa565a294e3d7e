// PersistentVolumeClaimResize: a claim grows only once it is bound, and only if its storage class says that its volumes
// can.

import type { KubeObject } from '../../api/resource.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import { type AdmissionPlugin, refusal } from './admission.ts'

export const persistentVolumeClaimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  handles: operation => operation === 'UPDATE',
  resources: ['persistentvolumeclaims'],
  validate(attributes): void {
    const { object: claim, oldObject: old, subresource, lister } = attributes
    if (subresource !== '' || !claim || !old) return
    if (sizeOf(claim).compare(sizeOf(old)) <= 0) return
    if (old['status']?.phase !== 'Bound')
      throw refusal(attributes, 'Only bound persistent volume claims can be expanded')
    const name = classOf(claim)
    const storageClass = name === '' ? undefined : lister.get('storageclasses.storage.k8s.io', '', name)
    if (name !== classOf(old) || !storageClass?.['allowVolumeExpansion'])
      throw refusal(
        attributes,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      )
  },
}

function sizeOf(claim: KubeObject) {
  return parseQuantity(claim['spec']?.resources?.requests?.storage ?? '0')
}

function classOf(claim: KubeObject): string {
  return (
    claim.metadata['annotations']?.['volume.beta.kubernetes.io/storage-class'] ?? claim['spec']?.storageClassName ?? ''
  )
}
