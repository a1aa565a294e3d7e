// Keeps the EndpointSlices of every Service that selects pods: where its pods are and in which state, a hundred to a slice.
//
// Comes in: Services, pods, nodes (for their zones), the slices as they are. Goes out: slices created, updated, deleted.
// `slice-endpoints.ts` says what a slice tells of a pod, `slice-packing.ts` which endpoint goes where, `topology-hints.ts`
// whom it should serve first.

import { type Node, nodes } from '../../api/core/v1/node.ts'
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
import { errorText } from '../../machinery/error-text.ts'
import { aggregateMessage } from '../../machinery/field-error.ts'
import { hasStatusCause, isNotFound } from '../../machinery/status-error.ts'
import { EndpointSliceMetrics, type SyncTotals } from './endpointslice-metrics.ts'
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
import {
  isReady,
  type SlicePlan,
  sameBeyondHints,
  type TopologyEvent,
  TopologyHints,
  wantsTopologyHints,
  zoneOf,
} from './topology-hints.ts'

const managedBy = 'endpointslice-controller.k8s.io'
const reservedLabels = new Set([serviceNameLabel, managedByLabel, headlessLabel])
const byService = 'service'
const foreignChangeDelayMs = 1000

interface State {
  readonly pending: PendingSlices
  readonly topology: TopologyHints
  readonly triggerTimes: TriggerTimes
  readonly metrics: EndpointSliceMetrics
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
  state: ({ clock, metrics, lister }) => ({
    pending: new PendingSlices(clock),
    topology: new TopologyHints(),
    triggerTimes: new TriggerTimes(),
    metrics: new EndpointSliceMetrics(metrics, function* () {
      const slices = lister(endpointSlices)
      for (const key of lister(services).keys()) {
        const own = slices.byIndex(byService, key)
        if (own.length > 0) yield { service: lister(services).get(key)!, slices: own }
      }
    }),
  }),
  watches: [
    watch<EndpointSlice, State>(endpointSlices, {
      indexers: {
        [byService]: slice => {
          const service = serviceOf(slice)
          return service === undefined ? [] : [service]
        },
      },
      handler: ({ queue, state: { pending } }) => {
        const seen = (slice: EndpointSlice, gone: boolean) => {
          const service = serviceOf(slice)
          if (service === undefined) return
          // Somebody else's change may come again: whoever deletes slices of a service that is gone, for all that is
          // known here, must not be answered with the next slice at once.
          if (pending.waitMs(service) === undefined) queue.addAfter(service, foreignChangeDelayMs)
          else queue.add(service)
          pending.seen(service, slice, gone)
        }
        return {
          added: slice => seen(slice, false),
          updated: (before, after) => {
            if (before.metadata.uid !== after.metadata.uid) seen(before, true)
            else if (serviceOf(before) !== serviceOf(after)) seen(before, false)
            seen(after, false)
          },
          deleted: slice => seen(slice, true),
        }
      },
    }),
    watchPods(),
    watch<Node, State>(nodes, {
      keys: ({ before, after }, { lister, state }) => {
        const moved = !before || !after || zoneOf(before) !== zoneOf(after)
        if (!moved && isReady(before) === isReady(after)) return []
        const overloaded = state.topology.nodesChanged(() => lister(nodes).list())
        // Only where a pod's node is, and whether it is known, concerns all.
        return moved ? lister(services).keys() : overloaded
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
    for (const addressType of ['IPv4', 'IPv6'] as const) state.topology.forget(key, addressType)
    return undefined
  }
  if (!hasPods(service)) return undefined
  // The informer will say when it has caught up.
  const requeueAfterMs = state.pending.waitMs(key)
  if (requeueAfterMs !== undefined) {
    state.metrics.synced('stale')
    return { requeueAfterMs }
  }
  try {
    await reconcileSlices(key, service, context)
    state.metrics.synced('success')
  } catch (error) {
    state.metrics.synced('error')
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
  const totals: SyncTotals = { added: 0, removed: 0 }
  const writes: Promise<void>[] = []
  const told: TopologyEvent[] = []
  for (const slice of existing) {
    const addressType = slice.addressType as AddressType
    if (types.includes(addressType)) continue
    state.topology.forget(key, addressType)
    writes.push(remove(key, slice, context))
  }
  const errors: string[] = []
  for (const addressType of types) {
    const groups = new Map<string, { ports: EndpointPort[]; endpoints: Endpoint[] }>()
    for (const pod of selected) {
      const { nodeName = '' } = pod.spec
      const node = lister(nodes).get(nodeName)
      // It may become known yet; until then the pod is left out.
      if (!node && !service.spec.publishNotReadyAddresses) {
        errors.push(`skipping Pod ${pod.metadata.name} for Service ${key}: Node ${nodeName} Not Found`)
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
    const plan = planOf(service, groups, ofType, totals)
    told.push(...state.topology.reconcile(key, service, addressType, plan))
    writes.push(...carriedOut(key, service, addressType, plan, trigger, context))
  }
  state.metrics.packed(totals)
  const results = await Promise.allSettled(writes)
  for (const { type, reason, message } of told) context.events.event(service, type, reason, message)
  const failed = results.find(result => result.status === 'rejected')
  if (failed) errors.push(errorText(failed.reason))
  else state.metrics.wrote(service, writes.length)
  if (errors.length > 0) throw new Error(aggregateMessage(errors))
}

/** What is to become of the slices of one address type. */
function planOf(
  service: Service,
  groups: ReadonlyMap<string, { readonly ports: EndpointPort[]; readonly endpoints: Endpoint[] }>,
  existing: readonly EndpointSlice[],
  totals: SyncTotals,
): SlicePlan {
  const plan: SlicePlan = { create: [], update: new Map(), unchanged: [], remove: [] }
  const same = wantsTopologyHints(service) ? sameBeyondHints : undefined
  const labels = labelsOf(service)
  const mustChange = (slice: EndpointSlice) => !semanticEqual(slice.metadata.labels, labels)
  const left = new Set(existing)
  for (const [portsId, { ports, endpoints }] of groups) {
    const samePorts = existing.filter(slice => isOf(slice, service) && portsKey(slice.ports) === portsId)
    for (const slice of samePorts) left.delete(slice)
    const packed = pack(samePorts, endpoints, { same, mustChange })
    totals.added += packed.added
    totals.removed += packed.removed
    plan.remove.push(...packed.remove)
    for (const [slice, changed] of packed.update) plan.update.set(slice, changed)
    plan.unchanged.push(...packed.unchanged)
    for (const created of packed.create) plan.create.push({ ports, endpoints: created })
  }
  plan.remove.push(...left)
  // A Service without endpoints has one empty slice, so that it can be told from one that nobody has looked at.
  if (plan.remove.length === existing.length && plan.create.length === 0) {
    const [only] = plan.remove
    const isPlaceholder = only && !only.endpoints?.length && !only.ports?.length
    if (plan.remove.length === 1 && isPlaceholder && isOf(only, service) && !mustChange(only))
      plan.unchanged.push(...plan.remove.splice(0))
    else plan.create.push({ ports: [], endpoints: [] })
  }
  return plan
}

/** One of an earlier Service of that name goes with that Service. */
const isOf = ({ metadata }: EndpointSlice, service: Service): boolean =>
  (metadata.ownerReferences ?? []).some(
    ({ uid, kind, apiVersion }) => uid === service.metadata.uid && kind === 'Service' && apiVersion === 'v1',
  )

interface Contents {
  readonly endpoints: readonly Endpoint[]
  /** Where these change too. */
  readonly ports?: readonly EndpointPort[]
}

/** Slices that would go take what new ones would hold, with other ports too: one write instead of two. */
function usedAgain(plan: SlicePlan, service: Service): Map<EndpointSlice, Contents> {
  const again = new Map<EndpointSlice, Contents>()
  for (const slice of [...plan.remove]) {
    if (!isOf(slice, service)) continue
    const contents = plan.create.pop()
    if (!contents) break
    plan.remove.splice(plan.remove.indexOf(slice), 1)
    again.set(slice, contents)
  }
  return again
}

function* carriedOut(
  key: string,
  service: Service,
  addressType: AddressType,
  plan: SlicePlan,
  trigger: string | undefined,
  context: Context,
): Generator<Promise<void>> {
  for (const [slice, contents] of usedAgain(plan, service))
    yield update(key, service, slice, contents, trigger, context)
  for (const slice of plan.remove) yield remove(key, slice, context)
  for (const [slice, endpoints] of plan.update) yield update(key, service, slice, { endpoints }, trigger, context)
  for (const { ports, endpoints } of plan.create)
    yield create(key, service, addressType, ports, endpoints, trigger, context)
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
  ports: readonly EndpointPort[],
  endpoints: readonly Endpoint[],
  trigger: string | undefined,
  { client, lister, state }: Context,
): Promise<void> {
  const { namespace, name } = service.metadata
  const created: EndpointSlice | undefined = await client
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
      ports: [...ports],
    })
    .catch(error => {
      if (hasStatusCause(error, 'NamespaceTerminating')) return undefined
      throw failure(`create EndpointSlice for Service ${key}`, error)
    })
  if (!created) return
  state.metrics.changed('create')
  state.pending.wrote(key, created, lister(endpointSlices).get(keyOf(created)))
}

async function update(
  key: string,
  service: Service,
  slice: EndpointSlice,
  { endpoints, ports }: Contents,
  trigger: string | undefined,
  { client, lister, state }: Context,
): Promise<void> {
  const { [triggerTimeAnnotation]: _, ...annotations } = slice.metadata.annotations ?? {}
  if (trigger !== undefined) annotations[triggerTimeAnnotation] = trigger
  const metadata = { ...slice.metadata, labels: labelsOf(service), annotations }
  const updated = await client
    .resource(endpointSlices)
    .update({ ...slice, metadata, endpoints: [...endpoints], ...(ports && { ports: [...ports] }) })
    .catch(error => {
      throw failure(`update ${slice.metadata.name} EndpointSlice for Service ${key}`, error)
    })
  state.metrics.changed('update')
  state.pending.wrote(key, updated, lister(endpointSlices).get(keyOf(updated)))
}

async function remove(key: string, slice: EndpointSlice, { client, state }: Context): Promise<void> {
  const { namespace, name = '' } = slice.metadata
  state.pending.deleted(key, slice)
  try {
    await client.resource(endpointSlices).namespace(namespace).delete(name)
    state.metrics.changed('delete')
  } catch (error) {
    state.pending.seen(key, slice, true)
    if (!isNotFound(error)) throw failure(`delete ${name} EndpointSlice for Service ${key}`, error)
  }
}

const failure = (what: string, error: unknown): Error => new Error(`failed to ${what}: ${errorText(error)}`)
