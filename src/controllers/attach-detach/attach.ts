// Attaching one volume to one node: a VolumeAttachment is made, and the CSI driver answers in its status.

import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { type VolumeAttachment, volumeAttachments } from '../../api/storage/v1/volumeattachment.ts'
import { errorText } from '../../machinery/error-text.ts'
import { isAlreadyExists } from '../../machinery/status-error.ts'
import { nodeIndex } from '../pods-by-node.ts'

import { type AttachableVolume, attachableVolumesOf, attachmentName, csiVolumeOf } from './attachable-volumes.ts'
import { type AttachDetachContext, type Attachment, conclude, type Operation } from './world.ts'

/** Answers how long to wait before it is worth another look. */
export async function attach(
  volume: AttachableVolume,
  users: readonly Pod[],
  nodeName: string,
  context: AttachDetachContext,
): Promise<number> {
  const { state: world } = context
  const { uniqueName, multiAttach } = volume
  if (world.pending(volume, nodeName)) {
    world.await(uniqueName, nodeName)
    return Number.POSITIVE_INFINITY
  }
  const attachment = world.on(nodeName)?.get(uniqueName)
  if (attachment?.confirmed) {
    attachment.detachRequestedAt = undefined
    return Number.POSITIVE_INFINITY
  }
  const elsewhere = multiAttach ? [] : world.nodesWith(uniqueName)
  if (elsewhere.length > 0) {
    world.await(uniqueName, nodeName)
    if (world.tellOnce(uniqueName, nodeName)) tellMultiAttach(volume, users, elsewhere, context)
    return Number.POSITIVE_INFINITY
  }
  const waitMs = world.backoffMs('attach', volume, nodeName)
  if (waitMs > 0) return waitMs

  const operation = world.start({ kind: 'attach', nodeName, volume, pods: users })
  const failure = await request(volume, nodeName, context)
  if (failure !== undefined) failed(operation, failure, context)
  else finishAttach(operation, context)
  return retryMs(operation, context)
}

/** Looks whether the driver has answered. */
export function finishAttach(operation: Operation, context: AttachDetachContext): void {
  const { nodeName, volume, pods: users } = operation
  const outcome = answer(operation, context)
  if (outcome === 'waiting') return
  if (outcome !== 'attached') {
    failed(operation, outcome.failure, context)
    return
  }
  context.state.mark(nodeName, volume, true)
  conclude(operation, false, context)
  // Upstream's message ends so.
  for (const pod of users)
    context.events.event(
      pod,
      'Normal',
      'SuccessfulAttachVolume',
      `AttachVolume.Attach succeeded for volume "${volume.specName}" `,
    )
}

/** A volume that is attached no more, though nobody here has asked for it, is to be attached again. */
export function verifyAttached(
  { uniqueName, confirmed, reported, multiAttach }: Attachment,
  nodeName: string,
  { state: world, lister, queue }: AttachDetachContext,
): void {
  if (!confirmed || !reported || world.pending({ uniqueName, multiAttach }, nodeName)) return
  const csi = csiVolumeOf(uniqueName)
  if (!csi || lister(volumeAttachments).get(attachmentName(csi, nodeName))?.status?.attached) return
  world.unmark(nodeName, uniqueName)
  for (const waiting of world.changed(uniqueName)) queue.add(waiting)
}

async function request(
  { uniqueName, specName, inlineSpec }: AttachableVolume,
  nodeName: string,
  { lister, client }: AttachDetachContext,
): Promise<string | undefined> {
  const csi = csiVolumeOf(uniqueName)
  if (!csi) return undefined
  const name = attachmentName(csi, nodeName)
  if (lister(volumeAttachments).get(name)) return undefined
  const spec = {
    nodeName,
    attacher: csi.driver,
    source: inlineSpec ? { inlineVolumeSpec: inlineSpec } : { persistentVolumeName: specName },
  }
  try {
    await client.resource(volumeAttachments).create({ metadata: { name }, spec })
  } catch (error) {
    if (!isAlreadyExists(error)) return `kubernetes.io/csi: attacher.Attach failed: ${errorText(error)}`
  }
  return undefined
}

function answer(
  { volume, nodeName, deadline }: Operation,
  { lister, clock }: AttachDetachContext,
): 'attached' | 'waiting' | { failure: string } {
  const csi = csiVolumeOf(volume.uniqueName)
  if (!csi) return 'attached'
  const attachment: VolumeAttachment | undefined = lister(volumeAttachments).get(attachmentName(csi, nodeName))
  if (attachment?.metadata.deletionTimestamp) return { failure: 'volume attachment is being deleted' }
  if (attachment?.status?.attached) return 'attached'
  const refusal = attachment?.status?.attachError
  if (refusal) return { failure: refusal.message ?? '' }
  if (clock.monotonic() < deadline) return 'waiting'
  return {
    failure: `timed out waiting for external-attacher of ${csi.driver} CSI driver to attach volume ${csi.handle}`,
  }
}

function failed(operation: Operation, failure: string, context: AttachDetachContext): void {
  const { volume, nodeName, pods: users } = operation
  context.state.mark(nodeName, volume, false)
  conclude(operation, true, context)
  const message = `AttachVolume.Attach failed for volume "${volume.specName}" : ${failure}`
  for (const pod of users) context.events.event(pod, 'Warning', 'FailedAttachVolume', message)
}

function retryMs({ volume, nodeName }: Operation, { state: world }: AttachDetachContext): number {
  const waitMs = world.backoffMs('attach', volume, nodeName)
  return waitMs > 0 ? waitMs : Number.POSITIVE_INFINITY
}

/** The pods learn who has the volume, but not the names of those in namespaces other than theirs. */
function tellMultiAttach(
  { uniqueName, specName }: AttachableVolume,
  users: readonly Pod[],
  elsewhere: readonly string[],
  { lister, events }: AttachDetachContext,
): void {
  const holders = elsewhere
    .flatMap(nodeName => lister(pods).byIndex(nodeIndex, nodeName))
    .filter(pod => attachableVolumesOf(pod, { lister }).some(volume => volume.uniqueName === uniqueName))
  for (const user of users) {
    const local = holders.filter(({ metadata }) => metadata.namespace === user.metadata.namespace)
    const others = holders.length - local.length
    const foreign = `${others} pod(s) in different namespaces`
    const who = local.map(({ metadata }) => metadata.name).join(', ')
    const message =
      holders.length === 0
        ? "Volume is already exclusively attached to one node and can't be attached to another"
        : local.length === 0
          ? `Volume is already used by ${foreign}`
          : `Volume is already used by pod(s) ${who}${others > 0 ? ` and ${foreign}` : ''}`
    events.event(user, 'Warning', 'FailedAttachVolume', `Multi-Attach error for volume "${specName}" ${message}`)
  }
}
