// Why a pod fits nowhere: each node's verdict, and the sentence people read in events and conditions.

import type { Status } from './status.ts'

/** The verdicts on nodes; those that nobody spoke of share one. */
export class NodeStatuses {
  readonly #explicit = new Map<string, Status>()
  absent: Status | undefined

  get size(): number {
    return this.#explicit.size
  }

  set(node: string, status: Status): void {
    this.#explicit.set(node, status)
  }

  get(node: string): Status | undefined {
    return this.#explicit.get(node) ?? this.absent
  }

  entries(): Iterable<[string, Status]> {
    return this.#explicit
  }
}

export interface Diagnosis {
  readonly statuses: NodeStatuses
  readonly unschedulablePlugins: Set<string>
  readonly pendingPlugins: Set<string>
  preFilterMessage: string
  postFilterMessage: string
}

export function emptyDiagnosis(unschedulablePlugins?: Iterable<string>): Diagnosis {
  return {
    statuses: new NodeStatuses(),
    unschedulablePlugins: new Set(unschedulablePlugins),
    pendingPlugins: new Set(),
    preFilterMessage: '',
    postFilterMessage: '',
  }
}

export function blame(diagnosis: Diagnosis, status: Status): void {
  if (status.plugin === '') return
  if (status.code === 'Pending') diagnosis.pendingPlugins.add(status.plugin)
  if (status.rejected) diagnosis.unschedulablePlugins.add(status.plugin)
}

export class FitError extends Error {
  readonly diagnosis: Diagnosis

  constructor(nodeCount: number, diagnosis: Diagnosis) {
    super(fitMessage(nodeCount, diagnosis))
    this.diagnosis = diagnosis
  }
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). preemption: …` */
export function fitMessage(
  nodeCount: number,
  { statuses, preFilterMessage, postFilterMessage }: Pick<Diagnosis, 'statuses'> & Partial<Diagnosis>,
): string {
  let message = `0/${nodeCount} nodes are available:`
  if (preFilterMessage) message += ` ${preFilterMessage}.`
  else {
    const counts = new Map<string, number>()
    const count = (reason: string, by: number) => counts.set(reason, (counts.get(reason) ?? 0) + by)
    for (const [, status] of statuses.entries()) for (const reason of status.reasons) count(reason, 1)
    const silent = nodeCount - statuses.size
    if (silent > 0) for (const reason of statuses.absent?.reasons ?? []) count(reason, silent)
    const reasons = [...counts].map(([reason, times]) => `${times} ${reason}`).sort()
    if (reasons.length > 0) message += ` ${reasons.join(', ')}.`
  }
  return postFilterMessage ? `${message} ${postFilterMessage}` : message
}
