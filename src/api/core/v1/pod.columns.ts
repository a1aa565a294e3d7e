// The rows of pods: what the containers are doing, in one word. The order of the rules is what decides which word.

import { formatLabels } from '../../../machinery/labels.ts'
import { timeOf } from '../../../machinery/time.ts'
import { ageCell, containerCells, sinceCell } from '../../cells.ts'
import type { TableRowCondition } from '../../meta/v1/table.ts'
import type { ContainerStatus, Pod, PodTemplate } from './pod.ts'

/** The reason the node controller gives a pod whose node is gone. */
const nodeLost = 'NodeLost'

export function podCells(pod: Pod, now: number): unknown[] {
  const { ready, reason, restarts } = podSummary(pod)
  return [
    pod.metadata.name,
    ready,
    reason,
    restarts.count > 0 && restarts.last !== undefined
      ? `${restarts.count} (${sinceCell(restarts.last, now)} ago)`
      : String(restarts.count),
    ageCell(pod, now),
    pod.status.podIPs?.[0]?.ip || pod.status.podIP || '<none>',
    pod.spec.nodeName || '<none>',
    pod.status.nominatedNodeName || '<none>',
    readinessGatesCell(pod),
  ]
}

const completed: Readonly<Record<string, readonly TableRowCondition[]>> = {
  Succeeded: [
    { type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' },
  ],
  Failed: [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }],
}

/** Marks the rows of pods that are done, so that clients may leave them out. */
export function podRowConditions(pod: Pod): readonly TableRowCondition[] | undefined {
  return completed[pod.status.phase ?? '']
}

export function podTemplateCells(podTemplate: PodTemplate): unknown[] {
  const { template } = podTemplate
  return [podTemplate.metadata.name, ...containerCells(template), formatLabels(template.metadata.labels)]
}

/** Restarts of some containers, and when the last of their former runs ended. */
class Restarts {
  count = 0
  last: string | undefined

  add({ restartCount, lastState }: ContainerStatus): void {
    this.count += restartCount
    const ended = lastState?.terminated?.finishedAt
    const at = timeOf(ended)
    if (at !== undefined && at > (timeOf(this.last) ?? Number.NEGATIVE_INFINITY)) this.last = ended ?? undefined
  }
}

interface Summary {
  readonly ready: string
  readonly reason: string
  readonly restarts: Restarts
}

function podSummary(pod: Pod): Summary {
  const { spec, status } = pod
  const conditions = status.conditions ?? []
  const initContainers = spec.initContainers ?? []
  const sidecars = new Set(initContainers.filter(each => each.restartPolicy === 'Always').map(each => each.name))
  const total = spec.containers.length + sidecars.size
  let ready = 0
  let reason = status.reason || status.phase || ''
  if (conditions.some(each => each.type === 'PodScheduled' && each.reason === 'SchedulingGated'))
    reason = 'SchedulingGated'

  // Until the pod is initialized its word and its restarts are those of the init containers.
  let restarts = new Restarts()
  const sidecarRestarts = new Restarts()
  let initializing = false
  for (const [index, container] of (status.initContainerStatuses ?? []).entries()) {
    const isSidecar = sidecars.has(container.name)
    restarts.add(container)
    if (isSidecar) sidecarRestarts.add(container)
    const terminated = container.state?.terminated
    if (terminated?.exitCode === 0) continue
    if (isSidecar && container.started) {
      if (container.ready) ready++
      continue
    }
    const waiting = container.state?.waiting?.reason
    if (terminated) reason = `Init:${terminationReason(terminated)}`
    else if (waiting && waiting !== 'PodInitializing') reason = `Init:${waiting}`
    else reason = `Init:${index}/${initContainers.length}`
    initializing = true
    break
  }

  if (!initializing || conditions.find(each => each.type === 'Initialized')?.status === 'True') {
    restarts = sidecarRestarts
    let isRunning = false
    let errorReason = ''
    for (const container of (status.containerStatuses ?? []).toReversed()) {
      restarts.add(container)
      const { waiting, terminated, running } = container.state ?? {}
      if (waiting?.reason) reason = waiting.reason
      else if (terminated) {
        reason = terminationReason(terminated)
        if (terminated.exitCode !== 0) errorReason = reason
      } else if (container.ready && running) {
        isRunning = true
        ready++
      }
    }
    // One container that completed does not make a pod complete whose others run on or failed.
    if (reason === 'Completed') {
      const isReady = conditions.some(each => each.type === 'Ready' && each.status === 'True')
      if (isRunning && isReady) reason = 'Running'
      else if (errorReason !== '') reason = errorReason
      else if (isRunning) reason = 'NotReady'
    }
  }

  if (pod.metadata.deletionTimestamp) {
    if (status.reason === nodeLost) reason = 'Unknown'
    else if (status.phase !== 'Succeeded' && status.phase !== 'Failed') reason = 'Terminating'
  }
  return { ready: `${ready}/${total}`, reason, restarts }
}

function terminationReason(of: {
  readonly reason?: string
  readonly signal?: number
  readonly exitCode: number
}): string {
  return of.reason || (of.signal ? `Signal:${of.signal}` : `ExitCode:${of.exitCode}`)
}

function readinessGatesCell({ spec, status }: Pod): string {
  const gates = spec.readinessGates ?? []
  if (gates.length === 0) return '<none>'
  const open = gates.filter(
    gate => status.conditions?.find(each => each.type === gate.conditionType)?.status === 'True',
  )
  return `${open.length}/${gates.length}`
}
