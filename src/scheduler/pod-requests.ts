// What a pod asks of a node (KEP-753 for sidecars, KEP-2837 for pod-level resources, KEP-1287 for resizes in place).

import type { Container } from '../api/core/v1/container.ts'
import type { ContainerStatus, Pod } from '../api/core/v1/pod.ts'
import { parseQuantity } from '../machinery/quantity.ts'
import type { Requests, ResourceTable } from './resource-table.ts'

type Amounts = Map<string, number>

/** What a container counts for that asks for none, where nodes are compared by how full they are. */
const floorCpu = 100
const floorMemory = 200 * 1024 * 1024

/** cpu in thousandths, everything else whole; rounded up. */
export function amountOf(resource: string, quantity: string): number {
  const parsed = parseQuantity(quantity)
  return resource === 'cpu' ? parsed.milliValue() : parsed.value()
}

export function podRequests(pod: Pod, table: ResourceTable): Requests {
  const requests = sum(pod, false)
  // Only containers that leave out cpu or memory make the sum with the floor another one.
  const spread = leavesOut(pod) ? sum(pod, true) : requests
  const columns: number[] = []
  const names: string[] = []
  const amounts: number[] = []
  for (const [name, amount] of requests) {
    if (amount === 0 || !isCounted(name)) continue
    columns.push(table.column(name))
    names.push(name)
    amounts.push(amount)
  }
  return { columns, names, amounts, nonZeroCpu: spread.get('cpu') ?? 0, nonZeroMemory: spread.get('memory') ?? 0 }
}

/** Extended resources and native ones that are counted; `pods` and names nobody knows are not. */
export function isCounted(name: string): boolean {
  if (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage') return true
  return name.startsWith('hugepages-') || name.startsWith('attachable-volumes-') || name.includes('/')
}

function sum(pod: Pod, withFloor: boolean): Amounts {
  const { spec } = pod
  const total: Amounts = new Map()
  const podLevel = podLevelRequests(pod)
  const infeasible = isResizeInfeasible(pod)
  const statuses = statusesOf(pod)
  const ofContainer = (container: Container): Amounts => {
    const amounts = containerRequests(container, statuses?.get(container.name ?? ''), infeasible)
    if (!withFloor) return amounts
    if (!amounts.has('cpu') && !podLevel?.has('cpu')) amounts.set('cpu', floorCpu)
    if (!amounts.has('memory') && !podLevel?.has('memory')) amounts.set('memory', floorMemory)
    return amounts
  }
  for (const container of spec.containers ?? []) add(total, ofContainer(container))
  if (spec.initContainers?.length) {
    const sidecars: Amounts = new Map()
    const peak: Amounts = new Map()
    for (const container of spec.initContainers) {
      const amounts = ofContainer(container)
      if (container.restartPolicy === 'Always') {
        add(total, amounts)
        add(sidecars, amounts)
        raise(peak, sidecars)
      } else {
        add(amounts, sidecars)
        raise(peak, amounts)
      }
    }
    raise(total, peak)
  }
  if (podLevel) for (const [name, amount] of podLevel) total.set(name, amount)
  for (const name in spec.overhead) {
    const amount = amountOf(name, spec.overhead[name]!)
    total.set(name, (total.get(name) ?? 0) + amount)
  }
  return total
}

function leavesOut({ spec }: Pod): boolean {
  const isLacking = ({ resources }: Container) => !resources?.requests?.['cpu'] || !resources.requests['memory']
  return (spec.containers?.some(isLacking) || spec.initContainers?.some(isLacking)) ?? false
}

function podLevelRequests(pod: Pod): Amounts | undefined {
  const requests = pod.spec.resources?.requests
  if (!requests) return undefined
  const amounts: Amounts = new Map()
  for (const name in requests)
    if (name === 'cpu' || name === 'memory' || name.startsWith('hugepages-'))
      amounts.set(name, amountOf(name, requests[name]!))
  return amounts.size > 0 ? amounts : undefined
}

/** While a resize is under way the pod holds the more of what it has and what it wants. */
function containerRequests(container: Container, status: ContainerStatus | undefined, infeasible: boolean): Amounts {
  const amounts: Amounts = new Map()
  const actual = status?.resources?.requests
  if (infeasible && actual) {
    take(amounts, actual)
    return amounts
  }
  take(amounts, container.resources?.requests)
  if (!status) return amounts
  take(amounts, actual)
  take(amounts, status.allocatedResources)
  return amounts
}

function take(amounts: Amounts, list: Readonly<Record<string, string>> | undefined): void {
  for (const name in list) {
    const amount = amountOf(name, list[name]!)
    const before = amounts.get(name)
    if (before === undefined || before < amount) amounts.set(name, amount)
  }
}

function statusesOf(pod: Pod): Map<string, ContainerStatus> | undefined {
  const { containerStatuses, initContainerStatuses } = pod.status ?? {}
  if (!containerStatuses?.length && !initContainerStatuses?.length) return undefined
  const statuses = new Map<string, ContainerStatus>()
  for (const status of initContainerStatuses ?? []) statuses.set(status.name ?? '', status)
  for (const status of containerStatuses ?? []) statuses.set(status.name ?? '', status)
  return statuses
}

function isResizeInfeasible(pod: Pod): boolean {
  const pending = pod.status?.conditions?.find(condition => condition.type === 'PodResizePending')
  return pending?.status === 'True' && pending.reason === 'Infeasible'
}

function add(amounts: Amounts, more: Amounts): void {
  for (const [name, amount] of more) amounts.set(name, (amounts.get(name) ?? 0) + amount)
}

function raise(amounts: Amounts, to: Amounts): void {
  for (const [name, amount] of to) if ((amounts.get(name) ?? 0) < amount) amounts.set(name, amount)
}
