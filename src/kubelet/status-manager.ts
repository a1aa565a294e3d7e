// Tells the API server how pods are, and that they are gone.
//
// Comes in: each pod's status as the kubelet sees it. Goes out: a PATCH of the status subresource when it differs from
// what was sent last; once a pod that is to be deleted has nothing left here, the DELETE that ends its object. Pods take
// turns: of the statuses that one has had while it waited for its own, only the last is sent, as upstream does.

import { type Pod, type PodCondition, type PodStatus, pods } from '../api/core/v1/pod.ts'
import type { Client, ResourceClient } from '../client/client.ts'
import type { Env, Timer } from '../machinery/env/env.ts'
import { asStatusError, isNotFound } from '../machinery/status-error.ts'
import { formatTime } from '../machinery/time.ts'
import { podStatusPatch, sameStatus, sameValue } from './pod-status-patch.ts'
import { terminatedStatus } from './terminated-status.ts'

interface Entry {
  /** As last heard of: whoever says how a pod is may have begun to look at it before that. */
  pod: Pod
  status: PodStatus
  /** As the API server has it, as far as is known. */
  sent: PodStatus
  finished: boolean
  /** Waits for its turn, or is having it. */
  waiting: boolean
  /** Its object came while something was still to be said about it. */
  unseen: boolean
  retry?: Timer
  /** Set while the API server's copy is not what it should be, as far as this node has heard. */
  comparison?: Timer
}

/** Upstream sends one at a time. Here a second is made ready while the first is on its way to the disk. */
const inFlight = 2
const retryMs = 1000
/** How long a difference may be no more than old news of what was just sent. */
const compareAfterMs = 10_000

export class StatusManager {
  readonly #client: Client
  readonly #env: Env
  readonly #entries = new Map<string, Entry>()
  /** Pods of which nothing was said yet, as last heard of. */
  readonly #unsaid = new Map<string, Pod>()
  readonly #queue: Entry[] = []
  #senders = 0
  #stopped = false

  constructor(client: Client, env: Env) {
    this.#client = client
    this.#env = env
  }

  /** As last set; undefined before the first time. */
  get(podUid: string): PodStatus | undefined {
    return this.#entries.get(podUid)?.status
  }

  /** The pod's object changed. */
  observe(pod: Pod): void {
    const uid = pod.metadata.uid ?? ''
    const entry = this.#entries.get(uid)
    if (!entry) return void this.#unsaid.set(uid, pod)
    entry.pod = pod
    if (hasNews(entry)) this.#send(entry)
    // Until everything is said, its object differs as a matter of course.
    if (entry.waiting) entry.unseen = true
    else this.#compare(entry)
  }

  #compare(entry: Entry): void {
    entry.unseen = false
    if (!entry.comparison && !sameStatus(entry.pod.status ?? {}, entry.status)) this.#compareLater(entry)
  }

  /** Somebody else wrote what is this node's to say, as when it was not heard of for a while: it is said again. */
  #compareLater(entry: Entry): void {
    entry.comparison = this.#env.clock.setTimeout(() => {
      entry.comparison = undefined
      const status = entry.pod.status ?? {}
      if (sameStatus(status, entry.status)) return
      if (entry.waiting) return this.#compareLater(entry)
      entry.sent = status
      this.#send(entry)
    }, compareAfterMs)
  }

  set(pod: Pod, status: PodStatus): void {
    const entry = this.#entry(pod)
    const now = formatTime(this.#env.clock.now())
    const nothingNew = entry.sent === entry.status
    entry.status = {
      ...status,
      startTime: entry.status.startTime ?? status.startTime ?? now,
      conditions: (status.conditions ?? []).map(condition => withTransition(condition, entry.status.conditions, now)),
    }
    if (nothingNew && sameStatus(entry.sent, entry.status)) entry.sent = entry.status
    if (hasNews(entry)) this.#send(entry)
  }

  /** Nothing of the pod is left on this node: containers that have not ended in sight of anyone have ended now. */
  finish(pod: Pod): void {
    const entry = this.#entry(pod)
    entry.status = terminatedStatus(pod, entry.status)
    entry.finished = true
    this.#send(entry)
  }

  forget(podUid: string): void {
    const entry = this.#entries.get(podUid)
    entry?.retry?.cancel()
    entry?.comparison?.cancel()
    this.#entries.delete(podUid)
    this.#unsaid.delete(podUid)
  }

  stop(): void {
    this.#stopped = true
    for (const entry of this.#entries.values()) {
      entry.retry?.cancel()
      entry.comparison?.cancel()
    }
  }

  #entry(pod: Pod): Entry {
    const uid = pod.metadata.uid ?? ''
    let entry = this.#entries.get(uid)
    if (!entry) {
      const heardOf = this.#unsaid.get(uid) ?? pod
      const status = heardOf.status ?? {}
      entry = { pod: heardOf, status, sent: status, finished: false, waiting: false, unseen: false }
      this.#entries.set(uid, entry)
      this.#unsaid.delete(uid)
    }
    return entry
  }

  #send(entry: Entry): void {
    if (entry.waiting || this.#stopped) return
    entry.waiting = true
    this.#queue.push(entry)
    if (this.#senders < inFlight) void this.#sendAll()
  }

  async #sendAll(): Promise<void> {
    this.#senders++
    for (let entry = this.#queue.shift(); entry && !this.#stopped; entry = this.#queue.shift())
      await this.#sendOne(entry)
    this.#senders--
  }

  /** Whether the name stands for another pod by now: what is said of this one interests nobody any more. */
  async #isAnothers(resource: ResourceClient<Pod>, name: string, uid: string): Promise<boolean> {
    try {
      return (await resource.get(name)).metadata.uid !== uid
    } catch (error) {
      return isNotFound(error)
    }
  }

  async #sendOne(entry: Entry): Promise<void> {
    const { name = '', namespace, uid = '' } = entry.pod.metadata
    if (this.#entries.get(uid) !== entry) return
    const resource = this.#client.resource(pods).namespace(namespace)
    let failed = false
    try {
      const { status } = entry
      const patch = podStatusPatch(entry.sent, status)
      if (patch) {
        const answer = await resource.patch(
          name,
          'application/strategic-merge-patch+json',
          { metadata: { uid }, status: patch },
          { subresource: 'status' },
        )
        // Somebody else's hand is in the same object: trust only what came back.
        entry.sent = sameValue(answer.status?.phase, status.phase) ? status : (answer.status ?? {})
        if (this.#stopped) return
      } else entry.sent = status
      if (mayBeDeleted(entry)) {
        await resource.delete(name, { gracePeriodSeconds: 0, preconditions: { uid } })
        this.forget(uid)
      }
    } catch (error) {
      failed = true
      if (isNotFound(error) || (asStatusError(error) && (await this.#isAnothers(resource, name, uid))))
        return this.forget(uid)
      // Forgotten meanwhile: there is nobody left to say it for.
      if (this.#stopped || this.#entries.get(uid) !== entry) return
      this.#env.log.warn('cannot update pod status', { pod: name, namespace, error: (error as Error).message })
      entry.retry?.cancel()
      entry.retry = this.#env.clock.setTimeout(() => this.#send(entry), retryMs)
    } finally {
      // Here, with no wait after the last look at the entry: what is set from now on is sent.
      entry.waiting = false
      if (!failed && this.#entries.get(uid) === entry) {
        if (hasNews(entry)) this.#send(entry)
        else if (entry.unseen) this.#compare(entry)
      }
    }
  }
}

/** Whether there is something to tell the API server, as far as is known. */
function hasNews(entry: Entry): boolean {
  return entry.sent !== entry.status || mayBeDeleted(entry)
}

/** Whether the last word about it is said, and its object may go. */
function mayBeDeleted({ finished, pod, sent, status }: Entry): boolean {
  return finished && pod.metadata.deletionTimestamp !== undefined && sent === status
}

function withTransition(
  condition: PodCondition,
  before: readonly PodCondition[] | undefined,
  now: string,
): PodCondition {
  const old = before?.find(candidate => candidate.type === condition.type)
  if (condition.lastTransitionTime && !old) return condition
  const same = old?.status === condition.status && old.lastTransitionTime
  return { ...condition, lastTransitionTime: same ? old.lastTransitionTime : now }
}
