// Creates and deletes a DaemonSet's pods: one for each node that it belongs on, and while a new template is rolled out with
// a surge, two.

import { templateGeneration } from '../../api/apps/v1/daemonset.defaults.ts'
import { type DaemonSet, daemonSets } from '../../api/apps/v1/daemonset.ts'
import type { Node } from '../../api/core/v1/node.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import { type ControllerContext, controllerReference } from '../../client/controller.ts'
import type { UidTrackingExpectations } from '../../client/controller-expectations.ts'
import { scaledValueFromPercent } from '../../machinery/int-or-string.ts'
import { hasStatusCause, isNotFound } from '../../machinery/status-error.ts'
import { revisionHashLabel } from '../history/controller-revisions.ts'
import { createPod, deletePod } from '../pod-control.ts'
import { isPodAvailable, isPodReady, isPodTerminal } from '../pod-status.ts'
import { slowStartBatch } from '../slow-start.ts'
import type { FailedPodsBackoff } from './failed-pods-backoff.ts'
import { nodeFit, templateFor } from './node-fit.ts'

const burst = 250
const generationLabel = 'pod-template-generation'

export interface State {
  readonly expectations: UidTrackingExpectations
  readonly backoff: FailedPodsBackoff
}

/** What one reconcile works on. */
export interface Work {
  readonly key: string
  readonly set: DaemonSet
  readonly nodes: readonly Node[]
  /** Without those that have ended and are on their way out; oldest first. */
  readonly byNode: ReadonlyMap<string, readonly Pod[]>
  /** Of the template as it is now. */
  readonly hash: string
  readonly context: ControllerContext<State>
}

export interface Plan {
  readonly create: readonly string[]
  readonly remove: readonly Pod[]
  /** When a failed pod may be replaced, if none could be now. */
  readonly waitMs?: number
}

const isGoing = ({ metadata }: Pod) => !!metadata.deletionTimestamp

function isOfHash({ hash }: Work, { metadata }: Pod): boolean {
  return metadata.labels?.[revisionHashLabel] === hash
}

/** Of the template as it is now: as its revision says, or, as long ago, the count of changes. */
export function isNew(work: Work, pod: Pod): boolean {
  const generation = generationOf(work.set)
  return isOfHash(work, pod) || (generation !== undefined && pod.metadata.labels?.[generationLabel] === generation)
}

function isAvailable({ set, context }: Work, pod: Pod): boolean {
  return isPodAvailable(pod, set.spec.minReadySeconds ?? 0, context.clock.now())
}

/** One that is on the node comes before one that is only meant for it; then the oldest. */
export function oldestFirst(a: Pod, b: Pod): number {
  const byNode = Number(!!b.spec.nodeName) - Number(!!a.spec.nodeName)
  if (byNode !== 0) return byNode
  const [first, second] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '']
  if (first !== second) return first < second ? -1 : 1
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
}

/** How many new pods may be beside old ones, and how many nodes may be without an available one. */
function limitsOf({ spec }: DaemonSet, desired: number): { surge: number; unavailable: number } {
  const { type, rollingUpdate } = spec.updateStrategy
  if (type === 'OnDelete') return { surge: 0, unavailable: 0 }
  const surge = scaledValueFromPercent(rollingUpdate?.maxSurge ?? 0, desired, true)
  const unavailable = scaledValueFromPercent(rollingUpdate?.maxUnavailable ?? 1, desired, true)
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable }
}

/** Every node what it should have. */
export function placement(work: Work): Plan {
  const { set, nodes, byNode } = work
  const create: string[] = []
  const remove: Pod[] = []
  const waits: number[] = []
  const surges = limitsOf(set, nodes.length).surge > 0
  const known = new Set<string>()
  for (const node of nodes) {
    const name = node.metadata.name ?? ''
    known.add(name)
    const here = byNode.get(name) ?? []
    const { run, stay } = nodeFit(set.spec.template, node)
    // A new one waits until the old one has quite gone.
    if (run && here.length === 0) create.push(name)
    const present = here.filter(pod => !isGoing(pod))
    if (!stay) {
      remove.push(...present)
      continue
    }
    for (const pod of present) {
      if (!isPodTerminal(pod)) continue
      const waitMs = retire(work, pod, name)
      if (waitMs > 0) waits.push(waitMs)
      else remove.push(pod)
    }
    const running = present.filter(pod => !isPodTerminal(pod))
    // With a surge it need not wait.
    if (surges && run && here.length > 0 && running.length === 0) create.push(name)
    remove.push(...(surges ? surplusOfSurge(work, running) : running.slice(1)))
  }
  // Meant for a node that is gone, and bound to none.
  for (const [name, here] of byNode)
    if (!known.has(name)) remove.push(...here.filter(pod => !pod.spec.nodeName && !isGoing(pod)))
  return { create, remove, ...(waits.length > 0 && { waitMs: Math.min(...waits) }) }
}

/** Tells of a pod that has ended. Answers how long it must stay: where pods fail again and again, longer each time. */
function retire({ set, context }: Work, { metadata, status }: Pod, node: string): number {
  const pod = `daemon pod ${metadata.namespace}/${metadata.name} on node ${node}`
  if (status.phase !== 'Failed') {
    context.events.event(set, 'Normal', 'SucceededDaemonPod', `Found succeeded ${pod}, will try to delete it`)
    return 0
  }
  const { backoff } = context.state
  const key = `${set.metadata.uid}/${set.status.observedGeneration ?? 0}/${node}`
  const waitMs = backoff.leftMs(key)
  if (waitMs > 0) return waitMs
  backoff.next(key)
  context.events.event(set, 'Warning', 'FailedDaemonPod', `Found failed ${pod}, will try to kill it`)
  return 0
}

/** A new one may be beside an old one as long as the old one is ready and the new one not available. */
function surplusOfSurge(work: Work, running: readonly Pod[]): Pod[] {
  if (running.length < 2) return []
  const newest = running.find(pod => isOfHash(work, pod))
  const old = running.find(pod => !isOfHash(work, pod))
  const surplus = running.filter(pod => pod !== newest && pod !== old)
  if (newest && old && (!isPodReady(old) || isAvailable(work, newest))) surplus.push(old)
  return surplus
}

interface Pair {
  readonly name: string
  readonly run: boolean
  readonly current: Pod | undefined
  readonly old: Pod | undefined
  /** More than one of a kind: the placement sees to that first. */
  readonly crowded: boolean
}

/** The pods of the nodes that have some, or should. */
function pairs(work: Work): Pair[] {
  const found: Pair[] = []
  for (const node of work.nodes) {
    const name = node.metadata.name ?? ''
    const { run } = nodeFit(work.set.spec.template, node)
    const here = work.byNode.get(name) ?? []
    if (!run && here.length === 0) continue
    const present = here.filter(pod => !isGoing(pod))
    const current = present.filter(pod => isNew(work, pod))
    const old = present.filter(pod => !isNew(work, pod))
    found.push({ name, run, current: current[0], old: old[0], crowded: current.length > 1 || old.length > 1 })
  }
  return found
}

/** RollingUpdate: which pods of the old template go now, and on which nodes new ones are set beside them. */
export function rollout(work: Work): Plan {
  const found = pairs(work)
  const desired = found.filter(({ run }) => run).length
  const { surge, unavailable } = limitsOf(work.set, desired)
  return surge > 0 ? surgingRollout(work, found, surge, desired) : plainRollout(work, found, unavailable)
}

function plainRollout(work: Work, found: readonly Pair[], unavailable: number): Plan {
  const remove: Pod[] = []
  const candidates: Pod[] = []
  let room = unavailable
  for (const { current, old, crowded } of found) {
    if (crowded || !current === !old) room--
    else if (current) room -= isAvailable(work, current) ? 0 : 1
    else if (isAvailable(work, old!)) candidates.push(old!)
    else {
      // It serves nobody: replacing it costs nothing.
      remove.push(old!)
      room--
    }
  }
  return { create: [], remove: [...remove, ...candidates.slice(0, Math.max(0, room))] }
}

function surgingRollout(work: Work, found: readonly Pair[], surge: number, desired: number): Plan {
  const create: string[] = []
  const candidates: string[] = []
  const remove: Pod[] = []
  const misplaced: Pod[] = []
  let room = surge
  let available = 0
  for (const { name, run, current, old, crowded } of found) {
    if (crowded) {
      room--
      continue
    }
    const serving = old ?? current
    const serves = !!serving && isAvailable(work, serving)
    if (serves) available++
    if (!old) continue
    if (current) {
      if (isAvailable(work, current)) remove.push(old)
      else room--
    } else if (run) (serves ? candidates : create).push(name)
    else if (serves) misplaced.push(old)
    else remove.push(old)
  }
  remove.push(...misplaced.slice(0, Math.max(0, available - desired)))
  return { create: [...create, ...candidates.slice(0, Math.max(0, room))], remove }
}

/** Carries the plan out, as much of it as one go may. */
export async function carryOut(plan: Plan, { key, set, hash, context }: Work): Promise<void> {
  const many = plan.create.slice(0, burst)
  const doomed = plan.remove.slice(0, burst)
  if (many.length + doomed.length === 0) return
  // It has gone meanwhile: what is expected for the key is the next one's business.
  if (context.lister(daemonSets).get(key)?.metadata.uid !== set.metadata.uid) return
  const { expectations } = context.state
  expectations.expectDeletionsOf(
    key,
    doomed.map(({ metadata }) => metadata.uid ?? ''),
  )
  expectations.raise(key, many.length, 0)
  const deletions = doomed.map(async pod => {
    try {
      await deletePod(context, set, pod)
    } catch (error) {
      expectations.deletionOfObserved(key, pod.metadata.uid ?? '')
      if (!isNotFound(error)) throw error
    }
  })
  const [created, deleted] = await Promise.all([createOn(many, set, hash, context), Promise.allSettled(deletions)])
  for (let index = created.succeeded; index < many.length; index++) expectations.creationObserved(key)
  if (created.failure !== undefined && !hasStatusCause(created.failure, 'NamespaceTerminating')) throw created.failure
  for (const result of deleted) if (result.status === 'rejected') throw result.reason
}

function createOn(names: readonly string[], set: DaemonSet, hash: string, context: ControllerContext<State>) {
  const reference = controllerReference(set, daemonSets)
  return slowStartBatch(names.length, index => {
    const template = templateFor(set.spec.template, names[index]!)
    const generation = generationOf(set)
    const labels = {
      ...template.metadata?.labels,
      [revisionHashLabel]: hash,
      ...(generation !== undefined && { [generationLabel]: generation }),
    }
    return createPod(context, set, reference, template, { labels })
  })
}

/** How often the template has changed, as the server counts. */
function generationOf({ metadata }: DaemonSet): string | undefined {
  const text = metadata.annotations?.[templateGeneration]
  return text !== undefined && /^[+-]?\d+$/.test(text) ? String(BigInt(text.replace('+', ''))) : undefined
}
