// In which order groups and versions are listed: by priority (an APIService's groupPriorityMinimum and versionPriority),
// and where those are equal by name, newer versions first.

import type { GroupVersion } from '../../api/discovery.ts'
import { compareVersions } from '../../machinery/kube-version.ts'

export interface Priority {
  /** groupPriorityMinimum; a group's is the highest of its versions'. */
  readonly group: number
  readonly version: number
}

/** What the server itself serves: [group, version, groupPriorityMinimum, versionPriority]. */
const builtIn: readonly (readonly [group: string, version: string, groupPriority: number, versionPriority: number])[] =
  [
    ['', 'v1', 18000, 1],
    ['apps', 'v1', 17800, 15],
    ['events.k8s.io', 'v1', 17750, 15],
    ['authentication.k8s.io', 'v1', 17700, 15],
    ['authorization.k8s.io', 'v1', 17600, 15],
    ['autoscaling', 'v1', 17500, 15],
    ['autoscaling', 'v2', 17500, 30],
    ['batch', 'v1', 17400, 15],
    ['certificates.k8s.io', 'v1', 17300, 15],
    ['networking.k8s.io', 'v1', 17200, 15],
    ['policy', 'v1', 17100, 15],
    ['rbac.authorization.k8s.io', 'v1', 17000, 15],
    ['storage.k8s.io', 'v1', 16800, 15],
    ['apiextensions.k8s.io', 'v1', 16700, 15],
    ['admissionregistration.k8s.io', 'v1', 16700, 15],
    ['scheduling.k8s.io', 'v1', 16600, 15],
    ['coordination.k8s.io', 'v1', 16500, 15],
    ['node.k8s.io', 'v1', 16300, 15],
    ['discovery.k8s.io', 'v1', 16200, 15],
    ['resource.k8s.io', 'v1', 16200, 21],
    ['flowcontrol.apiserver.k8s.io', 'v1', 16100, 21],
  ]

/** The group of APIServices itself has no APIService, and is always first. */
export const apiRegistration = { group: 'apiregistration.k8s.io', version: 'v1' }
const apiRegistrationPriority: Priority = { group: 20001, version: 0 }

const builtInPriorities = new Map(
  builtIn.map(([group, version, groupPriority, versionPriority]) => [
    `${group}/${version}`,
    { group: groupPriority, version: versionPriority },
  ]),
)

/** Custom resources come after what is built in. */
export const customResourcePriority: Priority = { group: 1000, version: 100 }

/** The built-in versions that have an APIService, and their priorities. */
export const builtInVersions: readonly (GroupVersion & { readonly priority: Priority })[] = builtIn.map(
  ([group, version, groupPriority, versionPriority]) => ({
    group,
    version,
    priority: { group: groupPriority, version: versionPriority },
  }),
)

export function localPriority({ group, version }: GroupVersion): Priority {
  if (group === apiRegistration.group) return apiRegistrationPriority
  return builtInPriorities.get(`${group}/${version}`) ?? customResourcePriority
}

/** A copy in the order of the aggregated discovery document. Equal ones stay as they are. */
export function inGroupOrder<Of extends GroupVersion>(all: readonly Of[], priorityOf: (of: Of) => Priority): Of[] {
  const ranked = all.map(of => ({ of, priority: priorityOf(of) }))
  const groups = new Map<string, number>()
  for (const { of, priority } of ranked)
    groups.set(of.group, Math.max(groups.get(of.group) ?? Number.NEGATIVE_INFINITY, priority.group))
  ranked.sort((a, b) => {
    if (a.of.group !== b.of.group)
      return groups.get(b.of.group)! - groups.get(a.of.group)! || (a.of.group < b.of.group ? -1 : 1)
    return b.priority.version - a.priority.version || compareVersions(b.of.version, a.of.version)
  })
  return ranked.map(({ of }) => of)
}
