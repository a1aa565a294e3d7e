// Brings the store to the state every cluster starts from: what is missing is created, default roles get back what
// somebody took from them.

import { applyDefaults } from '../../api/defaults.ts'
import type { KubeObject } from '../../api/resource.ts'
import type { ManagedFieldsEntry } from '../../machinery/apply/managed-fields.ts'
import { deepCopy } from '../../machinery/deep-freeze.ts'
import { formatTime } from '../../machinery/time.ts'
import { ownDangling } from '../flowcontrol/dangling.ts'
import {
  apiServerManager,
  flowControlProducer,
  manageCreated,
  manageUpdatedBy,
} from '../registry/field-management/field-manager.ts'
import type { ServedResource } from '../registry/registry.ts'
import type { ServerContext } from '../server-context.ts'
import type { BootstrapObject } from './bootstrap-objects.ts'
import { reconcileRbacObject } from './rbac-reconcile.ts'

export async function createBootstrapObjects(
  server: ServerContext,
  objects: readonly BootstrapObject[],
): Promise<void> {
  // All at once: the store commits them together.
  await Promise.all(objects.map(object => createOrReconcile(server, object)))
}

async function createOrReconcile(server: ServerContext, { resource, object }: BootstrapObject): Promise<void> {
  const served = server.registry.find(resource.group, resource.version, resource.resource)
  if (!served?.storage) throw new Error(`${resource.resource} are not served, but exist at start`)
  const { namespace = '', name = '' } = object.metadata
  const key = served.storage.key(namespace, name)
  const stored = served.storage.cache.get(key)
  if (!stored) {
    const { metadata, ...rest } = object
    const created: KubeObject = {
      ...rest,
      metadata: {
        ...metadata,
        uid: server.env.random.uuid(),
        creationTimestamp: formatTime(server.env.clock.now()),
        ...(served.strategy.tracksGeneration || resource.group === 'scheduling.k8s.io' ? { generation: 1 } : {}),
      },
    }
    applyDefaults(served.declaration, created)
    manageBootstrap(server, served, created)
    await served.storage.put(key, created, 0)
    return
  }
  if (resource.group !== 'rbac.authorization.k8s.io') return
  const whole = reconcileRbacObject(stored.object, object)
  if (!whole) return
  manageUpdatedBy(server, served, '', () => apiServerManager, whole, stored.object)
  await served.storage.put(key, whole, stored.revision)
}

/** Who upstream's parts say they are when they create what every cluster has. */
function manageBootstrap(server: ServerContext, served: ServedResource, created: KubeObject): void {
  const { group, resource } = served.declaration
  if (group !== 'flowcontrol.apiserver.k8s.io') {
    manageCreated(server, served, apiServerManager, created)
    // The server gives new namespaces their finalizer after all has been noted.
    if (resource === 'namespaces') disown(created, ['f:spec'])
    // Addresses are given to a Service after all has been noted.
    if (resource === 'services') disown(created, ['f:spec', 'f:clusterIPs'], ['f:spec', 'f:ipFamilies'])
    // What is aggregated is the controller's.
    if (created['aggregationRule']) disown(created, ['f:rules'])
    return
  }
  manageCreated(server, served, flowControlProducer, created)
  if (resource === 'flowschemas') ownDangling(created, formatTime(server.env.clock.now()))
}

function disown({ metadata }: KubeObject, ...paths: readonly (readonly string[])[]): void {
  // What entries say is shared with others that say the same.
  const entries = deepCopy((metadata['managedFields'] ?? []) as ManagedFieldsEntry[])
  for (const { fieldsV1 } of entries)
    for (const path of paths) {
      const parent = path.slice(0, -1).reduce<any>((at, key) => at?.[key], fieldsV1)
      if (parent) delete parent[path.at(-1)!]
    }
  metadata['managedFields'] = entries
}
