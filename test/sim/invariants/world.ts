// One reading of the cluster, and how to look at it.

import { customResourceDefinitions } from '../../../src/api/apiextensions/v1/customresourcedefinition.ts'
import { controllerRevisions } from '../../../src/api/apps/v1/controllerrevision.ts'
import { daemonSets } from '../../../src/api/apps/v1/daemonset.ts'
import { deployments } from '../../../src/api/apps/v1/deployment.ts'
import { replicaSets } from '../../../src/api/apps/v1/replicaset.ts'
import { statefulSets } from '../../../src/api/apps/v1/statefulset.ts'
import { horizontalPodAutoscalers } from '../../../src/api/autoscaling/v2/horizontalpodautoscaler.ts'
import { cronJobs } from '../../../src/api/batch/v1/cronjob.ts'
import { jobs } from '../../../src/api/batch/v1/job.ts'
import { leases } from '../../../src/api/coordination/v1/lease.ts'
import { configMaps } from '../../../src/api/core/v1/configmap.ts'
import { endpoints } from '../../../src/api/core/v1/endpoints.ts'
import { namespaces } from '../../../src/api/core/v1/namespace.ts'
import { nodes } from '../../../src/api/core/v1/node.ts'
import { persistentVolumes } from '../../../src/api/core/v1/persistentvolume.ts'
import { persistentVolumeClaims } from '../../../src/api/core/v1/persistentvolumeclaim.ts'
import { type Pod, pods } from '../../../src/api/core/v1/pod.ts'
import { replicationControllers } from '../../../src/api/core/v1/replicationcontroller.ts'
import { resourceQuotas } from '../../../src/api/core/v1/resourcequota.ts'
import { secrets } from '../../../src/api/core/v1/secret.ts'
import { services } from '../../../src/api/core/v1/service.ts'
import { serviceAccounts } from '../../../src/api/core/v1/serviceaccount.ts'
import { endpointSlices } from '../../../src/api/discovery/v1/endpointslice.ts'
import { ipAddresses } from '../../../src/api/networking/v1/ipaddress.ts'
import { podDisruptionBudgets } from '../../../src/api/policy/v1/poddisruptionbudget.ts'
import type { ResourceDeclaration } from '../../../src/api/resource.ts'
import { priorityClasses } from '../../../src/api/scheduling/v1/priorityclass.ts'
import type { Client } from '../../../src/client/client.ts'
import type { ContainerRuntime } from '../../../src/kubelet/runtime/container-runtime.ts'
import { isNotFound } from '../../../src/machinery/status-error.ts'
import type { JobWitness } from '../job-witness.ts'
import { widgets } from '../widgets.ts'

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
  replicationControllers,
  statefulSets,
  horizontalPodAutoscalers,
  cronJobs,
  jobs,
  leases,
  configMaps,
  customResourceDefinitions,
  endpoints,
  namespaces,
  nodes,
  persistentVolumes,
  persistentVolumeClaims,
  pods,
  resourceQuotas,
  secrets,
  serviceAccounts,
  services,
  endpointSlices,
  ipAddresses,
  podDisruptionBudgets,
  priorityClasses,
  widgets,
}

type Read = typeof read
type ObjectOf<D> = D extends ResourceDeclaration<infer T> ? T : never
export type World = { readonly [K in keyof Read]: readonly ObjectOf<Read[K]>[] } & { readonly all: readonly Owned[] }

export interface Owned {
  readonly kind?: string
  readonly metadata: Pod['metadata']
}

/** Answers what is wrong, one line each. */
export type Check = (world: World, cached: Cached) => Iterable<string> | AsyncIterable<string>

export async function readWorld(client: Client): Promise<World> {
  const lists = await Promise.all(
    Object.entries(read).map(async ([key, resource]) => {
      const declaration = resource as ResourceDeclaration<Owned>
      const list = client.resource(declaration).list()
      // Custom resources may not be served.
      const { items } = await list.catch(error => (isNotFound(error) ? { items: [] } : Promise.reject(error)))
      return [key, items] as const
    }),
  )
  return { ...Object.fromEntries(lists), all: lists.flatMap(([, items]) => items) } as unknown as World
}

export const named = ({ kind, metadata }: Owned): string => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
export const isOver = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'
export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
export const controllerOf = ({ metadata }: Owned) => metadata.ownerReferences?.find(({ controller }) => controller)
export const podsOf = (world: World, { metadata }: Owned): Pod[] =>
  world.pods.filter(pod => controllerOf(pod)?.uid === metadata.uid)
export const activeOf = (world: World, owner: Owned): Pod[] => podsOf(world, owner).filter(pod => !isOver(pod))
/** Those of the same namespace that are labelled so. */
export const selected = (world: World, { metadata }: Owned, labels: Readonly<Record<string, string>> = {}): Pod[] =>
  world.pods.filter(
    pod =>
      pod.metadata.namespace === metadata.namespace &&
      Object.entries(labels).every(([key, value]) => pod.metadata.labels?.[key] === value),
  )

/** Compares, and says so where they differ. */
export function* same(whose: Owned, what: string, is: unknown, shouldBe: unknown): Iterable<string> {
  const [one, other] = [JSON.stringify(is ?? 0), JSON.stringify(shouldBe ?? 0)]
  if (one !== other) yield `${named(whose)}: ${what} is ${one}, should be ${other}`
}

export const milliCpu = (quantity: string | undefined): number =>
  quantity === undefined ? 0 : quantity.endsWith('m') ? Number.parseInt(quantity, 10) : Number(quantity) * 1000
export const requestedCpu = ({ spec }: Pod): number =>
  spec.containers.reduce((sum, { resources }) => sum + milliCpu(resources?.requests?.['cpu']), 0)
