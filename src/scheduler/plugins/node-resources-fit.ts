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

/** The node could take the pod if nobody else were there. */
function couldFit({ requests }: PodInfo, node: Node): boolean {
  const allocatable = node.status?.allocatable ?? {}
  return requests.names.every((resource, at) => {
    const there = allocatable[resource]
    return there !== undefined && amountOf(resource, there) >= requests.amounts[at]!
  })
}

/** The columns that matter to one pod. */
interface Need {
  readonly allocatable: Float64Array
  readonly requested: Float64Array
  readonly amount: number
}

interface FitState {
  readonly table: ResourceTable
  readonly podCount: Int32Array
  readonly allowedPods: Int32Array
  readonly needs: readonly Need[]
}

interface LeastAllocatedState {
  readonly cpu: Float64Array
  readonly memory: Float64Array
  readonly takenCpu: Float64Array
  readonly takenMemory: Float64Array
  readonly wantedCpu: number
  readonly wantedMemory: number
}

export const nodeResourcesFit: Plugin<FitState, LeastAllocatedState> = {
  name,
  eventsToRegister: () => [
    { resource: 'AssignedPod', action: Action.delete | Action.updatePodScaleDown },
    { resource: 'TargetPod', action: Action.updatePodScaleDown },
    {
      resource: 'Node',
      action: Action.add | Action.updateNodeAllocatable,
      hint: (pod, _, after: Node) => (couldFit(pod, after) ? 'Queue' : 'QueueSkip'),
    },
  ],
  preFilter({ requests: { columns, amounts } }, { resources: table }) {
    const needs = columns.map((column, at) => ({
      allocatable: table.allocatable[column]!,
      requested: table.requested[column]!,
      amount: amounts[at]!,
    }))
    return { state: { table, podCount: table.podCount, allowedPods: table.allowedPods, needs } }
  },
  filter(pod, { index }, { table, podCount, allowedPods, needs }) {
    if (podCount[index]! >= allowedPods[index]!) return insufficiencies(pod, index, table)
    for (let at = 0; at < needs.length; at++) {
      const { allocatable, requested, amount } = needs[at]!
      if (amount > allocatable[index]! - requested[index]!) return insufficiencies(pod, index, table)
    }
    return undefined
  },
  preScore: ({ requests }, _, { resources: table }) => ({
    state: {
      cpu: table.allocatable[cpuColumn]!,
      memory: table.allocatable[memoryColumn]!,
      takenCpu: table.nonZeroCpu,
      takenMemory: table.nonZeroMemory,
      wantedCpu: requests.nonZeroCpu,
      wantedMemory: requests.nonZeroMemory,
    },
  }),
  score(_, { index }, state) {
    const cpu = state.cpu[index]!
    const memory = state.memory[index]!
    let score = 0
    let weights = 0
    if (cpu > 0) {
      score += leastRequested(state.takenCpu[index]! + state.wantedCpu, cpu)
      weights++
    }
    if (memory > 0) {
      score += leastRequested(state.takenMemory[index]! + state.wantedMemory, memory)
      weights++
    }
    return weights === 0 ? 0 : Math.floor(score / weights)
  },
}

function leastRequested(requested: number, capacity: number): number {
  return requested > capacity ? 0 : Math.floor(((capacity - requested) * maxNodeScore) / capacity)
}
