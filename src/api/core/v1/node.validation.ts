// What a node may say, and what of it may change (upstream: pkg/apis/core/validation, ValidateNode and ValidateNodeUpdate).

import { duplicate, type FieldError, forbidden, internal, invalid, required } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { byteLength, quote } from '../../../machinery/go-text.ts'
import { parseCIDR } from '../../../machinery/ip.ts'
import { parseQuantity } from '../../../machinery/quantity.ts'
import { checkName, checkObjectName, type Errors } from '../../../machinery/validation/field-checks.ts'
import { isValidCIDRForLegacyField } from '../../../machinery/validation/ip.ts'
import { dns1123SubdomainMaxLength, isConfigMapKey, nameIsDNSLabel } from '../../../machinery/validation/names.ts'
import type { KubeObject } from '../../resource.ts'
import { checkResourceQuantity } from './resources.validation.ts'
import { checkTaints } from './scheduling.validation.ts'

const spec = root('spec')
const status = root('status')
const taintsPath = root('metadata', 'taints')

function checkResources(node: KubeObject, errors: Errors): void {
  for (const list of ['capacity', 'allocatable'])
    for (const name in node['status']?.[list])
      checkResourceQuantity(name, parseQuantity(node['status'][list][name]), status.child(list, name), errors)
}

const featureName = /^([A-Z][a-zA-Z0-9]*)(\/[a-zA-Z0-9]+)*$/

/** Sorted, and each once. */
function checkDeclaredFeatures(features: readonly string[] | undefined, errors: Errors): void {
  for (const [index, name] of (features ?? []).entries()) {
    const path = status.child('declaredFeatures')
    const problem =
      byteLength(name) > dns1123SubdomainMaxLength
        ? `must be no more than ${dns1123SubdomainMaxLength} characters`
        : !featureName.test(name) &&
          "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"
    if (problem) errors.push(invalid(path.index(index), name, `invalid feature name ${quote(name)}: ${problem}`))
    const next = features![index + 1]
    if (next === name) errors.push(duplicate(path.index(index + 1), next))
    else if (next !== undefined && name > next)
      errors.push(invalid(path.index(index + 1), next, 'list must be sorted alphabetically'))
  }
}

export function validateNode(node: KubeObject): FieldError[] {
  const errors: Errors = []
  const { taints, podCIDRs = [] } = node['spec'] as { taints?: never[]; podCIDRs?: string[] }
  if (taints) checkTaints(taints, taintsPath, errors)
  checkResources(node, errors)
  const swap = node['status']?.nodeInfo?.swap?.capacity
  if (swap !== undefined && swap < 0)
    errors.push(invalid(root('metadata', 'nodeSwapStatus', 'capacity'), swap, 'must be greater than or equal to 0'))
  checkDeclaredFeatures(node['status']?.declaredFeatures, errors)
  const path = spec.child('podCIDRs')
  for (const [index, range] of podCIDRs.entries()) errors.push(...isValidCIDRForLegacyField(path.index(index), range))
  if (podCIDRs.length < 2) return errors
  const bad = podCIDRs.findIndex(range => !parseCIDR(range))
  if (bad >= 0)
    errors.push(
      internal(
        path,
        `invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[${bad}]: <nil> (invalid CIDR address: ${podCIDRs[bad]})`,
      ),
    )
  const families = new Set(bad < 0 ? podCIDRs.map(range => parseCIDR(range)?.family) : [])
  if (families.size !== 2 || podCIDRs.length > 2)
    errors.push(invalid(path, podCIDRs, 'may specify no more than one CIDR for each IP family'))
  return errors
}

const once = (what: string): string => `node updates may not change ${what} except from "" to valid`

/** Of the node itself upstream checks both; of its status only what may not change. */
export function validateNodeUpdate(node: KubeObject, old: KubeObject): FieldError[] {
  return [...validateNode(node), ...validateNodeStatusUpdate(node, old)]
}

export function validateNodeStatusUpdate(node: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  checkResources(node, errors)
  checkDeclaredFeatures(node['status']?.declaredFeatures, errors)
  const seen = new Set<string>()
  for (const [index, address] of ((node['status']?.addresses ?? []) as Record<string, string>[]).entries()) {
    const key = JSON.stringify([address.type, address.address])
    if (seen.has(key)) errors.push(duplicate(status.child('addresses').index(index), address))
    seen.add(key)
  }
  const [next, before]: [string[], string[]] = [node['spec'].podCIDRs ?? [], old['spec'].podCIDRs ?? []]
  if (before.length > 0) {
    if (before.length !== next.length) errors.push(forbidden(spec.child('podCIDRs'), once('podCIDR')))
    else
      for (const [index, range] of before.entries())
        if (range !== next[index]) errors.push(forbidden(spec.child('podCIDRs'), once('podCIDR')))
  }
  if (old['spec'].providerID && old['spec'].providerID !== node['spec'].providerID)
    errors.push(forbidden(spec.child('providerID'), once('providerID')))
  if (node['spec'].configSource) checkConfigSource(node['spec'].configSource, false, spec.child('configSource'), errors)
  for (const name of ['assigned', 'active', 'lastKnownGood']) {
    const source = node['status']?.config?.[name]
    if (source) checkConfigSource(source, true, status.child('config', name), errors)
  }
  if (node['spec'].taints) checkTaints(node['spec'].taints, taintsPath, errors)
  if ((node['spec'].externalID ?? '') !== (old['spec'].externalID ?? ''))
    errors.push(forbidden(spec.child('externalID'), 'may not be updated'))
  return errors
}

/** Means nothing any more, but must still be well formed. */
function checkConfigSource(source: { configMap?: any }, known: boolean, path: FieldPath, errors: Errors): void {
  const { configMap } = source
  if (!configMap) {
    errors.push(invalid(path, source, 'exactly one reference subfield must be non-nil'))
    return
  }
  const at = path.child('configMap')
  for (const field of ['uid', 'resourceVersion'])
    if (known && !configMap[field]) errors.push(required(at.child(field)))
    else if (!known && configMap[field]) errors.push(forbidden(at.child(field), `${field} must not be set in spec`))
  const { namespace = '', name, kubeletConfigKey = '' } = configMap
  if (namespace === '') errors.push(required(at.child('namespace')))
  else checkName(namespace, nameIsDNSLabel, at.child('namespace'), errors)
  checkObjectName(name, at.child('name'), errors)
  if (kubeletConfigKey === '') errors.push(required(at.child('kubeletConfigKey')))
  else checkName(kubeletConfigKey, isConfigMapKey, at.child('kubeletConfigKey'), errors)
}
