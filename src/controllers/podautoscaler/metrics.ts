// What the autoscaler controller counts, under upstream's names: what each look at an autoscaler, and at each of its
// metrics, came to.

import type { HorizontalPodAutoscaler } from '../../api/autoscaling/v2/horizontalpodautoscaler.ts'
import type { Counter, Family, Gauge, Histogram, MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { exponentialBuckets } from '../../machinery/metrics/metrics.ts'

export type Action = 'scale_up' | 'scale_down' | 'none'

const subsystem = 'horizontal_pod_autoscaler_controller'
const buckets = exponentialBuckets(0.001, 2, 15)
const stability = 'BETA'
const actionHelp = "The label 'action' should be either 'scale_down', 'scale_up', or 'none'."
const errorHelp = "the label 'error' should be either 'spec', 'internal', or 'none'."
const reconciliationHelp = `${actionHelp} Also, ${errorHelp} Note that if both spec and internal errors happen during a reconciliation, the first one to occur is reported in \`error\` label.`
const typeHelp = "The label 'metric_type' corresponds to HPA.spec.metrics[*].type"

export class AutoscalerMetrics {
  readonly #reconciliations: Family<Counter>
  readonly #reconciliationDurations: Family<Histogram>
  readonly #computations: Family<Counter>
  readonly #computationDurations: Family<Histogram>
  readonly #desired: Family<Gauge>

  constructor(registry: MetricsRegistry, count: () => number) {
    const labels = ['action', 'error']
    this.#reconciliations = registry.counter({
      name: `${subsystem}_reconciliations_total`,
      stability,
      help: `Number of reconciliations of HPA controller. ${reconciliationHelp}`,
      labels,
    })
    this.#reconciliationDurations = registry.histogram({
      name: `${subsystem}_reconciliation_duration_seconds`,
      stability,
      help: `The time(seconds) that the HPA controller takes to reconcile once. ${reconciliationHelp}`,
      labels,
      buckets,
    })
    const ofMetric = [...labels, 'metric_type']
    this.#computations = registry.counter({
      name: `${subsystem}_metric_computation_total`,
      stability,
      help: `Number of metric computations. ${actionHelp} Also, ${errorHelp} ${typeHelp}`,
      labels: ofMetric,
    })
    this.#computationDurations = registry.histogram({
      name: `${subsystem}_metric_computation_duration_seconds`,
      stability,
      help: `The time(seconds) that the HPA controller takes to calculate one metric. ${actionHelp} ${errorHelp.replace('t', 'T')} ${typeHelp}`,
      labels: ofMetric,
      buckets,
    })
    this.#desired = registry.gauge({
      name: `${subsystem}_desired_replicas`,
      stability: 'ALPHA',
      help: 'Current desired replica count for HPA objects.',
      labels: ['namespace', 'hpa_name'],
    })
    const autoscalers = registry
      .gauge({
        name: `${subsystem}_num_horizontal_pod_autoscalers`,
        stability: 'ALPHA',
        help: 'Current number of controlled HPA objects.',
      })
      .with()
    registry.onCollect(() => autoscalers.set(count()))
  }

  reconciled(action: Action, failed: boolean, milliseconds: number): void {
    const error = failed ? 'internal' : 'none'
    this.#reconciliations.with(action, error).inc()
    this.#reconciliationDurations.with(action, error).observe(milliseconds / 1000)
  }

  /** A metric has proposed so many, where there are `current`; none where it could not be had. */
  computed(type: string, current: number, proposed: number | undefined, milliseconds: number): void {
    const labels = [actionOf(current, proposed ?? current), proposed === undefined ? 'internal' : 'none', type] as const
    this.#computations.with(...labels).inc()
    this.#computationDurations.with(...labels).observe(milliseconds / 1000)
  }

  desired({ metadata: { namespace = '', name = '' } }: HorizontalPodAutoscaler, replicas: number): void {
    this.#desired.with(namespace, name).set(replicas)
  }
}

export const actionOf = (current: number, desired: number): Action =>
  desired > current ? 'scale_up' : desired < current ? 'scale_down' : 'none'
