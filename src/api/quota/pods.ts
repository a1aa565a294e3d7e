// What a pod counts: itself while it is stored, and what its containers ask for while it runs.

import { secondsInMs } from '../../machinery/duration.ts'
import type { Quantity } from '../../machinery/quantity.ts'
import type { Container } from '../core/v1/container.ts'
import type { Pod } from '../core/v1/pod.ts'
import { podQOSClass } from '../core/v1/pod-qos.ts'
import { podResources } from '../core/v1/pod-resources.ts'
import { isExtended, isHugePages, isNative } from '../core/v1/resources.validation.ts'
import type { KubeObject } from '../resource.ts'
import { countName, one, type QuotaEvaluator, type QuotaScope, scopeSelects } from './evaluator.ts'
import { amountsOf } from './resource-list.ts'

const asPod = (object: KubeObject): Pod => object as unknown as Pod

const computed = ['cpu', 'memory', 'ephemeral-storage']
const counted = new Set([
  countName('pods'),
  'pods',
  ...computed,
  ...computed.map(name => `requests.${name}`),
  ...computed.map(name => `limits.${name}`),
])

/** Where these are limited, every container must say how much it wants. */
const mandatory = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'])

export const podEvaluator: QuotaEvaluator = {
  groupResource: 'pods',
  handles({ operation, subresource, object, oldObject }) {
    if (subresource === 'resize') return operation === 'UPDATE'
    if (subresource !== '') return false
    if (operation !== 'UPDATE' || !object || !oldObject) return operation === 'CREATE'
    // It comes into other quotas.
    return isTerminating(asPod(object)) !== isTerminating(asPod(oldObject))
  },
  counts: name =>
    counted.has(name) ||
    name.startsWith('hugepages-') ||
    name.startsWith('requests.hugepages-') ||
    (!isNative(name) && name.startsWith('requests.')),
  constraints,
  matchesScope: (scope, object) => matchesScope(scope, asPod(object)),
  usage(object, now) {
    const pod = asPod(object)
    const amounts = new Map<string, Quantity>([[countName('pods'), one]])
    if (isOver(pod, now)) return amounts
    return computeUsage(podResources(pod, 'requests'), podResources(pod, 'limits'), amounts)
  },
}

function computeUsage(
  requests: ReadonlyMap<string, Quantity>,
  limits: ReadonlyMap<string, Quantity>,
  amounts: Map<string, Quantity>,
): Map<string, Quantity> {
  amounts.set('pods', one)
  for (const [name, amount] of requests) {
    if (computed.includes(name) || isHugePages(name)) amounts.set(name, amount).set(`requests.${name}`, amount)
    else if (isExtended(name)) amounts.set(`requests.${name}`, amount)
  }
  for (const name of computed) {
    const limit = limits.get(name)
    if (limit) amounts.set(`limits.${name}`, limit)
  }
  return amounts
}

/** Pods at their end use nothing any more; nor do those that should be gone. */
function isOver({ metadata, status }: Pod, now: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return true
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata ?? {}
  if (!deletionTimestamp || deletionGracePeriodSeconds === undefined) return false
  return now > Date.parse(deletionTimestamp as string) + secondsInMs(deletionGracePeriodSeconds)
}

function constraints(required: readonly string[], object: KubeObject): string | undefined {
  const { containers = [], initContainers = [], resources } = asPod(object).spec
  const wholePod = computeUsage(amountsOf(resources?.requests), amountsOf(resources?.limits), new Map())
  const wanted = required.filter(name => mandatory.has(name) && !wholePod.has(name)).sort()
  const lacking = wanted.flatMap(resource => {
    const names = [...containers, ...initContainers]
      .filter(container => !states(container, resource))
      .map(({ name }) => name!)
    return names.length === 0 ? [] : [`${resource} for: ${[...new Set(names)].sort().join(',')}`]
  })
  return lacking.length === 0 ? undefined : `must specify ${lacking.join('; ')}`
}

function states({ resources }: Container, name: string): boolean {
  const [list, resource] = name.includes('.') ? (name.split('.') as [string, string]) : ['requests', name]
  return resources?.[list as 'requests' | 'limits']?.[resource] !== undefined
}

function isTerminating({ spec: { activeDeadlineSeconds } }: Pod): boolean {
  return activeDeadlineSeconds !== undefined && activeDeadlineSeconds >= 0
}

function matchesScope(scope: QuotaScope, pod: Pod): boolean {
  const { priorityClassName } = pod.spec
  switch (scope.scopeName) {
    case 'Terminating':
      return isTerminating(pod)
    case 'NotTerminating':
      return !isTerminating(pod)
    case 'BestEffort':
      return isBestEffort(pod)
    case 'NotBestEffort':
      return !isBestEffort(pod)
    case 'PriorityClass':
      return scopeSelects(scope, priorityClassName ? [priorityClassName] : [])
    case 'CrossNamespacePodAffinity':
      return looksElsewhere(pod)
    default:
      return false
  }
}

const isBestEffort = (pod: Pod): boolean => (pod.status?.qosClass ?? podQOSClass(pod)) === 'BestEffort'

function looksElsewhere({ spec: { affinity } }: Pod): boolean {
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap(each => [
    ...(each?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm!),
  ])
  return terms.some(term => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined)
}
