// Does a request fit into the quotas of its namespace, and what would they have used then?
// (upstream: apiserver/pkg/admission/plugin/resourcequota/controller.go)

import type { ResourceQuota } from '../../../api/core/v1/resourcequota.ts'
import {
  matchesQuota,
  matchingScopes,
  type QuotaEvaluator,
  type QuotaScope,
  scopesOf,
} from '../../../api/quota/evaluator.ts'
import {
  type Amounts,
  add,
  amountsOf,
  exceeding,
  mask,
  resourceListOf,
  subtract,
  withoutZeros,
} from '../../../api/quota/resource-list.ts'
import { groupResource } from '../../../api/resource.ts'
import { type AdmissionAttributes, refusal } from '../admission.ts'
import type { LimitedResource } from './configuration.ts'

/** A quota while requests are checked. */
export interface RunningQuota {
  readonly quota: ResourceQuota
  readonly hard: Amounts
  used: Amounts
}

export const runningQuota = (quota: ResourceQuota): RunningQuota => ({
  quota,
  hard: amountsOf(quota.status?.hard as Record<string, string> | undefined),
  used: amountsOf(quota.status?.used as Record<string, string> | undefined),
})

/** Charges the quotas that the request concerns. Throws the refusal, and has charged none then. */
export function checkRequest(
  quotas: readonly RunningQuota[],
  attributes: AdmissionAttributes,
  evaluator: QuotaEvaluator,
  limited: readonly LimitedResource[],
  now: number,
): void {
  const object = attributes.object!
  const own = limited.filter(
    each => groupResource({ group: each.apiGroup, resource: each.resource }) === evaluator.groupResource,
  )
  const usage = evaluator.usage(object, now)
  const limitedNames = own.flatMap(({ matchContains }) =>
    [...usage]
      .filter(([name, amount]) => amount.sign > 0 && matchContains.some(part => name.includes(part)))
      .map(([name]) => name),
  )
  const limitedScopes = limited.flatMap(({ matchScopes }) => matchingScopes(evaluator, matchScopes, object))

  const concerned: RunningQuota[] = []
  const covered = new Set<string>()
  const coveredScopes: QuotaScope[] = []
  for (const running of quotas) {
    const { quota, hard, used } = running
    coveredScopes.push(...matchingScopes(evaluator, scopesOf(quota), object))
    if (!matchesQuota(evaluator, quota, hard.keys(), object)) continue
    const restricted = [...hard.keys()].filter(name => evaluator.counts(name)).sort()
    const problem = evaluator.constraints?.(restricted, object)
    if (problem !== undefined) throw refusal(attributes, `failed quota: ${quota.metadata!.name}: ${problem}`)
    if (restricted.some(name => !used.has(name)))
      throw refusal(attributes, `status unknown for quota: ${quota.metadata!.name}, resources: ${restricted.join(',')}`)
    concerned.push(running)
    for (const name of restricted) covered.add(name)
  }

  const negative = [...usage].filter(([, amount]) => amount.sign < 0).map(([name]) => name)
  if (negative.length > 0)
    throw refusal(attributes, `quota usage is negative for resource(s): ${negative.sort().join(',')}`)

  const charges = chargesOf(concerned, attributes, evaluator, usage, now)
  if (
    charges.size === 0 &&
    (concerned.length > 0 || withoutZeros(unquotedCharge(attributes, evaluator, usage, now)).size === 0)
  )
    return
  const uncovered = [...new Set(limitedNames)].filter(name => !covered.has(name)).sort()
  if (uncovered.length > 0) throw refusal(attributes, `insufficient quota to consume: ${uncovered.join(',')}`)
  const uncoveredScopes = limitedScopes.filter(
    ({ scopeName }) => !coveredScopes.some(each => each.scopeName === scopeName),
  )
  if (uncoveredScopes.length > 0)
    throw new Error(`insufficient quota to match these scopes: [${uncoveredScopes.map(scopeText).join(' ')}]`)

  const charged: [RunningQuota, Amounts][] = []
  for (const [running, delta] of charges) {
    const { quota, hard, used } = running
    const requested = mask(delta, new Set(hard.keys()))
    const total = add(used, requested)
    const exceeded =
      attributes.subresource === 'status' ? new Set<string>() : exceeding(mask(total, new Set(requested.keys())), hard)
    if (exceeded.size > 0) {
      const text = (amounts: Amounts): string => amountsText(mask(amounts, exceeded))
      throw refusal(
        attributes,
        `exceeded quota: ${quota.metadata!.name}, requested: ${text(requested)}, used: ${text(used)}, limited: ${text(hard)}`,
      )
    }
    charged.push([running, total])
  }
  for (const [running, total] of charged) running.used = total
}

/** What each quota is charged; only those that are charged something. */
function chargesOf(
  quotas: readonly RunningQuota[],
  attributes: AdmissionAttributes,
  evaluator: QuotaEvaluator,
  usage: Amounts,
  now: number,
): Map<RunningQuota, Amounts> {
  const charges = new Map<RunningQuota, Amounts>()
  for (const running of quotas) {
    const { oldObject } = attributes
    let charge = usage
    // An object that came into the quota with this change pays for the whole of itself.
    if (oldObject && matchesQuota(evaluator, running.quota, running.hard.keys(), oldObject))
      charge = subtract(usage, evaluator.usage(oldObject, now))
    const counted = withoutZeros(charge)
    if (counted.size > 0) charges.set(running, counted)
  }
  return charges
}

function unquotedCharge(
  { oldObject }: AdmissionAttributes,
  evaluator: QuotaEvaluator,
  usage: Amounts,
  now: number,
): Amounts {
  return oldObject ? subtract(usage, evaluator.usage(oldObject, now)) : usage
}

const amountsText = (amounts: Amounts): string =>
  Object.entries(resourceListOf(amounts))
    .map(([name, amount]) => `${name}=${amount}`)
    .join(',')

/** As Go prints a requirement. */
const scopeText = ({ scopeName, operator, values = [] }: QuotaScope): string =>
  `{${scopeName} ${operator} [${values.join(' ')}]}`
