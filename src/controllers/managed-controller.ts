// A controller as the manager runs it: its name for --controllers, the service account it writes as, and how to start it.

import type { Controller, ControllerEnvironment } from '../client/controller.ts'

/** What a controller is started with: what every one needs, and the few facts of the cluster that some do. */
export interface ManagerEnvironment extends ControllerEnvironment {
  /** PEM. */
  readonly rootCA: string
  readonly clusterCIDR: string
}

export interface ManagedController {
  /** Upstream's name for it in --controllers: deployment-controller, garbage-collector-controller, … */
  readonly name: string
  /** The service account in kube-system whose rights it has. */
  readonly serviceAccount: string
  /** The component its Events name, where that is not the service account's name. */
  readonly eventSource?: string
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
