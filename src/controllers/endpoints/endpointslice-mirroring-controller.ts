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
import { type ControllerContext, controller, watch } from '../../client/controller.ts'
import { keyFor, keyOf } from '../../client/object-key.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
import { parseIP } from '../../machinery/ip.ts'
import { hasStatusCause, isNotFound } from '../../machinery/status-error.ts'
import { PendingSlices } from './pending-slices.ts'
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
  state: ({ clock }) => ({ pending: new PendingSlices(clock) }),
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
    const { lister, state } = context
    const requeueAfterMs = state.pending.waitMs(key)
    if (requeueAfterMs !== undefined) return { requeueAfterMs }
    const source = lister(endpoints).get(key)
    const service = lister(services).get(key)
    const existing = lister(endpointSlices).byIndex(byService, key)
    const mirrors = source && isMirrored(source) && service && !hasSelector(service)
    try {
      await write(key, source, mirrors ? wantedOf(source, context) : [], existing, context)
    } catch (error) {
      if (!hasStatusCause(error, 'NamespaceTerminating')) throw error
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

function wantedOf(source: Endpoints, { events }: Context): Wanted[] {
  const found = new Map<string, Wanted>()
  let invalid = 0
  let skipped = 0
  for (const subset of source.subsets ?? []) {
    const ports = portsOf(subset)
    let added = 0
    const total = (subset.addresses?.length ?? 0) + (subset.notReadyAddresses?.length ?? 0)
    const take = (address: EndpointAddress, ready: boolean): void => {
      if (added >= maxPerSubset) return
      if (!parseIP(address.ip)) {
        invalid++
        return
      }
      added++
      const addressType = familyOf(address.ip)
      const id = `${addressType} ${portsKey(ports)}`
      const wanted = found.get(id) ?? { addressType, ports, endpoints: new Map() }
      found.set(id, wanted)
      wanted.endpoints.set(identity(address), endpointOf(address, ready))
    }
    for (const address of subset.addresses ?? []) take(address, true)
    for (const address of subset.notReadyAddresses ?? []) take(address, false)
    skipped += total - added
  }
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

const identity = ({ ip, hostname = '', targetRef }: EndpointAddress): string =>
  `${ip}|${hostname}|${targetRef?.namespace}/${targetRef?.name}`

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

/** One slice for the ports of one family; a slice that is no longer needed is used for another before one is made. */
async function write(
  key: string,
  source: Endpoints | undefined,
  wanted: readonly Wanted[],
  existing: readonly EndpointSlice[],
  { client, lister, state }: Context,
): Promise<void> {
  const left = [...existing]
  const resource = client.resource(endpointSlices).namespace(key.split('/')[0])
  const remember = (slice: EndpointSlice) => state.pending.wrote(key, slice, lister(endpointSlices).get(keyOf(slice)))
  for (const { addressType, ports, endpoints: found } of wanted) {
    const index = left.findIndex(
      slice => slice.addressType === addressType && portsKey(slice.ports) === portsKey(ports),
    )
    const [slice] = index < 0 ? [] : left.splice(index, 1)
    const { labels, annotations } = metadataOf(source!)
    const all = [...found.values()]
    if (!slice) {
      const { namespace, name, uid } = source!.metadata
      const owner = {
        apiVersion: 'v1',
        kind: 'Endpoints',
        name: name!,
        uid: uid!,
        controller: true,
        blockOwnerDeletion: true,
      }
      const metadata = { generateName: `${name}-`, namespace, labels, annotations, ownerReferences: [owner] }
      remember(await resource.create({ metadata, addressType, ports: [...ports], endpoints: all }))
      continue
    }
    const texts = (list: readonly Endpoint[]) => list.map(endpoint => JSON.stringify(endpoint)).sort()
    const same =
      semanticEqual(texts((slice.endpoints ?? []).map(comparable)), texts(all.map(comparable))) &&
      semanticEqual(slice.metadata.labels, labels) &&
      semanticEqual(slice.metadata.annotations ?? {}, annotations)
    if (same) continue
    const metadata = { ...slice.metadata, labels, annotations }
    remember(await resource.update({ ...slice, metadata, ports: [...ports], endpoints: all }))
  }
  for (const slice of left) {
    state.pending.deleted(key, slice)
    try {
      await resource.delete(slice.metadata.name!)
    } catch (error) {
      state.pending.seen(key, slice, true)
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

function metadataOf({ metadata }: Endpoints) {
  const labels = { ...metadata.labels, [serviceNameLabel]: metadata.name!, [managedByLabel]: managedBy }
  const annotations: Record<string, string> = {}
  for (const [name, value] of Object.entries(metadata.annotations ?? {}))
    if (!notMirrored.has(name)) annotations[name] = value
  return { labels, annotations }
}
