// DefaultStorageClass: a claim that names no class gets the default one.

import { defaultClassOf, defaultStorageClassAnnotations } from '../../api/default-class.ts'
import type { AdmissionPlugin } from './admission.ts'

export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  handles: operation => operation === 'CREATE',
  resources: ['persistentvolumeclaims'],
  admit(attributes): void {
    const { object: claim, subresource } = attributes
    if (subresource !== '' || claim === undefined) return
    if (claim['spec']?.storageClassName !== undefined) return
    if (claim.metadata['annotations']?.['volume.beta.kubernetes.io/storage-class'] !== undefined) return
    const found = defaultClassOf(
      attributes.lister.list('storageclasses.storage.k8s.io', ''),
      defaultStorageClassAnnotations,
    )
    if (found) claim['spec'] = { ...claim['spec'], storageClassName: found.metadata.name }
  },
}
