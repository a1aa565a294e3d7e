import { compareText } from '../../../machinery/go-text.ts'
import { ageCell } from '../../cells.ts'
import type { Node } from './node.ts'

const rolePrefix = 'node-role.kubernetes.io/'
const roleLabel = 'kubernetes.io/role'

export function nodeCells(node: Node, now: number): unknown[] {
  const { kubeletVersion, osImage, kernelVersion, architecture, containerRuntimeVersion } = node.status.nodeInfo ?? {}
  return [
    node.metadata.name,
    statusCell(node),
    rolesOf(node).join(',') || '<none>',
    ageCell(node, now),
    kubeletVersion ?? '',
    addressCell(node, 'InternalIP'),
    addressCell(node, 'ExternalIP'),
    osImage || '<unknown>',
    (kernelVersion || '<unknown>') + (architecture ? ` (${architecture})` : ''),
    containerRuntimeVersion || '<unknown>',
  ]
}

function statusCell({ spec, status }: Node): string {
  const ready = status.conditions?.findLast(condition => condition.type === 'Ready')
  const health = !ready ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return spec.unschedulable ? `${health},SchedulingDisabled` : health
}

/** From the labels `node-role.kubernetes.io/<role>` and `kubernetes.io/role=<role>`. */
function rolesOf(node: Node): string[] {
  const roles = new Set<string>()
  for (const [label, value] of Object.entries(node.metadata.labels ?? {})) {
    const role = label.startsWith(rolePrefix) ? label.slice(rolePrefix.length) : label === roleLabel ? value : ''
    if (role !== '') roles.add(role)
  }
  return [...roles].sort(compareText)
}

function addressCell(node: Node, type: string): string {
  return node.status.addresses?.find(address => address.type === type)?.address ?? '<none>'
}
