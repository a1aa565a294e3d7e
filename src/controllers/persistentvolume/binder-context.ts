import type { ControllerContext } from '../../client/controller.ts'
import type { BinderMetrics } from './metrics.ts'

/** Upstream's --pvclaimbinder-sync-period: what waits is looked at this often. */
export const syncPeriodMs = 15_000

export interface BinderState {
  readonly metrics: BinderMetrics
  /** The uids of the pods that scrub volumes, by the volume's name. */
  readonly recyclers: Map<string, string>
  /** Removes a directory of this machine with all that is in it; nothing is removed where the nodes are simulated. */
  readonly removeDirectory?: (path: string) => Promise<void>
}

export type BinderContext = ControllerContext<BinderState>
