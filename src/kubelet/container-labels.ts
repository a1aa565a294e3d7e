// The labels and annotations the kubelet puts on sandboxes and containers: how it finds them again after a restart, and
// how crictl knows what they are. The names are upstream's.

import { createHash } from 'node:crypto'
import type { Container } from '../api/core/v1/container.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { goJson } from '../machinery/json/write.ts'

export const podNameLabel = 'io.kubernetes.pod.name'
export const podNamespaceLabel = 'io.kubernetes.pod.namespace'
export const podUidLabel = 'io.kubernetes.pod.uid'
export const containerNameLabel = 'io.kubernetes.container.name'

export const containerHashAnnotation = 'io.kubernetes.container.hash'
export const restartCountAnnotation = 'io.kubernetes.container.restartCount'
export const terminationMessagePathAnnotation = 'io.kubernetes.container.terminationMessagePath'
export const terminationMessagePolicyAnnotation = 'io.kubernetes.container.terminationMessagePolicy'
export const containerPortsAnnotation = 'io.kubernetes.container.ports'
export const preStopHandlerAnnotation = 'io.kubernetes.container.preStopHandler'
export const podDeletionGracePeriodAnnotation = 'io.kubernetes.pod.deletionGracePeriod'
export const podTerminationGracePeriodAnnotation = 'io.kubernetes.pod.terminationGracePeriod'
export const configSeenAnnotation = 'kubernetes.io/config.seen'
export const configSourceAnnotation = 'kubernetes.io/config.source'

/** Which kubelet made it: a runtime may serve others as well, whose pods are none of this one's business. */
export const ownerLabel = 'k8ts.dev/kubelet'

/** The same for as long as the node's name and the directory it keeps its files in. */
export function kubeletOwner(nodeName: string, rootDir: string): string {
  return createHash('sha256').update(`${nodeName}\n${rootDir}`).digest('hex').slice(0, 16)
}

export function podIdentityLabels(pod: Pod, owner: string): Record<string, string> {
  return {
    [ownerLabel]: owner,
    [podNameLabel]: pod.metadata?.name ?? '',
    [podNamespaceLabel]: pod.metadata?.namespace ?? '',
    [podUidLabel]: pod.metadata?.uid ?? '',
  }
}

/** A sandbox carries its pod's own labels, and its identity over them. */
export function sandboxLabels(pod: Pod, owner: string): Record<string, string> {
  return { ...pod.metadata?.labels, ...podIdentityLabels(pod, owner) }
}

export function sandboxAnnotations(pod: Pod, seenAt: string): Record<string, string> {
  return { ...pod.metadata?.annotations, [configSeenAnnotation]: seenAt, [configSourceAnnotation]: 'api' }
}

export function containerLabels(pod: Pod, container: Container, owner: string): Record<string, string> {
  return { ...podIdentityLabels(pod, owner), [containerNameLabel]: container.name ?? '' }
}

export function containerAnnotations(pod: Pod, container: Container, restartCount: number): Record<string, string> {
  const annotations: Record<string, string> = {
    [containerHashAnnotation]: containerHash(container),
    [restartCountAnnotation]: String(restartCount),
    [terminationMessagePathAnnotation]: container.terminationMessagePath ?? '',
    [terminationMessagePolicyAnnotation]: container.terminationMessagePolicy ?? '',
  }
  const deletion = pod.metadata?.deletionGracePeriodSeconds
  if (deletion !== undefined) annotations[podDeletionGracePeriodAnnotation] = String(deletion)
  const termination = pod.spec?.terminationGracePeriodSeconds
  if (termination !== undefined) annotations[podTerminationGracePeriodAnnotation] = String(termination)
  if (container.lifecycle?.preStop) annotations[preStopHandlerAnnotation] = goJson(container.lifecycle.preStop)
  if (container.ports?.length) annotations[containerPortsAnnotation] = goJson(container.ports)
  return annotations
}

/**
 * What a container must keep to need no restart: its name and image, as upstream has hashed since 1.31, so that a new
 * kubelet that knows more fields restarts nothing.
 */
export function containerHash(container: Container): string {
  return createHash('sha256')
    .update(JSON.stringify({ name: container.name, image: container.image }))
    .digest('hex')
    .slice(0, 8)
}
