// What a LimitRange forbids, and in which words.

import type { KubeObject } from '../../api/resource.ts'
import { parseQuantity, type Quantity } from '../../machinery/quantity.ts'

export type ResourceList = Record<string, string>

/** A LimitRangeItem. */
export interface Limit {
  readonly type: string
  readonly min?: ResourceList
  readonly max?: ResourceList
  readonly default?: ResourceList
  readonly defaultRequest?: ResourceList
  readonly maxLimitRequestRatio?: ResourceList
}

type Amounts = Record<string, Quantity>

export function podViolations(limits: readonly Limit[], pod: KubeObject): string[] {
  const violations: string[] = []
  const spec = pod['spec'] ?? {}
  for (const limit of limits) {
    if (limit.type === 'Container') {
      for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])])
        violations.push(
          ...violationsOf(limit, amounts(container.resources?.requests), amounts(container.resources?.limits)),
        )
    } else if (limit.type === 'Pod') {
      violations.push(...violationsOf(limit, podTotal(spec, 'requests'), podTotal(spec, 'limits')))
    }
  }
  return violations
}

export function claimViolations(limits: readonly Limit[], claim: KubeObject): string[] {
  const requests = amounts(claim['spec']?.resources?.requests)
  return limits
    .filter(limit => limit.type === 'PersistentVolumeClaim')
    .flatMap(limit => [
      ...each(limit.min, (name, bound) => requestBelow(limit.type, name, bound, requests[name])),
      ...each(limit.max, (name, bound) => requestAbove(limit.type, name, bound, requests[name])),
    ])
}

function violationsOf(limit: Limit, requests: Amounts, limits: Amounts): string[] {
  const { type } = limit
  return [
    ...each(limit.min, (name, bound) => {
      const below = requestBelow(type, name, bound, requests[name])
      if (below !== undefined) return below
      const stated = limits[name]
      if (stated && stated.compare(parseQuantity(bound)) < 0)
        return `minimum ${name} usage per ${type} is ${bound}, but limit is ${stated}`
      return undefined
    }),
    ...each(limit.max, (name, bound) => {
      const stated = limits[name]
      if (!stated) return `maximum ${name} usage per ${type} is ${bound}.  No limit is specified`
      if (stated.compare(parseQuantity(bound)) > 0)
        return `maximum ${name} usage per ${type} is ${bound}, but limit is ${stated}`
      return requests[name] ? requestAbove(type, name, bound, requests[name]) : undefined
    }),
    ...each(limit.maxLimitRequestRatio, (name, bound) => ratioAbove(type, name, bound, requests[name], limits[name])),
  ]
}

function requestBelow(type: string, name: string, bound: string, request: Quantity | undefined): string | undefined {
  if (!request) return `minimum ${name} usage per ${type} is ${bound}.  No request is specified`
  if (request.compare(parseQuantity(bound)) < 0)
    return `minimum ${name} usage per ${type} is ${bound}, but request is ${request}`
  return undefined
}

function requestAbove(type: string, name: string, bound: string, request: Quantity | undefined): string | undefined {
  if (!request) return `maximum ${name} usage per ${type} is ${bound}.  No request is specified`
  if (request.compare(parseQuantity(bound)) > 0)
    return `maximum ${name} usage per ${type} is ${bound}, but request is ${request}`
  return undefined
}

function ratioAbove(
  type: string,
  name: string,
  bound: string,
  request: Quantity | undefined,
  limit: Quantity | undefined,
): string | undefined {
  const about = `${name} max limit to request ratio per ${type} is ${bound}, but`
  if (!request || request.isZero) return `${about} no request is specified or request is 0`
  if (!limit || limit.isZero) return `${about} no limit is specified or limit is 0`
  const ratio = limit.milliValue() / request.milliValue()
  return ratio > parseQuantity(bound).milliValue() / 1000 ? `${about} provided ratio is ${ratio.toFixed(6)}` : undefined
}

function each(bounds: ResourceList | undefined, check: (name: string, bound: string) => string | undefined): string[] {
  return Object.entries(bounds ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, bound]) => check(name, bound))
    .filter(violation => violation !== undefined)
}

/** Without a prototype: `constructor` is a name like any other. */
const noAmounts = (): Amounts => Object.create(null)

function amounts(list: ResourceList | undefined): Amounts {
  const out = noAmounts()
  for (const [name, text] of Object.entries(list ?? {})) out[name] = parseQuantity(text)
  return out
}

/** What a pod takes at most: its containers and sidecars together, or the hungriest moment of its initialisation. */
function podTotal(spec: Record<string, any>, field: 'requests' | 'limits'): Amounts {
  const total = noAmounts()
  const sidecars = noAmounts()
  const initialisation = noAmounts()
  for (const container of spec['containers'] ?? []) add(total, amounts(container.resources?.[field]))
  for (const container of spec['initContainers'] ?? []) {
    const own = amounts(container.resources?.[field])
    if (container.restartPolicy === 'Always') {
      add(total, own)
      add(sidecars, own)
      raise(initialisation, sidecars)
    } else {
      const moment = { ...own }
      add(moment, sidecars)
      raise(initialisation, moment)
    }
  }
  raise(total, initialisation)
  return total
}

function add(to: Amounts, amounts: Amounts): void {
  for (const [name, amount] of Object.entries(amounts)) to[name] = to[name]?.add(amount) ?? amount
}

function raise(to: Amounts, amounts: Amounts): void {
  for (const [name, amount] of Object.entries(amounts))
    if (to[name] === undefined || amount.compare(to[name]) > 0) to[name] = amount
}
