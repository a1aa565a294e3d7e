// Which taints a node has by its conditions, by being cordoned and by being lost.

import type { Node } from '../../api/core/v1/node.ts'
import type { Taint } from '../../api/core/v1/toleration.ts'
import { formatTime } from '../../machinery/time.ts'

export const notReadyTaint = 'node.kubernetes.io/not-ready'
export const unreachableTaint = 'node.kubernetes.io/unreachable'
const unschedulableTaint = 'node.kubernetes.io/unschedulable'

/** By condition type and status. */
const conditionTaints: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: notReadyTaint, Unknown: unreachableTaint },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
}

const ourNoSchedule = new Set([unschedulableTaint, ...Object.values(conditionTaints).flatMap(Object.values<string>)])
const ourNoExecute = new Set([notReadyTaint, unreachableTaint])

export function conditionStatus({ status }: Node, type: string): string | undefined {
  return status.conditions?.find(condition => condition.type === type)?.status
}

/** Keeps new pods off. */
function noScheduleKeys(node: Node): string[] {
  const keys = (node.status.conditions ?? []).flatMap(({ type, status }) => {
    const key = conditionTaints[type]?.[status]
    return key === undefined ? [] : [key]
  })
  return node.spec.unschedulable ? [...keys, unschedulableTaint] : keys
}

/** The taint that a node in this state should have to send its pods away; none while it is ready. */
export function noExecuteKey(node: Node): string | undefined {
  return conditionTaints['Ready']![conditionStatus(node, 'Ready') ?? '']
}

export function hasNoExecute(node: Node): boolean {
  return node.spec.taints?.some(isOurNoExecute) ?? false
}

function isOurNoExecute({ key, effect }: Taint): boolean {
  return effect === 'NoExecute' && ourNoExecute.has(key)
}

/** The node's taints with ours as they should be; undefined when they are. */
export function withTaints(node: Node, noExecute: string | undefined, now: number): Taint[] | undefined {
  const present = node.spec.taints ?? []
  const wanted = [
    ...noScheduleKeys(node).map(key => ({ key, effect: 'NoSchedule' as const })),
    ...(noExecute === undefined ? [] : [{ key: noExecute, effect: 'NoExecute' as const }]),
  ]
  const isWanted = ({ key, effect }: Taint) => wanted.some(taint => taint.key === key && taint.effect === effect)
  const isOurs = (taint: Taint) =>
    isOurNoExecute(taint) || (taint.effect === 'NoSchedule' && ourNoSchedule.has(taint.key))
  const kept = present.filter(taint => !isOurs(taint) || isWanted(taint))
  const added = wanted.filter(({ key, effect }) => !kept.some(taint => taint.key === key && taint.effect === effect))
  if (added.length === 0 && kept.length === present.length) return undefined
  return [...kept, ...added.map(taint => ({ ...taint, timeAdded: formatTime(now) }))]
}
