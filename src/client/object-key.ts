// The key an object goes by in stores and queues: `namespace/name`, or `name` where there is no namespace.

import type { KubeObject } from '../api/resource.ts'

/** What every stored object has; enough to name it. */
export type Named = { readonly metadata?: { readonly name?: string; readonly namespace?: string } }

export function keyOf(object: Named): string {
  const metadata = object.metadata
  return keyFor(metadata?.namespace, metadata?.name ?? '')
}

export function keyFor(namespace: string | undefined, name: string): string {
  return namespace ? `${namespace}/${name}` : name
}

export function splitKey(key: string): { namespace: string | undefined; name: string } {
  const slash = key.indexOf('/')
  return slash < 0
    ? { namespace: undefined, name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** The metadata of an object whose type says too little about it. */
export function metadataOf(object: unknown): KubeObject['metadata'] {
  return (object as KubeObject).metadata ?? {}
}
