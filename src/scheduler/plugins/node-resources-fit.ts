// A node must have room for what the pod requests; among those that do, the emptiest is best (LeastAllocated).

import type { Node } from '../../api/core/v1/node.ts'
import { Action } from '../cluster-event.ts'
import { maxNodeScore, type Plugin } from '../framework.ts'
import type { PodInfo } from '../pod-info.ts'
import { amountOf } from '../pod-requests.ts'
import { cpuColumn, memoryColumn, type ResourceTable } from '../resource-table.ts'
import { Status } from '../status.ts'

const name = 'NodeResourcesFit'

/** Every status there has been: there are few of them, and many nodes. */
const statuses = new Map<string, Status>()

function refusal(reasons: readonly string[], hopeless: boolean): Status {
  const key = `${hopeless} ${reasons.join(', ')}`
  let status = statuses.get(key)
  if (!status) {
    status = new Status(hopeless ? 'UnschedulableAndUnresolvable' : 'Unschedulable', reasons, name)
    statuses.set(key, status)
  }
  return status
}

/** What is lacking, in words; only called for nodes where something is. */
function insufficiencies(pod: PodInfo, index: number, table: ResourceTable): Status {
  const reasons: string[] = []
  let hopeless = false
  if (table.podCount[index]! + 1 > table.allowedPods[index]!) {
    reasons.push('Too many pods')
    hopeless = table.allowedPods[index] === 0
  }
  const { columns, amounts } = pod.requests
  for (let at = 0; at < columns.length; at++) {
    const column = columns[at]!
    const allocatable = table.allocatable[column]![index]!
    if (amounts[at]! <= allocatable - table.requested[column]![index]!) continue
    reasons.push(`Insufficient ${table.names[column]}`)
    // More than the node has at all: no eviction could help.
    if (amounts[at]! > allocatable) hopeless = true
  }
  return refusal(reasons, hopeless)
}

/** The room it needs is there if nobody else is. */
function couldFit(pod: PodInfo, node: Node, table: ResourceTable): boolean {
  const allocatable = node.status?.allocatable ?? {}
  const { columns, amounts } = pod.requests
  return columns.every((column, at) => {
    const resource = table.names[column]!
    const there = allocatable[resource]
    return there !== undefined && amountOf(resource, there) >= amounts[at]!
  })
}

export const nodeResourcesFit: Plugin<ResourceTable, ResourceTable> = {
  name,
  eventsToRegister: () => [
    { resource: 'AssignedPod', action: Action.delete | Action.updatePodScaleDown },
    { resource: 'TargetPod', action: Action.updatePodScaleDown },
    { resource: 'Node', action: Action.add | Action.updateNodeAllocatable },
  ],
  preFilter: (_, snapshot) => ({ state: snapshot.resources }),
  filter(pod, { index }, table) {
    if (table.podCount[index]! >= table.allowedPods[index]!) return insufficiencies(pod, index, table)
    const { columns, amounts } = pod.requests
    for (let at = 0; at < columns.length; at++) {
      const column = columns[at]!
      if (amounts[at]! > table.allocatable[column]![index]! - table.requested[column]![index]!)
        return insufficiencies(pod, index, table)
    }
    return undefined
  },
  preScore: (_, __, snapshot) => ({ state: snapshot.resources }),
  score(pod, { index }, table) {
    let score = 0
    let weights = 0
    const cpu = table.allocatable[cpuColumn]![index]!
    if (cpu > 0) {
      score += leastRequested(table.nonZeroCpu[index]! + pod.requests.nonZeroCpu, cpu)
      weights++
    }
    const memory = table.allocatable[memoryColumn]![index]!
    if (memory > 0) {
      score += leastRequested(table.nonZeroMemory[index]! + pod.requests.nonZeroMemory, memory)
      weights++
    }
    return weights === 0 ? 0 : Math.trunc(score / weights)
  },
}

function leastRequested(requested: number, capacity: number): number {
  return requested > capacity ? 0 : Math.trunc(((capacity - requested) * maxNodeScore) / capacity)
}

export { couldFit }
