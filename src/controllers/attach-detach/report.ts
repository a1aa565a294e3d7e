// Tells a node which volumes it may use: `status.volumesAttached`.

import { nodes } from '../../api/core/v1/node.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import type { AttachDetachContext } from './world.ts'

export async function reportAttached(
  nodeName: string,
  { lister, client, state: world }: AttachDetachContext,
): Promise<void> {
  const node = lister(nodes).get(nodeName)
  const attachments = world.on(nodeName)
  if (!node || !attachments) return
  const devicePaths = new Map(node.status.volumesAttached?.map(({ name, devicePath }) => [name, devicePath]))
  const volumesAttached = [...attachments.values()]
    .filter(({ reported }) => reported)
    .map(({ uniqueName }) => ({ name: uniqueName, devicePath: devicePaths.get(uniqueName) ?? '' }))
  if (deepEqual(volumesAttached, node.status.volumesAttached ?? [])) return
  try {
    await client
      .resource(nodes)
      .patch(
        nodeName,
        'application/strategic-merge-patch+json',
        { status: { volumesAttached } },
        { subresource: 'status' },
      )
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
