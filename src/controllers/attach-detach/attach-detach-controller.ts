// Attaches volumes to the nodes whose pods want them, and detaches those that no pod of the node wants any more.
//
// Comes in: pods with their claims and volumes, nodes (what they have mounted, whether they are healthy), CSIDrivers (which
// need attaching), VolumeAttachments as the CSI drivers answer them. Goes out: VolumeAttachments, `volumesAttached` of nodes,
// events of pods. A key is a node. `attachable-volumes.ts` says which volumes are concerned, `attach.ts` and `detach.ts`
// what is done about each, `world.ts` remembers what is on its way.

import { migratedPlugin } from '../../api/core/v1/csi-migration.ts'
import { type Node, nodes } from '../../api/core/v1/node.ts'
import { type PersistentVolume, persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import type { Volume } from '../../api/core/v1/volume.ts'
import { claimKeysOf } from '../../api/core/v1/volume-binding.ts'
import { csiDrivers } from '../../api/storage/v1/csidriver.ts'
import { type VolumeAttachment, volumeAttachments } from '../../api/storage/v1/volumeattachment.ts'
import { controller, type ReconcileContext, watch } from '../../client/controller.ts'
import { keyOf } from '../../client/object-key.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { conditionStatus } from '../node-lifecycle/taints.ts'
import { hasPodStopped } from '../pod-status.ts'
import { podsByClaim } from '../pods-by-claim.ts'
import { byNode, nodeIndex } from '../pods-by-node.ts'
import { attach, finishAttach, verifyAttached } from './attach.ts'
import { type AttachableVolume, attachableVolumesOf, mayAttachMore, uniqueNameOf } from './attachable-volumes.ts'
import { detach, finishDetach } from './detach.ts'
import { AttachDetachMetrics } from './metrics.ts'
import { reportAttached } from './report.ts'
import { type AttachDetachContext, World } from './world.ts'

const managedAnnotation = 'volumes.kubernetes.io/controller-managed-attach-detach'

export const attachDetachController = controller<Node, World>({
  name: 'persistentvolume-attach-detach-controller',
  reconciles: nodes,
  concurrency: 4,
  state: makeWorld,
  filter: ({ before, after }) => !before || !after || before === after || concerns(before, after),
  watches: [
    watch<Node, World>(nodes, {
      handler: ({ state }) => {
        const note = ({ metadata, status }: Node) => state.setInUse(metadata.name!, status.volumesInUse ?? [])
        return { added: note, updated: (_, node) => note(node), deleted: note }
      },
    }),
    watch<Pod, World>(pods, {
      indexers: { [nodeIndex]: byNode, [podsByClaim]: claimKeysOf },
      keys: ({ before, after }) => {
        const pod = (after ?? before)!
        if (!pod.spec.nodeName || !pod.spec.volumes?.some(mayNeedAttaching)) return []
        const news = !before || !after || hasPodStopped(before) !== hasPodStopped(after) || !before.spec.nodeName
        return news ? [pod.spec.nodeName] : []
      },
    }),
    watch<PersistentVolumeClaim, World>(persistentVolumeClaims, {
      keys: ({ before, after }, { lister }) =>
        after && after.status.phase === 'Bound' && before?.status.phase !== 'Bound'
          ? nodesOf(lister(pods).byIndex(podsByClaim, keyOf(after)))
          : [],
    }),
    watch(persistentVolumes, {
      keys: ({ before, after }, { lister }) => {
        const claim = after?.spec.claimRef
        if (!claim || before?.spec.claimRef?.uid === claim.uid) return []
        return nodesOf(lister(pods).byIndex(podsByClaim, `${claim.namespace}/${claim.name}`))
      },
    }),
    // Whether its volumes need attaching may have changed.
    watch(csiDrivers, {
      keys: ({ before, after }, { lister }) =>
        before?.spec.attachRequired === after?.spec.attachRequired ? [] : lister(nodes).keys(),
    }),
    watch<VolumeAttachment, World>(volumeAttachments, {
      keys: ({ before, after }) => [(after ?? before)!.spec.nodeName],
    }),
  ],
  started: readWorld,
  reconcile,
})

function concerns(before: Node, after: Node): boolean {
  return (
    !deepEqual(before.status.volumesInUse, after.status.volumesInUse) ||
    !deepEqual(before.spec.taints, after.spec.taints) ||
    conditionStatus(before, 'Ready') !== conditionStatus(after, 'Ready') ||
    isManaged(before) !== isManaged(after)
  )
}

const isManaged = ({ metadata }: Node) => metadata.annotations?.[managedAnnotation] !== undefined

const mayNeedAttaching = (volume: Volume): boolean =>
  !!(volume.persistentVolumeClaim || volume.ephemeral || volume.iscsi || volume.fc) ||
  migratedPlugin(volume) !== undefined

const nodesOf = (found: readonly Pod[]) => new Set(found.flatMap(({ spec }) => (spec.nodeName ? [spec.nodeName] : [])))

/** What was attached before this controller ran: by the nodes, and by VolumeAttachments that they do not know of. */
function readWorld({ lister, state: world, queue }: AttachDetachContext): void {
  const modes = new Map<string, boolean>()
  for (const volume of lister(persistentVolumes).list()) {
    const uniqueName = uniqueNameOf(volume, { lister })
    if (uniqueName !== undefined) modes.set(uniqueName, mayAttachMore(volume))
  }
  for (const { metadata, status } of lister(nodes).list()) {
    for (const { name } of status.volumesAttached ?? [])
      world.mark(metadata.name!, { uniqueName: name, multiAttach: modes.get(name) ?? true }, true)
    world.setInUse(metadata.name!, status.volumesInUse ?? [])
    queue.add(metadata.name!)
  }
  for (const { spec } of lister(volumeAttachments).list()) {
    const { persistentVolumeName, inlineVolumeSpec } = spec.source
    const volume = persistentVolumeName
      ? lister(persistentVolumes).get(persistentVolumeName)
      : inlineVolumeSpec && ({ metadata: {}, spec: inlineVolumeSpec } as PersistentVolume)
    const uniqueName = volume && uniqueNameOf(volume, { lister })
    if (!uniqueName || world.on(spec.nodeName)?.has(uniqueName)) continue
    world.mark(spec.nodeName, { uniqueName, multiAttach: mayAttachMore(volume) }, false)
    queue.add(spec.nodeName)
  }
}

function makeWorld(context: ReconcileContext): World {
  const { clock, lister, metrics } = context
  const scheduled = () =>
    lister(pods)
      .list()
      .filter(({ spec }) => spec.nodeName && spec.volumes?.length)
  const world: World = new World(
    clock,
    new AttachDetachMetrics(metrics, clock, {
      *inUse() {
        for (const pod of scheduled())
          for (const { uniqueName } of attachableVolumesOf(pod, context)) yield [pod.spec.nodeName!, uniqueName]
      },
      *desired() {
        for (const { metadata } of lister(nodes).list())
          yield* wantedOn(metadata.name!, { lister, state: world }).keys()
      },
      actual: () => world.attached(),
    }),
  )
  return world
}

async function reconcile(nodeName: string, context: AttachDetachContext) {
  const { state: world, lister } = context
  const wanted = wantedOn(nodeName, context)
  world.keepTold(nodeName, wanted)
  for (const operation of world.operationsOn(nodeName))
    if (operation.kind === 'attach') finishAttach(operation, context)
    else finishDetach(operation, context)
  for (const attachment of world.on(nodeName)?.values() ?? []) verifyAttached(attachment, nodeName, context)

  let waitMs = Number.POSITIVE_INFINITY
  // Those that go make room for those that come.
  for (const attachment of [...(world.on(nodeName)?.values() ?? [])])
    if (!wanted.has(attachment.uniqueName)) waitMs = Math.min(waitMs, await detach(attachment, nodeName, context))
  for (const { volume, pods: users } of wanted.values())
    waitMs = Math.min(waitMs, await attach(volume, users, nodeName, context))
  await reportAttached(nodeName, context)

  const now = context.clock.monotonic()
  for (const { deadline } of world.operationsOn(nodeName)) waitMs = Math.min(waitMs, deadline - now)
  if (!lister(nodes).get(nodeName) && world.on(nodeName)?.size === 0 && wanted.size === 0) world.forget(nodeName)
  return Number.isFinite(waitMs) ? { requeueAfterMs: Math.max(1, waitMs) } : undefined
}

/** A volume that the node is to have, and the pods on it that want it. */
interface Wanted {
  readonly volume: AttachableVolume
  readonly pods: Pod[]
}

function wantedOn(
  nodeName: string,
  { lister, state: world }: Pick<AttachDetachContext, 'lister' | 'state'>,
): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>()
  const node = lister(nodes).get(nodeName)
  // Pods of a node that is gone keep what it has: they may still run.
  if (node ? !isManaged(node) : !world.on(nodeName)) return wanted
  for (const pod of lister(pods).byIndex(nodeIndex, nodeName)) {
    if (hasPodStopped(pod)) continue
    for (const volume of attachableVolumesOf(pod, { lister })) {
      const known = wanted.get(volume.uniqueName)
      if (known) known.pods.push(pod)
      else wanted.set(volume.uniqueName, { volume, pods: [pod] })
    }
  }
  return wanted
}
