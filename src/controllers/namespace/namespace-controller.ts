// Carries out the deletion of a namespace: empties it (`namespace-content.ts`), says how that is getting on
// (`conditions.ts`), and lets it go when nothing is left.

import { type Namespace, namespaces } from '../../api/core/v1/namespace.ts'
import { pods } from '../../api/core/v1/pod.ts'
import type { Client, ResourceClient } from '../../client/client.ts'
import { controller, watch } from '../../client/controller.ts'
import { ItemExponentialRateLimiter } from '../../client/work-queue.ts'
import { isConflict, isNotFound } from '../../machinery/status-error.ts'
import { withFindings } from './conditions.ts'
import { emptyNamespace } from './namespace-content.ts'

const kubernetesFinalizer = 'kubernetes'

export const namespaceController = controller<Namespace>({
  name: 'namespace-controller',
  reconciles: namespaces,
  concurrency: 10,
  filter: ({ after }) => !!after?.metadata.deletionTimestamp,
  rateLimiter: () => new ItemExponentialRateLimiter<string>(5, 60_000),
  watches: [
    watch(pods, {
      // The last pod to go is what the rest waits for.
      keys: ({ before, after }, { lister }) => {
        const namespace = before?.metadata.namespace
        if (after || !namespace || !lister(namespaces).get(namespace)?.metadata.deletionTimestamp) return []
        return [namespace]
      },
    }),
  ],
  async reconcile(name, { client, clock }) {
    const resource = client.resource(namespaces)
    let namespace = await unlessGone(() => resource.get(name))
    if (!namespace?.metadata.deletionTimestamp) return undefined
    if (namespace.status.phase !== 'Terminating')
      namespace = await resource.updateStatus({ ...namespace, status: { ...namespace.status, phase: 'Terminating' } })
    if ((namespace.spec.finalizers ?? []).length === 0) return undefined
    const { findings, estimateSeconds } = await emptyNamespace(client, namespace, clock.now())
    const conditions = withFindings(namespace, findings, clock.now())
    if (conditions) namespace = await updateConditions(resource, namespace, conditions)
    if (!namespace) return undefined
    const failure = findings.discovery?.message ?? findings.failures[0]
    if (failure !== undefined) throw new Error(failure)
    if (estimateSeconds > 0) return { requeueAfterMs: (Math.floor(estimateSeconds / 2) + 1) * 1000 }
    await finalize(client, namespace)
    return undefined
  },
})

async function updateConditions(
  resource: ResourceClient<Namespace>,
  namespace: Namespace,
  conditions: Namespace['status']['conditions'],
): Promise<Namespace | undefined> {
  return unlessGone(() => resource.updateStatus({ ...namespace, status: { ...namespace.status, conditions } }))
}

/** Takes this controller's finalizer away; the namespace goes with the last one. */
async function finalize(client: Client, namespace: Namespace): Promise<void> {
  const resource = client.resource(namespaces)
  const { name = '', uid } = namespace.metadata
  let current: Namespace | undefined = namespace
  while (current && current.metadata.uid === uid) {
    const finalizers = (current.spec.finalizers ?? []).filter(finalizer => finalizer !== kubernetesFinalizer)
    const finalized = { ...current, apiVersion: 'v1', kind: 'Namespace', spec: { ...current.spec, finalizers } }
    try {
      await unlessGone(() => resource.updateSubresource(name, 'finalize', finalized))
      return
    } catch (error) {
      if (!isConflict(error)) throw error
    }
    current = await unlessGone(() => resource.get(name))
  }
}

async function unlessGone<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call()
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
