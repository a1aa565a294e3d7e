// What a Service may say (upstream: pkg/apis/core/validation, ValidateService and its helpers).

import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { parseIP } from '../../../machinery/ip.ts'
import {
  checkDNSLabel,
  checkDNSSubdomain,
  checkNonSpecialIP,
  checkOneOf,
  checkPort,
  checkPortOrName,
  checkQualifiedName,
  type Errors,
} from '../../../machinery/validation/field-checks.ts'
import { isValidCIDRForLegacyField, isValidIPForLegacyField } from '../../../machinery/validation/ip.ts'
import { validateLabels } from '../../../machinery/validation/labels.ts'
import { isDNS1123Subdomain } from '../../../machinery/validation/names.ts'
import type { KubeObject } from '../../resource.ts'
import type { ServicePort, ServiceSpec } from './service.ts'

const spec = root('spec')
const metadata = root('metadata')
const clusterIPsPath = spec.child('clusterIPs')
const portsPath = spec.child('ports')

export const portProtocols = ['SCTP', 'TCP', 'UDP']
const sessionAffinities = ['ClientIP', 'None']
const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
export const trafficPolicies = ['Cluster', 'Local']
const families = ['IPv4', 'IPv6']
const familyPolicies = ['PreferDualStack', 'RequireDualStack', 'SingleStack']
const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
const ipModes = ['Proxy', 'VIP']
const longestClientIPAffinity = 86400

const headless = (of: ServiceSpec): boolean => of.clusterIPs?.length === 1 && of.clusterIPs[0] === 'None'
const isIPv6 = (text: string): boolean => parseIP(text)?.family === 6

/** Addresses that the stored Service has already may stay, however they are written. */
export function validateService(service: KubeObject, old?: KubeObject): FieldError[] {
  const errors: Errors = []
  const of = service['spec'] as ServiceSpec
  const before = old?.['spec'] as ServiceSpec | undefined
  const annotations: Record<string, string> = service.metadata['annotations'] ?? {}
  const mode = annotations['service.kubernetes.io/topology-mode']
  const hints = annotations['service.kubernetes.io/topology-aware-hints']
  if (mode !== undefined && hints !== undefined && mode !== hints)
    errors.push(
      invalid(
        metadata.child('annotations').key('service.kubernetes.io/topology-mode'),
        mode,
        'must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified',
      ),
    )
  const ports = of.ports ?? []
  if (ports.length === 0 && !headless(of) && of.type !== 'ExternalName') errors.push(required(portsPath))
  checkType(of, errors)
  const names = new Set<string>()
  for (let index = 0; index < ports.length; index++)
    checkServicePort(ports[index]!, ports.length > 1, names, index, errors)
  if (of.selector) errors.push(...validateLabels(of.selector, spec.child('selector')))
  checkOneOf(of.sessionAffinity, sessionAffinities, spec, 'sessionAffinity', errors)
  checkSessionAffinity(of, errors)
  errors.push(...validateServiceClusterIPs(service, old))
  for (const [index, address] of (of.externalIPs ?? []).entries()) {
    const path = spec.child('externalIPs').index(index)
    const found = isValidIPForLegacyField(path, address, before?.externalIPs)
    if (found.length > 0) errors.push(...found)
    else checkNonSpecialIP(address, path, errors)
  }
  checkOneOf(of.type, types, spec, 'type', errors)
  checkNodePorts(of, ports, errors)
  checkSourceRanges(of, annotations, old, errors)
  checkLoadBalancer(of, errors)
  checkTrafficPolicies(of, errors)
  return errors
}

function checkType(of: ServiceSpec, errors: Errors): void {
  if ((of.type === 'LoadBalancer' || of.type === 'NodePort') && headless(of))
    errors.push(invalid(clusterIPsPath.index(0), of.clusterIPs![0], `may not be set to 'None' for ${of.type} services`))
  if (of.type !== 'ExternalName') return
  const unset = 'may not be set for ExternalName services'
  if ((of.clusterIPs?.length ?? 0) > 0) errors.push(forbidden(clusterIPsPath, unset))
  if ((of.ipFamilies?.length ?? 0) > 0) errors.push(forbidden(spec.child('ipFamilies'), unset))
  if (of.ipFamilyPolicy !== undefined) errors.push(forbidden(spec.child('ipFamilyPolicy'), unset))
  const name = (of.externalName ?? '').replace(/\.$/, '')
  if (name !== '') checkDNSSubdomain(name, spec.child('externalName'), errors)
  else errors.push(required(spec.child('externalName')))
}

function checkServicePort(port: ServicePort, named: boolean, names: Set<string>, index: number, errors: Errors): void {
  const path = portsPath.index(index)
  if (!port.name) {
    if (named) errors.push(required(path.child('name')))
  } else {
    checkDNSLabel(port.name, path.child('name'), errors)
    if (names.has(port.name)) errors.push(duplicate(path.child('name'), port.name))
    names.add(port.name)
  }
  checkPort(port.port, path, 'port', errors)
  checkOneOf(port.protocol, portProtocols, path, 'protocol', errors)
  checkPortOrName(port.targetPort, path, 'targetPort', errors)
  if (port.appProtocol !== undefined) checkQualifiedName(port.appProtocol, path.child('appProtocol'), errors)
}

function checkSessionAffinity(of: ServiceSpec, errors: Errors): void {
  const path = spec.child('sessionAffinityConfig')
  const config = of.sessionAffinityConfig
  if (of.sessionAffinity === 'ClientIP') {
    const when = 'when session affinity type is ClientIP'
    const timeout = path.child('clientIP', 'timeoutSeconds')
    const seconds = config?.clientIP?.timeoutSeconds
    if (!config) errors.push(required(path, when))
    else if (!config.clientIP) errors.push(required(path.child('clientIP'), when))
    else if (seconds === undefined) errors.push(required(timeout, when))
    else if (seconds <= 0 || seconds > longestClientIPAffinity)
      errors.push(invalid(timeout, seconds, `must be greater than 0 and less than ${longestClientIPAffinity}`))
  } else if (of.sessionAffinity === 'None' && config)
    errors.push(forbidden(path, 'must not be set when session affinity is None'))
}

function checkNodePorts(of: ServiceSpec, ports: readonly ServicePort[], errors: Errors): void {
  if (of.type === 'ClusterIP')
    for (const [index, port] of ports.entries())
      if (port.nodePort)
        errors.push(forbidden(portsPath.index(index).child('nodePort'), "may not be used when `type` is 'ClusterIP'"))
  const nodePorts = new Set<string>()
  for (const [index, port] of ports.entries()) {
    if (!port.nodePort) continue
    const key = `${port.protocol}/${port.nodePort}`
    if (nodePorts.has(key)) errors.push(duplicate(portsPath.index(index).child('nodePort'), port.nodePort))
    nodePorts.add(key)
  }
  const seen = new Set<string>()
  for (const [index, port] of ports.entries()) {
    const key = `${port.protocol}/${port.port}`
    if (seen.has(key)) errors.push(duplicate(portsPath.index(index), { protocol: port.protocol, port: port.port }))
    seen.add(key)
  }
}

const sourceRangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges'
const loadBalancerOnly = "may only be used when `type` is 'LoadBalancer'"

function checkSourceRanges(
  of: ServiceSpec,
  annotations: Record<string, string>,
  old: KubeObject | undefined,
  errors: Errors,
): void {
  const annotation = annotations[sourceRangesAnnotation]
  const known = ((old?.['spec'].loadBalancerSourceRanges ?? []) as string[]).map(range => range.trim())
  if ((of.loadBalancerSourceRanges?.length ?? 0) > 0) {
    const path = spec.child('LoadBalancerSourceRanges')
    if (of.type !== 'LoadBalancer') errors.push(forbidden(path, loadBalancerOnly))
    for (const [index, range] of of.loadBalancerSourceRanges!.entries())
      errors.push(...isValidCIDRForLegacyField(path.index(index), range.trim(), known))
  } else if (annotation !== undefined) {
    const path = metadata.child('annotations').key(sourceRangesAnnotation)
    if (of.type !== 'LoadBalancer') errors.push(forbidden(path, loadBalancerOnly))
    const changed = old?.metadata['annotations']?.[sourceRangesAnnotation] !== annotation
    if (changed && annotation.trim() !== '')
      for (const range of annotation.split(',')) errors.push(...isValidCIDRForLegacyField(path, range.trim()))
  }
}

function checkLoadBalancer(of: ServiceSpec, errors: Errors): void {
  const balanced = of.type === 'LoadBalancer'
  if (of.allocateLoadBalancerNodePorts !== undefined && !balanced)
    errors.push(forbidden(spec.child('allocateLoadBalancerNodePorts'), loadBalancerOnly))
  if (balanced && of.allocateLoadBalancerNodePorts === undefined)
    errors.push(required(root('allocateLoadBalancerNodePorts')))
  checkLoadBalancerClass(of, errors)
}

function checkLoadBalancerClass(of: ServiceSpec, errors: Errors): void {
  if (of.loadBalancerClass === undefined) return
  const path = spec.child('loadBalancerClass')
  if (of.type === 'LoadBalancer') checkQualifiedName(of.loadBalancerClass, path, errors)
  else errors.push(forbidden(path, loadBalancerOnly))
}

function checkTrafficPolicies(of: ServiceSpec, errors: Errors): void {
  const external =
    of.type === 'LoadBalancer' ||
    of.type === 'NodePort' ||
    (of.type === 'ClusterIP' && (of.externalIPs?.length ?? 0) > 0)
  if (external) checkOneOf(of.externalTrafficPolicy, trafficPolicies, spec, 'externalTrafficPolicy', errors)
  else if (of.externalTrafficPolicy)
    errors.push(
      invalid(
        spec.child('externalTrafficPolicy'),
        of.externalTrafficPolicy,
        'may only be set for externally-accessible services',
      ),
    )
  const healthCheck = of.type === 'LoadBalancer' && of.externalTrafficPolicy === 'Local'
  if (!healthCheck) {
    if (of.healthCheckNodePort)
      errors.push(
        invalid(
          spec.child('healthCheckNodePort'),
          of.healthCheckNodePort,
          "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        ),
      )
  } else if (!of.healthCheckNodePort) errors.push(required(spec.child('healthCheckNodePort')))
  else checkPort(of.healthCheckNodePort, spec, 'healthCheckNodePort', errors)
  if (of.internalTrafficPolicy === undefined) {
    if (of.type === 'NodePort' || of.type === 'LoadBalancer' || of.type === 'ClusterIP')
      errors.push(required(spec.child('internalTrafficPolicy')))
  } else if (!trafficPolicies.includes(of.internalTrafficPolicy))
    errors.push(notSupported(spec.child('internalTrafficPolicy'), of.internalTrafficPolicy, trafficPolicies))
  if (of.trafficDistribution !== undefined && !distributions.includes(of.trafficDistribution))
    errors.push(notSupported(spec.child('trafficDistribution'), of.trafficDistribution, distributions))
}

/** clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy among themselves; also checked before addresses are allocated. */
export function validateServiceClusterIPs(service: KubeObject, old?: KubeObject): FieldError[] {
  const of = service['spec'] as ServiceSpec
  const errors: Errors = []
  if (of.type === 'ExternalName') return errors
  const addresses = of.clusterIPs ?? []
  if (of.clusterIP) {
    if (addresses.length === 0) errors.push(required(clusterIPsPath))
    else if (addresses[0] !== of.clusterIP)
      errors.push(invalid(clusterIPsPath, addresses, 'first value must match `clusterIP`'))
  } else if (addresses.length > 0)
    errors.push(invalid(clusterIPsPath, addresses, 'must be empty when `clusterIP` is not specified'))
  const seen = new Set<string>()
  for (const [index, family] of (of.ipFamilies ?? []).entries()) {
    const path = spec.child('ipFamilies').index(index)
    if (!families.includes(family)) errors.push(notSupported(path, family, families))
    if (seen.has(family)) errors.push(duplicate(path, family))
    seen.add(family)
  }
  if (of.ipFamilyPolicy !== undefined && !familyPolicies.includes(of.ipFamilyPolicy))
    errors.push(notSupported(spec.child('ipFamilyPolicy'), of.ipFamilyPolicy, familyPolicies))
  let bad = false
  for (const [index, address] of addresses.entries()) {
    if (index === 0 && address === 'None') {
      if (addresses.length > 1) {
        bad = true
        errors.push(invalid(clusterIPsPath, addresses, "'None' must be the first and only value"))
      }
      continue
    }
    const found = isValidIPForLegacyField(clusterIPsPath.index(index), address, old?.['spec'].clusterIPs)
    bad ||= found.length > 0
    errors.push(...found)
  }
  if (addresses.length > 2) errors.push(invalid(clusterIPsPath, addresses, 'may only hold up to 2 values'))
  if (bad) return errors
  if (addresses.length > 1 && !(addresses.some(isIPv6) && addresses.some(address => !isIPv6(address))))
    errors.push(invalid(clusterIPsPath, addresses, 'may specify no more than one IP for each IP family'))
  if (headless(of)) return errors
  for (const [index, family] of (of.ipFamilies ?? []).entries()) {
    const address = addresses[index]
    if (address === undefined) break
    if ((family === 'IPv4' && isIPv6(address)) || (family === 'IPv6' && !isIPv6(address)))
      errors.push(
        invalid(
          clusterIPsPath.index(index),
          address,
          `expected an ${family} value as indicated by \`ipFamilies[${index}]\``,
        ),
      )
  }
  return errors
}

export function validateServiceUpdate(service: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  const of = service['spec'] as ServiceSpec
  const before = old['spec'] as ServiceSpec
  if (of.type !== 'ExternalName' && before.type !== 'ExternalName') {
    checkClusterIPsUpdate(of, before, errors)
    checkFamiliesUpdate(of, before, errors)
  }
  if (of.type === 'LoadBalancer' && before.type === 'LoadBalancer' && of.loadBalancerClass !== before.loadBalancerClass)
    errors.push(invalid(spec.child('loadBalancerClass'), of.loadBalancerClass, 'may not change once set'))
  // Upstream checks it here as well: a mistake has two causes.
  checkLoadBalancerClass(of, errors)
  const checked = (one: ServiceSpec): boolean => one.type === 'LoadBalancer' && one.externalTrafficPolicy === 'Local'
  if (checked(of) && checked(before) && of.healthCheckNodePort !== before.healthCheckNodePort)
    errors.push(forbidden(spec.child('healthCheckNodePort'), 'field is immutable'))
  errors.push(...validateService(service, old))
  return errors
}

const once = 'may not change once set'

function checkClusterIPsUpdate(of: ServiceSpec, before: ServiceSpec, errors: Errors): void {
  if (headless(of) && headless(before)) return
  const [now, then] = [of.clusterIPs ?? [], before.clusterIPs ?? []]
  if (now.length === then.length) {
    for (const [index, address] of then.entries())
      if (address !== now[index]) errors.push(invalid(clusterIPsPath.index(index), now, once))
    return
  }
  if (then.length > now.length) {
    if (now.length === 0) errors.push(invalid(clusterIPsPath.index(0), now, 'primary clusterIP can not be unset'))
    else if (now[0] !== then[0]) errors.push(invalid(clusterIPsPath.index(0), now, once))
    if (now.length === 1 && of.ipFamilyPolicy !== 'SingleStack')
      errors.push(
        invalid(
          spec.child('ipFamilyPolicy'),
          of.ipFamilyPolicy,
          "must be set to 'SingleStack' when releasing the secondary clusterIP",
        ),
      )
  } else if (then.length > 0 && now[0] !== then[0]) errors.push(invalid(clusterIPsPath.index(0), now, once))
}

function checkFamiliesUpdate(of: ServiceSpec, before: ServiceSpec, errors: Errors): void {
  if (headless(of) || headless(before)) return
  const path = spec.child('ipFamilies').index(0)
  const [now, then] = [of.ipFamilies ?? [], before.ipFamilies ?? []]
  if (now.length === then.length) {
    for (const [index, family] of then.entries()) if (family !== now[index]) errors.push(invalid(path, now, once))
    return
  }
  if (then.length > now.length) {
    if ((of.clusterIPs?.length ?? 0) === 0) errors.push(invalid(path, now, 'primary ipFamily can not be unset'))
    if (now.length > 0 && now[0] !== then[0]) errors.push(invalid(path, of.clusterIPs, once))
    if (now.length === 1 && of.ipFamilyPolicy !== 'SingleStack')
      errors.push(
        invalid(
          spec.child('ipFamilyPolicy'),
          of.ipFamilyPolicy,
          "must be set to 'SingleStack' when releasing the secondary ipFamily",
        ),
      )
  } else if (then.length > 0 && now[0] !== then[0]) errors.push(invalid(path, of.clusterIPs, once))
}

export function validateServiceStatusUpdate(service: KubeObject): FieldError[] {
  const errors: Errors = []
  const ingress: { ip?: string; ipMode?: string; hostname?: string }[] = service['status']?.loadBalancer?.ingress ?? []
  const path = root('status', 'loadBalancer', 'ingress')
  if (service['spec'].type !== 'LoadBalancer' && ingress.length > 0)
    return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
  for (const [index, { ip, ipMode, hostname }] of ingress.entries()) {
    const at = path.index(index)
    if (ip) errors.push(...isValidIPForLegacyField(at.child('ip'), ip))
    if (ipMode === undefined) {
      if (ip) errors.push(required(at.child('ipMode'), 'must be specified when `ip` is set'))
    } else if (!ip) errors.push(forbidden(at.child('ipMode'), 'may not be specified when `ip` is not set'))
    else if (!ipModes.includes(ipMode)) errors.push(notSupported(at.child('ipMode'), ipMode, ipModes))
    if (!hostname) continue
    for (const message of isDNS1123Subdomain(hostname)) errors.push(invalid(at.child('hostname'), hostname, message))
    if (parseIP(hostname)) errors.push(invalid(at.child('hostname'), hostname, 'must be a DNS name, not an IP address'))
  }
  return errors
}
