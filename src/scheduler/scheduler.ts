// kube-scheduler: finds a node for every pod that has none.

import type { Client } from '../client/client.ts'
import type { Env } from '../machinery/env/env.ts'

export interface SchedulerOptions {
  readonly env: Env
  readonly client: Client
  /** Pods that name this scheduler are its own; default-scheduler unless said otherwise. */
  readonly schedulerName?: string
}

export class Scheduler {
  readonly options: SchedulerOptions

  constructor(options: SchedulerOptions) {
    this.options = options
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}
}
