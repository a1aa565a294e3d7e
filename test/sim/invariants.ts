// What is true of every cluster that has come to rest, whatever happened to it before. Each check answers what is wrong,
// one line each; `violations` is all of them over one reading of the cluster.

import { controllerRevisions } from '../../src/api/apps/v1/controllerrevision.ts'
import { daemonSets } from '../../src/api/apps/v1/daemonset.ts'
import { deployments } from '../../src/api/apps/v1/deployment.ts'
import { replicaSets } from '../../src/api/apps/v1/replicaset.ts'
import { statefulSets } from '../../src/api/apps/v1/statefulset.ts'
import { cronJobs } from '../../src/api/batch/v1/cronjob.ts'
import { jobs } from '../../src/api/batch/v1/job.ts'
import { leases } from '../../src/api/coordination/v1/lease.ts'
import { configMaps } from '../../src/api/core/v1/configmap.ts'
import { endpoints } from '../../src/api/core/v1/endpoints.ts'
import { namespaces } from '../../src/api/core/v1/namespace.ts'
import { type Node, nodes } from '../../src/api/core/v1/node.ts'
import { type Pod, pods } from '../../src/api/core/v1/pod.ts'
import { resourceQuotas } from '../../src/api/core/v1/resourcequota.ts'
import { secrets } from '../../src/api/core/v1/secret.ts'
import { services } from '../../src/api/core/v1/service.ts'
import { serviceAccounts } from '../../src/api/core/v1/serviceaccount.ts'
import { endpointSlices } from '../../src/api/discovery/v1/endpointslice.ts'
import { podDisruptionBudgets } from '../../src/api/policy/v1/poddisruptionbudget.ts'
import type { ResourceDeclaration } from '../../src/api/resource.ts'
import type { Client } from '../../src/client/client.ts'
import type { ContainerRuntime } from '../../src/kubelet/runtime/container-runtime.ts'
import type { JobWitness } from './job-witness.ts'

/** What can be known without asking the API server. */
export interface Cached {
  readonly nodes: readonly { readonly name: string; readonly runtime: ContainerRuntime }[]
  readonly witness: JobWitness
}

const read = {
  controllerRevisions,
  daemonSets,
  deployments,
  replicaSets,
  statefulSets,
  cronJobs,
  jobs,
  leases,
  configMaps,
  endpoints,
  namespaces,
  nodes,
  pods,
  resourceQuotas,
  secrets,
  serviceAccounts,
  services,
  endpointSlices,
  podDisruptionBudgets,
}

type Read = typeof read
type ObjectOf<D> = D extends ResourceDeclaration<infer T> ? T : never
type World = { readonly [K in keyof Read]: readonly ObjectOf<Read[K]>[] } & { readonly all: readonly Owned[] }

interface Owned {
  readonly kind?: string
  readonly metadata: Pod['metadata']
}

type Check = (world: World, cached: Cached) => Iterable<string> | AsyncIterable<string>

export async function violations(client: Client, cached: Cached): Promise<string[]> {
  const lists = await Promise.all(
    Object.entries(read).map(async ([key, resource]) => {
      const declaration = resource as ResourceDeclaration<Owned>
      return [key, (await client.resource(declaration).list()).items] as const
    }),
  )
  const world = { ...Object.fromEntries(lists), all: lists.flatMap(([, items]) => items) } as unknown as World
  const found: string[] = []
  for (const check of checks) for await (const violation of check(world, cached)) found.push(violation)
  return found
}

const named = ({ kind, metadata }: Owned): string => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
const isOver = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'
const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
const controllerOf = ({ metadata }: Owned) => metadata.ownerReferences?.find(({ controller }) => controller)
const podsOf = (world: World, { metadata }: Owned): Pod[] =>
  world.pods.filter(pod => controllerOf(pod)?.uid === metadata.uid)
const activeOf = (world: World, owner: Owned): Pod[] => podsOf(world, owner).filter(pod => !isOver(pod))

/** Compares, and says so where they differ. */
function* same(whose: Owned, what: string, is: unknown, shouldBe: unknown): Iterable<string> {
  const [one, other] = [JSON.stringify(is ?? 0), JSON.stringify(shouldBe ?? 0)]
  if (one !== other) yield `${named(whose)}: ${what} is ${one}, should be ${other}`
}

function* nothingIsBeingDeleted({ all }: World): Iterable<string> {
  for (const object of all) if (object.metadata.deletionTimestamp) yield `${named(object)} is still being deleted`
}

function* ownersExist({ all }: World): Iterable<string> {
  const uids = new Set(all.map(({ metadata }) => metadata.uid))
  for (const object of all) {
    const owners = object.metadata.ownerReferences ?? []
    for (const { kind, name, uid } of owners)
      if (!uids.has(uid)) yield `${named(object)} is owned by ${kind} ${name}, which is gone`
    if (owners.filter(({ controller }) => controller).length > 1) yield `${named(object)} has two controllers`
  }
}

function* namespacesAreWhole({ all, namespaces, serviceAccounts, configMaps }: World): Iterable<string> {
  const names = new Set(namespaces.map(({ metadata }) => metadata.name))
  for (const object of all)
    if (object.metadata.namespace && !names.has(object.metadata.namespace))
      yield `${named(object)} outlived its namespace`
  for (const name of names) {
    const has = (objects: readonly Owned[], which: string) =>
      objects.some(({ metadata }) => metadata.namespace === name && metadata.name === which)
    if (!has(serviceAccounts, 'default')) yield `namespace ${name} has no default service account`
    if (!has(configMaps, 'kube-root-ca.crt')) yield `namespace ${name} has no kube-root-ca.crt`
  }
}

function* replicaSetsAreExact(world: World): Iterable<string> {
  for (const set of world.replicaSets) {
    const active = activeOf(world, set)
    const ready = active.filter(isReady).length
    yield* same(set, 'number of pods', active.length, set.spec?.replicas)
    yield* same(set, 'status.replicas', set.status?.replicas, active.length)
    yield* same(set, 'status.readyReplicas', set.status?.readyReplicas, ready)
    yield* same(set, 'status.availableReplicas', set.status?.availableReplicas, ready)
    yield* same(set, 'observedGeneration', set.status?.observedGeneration, set.metadata.generation)
  }
}

function* deploymentsAreRolledOut(world: World): Iterable<string> {
  for (const deployment of world.deployments) {
    const { spec, status } = deployment
    const sets = world.replicaSets.filter(set => controllerOf(set)?.uid === deployment.metadata.uid)
    const running = sets.filter(({ spec: of }) => (of?.replicas ?? 0) > 0)
    const wanted = spec?.replicas ?? 0
    const image = spec?.template.spec?.containers[0]?.image
    yield* same(deployment, 'sets with replicas', running.length, wanted > 0 ? 1 : 0)
    for (const set of running) yield* same(set, 'image', set.spec?.template?.spec?.containers[0]?.image, image)
    if (sets.length > 1 + (spec?.revisionHistoryLimit ?? 10)) yield `${named(deployment)} keeps ${sets.length} sets`
    yield* same(deployment, 'status.replicas', status?.replicas, wanted)
    yield* same(deployment, 'status.updatedReplicas', status?.updatedReplicas, wanted)
    yield* same(deployment, 'observedGeneration', status?.observedGeneration, deployment.metadata.generation)
    const ready = sets.flatMap(set => activeOf(world, set)).filter(isReady).length
    yield* same(deployment, 'status.readyReplicas', status?.readyReplicas, ready)
    yield* same(deployment, 'status.availableReplicas', status?.availableReplicas, ready)
    yield* same(deployment, 'status.unavailableReplicas', status?.unavailableReplicas, wanted - ready)
    if (ready < wanted) continue
    const condition = (type: string) => status?.conditions?.find(of => of.type === type)
    yield* same(deployment, 'Available', condition('Available')?.status, 'True')
    yield* same(deployment, 'Progressing', condition('Progressing')?.reason, 'NewReplicaSetAvailable')
  }
}

function* statefulSetsAreExact(world: World): Iterable<string> {
  for (const set of world.statefulSets) {
    const own = podsOf(world, set)
    const wanted = Array.from({ length: set.spec?.replicas ?? 0 }, (_, ordinal) => `${set.metadata.name}-${ordinal}`)
    // One that finds no room holds up those after it.
    if (own.some(pod => !pod.spec.nodeName)) continue
    yield* same(set, 'pods', own.map(({ metadata }) => metadata.name).sort(), wanted)
    const { status } = set
    yield* same(set, 'status.replicas', status?.replicas, wanted.length)
    yield* same(set, 'status.readyReplicas', status?.readyReplicas, own.filter(isReady).length)
    yield* same(set, 'status.updatedReplicas', status?.updatedReplicas, wanted.length)
    yield* same(set, 'status.currentRevision', status?.currentRevision, status?.updateRevision)
    for (const pod of own)
      if (!status?.updateRevision?.endsWith(pod.metadata.labels?.['controller-revision-hash'] ?? '-'))
        yield `${named(pod)} is not of revision ${status?.updateRevision}`
  }
}

function* daemonSetsAreEverywhere(world: World): Iterable<string> {
  for (const set of world.daemonSets) {
    const own = podsOf(world, set)
    const at = own.map(
      pod =>
        pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms?.[0]
          ?.matchFields?.[0]?.values?.[0],
    )
    const everywhere = world.nodes.map(({ metadata }) => metadata.name)
    yield* same(set, 'nodes', at.sort(), everywhere.sort())
    const { status } = set
    yield* same(set, 'desiredNumberScheduled', status?.desiredNumberScheduled, everywhere.length)
    yield* same(set, 'currentNumberScheduled', status?.currentNumberScheduled, own.length)
    yield* same(set, 'numberMisscheduled', status?.numberMisscheduled, 0)
    yield* same(set, 'numberReady', status?.numberReady, own.filter(isReady).length)
    if (own.every(isReady)) yield* same(set, 'updatedNumberScheduled', status?.updatedNumberScheduled, own.length)
  }
}

function* jobsCounted(world: World, { witness }: Cached): Iterable<string> {
  for (const job of world.jobs) {
    const { spec, status } = job
    const conditions = (status?.conditions ?? []).filter(({ status: is }) => is === 'True').map(({ type }) => type)
    const complete = conditions.includes('Complete')
    if (complete === conditions.includes('Failed')) {
      if (!podsOf(world, job).some(pod => !pod.spec.nodeName))
        yield `${named(job)} has not ended: ${JSON.stringify(status)}`
      continue
    }
    const seen = witness.podsOf(job.metadata.uid!)
    const succeeded = seen.filter(({ phase }) => phase === 'Succeeded').length
    const failed = seen.filter(({ phase }) => phase === 'Failed').length
    const counted = { succeeded: status?.succeeded ?? 0, failed: status?.failed ?? 0 }
    if (complete) yield* same(job, 'status.succeeded', counted.succeeded, spec?.completions)
    if (counted.succeeded > succeeded) yield `${named(job)} counts ${counted.succeeded} successes of ${succeeded}`
    if (counted.succeeded + counted.failed > seen.length)
      yield `${named(job)} counts ${JSON.stringify(counted)} of ${seen.length} pods`
    if (counted.failed < failed) yield `${named(job)} counts ${counted.failed} failures of ${failed}`
    yield* same(job, 'active', status?.active, 0)
    yield* same(job, 'active pods', activeOf(world, job).length, 0)
    const uncounted = status?.uncountedTerminatedPods
    yield* same(job, 'uncounted', (uncounted?.succeeded?.length ?? 0) + (uncounted?.failed?.length ?? 0), 0)
    if (complete && spec?.completionMode === 'Indexed') {
      const last = (spec.completions ?? 1) - 1
      yield* same(job, 'completedIndexes', status?.completedIndexes, last > 1 ? `0-${last}` : last === 1 ? '0,1' : '0')
    }
  }
  for (const pod of world.pods)
    if (isOver(pod) && pod.metadata.finalizers?.includes('batch.kubernetes.io/job-tracking'))
      yield `${named(pod)} was never counted`
}

function* cronJobsKnowTheirJobs(world: World): Iterable<string> {
  for (const cronJob of world.cronJobs) {
    const own = world.jobs.filter(job => controllerOf(job)?.uid === cronJob.metadata.uid)
    yield* same(cronJob, 'active', cronJob.status?.active?.length, 0)
    const done = own.filter(({ status }) => status?.conditions?.some(({ type }) => type === 'Complete')).length
    if (done > (cronJob.spec?.successfulJobsHistoryLimit ?? 3)) yield `${named(cronJob)} keeps ${done} jobs`
  }
}

function* servicesLeadToReadyPods(world: World): Iterable<string> {
  for (const service of world.services) {
    const selector = Object.entries(service.spec?.selector ?? {})
    if (selector.length === 0) continue
    const { namespace, name } = service.metadata
    const ready = world.pods
      .filter(pod => pod.metadata.namespace === namespace && !isOver(pod) && isReady(pod))
      .filter(pod => selector.every(([key, value]) => pod.metadata.labels?.[key] === value))
      .map(pod => pod.status?.podIP)
      .sort()
    const sliced = world.endpointSlices
      .filter(
        ({ metadata }) => metadata.namespace === namespace && metadata.labels?.['kubernetes.io/service-name'] === name,
      )
      .flatMap(slice => slice.endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready)
      .flatMap(({ addresses }) => addresses)
      .sort()
    yield* same(service, 'EndpointSlices', sliced, ready)
    const listed = world.endpoints
      .filter(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
      .flatMap(({ subsets }) => subsets ?? [])
      .flatMap(({ addresses }) => addresses ?? [])
      .map(({ ip }) => ip)
      .sort()
    yield* same(service, 'Endpoints', listed, ready)
  }
}

const milliCpu = (quantity: string | undefined): number =>
  quantity === undefined ? 0 : quantity.endsWith('m') ? Number.parseInt(quantity, 10) : Number(quantity) * 1000
const requested = ({ spec }: Pod): number =>
  spec.containers.reduce((sum, { resources }) => sum + milliCpu(resources?.requests?.['cpu']), 0)
const free = (world: World, node: Node): number =>
  milliCpu(node.status?.allocatable?.['cpu']) -
  world.pods
    .filter(pod => pod.spec.nodeName === node.metadata.name && !isOver(pod))
    .reduce((sum, pod) => sum + requested(pod), 0)

function* podsAreWhereTheyFit(world: World): Iterable<string> {
  const names = new Set(world.nodes.map(({ metadata }) => metadata.name))
  for (const node of world.nodes) if (free(world, node) < 0) yield `${named(node)} holds more than it has`
  for (const pod of world.pods) {
    const { nodeName } = pod.spec
    if (nodeName && !names.has(nodeName)) yield `${named(pod)} is on ${nodeName}, which is gone`
    if (isOver(pod)) continue
    if (nodeName && !isReady(pod)) yield `${named(pod)} is not ready on ${nodeName}`
    const isDaemon = controllerOf(pod)?.kind === 'DaemonSet'
    if (!nodeName && !isDaemon && world.nodes.some(node => free(world, node) >= requested(pod)))
      yield `${named(pod)} waits, though there is room`
  }
}

function* nodesAreReady({ nodes, leases }: World): Iterable<string> {
  for (const node of nodes) {
    const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')?.status
    yield* same(node, 'Ready', ready, 'True')
    for (const { key } of node.spec?.taints ?? []) yield `${named(node)} still has the taint ${key}`
  }
  const heartbeats = leases.filter(({ metadata }) => metadata.namespace === 'kube-node-lease').length
  if (heartbeats !== nodes.length) yield `${heartbeats} node leases for ${nodes.length} nodes`
}

/** What runs on a node is what the API says, with nothing left over. */
async function* runtimesHaveTheirPods(world: World, { nodes }: Cached): AsyncIterable<string> {
  for (const { name, runtime } of nodes) {
    const { items } = await runtime.listPodSandbox({})
    const running = items.filter(({ state }) => state === 'SANDBOX_READY').map(({ metadata }) => metadata!.uid)
    const bound = world.pods.filter(pod => pod.spec.nodeName === name)
    const should = bound.filter(pod => !isOver(pod)).map(({ metadata }) => metadata.uid!)
    const uids = new Set(bound.map(({ metadata }) => metadata.uid!))
    for (const uid of running) if (!uids.has(uid)) yield `${name} runs a pod that is gone: ${uid}`
    if (new Set(running).size !== running.length) yield `${name} runs a pod twice`
    for (const uid of should) if (!running.includes(uid)) yield `${name} does not run ${uid}`
  }
}

function* quotasAndBudgetsAreExact(world: World): Iterable<string> {
  for (const quota of world.resourceQuotas) {
    const used = quota.status?.used
    if (!used) continue
    const { namespace } = quota.metadata
    const inside = (objects: readonly Owned[]) => objects.filter(({ metadata }) => metadata.namespace === namespace)
    const live = inside(world.pods).filter(pod => !isOver(pod as Pod)).length
    if (used['pods'] !== undefined) yield* same(quota, 'used pods', Number(used['pods']), live)
    if (used['configmaps'] !== undefined)
      yield* same(quota, 'used configmaps', Number(used['configmaps']), inside(world.configMaps).length)
  }
  for (const budget of world.podDisruptionBudgets) {
    if (budget.status?.observedGeneration !== budget.metadata.generation) continue
    const app = budget.spec?.selector?.matchLabels?.['app']
    const ready = world.pods.filter(
      pod =>
        pod.metadata.namespace === budget.metadata.namespace &&
        pod.metadata.labels?.['app'] === app &&
        !isOver(pod) &&
        isReady(pod),
    ).length
    yield* same(budget, 'currentHealthy', budget.status?.currentHealthy, ready)
  }
}

const checks: readonly Check[] = [
  nothingIsBeingDeleted,
  ownersExist,
  namespacesAreWhole,
  replicaSetsAreExact,
  deploymentsAreRolledOut,
  statefulSetsAreExact,
  daemonSetsAreEverywhere,
  jobsCounted,
  cronJobsKnowTheirJobs,
  servicesLeadToReadyPods,
  podsAreWhereTheyFit,
  nodesAreReady,
  runtimesHaveTheirPods,
  quotasAndBudgetsAreExact,
]
