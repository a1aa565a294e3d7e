// Claims that are bound tie the pod to where their volume is. Those that wait for their first consumer are bound here, to
// volumes that the node can reach, or by telling their provisioner the node; the pod's binding waits for them.

import { migratedPlugin, translatedVolume } from '../../api/core/v1/csi-migration.ts'
import { ParsedNodeSelector, type SelectableNode } from '../../api/core/v1/node-affinity.ts'
import { type PersistentVolume, persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import {
  boundVolume,
  claimKeysOf,
  claimNameOf,
  foreignClaim,
  isFullyBound,
  matchingVolume,
  noProvisioner,
  requestOf,
  selectedNode,
  storageClassOf,
  waitsForConsumer,
} from '../../api/core/v1/volume-binding.ts'
import { type CSINode, csiNodes } from '../../api/storage/v1/csinode.ts'
import { type StorageClass, storageClasses } from '../../api/storage/v1/storageclass.ts'
import { keyOf } from '../../client/object-key.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { Action } from '../cluster-event.ts'
import type { Plugin } from '../framework.ts'
import type { FrameworkHandle } from '../framework-handle.ts'
import type { NodeInfo } from '../node-info.ts'
import type { PodInfo } from '../pod-info.ts'
import { failed, type Status, skip, unresolvable } from '../status.ts'
import { storageCapacity, storageCapacityEvents } from './storage-capacity.ts'

const name = 'VolumeBinding'
const nodeConflict = "node(s) didn't match PersistentVolume's node affinity"
const volumeMissing = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'
const noVolume = unresolvable(name, "node(s) didn't find available persistent volumes to bind")
const noSpace = unresolvable(name, 'node(s) did not have enough free storage')
const unboundImmediate = unresolvable(name, 'pod has unbound immediate PersistentVolumeClaims')

/** Upstream's bindTimeoutSeconds. */
const bindTimeoutMs = 600_000
const bindPollMs = 250

/** What is to be done for the claims that wait, if the pod goes to the node. */
interface Decision {
  readonly bind: readonly { readonly volume: PersistentVolume; readonly claim: PersistentVolumeClaim }[]
  readonly provision: readonly PersistentVolumeClaim[]
}

interface State {
  readonly bound: readonly PersistentVolumeClaim[]
  readonly waiting: readonly PersistentVolumeClaim[]
  readonly decisions: Map<string, Decision>
}

export function volumeBinding(handle: Pick<FrameworkHandle, 'client' | 'informers' | 'env' | 'pod'>): Plugin<State> {
  const { client, informers, env } = handle
  const claims = informers.informer(persistentVolumeClaims).lister
  const volumes = informers.informer(persistentVolumes).lister
  const classes = informers.informer(storageClasses).lister
  const csiNodeLister = informers.informer(csiNodes).lister
  const hasCapacity = storageCapacity({ informers })
  const states = new WeakMap<PodInfo, State>()
  /** Volumes and claims that are promised, by reserve, before the informers show it. */
  const promisedVolumes = new Map<string, string>()
  const promisedNodes = new Map<string, string>()

  const preFilter = ({ pod }: PodInfo): Status | State => {
    const bound: PersistentVolumeClaim[] = []
    const waiting: PersistentVolumeClaim[] = []
    let immediate = false
    for (const volume of pod.spec.volumes ?? []) {
      const claimName = claimNameOf(pod, volume)
      if (claimName === undefined) continue
      const claim = claims.get(`${pod.metadata.namespace}/${claimName}`)
      if (!claim)
        return unresolvable(
          name,
          volume.ephemeral
            ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${claimName}"`
            : `persistentvolumeclaim "${claimName}" not found`,
        )
      if (claim.status.phase === 'Lost')
        return unresolvable(
          name,
          `persistentvolumeclaim "${claimName}" bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"`,
        )
      if (claim.metadata.deletionTimestamp)
        return unresolvable(name, `persistentvolumeclaim "${claimName}" is being deleted`)
      const foreign = volume.ephemeral && foreignClaim(pod, claim)
      if (foreign) return unresolvable(name, foreign)
      if (isFullyBound(claim)) bound.push(claim)
      else if (!claim.spec.volumeName && waitsForConsumer(classes.get(storageClassOf(claim)))) waiting.push(claim)
      else immediate = true
    }
    return immediate ? unboundImmediate : { bound, waiting, decisions: new Map() }
  }

  /** Or why there is nothing on the node to bind to, and nothing can be made there. */
  const decide = (waiting: readonly PersistentVolumeClaim[], node: NodeInfo): Decision | Status => {
    const bind: { volume: PersistentVolume; claim: PersistentVolumeClaim }[] = []
    const provision: PersistentVolumeClaim[] = []
    const chosen = new Set<string>()
    // The small ones first, so that they leave the big volumes to the others.
    for (const claim of [...waiting].sort((a, b) => requestOf(a).compare(requestOf(b)))) {
      const key = keyOf(claim)
      const selected = claim.metadata.annotations?.[selectedNode] ?? promisedNodes.get(key)
      if (selected !== undefined) {
        if (selected !== node.name) return noVolume
        provision.push(claim)
        continue
      }
      const taken = new Set(chosen)
      for (const [volume, by] of promisedVolumes) if (by !== key) taken.add(volume)
      const fitsNode = (volume: PersistentVolume) => isReachable(volume, node, csiNodeLister.get(node.name))
      const volume = matchingVolume(claim, volumes.list(), { excluded: taken, fitsNode })
      if (volume) {
        chosen.add(volume.metadata.name!)
        bind.push({ volume, claim })
      } else provision.push(claim)
    }
    for (const claim of provision) {
      const found = classes.get(storageClassOf(claim))
      if (!canProvision(found, node)) return noVolume
      if (!hasCapacity(claim, found, node)) return noSpace
    }
    return { bind, provision }
  }

  const allBound = (pod: PodInfo, node: string, { bind, provision }: Decision): boolean => {
    if (!handle.pod(pod.key)) throw new Error(`pod does not exist any more: pod "${pod.name}" not found`)
    let done = true
    for (const claim of [...bind.map(each => each.claim), ...provision]) {
      const now = claims.get(keyOf(claim))
      if (!now)
        throw new Error(`failed to get pvc from PVC cache: persistentvolumeclaim "${claim.metadata.name}" not found`)
      if (now.metadata.deletionTimestamp) throw new Error(`PVC "${keyOf(now)}" is being deleted`)
      if (!isFullyBound(now)) {
        done = false
        continue
      }
      const volume = volumes.get(now.spec.volumeName ?? '')
      if (!volume) done = false
      else if (!isReachable(volume, { name: node, labels: nodeLabels.get(node) ?? {} }, csiNodeLister.get(node)))
        throw new Error(
          `pv "${volume.metadata.name}" node affinity doesn't match node "${node}": no matching NodeSelectorTerms`,
        )
    }
    return done
  }
  /** The labels of nodes that were chosen, as they were then. */
  const nodeLabels = new Map<string, SelectableNode['labels']>()

  const undo = ({ bind, provision }: Decision) => {
    for (const { volume } of bind) promisedVolumes.delete(volume.metadata.name!)
    for (const claim of provision) promisedNodes.delete(keyOf(claim))
  }

  return {
    name,
    eventsToRegister: () => [
      {
        resource: 'StorageClass',
        action: Action.add | Action.update,
        hint: (_, before?: StorageClass, after?: StorageClass) =>
          before && deepEqual(before.allowedTopologies ?? [], after?.allowedTopologies ?? []) ? 'QueueSkip' : 'Queue',
      },
      {
        resource: 'PersistentVolumeClaim',
        action: Action.add | Action.update,
        hint: ({ pod }, _, after: PersistentVolumeClaim) =>
          claimKeysOf(pod).includes(keyOf(after)) ? 'Queue' : 'QueueSkip',
      },
      { resource: 'PersistentVolume', action: Action.add | Action.update },
      { resource: 'Node', action: Action.add | Action.updateNodeLabel },
      ...storageCapacityEvents,
    ],
    preFilter(pod) {
      if (!pod.pod.spec.volumes?.some(volume => volume.persistentVolumeClaim || volume.ephemeral))
        return { status: skip }
      const state = preFilter(pod)
      if (!('bound' in state)) return { status: state }
      states.set(pod, state)
      return { state }
    },
    filter(_, node, state) {
      for (const claim of state.bound) {
        const volume = volumes.get(claim.spec.volumeName!)
        if (!volume) return unresolvable(name, volumeMissing)
        if (!isReachable(volume, node, csiNodeLister.get(node.name))) return unresolvable(name, nodeConflict)
      }
      if (state.waiting.length === 0) return undefined
      const decision = decide(state.waiting, node)
      if (!('bind' in decision)) return decision
      state.decisions.set(node.name, decision)
      nodeLabels.set(node.name, node.labels)
      return undefined
    },
    reserve(pod, node) {
      const decision = states.get(pod)?.decisions.get(node)
      for (const { volume, claim } of decision?.bind ?? []) promisedVolumes.set(volume.metadata.name!, keyOf(claim))
      for (const claim of decision?.provision ?? []) promisedNodes.set(keyOf(claim), node)
      return undefined
    },
    unreserve(pod, node) {
      const decision = states.get(pod)?.decisions.get(node)
      if (decision) undo(decision)
    },
    async preBind(pod, node) {
      const decision = states.get(pod)?.decisions.get(node)
      if (!decision) return undefined
      try {
        for (const { volume, claim } of decision.bind) {
          const bound = boundVolume(volume, claim)
          if (bound !== volume) await client.resource(persistentVolumes).update(bound)
        }
        for (const claim of decision.provision) {
          if (claim.metadata.annotations?.[selectedNode] === node) continue
          const annotations = { ...claim.metadata.annotations, [selectedNode]: node }
          await client
            .resource(persistentVolumeClaims)
            .namespace(claim.metadata.namespace)
            .update({ ...claim, metadata: { ...claim.metadata, annotations } })
        }
        const end = env.clock.now() + bindTimeoutMs
        while (!allBound(pod, node, decision)) {
          if (env.clock.now() >= end) throw new Error('context deadline exceeded')
          await env.clock.sleep(bindPollMs)
        }
        return undefined
      } catch (error) {
        return failed(new Error(`binding volumes: ${(error as Error).message}`, { cause: error }))
      }
    },
    postBind(pod, node) {
      const decision = states.get(pod)?.decisions.get(node)
      if (decision) undo(decision)
    },
  }
}

const affinities = new WeakMap<PersistentVolume, ParsedNodeSelector>()

function affinityOf(volume: PersistentVolume): ParsedNodeSelector | undefined {
  const required = volume.spec.nodeAffinity?.required
  if (!required) return undefined
  let parsed = affinities.get(volume)
  if (!parsed) {
    parsed = new ParsedNodeSelector(required)
    affinities.set(volume, parsed)
  }
  return parsed
}

/** As the CSI driver has it, where one has taken the volume over on that node: then it is the driver's names of zones that count. */
const isReachable = (volume: PersistentVolume, node: SelectableNode, csiNode: CSINode | undefined): boolean =>
  affinityOf(isMigratedOn(csiNode, volume) ? translatedVolume(volume) : volume)?.matches(node) ?? true

function isMigratedOn(node: CSINode | undefined, { spec }: PersistentVolume): boolean {
  const plugin = migratedPlugin(spec)
  if (plugin === undefined || notByTopology.has(plugin)) return false
  return node?.metadata.annotations?.[migratedPluginsAnnotation]?.split(',').includes(plugin) ?? false
}

const migratedPluginsAnnotation = 'storage.alpha.kubernetes.io/migrated-plugins'
/** Upstream leaves these as they are here. */
const notByTopology = new Set(['kubernetes.io/azure-file', 'kubernetes.io/vsphere-volume'])

function canProvision(storageClass: StorageClass | undefined, node: SelectableNode): storageClass is StorageClass {
  if (!storageClass || storageClass.provisioner === '' || storageClass.provisioner === noProvisioner) return false
  const terms = storageClass.allowedTopologies ?? []
  if (terms.length === 0) return true
  return terms.some(({ matchLabelExpressions }) =>
    (matchLabelExpressions ?? []).every(({ key, values }) => (values ?? []).includes(node.labels[key] ?? '')),
  )
}
