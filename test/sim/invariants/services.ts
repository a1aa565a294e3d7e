// Services lead to the pods that are ready, at addresses of their own.

import { type Check, isOver, isReady, named, same, type World } from './world.ts'

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

function* addressesAreTheServices(world: World): Iterable<string> {
  const taken = new Map<string, string>()
  const ports = new Map<number, string>()
  for (const service of world.services) {
    for (const address of service.spec?.clusterIPs ?? []) {
      if (address === 'None') continue
      if (taken.has(address)) yield `${named(service)} has the address of ${taken.get(address)}`
      taken.set(address, `${service.metadata.namespace}/${service.metadata.name}`)
    }
    for (const { nodePort } of service.spec?.ports ?? []) {
      if (!nodePort) continue
      if (ports.has(nodePort)) yield `${named(service)} has the node port of ${ports.get(nodePort)}`
      ports.set(nodePort, named(service))
    }
  }
  for (const address of world.ipAddresses) {
    const { namespace, name } = address.spec?.parentRef ?? {}
    if (taken.get(address.metadata.name!) !== `${namespace}/${name}`)
      yield `${named(address)} is kept for ${namespace}/${name}, which has another`
    taken.delete(address.metadata.name!)
  }
  for (const [address, service] of taken) yield `the address ${address} of ${service} is not taken`
}

function* budgetsAreExact(world: World): Iterable<string> {
  for (const budget of world.podDisruptionBudgets) {
    const { spec, status } = budget
    if (status?.observedGeneration !== budget.metadata.generation) continue
    const app = spec?.selector?.matchLabels?.['app']
    const ready = world.pods.filter(
      pod =>
        pod.metadata.namespace === budget.metadata.namespace &&
        pod.metadata.labels?.['app'] === app &&
        !isOver(pod) &&
        isReady(pod),
    ).length
    yield* same(budget, 'currentHealthy', status?.currentHealthy, ready)
    const allowed = status?.expectedPods ? Math.max(0, ready - (status?.desiredHealthy ?? 0)) : 0
    yield* same(budget, 'disruptionsAllowed', status?.disruptionsAllowed, allowed)
    yield* same(budget, 'disruptedPods', Object.keys(status?.disruptedPods ?? {}), [])
  }
}

export const serviceChecks: readonly Check[] = [servicesLeadToReadyPods, addressesAreTheServices, budgetsAreExact]
