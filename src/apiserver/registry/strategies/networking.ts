// Ingresses, network policies, endpoint slices and the objects behind Services.

import {
  validateEndpointSlice,
  validateEndpointSliceUpdate,
} from '../../../api/discovery/v1/endpointslice.validation.ts'
import {
  validateIngress,
  validateIngressCreate,
  validateIngressStatusUpdate,
} from '../../../api/networking/v1/ingress.validation.ts'
import { validateIngressClass, validateIngressClassUpdate } from '../../../api/networking/v1/ingressclass.validation.ts'
import {
  endpointSliceWarnings,
  ingressWarnings,
  networkPolicyWarnings,
} from '../../../api/networking/v1/networking.warnings.ts'
import { validateNetworkPolicy } from '../../../api/networking/v1/networkpolicy.validation.ts'
import {
  nameIsIPAddress,
  validateIPAddress,
  validateIPAddressUpdate,
  validateServiceCIDR,
  validateServiceCIDRUpdate,
} from '../../../api/networking/v1/serviceaddresses.validation.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { deepEqual } from '../../../machinery/deep-equal.ts'
import type { Strategy } from '../strategy.ts'

function endpointSliceUpdate(slice: KubeObject, old: KubeObject): void {
  const moved = !deepEqual(slice['endpoints'], old['endpoints'])
  // Labels are part of what a slice says, and what is dropped below counts as a change all the same.
  if (moved || !deepEqual(slice.metadata['labels'] ?? {}, old.metadata['labels'] ?? {}))
    slice.metadata['generation'] = (old.metadata['generation'] ?? 0) + 1
  if (moved) dropTopology(slice, old)
}

const hostname = 'kubernetes.io/hostname'

/** Where endpoints are was said in a map of labels once; of that only nodes that were known already stay. */
function dropTopology(slice: KubeObject, old: KubeObject | undefined): void {
  const known = new Set<string>()
  for (const { deprecatedTopology } of old?.['endpoints'] ?? [])
    if (deprecatedTopology?.[hostname] !== undefined) known.add(deprecatedTopology[hostname])
  for (const endpoint of slice['endpoints'] ?? []) {
    if (!endpoint.deprecatedTopology) continue
    const node = endpoint.deprecatedTopology[hostname]
    if (node !== undefined && known.has(node)) endpoint.deprecatedTopology = { [hostname]: node }
    else delete endpoint.deprecatedTopology
  }
}

export const networkingStrategies: Readonly<Record<string, Strategy>> = {
  'ingresses.networking.k8s.io': {
    tracksGeneration: true,
    validate: validateIngressCreate,
    validateUpdate: validateIngress,
    validateStatusUpdate: validateIngressStatusUpdate,
    warnings: ingressWarnings,
  },
  'ingressclasses.networking.k8s.io': {
    tracksGeneration: true,
    validate: validateIngressClass,
    validateUpdate: validateIngressClassUpdate,
  },
  'networkpolicies.networking.k8s.io': {
    tracksGeneration: true,
    validate: policy => validateNetworkPolicy(policy),
    validateUpdate: validateNetworkPolicy,
    warnings: networkPolicyWarnings,
  },
  'ipaddresses.networking.k8s.io': {
    validateName: nameIsIPAddress,
    generateName: base => base,
    validate: validateIPAddress,
    validateUpdate: validateIPAddressUpdate,
  },
  'servicecidrs.networking.k8s.io': {
    statusKeepsMetadata: true,
    validate: validateServiceCIDR,
    validateUpdate: validateServiceCIDRUpdate,
  },
  'endpointslices.discovery.k8s.io': {
    tracksGeneration: true,
    prepareForCreate: slice => dropTopology(slice, undefined),
    prepareForUpdate: endpointSliceUpdate,
    validate: validateEndpointSlice,
    validateUpdate: validateEndpointSliceUpdate,
    warnings: endpointSliceWarnings,
  },
}
