// Events about pods and their containers, under the node's name. A container's event names it by its place in the spec:
// spec.containers{web}.

import type { Pod } from '../api/core/v1/pod.ts'
import type { EventRecorder, EventType } from '../client/event-recorder.ts'
import { findContainer } from './pod-spec.ts'

export class PodEvents {
  readonly #recorder: EventRecorder

  constructor(recorder: EventRecorder) {
    this.#recorder = recorder
  }

  pod(pod: Pod, type: EventType, reason: string, message: string): void {
    this.#recorder.event(reference(pod), type, reason, message)
  }

  container(pod: Pod, container: string, type: EventType, reason: string, message: string): void {
    const kind = findContainer(pod, container)?.kind ?? 'containers'
    this.#recorder.event({ ...reference(pod), fieldPath: `spec.${kind}{${container}}` }, type, reason, message)
  }
}

function reference(pod: Pod) {
  const { name, namespace, uid, resourceVersion } = pod.metadata ?? {}
  return { kind: 'Pod', apiVersion: 'v1', name: name ?? '', namespace, uid, resourceVersion }
}
