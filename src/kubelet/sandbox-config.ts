// What the runtime is told when a pod's sandbox is made: its name, its network names and ports, its namespaces, where
// its logs go.

import type { Pod } from '../api/core/v1/pod.ts'
import { sandboxAnnotations, sandboxLabels } from './container-labels.ts'
import { type ClusterDns, podDnsConfig, type ResolverConfig } from './pod-dns.ts'
import { kernelHostname } from './pod-hostname.ts'
import { isHostNetwork } from './pod-spec.ts'
import { podQosClass } from './qos.ts'
import type { PodSandboxConfig, PortMapping } from './runtime/cri/pod-sandbox.ts'
import { sandboxSecurityContext } from './security-context.ts'
import { normalizedSysctl } from './sysctls.ts'

export interface SandboxConfigInput {
  readonly pod: Pod
  readonly attempt: number
  readonly dns: ClusterDns
  readonly hostResolver: ResolverConfig
  readonly podLogsDir: string
  readonly owner: string
  readonly seccompRoot: string
  /** Under which the pods' cgroups are, '' to leave them to the runtime. */
  readonly cgroupRoot: string
  /** RFC 3339: when this kubelet first saw the pod. */
  readonly seenAt: string
}

export function sandboxConfig(input: SandboxConfigInput): PodSandboxConfig {
  const { pod, attempt } = input
  const sysctls = Object.fromEntries(
    (pod.spec?.securityContext?.sysctls ?? []).map(({ name, value }) => [normalizedSysctl(name), value]),
  )
  return {
    metadata: {
      name: pod.metadata?.name ?? '',
      namespace: pod.metadata?.namespace ?? '',
      uid: pod.metadata?.uid ?? '',
      attempt,
    },
    hostname: isHostNetwork(pod) ? '' : kernelHostname(pod, input.dns.domain),
    logDirectory: podLogDirectory(pod, input.podLogsDir),
    dnsConfig: podDnsConfig(pod, input.dns, input.hostResolver),
    portMappings: isHostNetwork(pod) ? [] : portMappings(pod),
    labels: sandboxLabels(pod, input.owner),
    annotations: sandboxAnnotations(pod, input.seenAt),
    linux: {
      cgroupParent: podCgroup(pod, input.cgroupRoot),
      securityContext: sandboxSecurityContext(pod, input.seccompRoot),
      sysctls,
    },
  }
}

/** <root>/<namespace>_<name>_<uid> */
export function podLogDirectory(pod: Pod, podLogsDir: string): string {
  const { namespace, name, uid } = pod.metadata ?? {}
  return `${podLogsDir}/${namespace}_${name}_${uid}`
}

/** Relative to the pod's log directory: <container>/<restart count>.log */
export function containerLogPath(container: string, restartCount: number): string {
  return `${container}/${restartCount}.log`
}

export function podCgroup(pod: Pod, cgroupRoot: string): string {
  if (cgroupRoot === '') return ''
  const qos = podQosClass(pod)
  const level = qos === 'Guaranteed' ? '' : `/${qos.toLowerCase()}`
  return `${cgroupRoot}${level}/pod${pod.metadata?.uid}`
}

function portMappings(pod: Pod): PortMapping[] {
  const mappings: PortMapping[] = []
  const sidecars = (pod.spec?.initContainers ?? []).filter(container => container.restartPolicy === 'Always')
  for (const container of [...sidecars, ...(pod.spec?.containers ?? [])])
    for (const port of container.ports ?? [])
      mappings.push({
        protocol: port.protocol === 'UDP' || port.protocol === 'SCTP' ? port.protocol : 'TCP',
        containerPort: port.containerPort,
        hostPort: port.hostPort ?? 0,
        hostIp: port.hostIP ?? '',
      })
  return mappings
}
