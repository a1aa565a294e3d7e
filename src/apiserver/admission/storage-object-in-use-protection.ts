// StorageObjectInUseProtection: claims, volumes and attribute classes are born with a finalizer, so that none goes while
// something uses it.

import { type AdmissionPlugin, isResource } from './admission.ts'

const finalizers = [
  ['', 'persistentvolumeclaims', 'kubernetes.io/pvc-protection'],
  ['', 'persistentvolumes', 'kubernetes.io/pv-protection'],
  ['storage.k8s.io', 'volumeattributesclasses', 'kubernetes.io/vac-protection'],
] as const

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  handles: operation => operation === 'CREATE',
  resources: ['persistentvolumeclaims', 'persistentvolumes', 'volumeattributesclasses.storage.k8s.io'],
  admit(attributes): void {
    const { object, subresource } = attributes
    if (subresource !== '' || object === undefined) return
    for (const [group, resource, finalizer] of finalizers) {
      if (!isResource(attributes, group, resource)) continue
      const present: readonly string[] = object.metadata['finalizers'] ?? []
      if (!present.includes(finalizer)) object.metadata['finalizers'] = [...present, finalizer]
    }
  },
}
