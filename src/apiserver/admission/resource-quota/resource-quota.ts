// ResourceQuota: a namespace uses no more than its quotas allow.
//
// What a request uses is written into the status of the quotas before the request is, and only if nobody else has charged
// them meanwhile; so that however many create at once, and on however many servers, a quota is never exceeded. What
// comes of nothing afterwards is given back by the quota controller, which counts what is there. Requests of one
// namespace that wait for each other are charged together. Where there are no quotas this costs one lookup.

import type { ResourceQuota } from '../../../api/core/v1/resourcequota.ts'
import type { QuotaEvaluator } from '../../../api/quota/evaluator.ts'
import { quotaEvaluator } from '../../../api/quota/evaluators.ts'
import { resourceListOf, sameAmounts } from '../../../api/quota/resource-list.ts'
import { groupResource, type KubeObject } from '../../../api/resource.ts'
import { conflict, optimisticLockMessage } from '../../../machinery/status-error.ts'
import { type AdmissionAttributes, type AdmissionPlugin, type AdmissionServices, isResource } from '../admission.ts'
import { checkRequest, type RunningQuota, runningQuota } from './check-request.ts'
import type { LimitedResource } from './configuration.ts'

/** Tries before a request that others are always faster than is given up. */
const mostRetries = 3

interface Waiter {
  readonly attributes: AdmissionAttributes
  readonly evaluator: QuotaEvaluator
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export function resourceQuota(services: AdmissionServices, limited: readonly LimitedResource[] = []): AdmissionPlugin {
  const charging = new Charging(services, limited)
  return {
    name: 'ResourceQuota',
    handles: operation => operation === 'CREATE' || operation === 'UPDATE',
    validate(attributes): void | Promise<void> {
      const { namespace, resource, lister, object } = attributes
      if (namespace === '' || !object || isResource(attributes, '', 'namespaces')) return
      if (limited.length === 0 && !hasQuota(attributes)) return
      const evaluator = quotaEvaluator(groupResource(resource))
      if (!evaluator?.handles(attributes)) return
      if (limited.length === 0 && lister.count('resourcequotas') === 0) return
      return charging.charge(attributes, evaluator)
    },
  }
}

function hasQuota({ lister, namespace }: AdmissionAttributes): boolean {
  if (lister.count('resourcequotas') === 0) return false
  for (const _ of lister.list('resourcequotas', namespace)) return true
  return false
}

class Charging {
  readonly #services: AdmissionServices
  readonly #limited: readonly LimitedResource[]
  /** By namespace: those that wait for the charge that is under way. */
  readonly #waiting = new Map<string, Waiter[]>()

  constructor(services: AdmissionServices, limited: readonly LimitedResource[]) {
    this.#services = services
    this.#limited = limited
  }

  charge(attributes: AdmissionAttributes, evaluator: QuotaEvaluator): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = { attributes, evaluator, resolve, reject }
      const waiting = this.#waiting.get(attributes.namespace)
      if (waiting) waiting.push(waiter)
      else void this.#run(attributes.namespace, [waiter])
    })
  }

  async #run(namespace: string, first: Waiter[]): Promise<void> {
    for (let batch = first; batch.length > 0; batch = this.#waiting.get(namespace)!) {
      this.#waiting.set(namespace, [])
      await this.#chargeAll(namespace, batch).catch((error: Error) => {
        for (const { reject } of batch) reject(error)
      })
    }
    this.#waiting.delete(namespace)
  }

  async #chargeAll(namespace: string, batch: readonly Waiter[]): Promise<void> {
    const { lister } = batch[0]!.attributes
    let objects = [...lister.list('resourcequotas', namespace)]
    let pending = batch
    for (let attempt = 0; ; attempt++) {
      const quotas = objects.map(object => runningQuota(object as unknown as ResourceQuota))
      const before = new Map(quotas.map(quota => [quota, quota.used]))
      pending = pending.filter(waiter => this.#check(waiter, quotas))
      const changed = quotas.filter(quota => !sameAmounts(quota.used, before.get(quota)!))
      const late = await this.#write(changed)
      if (late.length === 0) break
      if (attempt >= mostRetries) {
        const error = conflict({ group: '', resource: 'resourcequotas' }, late[0]!, optimisticLockMessage)
        for (const { reject } of pending) reject(error)
        return
      }
      // The others have been charged already.
      objects = late.flatMap(name => lister.get('resourcequotas', namespace, name) ?? [])
    }
    for (const { resolve } of pending) resolve()
  }

  /** Whether the request still waits for its charge to be written. */
  #check({ attributes, evaluator, resolve, reject }: Waiter, quotas: readonly RunningQuota[]): boolean {
    // A dry run is not charged.
    const of = attributes.dryRun ? quotas.map(quota => ({ ...quota })) : quotas
    const used = of.map(quota => quota.used)
    try {
      checkRequest(of, attributes, evaluator, this.#limited, this.#services.env.clock.now())
    } catch (error) {
      reject(error as Error)
      return false
    }
    if (!attributes.dryRun && of.some((quota, index) => quota.used !== used[index])) return true
    resolve()
    return false
  }

  /** The names of those that somebody else was faster with. */
  async #write(quotas: readonly RunningQuota[]): Promise<string[]> {
    const late: string[] = []
    for (const { quota, used } of quotas) {
      const object = quota as unknown as KubeObject
      const status = { ...object['status'], used: resourceListOf(used) }
      if (!(await this.#services.writeQuota({ ...object, metadata: { ...object.metadata }, status })))
        late.push(quota.metadata!.name!)
    }
    return late
  }
}
