// Keeps the Endpoints object of every Service that selects pods: the older form of EndpointSlices, one object for all
// addresses, for clients that still read it.

import {
  type EndpointAddress,
  type EndpointPort,
  type EndpointSubset,
  type Endpoints,
  endpoints,
} from '../../api/core/v1/endpoints.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { type Service, services } from '../../api/core/v1/service.ts'
import { type ControllerContext, controller, watch } from '../../client/controller.ts'
import { keyOf } from '../../client/object-key.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
import { hasStatusCause, isNotFound } from '../../machinery/status-error.ts'
import { isPodReady } from '../pod-status.ts'
import { withinCapacity } from './endpoints-capacity.ts'
import {
  addressesOf,
  hasPods,
  headlessLabel,
  hostnameOf,
  isHeadless,
  podReference,
  podsOf,
  portOf,
  TriggerTimes,
  triggerTimeAnnotation,
  watchPods,
} from './service-pods.ts'
import { addressTypesOf, familyOf } from './slice-endpoints.ts'

const managedByLabel = 'endpoints.kubernetes.io/managed-by'
const managedBy = 'endpoint-controller'
const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity'

interface State {
  readonly triggerTimes: TriggerTimes
}

export const endpointsController = controller<Service, State>({
  name: 'endpoints-controller',
  reconciles: services,
  concurrency: 5,
  state: () => ({ triggerTimes: new TriggerTimes() }),
  watches: [
    watch<Endpoints, State>(endpoints, {
      // Services have the same name; one whose Endpoints somebody took away gets them back.
      keys: ({ before, after }) => (after ? [] : [keyOf(before!)]),
    }),
    watchPods(),
  ],
  async reconcile(key, context) {
    const { client, lister, state } = context
    const service = lister(services).get(key)
    const current = lister(endpoints).get(key)
    if (!service) {
      state.triggerTimes.forget(key)
      if (!current) return
      const { namespace, name = '' } = current.metadata
      try {
        await client.resource(endpoints).namespace(namespace).delete(name)
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
      return
    }
    if (!hasPods(service)) return
    const selected = podsOf(service, lister(pods))
    const trigger = state.triggerTimes.next(key, service, selected)
    await write(service, current, subsetsOf(service, selected), trigger, context)
  },
})

async function write(
  service: Service,
  current: Endpoints | undefined,
  all: EndpointSubset[],
  trigger: string | undefined,
  { client, events }: ControllerContext<State>,
): Promise<void> {
  const { name = '', namespace } = service.metadata
  const labels: Record<string, string> = { ...service.metadata.labels, [managedByLabel]: managedBy }
  if (isHeadless(service)) labels[headlessLabel] = ''
  else delete labels[headlessLabel]
  const { subsets, truncated } = withinCapacity(all)
  const overCapacity = current?.metadata.annotations?.[overCapacityAnnotation] === 'truncated'
  if (
    current &&
    semanticEqual(current.subsets, subsets) &&
    semanticEqual(current.metadata.labels, labels) &&
    overCapacity === truncated
  )
    return
  const {
    [triggerTimeAnnotation]: _,
    [overCapacityAnnotation]: __,
    ...annotations
  } = current?.metadata.annotations ?? {}
  if (trigger !== undefined) annotations[triggerTimeAnnotation] = trigger
  if (truncated) annotations[overCapacityAnnotation] = 'truncated'
  try {
    const resource = client.resource(endpoints).namespace(namespace)
    if (current) await resource.update({ ...current, metadata: { ...current.metadata, labels, annotations }, subsets })
    else await resource.create({ metadata: { name, namespace, labels, annotations }, subsets })
  } catch (error) {
    if (hasStatusCause(error, 'NamespaceTerminating')) return
    const [reason, verb] = current ? ['FailedToUpdateEndpoint', 'update'] : ['FailedToCreateEndpoint', 'create']
    const message = `Failed to ${verb} endpoint for service ${namespace}/${name}: ${(error as Error).message}`
    events.event(current ?? service, 'Warning', reason, message)
    throw error
  }
}

/** Addresses with the same ports stand together. */
export function subsetsOf(service: Service, selected: readonly Pod[]): EndpointSubset[] {
  const [family] = addressTypesOf(service)
  const tolerant = service.spec.publishNotReadyAddresses ?? false
  const groups = new Map<string, { ports: EndpointPort[]; ready: EndpointAddress[]; notReady: EndpointAddress[] }>()
  for (const pod of selected) {
    if (pod.metadata.deletionTimestamp && !tolerant) continue
    const ip = addressesOf(pod).find(address => familyOf(address) === family)
    if (ip === undefined) continue
    const ports = portsOf(pod, service)
    if (ports.length === 0 && !(isHeadless(service) && (service.spec.ports ?? []).length === 0)) continue
    const id = JSON.stringify(ports)
    let group = groups.get(id)
    if (!group) {
      group = { ports, ready: [], notReady: [] }
      groups.set(id, group)
    }
    const { nodeName } = pod.spec
    const hostname = hostnameOf(pod, service)
    const address = { ip, ...(hostname && { hostname }), ...(nodeName && { nodeName }), targetRef: podReference(pod) }
    ;(tolerant || isPodReady(pod) ? group.ready : group.notReady).push(address)
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { ports, ready, notReady }]) => ({
      ...(ready.length > 0 && { addresses: ready.sort(byAddress) }),
      ...(notReady.length > 0 && { notReadyAddresses: notReady.sort(byAddress) }),
      ...(ports.length > 0 && { ports }),
    }))
}

function portsOf(pod: Pod, service: Service): EndpointPort[] {
  const ports: EndpointPort[] = []
  for (const servicePort of service.spec.ports ?? []) {
    const port = portOf(pod, servicePort)
    if (port === undefined) continue
    const { name, protocol = 'TCP', appProtocol } = servicePort
    ports.push({ ...(name && { name }), port, protocol, ...(appProtocol !== undefined && { appProtocol }) })
  }
  return ports.sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1))
}

function byAddress(a: EndpointAddress, b: EndpointAddress): number {
  return a.ip < b.ip ? -1 : a.ip > b.ip ? 1 : 0
}
