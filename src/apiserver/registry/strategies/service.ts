// Services: their addresses and ports are allocated before anything else looks at them; what an update leaves out stays
// as it was, and what a change of type makes meaningless is dropped.

import {
  trafficPolicies,
  validateService,
  validateServiceStatusUpdate,
  validateServiceUpdate,
} from '../../../api/core/v1/service.validation.ts'
import { serviceWarnings } from '../../../api/core/v1/service.warnings.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { nameIsDNSLabel } from '../../../machinery/validation/names.ts'
import { hasNodePorts, needsHealthCheck, serviceAllocators } from '../service-allocation/service-allocators.ts'
import type { Strategy } from '../strategy.ts'

type Spec = Record<string, any>

const hasAddress = (of: Spec): boolean => of['type'] !== 'ExternalName'
const same = (one: unknown, other: unknown): boolean => JSON.stringify(one ?? null) === JSON.stringify(other ?? null)

/** clusterIP and clusterIPs say the same; a client that only knows the first may leave out or change only that. */
function normalizeClusterIPs(service: KubeObject, old: KubeObject | undefined): void {
  const of: Spec = service['spec']
  const before: Spec | undefined = old?.['spec']
  if (!before) {
    if (of['clusterIP'] && !of['clusterIPs']?.length) of['clusterIPs'] = [of['clusterIP']]
    return
  }
  // Clearing the first clears both; changing only the first changes both.
  if (same(of['clusterIPs'], before['clusterIPs']) && (of['clusterIP'] ?? '') !== (before['clusterIP'] ?? '')) {
    if (!of['clusterIP']) delete of['clusterIPs']
    else of['clusterIPs'] = [of['clusterIP'], ...(of['clusterIPs'] ?? []).slice(1)]
  } else if (of['clusterIP'] && !of['clusterIPs']?.length && of['clusterIP'] !== before['clusterIP']) {
    of['clusterIPs'] = [of['clusterIP']]
  }
}

/** What was allocated and the client didn't repeat. */
function patchAllocatedValues(of: Spec, before: Spec): void {
  if (hasAddress(before) && hasAddress(of)) {
    if (!of['clusterIP'] && before['clusterIP']) of['clusterIP'] = before['clusterIP']
    if (!of['clusterIPs']?.length && before['clusterIPs'] && of['clusterIP'] === before['clusterIP'])
      of['clusterIPs'] = [...before['clusterIPs']]
  }
  if (hasNodePorts(before) && hasNodePorts(of)) {
    const held = new Map<string, number>()
    for (const port of before['ports'] ?? [])
      if (port.nodePort) held.set(`${port.protocol}/${port.port}`, port.nodePort)
    const used = new Set((of['ports'] ?? []).map((port: Spec) => port['nodePort']).filter(Boolean))
    for (const port of of['ports'] ?? []) {
      if (port.nodePort) continue
      const known = held.get(`${port.protocol}/${port.port}`)
      if (known !== undefined && !used.has(known)) port.nodePort = known
    }
  }
  if (needsHealthCheck(before) && needsHealthCheck(of)) of['healthCheckNodePort'] ||= before['healthCheckNodePort']
}

/** Fields the new type has no use for go, unless the client set them to something else. */
function dropTypeDependentFields(of: Spec, before: Spec): void {
  const unchanged = (field: string): boolean => same(of[field], before[field])
  const drop = (...fields: string[]): void => {
    for (const field of fields) delete of[field]
  }
  if (hasAddress(before) && !hasAddress(of)) {
    if (unchanged('clusterIP') && unchanged('clusterIPs')) drop('clusterIP', 'clusterIPs')
    if (unchanged('ipFamilies')) drop('ipFamilies')
    if (unchanged('ipFamilyPolicy')) drop('ipFamilyPolicy')
  }
  if (hasNodePorts(before) && !hasNodePorts(of)) {
    const ports = (list: Spec[] = []) => list.map(port => port['nodePort'] ?? 0)
    const kept = new Set(ports(before['ports']))
    for (const port of of['ports'] ?? []) if (port.nodePort && kept.has(port.nodePort)) delete port.nodePort
  }
  if (needsHealthCheck(before) && !needsHealthCheck(of) && unchanged('healthCheckNodePort')) drop('healthCheckNodePort')
  if (before['type'] === 'LoadBalancer' && of['type'] !== 'LoadBalancer') {
    if (unchanged('allocateLoadBalancerNodePorts')) drop('allocateLoadBalancerNodePorts')
    if (unchanged('loadBalancerClass')) drop('loadBalancerClass')
  }
  const reachable = (spec: Spec): boolean =>
    hasNodePorts(spec) || (spec['type'] === 'ClusterIP' && (spec['externalIPs']?.length ?? 0) > 0)
  if (reachable(before) && !reachable(of) && unchanged('externalTrafficPolicy')) drop('externalTrafficPolicy')
}

/** Traffic to a name outside has no policy. One that there is not is still a mistake. */
function dropUnusedPolicy(service: KubeObject): void {
  const spec: Spec = service['spec']
  if (spec['type'] === 'ExternalName' && trafficPolicies.includes(spec['internalTrafficPolicy']))
    delete spec['internalTrafficPolicy']
}

export const serviceStrategy: Strategy = {
  validateName: nameIsDNSLabel,
  allowCreateOnUpdate: true,
  beginCreate(service, { server, dryRun }) {
    normalizeClusterIPs(service, undefined)
    return serviceAllocators(server).allocate(service, undefined, dryRun)
  },
  beginUpdate(service, old, { server, subresource, dryRun }) {
    if (subresource !== '') return undefined
    normalizeClusterIPs(service, old)
    patchAllocatedValues(service['spec'], old['spec'])
    return serviceAllocators(server).allocate(service, old, dryRun)
  },
  prepareForCreate: dropUnusedPolicy,
  prepareForUpdate(service, old) {
    dropUnusedPolicy(service)
    dropTypeDependentFields(service['spec'], old['spec'])
    // A Service that is no load balancer any more has none of its addresses either.
    if (old['spec'].type === 'LoadBalancer' && service['spec'].type !== 'LoadBalancer')
      service['status'] = { ...service['status'], loadBalancer: {} }
  },
  validate: service => validateService(service),
  validateUpdate: (service, old) => validateServiceUpdate(service, old),
  validateStatusUpdate: service => validateServiceStatusUpdate(service),
  warnings: serviceWarnings,
}
