// Who a container runs as and what it may do: the pod's security context under the container's own.

import type { Container } from '../api/core/v1/container.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { ContainerConfigError } from './container-env.ts'
import type { LinuxContainerSecurityContext } from './runtime/cri/container.ts'
import type { LinuxSandboxSecurityContext } from './runtime/cri/pod-sandbox.ts'
import type { NamespaceOption, SecurityProfile } from './runtime/cri/shared.ts'

/** What /proc and /sys hide from containers that aren't privileged. */
const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

export function namespaceOptions(pod: Pod): NamespaceOption {
  const spec = pod.spec!
  return {
    network: spec.hostNetwork ? 'NODE' : 'POD',
    pid: spec.hostPID ? 'NODE' : spec.shareProcessNamespace ? 'POD' : 'CONTAINER',
    ipc: spec.hostIPC ? 'NODE' : 'POD',
  }
}

export function sandboxSecurityContext(pod: Pod, seccompRoot: string): LinuxSandboxSecurityContext {
  const context = pod.spec?.securityContext ?? {}
  return {
    privileged: [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].some(
      container => container.securityContext?.privileged,
    ),
    namespaceOptions: namespaceOptions(pod),
    seccomp: profile(context.seccompProfile, seccompRoot) ?? { profileType: 'RuntimeDefault' },
    ...(context.runAsUser !== undefined && !isRootless(pod) ? { runAsUser: { value: context.runAsUser } } : {}),
    ...(context.runAsGroup !== undefined && context.runAsUser !== undefined
      ? { runAsGroup: { value: context.runAsGroup } }
      : {}),
    supplementalGroups: supplementalGroups(pod),
    ...(context.seLinuxOptions ? { selinuxOptions: context.seLinuxOptions } : {}),
    supplementalGroupsPolicy: context.supplementalGroupsPolicy === 'Strict' ? 'Strict' : 'Merge',
  }
}

const isRootless = (pod: Pod): boolean => pod.spec?.hostUsers === false && pod.spec.hostNetwork === true

function supplementalGroups(pod: Pod): number[] {
  const context = pod.spec?.securityContext
  return [...(context?.fsGroup !== undefined ? [context.fsGroup] : []), ...(context?.supplementalGroups ?? [])]
}

export interface ImageUser {
  readonly uid?: number
  readonly username: string
}

/** `image`: the user that the image itself names. Throws when runAsNonRoot forbids what would run. */
export function containerSecurityContext(
  pod: Pod,
  container: Container,
  image: ImageUser,
  seccompRoot: string,
): LinuxContainerSecurityContext {
  const ofPod = pod.spec?.securityContext ?? {}
  const own = container.securityContext ?? {}
  const runAsUser = own.runAsUser ?? ofPod.runAsUser
  const runAsGroup = own.runAsGroup ?? ofPod.runAsGroup
  const privileged = own.privileged === true
  verifyNonRoot(pod, container, own.runAsNonRoot ?? ofPod.runAsNonRoot ?? false, runAsUser, image)
  const seccomp = profile(own.seccompProfile, seccompRoot) ??
    profile(ofPod.seccompProfile, seccompRoot) ?? { profileType: 'Unconfined' as const }
  const apparmor = profile(own.appArmorProfile) ?? profile(ofPod.appArmorProfile)
  return {
    privileged,
    namespaceOptions: namespaceOptions(pod),
    readonlyRootfs: own.readOnlyRootFilesystem === true,
    noNewPrivs: own.allowPrivilegeEscalation === false,
    ...(runAsUser !== undefined
      ? { runAsUser: { value: runAsUser } }
      : image.username && image.uid === undefined
        ? { runAsUsername: image.username }
        : { runAsUser: { value: image.uid ?? 0 } }),
    ...(runAsGroup !== undefined ? { runAsGroup: { value: runAsGroup } } : {}),
    supplementalGroups: supplementalGroups(pod),
    supplementalGroupsPolicy: ofPod.supplementalGroupsPolicy === 'Strict' ? 'Strict' : 'Merge',
    capabilities: {
      addCapabilities: own.capabilities?.add ?? [],
      dropCapabilities: own.capabilities?.drop ?? [],
    },
    ...(own.seLinuxOptions || ofPod.seLinuxOptions
      ? { selinuxOptions: own.seLinuxOptions ?? ofPod.seLinuxOptions }
      : {}),
    seccomp: privileged ? { profileType: 'Unconfined' } : seccomp,
    ...(apparmor && !privileged ? { apparmor } : {}),
    ...(own.procMount === 'Unmasked' || privileged ? {} : { maskedPaths, readonlyPaths }),
  }
}

function verifyNonRoot(
  pod: Pod,
  container: Container,
  nonRoot: boolean,
  runAsUser: number | undefined,
  image: ImageUser,
): void {
  if (!nonRoot) return
  const where = `(pod: "${pod.metadata?.name}_${pod.metadata?.namespace}(${pod.metadata?.uid})", container: ${container.name})`
  if (runAsUser !== undefined) {
    if (runAsUser === 0) throw new ContainerConfigError(`container's runAsUser breaks non-root policy ${where}`)
    return
  }
  if (image.uid === 0 || (image.uid === undefined && image.username === ''))
    throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${where}`)
  if (image.uid === undefined)
    throw new ContainerConfigError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    )
}

/** `root`: the directory that local profiles are files in. */
function profile(of: { type: string; localhostProfile?: string } | undefined, root = ''): SecurityProfile | undefined {
  switch (of?.type) {
    case 'RuntimeDefault':
    case 'Unconfined':
      return { profileType: of.type }
    case 'Localhost':
      return { profileType: 'Localhost', localhostRef: (root && `${root}/`) + (of.localhostProfile ?? '') }
    default:
      return undefined
  }
}
