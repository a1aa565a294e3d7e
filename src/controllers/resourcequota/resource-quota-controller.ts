// Says of each ResourceQuota what is used of it. Admission adds what comes; here what has gone is taken off again.
//
// Comes in: quotas, and the objects of just those resources that some quota limits, custom ones too. Goes out: the quotas'
// status. What an object counts for is said by the evaluators in `src/api/quota`, which admission uses as well.

import { type ResourceQuota, resourceQuotas } from '../../api/core/v1/resourcequota.ts'
import { matchesQuota, type QuotaEvaluator, usageOf } from '../../api/quota/evaluator.ts'
import { quotaEvaluator } from '../../api/quota/evaluators.ts'
import { type Amounts, amountsOf, resourceListOf, sameAmounts } from '../../api/quota/resource-list.ts'
import { groupResource, type KubeObject, type ResourceDeclaration } from '../../api/resource.ts'
import { type Controller, controller, type ReconcileContext } from '../../client/controller.ts'
import type { HandlerRegistration, Informer } from '../../client/informer.ts'
import { keyOf } from '../../client/object-key.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import type { ManagerEnvironment } from '../managed-controller.ts'
import { discoverResources } from '../served-resources.ts'

/** Quotas are counted anew this often (--resource-quota-sync-period), whatever happens. */
const resyncMs = 5 * 60_000
const discoveryMs = 30_000

interface State {
  readonly monitors: Map<string, Monitor>
  served: readonly ResourceDeclaration[]
  servedAt: number
}

interface Monitor {
  readonly evaluator: QuotaEvaluator
  readonly informer: Informer<KubeObject>
  readonly registration: HandlerRegistration
}

export function resourceQuotaController({ informers }: ManagerEnvironment): Controller {
  const quotas = resourceQuotas as ResourceDeclaration<ResourceQuota>

  /** The quotas that the object's going, or changing, leaves room in. */
  const replenish = (
    evaluator: QuotaEvaluator,
    before: KubeObject,
    after: KubeObject | undefined,
    { lister, queue, clock }: ReconcileContext,
  ) => {
    const inNamespace = lister(quotas).listNamespace(before.metadata.namespace ?? '')
    if (inNamespace.length === 0) return
    const now = clock.now()
    const same = after !== undefined && sameAmounts(evaluator.usage(before, now), evaluator.usage(after, now))
    for (const quota of inNamespace) {
      const hard = Object.keys(quota.spec?.hard ?? {})
      const was = matchesQuota(evaluator, quota, hard, before)
      const is = after !== undefined && matchesQuota(evaluator, quota, hard, after)
      if (was !== is || (was && !same)) queue.add(keyOf(quota))
    }
  }

  const monitor = (resource: ResourceDeclaration, evaluator: QuotaEvaluator, context: ReconcileContext): Monitor => {
    const informer = informers.informer<KubeObject>(resource)
    const registration = informer.addHandler({
      updated: (before, after) => {
        if (before !== after) replenish(evaluator, before, after, context)
      },
      deleted: object => replenish(evaluator, object, undefined, context),
    })
    return { evaluator, informer, registration }
  }

  /** Whatever the quota's limits count, each with its objects at hand. */
  const counted = async (names: readonly string[], context: ReconcileContext, state: State): Promise<Monitor[]> => {
    const find = () => {
      const found = new Map<string, Monitor>()
      for (const resource of state.served) {
        const name = groupResource(resource)
        const evaluator = quotaEvaluator(name)
        if (!evaluator || !names.some(each => evaluator.counts(each))) continue
        let present = state.monitors.get(name)
        if (!present) {
          present = monitor(resource, evaluator, context)
          state.monitors.set(name, present)
        }
        found.set(name, present)
      }
      return [...found.values()]
    }
    let found = find()
    const unknown = names.some(name => !found.some(({ evaluator }) => evaluator.counts(name)))
    const now = context.clock.now()
    if (unknown && now - state.servedAt >= discoveryMs) {
      const { preferred } = await discoverResources(context.client)
      state.served = preferred.filter(
        ({ namespaced, verbs }) =>
          namespaced && (['list', 'watch', 'delete'] as const).every(verb => verbs.includes(verb)),
      )
      state.servedAt = now
      found = find()
    }
    await Promise.all(found.map(({ informer }) => informer.synced(context.signal)))
    return found
  }

  return controller<ResourceQuota, State>({
    name: 'resourcequota-controller',
    reconciles: quotas,
    concurrency: 5,
    // What is used is written here, and by admission: no reason to count again.
    filter: ({ before, after }) =>
      !!after && (!before || before === after || !deepEqual(before.spec, after.spec) || !after.status?.hard),
    state: () => ({ monitors: new Map(), served: [], servedAt: Number.NEGATIVE_INFINITY }),
    async reconcile(key, context) {
      const quota = context.lister(quotas).get(key)
      if (!quota || quota.metadata.deletionTimestamp) return undefined
      const hard = quota.spec?.hard ?? {}
      const names = Object.keys(hard)
      const before = amountsOf(quota.status?.used ?? {})
      // What nothing counts (any more) stays as it was.
      const used = new Map([...before].filter(([name]) => name in hard))
      for (const { evaluator, informer } of await counted(names, context, context.state)) {
        const objects = informer.lister.listNamespace(quota.metadata.namespace ?? '')
        for (const [name, amount] of usageOf(evaluator, quota, objects, context.clock.now())) used.set(name, amount)
      }
      if (!isCurrent(quota, before, used)) {
        const status = { hard, used: resourceListOf(used) }
        await context.client.resource(quotas).updateStatus({ ...quota, status })
      }
      const known = names.every(name => used.has(name))
      return { requeueAfterMs: known ? resyncMs : discoveryMs }
    },
  })
}

function isCurrent({ spec, status }: ResourceQuota, before: Amounts, used: Amounts): boolean {
  if (!status?.hard) return false
  return sameAmounts(amountsOf(spec?.hard ?? {}), amountsOf(status.hard)) && sameAmounts(before, used)
}
