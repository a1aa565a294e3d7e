// The conditions of a pod that its kubelet owns, and why they are as they are.

import type { ContainerStatus, Pod, PodCondition } from '../api/core/v1/pod.ts'
import { noTime } from './container-statuses.ts'
import { isRestartableInitContainer } from './pod-spec.ts'

const owned = new Set([
  'PodScheduled',
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodResizePending',
  'PodResizeInProgress',
])

/** Whether the kubelet sets this condition; it keeps the others as they are. */
export function isKubeletCondition(type: string): boolean {
  return owned.has(type)
}

interface Verdict {
  readonly status: 'True' | 'False'
  readonly reason?: string
  readonly message?: string
}

export function kubeletConditions(
  pod: Pod,
  statuses: { readonly init: readonly ContainerStatus[]; readonly regular: readonly ContainerStatus[] },
  phase: string,
  sandboxReady: boolean,
  foreign: readonly PodCondition[],
): PodCondition[] {
  const all = [...statuses.init, ...statuses.regular]
  const containersReady = containersReadyVerdict(pod, all, phase)
  const condition = (type: string, verdict: Verdict): PodCondition => ({
    type,
    lastProbeTime: noTime,
    // The status manager knows when it last changed.
    lastTransitionTime: noTime,
    ...(pod.metadata?.generation ? { observedGeneration: pod.metadata.generation } : {}),
    ...verdict,
  })
  return [
    condition('PodReadyToStartContainers', { status: sandboxReady ? 'True' : 'False' }),
    condition('Initialized', initializedVerdict(pod, all, phase)),
    condition('Ready', containersReady.status === 'True' ? readinessGates(pod, foreign) : containersReady),
    condition('ContainersReady', containersReady),
    condition('PodScheduled', { status: 'True' }),
  ]
}

function containersReadyVerdict(pod: Pod, statuses: readonly ContainerStatus[], phase: string): Verdict {
  const unknown: string[] = []
  const unready: string[] = []
  const sidecars = (pod.spec?.initContainers ?? []).filter(isRestartableInitContainer)
  for (const container of [...sidecars, ...(pod.spec?.containers ?? [])]) {
    const status = statuses.find(candidate => candidate.name === container.name)
    if (!status) unknown.push(container.name)
    else if (!status.ready) unready.push(container.name)
  }
  if (phase === 'Succeeded' && unknown.length === 0) return { status: 'False', reason: 'PodCompleted' }
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' }
  const message = because(unknown, unready, 'unready')
  return message ? { status: 'False', reason: 'ContainersNotReady', message } : { status: 'True' }
}

function initializedVerdict(pod: Pod, statuses: readonly ContainerStatus[], phase: string): Verdict {
  const unknown: string[] = []
  const incomplete: string[] = []
  for (const container of pod.spec?.initContainers ?? []) {
    const status = statuses.find(candidate => candidate.name === container.name)
    if (!status) unknown.push(container.name)
    else if (!(isRestartableInitContainer(container) ? status.started : status.ready)) incomplete.push(container.name)
  }
  if (phase === 'Succeeded' && unknown.length === 0) return { status: 'True', reason: 'PodCompleted' }
  if (anyRegularContainerStarted(pod, statuses)) return { status: 'True' }
  const message = because(unknown, incomplete, 'incomplete')
  return message ? { status: 'False', reason: 'ContainersNotInitialized', message } : { status: 'True' }
}

function anyRegularContainerStarted(pod: Pod, statuses: readonly ContainerStatus[]): boolean {
  return (pod.spec?.containers ?? []).some(container => {
    const status = statuses.find(candidate => candidate.name === container.name)
    return status?.state?.running || status?.state?.terminated || status?.lastState?.terminated
  })
}

function readinessGates(pod: Pod, conditions: readonly PodCondition[]): Verdict {
  const messages: string[] = []
  for (const gate of pod.spec?.readinessGates ?? []) {
    const condition = conditions.find(candidate => candidate.type === gate.conditionType)
    if (!condition)
      messages.push(`corresponding condition of pod readiness gate "${gate.conditionType}" does not exist.`)
    else if (condition.status !== 'True')
      messages.push(`the status of pod readiness gate "${gate.conditionType}" is not "True", but ${condition.status}`)
  }
  return messages.length > 0
    ? { status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') }
    : { status: 'True' }
}

function because(unknown: readonly string[], lacking: readonly string[], lack: string): string {
  const parts: string[] = []
  if (unknown.length > 0) parts.push(`containers with unknown status: [${unknown.join(' ')}]`)
  if (lacking.length > 0) parts.push(`containers with ${lack} status: [${lacking.join(' ')}]`)
  return parts.join(', ')
}
