// The watch caches and the served resources as admission reads them.

import type { KubeObject } from '../../api/resource.ts'
import type { AdmissionLister, AdmissionServices, ServedResources } from '../admission/admission.ts'
import type { Registry } from './registry.ts'

const none: readonly KubeObject[] = []

export function admissionLister(registry: Registry): AdmissionLister {
  return {
    get: (groupResource, namespace, name) => registry.findStorage(groupResource)?.get(namespace, name)?.object,
    list(groupResource, namespace): Iterable<KubeObject> {
      const storage = registry.findStorage(groupResource)
      if (!storage || storage.cache.size === 0) return none
      return storage.cache.range(storage.keyPrefix(namespace)).map(stored => stored.object)
    },
    count: groupResource => registry.findStorage(groupResource)?.cache.size ?? 0,
  }
}

export function servedResources(registry: Registry): ServedResources {
  return {
    *resources() {
      for (const { declaration } of registry.resources()) yield declaration
    },
  }
}

export function quotaWriter(registry: Registry): AdmissionServices['writeQuota'] {
  return async quota => {
    const { metadata } = quota
    const storage = registry.storage('resourcequotas')
    const key = storage.key(metadata.namespace ?? '', metadata.name ?? '')
    return (await storage.put(key, quota, Number(metadata.resourceVersion))).committed
  }
}
