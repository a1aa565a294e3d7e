// The baseline level: known ways to more privileges are closed (https://k8s.io/docs/concepts/security/pod-security-standards).

import type { Container } from '../../../api/core/v1/container.ts'
import { quote } from '../../../machinery/go-text.ts'
import {
  type Check,
  type CheckPod,
  containersOf,
  containersText,
  hasUserNamespace,
  namesWhere,
  plural,
  quoted,
  settersText,
  sorted,
  unless,
} from './check.ts'

const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/'

const appArmorProfile: CheckPod = pod => {
  const bad: string[] = []
  const isBad = (profile: { readonly type?: string } | undefined): boolean => {
    if (!profile || profile.type === 'RuntimeDefault' || profile.type === 'Localhost') return false
    bad.push(profile.type ?? '')
    return true
  }
  const setters: string[] = []
  if (isBad(pod.spec.securityContext?.appArmorProfile)) setters.push('pod')
  const containers = namesWhere(pod, ({ securityContext }) => isBad(securityContext?.appArmorProfile))
  if (containers.length > 0) setters.push(containersText(containers))
  const annotations = Object.entries(pod.metadata.annotations ?? {})
    .filter(([key, value]) => key.startsWith(appArmorAnnotation) && !isAllowedAppArmor(value))
    .map(([key, value]) => `${key}=${quote(value)}`)
  if (annotations.length > 0) setters.push(plural('annotation', 'annotations', annotations.length))
  if (setters.length === 0) return undefined
  const values = [...sorted(bad), ...annotations.sort()]
  return {
    reason: plural('forbidden AppArmor profile', 'forbidden AppArmor profiles', values.length),
    detail: `${setters.join(' and ')} must not set AppArmor profile type to ${quoted(values)}`,
  }
}

const isAllowedAppArmor = (profile: string): boolean =>
  profile === '' || profile === 'runtime/default' || profile.startsWith('localhost/')

const defaultCapabilities = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])

const capabilities: CheckPod = pod => {
  const added: string[] = []
  const containers = namesWhere(pod, ({ securityContext }) => {
    const bad = (securityContext?.capabilities?.add ?? []).filter(name => !defaultCapabilities.has(name))
    added.push(...bad)
    return bad.length > 0
  })
  if (containers.length === 0) return undefined
  return {
    reason: 'non-default capabilities',
    detail: `${containersText(containers)} must not include ${quoted(sorted(added))} in securityContext.capabilities.add`,
  }
}

const hostNamespaces: CheckPod = ({ spec }) => {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter(field => spec[field])
  if (shared.length === 0) return undefined
  return { reason: 'host namespaces', detail: shared.map(field => `${field}=true`).join(', ') }
}

const hostPathVolumes: CheckPod = ({ spec }) => {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name!)
  if (names.length === 0) return undefined
  return { reason: 'hostPath volumes', detail: `${plural('volume', 'volumes', names.length)} ${quoted(names)}` }
}

const hostPorts: CheckPod = pod => {
  const used: string[] = []
  const containers = namesWhere(pod, ({ ports = [] }) => {
    const bad = ports.filter(({ hostPort }) => (hostPort ?? 0) !== 0).map(({ hostPort }) => String(hostPort))
    used.push(...bad)
    return bad.length > 0
  })
  if (containers.length === 0) return undefined
  const ports = sorted(used)
  const verb = plural('uses', 'use', containers.length)
  return {
    reason: 'hostPort',
    detail: `${containersText(containers)} ${verb} ${plural('hostPort', 'hostPorts', ports.length)} ${ports.join(', ')}`,
  }
}

type Handler = { readonly httpGet?: { readonly host?: string }; readonly tcpSocket?: { readonly host?: string } }

const hostProbes: CheckPod = pod => {
  const used: string[] = []
  const containers = sorted(
    namesWhere(pod, container => {
      const hosts = handlersOf(container).flatMap(handler => [handler?.httpGet?.host, handler?.tcpSocket?.host])
      const bad = hosts.filter((host): host is string => !!host)
      used.push(...bad)
      return bad.length > 0
    }),
  )
  if (containers.length === 0) return undefined
  const hosts = sorted(used)
  const what = plural('probe or lifecycle host', 'probe or lifecycle hosts', hosts.length)
  return {
    reason: 'probe or lifecycle host',
    detail: `${containersText(containers)} ${plural('uses', 'use', containers.length)} ${what} ${quoted(hosts)}`,
  }
}

const handlersOf = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): (Handler | undefined)[] => [
  livenessProbe,
  readinessProbe,
  startupProbe,
  lifecycle?.postStart,
  lifecycle?.preStop,
]

const privileged: CheckPod = pod => {
  const containers = namesWhere(pod, ({ securityContext }) => securityContext?.privileged === true)
  if (containers.length === 0) return undefined
  return {
    reason: 'privileged',
    detail: `${containersText(containers)} must not set securityContext.privileged=true`,
  }
}

export const procMount: CheckPod = pod => {
  const used: string[] = []
  const containers = namesWhere(pod, ({ securityContext }) => {
    const type = securityContext?.procMount
    if (type === undefined || type === 'Default') return false
    used.push(type)
    return true
  })
  if (containers.length === 0) return undefined
  return {
    reason: 'procMount',
    detail: `${containersText(containers)} must not set securityContext.procMount to ${quoted(sorted(used))}`,
  }
}

const seLinuxOptions =
  (allowed: readonly string[]): CheckPod =>
  pod => {
    const types: string[] = []
    let user = false
    let role = false
    const isBad = (options: { readonly type?: string; readonly user?: string; readonly role?: string } | undefined) => {
      if (!options) return false
      const badType = !allowed.includes(options.type ?? '')
      if (badType) types.push(options.type!)
      user ||= !!options.user
      role ||= !!options.role
      return badType || !!options.user || !!options.role
    }
    const ofPod = isBad(pod.spec.securityContext?.seLinuxOptions)
    const containers = namesWhere(pod, ({ securityContext }) => isBad(securityContext?.seLinuxOptions))
    const setters = settersText(ofPod, containers)
    if (setters === '') return undefined
    const bad = sorted(types)
    const problems = bad.length > 0 ? [`${plural('type', 'types', bad.length)} ${quoted(bad)}`] : []
    if (user) problems.push('user may not be set')
    if (role) problems.push('role may not be set')
    return {
      reason: 'seLinuxOptions',
      detail: `${setters} set forbidden securityContext.seLinuxOptions: ${problems.join('; ')}`,
    }
  }

const seLinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t']

const seccompPodAnnotation = 'seccomp.security.alpha.kubernetes.io/pod'
const seccompContainerAnnotation = 'container.seccomp.security.alpha.kubernetes.io/'

/** Before there was a field. */
const seccompAnnotations: CheckPod = pod => {
  const { annotations = {} } = pod.metadata
  const keys = [seccompPodAnnotation, ...containersOf(pod).map(({ name }) => seccompContainerAnnotation + name)]
  const bad = keys
    .filter(key => annotations[key] !== undefined && !isAllowedSeccomp(annotations[key]))
    .map(key => `${key}=${quote(annotations[key]!)}`)
  if (bad.length === 0) return undefined
  const forbidden = sorted(bad)
  const noun = plural('annotation', 'annotations', forbidden.length)
  return { reason: 'seccompProfile', detail: `forbidden ${noun} ${forbidden.join(', ')}` }
}

const isAllowedSeccomp = (profile: string): boolean =>
  profile === 'runtime/default' || profile === 'docker/default' || profile.startsWith('localhost/')

export const isSeccompType = (type: string | undefined): boolean => type === 'Localhost' || type === 'RuntimeDefault'

/** Profiles that are set, and must not be. */
export const seccompProfile: CheckPod = pod => {
  const bad: string[] = []
  const isBad = (profile: { readonly type?: string } | undefined): boolean => {
    if (!profile || isSeccompType(profile.type)) return false
    bad.push(profile.type ?? '')
    return true
  }
  const ofPod = isBad(pod.spec.securityContext?.seccompProfile)
  const containers = namesWhere(pod, ({ securityContext }) => isBad(securityContext?.seccompProfile))
  const setters = settersText(ofPod, containers)
  if (setters === '') return undefined
  return {
    reason: 'seccompProfile',
    detail: `${setters} must not set securityContext.seccompProfile.type to ${quoted(sorted(bad))}`,
  }
}

const sysctls =
  (allowed: readonly string[]): CheckPod =>
  ({ spec }) => {
    const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name!)
    const bad = names.filter(name => !allowed.includes(name))
    return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') }
  }

const sysctls0 = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
]
const sysctls27 = [...sysctls0, 'net.ipv4.ip_local_reserved_ports']
const sysctls29 = [
  ...sysctls27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
]
const sysctls32 = [...sysctls29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']

const windowsHostProcess: CheckPod = pod => {
  const isBad = (context: { readonly windowsOptions?: { readonly hostProcess?: boolean } } | undefined): boolean =>
    context?.windowsOptions?.hostProcess === true
  const containers = namesWhere(pod, ({ securityContext }) => isBad(securityContext))
  const setters = settersText(isBad(pod.spec.securityContext), containers)
  if (setters === '') return undefined
  return {
    reason: 'hostProcess',
    detail: `${setters} must not set securityContext.windowsOptions.hostProcess=true`,
  }
}

const always = (id: string, check: CheckPod): Check => ({ id, versions: [{ since: 0, check }] })

/** By id, which is the order in which they are reported. */
export const baselineChecks: readonly Check[] = [
  always('appArmorProfile', appArmorProfile),
  always('capabilities_baseline', capabilities),
  always('hostNamespaces', hostNamespaces),
  always('hostPathVolumes', hostPathVolumes),
  always('hostPorts', hostPorts),
  { id: 'hostProbesAndHostLifecycle', versions: [{ since: 34, check: hostProbes }] },
  always('privileged', privileged),
  {
    id: 'procMount',
    versions: [
      { since: 0, check: procMount },
      { since: 35, check: unless(hasUserNamespace, procMount) },
    ],
  },
  {
    id: 'seLinuxOptions',
    versions: [
      { since: 0, check: seLinuxOptions(seLinuxTypes) },
      { since: 31, check: seLinuxOptions([...seLinuxTypes, 'container_engine_t']) },
    ],
  },
  {
    id: 'seccompProfile_baseline',
    versions: [
      { since: 0, check: seccompAnnotations },
      { since: 19, check: seccompProfile },
    ],
  },
  {
    id: 'sysctls',
    versions: [
      { since: 0, check: sysctls(sysctls0) },
      { since: 27, check: sysctls(sysctls27) },
      { since: 29, check: sysctls(sysctls29) },
      { since: 32, check: sysctls(sysctls32) },
    ],
  },
  always('windowsHostProcess', windowsHostProcess),
]
