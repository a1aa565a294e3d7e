// Whether a DaemonSet's pod belongs on a node.

import type { Node } from '../../api/core/v1/node.ts'
import type { PodSpec, PodTemplateSpec } from '../../api/core/v1/pod.ts'
import type { Toleration } from '../../api/core/v1/toleration.ts'
import { tolerates } from '../taint-eviction/tolerations.ts'

const nodeNameField = 'metadata.name'

/** What every daemon puts up with: it belongs to the node, whatever state that is in. */
function daemonTolerations({ hostNetwork }: PodSpec): Toleration[] {
  const always = (key: string, effect: Toleration['effect']): Toleration => ({ key, operator: 'Exists', effect })
  return [
    always('node.kubernetes.io/not-ready', 'NoExecute'),
    always('node.kubernetes.io/unreachable', 'NoExecute'),
    always('node.kubernetes.io/disk-pressure', 'NoSchedule'),
    always('node.kubernetes.io/memory-pressure', 'NoSchedule'),
    always('node.kubernetes.io/pid-pressure', 'NoSchedule'),
    always('node.kubernetes.io/unschedulable', 'NoSchedule'),
    ...(hostNetwork ? [always('node.kubernetes.io/network-unavailable', 'NoSchedule')] : []),
  ]
}

/** The template for the pod of this node: the scheduler may put it nowhere else, whatever nodes the template chose. */
export function templateFor(template: PodTemplateSpec, node: string): PodTemplateSpec {
  const spec = template.spec!
  const here = { key: nodeNameField, operator: 'In' as const, values: [node] }
  const required = { nodeSelectorTerms: [{ matchFields: [here] }] }
  const own = spec.tolerations ?? []
  const always = daemonTolerations(spec)
  const same = (one: Toleration, other: Toleration) =>
    one.key === other.key && one.effect === other.effect && one.operator === other.operator && !one.value
  const missing = always.filter(daemon => !own.some(toleration => same(toleration, daemon)))
  return {
    ...template,
    spec: {
      ...spec,
      affinity: {
        ...spec.affinity,
        nodeAffinity: {
          ...spec.affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: required,
        },
      },
      // Without a time: a daemon is not to go after a while.
      tolerations: [
        ...own.map(toleration => always.find(daemon => same(toleration, daemon)) ?? toleration),
        ...missing,
      ],
    },
  }
}

/** `run`: a pod should be there; `stay`: one that is there may remain. */
export function nodeFit({ spec }: PodTemplateSpec, node: Node): { run: boolean; stay: boolean } {
  const { name = '', labels = {} } = node.metadata
  if (!spec || (spec.nodeName && spec.nodeName !== name) || !selects(spec, name, labels))
    return { run: false, stay: false }
  const tolerations = [...(spec.tolerations ?? []), ...daemonTolerations(spec)]
  const refused = (node.spec.taints ?? []).filter(
    taint => !tolerations.some(toleration => tolerates(toleration, taint)),
  )
  const stay = !refused.some(({ effect }) => effect === 'NoExecute')
  return { run: stay && !refused.some(({ effect }) => effect === 'NoSchedule'), stay }
}

function selects({ nodeSelector = {}, affinity }: PodSpec, name: string, labels: Record<string, string>): boolean {
  for (const key in nodeSelector) if (labels[key] !== nodeSelector[key]) return false
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  if (!terms) return true
  return terms.some(({ matchExpressions = [], matchFields = [] }) => {
    if (matchExpressions.length + matchFields.length === 0) return false
    return (
      matchExpressions.every(requirement => meets(requirement, labels[requirement.key])) &&
      matchFields.every(requirement => meets(requirement, requirement.key === nodeNameField ? name : undefined))
    )
  })
}

function meets({ operator, values = [] }: { operator: string; values?: string[] }, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0])
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0])
    default:
      return false
  }
}

/** The node that the pod is on, or is meant for. */
export function targetNode({ nodeName, affinity }: PodSpec): string | undefined {
  if (nodeName) return nodeName
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  for (const { matchFields = [] } of terms)
    for (const { key, operator, values } of matchFields)
      if (key === nodeNameField && operator === 'In' && values?.length === 1) return values[0]
  return undefined
}
