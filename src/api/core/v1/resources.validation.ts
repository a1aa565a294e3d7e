// Names and amounts of resources, and what a container or a pod may ask of them.

import { wasSentEmpty } from '../../../machinery/codec/sent-empty.ts'
import { duplicate, forbidden, invalid, notFound, notSupported, required } from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import { ownValue } from '../../../machinery/own-value.ts'
import { parseQuantity, type Quantity } from '../../../machinery/quantity.ts'
import { checkDNSLabel, type Errors } from '../../../machinery/validation/field-checks.ts'
import { isQualifiedName } from '../../../machinery/validation/names.ts'
import { notNegativeMessage } from '../../../machinery/validation/object-meta.ts'
import type { ResourceRequirements } from './container.ts'

const containerResources = new Set(['cpu', 'memory', 'ephemeral-storage'])
const objectCounts = [
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]
const countedResources = new Set(objectCounts)
const quotaResources = new Set([
  ...objectCounts,
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
])
const standardResources = new Set([...quotaResources, 'storage'])

export const isHugePages = (name: string): boolean => name.startsWith('hugepages-')
const isQuotaHugePages = (name: string): boolean => isHugePages(name) || name.startsWith('requests.hugepages-')
export const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/')
export const isExtended = (name: string): boolean =>
  !isNative(name) && !name.startsWith('requests.') && isQualifiedName(`requests.${name}`).length === 0
export const isOvercommitAllowed = (name: string): boolean => isNative(name) && !isHugePages(name)
const isInteger = (name: string): boolean => countedResources.has(name) || isExtended(name)

/** The check of a resource's name, which depends on where it stands. */
export type ResourceNameCheck = (name: string, path: FieldPath, errors: Errors) => void

export function checkResourceName(name: string, path: FieldPath, errors: Errors): void {
  const messages = isQualifiedName(name)
  for (const message of messages) errors.push(invalid(path, name, message))
  if (messages.length > 0 || name.includes('/')) return
  if (!standardResources.has(name) && !isQuotaHugePages(name))
    errors.push(invalid(path, name, 'must be a standard resource type or fully qualified'))
}

export const checkContainerResourceName: ResourceNameCheck = (name, path, errors) => {
  if (containerResources.has(name)) return
  checkResourceName(name, path, errors)
  if (!name.includes('/')) {
    if (!isHugePages(name)) errors.push(invalid(path, name, 'must be a standard resource for containers'))
  } else if (!isNative(name) && !isExtended(name))
    errors.push(invalid(path, name, "doesn't follow extended resource name standard"))
}

const podLevelResources = ['cpu', 'hugepages-', 'memory']

const checkPodResourceName: ResourceNameCheck = (name, path, errors) => {
  const before = errors.length
  checkResourceName(name, path, errors)
  if (errors.length === before && name !== 'cpu' && name !== 'memory' && !isHugePages(name))
    errors.push(notSupported(path, name, podLevelResources))
}

export function checkQuotaResourceName(name: string, path: FieldPath, errors: Errors): void {
  checkResourceName(name, path, errors)
  if (!name.includes('/') && !isStandardQuotaResource(name))
    errors.push(invalid(path, name, 'must be a standard resource for quota'))
}

export const isStandardQuotaResource = (name: string): boolean => quotaResources.has(name) || isQuotaHugePages(name)

export function checkResourceQuantity(name: string, quantity: Quantity, path: FieldPath, errors: Errors): void {
  if (quantity.sign < 0) errors.push(invalid(path, quantity.toString(), notNegativeMessage))
  if (isInteger(name) && quantity.milliValue() % 1000 !== 0)
    errors.push(invalid(path, quantity.toString(), 'must be an integer'))
}

/** The amount is a whole number of pages of the size in the resource's name. */
function isWholePages(name: string, quantity: Quantity): boolean {
  try {
    const size = parseQuantity(name.slice('hugepages-'.length)).value()
    return size > 0 && quantity.value() % size === 0
  } catch {
    return false
  }
}

export interface ResourceRules {
  /** Names of the pod's resource claims. */
  readonly claims: ReadonlySet<string>
}

/** Limits and requests, one list after the other; requests may not be more than limits. */
export function checkResourceRequirements(
  requirements: ResourceRequirements | undefined,
  nameCheck: ResourceNameCheck,
  path: FieldPath,
  claims: ReadonlySet<string>,
  errors: Errors,
): void {
  if (!requirements) return
  const { limits, requests } = requirements
  let computed = false
  let hugePages = false
  const checkOne = (name: string, quantity: Quantity, of: 'limits' | 'requests'): void => {
    if (name === 'cpu' || name === 'memory') {
      computed = true
      if (quantity.sign >= 0) return
    }
    const at = path.child(of).key(name)
    nameCheck(name, at, errors)
    checkResourceQuantity(name, quantity, at, errors)
  }
  const checkPages = (name: string, quantity: Quantity, of: 'limits' | 'requests'): void => {
    if (!isHugePages(name)) return
    hugePages = true
    if (!isWholePages(name, quantity))
      errors.push(
        invalid(
          path.child(of).key(name),
          quantity.toString(),
          `${quantity.toString()} is not positive integer multiple of ${name}`,
        ),
      )
  }
  for (const name in limits) {
    const quantity = parseQuantity(limits[name]!)
    checkOne(name, quantity, 'limits')
    checkPages(name, quantity, 'limits')
  }
  for (const name in requests) {
    const quantity = parseQuantity(requests[name]!)
    checkOne(name, quantity, 'requests')
    const given = ownValue(limits, name)
    if (given !== undefined) {
      const limit = parseQuantity(given)
      const order = quantity.compare(limit)
      if (order !== 0 && !isOvercommitAllowed(name))
        errors.push(
          invalid(path.child('requests'), quantity.toString(), `must be equal to ${name} limit of ${limit.toString()}`),
        )
      else if (order > 0)
        errors.push(
          invalid(
            path.child('requests'),
            quantity.toString(),
            `must be less than or equal to ${name} limit of ${limit.toString()}`,
          ),
        )
    } else if (!isOvercommitAllowed(name))
      errors.push(required(path.child('limits'), 'Limit must be set for non overcommitable resources'))
    checkPages(name, quantity, 'requests')
  }
  if (hugePages && !computed) errors.push(forbidden(path, 'HugePages require cpu or memory'))
  if (requirements.claims) checkClaims(requirements.claims, path.child('claims'), claims, errors)
}

function checkClaims(
  used: readonly { readonly name?: string; readonly request?: string }[],
  path: FieldPath,
  claims: ReadonlySet<string>,
  errors: Errors,
): void {
  const names = new Set<string>()
  for (const [index, { name, request }] of used.entries()) {
    const at = path.index(index)
    if (!name) {
      errors.push(required(at))
      continue
    }
    if (names.has(name)) errors.push(duplicate(at, name))
    else {
      let key = name
      if (request) {
        checkDNSLabel(request, at.child('request'), errors)
        key = `${name}/${request}`
      }
      if (names.has(key)) errors.push(duplicate(at, key))
      else if (!request) for (const other of names) if (other.startsWith(`${name}/`)) errors.push(duplicate(at, name))
      names.add(key)
    }
    if (claims.has(name)) continue
    const known = claims.size === 0 ? ' which is empty' : `: ${[...claims].sort().join(', ')}`
    errors.push({ ...notFound(at, name), detail: `must be one of the names in pod.spec.resourceClaims${known}` })
  }
}

export function checkPodResources(
  resources: ResourceRequirements,
  path: FieldPath,
  claims: ReadonlySet<string>,
  errors: Errors,
): void {
  if (resources.claims || wasSentEmpty(resources, 'claims'))
    errors.push(forbidden(path.child('claims'), 'claims may not be set for Resources at pod-level'))
  checkResourceRequirements(resources, checkPodResourceName, path, claims, errors)
}
