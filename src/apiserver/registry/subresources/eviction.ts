// pods/eviction: a deletion that asks the disruption budgets first (policy/v1 Eviction, KEP-85).

import { Eviction } from '../../../api/policy/v1/eviction.ts'
import type { PodDisruptionBudget } from '../../../api/policy/v1/poddisruptionbudget.ts'
import { podDisruptionBudgets } from '../../../api/policy/v1/poddisruptionbudget.ts'
import { groupResource, type KubeObject } from '../../../api/resource.ts'
import { deepCopy } from '../../../machinery/deep-freeze.ts'
import { labelSelectorFrom } from '../../../machinery/labels.ts'
import { failure, internalError, notFound, success, tooManyRequests } from '../../../machinery/status-error.ts'
import { formatTime } from '../../../machinery/time.ts'
import type { RequestContext, Response } from '../../request.ts'
import type { ServerContext } from '../../server-context.ts'
import type { StoredObject } from '../../watchcache/stored-object.ts'
import { answerStatus } from '../answers.ts'
import { decodeBody } from '../decode-body.ts'
import type { ServedResource } from '../registry.ts'
import { deleteObject } from '../verbs/delete.ts'
import { admitted, isDryRun } from '../write-context.ts'

const expected = { group: 'policy', version: 'v1', kind: 'Eviction', schema: Eviction }

/** Budgets don't track more evicted pods than this at once (upstream: MaxDisruptedPodSize). */
const mostDisrupted = 2000

export async function evict(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
): Promise<Response> {
  const eviction = await decodeBody(request, expected)
  request.audit?.requestObject(eviction)
  const { namespace, name } = request.info
  const stored = server.registry.storage('pods').get(namespace, name)
  if (!stored) throw notFound({ group: '', resource: 'pods' }, name)
  const options = eviction['deleteOptions'] ?? {}
  const dryRun = isDryRun(request, options.dryRun)
  await admitted(server, resource, request, 'CREATE', eviction, name, dryRun)
  if (!ignoresBudgets(stored.object)) await useBudget(server, stored, dryRun)
  await deleteObject(server, resource, request, namespace, name, {
    gracePeriodSeconds: options.gracePeriodSeconds,
    propagation: options.propagationPolicy,
    preconditions: options.preconditions ?? {},
    dryRun,
  })
  return answerStatus({ ...success(), code: 201 })
}

/** Pods that don't run (yet, or any more) disrupt nothing. */
function ignoresBudgets(pod: KubeObject): boolean {
  const { phase } = pod['status'] as { phase?: string }
  return (
    phase === 'Succeeded' ||
    phase === 'Failed' ||
    phase === 'Pending' ||
    pod.metadata['deletionTimestamp'] !== undefined
  )
}

async function useBudget(server: ServerContext, pod: StoredObject, dryRun: boolean): Promise<void> {
  const storage = server.registry.storage(groupResource(podDisruptionBudgets))
  const { namespace, name } = pod
  const isReady = pod.object['status']?.conditions?.some(
    (condition: { type: string; status: string }) => condition.type === 'Ready' && condition.status === 'True',
  )
  for (;;) {
    const matching = storage.cache.range(storage.keyPrefix(namespace)).filter(stored => {
      const selector = (stored.object as unknown as PodDisruptionBudget).spec?.selector
      return selector !== undefined && labelSelectorFrom(selector).matches(pod.object.metadata['labels'] ?? {})
    })
    const [budget] = matching
    if (!budget) return
    if (matching.length > 1)
      throw internalError(
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      )
    const { spec, status } = budget.object as unknown as PodDisruptionBudget
    const policy = spec?.unhealthyPodEvictionPolicy ?? 'IfHealthyBudget'
    if (!isReady) {
      if (policy === 'AlwaysAllow') return
      if ((status?.currentHealthy ?? 0) >= (status?.desiredHealthy ?? 0) && (status?.desiredHealthy ?? 0) > 0) return
    }
    if ((status?.observedGeneration ?? 0) < (budget.object.metadata['generation'] ?? 0))
      throw tooManyRequests(`Cannot evict pod as it would violate the pod's disruption budget.`, 10)
    if ((status?.disruptionsAllowed ?? 0) < 1)
      throw failure(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
        causes: [
          {
            reason: 'DisruptionBudget',
            message: `The disruption budget ${budget.name} needs ${status?.desiredHealthy ?? 0} healthy pods and has ${status?.currentHealthy ?? 0} currently`,
          },
        ],
      })
    if (Object.keys(status?.disruptedPods ?? {}).length > mostDisrupted)
      throw failure(403, 'Forbidden', 'DisruptedPods map too big - too many evictions not confirmed by PDB controller')
    if (dryRun) return
    const used = deepCopy(budget.object)
    used['status'].disruptionsAllowed -= 1
    used['status'].disruptedPods = { ...used['status'].disruptedPods, [name]: formatTime(server.env.clock.now()) }
    if ((await storage.put(budget.key, used, budget.revision)).committed) return
  }
}
