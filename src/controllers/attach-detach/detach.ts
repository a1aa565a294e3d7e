// Detaching one volume from one node: first the node is told that it may not use it any more, then the VolumeAttachment is
// deleted, and gone once the CSI driver is done.

import { nodes } from '../../api/core/v1/node.ts'
import { volumeAttachments } from '../../api/storage/v1/volumeattachment.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { conditionStatus } from '../node-lifecycle/taints.ts'
import { attachmentName, csiVolumeOf } from './attachable-volumes.ts'
import { reportAttached } from './report.ts'
import { type AttachDetachContext, type Attachment, conclude, type Operation } from './world.ts'

/** A node that is not healthy loses its volumes after this, mounted or not. */
const maxWaitForUnmountMs = 6 * 60_000
const outOfService = 'node.kubernetes.io/out-of-service'

/** Answers how long to wait before it is worth another look. */
export async function detach(attachment: Attachment, nodeName: string, context: AttachDetachContext): Promise<number> {
  const { state: world, lister, clock } = context
  const { uniqueName } = attachment
  if (world.pending(attachment, nodeName)) {
    world.await(uniqueName, nodeName)
    return Number.POSITIVE_INFINITY
  }
  const backoffMs = world.backoffMs('detach', attachment, nodeName)
  if (backoffMs > 0) return backoffMs

  attachment.detachRequestedAt ??= clock.monotonic()
  const leftMs = attachment.detachRequestedAt + maxWaitForUnmountMs - clock.monotonic()
  const node = lister(nodes).get(nodeName)
  const healthy = node !== undefined && conditionStatus(node, 'Ready') === 'True'
  const evacuated = node?.spec.taints?.some(({ key }) => key === outOfService) ?? false
  if (world.isInUse(nodeName, uniqueName) && !evacuated && (healthy || leftMs >= 0))
    return healthy ? Number.POSITIVE_INFINITY : leftMs + 1

  attachment.reported = false
  try {
    await reportAttached(nodeName, context)
  } catch (error) {
    attachment.reported = attachment.confirmed
    throw error
  }
  if (evacuated && leftMs >= 0) world.metrics.forced('out-of-service')
  if (leftMs < 0) world.metrics.forced('timeout')
  const operation = world.start({ kind: 'detach', nodeName, volume: attachment, pods: [] })
  try {
    if (leftMs >= 0 && !evacuated) await verifyUnused(uniqueName, nodeName, context)
    const csi = csiVolumeOf(uniqueName)
    if (csi) await context.client.resource(volumeAttachments).delete(attachmentName(csi, nodeName))
    finishDetach(operation, context)
  } catch (error) {
    if (isNotFound(error)) succeeded(operation, context)
    else failed(operation, error, context)
  }
  const retryMs = world.backoffMs('detach', attachment, nodeName)
  return retryMs > 0 ? retryMs : Number.POSITIVE_INFINITY
}

/** Looks whether the driver has answered. */
export function finishDetach(operation: Operation, context: AttachDetachContext): void {
  const { volume, nodeName, deadline } = operation
  const csi = csiVolumeOf(volume.uniqueName)
  const attachment = csi && context.lister(volumeAttachments).get(attachmentName(csi, nodeName))
  const refusal = attachment?.status?.detachError
  if (!attachment) succeeded(operation, context)
  else if (refusal) failed(operation, refusal.message ?? '', context)
  else if (context.clock.monotonic() >= deadline)
    failed(
      operation,
      `timed out waiting for external-attacher of unknown CSI driver to detach volume ${csi.handle}`,
      context,
    )
}

/** The node's last word: the cache may be late, and a volume that is in use must stay. */
async function verifyUnused(uniqueName: string, nodeName: string, { client }: AttachDetachContext): Promise<void> {
  const node = await client.resource(nodes).get(nodeName).catch(ignoreAbsence)
  if (node?.status.volumesInUse?.includes(uniqueName))
    throw new Error('volume is still in use by node, according to Node status')
}

const ignoreAbsence = (error: unknown) => {
  if (!isNotFound(error)) throw error
  return undefined
}

function succeeded(operation: Operation, context: AttachDetachContext): void {
  context.state.unmark(operation.nodeName, operation.volume.uniqueName)
  conclude(operation, false, context)
}

/** Only attaching can say where it is now. */
function failed(operation: Operation, error: unknown, context: AttachDetachContext): void {
  const { nodeName, volume } = operation
  context.state.mark(nodeName, volume, false)
  conclude(operation, true, context)
  context.log.error('Detaching the volume failed', { node: nodeName, volume: volume.uniqueName, error: String(error) })
}
