// What objects count against a ResourceQuota: one evaluator for each resource.
//
// Shared by admission, which charges a request before it is written, and by the quota controller, which counts what is
// there.

import { labelSelectorFrom } from '../../machinery/labels.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import type { ResourceQuota, ScopedResourceSelectorRequirement } from '../core/v1/resourcequota.ts'
import type { KubeObject } from '../resource.ts'
import { type Amounts, add, mask } from './resource-list.ts'

export type QuotaScope = ScopedResourceSelectorRequirement

/** As much of a request as says whether it is charged. */
export interface QuotaRequest {
  readonly operation: string
  readonly subresource: string
  readonly object: KubeObject | undefined
  readonly oldObject: KubeObject | undefined
}

export interface QuotaEvaluator {
  /** `pods`, `deployments.apps`. */
  readonly groupResource: string
  /** Whether the request can change what is used. */
  handles(request: QuotaRequest): boolean
  /** Whether the resource of this name counts such objects. */
  counts(name: string): boolean
  /** Why the object cannot be charged for these resources. */
  constraints?(required: readonly string[], object: KubeObject): string | undefined
  /** Evaluators without it match no scope. */
  matchesScope?(scope: QuotaScope, object: KubeObject): boolean
  /** `now` in milliseconds. */
  usage(object: KubeObject, now: number): Amounts
}

export const one = parseQuantity('1')

/** The name under which objects of a resource are counted: `count/deployments.apps`. */
export const countName = (groupResource: string): string => `count/${groupResource}`

export function scopesOf({ spec }: Pick<ResourceQuota, 'spec'>): QuotaScope[] {
  const named = (spec?.scopes ?? []).map((scopeName): QuotaScope => ({ scopeName, operator: 'Exists' }) as QuotaScope)
  return [...named, ...((spec?.scopeSelector?.matchExpressions ?? []) as QuotaScope[])]
}

/** Which of the scopes the object is in. */
export function matchingScopes(
  evaluator: QuotaEvaluator,
  scopes: readonly QuotaScope[],
  object: KubeObject,
): QuotaScope[] {
  return scopes.filter(scope => evaluator.matchesScope?.(scope, object) ?? false)
}

/** Whether the object counts against the quota. `hard`: what the quota limits. */
export function matchesQuota(
  evaluator: QuotaEvaluator,
  quota: Pick<ResourceQuota, 'spec'>,
  hard: Iterable<string>,
  object: KubeObject,
): boolean {
  for (const name of hard) if (evaluator.counts(name)) return inScopes(evaluator, scopesOf(quota), object)
  return false
}

function inScopes(evaluator: QuotaEvaluator, scopes: readonly QuotaScope[], object: KubeObject): boolean {
  return scopes.every(scope => evaluator.matchesScope?.(scope, object) ?? false)
}

/** What all these objects of one resource use of what the quota limits: for the quota controller. */
export function usageOf(
  evaluator: QuotaEvaluator,
  quota: Pick<ResourceQuota, 'spec'>,
  objects: Iterable<KubeObject>,
  now: number,
): Amounts {
  const hard = new Set(Object.keys(quota.spec?.hard ?? {}).filter(name => evaluator.counts(name)))
  const scopes = scopesOf(quota)
  let total: Amounts = new Map([...hard].map(name => [name, parseQuantity('0')]))
  if (hard.size === 0) return total
  for (const object of objects)
    if (inScopes(evaluator, scopes, object)) total = add(total, mask(evaluator.usage(object, now), hard))
  return total
}

/** A scope as a selector over what the object has of it; nothing when it has none. */
export function scopeSelects(scope: QuotaScope, values: readonly string[]): boolean {
  const selector = labelSelectorFrom({
    matchExpressions: [{ key: scope.scopeName!, operator: scope.operator!, values: scope.values ?? [] }],
  } as Parameters<typeof labelSelectorFrom>[0])
  if (values.length === 0) return selector.matches({})
  return values.some(value => selector.matches({ [scope.scopeName!]: value }))
}
