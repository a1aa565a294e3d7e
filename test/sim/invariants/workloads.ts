// Workloads have the pods that they ask for, and say so.

import {
  activeOf,
  type Check,
  controllerOf,
  isOver,
  isReady,
  named,
  podsOf,
  same,
  selected,
  type World,
} from './world.ts'

function* replicasAreExact(world: World): Iterable<string> {
  for (const set of [...world.replicaSets, ...world.replicationControllers]) {
    const active = activeOf(world, set)
    const ready = active.filter(isReady).length
    yield* same(set, 'number of pods', active.length, set.spec?.replicas)
    yield* same(set, 'status.replicas', set.status?.replicas, active.length)
    yield* same(set, 'status.readyReplicas', set.status?.readyReplicas, ready)
    yield* same(set, 'status.availableReplicas', set.status?.availableReplicas, ready)
    // What matches and is nobody's has been taken.
    const { selector } = set.spec
    const labels = selector && 'matchLabels' in selector ? selector.matchLabels : selector
    for (const pod of selected(world, set, labels as Record<string, string>))
      if (!controllerOf(pod) && !isOver(pod)) yield `${named(pod)} was not adopted by ${named(set)}`
    yield* same(set, 'observedGeneration', set.status?.observedGeneration, set.metadata.generation)
  }
}

function* deploymentsAreRolledOut(world: World): Iterable<string> {
  for (const deployment of world.deployments) {
    const { spec, status } = deployment
    const sets = world.replicaSets.filter(set => controllerOf(set)?.uid === deployment.metadata.uid)
    const running = sets.filter(({ spec: of }) => (of?.replicas ?? 0) > 0)
    const wanted = spec?.replicas ?? 0
    const image = spec?.template.spec?.containers[0]?.image
    yield* same(deployment, 'sets with replicas', running.length, wanted > 0 ? 1 : 0)
    for (const set of running) yield* same(set, 'image', set.spec?.template?.spec?.containers[0]?.image, image)
    if (sets.length > 1 + (spec?.revisionHistoryLimit ?? 10)) yield `${named(deployment)} keeps ${sets.length} sets`
    yield* same(deployment, 'status.replicas', status?.replicas, wanted)
    yield* same(deployment, 'status.updatedReplicas', status?.updatedReplicas, wanted)
    yield* same(deployment, 'observedGeneration', status?.observedGeneration, deployment.metadata.generation)
    const ready = sets.flatMap(set => activeOf(world, set)).filter(isReady).length
    yield* same(deployment, 'status.readyReplicas', status?.readyReplicas, ready)
    yield* same(deployment, 'status.availableReplicas', status?.availableReplicas, ready)
    yield* same(deployment, 'status.unavailableReplicas', status?.unavailableReplicas, wanted - ready)
    if (ready < wanted) continue
    const condition = (type: string) => status?.conditions?.find(of => of.type === type)
    yield* same(deployment, 'Available', condition('Available')?.status, 'True')
    yield* same(deployment, 'Progressing', condition('Progressing')?.reason, 'NewReplicaSetAvailable')
  }
}

function* statefulSetsAreExact(world: World): Iterable<string> {
  for (const set of world.statefulSets) {
    const own = podsOf(world, set)
    const wanted = Array.from({ length: set.spec?.replicas ?? 0 }, (_, ordinal) => `${set.metadata.name}-${ordinal}`)
    // One that finds no room holds up those after it.
    if (own.some(pod => !pod.spec.nodeName)) continue
    yield* same(set, 'pods', own.map(({ metadata }) => metadata.name).sort(), wanted)
    const { status } = set
    yield* same(set, 'status.replicas', status?.replicas, wanted.length)
    yield* same(set, 'status.readyReplicas', status?.readyReplicas, own.filter(isReady).length)
    yield* same(set, 'status.updatedReplicas', status?.updatedReplicas, wanted.length)
    yield* same(set, 'status.currentRevision', status?.currentRevision, status?.updateRevision)
    for (const pod of own)
      if (!status?.updateRevision?.endsWith(pod.metadata.labels?.['controller-revision-hash'] ?? '-'))
        yield `${named(pod)} is not of revision ${status?.updateRevision}`
  }
}

function* daemonSetsAreEverywhere(world: World): Iterable<string> {
  for (const set of world.daemonSets) {
    const own = podsOf(world, set)
    const at = own.map(
      pod =>
        pod.spec.nodeName ??
        pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms?.[0]
          ?.matchFields?.[0]?.values?.[0],
    )
    const everywhere = world.nodes.map(({ metadata }) => metadata.name)
    yield* same(set, 'nodes', at.sort(), everywhere.sort())
    const { status } = set
    yield* same(set, 'desiredNumberScheduled', status?.desiredNumberScheduled, everywhere.length)
    yield* same(set, 'currentNumberScheduled', status?.currentNumberScheduled, own.length)
    yield* same(set, 'numberMisscheduled', status?.numberMisscheduled, 0)
    yield* same(set, 'numberReady', status?.numberReady, own.filter(isReady).length)
    if (own.every(isReady)) yield* same(set, 'updatedNumberScheduled', status?.updatedNumberScheduled, own.length)
  }
}

/** Claims go with their pods and sets as far as the policy says, and not before. */
function* claimsAreKept(world: World): Iterable<string> {
  for (const set of world.statefulSets) {
    const own = podsOf(world, set)
    if (own.some(pod => !pod.spec.nodeName)) continue
    const { whenScaled, whenDeleted } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {}
    for (const { metadata } of set.spec?.volumeClaimTemplates ?? []) {
      const prefix = `${metadata?.name}-${set.metadata.name}-`
      const claims = world.persistentVolumeClaims.filter(
        claim => claim.metadata.namespace === set.metadata.namespace && claim.metadata.name?.startsWith(prefix),
      )
      const ordinals = claims.map(claim => Number(claim.metadata.name!.slice(prefix.length)))
      for (let ordinal = 0; ordinal < (set.spec?.replicas ?? 0); ordinal++)
        if (!ordinals.includes(ordinal)) yield `${named(set)}: claim ${prefix}${ordinal} is missing`
      for (const claim of claims) {
        const ordinal = Number(claim.metadata.name!.slice(prefix.length))
        const surplus = ordinal >= (set.spec?.replicas ?? 0)
        if (surplus && whenScaled === 'Delete') yield `${named(claim)} outlived its pod`
        if (surplus) continue
        yield* same(claim, 'phase', claim.status?.phase, 'Bound')
        const owned = claim.metadata.ownerReferences?.some(({ uid }) => uid === set.metadata.uid) ?? false
        yield* same(claim, 'owned by its set', owned, whenDeleted === 'Delete')
      }
    }
  }
}

function* autoscalersAreFollowed(world: World): Iterable<string> {
  for (const scaler of world.horizontalPodAutoscalers) {
    const target = world.deployments.find(
      ({ metadata }) =>
        metadata.namespace === scaler.metadata.namespace && metadata.name === scaler.spec?.scaleTargetRef?.name,
    )
    const replicas = target?.spec?.replicas ?? 0
    // Whoever asks for none wants no scaling.
    if (!target || replicas === 0) continue
    const { minReplicas = 1, maxReplicas = 1 } = scaler.spec ?? {}
    if (replicas < minReplicas || replicas > maxReplicas)
      yield `${named(target)} has ${replicas} replicas, not ${minReplicas} to ${maxReplicas}`
    yield* same(scaler, 'desiredReplicas', scaler.status?.desiredReplicas, replicas)
    yield* same(scaler, 'currentReplicas', scaler.status?.currentReplicas, target.status?.replicas)
  }
}

export const workloadChecks: readonly Check[] = [
  replicasAreExact,
  deploymentsAreRolledOut,
  statefulSetsAreExact,
  daemonSetsAreEverywhere,
  claimsAreKept,
  autoscalersAreFollowed,
]
