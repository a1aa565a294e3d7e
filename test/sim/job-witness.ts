// Sees every pod of every Job come and go, over a connection of its own that nothing goes wrong with, so that what Jobs
// say they counted can be compared with what happened.

import { type Pod, pods } from '../../src/api/core/v1/pod.ts'
import type { Client } from '../../src/client/client.ts'
import { InformerFactory } from '../../src/client/informer.ts'
import { createClient } from '../../src/client/rest-client.ts'
import type { Env } from '../../src/machinery/env/env.ts'

export interface WitnessedPod {
  readonly uid: string
  readonly job: string
  phase: string
}

/** One too many, let go of before it ended: how it ends is nothing that its Job counts. */
const givenUp = 'GivenUp'

export class JobWitness {
  readonly #informers: InformerFactory
  readonly #pods = new Map<string, WitnessedPod>()

  constructor(env: Env, client: () => Client) {
    const refused = () => Promise.reject(new Error('not asked for'))
    this.#informers = new InformerFactory(
      createClient({
        request: request => client().transport.request(request),
        watch: (request, stream) => client().transport.watch(request, stream),
        stream: refused,
        upgrade: refused,
        close() {},
      }),
      env,
    )
  }

  start(): void {
    const see = (pod: Pod) => {
      const job = pod.metadata.ownerReferences?.find(({ kind, controller }) => controller && kind === 'Job')?.uid
      const uid = pod.metadata.uid!
      if (!job || this.#pods.get(uid)?.phase === givenUp) return
      const phase = pod.status?.phase ?? 'Pending'
      const isOver = phase === 'Succeeded' || phase === 'Failed'
      const isTracked = pod.metadata.finalizers?.includes('batch.kubernetes.io/job-tracking')
      this.#pods.set(uid, { uid, job, phase: isTracked || isOver ? phase : givenUp })
    }
    this.#informers.informer(pods).addHandler({ added: see, updated: (_, after) => see(after), deleted: see })
    this.#informers.start()
  }

  podsOf(job: string): WitnessedPod[] {
    return [...this.#pods.values()].filter(pod => pod.job === job)
  }

  stop(): Promise<void> {
    return this.#informers.stop()
  }
}
