// The machine a kubelet runs on: how much of it there is, and what it calls itself.
//
// A simulated node has no machine: `simulatedMachine` makes one of a common size.

import { readFile, statfs } from 'node:fs/promises'
import { arch, cpus, platform, release, totalmem } from 'node:os'

export interface Machine {
  readonly cpus: number
  readonly memoryBytes: number
  readonly storageBytes: number
  readonly machineId: string
  readonly systemUuid: string
  readonly bootId: string
  readonly kernelVersion: string
  readonly osImage: string
  readonly operatingSystem: string
  /** As Go names it: amd64, arm64. */
  readonly architecture: string
}

export async function thisMachine(rootDir: string): Promise<Machine> {
  const text = async (path: string) => (await readFile(path, 'utf8').catch(() => '')).trim()
  const [machineId, productUuid, bootId, osRelease, meminfo] = await Promise.all([
    text('/etc/machine-id'),
    text('/sys/class/dmi/id/product_uuid'),
    text('/proc/sys/kernel/random/boot_id'),
    text('/etc/os-release'),
    text('/proc/meminfo'),
  ])
  const storage = await statfs(rootDir).catch(() => statfs('/'))
  const memTotal = /^MemTotal:\s+(\d+) kB/m.exec(meminfo)?.[1]
  return {
    cpus: Math.max(1, cpus().length),
    memoryBytes: memTotal ? Number(memTotal) * 1024 : totalmem(),
    storageBytes: storage.blocks * storage.bsize,
    machineId,
    systemUuid: productUuid || machineId,
    bootId,
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?(.*?)"?$/m.exec(osRelease)?.[1] ?? 'Linux',
    operatingSystem: platform(),
    architecture: goArchitecture(arch()),
  }
}

export function simulatedMachine(uuid: string): Machine {
  return {
    cpus: 4,
    memoryBytes: 16 * 2 ** 30,
    storageBytes: 100 * 2 ** 30,
    machineId: uuid.replaceAll('-', ''),
    systemUuid: uuid,
    bootId: uuid,
    kernelVersion: 'simulated',
    osImage: 'simulated by k8ts',
    operatingSystem: 'linux',
    architecture: goArchitecture(arch()),
  }
}

function goArchitecture(name: string): string {
  return { x64: 'amd64', ia32: '386', arm64: 'arm64', ppc64: 'ppc64le' }[name] ?? name
}
