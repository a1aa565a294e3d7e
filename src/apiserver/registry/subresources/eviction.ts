// pods/eviction: a deletion that asks the disruption budgets first (policy/v1 Eviction, KEP-85).

import { disruptionAllowed, syncFailed, withDisruptionAllowed } from '../../../api/policy/v1/disruption-allowed.ts'
import { Eviction } from '../../../api/policy/v1/eviction.ts'
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../../api/policy/v1/poddisruptionbudget.ts'
import { podDisruptionBudgets } from '../../../api/policy/v1/poddisruptionbudget.ts'
import { groupResource, type KubeObject } from '../../../api/resource.ts'
import { type Condition, findCondition, isConditionTrue, setCondition } from '../../../machinery/conditions.ts'
import { deepCopy } from '../../../machinery/deep-freeze.ts'
import { labelSelectorFrom } from '../../../machinery/labels.ts'
import {
  badRequest,
  failure,
  forbidden,
  invalid,
  isConflict,
  notFound,
  type StatusError,
  success,
} from '../../../machinery/status-error.ts'
import { formatTime } from '../../../machinery/time.ts'
import { validateDeleteOptions } from '../../../machinery/validation/request-options.ts'
import type { RequestContext, Response } from '../../request.ts'
import type { ServerContext } from '../../server-context.ts'
import type { StoredObject } from '../../watchcache/stored-object.ts'
import { answerStatus } from '../answers.ts'
import { decodeBody } from '../decode-body.ts'
import type { ServedResource } from '../registry.ts'
import { deleteObject } from '../verbs/delete.ts'
import { checkPreconditions } from '../verbs/update.ts'
import { admitted, isDryRun } from '../write-context.ts'

const expected = { group: 'policy', version: 'v1', kind: 'Eviction', schema: Eviction }

/** Budgets don't track more evicted pods than this at once (upstream: MaxDisruptedPodSize). */
const mostDisrupted = 2000

export async function evict(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
): Promise<Response> {
  const eviction = await decodeBody(request, expected, ['policy/v1beta1'])
  request.audit?.requestObject(eviction)
  const { namespace, name } = request.info
  if (eviction.metadata.name !== name) throw badRequest('name in URL does not match name in Eviction object')
  const options = eviction['deleteOptions'] ?? {}
  const errors = validateDeleteOptions(options)
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors)
  const dryRun = isDryRun(request, options.dryRun)
  await admitted(server, resource, request, 'CREATE', eviction, name, dryRun)
  const stored = server.registry.storage('pods').get(namespace, name)
  if (!stored) throw notFound({ group: '', resource: 'pods' }, name)
  const wanted: Preconditions = options.preconditions ?? {}
  const use: BudgetUse = ignoresBudgets(stored.object)
    ? { pinned: stored.object['status']?.phase === 'Pending' && !stored.object.metadata['deletionTimestamp'] }
    : await useBudget(server, stored, dryRun)
  // What was decided because the pod is not ready (or does not run) holds for the pod as it was then.
  const pinned = use.pinned && !wanted.resourceVersion
  let preconditions = pinned ? { ...wanted, resourceVersion: String(stored.revision) } : wanted
  try {
    if (!dryRun) preconditions = await markDisrupted(server, resource, namespace, name, preconditions)
    await deleteObject(server, resource, request, namespace, name, {
      gracePeriodSeconds: options.gracePeriodSeconds,
      propagation: options.propagationPolicy,
      preconditions,
      dryRun,
    })
  } catch (error) {
    // The pod has changed since, perhaps become ready: the caller may ask again.
    if (pinned && isConflict(error) && use.budget !== undefined) throw stillProcessed(use.budget)
    throw error
  }
  return answerStatus(request, { ...success(), code: 201 })
}

interface Preconditions {
  readonly uid?: string
  readonly resourceVersion?: string
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

/** Says on the pod why it goes; the deletion that follows is of the pod so marked. */
async function markDisrupted(
  server: ServerContext,
  resource: ServedResource,
  namespace: string,
  name: string,
  preconditions: Preconditions,
): Promise<Preconditions> {
  const storage = server.registry.storage('pods')
  for (;;) {
    const stored = storage.get(namespace, name)
    if (!stored) throw notFound(resource.declaration, name)
    checkPreconditions(resource, name, stored.object, preconditions, false)
    const marked = deepCopy(stored.object)
    marked['status'] = {
      ...marked['status'],
      conditions: setCondition<Condition & { lastProbeTime: null }>(
        marked['status']?.conditions,
        {
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'EvictionByEvictionAPI',
          message: 'Eviction API: evicting',
          lastProbeTime: null,
        },
        formatTime(server.env.clock.now()),
      ),
    }
    const result = await storage.put(stored.key, marked, stored.revision)
    if (result.committed)
      return preconditions.resourceVersion
        ? { ...preconditions, resourceVersion: String(result.stored.revision) }
        : preconditions
  }
}

const violates = "Cannot evict pod as it would violate the pod's disruption budget."

function stillProcessed(budget: string): StatusError {
  return failure(429, 'TooManyRequests', violates, {
    retryAfterSeconds: 10,
    causes: [
      {
        reason: 'DisruptionBudget',
        message: `The disruption budget ${budget} is still being processed by the server.`,
      },
    ],
  })
}

interface BudgetUse {
  readonly budget?: string
  /** Only the pod in this very version may go. */
  readonly pinned: boolean
}

async function useBudget(server: ServerContext, pod: StoredObject, dryRun: boolean): Promise<BudgetUse> {
  const storage = server.registry.storage(groupResource(podDisruptionBudgets))
  const { namespace, name } = pod
  const isReady = isConditionTrue(pod.object['status']?.conditions, 'Ready')
  for (;;) {
    const matching = storage.cache
      .range(storage.keyPrefix(namespace))
      .filter(stored => selects(stored.object as unknown as PodDisruptionBudget, pod.object))
    const [budget] = matching
    if (!budget) return { pinned: false }
    if (matching.length > 1)
      throw failure(
        500,
        '',
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      )
    const { spec, status } = budget.object as unknown as PodDisruptionBudget
    const { currentHealthy = 0, desiredHealthy = 0, disruptionsAllowed = 0 } = status ?? {}
    if (!isReady) {
      const alwaysAllowed = spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow'
      if (alwaysAllowed || (currentHealthy >= desiredHealthy && desiredHealthy > 0))
        return { budget: budget.name, pinned: true }
    }
    if ((status?.observedGeneration ?? 0) < (budget.object.metadata['generation'] ?? 0))
      throw stillProcessed(budget.name)
    const refused = (why: string) => forbidden({ group: 'policy', resource: 'poddisruptionbudget' }, budget.name, why)
    if (disruptionsAllowed < 0) throw refused('pdb disruptions allowed is negative')
    if (Object.keys(status?.disruptedPods ?? {}).length > mostDisrupted)
      throw refused('DisruptedPods map too big - too many evictions not confirmed by PDB controller')
    if (disruptionsAllowed === 0)
      throw failure(429, 'TooManyRequests', violates, {
        causes: [{ reason: 'DisruptionBudget', message: whyNone(budget.name, status) }],
      })
    if (dryRun) return { budget: budget.name, pinned: false }
    const used = deepCopy(budget.object)
    const now = formatTime(server.env.clock.now())
    used['status'].disruptionsAllowed -= 1
    if (used['status'].disruptionsAllowed === 0)
      used['status'].conditions = withDisruptionAllowed(used['status'] as PodDisruptionBudgetStatus, now)
    used['status'].disruptedPods = { ...used['status'].disruptedPods, [name]: now }
    if ((await storage.put(budget.key, used, budget.revision)).committed) return { budget: budget.name, pinned: false }
  }
}

/** A budget whose selector cannot be read selects nothing. */
function selects({ spec }: PodDisruptionBudget, pod: KubeObject): boolean {
  if (!spec?.selector) return false
  try {
    return labelSelectorFrom(spec.selector).matches(pod.metadata['labels'] ?? {})
  } catch {
    return false
  }
}

function whyNone(name: string, status: PodDisruptionBudget['status']): string {
  const condition = findCondition(status?.conditions, disruptionAllowed)
  if (condition?.status === 'False' && condition.reason === syncFailed)
    return `The disruption budget ${name} does not allow evicting pods currently because it failed sync: ${condition.message}`
  return `The disruption budget ${name} needs ${status?.desiredHealthy ?? 0} healthy pods and has ${status?.currentHealthy ?? 0} currently`
}
