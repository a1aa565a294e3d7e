// What a runtime might have of a pod, for tables of cases.

import type { Pod } from '../../api/core/v1/pod.ts'
import { containerHash } from '../container-labels.ts'
import { findContainer } from '../pod-spec.ts'
import type { ContainerRecord, RuntimePodStatus, SandboxRecord } from '../runtime-state.ts'

export const start = Date.UTC(2026, 0, 1)

export type Sketch = Partial<ContainerRecord> | 'running' | 'created' | 'unknown' | number

/** `running`, an exit code, or fields of a record, by container; several attempts newest first. */
export function runtimeOf(
  pod: Pod,
  containers: Record<string, Sketch | Sketch[]>,
  sandboxes: Partial<SandboxRecord>[] = [{}],
): RuntimePodStatus {
  const { name = '', namespace = '', uid = '' } = pod.metadata
  const made = sandboxes.map((sandbox, i) => ({
    id: `sandbox-${sandboxes.length - 1 - i}`,
    attempt: sandboxes.length - 1 - i,
    ready: true,
    createdAt: start,
    hostNetwork: pod.spec.hostNetwork === true,
    ips: ['10.244.1.2'],
    ...sandbox,
  }))
  return {
    uid,
    name,
    namespace,
    sandboxes: made,
    ips: made[0]?.ready ? made[0].ips : [],
    containers: Object.entries(containers).flatMap(([container, sketches]) => {
      const list = Array.isArray(sketches) ? sketches : [sketches]
      return list.map((sketch, i) => recordOf(pod, container, sketch, list.length - 1 - i, made[0]?.id ?? ''))
    }),
  }
}

function recordOf(pod: Pod, name: string, sketch: Sketch, attempt: number, sandboxId: string): ContainerRecord {
  const fields: Partial<ContainerRecord> =
    typeof sketch === 'number'
      ? { state: 'exited', exitCode: sketch, reason: sketch === 0 ? 'Completed' : 'Error' }
      : typeof sketch === 'string'
        ? { state: sketch }
        : sketch
  const container = findContainer(pod, name)?.container
  return {
    id: `${name}-${attempt}`,
    name,
    sandboxId,
    state: 'running',
    restartCount: attempt,
    hash: container ? containerHash(container) : '',
    createdAt: start + attempt * 1000,
    startedAt: start + attempt * 1000,
    finishedAt: fields.state === 'exited' ? start + attempt * 1000 + 500 : 0,
    exitCode: 0,
    reason: '',
    message: '',
    image: container?.image ?? '',
    imageRef: 'sha256:1234',
    logPath: '',
    labels: {},
    annotations: {},
    ...fields,
  }
}
