// Whether a pod that was bound to this node can be run here at all. The scheduler has seen to that for its own pods;
// those bound by hand, or against old knowledge, are Failed with the reason.

import type { Container } from '../api/core/v1/container.ts'
import { RequiredNodeAffinity } from '../api/core/v1/node-affinity.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { isExtended } from '../api/core/v1/resources.validation.ts'
import { parseQuantity } from '../machinery/quantity.ts'
import { type PodResources, podResources } from './pod-resources.ts'
import { isRestartableInitContainer, isTerminalPhase } from './pod-spec.ts'
import { forbiddenSysctl } from './sysctls.ts'

export interface Rejection {
  readonly reason: string
  /** As its event says it; the pod's status puts `Pod was rejected: ` before it. */
  readonly message: string
}

export interface AdmissionNode {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly allocatable: Readonly<Record<string, string>>
  readonly operatingSystem: string
  readonly kernelVersion: string
}

/** `others`: the pods that have been taken in before it. */
export function admitPod(pod: Pod, others: readonly Pod[], node: AdmissionNode): Rejection | undefined {
  const sysctl = forbiddenSysctl(pod, node.kernelVersion)
  if (sysctl) return { reason: 'SysctlForbidden', message: `forbidden sysctl: ${sysctl}` }
  const os = pod.spec.os?.name
  if (os && os !== node.operatingSystem)
    return {
      reason: 'PodOSNotSupported',
      message: "Failed to admit pod as the OS field doesn't match node OS",
    }
  const active = others.filter(other => !isTerminalPhase(other.status.phase) && other.metadata.uid !== pod.metadata.uid)
  return outOfResources(pod, active, node) ?? failedPredicate(pod, active, node)
}

function failedPredicate(pod: Pod, active: readonly Pod[], node: AdmissionNode): Rejection | undefined {
  const failed = (reason: string, why: string) => ({ reason, message: `Predicate ${reason} failed: ${why}` })
  if (!matchesNode(pod, node)) return failed('NodeAffinity', "node(s) didn't match Pod's node affinity/selector")
  const wanted = hostPorts(pod)
  if (wanted.length === 0) return undefined
  const taken = new Set(active.flatMap(hostPorts))
  if (wanted.some(port => taken.has(port)))
    return failed('NodePorts', "node(s) didn't have free ports for the requested pod ports")
  return undefined
}

function matchesNode(pod: Pod, node: AdmissionNode): boolean {
  try {
    return new RequiredNodeAffinity(pod).matches(node)
  } catch {
    return false
  }
}

function outOfResources(pod: Pod, active: readonly Pod[], node: AdmissionNode): Rejection | undefined {
  const wanted = podRequests(pod)
  const used = new Map<string, number>([['pods', active.length]])
  for (const other of active)
    for (const [resource, amount] of podRequests(other)) used.set(resource, (used.get(resource) ?? 0) + amount)
  for (const [resource, amount] of [...wanted, ['pods', 1] as const]) {
    const quantity = node.allocatable[resource]
    // What no node knows of belongs to the cluster, and others have counted it.
    if (quantity === undefined && isExtended(resource)) continue
    const capacity =
      quantity === undefined
        ? 0
        : resource === 'cpu'
          ? parseQuantity(quantity).milliValue()
          : parseQuantity(quantity).value()
    const inUse = used.get(resource) ?? 0
    if (amount === 0 || inUse + amount <= capacity) continue
    return {
      reason: `OutOf${resource}`,
      message: `Node didn't have enough resource: ${resource}, requested: ${amount}, used: ${inUse}, capacity: ${capacity}`,
    }
  }
  return undefined
}

type Requests = readonly (readonly [resource: string, amount: number])[]

/** By what the pod requests: every pod that is here is looked at for every one that comes. */
const amounts = new WeakMap<PodResources, Requests>()

/** CPU in thousandths, everything else in units. */
function podRequests(pod: Pod): Requests {
  const requests = podResources(pod, 'requests')
  let made = amounts.get(requests)
  if (!made) {
    made = Array.from(requests, ([resource, quantity]) => [
      resource,
      resource === 'cpu' ? quantity.milliValue() : quantity.value(),
    ])
    amounts.set(requests, made)
  }
  return made
}

function hostPorts({ spec: { containers, initContainers = [] } }: Pod): string[] {
  const found: string[] = []
  const add = ({ ports = [] }: Container) => {
    for (const { hostPort, protocol = 'TCP', hostIP = '' } of ports)
      if (hostPort) found.push(`${protocol}/${hostIP === '0.0.0.0' ? '' : hostIP}/${hostPort}`)
  }
  for (const container of containers) add(container)
  for (const container of initContainers) if (isRestartableInitContainer(container)) add(container)
  return found
}
