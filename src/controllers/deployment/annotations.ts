// What a Deployment notes on its ReplicaSets, and what it shares with them.

import type { Deployment } from '../../api/apps/v1/deployment.ts'
import type { ReplicaSet } from '../../api/apps/v1/replicaset.ts'

export const revisionAnnotation = 'deployment.kubernetes.io/revision'
const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history'
const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas'
const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas'
const rollbackAnnotation = 'deprecated.deployment.rollback.to'
const maxInt32 = 2147483647

/** The Deployment's annotations that are not its ReplicaSets': what is about the one object only. */
const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  rollbackAnnotation,
])

/** How long the list of earlier revisions may grow. */
const maxHistoryCharacters = 2000

export type Annotations = Readonly<Record<string, string>>

/** People may set any 64-bit number, which the next one must follow exactly. */
export function revisionOf({ metadata }: Pick<ReplicaSet, 'metadata'>): bigint {
  return revisionIn(metadata.annotations?.[revisionAnnotation]) ?? 0n
}

function revisionIn(text = ''): bigint | undefined {
  if (text === '') return 0n
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const revision = BigInt(text.replace('+', ''))
  return BigInt.asIntN(64, revision) === revision ? revision : undefined
}

export function desiredReplicasOf(replicaSet: ReplicaSet): number | undefined {
  return numberIn(replicaSet, desiredReplicasAnnotation)
}

export function maxReplicasOf(replicaSet: ReplicaSet): number | undefined {
  return numberIn(replicaSet, maxReplicasAnnotation)
}

function numberIn(replicaSet: ReplicaSet, annotation: string): number | undefined {
  const text = replicaSet.metadata.annotations?.[annotation]
  return text !== undefined && /^\d+$/.test(text) && Number(text) <= maxInt32 ? Number(text) : undefined
}

/** The ReplicaSet's annotations with the size that the Deployment wants of all of them together. */
export function withSize(annotations: Annotations | undefined, desired: number, max: number): Annotations {
  return { ...annotations, [desiredReplicasAnnotation]: String(desired), [maxReplicasAnnotation]: String(max) }
}

/** The annotations of the newest ReplicaSet: the Deployment's own, and the revision, which only ever rises. */
export function ofNewReplicaSet(deployment: Deployment, annotations: Annotations, revision: bigint): Annotations {
  const result: Record<string, string> = { ...annotations }
  for (const [name, value] of Object.entries(deployment.metadata.annotations ?? {}))
    if (!notCopied.has(name)) result[name] = value
  const before = annotations[revisionAnnotation]
  const earlier = revisionIn(before)
  if (earlier === undefined || earlier >= revision) return result
  result[revisionAnnotation] = String(revision)
  if (before !== undefined) result[revisionHistoryAnnotation] = history(annotations[revisionHistoryAnnotation], before)
  return result
}

/** The revision that the Deployment is to go back to; 0: the last one before this. */
export function rollbackRevisionOf({ metadata }: Deployment): bigint | undefined {
  const text = metadata.annotations?.[rollbackAnnotation]
  return text ? revisionIn(text) : undefined
}

export function withoutRollback(annotations: Annotations = {}): Annotations {
  const { [rollbackAnnotation]: _, ...rest } = annotations
  return rest
}

/** A Deployment's annotations when it has gone back to a ReplicaSet: those that it had then. */
export function ofRolledBack({ metadata }: Deployment, replicaSet: ReplicaSet): Annotations {
  const own = Object.entries(metadata.annotations ?? {}).filter(([name]) => notCopied.has(name))
  const former = Object.entries(replicaSet.metadata.annotations ?? {}).filter(([name]) => !notCopied.has(name))
  return Object.fromEntries([...own, ...former])
}

/** The earlier revisions of the same template, oldest first; the oldest make room. */
function history(list: string | undefined, revision: string): string {
  if (!list) return revision
  const revisions = list.split(',')
  let length = list.length + revision.length + 1
  while (length > maxHistoryCharacters && revisions.length > 0) length -= revisions.shift()!.length + 1
  return [...revisions, revision].join(',')
}
