// Which kernel settings pods may have on this node: those that concern nobody but the pod itself.

import type { Pod } from '../api/core/v1/pod.ts'
import { quote } from '../machinery/go-text.ts'

interface SafeSysctl {
  readonly namespace: 'IPC' | 'Net'
  /** The first kernel in which each pod has its own. */
  readonly since: readonly [major: number, minor: number]
}

const safe: Readonly<Record<string, SafeSysctl>> = {
  'kernel.shm_rmid_forced': { namespace: 'IPC', since: [0, 0] },
  'net.ipv4.ip_local_port_range': { namespace: 'Net', since: [0, 0] },
  'net.ipv4.tcp_syncookies': { namespace: 'Net', since: [0, 0] },
  'net.ipv4.ping_group_range': { namespace: 'Net', since: [0, 0] },
  'net.ipv4.ip_unprivileged_port_start': { namespace: 'Net', since: [0, 0] },
  'net.ipv4.ip_local_reserved_ports': { namespace: 'Net', since: [3, 16] },
  'net.ipv4.tcp_keepalive_time': { namespace: 'Net', since: [4, 5] },
  'net.ipv4.tcp_fin_timeout': { namespace: 'Net', since: [4, 6] },
  'net.ipv4.tcp_keepalive_intvl': { namespace: 'Net', since: [4, 5] },
  'net.ipv4.tcp_keepalive_probes': { namespace: 'Net', since: [4, 5] },
  'net.ipv4.tcp_rmem': { namespace: 'Net', since: [4, 15] },
  'net.ipv4.tcp_wmem': { namespace: 'Net', since: [4, 15] },
}

/** Why the pod may not have what it asks for. A kernel whose version says nothing has them all. */
export function forbiddenSysctl({ spec }: Pod, kernelVersion: string): string | undefined {
  for (const { name } of spec.securityContext?.sysctls ?? []) {
    const normal = normalizedSysctl(name)
    const found = Object.hasOwn(safe, normal) ? safe[normal] : undefined
    if (!found || !isAtLeast(kernelVersion, found.since)) return `${quote(normal)} not allowlisted`
    const shared = found.namespace === 'IPC' ? spec.hostIPC : spec.hostNetwork
    if (shared) return `${quote(normal)} not allowed with host ${found.namespace} enabled`
  }
  return undefined
}

/** `net/ipv4/conf/eth0.1/x` is `net.ipv4.conf.eth0/1.x`: the first separator tells how it is written. */
export function normalizedSysctl(name: string): string {
  if (/^[^./]*\//.test(name)) return name.replace(/[./]/g, separator => (separator === '.' ? '/' : '.'))
  return name
}

function isAtLeast(version: string, [major, minor]: SafeSysctl['since']): boolean {
  const [, ours, less] = /^(\d+)\.(\d+)/.exec(version) ?? []
  if (ours === undefined) return true
  return Number(ours) > major || (Number(ours) === major && Number(less) >= minor)
}
