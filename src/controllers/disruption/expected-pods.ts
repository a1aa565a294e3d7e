// How many pods there should be below a budget: the sum of what their controllers are scaled to.

import { deployments } from '../../api/apps/v1/deployment.ts'
import { replicaSets } from '../../api/apps/v1/replicaset.ts'
import { statefulSets } from '../../api/apps/v1/statefulset.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import { replicationControllers } from '../../api/core/v1/replicationcontroller.ts'
import type { OwnerReference } from '../../api/meta/v1/objectmeta.ts'
import type { PodDisruptionBudget } from '../../api/policy/v1/poddisruptionbudget.ts'
import { groupResource, type ResourceDeclaration } from '../../api/resource.ts'
import { controllerKey, controllerOf, type ReconcileContext } from '../../client/controller.ts'
import { quote } from '../../machinery/go-text.ts'
import { scaledValueFromPercent } from '../../machinery/int-or-string.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import type { Scales } from '../scales.ts'

/** Kinds whose size is known without asking. */
export const scaledKinds: readonly ResourceDeclaration[] = [
  replicationControllers,
  deployments,
  replicaSets,
  statefulSets,
]

export interface Expectation {
  readonly expectedPods: number
  readonly desiredHealthy: number
  /** Names of pods that nothing controls, where that matters. */
  readonly unmanaged: readonly string[]
}

type Listers = Pick<ReconcileContext, 'lister'>

export async function expectedPods(
  { spec }: PodDisruptionBudget,
  pods: readonly Pod[],
  listers: Listers,
  scales: Scales,
): Promise<Expectation> {
  const { minAvailable, maxUnavailable } = spec
  if (maxUnavailable !== undefined && maxUnavailable !== null) {
    const { expected, unmanaged } = await expectedScale(pods, listers, scales)
    const unavailable = scaledValueFromPercent(maxUnavailable, expected, true)
    return { expectedPods: expected, desiredHealthy: Math.max(0, expected - unavailable), unmanaged }
  }
  if (typeof minAvailable === 'number')
    return { expectedPods: pods.length, desiredHealthy: minAvailable, unmanaged: [] }
  if (minAvailable === undefined || minAvailable === null) return { expectedPods: 0, desiredHealthy: 0, unmanaged: [] }
  const { expected, unmanaged } = await expectedScale(pods, listers, scales)
  return { expectedPods: expected, desiredHealthy: scaledValueFromPercent(minAvailable, expected, true), unmanaged }
}

async function expectedScale(pods: readonly Pod[], listers: Listers, scales: Scales) {
  const byOwner = new Map<string, number>()
  const looked = new Set<string>()
  const unmanaged: string[] = []
  for (const pod of pods) {
    const { name = '', namespace } = pod.metadata
    const owner = controllerOf(pod)
    if (!owner) {
      unmanaged.push(name)
      continue
    }
    if (looked.has(owner.uid)) continue
    looked.add(owner.uid)
    const found = known(pod, owner, listers) ?? (await asked(owner, namespace, scales))
    if (!found) throw new Error(`found no controllers for pod ${quote(name)}`)
    byOwner.set(found.uid, found.replicas)
  }
  return { expected: [...byOwner.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged }
}

interface Sized {
  readonly uid: string
  readonly replicas: number
}

function known(pod: Pod, owner: OwnerReference, { lister }: Listers): Sized | undefined {
  const found = (dependent: unknown, reference: OwnerReference, kind: ResourceDeclaration) => {
    const key = controllerKey(dependent, kind)
    const object = key === undefined ? undefined : lister(kind).get(key)
    return object?.metadata.uid === reference.uid ? object : undefined
  }
  for (const kind of [replicationControllers, statefulSets] as ResourceDeclaration[]) {
    const object = found(pod, owner, kind)
    if (object) return { uid: owner.uid, replicas: object.spec.replicas ?? 1 }
  }
  const replicaSet = found(pod, owner, replicaSets)
  if (!replicaSet) return undefined
  const above = controllerOf(replicaSet)
  if (above?.kind !== 'Deployment') return { uid: owner.uid, replicas: replicaSet.spec.replicas ?? 1 }
  const deployment = found(replicaSet, above, deployments)
  return deployment && { uid: above.uid, replicas: deployment.spec.replicas ?? 1 }
}

async function asked(owner: OwnerReference, namespace: string | undefined, scales: Scales): Promise<Sized | undefined> {
  const resource = await scales.resourceOf(owner.apiVersion, owner.kind)
  try {
    const { metadata, spec } = await scales.get(resource, namespace, owner.name)
    return metadata.uid === owner.uid ? { uid: owner.uid, replicas: spec?.replicas ?? 0 } : undefined
  } catch (error) {
    if (!isNotFound(error)) throw error
    if (!resource.subresources?.some(({ name }) => name === 'scale'))
      throw new Error(`${groupResource(resource)} does not implement the scale subresource`)
    return undefined
  }
}
