// Keeps the Endpoints object of every Service that selects pods: the older form of EndpointSlices, one object for all
// addresses, for clients that still read it.

import { type EndpointPort, type EndpointSubset, type Endpoints, endpoints } from '../../api/core/v1/endpoints.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { type Service, services } from '../../api/core/v1/service.ts'
import { type ControllerContext, controller, watch } from '../../client/controller.ts'
import { keyOf } from '../../client/object-key.ts'
import { semanticEqual } from '../../machinery/deep-equal.ts'
import { errorText } from '../../machinery/error-text.ts'
import { hasStatusCause, isNotFound } from '../../machinery/status-error.ts'
import { isPodReady } from '../pod-status.ts'
import { withinCapacity } from './endpoints-capacity.ts'
import { repacked } from './repacked-subsets.ts'
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
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader'
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
      // Those of Services that went while nobody looked go now. Locks are nobody's Service.
      handler: ({ queue }) => ({
        added: (found, initial) => {
          if (initial && found.metadata.annotations?.[leaderAnnotation] === undefined) queue.add(keyOf(found))
        },
      }),
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
    const [reason, what] = current
      ? ['FailedToUpdateEndpoint', 'update endpoint']
      : ['FailedToCreateEndpoint', 'create endpoint for service']
    const message = `Failed to ${what} ${namespace}/${name}: ${errorText(error)}`
    events.event(current ?? { apiVersion: 'v1', kind: 'Endpoints', name }, 'Warning', reason, message)
    throw error
  }
}

export function subsetsOf(service: Service, selected: readonly Pod[]): EndpointSubset[] {
  const [family] = addressTypesOf(service)
  const tolerant = service.spec.publishNotReadyAddresses ?? false
  const subsets: EndpointSubset[] = []
  for (const pod of selected) {
    if (pod.metadata.deletionTimestamp && !tolerant) continue
    const ip = addressesOf(pod).find(address => familyOf(address) === family)
    if (ip === undefined) continue
    const ports = portsOf(pod, service)
    if (ports.length === 0 && !(isHeadless(service) && (service.spec.ports ?? []).length === 0)) continue
    const { nodeName } = pod.spec
    const hostname = hostnameOf(pod, service)
    const address = { ip, ...(hostname && { hostname }), ...(nodeName && { nodeName }), targetRef: podReference(pod) }
    subsets.push({ [tolerant || isPodReady(pod) ? 'addresses' : 'notReadyAddresses']: [address], ports })
  }
  return repacked(subsets)
}

function portsOf(pod: Pod, service: Service): EndpointPort[] {
  const ports: EndpointPort[] = []
  for (const servicePort of service.spec.ports ?? []) {
    const port = portOf(pod, servicePort)
    if (port === undefined) continue
    const { name, protocol = 'TCP', appProtocol } = servicePort
    ports.push({ ...(name && { name }), port, protocol, ...(appProtocol !== undefined && { appProtocol }) })
  }
  return ports
}
