// kube-controller-manager: every controller, on shared informers.
//
// Comes in: clients of the API server. Goes out: writes through them. Controllers know nothing of each other: they meet
// through the API. `all-controllers.ts` lists them; each has a file or a folder of its own here.

import type { Client } from '../client/client.ts'
import { ComponentEventRecorder } from '../client/event-recorder.ts'
import { InformerFactory } from '../client/informer.ts'
import { WorkQueueMetrics } from '../client/work-queue-metrics.ts'
import type { Env } from '../machinery/env/env.ts'
import { MetricsRegistry } from '../machinery/metrics/metrics.ts'
import type { KeyAndCertificate } from '../machinery/x509/certificate.ts'
import { allControllers } from './all-controllers.ts'
import { controllerList, isEnabled } from './controller-names.ts'
import type { IssueLegacyToken } from './managed-controller.ts'
import type { NodeCIDRMaskSizes } from './node-ipam/node-range.ts'

export interface ControllerManagerOptions {
  readonly env: Env
  /** Reads for all controllers. */
  readonly client: Client
  /** Writes as a controller's own service account, by its name (`deployment-controller`). */
  clientFor(serviceAccount: string): Client
  /** PEM: what the kube-root-ca.crt ConfigMaps hold. */
  readonly rootCA: string
  readonly clusterCIDR: string
  readonly serviceCIDR?: string
  readonly nodeCIDRMaskSizes?: NodeCIDRMaskSizes
  readonly certificateAuthority?: KeyAndCertificate
  readonly issueLegacyToken?: IssueLegacyToken
  readonly removeDirectory?: (path: string) => Promise<void>
  /** Upstream's --controllers: names or their aliases, `*`, `-name`; all of the default ones when absent. */
  readonly controllers?: readonly string[]
  /** How many objects of a controller, by its name, are worked on at a time; where it isn't as upstream's default. */
  readonly concurrency?: ReadonlyMap<string, number>
  /** Where the controllers' metrics are read, if anywhere. */
  readonly metrics?: MetricsRegistry
}

interface Running {
  stop(): Promise<void>
}

export class ControllerManager {
  readonly options: ControllerManagerOptions
  #running: Running[] = []
  #recorders: ComponentEventRecorder[] = []
  #informers: InformerFactory | undefined
  readonly #names: string[] = []

  constructor(options: ControllerManagerOptions) {
    this.options = options
  }

  /** The controllers that run, in the order they were started. */
  get running(): readonly string[] {
    return this.#names
  }

  /** Sets every controller going. They work as soon as their informers have synced, which is not waited for. */
  async start(): Promise<void> {
    const { client, clientFor, controllers, concurrency, metrics, ...environment } = this.options
    const list = controllerList(controllers ?? ['*'])
    const { env } = environment
    const registry = metrics ?? new MetricsRegistry()
    const workQueues = metrics && new WorkQueueMetrics(metrics, env.clock)
    const informers = new InformerFactory(client, env)
    this.#informers = informers
    for (const declared of allControllers) {
      if (!isEnabled(declared, list)) continue
      const own = declared.serviceAccount === undefined ? client : clientFor(declared.serviceAccount)
      const events = new ComponentEventRecorder(own, env, {
        component: declared.eventSource ?? declared.serviceAccount ?? declared.name,
      })
      this.#recorders.push(events)
      this.#running.push(
        declared.start({
          ...environment,
          client: own,
          informers,
          events,
          metrics: registry,
          workQueues,
          concurrency: concurrency?.get(declared.name),
        }),
      )
      this.#names.push(declared.name)
    }
    informers.start()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.splice(0).map(controller => controller.stop()))
    for (const recorder of this.#recorders.splice(0)) recorder.stop()
    await this.#informers?.stop()
    this.#informers = undefined
    this.#names.length = 0
  }
}
