// Brings the store to the state every cluster starts from: what is missing is created, default roles get back what
// somebody took from them.

import { applyDefaults } from '../../api/defaults.ts'
import type { KubeObject } from '../../api/resource.ts'
import { formatTime } from '../../machinery/time.ts'
import { apiServerManager, manageCreated, manageUpdatedBy } from '../registry/field-management/field-manager.ts'
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
        ...(served.strategy.tracksGeneration ? { generation: 1 } : {}),
      },
    }
    applyDefaults(served.declaration, created)
    manageCreated(server, served, apiServerManager, created)
    await served.storage.put(key, created, 0)
    return
  }
  if (resource.group !== 'rbac.authorization.k8s.io') return
  const whole = reconcileRbacObject(stored.object, object)
  if (!whole) return
  manageUpdatedBy(server, served, '', () => apiServerManager, whole, stored.object)
  await served.storage.put(key, whole, stored.revision)
}
