// What people do to a cluster, at random: they create (`creations.ts` says what), scale, update, pause, roll back and
// delete workloads, evict and drain, add and lose nodes. Comes in: dice and the administrator's client. Goes out: one act
// after the other, each with a line that says what it was.

import { customResourceDefinitions } from '../../src/api/apiextensions/v1/customresourcedefinition.ts'
import { daemonSets } from '../../src/api/apps/v1/daemonset.ts'
import { deployments } from '../../src/api/apps/v1/deployment.ts'
import { replicaSets } from '../../src/api/apps/v1/replicaset.ts'
import { statefulSets } from '../../src/api/apps/v1/statefulset.ts'
import { cronJobs } from '../../src/api/batch/v1/cronjob.ts'
import { jobs } from '../../src/api/batch/v1/job.ts'
import { configMaps } from '../../src/api/core/v1/configmap.ts'
import { namespaces } from '../../src/api/core/v1/namespace.ts'
import { nodes } from '../../src/api/core/v1/node.ts'
import { type Pod, pods } from '../../src/api/core/v1/pod.ts'
import { replicationControllers } from '../../src/api/core/v1/replicationcontroller.ts'
import { services } from '../../src/api/core/v1/service.ts'
import type { ResourceDeclaration } from '../../src/api/resource.ts'
import { priorityClasses } from '../../src/api/scheduling/v1/priorityclass.ts'
import type { Client } from '../../src/client/client.ts'
import { controllerOf } from '../../src/client/controller.ts'
import { isNotFound, StatusError } from '../../src/machinery/status-error.ts'
import type { Chance } from './chance.ts'
import {
  type Circumstances,
  type Creation,
  container,
  finalizer,
  somethingDependent,
  somethingNew,
} from './creations.ts'
import { defineWidgets, widgetDefinition } from './widgets.ts'

const mergePatch = 'application/merge-patch+json'
export const team = 'team'
const missingImage = 'nonexistent:1'
const policies = ['Background', 'Foreground', 'Orphan'] as const

interface Made {
  readonly resource: ResourceDeclaration<any>
  readonly namespace: string
  readonly name: string
  readonly endless: boolean
}

export class Workload {
  readonly #chance: Chance
  readonly #client: () => Client
  readonly #measured: boolean
  readonly #made: Made[] = []
  readonly #orphaned: Made[] = []
  #number = 0

  constructor(chance: Chance, client: () => Client, options: { readonly measured: boolean }) {
    this.#chance = chance
    this.#client = client
    this.#measured = options.measured
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

  /** Ends what would never come to rest: pauses, schedules, cordons, finalizers. */
  async calm(): Promise<void> {
    await this.#patchAll(deployments, () => ({
      spec: { paused: null, template: { spec: { containers: [container(this.#chance)] } } },
    }))
    // Nobody rolls out another image than the one that there is not, where no Deployment owns what has it, or not for long.
    const rolledOut = new Set(
      (await this.#client().resource(deployments).list()).items
        .filter(({ metadata }) => !metadata.deletionTimestamp)
        .map(({ metadata }) => metadata.uid),
    )
    await this.#removeAll(
      replicaSets,
      set => !rolledOut.has(controllerOf(set)?.uid) && set.spec.template?.spec?.containers[0]?.image === missingImage,
    )
    await this.#removeAll(pods, pod => !controllerOf(pod) && pod.spec.containers[0]?.image === missingImage)
    await this.#patchAll(cronJobs, () => ({ spec: { suspend: true } }))
    await this.#patchAll(jobs, () => ({ spec: { suspend: false } }))
    await this.#patchAll(configMaps, ({ metadata }) =>
      metadata.finalizers?.includes(finalizer) ? { metadata: { finalizers: null } } : undefined,
    )
    await this.#patchAll(nodes, ({ spec }) => ({
      spec: { unschedulable: null, taints: (spec.taints ?? []).filter(({ key }) => key !== 'maintenance') },
    }))
  }

  async #removeAll<T extends { readonly metadata: Pod['metadata'] }>(
    resource: ResourceDeclaration<T>,
    which: (object: T) => boolean,
  ): Promise<void> {
    const all = this.#client().resource(resource)
    for (const object of (await all.list()).items) {
      const { namespace, name = '' } = object.metadata
      if (which(object)) await all.namespace(namespace).delete(name).catch(ignoreGone)
    }
  }

  async #patchAll<T extends { readonly metadata: Pod['metadata'] }>(
    resource: ResourceDeclaration<T>,
    patch: (object: T) => object | undefined,
  ): Promise<void> {
    const all = this.#client().resource(resource)
    for (const object of (await all.list()).items) {
      const { namespace, name = '' } = object.metadata
      const change = patch(object)
      // Garbage collection may be faster.
      if (change) await all.namespace(namespace).patch(name, mergePatch, change).catch(ignoreGone)
    }
  }

  async #create(): Promise<string> {
    const chance = this.#chance
    const namespace = chance.of(0.3) ? team : 'default'
    const name = `w${++this.#number}`
    if (chance.of(0.1)) return this.#createDependent(namespace, name)
    if (chance.of(0.08)) return this.#createSurroundings()
    const creation = somethingNew(chance, this.#circumstances(namespace, name))
    return creation ? this.#createAs(creation, namespace, name) : 'nothing to create'
  }

  #circumstances(namespace: string, name: string): Circumstances {
    const here = this.#made.filter(made => made.namespace === namespace)
    return {
      name,
      temporary: namespace === team,
      app: this.#some()?.name ?? 'w1',
      deployment: here.find(({ resource }) => resource === deployments)?.name,
      orphaned: this.#chance.of(0.5) ? this.#orphaned.find(made => made.namespace === namespace)?.name : undefined,
      measured: this.#measured,
    }
  }

  async #createAs(creation: Creation, namespace: string, name: string, more: object = {}): Promise<string> {
    const { resource, body, endless = false } = creation
    const { metadata = {}, ...rest } = body as { metadata?: object }
    await this.#client()
      .resource(resource)
      .namespace(namespace)
      .create({ ...rest, metadata: { ...metadata, ...more, name } } as never)
    this.#made.push({ resource, namespace, name, endless })
    return `create ${resource.resource} ${namespace}/${name}`
  }

  async #createSurroundings(): Promise<string> {
    switch (this.#chance.between(0, 4)) {
      case 0:
      case 1:
        await this.#client()
          .resource(namespaces)
          .create({ metadata: { name: team } })
        return 'create namespace'
      case 2:
        return this.#createClusterWide()
      default:
        await defineWidgets(this.#client())
        return 'create customresourcedefinition'
    }
  }

  /** Something without a namespace that goes with a namespace. */
  async #createClusterWide(): Promise<string> {
    const { apiVersion, kind, metadata } = await this.#client().resource(namespaces).get(team)
    const ownerReferences = [{ apiVersion: apiVersion!, kind: kind!, name: team, uid: metadata.uid! }]
    const name = `w${this.#number}`
    await this.#client().resource(priorityClasses).create({ metadata: { name, ownerReferences }, value: 1 })
    return `create priorityclass ${name} owned by ${team}`
  }

  /** Something that goes with something else of whatever kind, or with two. */
  async #createDependent(namespace: string, name: string): Promise<string> {
    const owner = this.#some()
    if (!owner) return 'nothing to own'
    const owners = [owner]
    const another = this.#some()
    if (another && another !== owner && another.namespace === owner.namespace && this.#chance.of(0.5))
      owners.push(another)
    const ownerReferences: object[] = []
    for (const { resource, namespace, name } of owners) {
      const { metadata, apiVersion, kind } = (await this.#client()
        .resource(resource)
        .namespace(namespace)
        .get(name)) as {
        metadata: { name: string; uid: string }
        apiVersion: string
        kind: string
      }
      const blockOwnerDeletion = this.#chance.of(0.5)
      ownerReferences.push({ apiVersion, kind, name: metadata.name, uid: metadata.uid, blockOwnerDeletion })
    }
    const creation = somethingDependent(this.#chance, this.#circumstances(namespace, name))
    const created = await this.#createAs(creation, owner.namespace, name, { ownerReferences })
    return `${created} owned by ${owners.map(({ name }) => name).join(' and ')}`
  }

  async #change(): Promise<string> {
    const some = this.#some()
    if (!some) return 'nothing to change'
    switch (this.#chance.between(0, 13)) {
      case 0:
      case 1:
      case 2:
        return this.#scale(some)
      case 3:
      case 4:
        return this.#update(some)
      case 5:
        return this.#pause(some)
      case 6:
      case 7:
      case 8:
        return this.#delete(some)
      case 9:
        return this.#deletePod()
      case 10:
        return this.#evict()
      case 11:
        return this.#release()
      case 12:
        return this.#changeNode()
      default:
        return this.#deleteSurroundings()
    }
  }

  async #scale({ resource, namespace, name }: Made): Promise<string> {
    const what = `${resource.resource} ${namespace}/${name}`
    if (!isScalable(resource)) return `leave ${what}`
    const replicas = this.#chance.between(0, 4)
    await this.#patch({ resource, namespace, name }, { spec: { replicas } })
    return `scale ${what} to ${replicas}`
  }

  async #update({ resource, namespace, name }: Made): Promise<string> {
    const what = `${resource.resource} ${namespace}/${name}`
    if (resource === services) {
      const type = this.#chance.pick(['ClusterIP', 'NodePort', 'LoadBalancer'])
      await this.#patch({ resource, namespace, name }, { spec: { type, selector: { app: this.#some()?.name } } })
      return `${what} becomes ${type}`
    }
    if (!isScalable(resource) && resource !== daemonSets) return `leave ${what}`
    // Going back to an image that was there before is a rollback.
    const bad = resource === deployments && this.#chance.of(0.2)
    const containers = [{ ...container(this.#chance), ...(bad && { image: missingImage }) }]
    if (resource === statefulSets) {
      // A merge patch puts lists in the place of lists: its containers keep what they mount.
      const path = '/spec/template/spec/containers/0/image'
      await this.#client()
        .resource(resource)
        .namespace(namespace)
        .patch(name, 'application/json-patch+json', [{ op: 'replace', path, value: containers[0]!.image }])
    } else await this.#patch({ resource, namespace, name }, { spec: { template: { spec: { containers } } } })
    return `update ${what}`
  }

  async #pause({ resource, namespace, name }: Made): Promise<string> {
    const what = `${resource.resource} ${namespace}/${name}`
    const field =
      resource === deployments ? 'paused' : resource === jobs || resource === cronJobs ? 'suspend' : undefined
    if (!field) return `leave ${what}`
    const value = this.#chance.of(0.5)
    await this.#patch({ resource, namespace, name }, { spec: { [field]: value } })
    return `${field} ${what}: ${value}`
  }

  async #delete(some: Made): Promise<string> {
    const { resource, namespace, name, endless } = some
    const propagationPolicy = this.#chance.pick(endless ? policies.slice(0, 2) : policies)
    this.#made.splice(this.#made.indexOf(some), 1)
    if (propagationPolicy === 'Orphan' && (resource === replicaSets || resource === replicationControllers))
      this.#orphaned.push(some)
    await this.#client().resource(resource).namespace(namespace).delete(name, { propagationPolicy })
    return `delete ${resource.resource} ${namespace}/${name} ${propagationPolicy}`
  }

  async #deletePod(): Promise<string> {
    const pod = await this.#somePod()
    if (!pod) return 'no pod to delete'
    await this.#client().resource(pods).namespace(pod.metadata.namespace).delete(pod.metadata.name!)
    return `delete pod ${pod.metadata.namespace}/${pod.metadata.name}`
  }

  async #evict(): Promise<string> {
    const pod = await this.#somePod()
    if (!pod) return 'no pod to evict'
    const { namespace, name = '' } = pod.metadata
    await this.#client().resource(pods).namespace(namespace).createSubresource(name, 'eviction', { metadata: { name } })
    return `evict pod ${namespace}/${name}`
  }

  /** Changes a pod's labels, so that it is its owner's no longer. */
  async #release(): Promise<string> {
    const pod = await this.#somePod(pod =>
      ['ReplicaSet', 'ReplicationController', 'DaemonSet'].includes(controllerOf(pod)?.kind ?? ''),
    )
    if (!pod) return 'no pod to release'
    const { namespace, name = '' } = pod.metadata
    await this.#patch({ resource: pods, namespace: namespace!, name }, { metadata: { labels: { app: 'released' } } })
    return `release pod ${namespace}/${name}`
  }

  async #deleteSurroundings(): Promise<string> {
    if (this.#chance.of(0.7)) {
      await this.#client().resource(namespaces).delete(team)
      return 'delete namespace'
    }
    await this.#client().resource(customResourceDefinitions).delete(widgetDefinition)
    return 'delete customresourcedefinition'
  }

  async #changeNode(): Promise<string> {
    const chance = this.#chance
    const all = (await this.#client().resource(nodes).list()).items
    if (all.length === 0) return 'no node'
    const { metadata, spec } = chance.pick(all)
    const patch = (change: object) => this.#client().resource(nodes).patch(metadata.name!, mergePatch, { spec: change })
    if (chance.of(0.3)) {
      await patch({ unschedulable: spec.unschedulable ? null : true })
      return `cordon or uncordon ${metadata.name}`
    }
    if (chance.of(0.3)) return this.#drain(metadata.name!)
    const others = (spec.taints ?? []).filter(taint => taint.key !== 'maintenance')
    const had = others.length !== (spec.taints ?? []).length
    const effect = chance.pick(['NoSchedule', 'NoExecute'])
    await patch({ taints: had ? others : [...others, { key: 'maintenance', effect }] })
    return `taint ${metadata.name}: ${had ? 'none' : effect}`
  }

  async #drain(node: string): Promise<string> {
    await this.#client()
      .resource(nodes)
      .patch(node, mergePatch, { spec: { unschedulable: true } })
    let refused = 0
    for (const { metadata, spec } of (await this.#client().resource(pods).list()).items) {
      if (spec.nodeName !== node) continue
      const { namespace, name = '' } = metadata
      await this.#client()
        .resource(pods)
        .namespace(namespace)
        .createSubresource(name, 'eviction', { metadata: { name } })
        .catch(() => refused++)
    }
    return `drain ${node}; ${refused} evictions refused`
  }

  async #patch({ resource, namespace, name }: Omit<Made, 'endless'>, change: object): Promise<void> {
    await this.#client().resource(resource).namespace(namespace).patch(name, mergePatch, change)
  }

  async #somePod(which: (pod: Pod) => boolean = () => true): Promise<Pod | undefined> {
    const all = (await this.#client().resource(pods).list()).items.filter(which)
    return all.length === 0 ? undefined : this.#chance.pick(all)
  }

  #some(): Made | undefined {
    return this.#made.length === 0 ? undefined : this.#chance.pick(this.#made)
  }
}

const isScalable = (resource: ResourceDeclaration<any>): boolean =>
  [deployments, replicaSets, replicationControllers, statefulSets].includes(resource as never)

function ignoreGone(error: unknown): void {
  if (!isNotFound(error)) throw error
}
