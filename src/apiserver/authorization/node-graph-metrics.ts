// What is counted of the node authorizer's graph (upstream: plugin/pkg/auth/authorizer/node/metrics.go).

import type { Clock } from '../../machinery/env/env.ts'
import { exponentialBuckets, type Histogram, type MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import type { NodeGraphKind } from './node-graph.ts'

type Action = 'Add' | 'Delete'

const shown: Readonly<Record<NodeGraphKind, string>> = {
  Pod: 'Pod',
  PersistentVolume: 'PV',
  VolumeAttachment: 'VolumeAttachment',
  ResourceSlice: 'ResourceSlice',
}

export class NodeGraphMetrics {
  readonly #clock: Clock
  readonly #durations
  readonly #children: Readonly<Record<Action, Partial<Record<NodeGraphKind, Histogram>>>> = { Add: {}, Delete: {} }

  constructor(registry: MetricsRegistry, clock: Clock) {
    this.#clock = clock
    this.#durations = registry.histogram({
      name: 'node_authorizer_graph_actions_duration_seconds',
      stability: 'ALPHA',
      help: 'Histogram of duration of graph actions in node authorizer.',
      labels: ['operation'],
      buckets: exponentialBuckets(0.0001, 2, 12),
    })
  }

  /** `act` says whether it has done anything: what need not be done is not counted. */
  measured(action: Action, kind: NodeGraphKind, act: () => boolean): void {
    const started = this.#clock.monotonic()
    if (!act()) return
    const children = this.#children[action]
    children[kind] ??= this.#durations.with(action + shown[kind])
    children[kind].observe((this.#clock.monotonic() - started) / 1000)
  }
}
