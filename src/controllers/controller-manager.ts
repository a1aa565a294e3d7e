// kube-controller-manager: every controller, on shared informers.
//
// Comes in: clients of the API server. Goes out: writes through them. Controllers know nothing of each other.

import type { Client } from '../client/client.ts'
import type { Env } from '../machinery/env/env.ts'

export interface ControllerManagerOptions {
  readonly env: Env
  /** Reads for all controllers. */
  readonly client: Client
  /** Writes as a controller's own service account, by its name (`deployment-controller`). */
  clientFor(serviceAccount: string): Client
  /** PEM: what the kube-root-ca.crt ConfigMaps hold. */
  readonly rootCA: string
  readonly clusterCIDR: string
  /** Upstream's --controllers: names, `*`, `-name`; all of the default ones when absent. */
  readonly controllers?: readonly string[]
}

export class ControllerManager {
  readonly options: ControllerManagerOptions

  constructor(options: ControllerManagerOptions) {
    this.options = options
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}
}
