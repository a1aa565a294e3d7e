// Keeps the default roles and bindings whole: at every start, what someone has taken out of one is put back, unless its
// annotation `rbac.authorization.kubernetes.io/autoupdate` says "false". What someone has added stays.

import type { KubeObject } from '../../api/resource.ts'
import { uncovered } from '../authorization/escalation.ts'

const autoupdate = 'rbac.authorization.kubernetes.io/autoupdate'

/** The object to write instead of the stored one, or undefined when it lacks nothing. */
export function reconcileRbacObject(stored: KubeObject, wanted: KubeObject): KubeObject | undefined {
  if (stored.metadata['annotations']?.[autoupdate] === 'false') return undefined
  const labels = { ...wanted.metadata['labels'], ...stored.metadata['labels'] }
  const annotations = { ...wanted.metadata['annotations'], ...stored.metadata['annotations'] }
  const changes: Record<string, unknown> = {}
  if (wanted['aggregationRule']) {
    // The aggregation controller keeps the rules.
    const known = new Set(
      (stored['aggregationRule']?.clusterRoleSelectors ?? []).map((each: object) => JSON.stringify(each)),
    )
    const missing = wanted['aggregationRule'].clusterRoleSelectors.filter(
      (each: object) => !known.has(JSON.stringify(each)),
    )
    if (missing.length > 0)
      changes['aggregationRule'] = {
        ...stored['aggregationRule'],
        clusterRoleSelectors: [...(stored['aggregationRule']?.clusterRoleSelectors ?? []), ...missing],
      }
  } else if (wanted['rules']) {
    const missing = uncovered(stored['rules'] ?? [], wanted['rules'])
    if (missing.length > 0) changes['rules'] = [...(stored['rules'] ?? []), ...missing]
  }
  if (wanted['subjects']) {
    const known = new Set((stored['subjects'] ?? []).map(subjectKey))
    const missing = wanted['subjects'].filter((subject: Subject) => !known.has(subjectKey(subject)))
    if (missing.length > 0) changes['subjects'] = [...(stored['subjects'] ?? []), ...missing]
  }
  const lacksMetadata =
    Object.keys(labels).length > Object.keys(stored.metadata['labels'] ?? {}).length ||
    Object.keys(annotations).length > Object.keys(stored.metadata['annotations'] ?? {}).length
  if (!lacksMetadata && Object.keys(changes).length === 0) return undefined
  return { ...stored, ...changes, metadata: { ...stored.metadata, labels, annotations } }
}

interface Subject {
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

const subjectKey = ({ kind, name, namespace = '' }: Subject) => `${kind} ${namespace}/${name}`
