// From what pods use to how many there should be. Pods that are not ready, or of which nothing is known, are counted so
// that they soften the change and never turn it around.

import type { Pod } from '../../api/core/v1/pod.ts'
import { podResources } from '../../api/core/v1/pod-resources.ts'
import { findCondition } from '../../machinery/conditions.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import { timeOf } from '../../machinery/time.ts'
import { isPodReady } from '../pod-status.ts'
import type { PodMetrics } from './metrics-client.ts'

/** --horizontal-pod-autoscaler-cpu-initialization-period, --horizontal-pod-autoscaler-initial-readiness-delay. */
const cpuInitializationMs = 5 * 60_000
const initialReadinessDelayMs = 30_000

/** How far usage may be off its target before anything is done, as a share of it. */
export interface Tolerances {
  readonly down: number
  readonly up: number
}

export interface Proposal {
  readonly replicas: number
  /** Per pod, in thousandths. */
  readonly average: number
  /** Percent of what is requested, where that is the target. */
  readonly utilization?: number
}

/** All that a count of replicas can hold. */
const most = 2 ** 31 - 1

const isWithin = ({ down, up }: Tolerances, ratio: number) => 1 - down <= ratio && ratio <= 1 + up

interface Usage {
  readonly ratio: number
  readonly average: number
  readonly utilization?: number
}

interface Question {
  readonly current: number
  readonly pods: readonly Pod[]
  readonly metrics: PodMetrics
  /** '' when it is not a resource that is measured. */
  readonly resource: string
  readonly tolerances: Tolerances
  readonly now: number
}

/** The target is a percentage of what pods request. */
export function forUtilization(
  question: Question & { readonly target: number; readonly container?: string },
): Proposal {
  const { pods, resource, target, container } = question
  let requests: Map<string, number> | undefined
  const requested = () => (requests ??= podRequests(pods, resource, container))
  return propose(
    question,
    metrics => {
      let [used, asked, count] = [0, 0, 0]
      for (const [name, value] of metrics) {
        const request = requested().get(name)
        if (request === undefined) continue
        used += value
        asked += request
        count++
      }
      if (asked === 0) throw new Error('no metrics returned matched known pods')
      const utilization = Math.trunc((used * 100) / asked)
      return { ratio: utilization / target, utilization, average: Math.trunc(used / count) }
    },
    name => Math.trunc(((requested().get(name) ?? 0) * Math.max(100, target)) / 100),
    requested,
  )
}

/** The target is an amount for each pod, in thousandths. */
export function forAverage(question: Question & { readonly target: number }): Proposal {
  const { target } = question
  return propose(
    question,
    metrics => {
      const average = Math.trunc([...metrics.values()].reduce((sum, value) => sum + value, 0) / metrics.size)
      return { ratio: average / target, average }
    },
    () => target,
  )
}

function propose(
  { current, pods, metrics, resource, tolerances, now }: Question,
  measure: (metrics: ReadonlyMap<string, number>) => Usage,
  /** What a pod of which nothing is known is taken to use when there would be fewer. */
  assumed: (name: string) => number,
  check?: () => void,
): Proposal {
  if (pods.length === 0) throw noPods()
  const { readyCount, unready, missing, ignored } = grouped(pods, metrics, resource, now)
  const counted = new Map([...metrics].map(([name, { value }]) => [name, value]))
  for (const name of [...ignored, ...unready]) counted.delete(name)
  if (counted.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)')
  check?.()
  const usage = measure(counted)
  const { average, utilization, ratio } = usage
  const answer = (replicas: number): Proposal => ({ replicas, average, utilization })
  const withUnready = unready.length > 0 && ratio > 1
  if (!withUnready && missing.length === 0)
    return answer(isWithin(tolerances, ratio) ? current : Math.ceil(ratio * readyCount))
  if (ratio < 1) for (const name of missing) counted.set(name, assumed(name))
  else if (ratio > 1) for (const name of missing) counted.set(name, 0)
  if (withUnready) for (const name of unready) counted.set(name, 0)
  const corrected = measure(counted).ratio
  const turned = (ratio < 1 && corrected > 1) || (ratio > 1 && corrected < 1)
  if (isWithin(tolerances, corrected) || turned) return answer(current)
  const replicas = Math.ceil(corrected * counted.size)
  const wrongWay = (corrected < 1 && replicas > current) || (corrected > 1 && replicas < current)
  return answer(wrongWay ? current : replicas)
}

const noPods = () => new Error('no pods returned by selector while calculating replica count')

function grouped(pods: readonly Pod[], metrics: PodMetrics, resource: string, now: number) {
  const [unready, missing, ignored]: string[][] = [[], [], []] as string[][]
  let readyCount = 0
  for (const pod of pods) {
    const { name = '' } = pod.metadata
    const metric = metrics.get(name)
    if (pod.metadata.deletionTimestamp || pod.status.phase === 'Failed') ignored!.push(name)
    else if (pod.status.phase === 'Pending') unready!.push(name)
    else if (!metric) missing!.push(name)
    else if (resource === 'cpu' && isStarting(pod, metric.timestamp, metric.windowMs, now)) unready!.push(name)
    else readyCount++
  }
  return { readyCount, unready: unready!, missing: missing!, ignored: ignored! }
}

/** Whether what it uses of the CPU is not yet what it will. */
function isStarting({ status }: Pod, measuredAt: number, windowMs: number, now: number): boolean {
  const condition = findCondition(status.conditions, 'Ready')
  const startedAt = timeOf(status.startTime)
  if (!condition || startedAt === undefined) return true
  const changedAt = timeOf(condition.lastTransitionTime) ?? 0
  if (startedAt + cpuInitializationMs > now) return condition.status === 'False' || measuredAt < changedAt + windowMs
  return condition.status === 'False' && startedAt + initialReadinessDelayMs > changedAt
}

function podRequests(pods: readonly Pod[], resource: string, container: string | undefined): Map<string, number> {
  const found = new Map<string, number>()
  for (const pod of pods) {
    const { metadata, spec } = pod
    const { name = '' } = metadata
    if (container === undefined && Object.keys(spec.resources?.requests ?? {}).length > 0) {
      const ofPod = podResources(pod, 'requests').get(resource)
      if (!ofPod) throw new Error(`missing pod-level request for ${resource} in Pod ${name}`)
      found.set(name, ofPod.milliValue())
      continue
    }
    const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
    const all = [...spec.containers, ...sidecars]
    const counted = container === undefined ? all : all.filter(each => each.name === container)
    if (container !== undefined && counted.length === 0)
      throw new Error(`container ${container} not found in Pod ${name}`)
    let sum = 0
    for (const each of counted) {
      const request = each.resources?.requests?.[resource]
      if (request === undefined)
        throw new Error(`missing request for ${resource} in container ${each.name} of Pod ${name}`)
      sum += parseQuantity(String(request)).milliValue()
    }
    found.set(name, sum)
  }
  return found
}

/** For a value that belongs to all pods together. From none, it says alone how many there are to be. */
export function forTotal(
  { current, pods, tolerances }: Pick<Question, 'current' | 'pods' | 'tolerances'>,
  value: number,
  target: number,
): number {
  const ratio = value / target
  if (current === 0) return Math.min(Math.ceil(ratio), most)
  if (isWithin(tolerances, ratio)) return current
  if (pods.length === 0) throw new Error(`unable to calculate ready pods: ${noPods().message}`)
  const ready = pods.filter(pod => pod.status.phase === 'Running' && isPodReady(pod)).length
  return Math.min(Math.ceil(ratio * ready), most)
}

/** For a value that pods share. */
export function forShare(current: number, tolerances: Tolerances, value: number, target: number): Proposal {
  const within = isWithin(tolerances, value / (target * current))
  const replicas = within ? current : Math.min(Math.ceil(value / target), most)
  return { replicas, average: Math.ceil(value / Math.max(1, current)) }
}
