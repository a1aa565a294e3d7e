// Prefers nodes that the pod makes more even: cpu and memory taken in like parts.

import { maxNodeScore, type Plugin } from '../framework.ts'
import { cpuColumn, memoryColumn } from '../resource-table.ts'
import { skip } from '../status.ts'

interface BalanceState {
  readonly cpu: Float64Array
  readonly memory: Float64Array
  readonly takenCpu: Float64Array
  readonly takenMemory: Float64Array
  readonly wantedCpu: number
  readonly wantedMemory: number
}

export const nodeResourcesBalancedAllocation: Plugin<undefined, BalanceState> = {
  name: 'NodeResourcesBalancedAllocation',
  preScore({ requests: { columns, amounts } }, _, { resources: { allocatable, requested } }) {
    const wanted = (column: number) => {
      const at = columns.indexOf(column)
      return at < 0 ? 0 : amounts[at]!
    }
    const wantedCpu = wanted(cpuColumn)
    const wantedMemory = wanted(memoryColumn)
    // A pod that asks for nothing changes no balance.
    if (wantedCpu === 0 && wantedMemory === 0) return { status: skip }
    return {
      state: {
        cpu: allocatable[cpuColumn]!,
        memory: allocatable[memoryColumn]!,
        takenCpu: requested[cpuColumn]!,
        takenMemory: requested[memoryColumn]!,
        wantedCpu,
        wantedMemory,
      },
    }
  },
  score(_, { index }, state) {
    const cpu = state.cpu[index]!
    const memory = state.memory[index]!
    // With one resource or none there is nothing to balance.
    if (cpu === 0 || memory === 0) return maxNodeScore
    const cpuPart = Math.min(1, (state.takenCpu[index]! + state.wantedCpu) / cpu)
    const memoryPart = Math.min(1, (state.takenMemory[index]! + state.wantedMemory) / memory)
    // The standard deviation of two numbers is half their distance.
    return Math.floor((1 - Math.abs((cpuPart - memoryPart) / 2)) * maxNodeScore)
  },
}
