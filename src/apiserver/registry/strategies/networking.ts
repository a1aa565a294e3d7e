// Ingresses, network policies, endpoint slices and the objects behind Services.

import {
  validateEndpointSlice,
  validateEndpointSliceUpdate,
  validateIngress,
  validateIngressClass,
  validateIngressClassUpdate,
  validateIngressCreate,
  validateNetworkPolicy,
} from '../../../api/networking/v1/networking.validation.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { deepEqual } from '../../../machinery/deep-equal.ts'
import { formatIP, parseIP } from '../../../machinery/ip.ts'
import type { Strategy } from '../strategy.ts'

function endpointSliceUpdate(slice: KubeObject, old: KubeObject): void {
  // Labels are part of what a slice says.
  if (!deepEqual(slice.metadata['labels'] ?? {}, old.metadata['labels'] ?? {}))
    slice.metadata['generation'] = (old.metadata['generation'] ?? 0) + 1
}

/** The name is the address. */
function ipAddressName(name: string): string[] {
  const address = parseIP(name)
  if (!address) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']
  const canonical = formatIP(address.bytes)
  return canonical === name ? [] : [`must be in canonical form ("${canonical}")`]
}

export const networkingStrategies: Readonly<Record<string, Strategy>> = {
  'ingresses.networking.k8s.io': {
    tracksGeneration: true,
    validate: validateIngressCreate,
    validateUpdate: validateIngress,
  },
  'ingressclasses.networking.k8s.io': {
    tracksGeneration: true,
    validate: validateIngressClass,
    validateUpdate: validateIngressClassUpdate,
  },
  'networkpolicies.networking.k8s.io': {
    tracksGeneration: true,
    validate: validateNetworkPolicy,
    validateUpdate: validateNetworkPolicy,
  },
  'ipaddresses.networking.k8s.io': { validateName: ipAddressName },
  'servicecidrs.networking.k8s.io': {},
  'endpointslices.discovery.k8s.io': {
    tracksGeneration: true,
    prepareForUpdate: endpointSliceUpdate,
    validate: validateEndpointSlice,
    validateUpdate: validateEndpointSliceUpdate,
  },
}
