// Privileges: of one container, and of a pod.

import { duplicate, forbidden, invalid, notSupported, required, tooLong } from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import { byteLength } from '../../../machinery/go-text.ts'
import { checkRange, type Errors } from '../../../machinery/validation/field-checks.ts'
import { isDNS1123Subdomain } from '../../../machinery/validation/names.ts'
import { showing } from '../../go/internal-form.ts'
import {
  type AppArmorProfile,
  SeccompProfile,
  type SecurityContext,
  type WindowsSecurityContextOptions,
} from './container.ts'
import type { PodSecurityContext, PodSpec } from './pod.ts'
import { checkLocalDescendingPath } from './volume-path.validation.ts'

const mostID = 2147483647
const procMounts = ['Default', 'Unmasked']
const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined']
const fsGroupChangePolicies = ['Always', 'OnRootMismatch']
const supplementalGroupsPolicies = ['Merge', 'Strict']
/** Whether MountOption is one hangs on a feature that is off (SELinuxMount). */
const seLinuxChangePolicies = ['Recursive']

export function checkSecurityContext(
  context: SecurityContext,
  path: FieldPath,
  hostUsers: boolean,
  errors: Errors,
): void {
  checkRange(context.runAsUser, 0, mostID, path, 'runAsUser', errors)
  checkRange(context.runAsGroup, 0, mostID, path, 'runAsGroup', errors)
  const { procMount } = context
  if (procMount !== undefined) {
    if (!procMounts.includes(procMount)) errors.push(notSupported(path.child('procMount'), procMount, procMounts))
    if (hostUsers && procMount === 'Unmasked')
      errors.push(invalid(path.child('procMount'), procMount, '`hostUsers` must be false to use `Unmasked`'))
  }
  if (context.seccompProfile) checkSeccomp(context.seccompProfile, path.child('seccompProfile'), errors)
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged === true)
      errors.push(invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'))
    for (const capability of context.capabilities?.add ?? [])
      if (capability === 'CAP_SYS_ADMIN')
        errors.push(
          invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'),
        )
  }
  if (context.windowsOptions) checkWindowsOptions(context.windowsOptions, path.child('windowsOptions'), errors)
  if (context.appArmorProfile) checkAppArmor(context.appArmorProfile, path.child('appArmorProfile'), errors)
}

function checkSeccomp(profile: SeccompProfile, path: FieldPath, errors: Errors): void {
  const { type, localhostProfile } = profile
  if (!type) errors.push(required(path.child('type'), 'type is required when seccompProfile is set'))
  else if (!profileTypes.includes(type)) errors.push(notSupported(path.child('type'), type, profileTypes))
  const at = path.child('localhostProfile')
  if (type === 'Localhost') {
    if (localhostProfile === undefined) errors.push(required(at, 'must be set when seccomp type is Localhost'))
    else checkLocalDescendingPath(localhostProfile, at, errors)
  } else if (localhostProfile !== undefined)
    errors.push(invalid(at, showing(SeccompProfile, profile), 'can only be set when seccomp type is Localhost'))
}

const longestProfilePath = 4095

function checkAppArmor(profile: AppArmorProfile, path: FieldPath, errors: Errors): void {
  const { type, localhostProfile } = profile
  const at = path.child('localhostProfile')
  if (type === 'Localhost') {
    if (!localhostProfile?.trim() && localhostProfile === localhostProfile?.trim())
      errors.push(required(at, 'must be set when AppArmor type is Localhost'))
    else if (localhostProfile !== localhostProfile!.trim())
      errors.push(invalid(at, localhostProfile, 'must not be padded with whitespace'))
    if (localhostProfile !== undefined && byteLength(localhostProfile) > longestProfilePath)
      errors.push(tooLong(at, '', longestProfilePath))
  } else if (!type) errors.push(required(path.child('type'), 'type is required when appArmorProfile is set'))
  else if (!profileTypes.includes(type)) errors.push(notSupported(path.child('type'), type, profileTypes))
  else if (localhostProfile !== undefined)
    errors.push(invalid(at, localhostProfile, 'can only be set when AppArmor type is Localhost'))
}

const mostCredentialSpecKiB = 64
const netBiosName = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/
const windowsDomain =
  /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const controlCharacters = /[\u0000-\u001f\u007f]/
const badUserCharacters = /["/\\:;|=,+*?<>@[\]]/

function checkWindowsOptions(options: WindowsSecurityContextOptions, path: FieldPath, errors: Errors): void {
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options
  if (name !== undefined)
    for (const message of isDNS1123Subdomain(name))
      errors.push(invalid(path.child('gmsaCredentialSpecName'), name, message))
  if (spec !== undefined) {
    const at = path.child('gmsaCredentialSpec')
    if (spec === '') errors.push(invalid(at, spec, 'gmsaCredentialSpec cannot be an empty string'))
    else if (byteLength(spec) > mostCredentialSpecKiB * 1024)
      errors.push(invalid(at, spec, `gmsaCredentialSpec size must be under ${mostCredentialSpecKiB} KiB`))
  }
  if (user !== undefined)
    for (const message of windowsUserProblems(user)) errors.push(invalid(path.child('runAsUserName'), user, message))
}

function windowsUserProblems(text: string): string[] {
  if (text === '') return ['runAsUserName cannot be an empty string']
  if (controlCharacters.test(text)) return ['runAsUserName cannot contain control characters']
  const parts = text.split('\\')
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash']
  const problems: string[] = []
  const user = parts.at(-1)!
  const domain = parts.length === 2 ? parts[0]! : undefined
  if (domain !== undefined) {
    if (domain.length >= 256) problems.push("runAsUserName's Domain length must be under 256 characters")
    if (!netBiosName.test(domain) && !windowsDomain.test(domain))
      problems.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format")
  }
  if (user === '') problems.push("runAsUserName's User cannot be empty")
  else if (user.length > 104) problems.push("runAsUserName's User length must not be longer than 104 characters")
  if (/^[. ]+$/.test(user)) problems.push("runAsUserName's User cannot contain only periods or spaces")
  if (badUserCharacters.test(user))
    problems.push('runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]')
  return problems
}

/** A pod's own context. Host namespaces stand beside it in the spec. */
export function checkPodSecurityContext(
  context: PodSecurityContext,
  spec: PodSpec,
  path: FieldPath,
  errors: Errors,
): void {
  checkRange(context.fsGroup, 0, mostID, path, 'fsGroup', errors)
  checkRange(context.runAsUser, 0, mostID, path, 'runAsUser', errors)
  checkRange(context.runAsGroup, 0, mostID, path, 'runAsGroup', errors)
  for (const [index, group] of (context.supplementalGroups ?? []).entries())
    if (group < 0 || group > mostID)
      errors.push(
        invalid(path.child('supplementalGroups').index(index), group, `must be between 0 and ${mostID}, inclusive`),
      )
  if (spec.shareProcessNamespace && spec.hostPID)
    errors.push(
      invalid(path.child('shareProcessNamespace'), true, 'ShareProcessNamespace and HostPID cannot both be enabled'),
    )
  if (context.sysctls) checkSysctls(context.sysctls, spec, path.child('sysctls'), errors)
  const among = (value: string | undefined, values: readonly string[], field: string): void => {
    if (value !== undefined && !values.includes(value)) errors.push(notSupported(path.child(field), value, values))
  }
  among(context.fsGroupChangePolicy, fsGroupChangePolicies, 'fsGroupChangePolicy')
  if (context.seccompProfile) checkSeccomp(context.seccompProfile, path.child('seccompProfile'), errors)
  if (context.windowsOptions) checkWindowsOptions(context.windowsOptions, path.child('windowsOptions'), errors)
  if (context.appArmorProfile) checkAppArmor(context.appArmorProfile, path.child('appArmorProfile'), errors)
  among(context.supplementalGroupsPolicy, supplementalGroupsPolicies, 'supplementalGroupsPolicy')
  among(context.seLinuxChangePolicy, seLinuxChangePolicies, 'seLinuxChangePolicy')
}

const sysctlSegment = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const sysctlPattern = `^(${sysctlSegment}[\\./])*${sysctlSegment}$`
const sysctlName = /^[a-z0-9]+(?:[-_]+[a-z0-9]+)*(?:[./][a-z0-9]+(?:[-_]+[a-z0-9]+)*)*$/

function checkSysctls(
  sysctls: readonly { readonly name?: string }[],
  spec: PodSpec,
  path: FieldPath,
  errors: Errors,
): void {
  const names = new Set<string>()
  for (const [index, { name = '' }] of sysctls.entries()) {
    const at = path.index(index).child('name')
    if (name === '') errors.push(required(at))
    else if (name.length > 253 || !sysctlName.test(name))
      errors.push(invalid(at, name, `must have at most 253 characters and match regex ${sysctlPattern}`))
    else if (names.has(name)) errors.push(duplicate(at, name))
    names.add(name)
    const dotted = name.replaceAll('/', '.')
    if (spec.hostNetwork && dotted.startsWith('net.'))
      errors.push(invalid(at, name, "may not be specified when 'hostNetwork' is true"))
    else if (spec.hostIPC && /^(kernel\.(shm|msg|sem$)|fs\.mqueue\.)/.test(dotted))
      errors.push(invalid(at, name, "may not be specified when 'hostIPC' is true"))
  }
}

const podFieldsOfLinux = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
] as const
const containerFieldsOfLinux = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const

/** What only one operating system knows may not be said of a pod for the other. */
export function checkOperatingSystem(spec: PodSpec, path: FieldPath, errors: Errors): void {
  const os = spec.os?.name
  if (spec.os === undefined) return
  if (!os) {
    errors.push(required(path.child('os', 'name')))
    return
  }
  if (os !== 'linux' && os !== 'windows') {
    errors.push(notSupported(path.child('os'), os, ['linux', 'windows']))
    return
  }
  const context = spec.securityContext
  const containers = (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap(list =>
    (spec[list] ?? []).map(
      (container, index) => [container, path.child(list).index(index).child('securityContext')] as const,
    ),
  )
  if (os === 'linux') {
    const detail = 'windows options cannot be set for a linux pod'
    if (context?.windowsOptions) errors.push(forbidden(path.child('securityContext', 'windowsOptions'), detail))
    for (const [container, at] of containers)
      if (container.securityContext?.windowsOptions) errors.push(forbidden(at.child('windowsOptions'), detail))
    return
  }
  const detail = 'cannot be set for a windows pod'
  for (const field of ['hostUsers', 'shareProcessNamespace'] as const)
    if (spec[field] !== undefined) errors.push(forbidden(path.child(field), detail))
  for (const field of ['hostPID', 'hostIPC'] as const)
    if (spec[field]) errors.push(forbidden(path.child(field), detail))
  for (const field of podFieldsOfLinux)
    if (context?.[field] !== undefined) errors.push(forbidden(path.child('securityContext', field), detail))
  for (const [container, at] of containers)
    for (const field of containerFieldsOfLinux)
      if (container.securityContext?.[field] !== undefined) errors.push(forbidden(at.child(field), detail))
}

/** Windows pods that are processes of the host are so as a whole. */
export function checkWindowsHostProcess(spec: PodSpec, path: FieldPath, errors: Errors): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess
  let count = 0
  let hostProcesses = 0
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    const containers = spec[list]
    if (!containers) continue
    for (let index = 0; index < containers.length; index++) {
      count++
      const own = containers[index]!.securityContext?.windowsOptions?.hostProcess
      if (ofPod !== undefined && own !== undefined && ofPod !== own)
        errors.push(
          invalid(
            path.child(list).index(index).child('securityContext', 'windowsOptions', 'hostProcess'),
            own,
            `pod hostProcess value must be identical if both are specified, was ${ofPod}`,
          ),
        )
      if (own ?? ofPod) hostProcesses++
    }
  }
  if (hostProcesses === 0) return
  if (hostProcesses !== count)
    errors.push(
      invalid(
        path,
        '',
        'If pod contains any hostProcess containers then all containers must be HostProcess containers',
      ),
    )
  if (!spec.hostNetwork)
    errors.push(
      invalid(path.child('hostNetwork'), false, 'hostNetwork must be true if pod contains any hostProcess containers'),
    )
}
