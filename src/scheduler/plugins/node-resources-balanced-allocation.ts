// Prefers nodes that the pod makes more even: cpu and memory taken in like parts.

import { maxNodeScore, type Plugin } from '../framework.ts'
import { cpuColumn, memoryColumn, type ResourceTable } from '../resource-table.ts'
import { skip } from '../status.ts'

export const nodeResourcesBalancedAllocation: Plugin<undefined, ResourceTable> = {
  name: 'NodeResourcesBalancedAllocation',
  /** A pod that asks for nothing changes no balance. */
  preScore: (pod, _, snapshot) =>
    pod.requests.columns.includes(cpuColumn) || pod.requests.columns.includes(memoryColumn)
      ? { state: snapshot.resources }
      : { status: skip },
  score(pod, { index }, table) {
    const [cpu, memory] = [table.allocatable[cpuColumn]![index]!, table.allocatable[memoryColumn]![index]!]
    if (cpu === 0 || memory === 0) return maxNodeScore
    let [wantsCpu, wantsMemory] = [0, 0]
    const { columns, amounts } = pod.requests
    for (let at = 0; at < columns.length; at++)
      if (columns[at] === cpuColumn) wantsCpu = amounts[at]!
      else if (columns[at] === memoryColumn) wantsMemory = amounts[at]!
    const cpuPart = Math.min(1, (table.requested[cpuColumn]![index]! + wantsCpu) / cpu)
    const memoryPart = Math.min(1, (table.requested[memoryColumn]![index]! + wantsMemory) / memory)
    // The standard deviation of two numbers is half their distance.
    return Math.trunc((1 - Math.abs((cpuPart - memoryPart) / 2)) * maxNodeScore)
  },
}
