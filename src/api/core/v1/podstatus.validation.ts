// What of a pod's status may change, and what it may say (upstream: ValidatePodStatusUpdate).

import { duplicate, type FieldError, forbidden, internal, invalid, required } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { parseIP } from '../../../machinery/ip.ts'
import {
  checkDNSLabel,
  checkImmutable,
  checkName,
  checkQualifiedName,
  type Errors,
} from '../../../machinery/validation/field-checks.ts'
import { isValidIPForLegacyField } from '../../../machinery/validation/ip.ts'
import { nameIsDNSSubdomain } from '../../../machinery/validation/names.ts'
import type { KubeObject } from '../../resource.ts'
import type { Container } from './container.ts'
import { checkAllocated, checkUsers } from './containerstatus.validation.ts'
import type { ContainerStatus, PodSpec, PodStatus } from './pod.ts'
import { checkPodAnnotationUpdates } from './podannotations.validation.ts'

const status = root('status')
const systemConditions = new Set(['PodScheduled', 'Ready', 'Initialized'])
const statusLists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const
const notNegative = 'must be a non-negative integer'

export function validatePodStatusUpdate(pod: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  const [next, before] = [pod['status'] as PodStatus, old['status'] as PodStatus]
  const spec = old['spec'] as PodSpec
  checkPodAnnotationUpdates(pod, old, root('metadata', 'annotations'), errors)
  for (const [index, { type = '', observedGeneration = 0 }] of (next.conditions ?? []).entries()) {
    const path = status.child('conditions').index(index)
    if (observedGeneration < 0) errors.push(invalid(path.child('observedGeneration'), observedGeneration, notNegative))
    if (!systemConditions.has(type)) checkQualifiedName(type, path.child('Type'), errors)
  }
  const nominated = next.nominatedNodeName
  if (nominated && nominated !== before.nominatedNodeName) {
    const path = status.child('nominatedNodeName')
    checkName(nominated, nameIsDNSSubdomain, path, errors)
    if (spec.nodeName) errors.push(forbidden(path, 'may not be set on pods that are already bound to a node'))
  }
  if ((next.observedGeneration ?? 0) < 0)
    errors.push(invalid(status.child('observedGeneration'), next.observedGeneration, notNegative))
  checkImmutable(next.qosClass, before.qosClass, status.child('qosClass'), errors)
  checkTransitions(next, before, 'containerStatuses', spec.containers, spec, errors)
  checkTransitions(next, before, 'initContainerStatuses', spec.initContainers, spec, errors)
  checkTransitions(next, before, 'ephemeralContainerStatuses', undefined, spec, errors)
  if (next.resourceClaimStatuses) checkClaimStatuses(next.resourceClaimStatuses, spec, errors)
  if (next.extendedResourceClaimStatus) checkExtendedClaim(next.extendedResourceClaimStatus, spec, errors)
  if (next.podIPs) checkAddresses(next.podIPs, before.podIPs, status.child('podIPs'), errors)
  if (next.hostIPs?.length) {
    const path = status.child('hostIPs')
    if ((next.hostIP ?? '') !== next.hostIPs[0]!.ip)
      errors.push(invalid(path.index(0).child('ip'), next.hostIPs[0]!.ip, 'must be equal to `hostIP`'))
    checkAddresses(next.hostIPs, before.hostIPs, path, errors)
  }
  for (const list of statusLists) checkUsers(next[list], spec.os, status.child(list), errors)
  checkAllocated(next.containerStatuses, spec.containers, status.child('containerStatuses'), errors)
  checkAllocated(next.initContainerStatuses, spec.initContainers ?? [], status.child('initContainerStatuses'), errors)
  checkAllocated(next.ephemeralContainerStatuses, undefined, status.child('ephemeralContainerStatuses'), errors)
  return errors
}

/** A container that ended for good stays so. */
function checkTransitions(
  next: PodStatus,
  before: PodStatus,
  list: (typeof statusLists)[number],
  containers: readonly Container[] | undefined,
  spec: PodSpec,
  errors: Errors,
): void {
  const statuses = next[list] as readonly ContainerStatus[] | undefined
  if (!statuses) return
  const ephemeral = list === 'ephemeralContainerStatuses'
  for (const [index, old] of ((before[list] ?? []) as ContainerStatus[]).entries()) {
    const terminated = old.state?.terminated
    if (!terminated) continue
    if (!statuses.some(one => one.name === old.name && !one.state?.terminated)) continue
    const container = containers?.find(({ name }) => name === old.name)
    if (!ephemeral && container && mayRestart(container, spec, terminated.exitCode ?? 0)) continue
    errors.push(
      forbidden(status.child(list).index(index).child('state'), 'may not be transitioned to non-terminated state'),
    )
  }
}

/** By the first of its rules that fits, by its own policy, by the pod's (KEP-5307). */
function mayRestart(container: Container, spec: PodSpec, exitCode: number): boolean {
  if (container.restartPolicy !== undefined)
    for (const { exitCodes } of container.restartPolicyRules ?? []) {
      const listed = exitCodes?.values?.includes(exitCode) ?? false
      if (exitCodes && listed === (exitCodes.operator === 'In')) return true
    }
  const policy = container.restartPolicy ?? spec.restartPolicy
  return policy === 'OnFailure' ? exitCode !== 0 : policy !== 'Never'
}

function checkClaimStatuses(
  statuses: readonly { readonly name?: string; readonly resourceClaimName?: string }[],
  spec: PodSpec,
  errors: Errors,
): void {
  const names = new Set<string>()
  for (const [index, { name = '', resourceClaimName }] of statuses.entries()) {
    const path = status.child('resourceClaimStatuses').index(index)
    if (!spec.resourceClaims?.some(claim => claim.name === name))
      errors.push(invalid(path.child('name'), name, 'must match the name of an entry in `spec.resourceClaims`'))
    if (names.has(name)) errors.push(duplicate(path.child('name'), name))
    names.add(name)
    if (resourceClaimName !== undefined)
      checkName(resourceClaimName, nameIsDNSSubdomain, path.child('resourceClaimName'), errors)
  }
}

type ExtendedClaim = NonNullable<PodStatus['extendedResourceClaimStatus']>

function checkExtendedClaim(claim: ExtendedClaim, spec: PodSpec, errors: Errors): void {
  const path = status.child('extendedResourceClaimStatus')
  const mappings = claim.requestMappings ?? []
  if (mappings.length === 0)
    errors.push(required(path.child('requestMappings'), 'at least one request mapping is required'))
  const containers = new Map(
    [...(spec.initContainers ?? []), ...(spec.containers ?? [])].map(container => [container.name, container]),
  )
  const seen = new Set<string>()
  for (const [index, { containerName = '', resourceName = '', requestName = '' }] of mappings.entries()) {
    const at = path.child('requestMappings').index(index)
    const container = containers.get(containerName)
    if (!container)
      errors.push(
        invalid(
          at.child('containerName'),
          containerName,
          'must match the name of an entry in spec.initContainers.name or spec.containers.name',
        ),
      )
    else if (container.resources?.requests?.[resourceName] === undefined)
      errors.push(
        invalid(
          at.child('resourceName'),
          resourceName,
          'must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests',
        ),
      )
    checkDNSLabel(requestName, path.child('requestName'), errors)
    const key = JSON.stringify([containerName, resourceName, requestName])
    if (seen.has(key)) {
      errors.push(duplicate(at.child('containerName'), containerName))
      errors.push(duplicate(at.child('resourceName'), resourceName))
      errors.push(duplicate(at.child('requestName'), requestName))
    }
    seen.add(key)
  }
  if (!claim.resourceClaimName) errors.push(required(path.child('resourceClaimName')))
  else checkName(claim.resourceClaimName, nameIsDNSSubdomain, path.child('resourceClaimName'), errors)
}

interface Address {
  readonly ip?: string
}

function checkAddresses(
  addresses: readonly Address[],
  before: readonly Address[] | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  const known = (before ?? []).map(({ ip = '' }) => ip)
  for (const [index, { ip = '' }] of addresses.entries())
    errors.push(...isValidIPForLegacyField(path.index(index), ip, known))
  if (addresses.length < 2) return
  const families = addresses.map(({ ip = '' }) => parseIP(ip)?.family)
  const unknown = families.indexOf(undefined)
  if (unknown >= 0)
    errors.push(
      internal(
        path,
        `failed to check for dual stack with error:invalid IP[${unknown}]: ${addresses[unknown]!.ip ?? ''}`,
      ),
    )
  if (unknown >= 0 || new Set(families).size !== 2 || addresses.length > 2)
    errors.push(invalid(path, addresses, 'may specify no more than one IP for each IP family'))
}
