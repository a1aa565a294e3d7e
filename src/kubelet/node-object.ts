// What a kubelet says of its node: the object it registers and the status it keeps current. Pure.

import type { Node, NodeCondition, NodeStatus } from '../api/core/v1/node.ts'
import { canonicalQuantity } from '../machinery/quantity.ts'
import { formatTime } from '../machinery/time.ts'
import type { Machine } from './machine.ts'
import type { Image } from './runtime/cri/image.ts'

export interface NodeDescription {
  readonly name: string
  readonly machine: Machine
  /** containerd://1.6.20 */
  readonly runtimeVersion: string
  readonly kubeletVersion: string
  readonly simulated: boolean
  readonly addresses: readonly { readonly type: string; readonly address: string }[]
  readonly labels: Readonly<Record<string, string>>
  /** In place of what the machine has. */
  readonly capacity: Readonly<Record<string, string>>
  readonly maxPods: number
  readonly port: number
  readonly podCIDR?: string
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
}

export const simulatedLabel = 'k8ts.dev/simulated'

/** Memory that pods may not have, so that the kubelet can act before the kernel must. */
const memoryReservedKi = 100 * 1024
const storageReservedFraction = 0.1

export function nodeLabels({ name, machine, labels, simulated }: NodeDescription): Record<string, string> {
  return {
    'beta.kubernetes.io/arch': machine.architecture,
    'beta.kubernetes.io/os': machine.operatingSystem,
    'kubernetes.io/arch': machine.architecture,
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': machine.operatingSystem,
    ...(simulated ? { [simulatedLabel]: 'true' } : {}),
    ...labels,
  }
}

export function nodeCapacity({ machine, capacity, maxPods }: NodeDescription): Record<string, string> {
  return asServed({
    cpu: String(machine.cpus),
    'ephemeral-storage': `${Math.floor(machine.storageBytes / 1024)}Ki`,
    memory: `${Math.floor(machine.memoryBytes / 1024)}Ki`,
    pods: String(maxPods),
    ...capacity,
  })
}

/** As the API server writes amounts: what it has can be compared with what is. */
function asServed(amounts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, canonicalQuantity(amount)]))
}

export function nodeAllocatable(description: NodeDescription): Record<string, string> {
  const { machine, capacity } = description
  const all = nodeCapacity(description)
  if (description.simulated) return all
  return asServed({
    ...all,
    ...(capacity['memory'] ? {} : { memory: `${Math.floor(machine.memoryBytes / 1024) - memoryReservedKi}Ki` }),
    ...(capacity['ephemeral-storage']
      ? {}
      : { 'ephemeral-storage': String(Math.floor(machine.storageBytes * (1 - storageReservedFraction))) }),
  })
}

export function nodeObject(description: NodeDescription): Node {
  const { name, podCIDR, taints } = description
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: nodeLabels(description),
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: {
      ...(podCIDR ? { podCIDR, podCIDRs: [podCIDR] } : {}),
      ...(taints?.length ? { taints: taints.map(taint => ({ ...taint })) } : {}),
    },
    status: nodeFacts(description),
  }
}

/** Everything but the conditions and images. */
export function nodeFacts(description: NodeDescription): NodeStatus {
  const { machine } = description
  return {
    capacity: nodeCapacity(description),
    allocatable: nodeAllocatable(description),
    addresses: description.addresses.map(address => ({ ...address })),
    daemonEndpoints: { kubeletEndpoint: { Port: description.port } },
    nodeInfo: {
      machineID: machine.machineId,
      systemUUID: machine.systemUuid,
      bootID: machine.bootId,
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
      containerRuntimeVersion: description.runtimeVersion,
      kubeletVersion: description.kubeletVersion,
      kubeProxyVersion: '',
      operatingSystem: machine.operatingSystem,
      architecture: machine.architecture,
    },
  }
}

const maxImages = 50

/** The largest images, for the scheduler to know where they are already. */
export function nodeImages(images: readonly Image[]): NonNullable<NodeStatus['images']> {
  return images
    .map(image => ({ names: [...image.repoDigests, ...image.repoTags].slice(0, 5), sizeBytes: image.size }))
    .filter(({ names }) => names.length > 0)
    .sort((a, b) => b.sizeBytes - a.sizeBytes || (a.names[0]! < b.names[0]! ? -1 : 1))
    .slice(0, maxImages)
}

/** `notReady`: why not; undefined when the node is ready. */
export function nodeConditions(
  before: readonly NodeCondition[] | undefined,
  notReady: string | undefined,
  now: number,
): NodeCondition[] {
  const heartbeat = formatTime(now)
  const condition = (type: string, status: string, reason: string, message: string): NodeCondition => {
    const old = before?.find(candidate => candidate.type === type)
    return {
      type,
      status,
      lastHeartbeatTime: heartbeat,
      lastTransitionTime: old?.status === status ? old.lastTransitionTime : heartbeat,
      reason,
      message,
    }
  }
  return [
    condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    notReady === undefined
      ? condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status')
      : condition('Ready', 'False', 'KubeletNotReady', notReady),
  ]
}
