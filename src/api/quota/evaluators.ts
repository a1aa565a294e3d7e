// The evaluators: services, claims for storage and for devices, and the counting of everything else. Pods have a file of
// their own.

import { deepEqual } from '../../machinery/deep-equal.ts'
import { parseQuantity, type Quantity, zeroQuantity } from '../../machinery/quantity.ts'
import type { PersistentVolumeClaim } from '../core/v1/persistentvolumeclaim.ts'
import type { Service } from '../core/v1/service.ts'
import type { ResourceClaim } from '../resource/v1/resourceclaim.ts'
import type { KubeObject } from '../resource.ts'
import { countName, one, type QuotaEvaluator, scopeSelects } from './evaluator.ts'
import { podEvaluator } from './pods.ts'

const whole = (count: number): Quantity => parseQuantity(String(count))
const isWrite = (operation: string): boolean => operation === 'CREATE' || operation === 'UPDATE'

const serviceResources = [countName('services'), 'services', 'services.nodeports', 'services.loadbalancers']

const serviceEvaluator: QuotaEvaluator = {
  groupResource: 'services',
  handles: ({ operation, subresource }) => subresource === '' && isWrite(operation),
  counts: name => serviceResources.includes(name),
  usage(object) {
    const { type, ports = [], allocateLoadBalancerNodePorts } = (object as unknown as Service).spec ?? {}
    const balanced = type === 'LoadBalancer'
    const chosen = balanced && allocateLoadBalancerNodePorts === false
    const nodePorts = chosen ? ports.filter(({ nodePort }) => !!nodePort).length : ports.length
    return new Map([
      [countName('services'), one],
      ['services', one],
      ['services.loadbalancers', balanced ? one : zeroQuantity],
      ['services.nodeports', balanced || type === 'NodePort' ? whole(nodePorts) : zeroQuantity],
    ])
  },
}

const claims = 'persistentvolumeclaims'
const claimResources = [claims, 'requests.storage']
const classSuffix = '.storageclass.storage.k8s.io/'
const betaClassAnnotation = 'volume.beta.kubernetes.io/storage-class'

const asClaim = (object: KubeObject): PersistentVolumeClaim => object as unknown as PersistentVolumeClaim

const claimEvaluator: QuotaEvaluator = {
  groupResource: claims,
  handles({ operation, subresource, object, oldObject }) {
    if (subresource === '') return isWrite(operation)
    if (subresource !== 'status' || !object || !oldObject) return false
    const [now, before] = [asClaim(object), asClaim(oldObject)]
    return (
      now.status?.allocatedResources?.['storage'] !== before.status?.allocatedResources?.['storage'] ||
      !deepEqual(attributesClasses(now), attributesClasses(before))
    )
  },
  counts: name =>
    name === countName(claims) ||
    claimResources.includes(name) ||
    claimResources.some(resource => name.endsWith(classSuffix + resource)),
  matchesScope: (scope, object) =>
    scope.scopeName === 'VolumeAttributesClass' && scopeSelects(scope, attributesClasses(asClaim(object))),
  usage(object) {
    const claim = asClaim(object)
    const amounts = new Map<string, Quantity>([
      [claims, one],
      [countName(claims), one],
    ])
    const storageClass = claim.metadata?.annotations?.[betaClassAnnotation] ?? claim.spec?.storageClassName ?? ''
    if (storageClass !== '') amounts.set(storageClass + classSuffix + claims, one)
    const storage = storageOf(claim)
    if (!storage) return amounts
    amounts.set('requests.storage', storage)
    if (storageClass !== '') amounts.set(`${storageClass}${classSuffix}requests.storage`, storage)
    return amounts
  },
}

/** What is asked for or, where it is more, what is already given; whole bytes. */
function storageOf({ spec, status }: PersistentVolumeClaim): Quantity | undefined {
  const asked = spec?.resources?.requests?.['storage']
  if (asked === undefined) return undefined
  const request = parseQuantity(asked).roundUp(0)
  const given = status?.allocatedResources?.['storage']
  const allocated = given === undefined ? undefined : parseQuantity(given)
  return allocated && allocated.compare(request) > 0 ? allocated.roundUp(0) : request
}

function attributesClasses({ spec, status }: PersistentVolumeClaim): string[] {
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ]
  return [...new Set(names.filter((name): name is string => !!name))].sort()
}

const deviceClaims = 'resourceclaims.resource.k8s.io'
const deviceSuffix = '.deviceclass.resource.k8s.io/devices'
/** As many as an allocation can have at all. */
const mostDevices = 32

const deviceClaimEvaluator: QuotaEvaluator = {
  groupResource: deviceClaims,
  handles: ({ operation, subresource }) => subresource === '' && isWrite(operation),
  counts: name => name === countName(deviceClaims) || name.endsWith(deviceSuffix),
  usage(object) {
    const amounts = new Map<string, Quantity>([[countName(deviceClaims), one]])
    const charge = (deviceClass: string, count: number): void => {
      const name = deviceClass + deviceSuffix
      amounts.set(name, (amounts.get(name) ?? zeroQuantity).add(whole(count)))
    }
    for (const { exactly, firstAvailable = [] } of (object as unknown as ResourceClaim).spec?.devices?.requests ?? []) {
      // Of alternatives, the worst for each class.
      const most = new Map<string, number>()
      for (const each of exactly ? [exactly] : firstAvailable) {
        const deviceClass = each.deviceClassName ?? ''
        const count = each.allocationMode === 'All' ? mostDevices : Number(each.count ?? 1)
        most.set(deviceClass, Math.max(most.get(deviceClass) ?? 0, count))
      }
      for (const [deviceClass, count] of most) charge(deviceClass, count)
    }
    return amounts
  },
}

/** Counted under these names before `count/` was. */
const aliases = new Set(['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets'])

function objectCountEvaluator(groupResource: string): QuotaEvaluator {
  const names = aliases.has(groupResource) ? [countName(groupResource), groupResource] : [countName(groupResource)]
  const usage = new Map(names.map(name => [name, one]))
  return {
    groupResource,
    handles: ({ operation, subresource }) => operation === 'CREATE' && subresource === '',
    counts: name => names.includes(name),
    usage: () => usage,
  }
}

const evaluators = new Map(
  [podEvaluator, serviceEvaluator, claimEvaluator, deviceClaimEvaluator].map(each => [each.groupResource, each]),
)

/** What is not kept, and events, which never were. */
const uncounted = new Set([
  'bindings',
  'componentstatuses',
  'events',
  'events.events.k8s.io',
  'tokenreviews.authentication.k8s.io',
  'selfsubjectreviews.authentication.k8s.io',
  'subjectaccessreviews.authorization.k8s.io',
  'selfsubjectaccessreviews.authorization.k8s.io',
  'localsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectrulesreviews.authorization.k8s.io',
])

/** Of any resource, custom ones too; undefined for what quotas don't know. */
export function quotaEvaluator(groupResource: string): QuotaEvaluator | undefined {
  let evaluator = evaluators.get(groupResource)
  if (!evaluator) {
    if (uncounted.has(groupResource)) return undefined
    evaluator = objectCountEvaluator(groupResource)
    evaluators.set(groupResource, evaluator)
  }
  return evaluator
}
