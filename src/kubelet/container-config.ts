// What the runtime is told when a container is made: its command, variables, mounts, limits and rights.
//
// Comes in: the pod, the container, where its volumes are, who the image runs as. Goes out: CRI's ContainerConfig, or a
// `ContainerConfigError`.

import type { Container } from '../api/core/v1/container.ts'
import type { Pod } from '../api/core/v1/pod.ts'
import { ContainerConfigError } from './container-env.ts'
import { containerAnnotations, containerLabels } from './container-labels.ts'
import { linuxResources } from './container-resources.ts'
import { expand } from './env-expansion.ts'
import { hostsFile } from './pod-hostname.ts'
import type { ContainerConfig, Mount } from './runtime/cri/container.ts'
import type { ImageSpec } from './runtime/cri/shared.ts'
import { Signal } from './runtime/cri/signal.ts'
import { containerLogPath } from './sandbox-config.ts'
import { containerSecurityContext, type ImageUser } from './security-context.ts'
import type { VolumeHost } from './volumes/volume-host.ts'
import type { MountedVolume } from './volumes/volume-manager.ts'

export interface ContainerConfigInput {
  readonly pod: Pod
  readonly container: Container
  readonly restartCount: number
  /** Of the container, among all that the runtime has. */
  readonly owner: string
  /** Where local seccomp profiles are. */
  readonly seccompRoot: string
  /** What the runtime knows the image by. */
  readonly imageRef: string
  readonly imageUser: ImageUser
  readonly environment: ReadonlyMap<string, string>
  readonly volumes: ReadonlyMap<string, MountedVolume>
  /** Those of the volumes that the runtime mounts itself. */
  readonly imageVolumes: ReadonlyMap<string, ImageSpec>
  readonly host: VolumeHost
  /** Of this pod, under the kubelet's root. */
  readonly podDirectory: string
  readonly podIps: readonly string[]
  readonly clusterDomain: string
  readonly machineMemory: number
  /** Eight hexadecimal digits that tell this attempt's termination log from the others'. */
  readonly uniqueSuffix: string
  /** An ephemeral container's target: whose processes it sees. */
  readonly targetContainerId?: string
}

export async function containerConfig(input: ContainerConfigInput): Promise<ContainerConfig> {
  const { pod, container, environment } = input
  const lookup = (name: string) => environment.get(name)
  const security = containerSecurityContext(pod, container, input.imageUser, input.seccompRoot)
  const stopSignal = container.lifecycle?.stopSignal
  return {
    metadata: { name: container.name, attempt: input.restartCount },
    image: { image: input.imageRef, userSpecifiedImage: container.image ?? '' },
    command: (container.command ?? []).map(word => expand(word, lookup)),
    args: (container.args ?? []).map(word => expand(word, lookup)),
    workingDir: container.workingDir ?? '',
    envs: [...environment].map(([key, value]) => ({ key, value: Buffer.from(value, 'utf8') })),
    mounts: await containerMounts(input),
    labels: containerLabels(pod, container, input.owner),
    annotations: containerAnnotations(pod, container, input.restartCount),
    logPath: containerLogPath(container.name, input.restartCount),
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    linux: {
      resources: linuxResources(pod, container, input.machineMemory),
      securityContext: input.targetContainerId
        ? {
            ...security,
            namespaceOptions: { ...security.namespaceOptions, pid: 'TARGET', targetId: input.targetContainerId },
          }
        : security,
    },
    ...(stopSignal ? { stopSignal: criSignal(stopSignal) } : {}),
  }
}

/** SIGRTMIN+3 is SIGRTMINPLUS3 in CRI. */
function criSignal(name: string): Signal {
  const inCri = name.replace('+', 'PLUS').replace('-', 'MINUS')
  return (Signal.names as readonly string[]).includes(inCri) ? (inCri as Signal) : 'RUNTIME_DEFAULT'
}

async function containerMounts(input: ContainerConfigInput): Promise<Mount[]> {
  const { pod, container, volumes, host, environment } = input
  const mounts: Mount[] = []
  let ownsHosts = true
  for (const mount of container.volumeMounts ?? []) {
    const volume = volumes.get(mount.name)
    if (!volume)
      throw new ContainerConfigError(`cannot find volume "${mount.name}" to mount into container "${container.name}"`)
    const subPath = mount.subPathExpr
      ? expand(mount.subPathExpr, name => {
          const value = environment.get(name)
          if (value === undefined) throw new ContainerConfigError(`missing value for "${name}"`)
          return value
        })
      : (mount.subPath ?? '')
    const image = input.imageVolumes.get(mount.name)
    let hostPath = volume.hostPath
    if (subPath !== '' && !image) {
      try {
        hostPath = await host.subPath(volume.hostPath, subPath)
      } catch (error) {
        throw new ContainerConfigError(
          `failed to prepare subPath for volumeMount "${mount.name}" of container "${container.name}"`,
          { cause: error },
        )
      }
    }
    const containerPath = mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`
    if (containerPath === '/etc/hosts') ownsHosts = false
    mounts.push({
      ...(image ? { image, imageSubPath: subPath } : { hostPath }),
      containerPath,
      readonly: mount.readOnly === true || volume.readOnly,
      propagation:
        mount.mountPropagation === 'Bidirectional'
          ? 'PROPAGATION_BIDIRECTIONAL'
          : mount.mountPropagation === 'HostToContainer'
            ? 'PROPAGATION_HOST_TO_CONTAINER'
            : 'PROPAGATION_PRIVATE',
    })
  }
  if (ownsHosts && (input.podIps.length > 0 || pod.spec?.hostNetwork)) {
    const path = `${input.podDirectory}/etc-hosts`
    const ofHost = pod.spec?.hostNetwork ? ((await host.readTail('/etc/hosts', 1 << 20)) ?? '') : ''
    await host.writeFile(path, hostsFile(pod, input.podIps, input.clusterDomain, ofHost), 0o644)
    mounts.push({
      hostPath: path,
      containerPath: '/etc/hosts',
      readonly: container.securityContext?.readOnlyRootFilesystem === true,
    })
  }
  if (container.terminationMessagePath) {
    const path = `${input.podDirectory}/containers/${container.name}/${input.uniqueSuffix}`
    await host.writeFile(path, '', 0o666)
    mounts.push({ hostPath: path, containerPath: container.terminationMessagePath })
  }
  return mounts
}
