// An owner is named once: entries that are wholly the same are dropped, and the client is told.

import type { KubeObject } from '../../api/resource.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import type { RequestContext } from '../request.ts'
import { addWarnings } from './write-context.ts'

export function dedupOwnerReferences(request: RequestContext, { metadata }: KubeObject, when = ''): void {
  const references: { uid?: string }[] | undefined = metadata['ownerReferences']
  if (!references || references.length < 2) return
  const kept: { uid?: string }[] = []
  const duplicates: string[] = []
  for (const reference of references) {
    if (kept.some(other => deepEqual(other, reference))) duplicates.push(reference.uid ?? '')
    else kept.push(reference)
  }
  if (duplicates.length === 0) return
  metadata['ownerReferences'] = kept
  const duplicated = `.metadata.ownerReferences contains duplicate entries${when && ` ${when}`}`
  addWarnings(request, [
    `${duplicated}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${duplicates.join(', ')}`,
  ])
}
