// How many watches a write will be told to: what the write costs after it is over.

import { parseFieldSelector } from '../../machinery/fields.ts'
import type { RequestContext } from '../request.ts'
import type { RequestInfo } from '../request-info.ts'

type Watched = Pick<RequestInfo, 'group' | 'resource' | 'namespace' | 'name'>

const keyOf = (group: string, resource: string, namespace: string, name: string): string =>
  `${group}/${resource}/${namespace}/${name}`

export class WatchTracker {
  readonly #watches = new Map<string, number>()

  /** Counts a watch, until what it returns is called. */
  register({ info }: RequestContext): () => void {
    if (isKubeletWatch(info)) return () => {}
    const key = keyOf(info.group, info.resource, info.namespace, info.name)
    this.#watches.set(key, (this.#watches.get(key) ?? 0) + 1)
    return () => {
      const left = (this.#watches.get(key) ?? 1) - 1
      if (left === 0) this.#watches.delete(key)
      else this.#watches.set(key, left)
    }
  }

  /** Watches of everything, of the namespace and of the object. */
  interestedIn({ group, resource, namespace, name }: Watched): number {
    if (this.#watches.size === 0) return 0
    let count = this.#watches.get(keyOf(group, resource, '', '')) ?? 0
    if (namespace !== '') count += this.#watches.get(keyOf(group, resource, namespace, '')) ?? 0
    if (name !== '') count += this.#watches.get(keyOf(group, resource, namespace, name)) ?? 0
    return count
  }
}

/** A watch of one node's pods is told of few of the writes: upstream doesn't count it, nor do we. */
function isKubeletWatch({ resource, fieldSelector }: RequestInfo): boolean {
  if (resource !== 'pods' || !fieldSelector?.includes('spec.nodeName')) return false
  try {
    return (parseFieldSelector(fieldSelector).requiredValue('spec.nodeName') ?? '') !== ''
  } catch {
    return false
  }
}
