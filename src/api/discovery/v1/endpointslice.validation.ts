// What an EndpointSlice may say, and what of it may change (upstream: pkg/apis/discovery/validation).

import { semanticEqual } from '../../../machinery/deep-equal.ts'
import { duplicate, type FieldError, invalid, notSupported, required, tooMany } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { parseIP } from '../../../machinery/ip.ts'
import { isFullyQualifiedDomainName } from '../../../machinery/validation/domain-names.ts'
import {
  checkDNSLabel,
  checkImmutable,
  checkName,
  checkNonSpecialIP,
  checkQualifiedName,
  type Errors,
} from '../../../machinery/validation/field-checks.ts'
import { isValidIP, isValidIPForLegacyField } from '../../../machinery/validation/ip.ts'
import { validateLabels } from '../../../machinery/validation/labels.ts'
import { isLabelValue, nameIsDNSSubdomain } from '../../../machinery/validation/names.ts'
import type { KubeObject } from '../../resource.ts'

const addressTypes = ['FQDN', 'IPv4', 'IPv6']
const protocols = ['SCTP', 'TCP', 'UDP']
const mostAddresses = 100
const mostEndpoints = 1000
const mostPorts = 20000
const mostTopologyLabels = 16
const mostHints = 8

interface Endpoint {
  readonly addresses?: readonly string[] | null
  readonly hostname?: string
  readonly nodeName?: string
  readonly deprecatedTopology?: Readonly<Record<string, string>>
  readonly hints?: {
    readonly forZones?: readonly { readonly name?: string }[]
    readonly forNodes?: readonly { readonly name?: string }[]
  }
}

const endpointsOf = (slice: KubeObject): readonly Endpoint[] => slice['endpoints'] ?? []

/** `old`: whose endpoints may be kept, whatever is wrong with them. */
function check(slice: KubeObject, old?: KubeObject): FieldError[] {
  const errors: Errors = []
  const type: string = slice['addressType'] ?? ''
  if (type === '') errors.push(required('addressType'))
  else if (!addressTypes.includes(type)) errors.push(notSupported('addressType', type, addressTypes))
  const endpoints = endpointsOf(slice)
  if (endpoints.length > mostEndpoints) errors.push(tooMany('endpoints', endpoints.length, mostEndpoints))
  else {
    const found: Errors = []
    for (let index = 0; index < endpoints.length; index++)
      checkEndpoint(endpoints[index]!, type, root('endpoints').index(index), found)
    if (found.length > 0 && !(old && semanticEqual(endpoints, endpointsOf(old)))) errors.push(...found)
  }
  checkPorts(slice['ports'] ?? [], errors)
  return errors
}

function checkEndpoint(endpoint: Endpoint, type: string, path: FieldPath, errors: Errors): void {
  const { hostname, nodeName, deprecatedTopology, hints } = endpoint
  const addresses = endpoint.addresses ?? []
  const at = path.child('addresses')
  if (addresses.length === 0) errors.push(required(at, 'must contain at least 1 address'))
  else if (addresses.length > mostAddresses) errors.push(tooMany(at, addresses.length, mostAddresses))
  for (const [index, address] of addresses.entries()) checkAddress(type, address, at, index, errors)
  if (nodeName !== undefined) checkName(nodeName, nameIsDNSSubdomain, path.child('nodeName'), errors)
  if (deprecatedTopology) {
    const topology = path.child('deprecatedTopology')
    const count = Object.keys(deprecatedTopology).length
    if (count > mostTopologyLabels) errors.push(tooMany(topology, count, mostTopologyLabels))
    errors.push(...validateLabels(deprecatedTopology, topology))
  }
  if (hostname !== undefined) checkDNSLabel(hostname, path.child('hostname'), errors)
  if (!hints) return
  checkHints(hints.forZones, isLabelValue, path.child('hints', 'forZones'), errors)
  checkHints(hints.forNodes, name => nameIsDNSSubdomain(name, false), path.child('hints', 'forNodes'), errors)
}

function checkHints(
  hints: readonly { readonly name?: string }[] = [],
  rule: (name: string) => readonly string[],
  path: FieldPath,
  errors: Errors,
): void {
  if (hints.length > mostHints) {
    errors.push(tooMany(path, hints.length, mostHints))
    return
  }
  const seen = new Set<string>()
  for (const [index, { name = '' }] of hints.entries()) {
    const at = path.index(index).child('name')
    if (seen.has(name)) errors.push(duplicate(at, name))
    seen.add(name)
    for (const message of rule(name)) errors.push(invalid(at, name, message))
  }
}

function checkAddress(type: string, address: string, all: FieldPath, index: number, errors: Errors): void {
  const path = all.index(index)
  if (type === 'FQDN') {
    errors.push(...isFullyQualifiedDomainName(path, address))
    return
  }
  if (type !== 'IPv4' && type !== 'IPv6') return
  const found = type === 'IPv4' ? isValidIPForLegacyField(path, address) : isValidIP(path, address)
  const family = parseIP(address)?.family
  if (found.length > 0) {
    errors.push(...found)
    return
  }
  if (family !== (type === 'IPv4' ? 4 : 6)) errors.push(invalid(all, address, `must be an ${type} address`))
  checkNonSpecialIP(address, path, errors)
}

function checkPorts(ports: readonly Record<string, any>[], errors: Errors): void {
  const path = root('ports')
  if (ports.length > mostPorts) {
    errors.push(tooMany(path, ports.length, mostPorts))
    return
  }
  const names = new Set<string>()
  for (const [index, port] of ports.entries()) {
    const at = path.index(index)
    const name: string = port['name'] ?? ''
    if (name !== '') checkDNSLabel(name, at.child('name'), errors)
    if (names.has(name)) errors.push(duplicate(at.child('name'), name))
    names.add(name)
    const protocol: string | undefined = port['protocol']
    if (protocol === undefined) errors.push(required(at.child('protocol')))
    else if (!protocols.includes(protocol)) errors.push(notSupported(at.child('protocol'), protocol, protocols))
    if (port['appProtocol'] !== undefined) checkQualifiedName(port['appProtocol'], at.child('appProtocol'), errors)
  }
}

export const validateEndpointSlice = (slice: KubeObject): FieldError[] => check(slice)

export function validateEndpointSliceUpdate(next: KubeObject, old: KubeObject): FieldError[] {
  const errors = check(next, old)
  checkImmutable(next['addressType'], old['addressType'], root('addressType'), errors)
  return errors
}
