// What people do to a cluster, at random: they create, scale, update, pause, roll back and delete workloads, and drain,
// add and lose nodes. Comes in: dice and the administrator's client. Goes out: one act after the other, each with a
// line that says what it was.

import { daemonSets } from '../../src/api/apps/v1/daemonset.ts'
import { deployments } from '../../src/api/apps/v1/deployment.ts'
import { replicaSets } from '../../src/api/apps/v1/replicaset.ts'
import { statefulSets } from '../../src/api/apps/v1/statefulset.ts'
import { cronJobs } from '../../src/api/batch/v1/cronjob.ts'
import { jobs } from '../../src/api/batch/v1/job.ts'
import { configMaps } from '../../src/api/core/v1/configmap.ts'
import { namespaces } from '../../src/api/core/v1/namespace.ts'
import { nodes } from '../../src/api/core/v1/node.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { resourceQuotas } from '../../src/api/core/v1/resourcequota.ts'
import { secrets } from '../../src/api/core/v1/secret.ts'
import { services } from '../../src/api/core/v1/service.ts'
import { podDisruptionBudgets } from '../../src/api/policy/v1/poddisruptionbudget.ts'
import type { ResourceDeclaration } from '../../src/api/resource.ts'
import type { Client } from '../../src/client/client.ts'
import { StatusError } from '../../src/machinery/status-error.ts'
import type { Chance } from './chance.ts'

const mergePatch = 'application/merge-patch+json'
export const team = 'team'
const policies = ['Background', 'Foreground', 'Orphan'] as const
const images = ['web:1', 'web:2', 'web:3']

interface Made {
  readonly resource: ResourceDeclaration<any>
  readonly namespace: string
  readonly name: string
}

export class Workload {
  readonly #chance: Chance
  readonly #client: () => Client
  readonly #made: Made[] = []
  #number = 0

  constructor(chance: Chance, client: () => Client) {
    this.#chance = chance
    this.#client = client
  }

  /** Does one thing; answers what, and how it went. */
  async act(): Promise<string> {
    const chance = this.#chance
    const act = chance.of(this.#made.length < 4 ? 0.8 : 0.35) ? () => this.#create() : () => this.#change()
    try {
      return await act()
    } catch (error) {
      // Names taken, namespaces on their way out, objects gone: as people meet them.
      if (error instanceof StatusError && error.code < 500) return `refused: ${error.message}`
      throw error
    }
  }

  /** Ends what would never come to rest: pauses, schedules, cordons. */
  async calm(): Promise<void> {
    const client = this.#client()
    for (const { metadata } of (await client.resource(deployments).list()).items)
      await client
        .resource(deployments)
        .namespace(metadata.namespace)
        .patch(metadata.name!, mergePatch, {
          spec: { paused: null, template: { spec: { containers: [container(this.#chance)] } } },
        })
    for (const { metadata } of (await client.resource(cronJobs).list()).items)
      await client
        .resource(cronJobs)
        .namespace(metadata.namespace)
        .patch(metadata.name!, mergePatch, { spec: { suspend: true } })
    for (const { metadata, spec } of (await client.resource(nodes).list()).items) {
      const taints = (spec.taints ?? []).filter(taint => taint.key !== 'maintenance')
      await client.resource(nodes).patch(metadata.name!, mergePatch, { spec: { unschedulable: null, taints } })
    }
  }

  async #create(): Promise<string> {
    const chance = this.#chance
    const namespace = chance.of(0.3) ? team : 'default'
    const name = `w${++this.#number}`
    const metadata = { name }
    const selector = { matchLabels: { app: name } }
    const template = (run?: string, more: object = {}) => ({
      metadata: { labels: { app: name }, ...(run && { annotations: { 'simulated.k8ts.dev/run': run } }) },
      spec: { containers: [container(chance)], terminationGracePeriodSeconds: chance.pick([0, 1, 30]), ...more },
    })
    const create = async (resource: ResourceDeclaration<any>, object: object): Promise<string> => {
      await this.#client()
        .resource(resource)
        .namespace(namespace)
        .create({ metadata, ...object } as never)
      this.#made.push({ resource, namespace, name })
      return `create ${resource.resource} ${namespace}/${name}`
    }
    switch (chance.between(0, 11)) {
      case 0:
      case 1: {
        const strategy = chance.of(0.2) ? { type: 'Recreate' } : undefined
        const replicas = chance.between(0, 4)
        return create(deployments, {
          spec: { replicas, selector, strategy, revisionHistoryLimit: 2, template: template() },
        })
      }
      case 2:
        return create(replicaSets, { spec: { replicas: chance.between(0, 4), selector, template: template() } })
      case 3: {
        const podManagementPolicy = chance.pick(['OrderedReady', 'Parallel'])
        return create(statefulSets, {
          spec: {
            replicas: chance.between(1, 3),
            serviceName: name,
            selector,
            podManagementPolicy,
            template: template(),
          },
        })
      }
      case 4:
        return create(daemonSets, { spec: { selector, template: template() } })
      case 5:
      case 6: {
        const run = chance.pick(['sleep 2', 'sleep 9', 'sleep 30', 'sleep 1; exit 1'])
        const completions = chance.between(1, 3)
        return create(jobs, {
          spec: {
            completions,
            parallelism: chance.between(1, completions),
            completionMode: chance.pick(['Indexed', 'NonIndexed']),
            backoffLimit: 1,
            ...(chance.of(0.2) && { ttlSecondsAfterFinished: 20 }),
            template: template(run, { restartPolicy: chance.pick(['Never', 'Never', 'OnFailure']) }),
          },
        })
      }
      case 7: {
        const jobTemplate = { spec: { backoffLimit: 0, template: template('sleep 5', { restartPolicy: 'Never' }) } }
        const concurrencyPolicy = chance.pick(['Allow', 'Forbid', 'Replace'])
        return create(cronJobs, {
          spec: { schedule: '* * * * *', concurrencyPolicy, successfulJobsHistoryLimit: 1, jobTemplate },
        })
      }
      case 8: {
        const app = this.#some()?.name ?? 'w1'
        return create(services, { spec: { selector: { app }, ports: [{ port: 80 }] } })
      }
      case 9: {
        const app = this.#some()?.name ?? 'w1'
        return create(podDisruptionBudgets, { spec: { minAvailable: 1, selector: { matchLabels: { app } } } })
      }
      case 10: {
        const resource = chance.pick([configMaps, resourceQuotas])
        return create(resource, resource === resourceQuotas ? { spec: { hard: { pods: '40', configmaps: '40' } } } : {})
      }
      default:
        return this.#createDependents(namespace, name)
    }
  }

  /** A ConfigMap or Secret that goes with something else. */
  async #createDependents(namespace: string, name: string): Promise<string> {
    const client = this.#client()
    if (
      this.#chance.of(0.3) &&
      !(await client.resource(namespaces).list()).items.some(({ metadata }) => metadata.name === team)
    ) {
      await client.resource(namespaces).create({ metadata: { name: team } })
      return 'create namespace'
    }
    const owner = this.#some()
    if (!owner) return 'nothing to own'
    const { metadata, apiVersion, kind } = (await client
      .resource(owner.resource)
      .namespace(owner.namespace)
      .get(owner.name)) as { metadata: { name: string; uid: string }; apiVersion: string; kind: string }
    const ownerReferences = [
      { apiVersion, kind, name: metadata.name, uid: metadata.uid, blockOwnerDeletion: this.#chance.of(0.5) },
    ]
    const resource = this.#chance.pick([configMaps, secrets]) as ResourceDeclaration<any>
    await client.resource(resource).namespace(owner.namespace).create({ metadata: { name, ownerReferences } })
    this.#made.push({ resource, namespace: owner.namespace, name })
    return `create ${resource.resource} ${namespace}/${name} owned by ${owner.name}`
  }

  async #change(): Promise<string> {
    const chance = this.#chance
    const some = this.#some()
    if (!some) return 'nothing to change'
    const { resource, namespace, name } = some
    const objects = this.#client().resource(resource).namespace(namespace)
    const what = `${resource.resource} ${namespace}/${name}`
    const scalable = [deployments, replicaSets, statefulSets].includes(resource as never)
    switch (chance.between(0, 9)) {
      case 0:
      case 1:
      case 2: {
        if (!scalable) return `leave ${what}`
        const replicas = chance.between(0, 4)
        await objects.patch(name, mergePatch, { spec: { replicas } })
        return `scale ${what} to ${replicas}`
      }
      case 3:
      case 4: {
        if (!scalable && resource !== daemonSets) return `leave ${what}`
        // Going back to an image that was there before is a rollback.
        const bad = resource === deployments && chance.of(0.2)
        const containers = [{ ...container(chance), ...(bad && { image: 'nonexistent:1' }) }]
        await objects.patch(name, mergePatch, { spec: { template: { spec: { containers } } } })
        return `update ${what}`
      }
      case 5: {
        if (resource !== deployments) return `leave ${what}`
        const paused = chance.of(0.5)
        await objects.patch(name, mergePatch, { spec: { paused } })
        return `pause ${what}: ${paused}`
      }
      case 6:
      case 7: {
        const propagationPolicy = chance.pick(policies)
        await objects.delete(name, { propagationPolicy })
        this.#made.splice(this.#made.indexOf(some), 1)
        return `delete ${what} ${propagationPolicy}`
      }
      case 8: {
        const all = (await this.#client().resource(pods).list()).items
        if (all.length === 0) return 'no pod to delete'
        const { metadata } = chance.pick(all)
        await this.#client().resource(pods).namespace(metadata.namespace).delete(metadata.name!)
        return `delete pod ${metadata.namespace}/${metadata.name}`
      }
      default: {
        if (!chance.of(0.4)) return this.#changeNode()
        await this.#client().resource(namespaces).delete(team)
        return 'delete namespace'
      }
    }
  }

  async #changeNode(): Promise<string> {
    const chance = this.#chance
    const all = (await this.#client().resource(nodes).list()).items
    if (all.length === 0) return 'no node'
    const { metadata, spec } = chance.pick(all)
    const patch = (change: object) => this.#client().resource(nodes).patch(metadata.name!, mergePatch, { spec: change })
    if (chance.of(0.4)) {
      await patch({ unschedulable: spec.unschedulable ? null : true })
      return `cordon or uncordon ${metadata.name}`
    }
    const others = (spec.taints ?? []).filter(taint => taint.key !== 'maintenance')
    const had = others.length !== (spec.taints ?? []).length
    const effect = chance.pick(['NoSchedule', 'NoExecute'])
    await patch({ taints: had ? others : [...others, { key: 'maintenance', effect }] })
    return `taint ${metadata.name}: ${had ? 'none' : effect}`
  }

  #some(): Made | undefined {
    return this.#made.length === 0 ? undefined : this.#chance.pick(this.#made)
  }
}

function container(chance: Chance) {
  return { name: 'main', image: chance.pick(images), resources: { requests: { cpu: chance.pick(['50m', '200m']) } } }
}
