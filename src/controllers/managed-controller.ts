// A controller as the manager runs it: its name for --controllers, the service account it writes as, and how to start it.

import type { Controller, ControllerEnvironment } from '../client/controller.ts'
import type { WorkQueueMetrics } from '../client/work-queue-metrics.ts'
import type { MetricsRegistry } from '../machinery/metrics/metrics.ts'
import type { KeyAndCertificate } from '../machinery/x509/certificate.ts'
import type { NodeCIDRMaskSizes } from './node-ipam/node-range.ts'

/** What a controller is started with: what every one needs, and the few facts of the cluster that some do. */
export interface ManagerEnvironment extends ControllerEnvironment {
  /** PEM. */
  readonly rootCA: string
  readonly clusterCIDR: string
  /** Nodes are given nothing of it. */
  readonly serviceCIDR?: string
  /** How large a node's part of the cluster range is, where it isn't upstream's default. */
  readonly nodeCIDRMaskSizes?: NodeCIDRMaskSizes
  /** What certificates are signed with: --cluster-signing-cert-file and -key-file. Nothing is signed without it. */
  readonly certificateAuthority?: KeyAndCertificate
  /** Makes the tokens that live in Secrets: --service-account-private-key-file. */
  readonly issueLegacyToken?: IssueLegacyToken
  /** Removes a directory of this machine with all that is in it: what deleting a hostPath volume below /tmp means. */
  readonly removeDirectory?: (path: string) => Promise<void>
  /** What the manager counts. Nobody may read it: counting must cost next to nothing. */
  readonly metrics: MetricsRegistry
  /** Counts what happens to work queues; absent when nobody reads it. */
  readonly workQueues?: WorkQueueMetrics
}

export type IssueLegacyToken = (of: {
  readonly namespace: string
  readonly serviceAccount: { readonly name: string; readonly uid: string }
  readonly secret: { readonly name: string }
}) => string

export interface ManagedController {
  /** Upstream's name for it in --controllers: deployment-controller, garbage-collector-controller, … */
  readonly name: string
  /** What it was called in --controllers before all names ended in -controller. */
  readonly alias?: string
  /** What metrics call its work queue. */
  readonly queue?: string
  /** The service account in kube-system whose rights it has; the manager's own when absent. */
  readonly serviceAccount?: string
  /** The component its Events name, where that is not the service account's name. */
  readonly eventSource?: string
  /** Runs only when --controllers names it. */
  readonly disabledByDefault?: boolean
  start(environment: ManagerEnvironment): { stop(): Promise<void> }
}

/** A declared controller under its upstream names. */
export function managed(
  names: Omit<ManagedController, 'start'>,
  controller: Controller | ((environment: ManagerEnvironment) => Controller),
): ManagedController {
  return {
    ...names,
    start(environment) {
      const queueMetrics = names.queue === undefined ? undefined : environment.workQueues?.queue<string>(names.queue)
      const declared = typeof controller === 'function' ? controller(environment) : controller
      return declared.start({ ...environment, queueMetrics })
    },
  }
}
