// Keeps the EndpointSlices of every Service that selects pods: where its pods are and in which state, a hundred to a slice.
//
// Comes in: Services, pods, nodes (for their zones), the slices as they are. Goes out: slices created, updated, deleted.
// `slice-endpoints.ts` says what a slice tells of a pod, `slice-packing.ts` which endpoint goes where.

import { nodes } from '../../api/core/v1/node.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { type Service, services } from '../../api/core/v1/service.ts'
import {
  type Endpoint,
  type EndpointPort,
  type EndpointSlice,
  endpointSlices,
} from '../../api/discovery/v1/endpointslice.ts'
import { type ControllerContext, controller, controllerReference, watch } from '../../client/controller.ts'
import { keyFor, keyOf } from '../../client/object-key.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
import { hasStatusCause, isNotFound } from '../../machinery/status-error.ts'
import { PendingSlices } from './pending-slices.ts'
import {
  hasPods,
  headlessLabel,
  isHeadless,
  podsOf,
  TriggerTimes,
  triggerTimeAnnotation,
  watchPods,
} from './service-pods.ts'
import { type AddressType, addressTypesOf, endpointOf, endpointPortsOf, portsKey } from './slice-endpoints.ts'
import { managedByLabel, serviceNameLabel } from './slice-labels.ts'
import { pack } from './slice-packing.ts'

const managedBy = 'endpointslice-controller.k8s.io'
const reservedLabels = new Set([serviceNameLabel, managedByLabel, headlessLabel])
const byService = 'service'

interface State {
  readonly pending: PendingSlices
  readonly triggerTimes: TriggerTimes
}

type Context = ControllerContext<State>

/** Only those that this controller made: others mirror Endpoints, or are somebody's own. */
function serviceOf({ metadata }: EndpointSlice): string | undefined {
  const { labels, namespace } = metadata
  const name = labels?.[serviceNameLabel]
  return labels?.[managedByLabel] === managedBy && name !== undefined ? keyFor(namespace, name) : undefined
}

export const endpointSliceController = controller<Service, State>({
  name: 'endpointslice-controller',
  reconciles: services,
  concurrency: 5,
  state: ({ clock }) => ({ pending: new PendingSlices(clock), triggerTimes: new TriggerTimes() }),
  watches: [
    watch<EndpointSlice, State>(endpointSlices, {
      indexers: {
        [byService]: slice => {
          const service = serviceOf(slice)
          return service === undefined ? [] : [service]
        },
      },
      handler: ({ state: { pending } }) => {
        const seen = (slice: EndpointSlice, gone: boolean) => {
          const service = serviceOf(slice)
          if (service !== undefined) pending.seen(service, slice, gone)
        }
        return {
          added: slice => seen(slice, false),
          updated: (before, after) => {
            if (before.metadata.uid !== after.metadata.uid) seen(before, true)
            seen(after, false)
          },
          deleted: slice => seen(slice, true),
        }
      },
      keys: ({ before, after }) =>
        new Set([before, after].flatMap(slice => (slice && serviceOf(slice) !== undefined ? [serviceOf(slice)!] : []))),
    }),
    watchPods(),
    // Only where a pod's node is, and whether it is known, is of interest.
    watch(nodes, {
      keys: ({ before, after }, { lister }) => {
        const zone = 'topology.kubernetes.io/zone'
        if (before && after && before.metadata.labels?.[zone] === after.metadata.labels?.[zone]) return []
        return lister(services).keys()
      },
    }),
  ],
  reconcile,
})

async function reconcile(key: string, context: Context) {
  const { lister, state, events } = context
  const service = lister(services).get(key)
  if (!service || service.metadata.deletionTimestamp) {
    state.pending.forget(key)
    state.triggerTimes.forget(key)
    return undefined
  }
  if (!hasPods(service)) return undefined
  // The informer will say when it has caught up.
  const requeueAfterMs = state.pending.waitMs(key)
  if (requeueAfterMs !== undefined) return { requeueAfterMs }
  try {
    await reconcileSlices(key, service, context)
  } catch (error) {
    if (hasStatusCause(error, 'NamespaceTerminating')) return undefined
    const { namespace, name } = service.metadata
    const message = `Error updating Endpoint Slices for Service ${namespace}/${name}: ${(error as Error).message}`
    events.event(service, 'Warning', 'FailedToUpdateEndpointSlices', message)
    throw error
  }
  return undefined
}

async function reconcileSlices(key: string, service: Service, context: Context): Promise<void> {
  const { lister, state } = context
  const existing = lister(endpointSlices).byIndex(byService, key)
  const selected = podsOf(service, lister(pods))
  const trigger = state.triggerTimes.next(key, service, selected)
  const types = addressTypesOf(service)
  const writes: Promise<void>[] = existing
    .filter(({ addressType }) => !types.includes(addressType as AddressType))
    .map(slice => remove(key, slice, context))
  let missingNode: string | undefined
  for (const addressType of types) {
    const groups = new Map<string, { ports: EndpointPort[]; endpoints: Endpoint[] }>()
    for (const pod of selected) {
      const { nodeName = '' } = pod.spec
      const node = lister(nodes).get(nodeName)
      if (nodeName && !node && !service.spec.publishNotReadyAddresses) {
        missingNode = nodeName
        continue
      }
      const endpoint = endpointOf(pod, node, service, addressType)
      if (!endpoint) continue
      const ports = endpointPortsOf(pod, service)
      const group = groups.get(portsKey(ports))
      if (group) group.endpoints.push(endpoint)
      else groups.set(portsKey(ports), { ports, endpoints: [endpoint] })
    }
    const ofType = existing.filter(slice => slice.addressType === addressType)
    writes.push(...reconcileType(key, service, addressType, groups, ofType, trigger, context))
  }
  const results = await Promise.allSettled(writes)
  const failed = results.find(result => result.status === 'rejected')
  if (failed) throw failed.reason
  // The pod's node may become known yet; until then the pod is left out.
  if (missingNode !== undefined) throw new Error(`node ${JSON.stringify(missingNode)} not found`)
}

function* reconcileType(
  key: string,
  service: Service,
  addressType: AddressType,
  groups: ReadonlyMap<string, { readonly ports: EndpointPort[]; readonly endpoints: Endpoint[] }>,
  existing: readonly EndpointSlice[],
  trigger: string | undefined,
  context: Context,
): Generator<Promise<void>> {
  // A Service without endpoints has one empty slice, so that it can be told from one that nobody has looked at.
  const wanted = groups.size > 0 ? groups : new Map([['', { ports: [], endpoints: [] }]])
  const left = new Set(existing)
  for (const [portsId, { ports, endpoints }] of wanted) {
    const samePorts = existing.filter(slice => portsKey(slice.ports) === portsId)
    for (const slice of samePorts) left.delete(slice)
    const packed = pack(samePorts, endpoints)
    const removed = [...packed.remove]
    if (groups.size === 0) {
      const placeholder = removed.shift()
      if (placeholder)
        yield* relabelled(key, service, placeholder, placeholder.endpoints?.length ? [] : undefined, trigger, context)
      else yield create(key, service, addressType, ports, [], trigger, context)
    }
    for (const slice of removed) yield remove(key, slice, context)
    for (const [slice, changed] of packed.update) yield update(key, service, slice, changed, trigger, context)
    for (const slice of packed.unchanged) yield* relabelled(key, service, slice, undefined, trigger, context)
    for (const created of packed.create) yield create(key, service, addressType, ports, created, trigger, context)
  }
  for (const slice of left) yield remove(key, slice, context)
}

/** A slice whose endpoints stay may still need the Service's new labels. */
function* relabelled(
  key: string,
  service: Service,
  slice: EndpointSlice,
  endpoints: readonly Endpoint[] | undefined,
  trigger: string | undefined,
  context: Context,
): Generator<Promise<void>> {
  if (endpoints || !semanticEqual(slice.metadata.labels, labelsOf(service)))
    yield update(key, service, slice, endpoints ?? slice.endpoints ?? [], trigger, context)
}

function labelsOf(service: Service): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const [name, value] of Object.entries(service.metadata.labels ?? {}))
    if (!reservedLabels.has(name)) labels[name] = value
  if (isHeadless(service)) labels[headlessLabel] = ''
  labels[serviceNameLabel] = service.metadata.name ?? ''
  labels[managedByLabel] = managedBy
  return labels
}

async function create(
  key: string,
  service: Service,
  addressType: AddressType,
  ports: EndpointPort[],
  endpoints: readonly Endpoint[],
  trigger: string | undefined,
  { client, lister, state }: Context,
): Promise<void> {
  const { namespace, name } = service.metadata
  const created = await client
    .resource(endpointSlices)
    .namespace(namespace)
    .create({
      metadata: {
        generateName: `${name}-`,
        namespace,
        labels: labelsOf(service),
        annotations: trigger === undefined ? undefined : { [triggerTimeAnnotation]: trigger },
        ownerReferences: [controllerReference(service, services)],
      },
      addressType,
      endpoints: [...endpoints],
      ports,
    })
  state.pending.wrote(key, created, lister(endpointSlices).get(keyOf(created)))
}

async function update(
  key: string,
  service: Service,
  slice: EndpointSlice,
  endpoints: readonly Endpoint[],
  trigger: string | undefined,
  { client, lister, state }: Context,
): Promise<void> {
  const { [triggerTimeAnnotation]: _, ...annotations } = slice.metadata.annotations ?? {}
  if (trigger !== undefined) annotations[triggerTimeAnnotation] = trigger
  const metadata = { ...slice.metadata, labels: labelsOf(service), annotations }
  const updated = await client.resource(endpointSlices).update({ ...slice, metadata, endpoints: [...endpoints] })
  state.pending.wrote(key, updated, lister(endpointSlices).get(keyOf(updated)))
}

async function remove(key: string, slice: EndpointSlice, { client, state }: Context): Promise<void> {
  const { namespace, name = '' } = slice.metadata
  state.pending.deleted(key, slice)
  try {
    await client.resource(endpointSlices).namespace(namespace).delete(name)
  } catch (error) {
    state.pending.seen(key, slice, true)
    if (!isNotFound(error)) throw error
  }
}
