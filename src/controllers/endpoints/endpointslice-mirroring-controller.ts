// Shows Endpoints that somebody else keeps, for a Service without a selector, as EndpointSlices too: proxies read nothing
// else.

import { type EndpointAddress, type EndpointSubset, type Endpoints, endpoints } from '../../api/core/v1/endpoints.ts'
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
import { formatIP, parseIP } from '../../machinery/ip.ts'
import { hasStatusCause, isNotFound } from '../../machinery/status-error.ts'
import { EndpointSliceMirroringMetrics, type MirroringTotals } from './endpointslice-mirroring-metrics.ts'
import { PendingSlices } from './pending-slices.ts'
import { repacked } from './repacked-subsets.ts'
import { hasPods, triggerTimeAnnotation } from './service-pods.ts'
import { type AddressType, familyOf, portsKey } from './slice-endpoints.ts'
import { managedByLabel, serviceNameLabel } from './slice-labels.ts'

const managedBy = 'endpointslicemirroring-controller.k8s.io'
const skipMirrorLabel = 'endpointslice.kubernetes.io/skip-mirror'
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader'
const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration'
const notMirrored = new Set([triggerTimeAnnotation, lastAppliedAnnotation])
/** Upstream's --mirroring-max-endpoints-per-subset. */
const maxPerSubset = 1000
const byService = 'mirrored-service'

interface State {
  readonly pending: PendingSlices
  readonly metrics: EndpointSliceMirroringMetrics
}

type Context = ControllerContext<State>

interface Wanted {
  readonly addressType: AddressType
  readonly ports: readonly EndpointPort[]
  readonly endpoints: Map<string, Endpoint>
}

function serviceOf({ metadata }: EndpointSlice): string | undefined {
  const { labels, namespace } = metadata
  const name = labels?.[serviceNameLabel]
  return labels?.[managedByLabel] === managedBy && name !== undefined ? keyFor(namespace, name) : undefined
}

export const endpointSliceMirroringController = controller<Endpoints, State>({
  name: 'endpointslice-mirroring-controller',
  reconciles: endpoints,
  concurrency: 5,
  state: ({ clock, metrics, lister }) => ({
    pending: new PendingSlices(clock),
    metrics: new EndpointSliceMirroringMetrics(
      metrics,
      () => lister(endpointSlices).list().filter(serviceOf),
      maxPerSubset,
    ),
  }),
  watches: [
    watch<EndpointSlice, State>(endpointSlices, {
      indexers: { [byService]: slice => [serviceOf(slice) ?? []].flat() },
      handler: ({ state: { pending } }) => {
        const seen = (slice: EndpointSlice, gone: boolean) => {
          const service = serviceOf(slice)
          if (service !== undefined) pending.seen(service, slice, gone)
        }
        return {
          added: slice => seen(slice, false),
          updated: (_, slice) => seen(slice, false),
          deleted: slice => seen(slice, true),
        }
      },
      keys: ({ before, after }) =>
        new Set([before, after].flatMap(slice => (slice && serviceOf(slice) !== undefined ? [serviceOf(slice)!] : []))),
    }),
    watch<Service, State>(services, {
      keys: ({ before, after }) => {
        const mirrors = (service: Service | undefined) => !!service && !hasSelector(service)
        return mirrors(before) === mirrors(after) ? [] : [keyOf((after ?? before)!)]
      },
    }),
  ],
  async reconcile(key, context) {
    const { lister, state, clock } = context
    const requeueAfterMs = state.pending.waitMs(key)
    if (requeueAfterMs !== undefined) return { requeueAfterMs }
    const started = clock.monotonic()
    const source = lister(endpoints).get(key)
    const service = lister(services).get(key)
    const existing = lister(endpointSlices).byIndex(byService, key)
    const mirrors = source && isMirrored(source) && service && !hasSelector(service)
    try {
      await write(key, source, mirrors ? wantedOf(source, context) : undefined, existing, context)
    } catch (error) {
      if (!hasStatusCause(error, 'NamespaceTerminating')) throw error
    } finally {
      state.metrics.synced(clock.monotonic() - started)
    }
    return undefined
  },
})

const hasSelector = (service: Service): boolean =>
  hasPods(service) || Object.keys(service.spec.selector ?? {}).length > 0

function isMirrored({ metadata }: Endpoints): boolean {
  const { labels, annotations } = metadata
  return labels?.[skipMirrorLabel] !== 'true' && annotations?.[leaderAnnotation] === undefined
}

function wantedOf(source: Endpoints, { events, state }: Context): Wanted[] {
  const found = new Map<string, Wanted>()
  let invalid = 0
  let skipped = 0
  for (const subset of repacked(source.subsets ?? [])) {
    const ports = portsOf(subset)
    let added = 0
    const total = (subset.addresses?.length ?? 0) + (subset.notReadyAddresses?.length ?? 0)
    const take = (address: EndpointAddress, ready: boolean): void => {
      if (added >= maxPerSubset) return
      const ip = parseIP(address.ip)
      if (!ip) {
        invalid++
        return
      }
      added++
      const text = formatIP(ip.bytes)
      const addressType = familyOf(text)
      const id = `${addressType} ${portsKey(ports)}`
      const wanted = found.get(id) ?? { addressType, ports, endpoints: new Map() }
      found.set(id, wanted)
      const endpoint = endpointOf({ ...address, ip: text }, ready)
      wanted.endpoints.set(identityOf(endpoint), endpoint)
    }
    for (const address of subset.addresses ?? []) take(address, true)
    for (const address of subset.notReadyAddresses ?? []) take(address, false)
    skipped += total - added
  }
  state.metrics.skipped(skipped)
  if (invalid > 0)
    events.event(
      source,
      'Warning',
      'InvalidIPAddress',
      `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`,
    )
  if (skipped > invalid)
    events.event(
      source,
      'Warning',
      'TooManyAddressesToMirror',
      `A max of ${maxPerSubset} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`,
    )
  return [...found.values()]
}

const identityOf = ({ addresses, hostname = '', targetRef }: Endpoint): string =>
  `${addresses[0]}|${hostname}|${targetRef?.namespace}/${targetRef?.name}`

function portsOf({ ports }: EndpointSubset): EndpointPort[] {
  return (ports ?? []).map(({ name = '', port, protocol = 'TCP', appProtocol }) => ({
    name,
    port,
    protocol,
    ...(appProtocol !== undefined && { appProtocol }),
  }))
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname && { hostname }),
    ...(nodeName && { nodeName }),
    ...(targetRef && { targetRef }),
  }
}

/** What is to be written. */
interface Plan {
  readonly create: Wanted[]
  readonly update: { readonly slice: EndpointSlice; readonly wanted: Wanted }[]
  readonly remove: EndpointSlice[]
}

/** One slice for the ports of one family; a slice that is no longer needed is used for another before one is made. */
function planOf(
  source: Endpoints,
  wanted: readonly Wanted[],
  existing: readonly EndpointSlice[],
  totals: MirroringTotals,
): Plan {
  const plan: Plan = { create: [], update: [], remove: [...existing] }
  const take = (fits: (slice: EndpointSlice) => boolean): EndpointSlice | undefined => {
    const index = plan.remove.findIndex(fits)
    return index < 0 ? undefined : plan.remove.splice(index, 1)[0]
  }
  for (const each of wanted) {
    const { addressType, ports, endpoints: found } = each
    const slice = take(one => one.addressType === addressType && portsKey(one.ports) === portsKey(ports))
    if (!slice) {
      totals.added += found.size
      plan.create.push(each)
    } else if (count(slice, found, totals) || !describes(slice, source)) plan.update.push({ slice, wanted: each })
  }
  const create = plan.create.splice(0)
  for (const each of create) {
    const slice = take(({ addressType }) => addressType === each.addressType)
    if (slice) plan.update.push({ slice, wanted: each })
    else plan.create.push(each)
  }
  return plan
}

/** Adds up how the slice's endpoints differ from those wanted; answers whether they do. */
function count(slice: EndpointSlice, wanted: ReadonlyMap<string, Endpoint>, totals: MirroringTotals): boolean {
  let [matching, updated, removed] = [0, 0, 0]
  for (const endpoint of slice.endpoints ?? []) {
    const now = wanted.get(identityOf(endpoint))
    if (!now) removed++
    else {
      matching++
      if (!semanticEqual(comparable(now), comparable(endpoint))) updated++
    }
  }
  const added = wanted.size - matching
  totals.added += added
  totals.updated += updated
  totals.removed += removed
  return added + updated + removed > 0
}

/** Whether what is beside the endpoints is true of the Endpoints, which may be others of that name by now. */
function describes({ metadata }: EndpointSlice, source: Endpoints): boolean {
  const { labels, annotations } = metadataOf(source)
  const { name, uid } = source.metadata
  const owners = metadata.ownerReferences ?? []
  return (
    semanticEqual(metadata.labels, labels) &&
    semanticEqual(metadata.annotations ?? {}, annotations) &&
    !owners.some(owner => owner.kind === 'Endpoints' && owner.name === name && owner.uid !== uid)
  )
}

/** `wanted` is absent where nothing is to be mirrored. */
async function write(
  key: string,
  source: Endpoints | undefined,
  wanted: readonly Wanted[] | undefined,
  existing: readonly EndpointSlice[],
  { client, lister, state }: Context,
): Promise<void> {
  const { pending, metrics } = state
  const totals: MirroringTotals = { added: 0, updated: 0, removed: 0 }
  const { create, update, remove }: Plan = wanted
    ? planOf(source!, wanted, existing, totals)
    : { create: [], update: [], remove: [...existing] }
  if (wanted) metrics.mirrored(totals)
  const resource = client.resource(endpointSlices).namespace(key.split('/')[0])
  const remember = (slice: EndpointSlice) => pending.wrote(key, slice, lister(endpointSlices).get(keyOf(slice)))
  const contentOf = ({ ports, endpoints: found }: Wanted) => ({ ports: [...ports], endpoints: [...found.values()] })
  for (const each of create) {
    const { namespace, name } = source!.metadata
    const metadata = { generateName: `${name}-`, namespace, ...metadataOf(source!) }
    remember(await resource.create({ metadata, addressType: each.addressType, ...contentOf(each) }))
    metrics.changed('create')
  }
  for (const each of update) {
    const metadata = { ...each.slice.metadata, ...metadataOf(source!) }
    remember(await resource.update({ ...each.slice, metadata, ...contentOf(each.wanted) }))
    metrics.changed('update')
  }
  for (const slice of remove) {
    pending.deleted(key, slice)
    try {
      await resource.delete(slice.metadata.name!)
      if (wanted) metrics.changed('delete')
    } catch (error) {
      pending.seen(key, slice, true)
      if (!isNotFound(error)) throw error
    }
  }
}

/** The fields in one order, whoever has written them. */
function comparable({ addresses, conditions, hostname, nodeName, targetRef }: Endpoint): Endpoint {
  const { kind, namespace, name, uid } = targetRef ?? {}
  return {
    addresses,
    conditions: { ready: conditions?.ready },
    hostname,
    nodeName,
    ...(targetRef && { targetRef: { kind, namespace, name, uid } }),
  }
}

function metadataOf(source: Endpoints) {
  const { metadata } = source
  const labels = { ...metadata.labels, [serviceNameLabel]: metadata.name!, [managedByLabel]: managedBy }
  const annotations: Record<string, string> = {}
  for (const [name, value] of Object.entries(metadata.annotations ?? {}))
    if (!notMirrored.has(name)) annotations[name] = value
  return { labels, annotations, ownerReferences: [controllerReference(source, endpoints)] }
}
