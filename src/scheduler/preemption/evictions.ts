// Carries a preemption out, beside the cycles: tells the victims why, deletes them, and takes back the prospects of lesser
// pods on the node. Meanwhile the pod that needs the room stays out of the queue.

import { pods } from '../../api/core/v1/pod.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import type { FrameworkHandle } from '../framework-handle.ts'
import type { PodInfo } from '../pod-info.ts'
import { patchPodStatus } from '../pod-status.ts'
import type { Candidate } from './pick-candidate.ts'

export class Evictions {
  readonly #handle: FrameworkHandle
  readonly #plugin: string
  readonly #underWay = new Set<string>()

  constructor(handle: FrameworkHandle, plugin: string) {
    this.#handle = handle
    this.#plugin = plugin
  }

  isUnderWay(uid: string): boolean {
    return this.#underWay.has(uid)
  }

  start(preemptor: PodInfo, candidate: Candidate): void {
    this.#underWay.add(preemptor.uid)
    this.#handle.metrics?.preempted(candidate.victims.length)
    const { log, clock } = this.#handle.env
    const started = clock.monotonic()
    const ended = (result: 'success' | 'error') => this.#handle.metrics?.evicted(result, clock.monotonic() - started)
    this.#run(preemptor, candidate).then(
      () => ended('success'),
      error => {
        ended('error')
        log.error('Error occurred during async preemption', { pod: preemptor.key, error: String(error) })
        // Nothing else would bring it back: no victim's end will be seen.
        this.#underWay.delete(preemptor.uid)
        this.#handle.activate(preemptor.uid)
      },
    )
  }

  async #run(preemptor: PodInfo, { node, victims }: Candidate): Promise<void> {
    const { client, env, nominator } = this.#handle
    for (const other of [...nominator.on(node.name)]) {
      if (other.priority >= preemptor.priority || other.uid === preemptor.uid) continue
      nominator.remove(other.uid)
      await patchPodStatus(client, other.pod, { nominatedNodeName: '' }, env.clock.now()).catch(() => {})
    }
    const leaving = victims.filter(({ pod }) => !pod.metadata.deletionTimestamp)
    // The last one's end brings the pod back; by then it must be allowed to come.
    const last = leaving.pop()
    await Promise.all(leaving.map(victim => this.#evict(preemptor, victim, node.name)))
    this.#underWay.delete(preemptor.uid)
    if (last) await this.#evict(preemptor, last, node.name)
    else this.#handle.activate(preemptor.uid)
  }

  async #evict(preemptor: PodInfo, victim: PodInfo, node: string): Promise<void> {
    const { client, env, events } = this.#handle
    if (!this.#handle.rejectWaiting(victim.uid, this.#plugin, 'preempted')) {
      const message = `${preemptor.pod.spec.schedulerName}: preempting to accommodate a higher priority pod`
      const condition = { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', message }
      try {
        await patchPodStatus(client, victim.pod, { condition }, env.clock.now())
        await client.resource(pods).namespace(victim.namespace).delete(victim.name)
      } catch (error) {
        if (isNotFound(error)) return
        throw error
      }
    }
    const note = `Preempted by pod ${preemptor.uid} on node ${node}`
    events.eventf(victim.pod, preemptor.pod, 'Normal', 'Preempted', 'Preempting', note)
  }
}
