// A container's requests and limits as the kernel takes them: CPU shares and quota, a memory limit, an OOM score.

import type { Container } from '../api/core/v1/container.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { parseQuantity } from '../machinery/quantity.ts'
import { oomScoreAdjust } from './qos.ts'
import type { LinuxContainerResources } from './runtime/cri/shared.ts'

const minShares = 2
const maxShares = 262_144
const quotaPeriod = 100_000
const minQuota = 1000

export function cpuShares(milliCpu: number): number {
  return Math.min(maxShares, Math.max(minShares, Math.floor((milliCpu * 1024) / 1000)))
}

/** Microseconds of CPU time per period; 0 for no limit. */
export function cpuQuota(milliCpu: number): number {
  return milliCpu === 0 ? 0 : Math.max(minQuota, Math.floor((milliCpu * quotaPeriod) / 1000))
}

export function linuxResources(pod: Pod, container: Container, machineMemory: number): LinuxContainerResources {
  const { requests = {}, limits = {} } = container.resources ?? {}
  const cpuLimit = limits['cpu'] ? parseQuantity(limits['cpu']).milliValue() : 0
  const cpuRequest = requests['cpu'] ? parseQuantity(requests['cpu']).milliValue() : cpuLimit
  const memoryLimit = limits['memory'] ? parseQuantity(limits['memory']).value() : 0
  return {
    cpuShares: cpuShares(cpuRequest),
    cpuPeriod: quotaPeriod,
    cpuQuota: cpuQuota(cpuLimit),
    ...(memoryLimit > 0 ? { memoryLimitInBytes: memoryLimit } : {}),
    oomScoreAdj: oomScoreAdjust(pod, container, machineMemory),
  }
}
