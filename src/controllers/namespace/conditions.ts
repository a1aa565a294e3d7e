// How a namespace says how its deletion is getting on.

import type { Namespace, NamespaceCondition } from '../../api/core/v1/namespace.ts'
import type { ResourceDeclaration } from '../../api/resource.ts'
import { formatTime } from '../../machinery/time.ts'

/** Upstream's order, and what each says when there is nothing to say. */
const fine = {
  NamespaceDeletionDiscoveryFailure: ['ResourcesDiscovered', 'All resources successfully discovered'],
  NamespaceDeletionGroupVersionParsingFailure: ['ParsedGroupVersions', 'All legacy kube types successfully parsed'],
  NamespaceDeletionContentFailure: [
    'ContentDeleted',
    'All content successfully deleted, may be waiting on finalization',
  ],
  NamespaceContentRemaining: ['ContentRemoved', 'All content successfully removed'],
  NamespaceFinalizersRemaining: ['ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
} as const

type ConditionType = keyof typeof fine

/** What a round of deletions has met with. */
export interface Findings {
  readonly discovery: { readonly message: string; readonly groups: number } | undefined
  /** Messages of what could not be deleted. */
  readonly failures: readonly string[]
  readonly remaining: ReadonlyMap<ResourceDeclaration, number>
  readonly finalizers: ReadonlyMap<string, number>
}

function troubles({ discovery, failures, remaining, finalizers }: Findings): Map<ConditionType, readonly string[]> {
  const found = new Map<ConditionType, readonly string[]>()
  if (discovery) {
    const message = `Discovery failed for some groups, ${discovery.groups} failing: ${discovery.message}`
    found.set('NamespaceDeletionDiscoveryFailure', ['DiscoveryFailed', message])
  }
  if (failures.length > 0) {
    const message = `Failed to delete all resource types, ${failures.length} remaining: ${[...failures].sort().join(', ')}`
    found.set('NamespaceDeletionContentFailure', ['ContentDeletionFailed', message])
  }
  if (remaining.size > 0) {
    const counts = [...remaining].map(([of, count]) => `${of.resource}.${of.group} has ${count} resource instances`)
    const message = `Some resources are remaining: ${counts.sort().join(', ')}`
    found.set('NamespaceContentRemaining', ['SomeResourcesRemain', message])
  }
  if (finalizers.size > 0) {
    const counts = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`)
    const message = `Some content in the namespace has finalizers remaining: ${counts.sort().join(', ')}`
    found.set('NamespaceFinalizersRemaining', ['SomeFinalizersRemain', message])
  }
  return found
}

/** The namespace's conditions with the findings; undefined when they say what is said already. */
export function withFindings(namespace: Namespace, findings: Findings, now: number): NamespaceCondition[] | undefined {
  const found = troubles(findings)
  const conditions = [...(namespace.status.conditions ?? [])]
  let changed = false
  for (const type of Object.keys(fine) as ConditionType[]) {
    const trouble = found.get(type)
    const status = trouble ? 'True' : 'False'
    const [reason = '', message = ''] = trouble ?? fine[type]
    const at = conditions.findIndex(condition => condition.type === type)
    const before = conditions[at]
    if (before && before.status === status && before.reason === reason && before.message === message) continue
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : formatTime(now)
    conditions.splice(at < 0 ? conditions.length : at, 1, { type, status, lastTransitionTime, reason, message })
    changed = true
  }
  return changed ? conditions : undefined
}
