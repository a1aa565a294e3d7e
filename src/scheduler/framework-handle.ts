// What plugins may use of the scheduler that runs them.

import type { Pod } from '../api/core/v1/pod.ts'
import type { Client } from '../client/client.ts'
import type { SeriesEventRecorder } from '../client/event-series.ts'
import type { InformerFactory } from '../client/informer.ts'
import type { Env } from '../machinery/env/env.ts'
import type { Labels, Selector } from '../machinery/labels.ts'
import type { Cache } from './cache.ts'
import type { SchedulerMetrics } from './metrics.ts'
import type { Nominator } from './nominator.ts'

export interface FrameworkHandle {
  readonly env: Env
  readonly client: Client
  readonly informers: InformerFactory
  readonly events: SeriesEventRecorder
  readonly nominator: Nominator
  readonly cache: Cache
  readonly metrics?: SchedulerMetrics
  namespaceLabels(namespace: string): Labels | undefined
  /** All pods of the same services and owner; undefined when there are none. */
  defaultSelector(pod: Pod): Selector | undefined
  /** The pod as it is now, by `namespace/name`. */
  pod(key: string): Pod | undefined
  /** Brings a waiting pod back into the queue. */
  activate(uid: string): void
  /** Turns down a pod that waits for permission; false when it doesn't. */
  rejectWaiting(uid: string, plugin: string, reason: string): boolean
}
