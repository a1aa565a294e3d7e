// Questions about a pod's spec that several files of the kubelet ask.

import type { Container } from '../api/core/v1/container.ts'
import type { Pod, PodSpec } from '../api/core/v1/pod.ts'

/** An init container that stays: a sidecar. */
export function isRestartableInitContainer(container: Container): boolean {
  return container.restartPolicy === 'Always'
}

export function isHostNetwork(pod: Pod): boolean {
  return pod.spec?.hostNetwork === true
}

/** `name_namespace`, and with the uid in parentheses: how upstream names pods in messages. */
export function podFullName(pod: Pod): string {
  return `${pod.metadata?.name}_${pod.metadata?.namespace}(${pod.metadata?.uid})`
}

export function isTerminalPhase(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed'
}

/** Whether a container that ended so starts again: its own rules, its own policy, then the pod's. */
export function containerShouldRestart(container: Container, spec: PodSpec, exitCode: number): boolean {
  if (container.restartPolicy) {
    for (const rule of container.restartPolicyRules ?? []) {
      if (!rule.exitCodes) continue
      const listed = (rule.exitCodes.values ?? []).includes(exitCode)
      if ((rule.exitCodes.operator === 'In') === listed) {
        if (rule.action === 'Restart') return true
        break
      }
    }
  }
  switch (container.restartPolicy ?? spec.restartPolicy) {
    case 'Never':
      return false
    case 'OnFailure':
      return exitCode !== 0
    default:
      return true
  }
}

/** Every container of the pod, with the kind that its events' field paths carry. */
export function* allContainers(pod: Pod): Generator<{ container: Container; kind: ContainerKind; index: number }> {
  for (const [index, container] of (pod.spec?.initContainers ?? []).entries())
    yield { container, kind: 'initContainers', index }
  for (const [index, container] of (pod.spec?.containers ?? []).entries())
    yield { container, kind: 'containers', index }
  for (const [index, container] of (pod.spec?.ephemeralContainers ?? []).entries())
    yield { container: container as Container, kind: 'ephemeralContainers', index }
}

export type ContainerKind = 'initContainers' | 'containers' | 'ephemeralContainers'

export function findContainer(pod: Pod, name: string): { container: Container; kind: ContainerKind } | undefined {
  for (const found of allContainers(pod)) if (found.container.name === name) return found
  return undefined
}
