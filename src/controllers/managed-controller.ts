// A controller as the manager runs it: its name for --controllers, the service account it writes as, and how to start it.

import type { Controller, ControllerEnvironment } from '../client/controller.ts'
import type { KeyAndCertificate } from '../machinery/x509/certificate.ts'

/** What a controller is started with: what every one needs, and the few facts of the cluster that some do. */
export interface ManagerEnvironment extends ControllerEnvironment {
  /** PEM. */
  readonly rootCA: string
  readonly clusterCIDR: string
  /** What certificates are signed with: --cluster-signing-cert-file and -key-file. Nothing is signed without it. */
  readonly certificateAuthority?: KeyAndCertificate
  /** Makes the tokens that live in Secrets: --service-account-private-key-file. */
  readonly issueLegacyToken?: IssueLegacyToken
  /** Removes a directory of this machine with all that is in it: what deleting a hostPath volume below /tmp means. */
  readonly removeDirectory?: (path: string) => Promise<void>
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
    start: environment => (typeof controller === 'function' ? controller(environment) : controller).start(environment),
  }
}
