// A definition that is deleted takes its objects with it: they are deleted first, as far as their finalizers allow; then
// the finalizer on the definition goes, and with it the definition.

import type { CustomResourceDefinition } from '../../api/apiextensions/v1/customresourcedefinition.ts'
import { groupResource, type KubeObject } from '../../api/resource.ts'
import { resources } from '../../api/scheme.ts'
import { nextInt64 } from '../../machinery/json/numbers.ts'
import { formatTime } from '../../machinery/time.ts'
import type { ResourceStorage } from '../registry/resource-storage.ts'
import type { ServerContext } from '../server-context.ts'
import { type Condition, findCondition, isTrue, withCondition } from './conditions.ts'
import { cleanupFinalizer } from './crd-strategy.ts'

/** `later`: look again after a while; `waiting`: objects remain whose going brings us back. */
export type Cleaned = 'nothing' | 'done' | 'waiting' | 'later'

const terminating = (status: string, reason: string, message: string): Condition => ({
  type: 'Terminating',
  status,
  reason,
  message,
})

const inProgress = terminating('True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress')

/** How long objects may take to go before the definition says that they don't. */
const patienceMs = 60_000

export async function cleanUp(
  server: ServerContext,
  crd: CustomResourceDefinition,
  write: (crd: CustomResourceDefinition) => Promise<KubeObject | undefined>,
  look: () => void,
): Promise<Cleaned> {
  const { deletionTimestamp, finalizers = [] } = crd.metadata
  if (!deletionTimestamp || !finalizers.includes(cleanupFinalizer)) return 'nothing'
  const now = server.env.clock.now()
  const withTerminating = (of: CustomResourceDefinition, condition: Condition): CustomResourceDefinition => ({
    ...of,
    status: { ...of.status, conditions: withCondition(of.status.conditions ?? [], condition, formatTime(now)) },
  })
  const finish = async (condition: Condition): Promise<Cleaned> => {
    const { metadata } = crd
    const others = finalizers.filter(name => name !== cleanupFinalizer)
    await write(withTerminating({ ...crd, metadata: { ...metadata, finalizers: others } }, condition))
    return 'done'
  }
  const name = groupResource({ group: crd.spec.group, resource: crd.spec.names.plural })
  if (resources.some(of => groupResource(of) === name))
    return finish(
      terminating('False', 'OverlappingBuiltInResource', 'instances overlap with built-in resources in storage'),
    )
  if (!isTrue(crd, 'Established'))
    return finish(terminating('False', 'NeverEstablished', 'resource was never established'))
  const storage = server.registry.findStorage(name)
  if (!storage || storage.cache.size === 0)
    return finish(terminating('False', 'InstanceDeletionCompleted', 'removed all instances'))
  const reason = findCondition(crd, 'Terminating')?.reason
  if (reason !== 'InstanceDeletionInProgress' && reason !== 'InstanceDeletionCheck') {
    // The change of the status brings us back.
    await write(withTerminating(crd, inProgress))
    return 'waiting'
  }
  await deleteAll(server, storage)
  if (storage.cache.size === 0) return 'later'
  follow(storage, look)
  if (reason === 'InstanceDeletionInProgress' && now - Date.parse(deletionTimestamp) > patienceMs)
    await write(
      withTerminating(
        crd,
        terminating(
          'True',
          'InstanceDeletionCheck',
          'could not confirm zero CustomResources remaining: context deadline exceeded',
        ),
      ),
    )
  return 'later'
}

/** Deletes what nothing holds; what has finalizers is marked, and waits for them. */
async function deleteAll(server: ServerContext, storage: ResourceStorage): Promise<void> {
  const now = formatTime(server.env.clock.now())
  await Promise.all(
    storage.cache.range(storage.prefix).map(stored => {
      const { metadata } = stored.object
      if ((metadata['finalizers']?.length ?? 0) === 0) return storage.delete(stored.key, stored.revision)
      if (metadata['deletionTimestamp']) return undefined
      const marked = {
        ...stored.object,
        metadata: {
          ...metadata,
          deletionTimestamp: now,
          deletionGracePeriodSeconds: 0,
          ...(metadata['generation'] && { generation: nextInt64(metadata['generation']) }),
        },
      }
      return storage.put(stored.key, marked, stored.revision)
    }),
  )
}

const followed = new WeakSet<ResourceStorage>()

function follow(storage: ResourceStorage, look: () => void): void {
  if (followed.has(storage)) return
  followed.add(storage)
  storage.cache.onEvents(() => {
    if (storage.cache.size === 0) look()
  })
}
