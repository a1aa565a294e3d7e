// What a network policy may say (upstream: pkg/apis/networking/validation).

import { type FieldError, forbidden, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { cidrContains, parseCIDR } from '../../../machinery/ip.ts'
import { checkPort, checkPortOrName, type Errors } from '../../../machinery/validation/field-checks.ts'
import { isValidCIDRForLegacyField } from '../../../machinery/validation/ip.ts'
import { validateLabelSelector } from '../../../machinery/validation/labels.ts'
import type { KubeObject } from '../../resource.ts'
import type { NetworkPolicySpec } from './networkpolicy.ts'

const spec = root('spec')

const policyTypes = ['Ingress', 'Egress']
const protocols = ['TCP', 'UDP', 'SCTP']

/** Ranges that the stored policy has already may stay, however they are written. */
export function validateNetworkPolicy(policy: KubeObject, old?: KubeObject): FieldError[] {
  const errors: Errors = []
  const known = old ? rangesOf(old['spec'] as NetworkPolicySpec) : []
  const of = policy['spec'] as NetworkPolicySpec
  errors.push(...validateLabelSelector(of.podSelector, spec.child('podSelector')))
  for (const [direction, side] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const)
    for (const [index, rule] of ((of[direction] ?? []) as Record<string, any>[]).entries()) {
      const path = spec.child(direction).index(index)
      for (const [at, port] of (rule['ports'] ?? []).entries())
        checkPolicyPort(port, path.child('ports').index(at), errors)
      for (const [at, peer] of (rule[side] ?? []).entries()) checkPeer(peer, known, path.child(side).index(at), errors)
    }
  const types = of.policyTypes ?? []
  const path = spec.child('policyTypes')
  if (types.length > 2) errors.push(invalid(path, types, 'may not specify more than two policyTypes'))
  else
    for (const [index, type] of types.entries())
      if (!policyTypes.includes(type)) errors.push(notSupported(path.index(index), type, policyTypes))
  return errors
}

function checkPolicyPort(
  { protocol, port, endPort }: { protocol?: string; port?: number | string; endPort?: number },
  path: FieldPath,
  errors: Errors,
): void {
  if (protocol !== undefined && !protocols.includes(protocol))
    errors.push(notSupported(path.child('protocol'), protocol, protocols))
  const end = path.child('endPort')
  if (port === undefined) {
    if (endPort !== undefined) errors.push(invalid(end, endPort, 'may not be specified when `port` is not specified'))
  } else if (typeof port === 'number') {
    checkPort(port, path, 'port', errors)
    if (endPort === undefined) return
    // Upstream shows the port here.
    if (endPort < port) errors.push(invalid(end, port, 'must be greater than or equal to `port`'))
    checkPort(endPort, path, 'endPort', errors)
  } else {
    if (endPort !== undefined) errors.push(invalid(end, endPort, 'may not be specified when `port` is non-numeric'))
    checkPortOrName(port, path, 'port', errors)
  }
}

function checkPeer(peer: Record<string, any>, known: readonly string[], path: FieldPath, errors: Errors): void {
  const { podSelector, namespaceSelector, ipBlock } = peer
  if (podSelector) errors.push(...validateLabelSelector(podSelector, path.child('podSelector')))
  if (namespaceSelector) errors.push(...validateLabelSelector(namespaceSelector, path.child('namespaceSelector')))
  if (ipBlock) checkIPBlock(ipBlock, known, path.child('ipBlock'), errors)
  if (!podSelector && !namespaceSelector && !ipBlock) errors.push(required(path, 'must specify a peer'))
  else if (ipBlock && (podSelector || namespaceSelector))
    errors.push(forbidden(path, 'may not specify both ipBlock and another peer'))
}

function rangesOf({ ingress, egress }: NetworkPolicySpec): string[] {
  const peers = [...(ingress ?? []).flatMap(rule => rule.from ?? []), ...(egress ?? []).flatMap(rule => rule.to ?? [])]
  return peers.flatMap(({ ipBlock }) => (ipBlock ? [ipBlock.cidr, ...(ipBlock.except ?? [])] : []))
}

function checkIPBlock(
  block: { cidr?: string; except?: string[] },
  known: readonly string[],
  path: FieldPath,
  errors: Errors,
): void {
  if (!block.cidr) {
    errors.push(required(path.child('cidr')))
    return
  }
  errors.push(...isValidCIDRForLegacyField(path.child('cidr'), block.cidr, known))
  const whole = parseCIDR(block.cidr)
  if (!whole) return
  for (const [index, text] of (block.except ?? []).entries()) {
    const at = path.child('except').index(index)
    errors.push(...isValidCIDRForLegacyField(at, text, known))
    const part = parseCIDR(text)
    if (part && (!cidrContains(whole, part.address) || whole.prefixLength >= part.prefixLength))
      errors.push(invalid(at, text, 'must be a strict subset of `cidr`'))
  }
}
