// Nodes are ready, and run the pods that the API says, with nothing left over.

import type { Node } from '../../../src/api/core/v1/node.ts'
import type { Pod } from '../../../src/api/core/v1/pod.ts'
import {
  type Cached,
  type Check,
  controllerOf,
  isOver,
  isReady,
  milliCpu,
  named,
  requestedCpu,
  same,
  type World,
} from './world.ts'

const free = (world: World, node: Node): number =>
  milliCpu(node.status?.allocatable?.['cpu']) -
  world.pods
    .filter(pod => pod.spec.nodeName === node.metadata.name && !isOver(pod))
    .reduce((sum, pod) => sum + requestedCpu(pod), 0)

/** Its volume is on a node that has gone, or has no room for the pod. */
function waitsForVolume(world: World, pod: Pod): boolean {
  const claims = (pod.spec.volumes ?? []).flatMap(({ name, ephemeral, persistentVolumeClaim: claim }) =>
    ephemeral ? `${pod.metadata.name}-${name}` : (claim?.claimName ?? []),
  )
  return claims.some(name => {
    const claim = world.persistentVolumeClaims.find(
      ({ metadata }) => metadata.namespace === pod.metadata.namespace && metadata.name === name,
    )
    const volume = world.persistentVolumes.find(({ metadata }) => metadata.name === claim?.spec?.volumeName)
    const term = volume?.spec?.nodeAffinity?.required?.nodeSelectorTerms?.[0]
    const at = term?.matchExpressions?.[0]?.values?.[0]
    const node = world.nodes.find(({ metadata }) => metadata.name === at)
    return at !== undefined && (!node || free(world, node) < requestedCpu(pod))
  })
}

function* podsAreWhereTheyFit(world: World): Iterable<string> {
  const names = new Set(world.nodes.map(({ metadata }) => metadata.name))
  for (const node of world.nodes) if (free(world, node) < 0) yield `${named(node)} holds more than it has`
  for (const pod of world.pods) {
    const { nodeName } = pod.spec
    if (nodeName && !names.has(nodeName)) yield `${named(pod)} is on ${nodeName}, which is gone`
    if (isOver(pod)) continue
    if (nodeName && !isReady(pod)) yield `${named(pod)} is not ready on ${nodeName}`
    const isDaemon = controllerOf(pod)?.kind === 'DaemonSet'
    if (
      !nodeName &&
      !isDaemon &&
      !waitsForVolume(world, pod) &&
      world.nodes.some(node => free(world, node) >= requestedCpu(pod))
    )
      yield `${named(pod)} waits, though there is room`
  }
}

function* nodesAreReady({ nodes, leases }: World): Iterable<string> {
  for (const node of nodes) {
    const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')?.status
    yield* same(node, 'Ready', ready, 'True')
    for (const { key } of node.spec?.taints ?? []) yield `${named(node)} still has the taint ${key}`
  }
  const heartbeats = leases.filter(({ metadata }) => metadata.namespace === 'kube-node-lease').length
  if (heartbeats !== nodes.length) yield `${heartbeats} node leases for ${nodes.length} nodes`
}

/** What runs on a node is what the API says, with nothing left over. */
async function* runtimesHaveTheirPods(world: World, { nodes }: Cached): AsyncIterable<string> {
  for (const { name, runtime } of nodes) {
    const { items } = await runtime.listPodSandbox({})
    const running = items.filter(({ state }) => state === 'SANDBOX_READY').map(({ metadata }) => metadata!.uid)
    const bound = world.pods.filter(pod => pod.spec.nodeName === name)
    const should = bound.filter(pod => !isOver(pod)).map(({ metadata }) => metadata.uid!)
    const uids = new Set(bound.map(({ metadata }) => metadata.uid!))
    for (const uid of running) if (!uids.has(uid)) yield `${name} runs a pod that is gone: ${uid}`
    if (new Set(running).size !== running.length) yield `${name} runs a pod twice`
    for (const uid of should) if (!running.includes(uid)) yield `${name} does not run ${uid}`
  }
}

/** Volumes are of claims that there are, and go with them. */
function* volumesAreClaimed(world: World): Iterable<string> {
  for (const volume of world.persistentVolumes) {
    const uid = volume.spec?.claimRef?.uid
    if (!world.persistentVolumeClaims.some(({ metadata }) => metadata.uid === uid))
      yield `${named(volume)} outlived its claim`
    else yield* same(volume, 'phase', volume.status?.phase, 'Bound')
  }
}

export const nodeChecks: readonly Check[] = [
  podsAreWhereTheyFit,
  nodesAreReady,
  runtimesHaveTheirPods,
  volumesAreClaimed,
]
