// Ingresses, their classes, network policies and endpoint slices (upstream: pkg/apis/networking and discovery).

import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
} from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { cidrContains, parseCIDR, parseIP } from '../../../machinery/ip.ts'
import { isDomainPrefixedPath } from '../../../machinery/validation/domain-names.ts'
import {
  checkImmutable,
  checkNonSpecialIP,
  checkOneOf,
  checkPort,
  checkPortOrName,
  type Errors,
} from '../../../machinery/validation/field-checks.ts'
import { isValidCIDRForLegacyField } from '../../../machinery/validation/ip.ts'
import { validateLabelSelector } from '../../../machinery/validation/labels.ts'
import {
  isDNS1035Label,
  isDNS1123Label,
  isDNS1123Subdomain,
  isPortName,
  isPortNumber,
  isWildcardDNS1123Subdomain,
  nameIsDNSSubdomain,
} from '../../../machinery/validation/names.ts'
import type { KubeObject } from '../../resource.ts'
import type { IngressBackend, IngressSpec } from './ingress.ts'
import type { NetworkPolicySpec } from './networkpolicy.ts'

const spec = root('spec')

function checkHost(host: string, path: FieldPath, errors: Errors): void {
  const check = host.includes('*') ? isWildcardDNS1123Subdomain : isDNS1123Subdomain
  for (const message of check(host)) errors.push(invalid(path, host, message))
}

export function validateIngress(ingress: KubeObject): FieldError[] {
  const errors: Errors = []
  const of = ingress['spec'] as IngressSpec
  const rules = of.rules ?? []
  if (rules.length === 0 && !of.defaultBackend)
    errors.push(invalid(spec, of.rules ?? null, 'either `defaultBackend` or `rules` must be specified'))
  if (of.defaultBackend) checkBackend(of.defaultBackend, spec.child('defaultBackend'), errors)
  for (const [index, rule] of rules.entries()) {
    const path = spec.child('rules').index(index)
    if (rule.host) {
      if (parseIP(rule.host))
        errors.push(invalid(path.child('host'), rule.host, 'must be a DNS name, not an IP address'))
      checkHost(rule.host, path.child('host'), errors)
    }
    if (!rule.http) continue
    const paths = path.child('http', 'paths')
    if (!rule.http.paths?.length) errors.push(required(paths))
    for (const [at, one] of (rule.http.paths ?? []).entries()) checkHTTPPath(one, paths.index(at), errors)
  }
  for (const [index, { hosts, secretName }] of (of.tls ?? []).entries()) {
    const path = spec.child('tls').index(index)
    for (const [at, host] of (hosts ?? []).entries()) checkHost(host, path.child('hosts').index(at), errors)
    if (secretName)
      for (const message of nameIsDNSSubdomain(secretName, false))
        errors.push(invalid(path.child('secretName'), secretName, message))
  }
  if (of.ingressClassName !== undefined)
    for (const message of nameIsDNSSubdomain(of.ingressClassName, false))
      errors.push(invalid(spec.child('ingressClassName'), of.ingressClassName, message))
  return errors
}

const classAnnotation = 'kubernetes.io/ingress.class'

export function validateIngressCreate(ingress: KubeObject): FieldError[] {
  const errors = validateIngress(ingress)
  const annotation = ingress.metadata['annotations']?.[classAnnotation]
  const { ingressClassName } = ingress['spec'] as IngressSpec
  if (annotation !== undefined && ingressClassName !== undefined && annotation !== ingressClassName)
    errors.push(
      invalid(
        root('annotations').child(classAnnotation),
        annotation,
        'must match `ingressClassName` when both are specified',
      ),
    )
  return errors
}

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix']

function checkHTTPPath(
  one: { path?: string; pathType?: string; backend?: IngressBackend },
  path: FieldPath,
  errors: Errors,
): void {
  const { path: text = '', pathType } = one
  const at = path.child('path')
  if (pathType === undefined) errors.push(required(path.child('pathType'), 'pathType must be specified'))
  else if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!text.startsWith('/')) errors.push(invalid(at, text, 'must be an absolute path'))
    for (const part of ['//', '/./', '/../', '%2f', '%2F'])
      if (text.includes(part)) errors.push(invalid(at, text, `must not contain '${part}'`))
    for (const end of ['/..', '/.']) if (text.endsWith(end)) errors.push(invalid(at, text, `cannot end with '${end}'`))
  } else if (pathType === 'ImplementationSpecific') {
    if (text !== '' && !text.startsWith('/')) errors.push(invalid(at, text, 'must be an absolute path'))
  } else errors.push(notSupported(path.child('pathType'), pathType, pathTypes))
  checkBackend(one.backend ?? {}, path.child('backend'), errors)
}

function checkBackend(backend: IngressBackend, path: FieldPath, errors: Errors): void {
  const { service, resource } = backend
  if (service && resource) errors.push(invalid(path, '', 'cannot set both resource and service backends'))
  else if (resource) {
    for (const field of ['kind', 'name'] as const)
      if (!resource[field]) errors.push(required(path.child('resource', field)))
  } else if (service) {
    const name = path.child('service', 'name')
    if (!service.name) errors.push(required(name))
    else for (const message of isDNS1035Label(service.name)) errors.push(invalid(name, service.name, message))
    const { name: portName, number } = service.port ?? {}
    if (portName && number) errors.push(invalid(path, '', 'cannot set both port name & port number'))
    else if (portName)
      for (const message of isPortName(portName))
        errors.push(invalid(path.child('service', 'port', 'name'), portName, message))
    else if (number)
      for (const message of isPortNumber(number))
        errors.push(invalid(path.child('service', 'port', 'number'), number, message))
    else errors.push(required(path, 'port name or number is required'))
  } else errors.push(invalid(path, '', 'resource or service backend is required'))
}

const longestController = 250

export function validateIngressClass(ingressClass: KubeObject): FieldError[] {
  const errors: Errors = []
  const controller: string = ingressClass['spec']?.controller ?? ''
  const path = spec.child('controller')
  if (controller.length > longestController) errors.push(tooLong(path, controller, longestController))
  errors.push(...isDomainPrefixedPath(path, controller))
  return errors
}

export function validateIngressClassUpdate(next: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  checkImmutable(next['spec'].controller, old['spec'].controller, spec.child('controller'), errors)
  errors.push(...validateIngressClass(next))
  return errors
}

const policyTypes = ['Ingress', 'Egress']
const protocols = ['TCP', 'UDP', 'SCTP']

export function validateNetworkPolicy(policy: KubeObject): FieldError[] {
  const errors: Errors = []
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
      for (const [at, peer] of (rule[side] ?? []).entries()) checkPeer(peer, path.child(side).index(at), errors)
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
    if (endPort < port) errors.push(invalid(end, endPort, 'must be greater than or equal to `port`'))
    checkPort(endPort, path, 'endPort', errors)
  } else {
    if (endPort !== undefined) errors.push(invalid(end, endPort, 'may not be specified when `port` is non-numeric'))
    checkPortOrName(port, path, 'port', errors)
  }
}

function checkPeer(peer: Record<string, any>, path: FieldPath, errors: Errors): void {
  const { podSelector, namespaceSelector, ipBlock } = peer
  if (podSelector) errors.push(...validateLabelSelector(podSelector, path.child('podSelector')))
  if (namespaceSelector) errors.push(...validateLabelSelector(namespaceSelector, path.child('namespaceSelector')))
  if (ipBlock) checkIPBlock(ipBlock, path.child('ipBlock'), errors)
  if (!podSelector && !namespaceSelector && !ipBlock) errors.push(required(path, 'must specify a peer'))
  else if (ipBlock && (podSelector || namespaceSelector))
    errors.push(forbidden(path, 'may not specify both ipBlock and another peer'))
}

function checkIPBlock(block: { cidr?: string; except?: string[] }, path: FieldPath, errors: Errors): void {
  if (!block.cidr) {
    errors.push(required(path.child('cidr')))
    return
  }
  errors.push(...isValidCIDRForLegacyField(path.child('cidr'), block.cidr))
  const whole = parseCIDR(block.cidr)
  if (!whole) return
  for (const [index, text] of (block.except ?? []).entries()) {
    const at = path.child('except').index(index)
    errors.push(...isValidCIDRForLegacyField(at, text))
    const part = parseCIDR(text)
    if (part && (!cidrContains(whole, part.address) || whole.prefixLength >= part.prefixLength))
      errors.push(invalid(at, text, 'must be a strict subset of `cidr`'))
  }
}

const addressTypes = ['FQDN', 'IPv4', 'IPv6']
const mostAddresses = 100
const mostEndpoints = 1000

export function validateEndpointSlice(slice: KubeObject): FieldError[] {
  const errors: Errors = []
  const type: string = slice['addressType'] ?? ''
  if (type === '') errors.push(required('addressType'))
  else if (!addressTypes.includes(type)) errors.push(notSupported('addressType', type, addressTypes))
  const endpoints: { addresses?: string[]; hostname?: string; nodeName?: string }[] = slice['endpoints'] ?? []
  if (endpoints.length > mostEndpoints) {
    errors.push(tooMany('endpoints', endpoints.length, mostEndpoints))
    return errors
  }
  for (const [index, { addresses = [], hostname, nodeName }] of endpoints.entries()) {
    const path = root('endpoints').index(index)
    const at = path.child('addresses')
    if (addresses.length === 0) errors.push(required(at, 'must contain at least 1 address'))
    else if (addresses.length > mostAddresses) errors.push(tooMany(at, addresses.length, mostAddresses))
    for (const [number, address] of addresses.entries()) checkAddress(type, address, at.index(number), errors)
    if (hostname !== undefined)
      for (const message of isDNS1123Label(hostname)) errors.push(invalid(path.child('hostname'), hostname, message))
    if (nodeName !== undefined)
      for (const message of nameIsDNSSubdomain(nodeName, false))
        errors.push(invalid(path.child('nodeName'), nodeName, message))
  }
  const names = new Set<string>()
  for (const [index, port] of ((slice['ports'] ?? []) as Record<string, any>[]).entries()) {
    const path = root('ports').index(index)
    const name: string = port['name'] ?? ''
    if (name !== '') for (const message of isDNS1123Label(name)) errors.push(invalid(path.child('name'), name, message))
    if (names.has(name)) errors.push(duplicate(path.child('name'), name))
    names.add(name)
    checkOneOf(port['protocol'] ?? 'TCP', ['SCTP', 'TCP', 'UDP'], path, 'protocol', errors)
    if (port['port'] !== undefined) checkPort(port['port'], path, 'port', errors)
  }
  return errors
}

function checkAddress(type: string, address: string, path: FieldPath, errors: Errors): void {
  if (type === 'FQDN') {
    for (const message of isDNS1123Subdomain(address)) errors.push(invalid(path, address, message))
    return
  }
  const parsed = parseIP(address)
  if (type === 'IPv4' && parsed?.family !== 4) errors.push(invalid(path, address, 'must be an IPv4 address'))
  else if (type === 'IPv6' && parsed?.family !== 6) errors.push(invalid(path, address, 'must be an IPv6 address'))
  else if (parsed) checkNonSpecialIP(address, path, errors)
}

export function validateEndpointSliceUpdate(next: KubeObject, old: KubeObject): FieldError[] {
  const errors = validateEndpointSlice(next)
  checkImmutable(next['addressType'], old['addressType'], root('addressType'), errors)
  return errors
}
