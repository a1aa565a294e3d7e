// What a Service or Endpoints may say, but better don't.

import { warningsForCIDR, warningsForIP } from '../../../machinery/validation/ip.ts'
import type { KubeObject } from '../../resource.ts'
import type { EndpointSubset } from './endpoints.ts'
import type { ServiceSpec } from './service.ts'

const hints = 'service.kubernetes.io/topology-aware-hints'
const mode = 'service.kubernetes.io/topology-mode'
const none: string[] = Object.freeze([]) as unknown as string[]

export function serviceWarnings(service: KubeObject): string[] {
  const spec = service['spec'] as ServiceSpec
  const warnings: string[] = []
  const headless = spec.type === 'ClusterIP' && spec.clusterIP === 'None'
  const externalIPs = spec.externalIPs ?? []
  if (service.metadata['annotations']?.[hints] !== undefined)
    warnings.push(`annotation ${hints} is deprecated, please use ${mode} instead`)
  if (spec.clusterIP && !headless && spec.type !== 'ExternalName')
    for (const [index, address] of (spec.clusterIPs ?? []).entries())
      warnings.push(...warningsForIP(`spec.clusterIPs[${index}]`, address))
  if (headless) {
    if (spec.loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services')
    if (externalIPs.length > 0) warnings.push('spec.externalIPs is ignored for headless services')
    if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services')
  }
  for (const [index, address] of externalIPs.entries())
    warnings.push(...warningsForIP(`spec.externalIPs[${index}]`, address))
  if (externalIPs.length > 0 && !headless && spec.type !== 'ExternalName')
    warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters')
  if (spec.loadBalancerIP) warnings.push(...warningsForIP('spec.loadBalancerIP', spec.loadBalancerIP))
  for (const [index, range] of (spec.loadBalancerSourceRanges ?? []).entries())
    warnings.push(...warningsForCIDR(`spec.loadBalancerSourceRanges[${index}]`, range))
  if (spec.type === 'ExternalName' && externalIPs.length > 0)
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"')
  if (spec.type !== 'ExternalName' && spec.externalName)
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"')
  if (spec.trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
  return warnings
}

export function endpointsWarnings(endpoints: KubeObject): string[] {
  const subsets = (endpoints['subsets'] ?? []) as EndpointSubset[]
  if (subsets.length === 0) return none
  const warnings: string[] = []
  for (const [index, subset] of subsets.entries())
    for (const list of ['addresses', 'notReadyAddresses'] as const)
      for (const [at, { ip = '' }] of (subset[list] ?? []).entries())
        warnings.push(...warningsForIP(`subsets[${index}].${list}[${at}].ip`, ip))
  return warnings
}
