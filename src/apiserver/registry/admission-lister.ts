// The watch caches as admission reads them.

import type { KubeObject } from '../../api/resource.ts'
import type { AdmissionLister } from '../admission/admission.ts'
import type { Registry } from './registry.ts'

export function admissionLister(registry: Registry): AdmissionLister {
  return {
    get: (groupResource, namespace, name) => registry.findStorage(groupResource)?.get(namespace, name)?.object,
    *list(groupResource, namespace): Iterable<KubeObject> {
      const storage = registry.findStorage(groupResource)
      if (!storage) return
      for (const stored of storage.cache.range(storage.keyPrefix(namespace))) yield stored.object
    },
  }
}
