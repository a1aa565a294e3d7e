// What the spec of a pod, or of a template for pods, may say (upstream: pkg/apis/core/validation, ValidatePodSpec).

import { wasSentEmpty } from '../../../machinery/codec/sent-empty.ts'
import {
  duplicate,
  forbidden,
  invalid,
  notFound,
  notSupported,
  required,
  tooLong,
} from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import { byteLength } from '../../../machinery/go-text.ts'
import { ownValue } from '../../../machinery/own-value.ts'
import { parseQuantity } from '../../../machinery/quantity.ts'
import {
  checkDNSLabel,
  checkDNSSubdomain,
  checkOneOf,
  checkQualifiedName,
  type Errors,
} from '../../../machinery/validation/field-checks.ts'
import { isValidIPForLegacyField } from '../../../machinery/validation/ip.ts'
import { validateLabels } from '../../../machinery/validation/labels.ts'
import { isDNS1123SubdomainWithUnderscore, nameIsDNSSubdomain } from '../../../machinery/validation/names.ts'
import type { Container, EphemeralContainer } from './container.ts'
import {
  type ContainerRules,
  checkContainer,
  checkHostPorts,
  checkInitRestartPolicy,
  checkProbes,
  checkRestartPolicy,
} from './container.validation.ts'
import type { Pod, PodDNSConfig, PodResourceClaim, PodSpec } from './pod.ts'
import { aggregateContainerResources } from './pod-resources.ts'
import {
  checkContainerResourceName,
  checkPodResources,
  checkResourceRequirements,
  isHugePages,
} from './resources.validation.ts'
import { checkAffinity, checkSchedulingGates, checkTolerations, checkTopologySpread } from './scheduling.validation.ts'
import { checkOperatingSystem, checkPodSecurityContext, checkWindowsHostProcess } from './securitycontext.validation.ts'
import type { Volume } from './volume.ts'
import { checkVolumes } from './volume.validation.ts'

export interface PodSpecRules {
  /** The spec is a pod's own; not a template's. */
  readonly isPod: boolean
  readonly podName: string | undefined
}

const restartPolicies = ['Always', 'OnFailure', 'Never']
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
const preemptionPolicies = ['PreemptLowerPriority', 'Never']
const mostSeconds = 2147483647
const none: ReadonlySet<string> = new Set()
const noVolumes: ReadonlyMap<string, Volume> = new Map()

export function checkPodSpec(spec: PodSpec, path: FieldPath, { isPod, podName }: PodSpecRules, errors: Errors): void {
  if (spec.terminationGracePeriodSeconds === undefined)
    errors.push(required(path.child('terminationGracePeriodSeconds')))
  const volumes = spec.volumes
    ? checkVolumes(spec.volumes, path.child('volumes'), { podName, isPod }, errors)
    : noVolumes
  const claims = spec.resourceClaims ? new Set(spec.resourceClaims.flatMap(({ name }) => name || [])) : none
  if (spec.resourceClaims) checkResourceClaims(spec.resourceClaims, path.child('resourceClaims'), errors)
  const rules: ContainerRules = {
    volumes,
    claims,
    podRestartPolicy: spec.restartPolicy,
    hostUsers: spec.hostUsers !== false,
    gracePeriod: spec.terminationGracePeriodSeconds,
    os: spec.os?.name,
  }
  checkContainers(spec, path.child('containers'), rules, errors)
  if (spec.initContainers) checkInitContainers(spec, path.child('initContainers'), rules, errors)
  if (spec.ephemeralContainers?.length) checkEphemeralContainers(spec, path.child('ephemeralContainers'), rules, errors)
  if (spec.resources) checkOwnResources(spec, path.child('resources'), claims, errors)
  if (spec.hostNetwork) checkHostNetworkPorts(spec.containers ?? [], path.child('containers'), isPod, errors)
  checkOneOf(spec.restartPolicy, restartPolicies, path, 'restartPolicy', errors)
  checkOneOf(spec.dnsPolicy, dnsPolicies, path, 'dnsPolicy', errors)
  if (spec.nodeSelector) errors.push(...validateLabels(spec.nodeSelector, path.child('nodeSelector')))
  if (spec.securityContext) checkPodSecurityContext(spec.securityContext, spec, path.child('securityContext'), errors)
  if (spec.affinity) checkAffinity(spec.affinity, path.child('affinity'), errors)
  if (spec.dnsConfig || spec.dnsPolicy === 'None') checkDNSConfig(spec, path.child('dnsConfig'), errors)
  spec.readinessGates?.forEach(({ conditionType = '' }, index) => {
    checkQualifiedName(conditionType, path.child('readinessGates').index(index).child('conditionType'), errors)
  })
  if (spec.schedulingGates) checkSchedulingGates(spec.schedulingGates, path.child('schedulingGates'), errors)
  if (spec.topologySpreadConstraints)
    checkTopologySpread(spec.topologySpreadConstraints, path.child('topologySpreadConstraints'), errors)
  checkWindowsHostProcess(spec, path, errors)
  if (spec.hostUsers === false) checkHostUsers(spec, path, errors)
  if (spec.hostnameOverride !== undefined) checkHostnameOverride(spec, path.child('hostnameOverride'), errors)
  checkNames(spec, path, errors)
  if (spec.os) checkOperatingSystem(spec, path, errors)
  checkFileKeyVolumes(spec, path, errors)
}

const containerLists = ['initContainers', 'containers', 'ephemeralContainers'] as const

/** Files that variables come from lie in volumes that containers of the pod can write to. */
function checkFileKeyVolumes(spec: PodSpec, path: FieldPath, errors: Errors): void {
  for (const list of containerLists) {
    const containers = spec[list] as readonly Container[] | undefined
    if (!containers) continue
    for (let index = 0; index < containers.length; index++) {
      const { env } = containers[index]!
      if (!env) continue
      for (let at = 0; at < env.length; at++) {
        const reference = env[at]!.valueFrom?.fileKeyRef
        if (!reference) continue
        const { volumeName = '' } = reference
        const volume = spec.volumes?.findLast(({ name }) => name === volumeName)
        if (volume?.emptyDir) continue
        const there = path
          .child(list)
          .index(index)
          .child('env')
          .index(at)
          .child('valueFrom', 'fileKeyRef', 'volumeName')
        errors.push(
          volume
            ? invalid(there, volumeName, 'referenced volume must be of type emptyDir')
            : notFound(there, volumeName),
        )
      }
    }
  }
}

const longestHostname = 64

function checkHostnameOverride(spec: PodSpec, path: FieldPath, errors: Errors): void {
  const name = spec.hostnameOverride!
  if (spec.setHostnameAsFQDN) errors.push(forbidden(path, 'may not be specified when setHostnameAsFQDN is true'))
  if (spec.hostNetwork) errors.push(forbidden(path, 'may not be specified when hostNetwork is true'))
  if (byteLength(name) > longestHostname) errors.push(tooLong(path, name, longestHostname))
  checkDNSSubdomain(name, path, errors)
}

function checkContainers(spec: PodSpec, path: FieldPath, rules: ContainerRules, errors: Errors): void {
  const containers = spec.containers ?? []
  if (containers.length === 0) {
    errors.push(required(path))
    return
  }
  const names = new Set<string>()
  for (let index = 0; index < containers.length; index++) {
    const container = containers[index]!
    const at = path.index(index)
    checkContainer(container, at, rules, errors)
    if (names.has(container.name ?? '')) errors.push(duplicate(at.child('name'), container.name ?? ''))
    names.add(container.name ?? '')
    checkProbes(container, at, rules, errors)
    checkRestartPolicy(container, at, errors)
  }
  checkHostPorts(containers, path, errors)
}

const sidecarFields = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const

function checkInitContainers(spec: PodSpec, path: FieldPath, rules: ContainerRules, errors: Errors): void {
  const names = new Set((spec.containers ?? []).map(({ name = '' }) => name))
  for (const [index, container] of spec.initContainers!.entries()) {
    const at = path.index(index)
    checkContainer(container, at, rules, errors)
    checkInitRestartPolicy(container, at, errors)
    const { name = '' } = container
    if (names.has(name)) errors.push(duplicate(at.child('name'), name))
    else if (name !== '') names.add(name)
    checkHostPorts([container], path, errors)
    if (container.restartPolicy === 'Always') checkProbes(container, at, rules, errors)
    else
      for (const field of sidecarFields)
        if (container[field] !== undefined)
          errors.push(forbidden(at.child(field), 'may not be set for init containers without restartPolicy=Always'))
  }
}

/** Fields of a container that an ephemeral one doesn't have. */
const neverEphemeral = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const
const noEphemeral = 'cannot be set for an Ephemeral Container'

function isSet(container: Container, field: (typeof neverEphemeral)[number]): boolean {
  const value = container[field]
  if (value === undefined) return wasSentEmpty(container, field)
  if (field === 'resources')
    return (
      Object.keys(value).length > 0 ||
      ['limits', 'requests', 'claims'].some(name => wasSentEmpty(container.resources, name))
    )
  // What upstream has no pointer to is absent when nothing is in it.
  return !(Array.isArray(value) && value.length === 0)
}

function checkEphemeralContainers(spec: PodSpec, path: FieldPath, rules: ContainerRules, errors: Errors): void {
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name = '' }) => name))
  const names = new Set(others)
  for (const [index, ephemeral] of (spec.ephemeralContainers as EphemeralContainer[]).entries()) {
    const at = path.index(index)
    const container = ephemeral as unknown as Container & { targetContainerName?: string }
    checkContainer(container, at, rules, errors)
    checkImagePadding(container, at, errors)
    const { name = '', targetContainerName } = container
    if (names.has(name)) errors.push(duplicate(at.child('name'), name))
    names.add(name)
    if (targetContainerName && !others.has(targetContainerName))
      errors.push(notFound(at.child('targetContainerName'), targetContainerName))
    for (const field of neverEphemeral) {
      if (isSet(container, field)) errors.push(forbidden(at.child(field), noEphemeral))
    }
    for (const [mountIndex, mount] of (container.volumeMounts ?? []).entries())
      for (const field of ['subPath', 'subPathExpr'] as const)
        if (mount[field]) errors.push(forbidden(at.child('volumeMounts').index(mountIndex).child(field), noEphemeral))
  }
}

export function checkImagePadding(container: Container, path: FieldPath, errors: Errors): void {
  const { image = '' } = container
  if (image.trim() !== image)
    errors.push(invalid(path.child('image'), image, 'must not have leading or trailing whitespace'))
}

function checkResourceClaims(claims: readonly PodResourceClaim[], path: FieldPath, errors: Errors): void {
  const names = new Set<string>()
  for (const [index, claim] of claims.entries()) {
    const at = path.index(index)
    const { name, resourceClaimName, resourceClaimTemplateName } = claim
    if (!name) errors.push(required(at.child('name')))
    else if (names.has(name)) errors.push(duplicate(at.child('name'), name))
    else {
      checkDNSLabel(name, at.child('name'), errors)
      names.add(name)
    }
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
      errors.push(
        invalid(at, claim, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'),
      )
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
      errors.push(invalid(at, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'))
    for (const field of ['resourceClaimName', 'resourceClaimTemplateName'] as const) {
      const value = claim[field]
      if (value === undefined) continue
      for (const message of nameIsDNSSubdomain(value, false)) errors.push(invalid(at.child(field), value, message))
    }
  }
}

/** Resources of the pod as a whole: not less than its containers ask for together, nor any limit beyond. */
function checkOwnResources(spec: PodSpec, path: FieldPath, claims: ReadonlySet<string>, errors: Errors): void {
  const resources = spec.resources!
  if (spec.os?.name === 'windows') {
    errors.push(forbidden(path, 'may not be set for a windows pod'))
    return
  }
  checkPodResources(resources, path, claims, errors)
  for (const list of ['requests', 'limits'] as const)
    for (const [name, sum] of [...aggregateContainerResources({ spec } as Pod, list)].sort()) {
      const given = resources[list]?.[name]
      // Limits may be more together than the pod's own, but not of what cannot be overcommitted.
      if (given === undefined || (list === 'limits' && !isHugePages(name))) continue
      const own = parseQuantity(given)
      if (sum.compare(own) > 0)
        errors.push(
          invalid(
            path.child(list).key(name),
            own.toString(),
            `must be greater than or equal to aggregate container ${list} of ${sum.toString()}`,
          ),
        )
    }
  for (const [index, container] of (spec.containers ?? []).entries())
    for (const name in container.resources?.limits) {
      const own = ownValue(resources.limits, name)
      const limit = parseQuantity(container.resources.limits[name]!)
      if (own !== undefined && limit.compare(parseQuantity(own)) > 0)
        errors.push(
          invalid(
            path.child('containers').index(index).key(name).child('limits'),
            limit.toString(),
            `must be less than or equal to pod limits of ${parseQuantity(own).toString()}`,
          ),
        )
    }
}

function checkHostNetworkPorts(
  containers: readonly Container[],
  path: FieldPath,
  isPod: boolean,
  errors: Errors,
): void {
  for (const [index, container] of containers.entries())
    for (const [portIndex, { hostPort = 0, containerPort }] of (container.ports ?? []).entries())
      if ((isPod || hostPort !== 0) && hostPort !== containerPort)
        errors.push(
          invalid(
            path.index(index).child('ports').index(portIndex).child('hostPort'),
            hostPort,
            'must match `containerPort` when `hostNetwork` is true',
          ),
        )
}

function checkDNSConfig(spec: PodSpec, path: FieldPath, errors: Errors): void {
  const config: PodDNSConfig | undefined = spec.dnsConfig
  const nameservers = config?.nameservers ?? []
  if (spec.dnsPolicy === 'None') {
    if (!config) {
      errors.push(required(path, 'must provide `dnsConfig` when `dnsPolicy` is None'))
      return
    }
    if (nameservers.length === 0) {
      errors.push(
        required(path.child('nameservers'), 'must provide at least one DNS nameserver when `dnsPolicy` is None'),
      )
      return
    }
  }
  if (!config) return
  if (nameservers.length > 3)
    errors.push(invalid(path.child('nameservers'), nameservers, 'must not have more than 3 nameservers'))
  for (const [index, address] of nameservers.entries())
    errors.push(...isValidIPForLegacyField(path.child('nameservers').index(index), address))
  const searches = config.searches ?? []
  const at = path.child('searches')
  if (searches.length > 32) errors.push(invalid(at, searches, 'must not have more than 32 search paths'))
  if (searches.join(' ').length > 2048)
    errors.push(invalid(at, searches, 'must not have more than 2048 characters (including spaces) in the search list'))
  for (const [index, search] of searches.entries()) {
    if (search === '.') continue
    const name = search.replace(/\.$/, '')
    for (const message of isDNS1123SubdomainWithUnderscore(name)) errors.push(invalid(at.index(index), name, message))
  }
  for (const [index, { name }] of (config.options ?? []).entries())
    if (!name) errors.push(required(path.child('options').index(index), 'must not be empty'))
}

function checkHostUsers(spec: PodSpec, path: FieldPath, errors: Errors): void {
  const detail = 'when `hostUsers` is false'
  if (spec.hostNetwork) errors.push(forbidden(path.child('hostNetwork'), detail))
  if (spec.hostPID) errors.push(forbidden(path.child('HostPID'), detail))
  if (spec.hostIPC) errors.push(forbidden(path.child('HostIPC'), detail))
  for (const list of containerLists)
    for (const [index, { volumeDevices }] of ((spec[list] ?? []) as Container[]).entries())
      if (volumeDevices?.length) errors.push(forbidden(path.child(list).index(index).child('volumeDevices'), detail))
}

function checkNames(spec: PodSpec, path: FieldPath, errors: Errors): void {
  const checkName = (name: string, field: string): void => {
    for (const message of nameIsDNSSubdomain(name, false)) errors.push(invalid(path.child(field), name, message))
  }
  if (spec.serviceAccountName) checkName(spec.serviceAccountName, 'serviceAccountName')
  if (spec.nodeName) checkName(spec.nodeName, 'nodeName')
  const seconds = spec.activeDeadlineSeconds
  if (seconds !== undefined && (seconds < 1 || seconds > mostSeconds))
    errors.push(
      invalid(path.child('activeDeadlineSeconds'), seconds, `must be between 1 and ${mostSeconds}, inclusive`),
    )
  if (spec.hostname) checkDNSLabel(spec.hostname, path.child('hostname'), errors)
  if (spec.subdomain) checkDNSLabel(spec.subdomain, path.child('subdomain'), errors)
  if (spec.tolerations) checkTolerations(spec.tolerations, path.child('tolerations'), errors)
  spec.hostAliases?.forEach(({ ip = '', hostnames = [] }, index) => {
    const at = path.child('hostAliases').index(index)
    errors.push(...isValidIPForLegacyField(at.child('ip'), ip))
    for (const [nameIndex, hostname] of hostnames.entries())
      checkDNSSubdomain(hostname, at.child('hostnames').index(nameIndex), errors)
  })
  if (spec.priorityClassName) checkName(spec.priorityClassName, 'priorityClassName')
  if (spec.runtimeClassName !== undefined) checkName(spec.runtimeClassName, 'runtimeClassName')
  if (spec.preemptionPolicy !== undefined) {
    const at = path.child('preemptionPolicy')
    if (spec.preemptionPolicy === '') errors.push(required(at))
    else if (!preemptionPolicies.includes(spec.preemptionPolicy))
      errors.push(notSupported(at, spec.preemptionPolicy, preemptionPolicies))
  }
  if (spec.overhead)
    checkResourceRequirements(
      { limits: spec.overhead },
      checkContainerResourceName,
      path.child('overhead'),
      none,
      errors,
    )
}
