// A load balancer for clusters that have no cloud: the addresses of the nodes are those of the Service, and every node's
// proxy leads what comes to them to the pods. Of two Services with the same port the older one has it; the other waits.
//
// Services with a loadBalancerClass are somebody else's. (Upstream has no such controller: clouds bring theirs, whose
// events these are.)

import { type Node, nodes } from '../../api/core/v1/node.ts'
import { type Service, services } from '../../api/core/v1/service.ts'
import { type ControllerContext, controller, watch } from '../../client/controller.ts'
import { keyOf } from '../../client/object-key.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import { familyOf } from '../endpoints/slice-endpoints.ts'

const excludeLabel = 'node.kubernetes.io/exclude-from-external-load-balancers'

export const serviceLBController = controller<Service>({
  name: 'service-lb-controller',
  reconciles: services,
  watches: [
    // A port that becomes free, or is taken, concerns all.
    watch(services, {
      keys: ({ before, after }, { lister }) =>
        before && after && deepEqual(before.spec, after.spec) ? [] : balanced(lister(services).list()).map(keyOf),
    }),
    watch(nodes, {
      keys: ({ before, after }, { lister }) =>
        deepEqual(before && factsOf(before), after && factsOf(after))
          ? []
          : balanced(lister(services).list()).map(keyOf),
    }),
  ],
  reconcile,
})

/** The addresses are checked for by what a node is, not by what it reports every few seconds. */
const factsOf = (node: Node) => [isUsable(node), addressesOf(node)]

const isOurs = ({ spec, metadata }: Service): boolean =>
  spec.type === 'LoadBalancer' && !spec.loadBalancerClass && !metadata.deletionTimestamp

function balanced(all: readonly Service[]): Service[] {
  const key = ({ metadata }: Service) => `${metadata.creationTimestamp} ${metadata.namespace}/${metadata.name}`
  return all.filter(isOurs).sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

function isUsable({ metadata, status }: Node): boolean {
  const ready = status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
  return ready && !metadata.deletionTimestamp && metadata.labels?.[excludeLabel] === undefined
}

/** What the node is reached by from outside; its internal addresses where it has no others. */
function addressesOf({ status }: Node): string[] {
  const of = (wanted: string) =>
    (status.addresses ?? []).filter(({ type }) => type === wanted).map(({ address }) => address)
  const external = of('ExternalIP')
  return external.length > 0 ? external : of('InternalIP')
}

async function reconcile(key: string, { lister, client, events }: ControllerContext): Promise<void> {
  const service = lister(services).get(key)
  if (!service || !isOurs(service)) return
  const present = service.status.loadBalancer?.ingress ?? []
  const { taken, owner } = conflictOf(service, lister(services).list())
  if (taken !== undefined && present.length === 0) {
    const message = `Error syncing load balancer: failed to ensure load balancer: port ${taken} of the nodes is taken by Service ${owner}`
    events.event(service, 'Warning', 'SyncLoadBalancerFailed', message)
    return
  }
  const families = service.spec.ipFamilies ?? ['IPv4']
  const addresses = lister(nodes)
    .list()
    .filter(isUsable)
    .flatMap(addressesOf)
    .filter(address => families.includes(familyOf(address)))
  const wanted = taken === undefined ? [...new Set(addresses)].sort() : []
  if (deepEqual(present.map(({ ip }) => ip).sort(), wanted)) return
  if (present.length === 0) events.event(service, 'Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer')
  const ingress = wanted.map(ip => ({ ip, ipMode: 'VIP' }))
  try {
    await client.resource(services).updateStatus({
      ...service,
      status: { ...service.status, loadBalancer: { ...(ingress.length > 0 && { ingress }) } },
    })
  } catch (error) {
    if (isNotFound(error)) return
    throw error
  }
  if (present.length === 0) events.event(service, 'Normal', 'EnsuredLoadBalancer', 'Ensured load balancer')
}

/** The first port that a Service has which comes before this one. */
function conflictOf(service: Service, all: readonly Service[]): { taken?: string; owner?: string } {
  const portsOf = ({ spec }: Service) => (spec.ports ?? []).map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`)
  const mine = new Set(portsOf(service))
  for (const other of balanced(all)) {
    if (keyOf(other) === keyOf(service)) return {}
    const taken = portsOf(other).find(port => mine.has(port))
    if (taken !== undefined) return { taken, owner: keyOf(other) }
  }
  return {}
}
