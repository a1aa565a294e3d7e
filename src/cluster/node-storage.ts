// What the provisioner of host path volumes is to know of a cluster's nodes in this process.

import type { ControlPlane } from './control-plane.ts'
import { type HostPathStorageOptions, hostPathServiceAccount } from './host-path-provisioner.ts'
import type { ClusterNode } from './node.ts'

/** `nodes` may grow. */
export function storageOf(plane: ControlPlane, nodes: readonly ClusterNode[]): HostPathStorageOptions {
  return {
    env: plane.env,
    admin: plane.client(),
    client: plane.controllerClient(hostPathServiceAccount),
    node: name => nodes.find(node => node.name === name)?.storage,
    anyNode: () => nodes[0]?.storage,
  }
}
