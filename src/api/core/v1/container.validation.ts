// What a container may say, of whichever list it stands in (upstream: pkg/apis/core/validation, validateContainerCommon).

import {
  duplicate,
  forbidden,
  invalid,
  notFound,
  notSupported,
  required,
  tooMany,
} from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import {
  checkDNSLabel,
  checkNonnegative,
  checkOneOf,
  checkPort,
  type Errors,
} from '../../../machinery/validation/field-checks.ts'
import { isPortName } from '../../../machinery/validation/names.ts'
import type { Container, ContainerPort, Probe, VolumeDevice, VolumeMount } from './container.ts'
import { checkEnv, checkEnvFrom } from './env.validation.ts'
import { checkHandler, checkLifecycle, type LifecycleRules } from './probe.validation.ts'
import { checkContainerResourceName, checkResourceRequirements } from './resources.validation.ts'
import { checkSecurityContext } from './securitycontext.validation.ts'
import type { Volume } from './volume.ts'
import { checkLocalDescendingPath, hasBacksteps } from './volume-path.validation.ts'

export interface ContainerRules extends LifecycleRules {
  /** The pod's volumes, without those that are wrong themselves. */
  readonly volumes: ReadonlyMap<string, Volume>
  readonly claims: ReadonlySet<string>
  readonly podRestartPolicy: string | undefined
  readonly hostUsers: boolean
}

const protocols = ['SCTP', 'TCP', 'UDP']
const terminationMessagePolicies = ['File', 'FallbackToLogsOnError']
export const pullPolicies = ['Always', 'IfNotPresent', 'Never']
const mountPropagations = ['Bidirectional', 'HostToContainer', 'None']
const recursiveReadOnly = ['Disabled', 'Enabled', 'IfPossible']
const resizeResources = ['cpu', 'memory']
const resizePolicies = ['NotRequired', 'RestartContainer']
const restartPolicies = ['Always', 'Never', 'OnFailure']

export function checkContainer(container: Container, path: FieldPath, rules: ContainerRules, errors: Errors): void {
  if (!container.name) errors.push(required(path.child('name')))
  else checkDNSLabel(container.name, path.child('name'), errors)
  if (!container.image) errors.push(required(path.child('image')))
  checkOneOf(container.terminationMessagePolicy, terminationMessagePolicies, path, 'terminationMessagePolicy', errors)
  if (container.ports) checkPorts(container.ports, path.child('ports'), errors)
  if (container.env) checkEnv(container.env, path.child('env'), errors)
  if (container.envFrom) checkEnvFrom(container.envFrom, path.child('envFrom'), errors)
  if (container.volumeMounts) checkMounts(container, container.volumeMounts, path.child('volumeMounts'), rules, errors)
  if (container.volumeDevices)
    checkDevices(container, container.volumeDevices, path.child('volumeDevices'), rules, errors)
  checkOneOf(container.imagePullPolicy, pullPolicies, path, 'imagePullPolicy', errors)
  checkResourceRequirements(
    container.resources,
    checkContainerResourceName,
    path.child('resources'),
    rules.claims,
    errors,
  )
  if (container.resizePolicy) checkResizePolicy(container, path.child('resizePolicy'), rules, errors)
  if (container.securityContext)
    checkSecurityContext(container.securityContext, path.child('securityContext'), rules.hostUsers, errors)
}

function checkPorts(ports: readonly ContainerPort[], path: FieldPath, errors: Errors): void {
  const names = new Set<string>()
  for (let index = 0; index < ports.length; index++) {
    const port = ports[index]!
    const at = path.index(index)
    if (port.name) {
      const messages = isPortName(port.name)
      for (const message of messages) errors.push(invalid(at.child('name'), port.name, message))
      if (messages.length === 0) {
        if (names.has(port.name)) errors.push(duplicate(at.child('name'), port.name))
        names.add(port.name)
      }
    }
    if (!port.containerPort) errors.push(required(at.child('containerPort')))
    else checkPort(port.containerPort, at, 'containerPort', errors)
    if (port.hostPort) checkPort(port.hostPort, at, 'hostPort', errors)
    checkOneOf(port.protocol, protocols, at, 'protocol', errors)
  }
}

/** Several containers on one machine may not want the same port of it. */
export function checkHostPorts(containers: readonly Container[], path: FieldPath, errors: Errors): void {
  let seen: Set<string> | undefined
  for (let index = 0; index < containers.length; index++) {
    const { ports } = containers[index]!
    if (!ports) continue
    for (const [portIndex, port] of ports.entries()) {
      if (!port.hostPort) continue
      seen ??= new Set()
      const key = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort}`
      if (seen.has(key)) {
        const at = path.index(index).child('ports').index(portIndex)
        errors.push(duplicate(at.child('hostPort'), key))
      }
      seen.add(key)
    }
  }
}

function checkMounts(
  container: Container,
  mounts: readonly VolumeMount[],
  path: FieldPath,
  rules: ContainerRules,
  errors: Errors,
): void {
  const paths = new Set<string>()
  const devices = container.volumeDevices
  for (let index = 0; index < mounts.length; index++) {
    const mount = mounts[index]!
    const { name = '', mountPath = '' } = mount
    const at = path.index(index)
    if (name === '') errors.push(required(at.child('name')))
    if (!rules.volumes.has(name)) errors.push(notFound(at.child('name'), name))
    if (mountPath === '') errors.push(required(at.child('mountPath')))
    if (paths.has(mountPath)) errors.push(invalid(at.child('mountPath'), mountPath, 'must be unique'))
    paths.add(mountPath)
    if (devices?.some(device => device.name === name))
      errors.push(invalid(at.child('name'), name, 'must not already exist in volumeDevices'))
    if (devices?.some(device => device.devicePath === mountPath))
      errors.push(invalid(at.child('mountPath'), mountPath, 'must not already exist as a path in volumeDevices'))
    // Upstream leaves the index out of these paths.
    if (mount.subPath) checkLocalDescendingPath(mount.subPath, path.child('subPath'), errors)
    if (mount.subPathExpr) {
      if (mount.subPath)
        errors.push(
          invalid(at.child('subPathExpr'), mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'),
        )
      checkLocalDescendingPath(mount.subPathExpr, path.child('subPathExpr'), errors)
    }
    if (mount.mountPropagation !== undefined) checkPropagation(container, mount, path.child('mountPropagation'), errors)
    if (mount.recursiveReadOnly !== undefined) checkRecursiveReadOnly(mount, path.child('recursiveReadOnly'), errors)
  }
}

function checkPropagation(container: Container, mount: VolumeMount, path: FieldPath, errors: Errors): void {
  const propagation = mount.mountPropagation!
  if (!mountPropagations.includes(propagation)) errors.push(notSupported(path, propagation, mountPropagations))
  if (propagation === 'Bidirectional' && container.securityContext?.privileged !== true)
    errors.push(forbidden(path, 'Bidirectional mount propagation is available only to privileged containers'))
}

function checkRecursiveReadOnly(mount: VolumeMount, path: FieldPath, errors: Errors): void {
  const value = mount.recursiveReadOnly!
  if (!recursiveReadOnly.includes(value)) errors.push(notSupported(path, value, recursiveReadOnly))
  else if (value !== 'Disabled') {
    if (!mount.readOnly) errors.push(forbidden(path, 'may only be specified when readOnly is true'))
    if (mount.mountPropagation !== undefined && mount.mountPropagation !== 'None')
      errors.push(forbidden(path, 'may only be specified when mountPropagation is None or not specified'))
  }
}

function checkDevices(
  container: Container,
  devices: readonly VolumeDevice[],
  path: FieldPath,
  rules: ContainerRules,
  errors: Errors,
): void {
  const names = new Set<string>()
  const paths = new Set<string>()
  for (const [index, { name = '', devicePath = '' }] of devices.entries()) {
    const at = path.index(index)
    const volume = rules.volumes.get(name)
    if (name === '') errors.push(required(at.child('name')))
    if (names.has(name)) errors.push(invalid(at.child('name'), name, 'must be unique'))
    if (volume && !volume.persistentVolumeClaim && !volume.ephemeral)
      errors.push(
        invalid(
          at.child('name'),
          name,
          'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
        ),
      )
    if (!volume) errors.push(notFound(at.child('name'), name))
    if (devicePath === '') errors.push(required(at.child('devicePath')))
    if (paths.has(devicePath)) errors.push(invalid(at.child('devicePath'), devicePath, 'must be unique'))
    if (hasBacksteps(devicePath))
      errors.push(invalid(at.child('devicePath'), devicePath, "can not contain backsteps ('..')"))
    else paths.add(devicePath)
    if (container.volumeMounts?.some(mount => mount.name === name))
      errors.push(invalid(at.child('name'), name, 'must not already exist in volumeMounts'))
    if (container.volumeMounts?.some(mount => mount.mountPath === devicePath))
      errors.push(invalid(at.child('devicePath'), devicePath, 'must not already exist as a path in volumeMounts'))
    if (name !== '') names.add(name)
  }
}

function checkResizePolicy(container: Container, path: FieldPath, rules: ContainerRules, errors: Errors): void {
  const seen = new Set<string>()
  for (const [index, { resourceName = '', restartPolicy = '' }] of container.resizePolicy!.entries()) {
    if (seen.has(resourceName)) errors.push(duplicate(path.index(index), resourceName))
    seen.add(resourceName)
    if (resourceName === '') errors.push(required(path))
    else if (!resizeResources.includes(resourceName)) errors.push(notSupported(path, resourceName, resizeResources))
    if (restartPolicy === '') errors.push(required(path))
    else if (!resizePolicies.includes(restartPolicy)) errors.push(notSupported(path, restartPolicy, resizePolicies))
    if (rules.podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired')
      errors.push(invalid(path, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'"))
  }
}

const restartActions = ['Restart', 'RestartAllContainers']

/** An init container's rules mean nothing without a policy, and are not looked at. */
export function checkInitRestartPolicy(container: Container, path: FieldPath, errors: Errors): void {
  const { restartPolicy, restartPolicyRules } = container
  if (restartPolicy !== undefined) checkRestartPolicy(container, path, errors)
  else if (restartPolicyRules?.length) errors.push(required(path.child('restartPolicy'), policyMissing))
}

const policyMissing = 'must specify restartPolicy when restart rules are used'

/** The container's own restart policy, and the rules that refine it (KEP-5307). */
export function checkRestartPolicy(container: Container, path: FieldPath, errors: Errors): void {
  const { restartPolicy, restartPolicyRules: rules } = container
  if (restartPolicy === undefined) {
    if (rules?.length) errors.push(required(path.child('restartPolicy'), policyMissing))
  } else if (!restartPolicies.includes(restartPolicy))
    errors.push(notSupported(path.child('restartPolicy'), restartPolicy, restartPolicies))
  if (!rules) return
  const rulesPath = path.child('restartPolicyRules')
  if (rules.length > 20) errors.push(tooMany(rulesPath, rules.length, 20))
  for (const [index, rule] of rules.entries()) {
    const at = rulesPath.index(index)
    if (!restartActions.includes(rule.action ?? ''))
      errors.push(notSupported(at.child('action'), rule.action ?? '', restartActions))
    if (!rule.exitCodes) {
      errors.push(required(at.child('exitCodes'), 'must be specified'))
      continue
    }
    const { operator = '', values = [] } = rule.exitCodes
    const codes = at.child('exitCodes')
    if (operator !== 'In' && operator !== 'NotIn')
      errors.push(notSupported(codes.child('operator'), operator, ['In', 'NotIn']))
    if (values.length > 255) errors.push(tooMany(codes.child('values'), values.length, 255))
  }
}

type ProbeKind = 'livenessProbe' | 'readinessProbe' | 'startupProbe'

export function checkProbes(container: Container, path: FieldPath, rules: ContainerRules, errors: Errors): void {
  if (container.lifecycle) checkLifecycle(container.lifecycle, path.child('lifecycle'), rules, errors)
  if (container.livenessProbe) checkProbe(container.livenessProbe, 'livenessProbe', path, rules, errors)
  if (container.readinessProbe) checkProbe(container.readinessProbe, 'readinessProbe', path, rules, errors)
  if (container.startupProbe) checkProbe(container.startupProbe, 'startupProbe', path, rules, errors)
}

function checkProbe(probe: Probe, kind: ProbeKind, path: FieldPath, rules: ContainerRules, errors: Errors): void {
  const at = path.child(kind)
  checkHandler(probe, at, rules, errors)
  checkNonnegative(probe.initialDelaySeconds, at, 'initialDelaySeconds', errors)
  checkNonnegative(probe.timeoutSeconds, at, 'timeoutSeconds', errors)
  checkNonnegative(probe.periodSeconds, at, 'periodSeconds', errors)
  checkNonnegative(probe.successThreshold, at, 'successThreshold', errors)
  checkNonnegative(probe.failureThreshold, at, 'failureThreshold', errors)
  const seconds = probe.terminationGracePeriodSeconds
  if (seconds !== undefined && seconds <= 0)
    errors.push(invalid(at.child('terminationGracePeriodSeconds'), seconds, 'must be greater than 0'))
  if (kind === 'readinessProbe') {
    if (seconds !== undefined)
      errors.push(invalid(at.child('terminationGracePeriodSeconds'), seconds, 'must not be set for readinessProbes'))
  } else if ((probe.successThreshold ?? 0) !== 1)
    errors.push(invalid(at.child('successThreshold'), probe.successThreshold ?? 0, 'must be 1'))
}
