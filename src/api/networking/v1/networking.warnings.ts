// What the kinds of networking may say, but better don't.

import { warningsForCIDR, warningsForIP } from '../../../machinery/validation/ip.ts'
import type { KubeObject } from '../../resource.ts'

const none: string[] = Object.freeze([]) as unknown as string[]
const classAnnotation = 'kubernetes.io/ingress.class'

export function ingressWarnings(ingress: KubeObject, old: KubeObject | undefined): string[] {
  if (old || ingress.metadata['annotations']?.[classAnnotation] === undefined) return none
  if (ingress['spec'].ingressClassName !== undefined) return none
  return [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`]
}

export function networkPolicyWarnings(policy: KubeObject): string[] {
  const warnings: string[] = []
  for (const [direction, side] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const)
    for (const [index, rule] of (policy['spec']?.[direction] ?? []).entries())
      for (const [at, { ipBlock }] of (rule[side] ?? []).entries()) {
        if (!ipBlock) continue
        const path = `spec.${direction}[${index}].${side}[${at}].ipBlock`
        warnings.push(...warningsForCIDR(`${path}.cidr`, ipBlock.cidr ?? ''))
        for (const [exceptIndex, range] of (ipBlock.except ?? []).entries())
          warnings.push(...warningsForCIDR(`${path}.except[${exceptIndex}]`, range))
      }
  return warnings
}

export function endpointSliceWarnings(slice: KubeObject): string[] {
  const warnings: string[] = []
  if (slice['addressType'] === 'FQDN') return ['spec.addressType: FQDN endpoints are deprecated']
  for (const [index, { addresses }] of (slice['endpoints'] ?? []).entries())
    for (const [at, address] of (addresses ?? []).entries())
      warnings.push(...warningsForIP(`endpoints[${index}].addresses[${at}]`, address))
  return warnings
}
