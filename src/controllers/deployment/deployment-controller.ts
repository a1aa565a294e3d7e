// Rolls a Deployment's template out over ReplicaSets, one for each version of it.
//
// Comes in: Deployments, their ReplicaSets and (for Recreate) those ReplicaSets' pods. Goes out: ReplicaSets created,
// scaled and, beyond the history limit, deleted; status, conditions, events. Read on in `rollout.ts` (what is done),
// `rolling-update.ts` and `scaling.ts` (how much of it), `status.ts` (what is said of it). A rollback is a patch of the
// template by whoever wants it (or `rollback.ts`): the ReplicaSet that had it becomes the new one again, with a new revision.

import { type Deployment, type DeploymentStatus, deployments } from '../../api/apps/v1/deployment.ts'
import { type ReplicaSet, replicaSets } from '../../api/apps/v1/replicaset.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { type ControllerContext, controller, watch } from '../../client/controller.ts'
import type { Lister } from '../../client/indexed-store.ts'
import { keyOf } from '../../client/object-key.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
import { labelSelectorFrom, type Selector } from '../../machinery/labels.ts'
import { hasStatusCause, isNotFound } from '../../machinery/status-error.ts'
import {
  byControllerOrOrphan,
  candidates,
  claimObjects,
  controllerKeyIn,
  controllerOrOrphanIndex,
  ownersToTell,
} from '../controller-ref.ts'
import { isPodTerminal } from '../pod-status.ts'
import { revisionOf, rollbackRevisionOf } from './annotations.ts'
import { conditionOf, hasProgressDeadline } from './conditions.ts'
import { rollBack } from './rollback.ts'
import { rollingUpdateStep } from './rolling-update.ts'
import { Rollout } from './rollout.ts'
import { isScalingEvent, scale } from './scaling.ts'
import { actualCount, byCreation, replicasOf, withPods } from './sizes.ts'
import { countedStatus, deadlineCheckMs, isComplete, rolloutStatus } from './status.ts'

export const deploymentController = controller<Deployment>({
  name: 'deployment-controller',
  reconciles: deployments,
  concurrency: 5,
  watches: [
    watch(replicaSets, {
      indexers: { [controllerOrOrphanIndex]: byControllerOrOrphan },
      keys: (change, { lister }) =>
        ownersToTell(change, deployments, lister(deployments), object => matching(lister(deployments), object)),
    }),
    watch(pods, {
      indexers: { [controllerOrOrphanIndex]: byControllerOrOrphan },
      keys: ({ before, after }, context) => (before && !isRunning(after) ? recreatedBy(before, context) : []),
    }),
  ],
  reconcile,
})

function* matching(lister: Lister<Deployment>, object: ReplicaSet): Generator<string> {
  for (const deployment of lister.listNamespace(object.metadata.namespace ?? '')) {
    const selector = selectorOf(deployment)
    if (selector && !selector.empty && selector.matches(object.metadata.labels)) yield keyOf(deployment)
  }
}

function selectorOf(deployment: Deployment): Selector | undefined {
  try {
    return labelSelectorFrom(deployment.spec.selector)
  } catch {
    return undefined
  }
}

function isRunning(pod: Pod | undefined): boolean {
  return pod !== undefined && !isPodTerminal(pod)
}

/** A Recreate Deployment waits for the last of its old pods. */
function recreatedBy(pod: Pod, { lister }: ControllerContext): string[] {
  const replicaSetKey = controllerKeyIn(pod, replicaSets, lister(replicaSets))
  const replicaSet = replicaSetKey === undefined ? undefined : lister(replicaSets).get(replicaSetKey)
  const key = replicaSet && controllerKeyIn(replicaSet, deployments, lister(deployments))
  const deployment = key === undefined ? undefined : lister(deployments).get(key)
  return deployment?.spec.strategy.type === 'Recreate' ? [key!] : []
}

async function reconcile(key: string, context: ControllerContext<any>) {
  try {
    return await rollOut(key, context)
  } catch (error) {
    // In a namespace that is going nothing can be created, however often it is tried.
    if (!hasStatusCause(error, 'NamespaceTerminating')) throw error
    return undefined
  }
}

async function rollOut(key: string, context: ControllerContext<any>) {
  const { lister, client, events } = context
  const deployment = lister(deployments).get(key)
  if (!deployment) return undefined
  const selector = selectorOf(deployment)
  if (!selector) return undefined
  if (selector.empty) {
    const message = 'This deployment is selecting all pods. A non-empty selector is required.'
    events.event(deployment, 'Warning', 'SelectingAll', message)
    const { generation = 0 } = deployment.metadata
    if ((deployment.status.observedGeneration ?? 0) < generation)
      await new Rollout(context, deployment, []).updateStatus({ ...deployment.status, observedGeneration: generation })
    return undefined
  }
  const owned = await claimObjects({
    client,
    owner: deployment,
    kind: deployments,
    selector,
    objects: candidates(lister(replicaSets), deployment),
    resource: replicaSets,
  })
  const rollout = new Rollout(context, deployment, owned)
  if (deployment.metadata.deletionTimestamp) {
    await rollout.adoptCurrent()
    return settle(rollout, countedStatus(rollout))
  }
  await notePause(rollout)
  await rollout.adoptCurrent()
  const { paused } = deployment.spec
  const rollbackTo = rollbackRevisionOf(deployment)
  if (rollbackTo !== undefined && !paused) {
    await rollBack(rollout, rollbackTo)
    return undefined
  }
  if (paused || isScalingEvent(rollout)) {
    await scale(rollout)
    if (paused && rollbackTo === undefined) await removeOldReplicaSets(rollout)
    return settle(rollout, countedStatus(rollout))
  }
  if (deployment.spec.strategy.type === 'Recreate') {
    if (!(await clearOld(rollout))) return settle(rollout, rolloutStatus(rollout))
    await rollout.createCurrent()
    await rollout.scale(rollout.current!, replicasOf(deployment))
  } else {
    await rollout.createCurrent()
    if (await rollingUpdateStep(rollout)) return settle(rollout, rolloutStatus(rollout))
  }
  if (isComplete(rollout.deployment, rollout.deployment.status)) await removeOldReplicaSets(rollout)
  return settle(rollout, rolloutStatus(rollout))
}

/** Writes the status if it is new, and says when time alone could change it. */
async function settle(rollout: Rollout, status: DeploymentStatus) {
  if (!semanticEqual(rollout.deployment.status, status)) {
    await rollout.updateStatus(status)
    return undefined
  }
  const requeueAfterMs = deadlineCheckMs(rollout.deployment, status, rollout.context.clock.now())
  return requeueAfterMs === undefined ? undefined : { requeueAfterMs }
}

/** A paused rollout makes no progress, and is not blamed for it. */
async function notePause(rollout: Rollout): Promise<void> {
  const { deployment } = rollout
  if (!hasProgressDeadline(deployment)) return
  const condition = conditionOf(deployment.status, 'Progressing')
  if (condition?.reason === 'ProgressDeadlineExceeded') return
  const noted = condition?.reason === 'DeploymentPaused'
  if (deployment.spec.paused && !noted)
    await rollout.updateStatus(rollout.withProgress('Unknown', 'DeploymentPaused', 'Deployment is paused'))
  else if (!deployment.spec.paused && noted)
    await rollout.updateStatus(rollout.withProgress('Unknown', 'DeploymentResumed', 'Deployment is resumed'))
}

/** Recreate: nothing new before everything old has ended. Answers whether it has. */
async function clearOld(rollout: Rollout): Promise<boolean> {
  const active = withPods(rollout.old)
  for (const replicaSet of active) await rollout.scale(replicaSet, 0)
  if (active.length > 0 || actualCount(rollout.old) > 0) return false
  const podsOf = (replicaSet: ReplicaSet) =>
    rollout.context.lister(pods).byIndex(controllerOrOrphanIndex, replicaSet.metadata.uid ?? '')
  return !rollout.old.some(replicaSet => podsOf(replicaSet).some(isRunning))
}

/** Beyond the history limit, old ReplicaSets without pods go, the oldest revisions first. */
async function removeOldReplicaSets({ deployment, old, context }: Rollout): Promise<void> {
  const limit = deployment.spec.revisionHistoryLimit
  if (limit === undefined || limit === 2147483647) return
  const cleanable = old.filter(({ metadata }) => !metadata.deletionTimestamp)
  const surplus = cleanable
    .sort((a, b) => Number(revisionOf(a) - revisionOf(b)) || byCreation(a, b))
    .slice(0, Math.max(0, cleanable.length - limit))
  for (const replicaSet of surplus) {
    const { metadata, status } = replicaSet
    const unobserved = (metadata.generation ?? 0) > (status.observedGeneration ?? 0)
    if (status.replicas !== 0 || replicasOf(replicaSet) !== 0 || unobserved) continue
    try {
      await context.client.resource(replicaSets).namespace(metadata.namespace).delete(metadata.name!)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}
