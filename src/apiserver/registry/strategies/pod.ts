// Pods: born Pending with their QoS class; deleted gracefully unless nothing runs yet or any more. Two subresources
// change parts that nothing else may: ephemeralcontainers and resize.

import { podObjectWarnings } from '../../../api/apps/v1/workload.warnings.ts'
import type { Pod } from '../../../api/core/v1/pod.ts'
import {
  validatePod,
  validatePodEphemeralContainersUpdate,
  validatePodUpdate,
} from '../../../api/core/v1/pod.validation.ts'
import { podQOSClass } from '../../../api/core/v1/pod-qos.ts'
import { validatePodResize } from '../../../api/core/v1/podresize.validation.ts'
import { validatePodStatusUpdate } from '../../../api/core/v1/podstatus.validation.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { formatTime } from '../../../machinery/time.ts'
import type { Strategy, StrategyContext } from '../strategy.ts'
import { syncAppArmor } from './apparmor.ts'
import { dropDisabledPodFields, dropDisabledPodStatusFields } from './disabled-fields.ts'
import { mergeMatchLabelKeys } from './match-label-keys.ts'

type Container = { name?: string; resources?: unknown; resizePolicy?: unknown }

function prepareForCreate(pod: KubeObject, { server, warn }: StrategyContext): void {
  dropDisabledPodFields(pod['spec'])
  const status: Record<string, unknown> = {
    phase: 'Pending',
    qosClass: pod['status']?.qosClass || podQOSClass(pod as unknown as Pod),
  }
  if (pod['spec'].schedulingGates?.length > 0)
    status['conditions'] = [
      {
        type: 'PodScheduled',
        status: 'False',
        lastProbeTime: null,
        lastTransitionTime: formatTime(server.env.clock.now()),
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
      },
    ]
  pod['status'] = status
  mergeMatchLabelKeys(pod)
  syncAppArmor(pod, warn)
}

/** Metadata that a subresource doesn't touch, and the rest of the object as it stands. */
function keepRest(pod: KubeObject, old: KubeObject): void {
  pod.metadata['labels'] = old.metadata['labels']
  pod.metadata['annotations'] = old.metadata['annotations']
  pod.metadata['finalizers'] = old.metadata['finalizers']
  pod.metadata['ownerReferences'] = old.metadata['ownerReferences']
  pod['status'] = old['status']
}

/** Containers as they stand, with the new sizes; as given when they are others than before, which validation says. */
function resized(next: readonly Container[] | undefined, old: readonly Container[] | undefined) {
  if (!next || !old || next.some((container, index) => container.name !== old[index]?.name)) return next
  return next.map(({ resources, resizePolicy }, index) => {
    const container: Container = { ...old[index], resources, resizePolicy }
    if (resources === undefined) delete container.resources
    if (resizePolicy === undefined) delete container.resizePolicy
    return container
  })
}

function prepareForUpdate(pod: KubeObject, old: KubeObject, { subresource }: StrategyContext): void {
  dropDisabledPodFields(pod['spec'], old['spec'])
  if (subresource === 'ephemeralcontainers') {
    const { ephemeralContainers } = pod['spec']
    pod['spec'] = { ...old['spec'] }
    if (ephemeralContainers) pod['spec'].ephemeralContainers = ephemeralContainers
    else delete pod['spec'].ephemeralContainers
    keepRest(pod, old)
  } else if (subresource === 'resize') {
    const { containers, initContainers, resources } = pod['spec']
    const before = old['spec']
    if (containers?.length !== before.containers?.length || initContainers?.length !== before.initContainers?.length)
      return
    pod['spec'] = { ...before, containers: resized(containers, before.containers) }
    if (initContainers) pod['spec'].initContainers = resized(initContainers, before.initContainers)
    if (resources) pod['spec'].resources = resources
    keepRest(pod, old)
  }
}

type Condition = { type: string; observedGeneration?: number }

/** A client that knows nothing of observedGeneration doesn't take it away. */
function keepObservedGeneration(pod: KubeObject, old: KubeObject): void {
  const [status, before] = [pod['status'], old['status']]
  if (!status.observedGeneration && before.observedGeneration) status.observedGeneration = before.observedGeneration
  const conditions: Condition[] = status.conditions ?? []
  const known: Condition[] = [...(before.conditions ?? [])]
  for (const condition of conditions) {
    const index = known.findIndex(({ type }) => type === condition.type)
    const [was] = index < 0 ? [] : known.splice(index, 1)
    if (!condition.observedGeneration && was?.observedGeneration) condition.observedGeneration = was.observedGeneration
  }
}

export const podStrategy: Strategy = {
  sharesUntouched: true,
  tracksGeneration: true,
  // Of what a client says only the QoS class is kept.
  keepsStatusAtCreate: true,
  prepareForCreate,
  prepareForUpdate,
  prepareForStatusUpdate(pod, old) {
    pod['status'] ??= {}
    pod['status'].qosClass ||= old['status'].qosClass
    dropDisabledPodStatusFields(pod['status'], old['status'])
    keepObservedGeneration(pod, old)
    if (old.metadata['ownerReferences'] === undefined) delete pod.metadata['ownerReferences']
    else pod.metadata['ownerReferences'] = old.metadata['ownerReferences']
  },
  validate: validatePod,
  validateUpdate(pod, old, { subresource }) {
    if (subresource === 'ephemeralcontainers') return validatePodEphemeralContainersUpdate(pod, old)
    return subresource === 'resize' ? validatePodResize(pod, old) : validatePodUpdate(pod, old)
  },
  validateStatusUpdate: validatePodStatusUpdate,
  warnings: podObjectWarnings,
  gracePeriodSeconds(pod: KubeObject, requested) {
    const spec = pod['spec'] as { terminationGracePeriodSeconds?: number; nodeName?: string }
    let seconds = requested ?? spec.terminationGracePeriodSeconds ?? 30
    if (!spec.nodeName) seconds = 0
    const { phase } = pod['status'] as { phase?: string }
    if (phase === 'Failed' || phase === 'Succeeded') seconds = 0
    // A negative grace period means "as soon as possible", which is one second.
    return seconds < 0 ? 1 : seconds
  },
}
