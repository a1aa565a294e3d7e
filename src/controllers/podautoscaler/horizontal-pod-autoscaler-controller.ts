// Scales what has a scale by what its pods use, or by any other number somebody measures.
//
// Comes in: HorizontalPodAutoscalers, looked at every 15 seconds. Goes out: the targets' scale, and the autoscalers' status.
// `metric-proposals.ts` asks for the metrics, `replica-calculator.ts` counts, `scaling-limits.ts` keeps it steady.

import type { Scale } from '../../api/autoscaling/v1/scale.ts'
import {
  type HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerCondition,
  horizontalPodAutoscalers,
  type MetricStatus,
} from '../../api/autoscaling/v2/horizontalpodautoscaler.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import type { ResourceDeclaration } from '../../api/resource.ts'
import { type ControllerContext, controller, watch } from '../../client/controller.ts'
import { setCondition } from '../../machinery/conditions.ts'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { errorText } from '../../machinery/error-text.ts'
import { parseLabelSelector, type Selector } from '../../machinery/labels.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import { isConflict } from '../../machinery/status-error.ts'
import { formatTime } from '../../machinery/time.ts'
import { groupOf, Scales } from '../scales.ts'
import { type MetricContext, MetricFailure, proposalOf } from './metric-proposals.ts'
import { type Action, AutoscalerMetrics, actionOf } from './metrics.ts'
import { MetricsClient } from './metrics-client.ts'
import { limit, remember, type ScalingMemory } from './scaling-limits.ts'

/** --horizontal-pod-autoscaler-sync-period, --horizontal-pod-autoscaler-tolerance. */
const syncPeriodMs = 15_000
const defaultTolerance = 0.1
/** When others write the target at the same time. */
const rescaleAttempts = 5

interface State {
  readonly scales: Scales
  readonly metrics: MetricsClient
  readonly counts: AutoscalerMetrics
  readonly memories: Map<string, ScalingMemory>
  /** Which pods each autoscaler was found to be about. */
  readonly selectors: Map<string, { readonly namespace: string; readonly selector: Selector }>
}

type Context = ControllerContext<State>

export const horizontalPodAutoscalerController = controller<HorizontalPodAutoscaler, State>({
  name: 'horizontal-pod-autoscaler-controller',
  reconciles: horizontalPodAutoscalers,
  concurrency: 5,
  watches: [watch<Pod, State>(pods, {})],
  // Its own writes of the status are no reason to look again.
  filter: ({ before, after }) => !before || !after || !deepEqual(before.spec, after.spec),
  state: ({ client, clock, metrics, lister }) => ({
    scales: new Scales(client, clock),
    metrics: new MetricsClient(client),
    counts: new AutoscalerMetrics(metrics, () => lister(horizontalPodAutoscalers).list().length),
    memories: new Map(),
    selectors: new Map(),
  }),
  async reconcile(key, context) {
    const { lister, log, state, clock } = context
    const autoscaler = lister(horizontalPodAutoscalers).get(key)
    if (!autoscaler) {
      state.memories.delete(key)
      state.selectors.delete(key)
      return undefined
    }
    const started = clock.monotonic()
    const reconciliation = new Reconciliation(key, autoscaler, context)
    let failed = false
    try {
      await reconciliation.run()
    } catch (error) {
      failed = true
      log.warn('Failed to reconcile', { horizontalPodAutoscaler: key, error: errorText(error) })
    }
    state.counts.reconciled(reconciliation.action, failed, clock.monotonic() - started)
    return { requeueAfterMs: syncPeriodMs }
  },
})

type Status = HorizontalPodAutoscaler['status']

interface Computed {
  readonly replicas?: number
  /** Which metric asked for it. */
  readonly name?: string
  readonly statuses: MetricStatus[]
  readonly failure: unknown
}

/** One look at one autoscaler. */
class Reconciliation {
  readonly #key: string
  readonly #autoscaler: HorizontalPodAutoscaler
  readonly #context: Context
  readonly #now: number
  #conditions: HorizontalPodAutoscalerCondition[]
  /** What was done to the target. */
  action: Action = 'none'

  constructor(key: string, autoscaler: HorizontalPodAutoscaler, context: Context) {
    this.#key = key
    this.#autoscaler = autoscaler
    this.#context = context
    this.#now = context.clock.now()
    this.#conditions = autoscaler.status?.conditions ?? []
  }

  async run(): Promise<void> {
    const { spec, metadata, status } = this.#autoscaler
    const { memories } = this.#context.state
    const { kind, name, apiVersion = '' } = spec.scaleTargetRef
    const reference = `${kind}/${metadata.namespace}/${name}`
    let found: Awaited<ReturnType<Reconciliation['scale']>>
    try {
      found = await this.scale(apiVersion, kind, name)
    } catch (error) {
      const cause = errorText(error)
      this.#warn('FailedGetScale', cause)
      this.#set(
        'AbleToScale',
        'False',
        'FailedGetScale',
        `the HPA controller was unable to get the target's current scale: ${cause}`,
      )
      await this.#write({ ...status })
      throw new Error(`failed to query scale subresource for ${reference}: ${cause}`)
    }
    const { resource, scale } = found
    this.#set(
      'AbleToScale',
      'True',
      'SucceededGetScale',
      "the HPA controller was able to get the target's current scale",
    )
    const current = scale.spec?.replicas ?? 0
    const memory = memories.get(this.#key) ?? {
      recommendations: [{ replicas: current, at: this.#now }],
      up: [],
      down: [],
    }
    memories.set(this.#key, memory)
    const min = spec.minReplicas ?? 1
    let desired = current
    let reason = ''
    let currentMetrics: MetricStatus[] = []
    let failure: unknown
    if (current === 0 && min !== 0)
      this.#set(
        'ScalingActive',
        'False',
        'ScalingDisabled',
        'scaling is disabled since the replica count of the target is zero',
      )
    else if (current > spec.maxReplicas) {
      desired = spec.maxReplicas
      reason = 'Current number of replicas above Spec.MaxReplicas'
    } else if (current < min) {
      desired = min
      reason = 'Current number of replicas below Spec.MinReplicas'
    } else {
      const computed = await this.#compute(current, scale.status?.replicas ?? 0, scale.status?.selector ?? '')
      currentMetrics = computed.statuses
      failure = computed.failure
      if (computed.replicas === undefined) {
        await this.#write({ ...status, currentReplicas: current, currentMetrics })
        this.#warn('FailedComputeMetricsReplicas', errorText(failure))
        throw new Error(
          `failed to compute desired number of replicas based on listed metrics for ${reference}: ${errorText(failure)}`,
        )
      }
      const proposed = computed.replicas
      if (proposed > current) reason = `${computed.name} above target`
      if (proposed < current) reason = 'All metrics below target'
      const wish = { current, desired: proposed, min, max: spec.maxReplicas }
      const limited = limit(wish, spec.behavior ?? undefined, memory, this.#now)
      for (const finding of limited.findings) this.#set(finding.type, finding.status, finding.reason, finding.message)
      desired = limited.replicas
    }
    const rescale = desired !== current
    if (rescale) {
      try {
        await this.#rescale(resource, scale, desired)
      } catch (error) {
        const cause = errorText(error)
        this.#warn('FailedRescale', `New size: ${desired}; reason: ${reason}; error: ${cause}`)
        const message = `the HPA controller was unable to update the target scale: ${cause}`
        this.#set('AbleToScale', 'False', 'FailedUpdateScale', message)
        await this.#write({ ...status, currentReplicas: current, currentMetrics })
        throw new Error(`failed to rescale ${reference}: ${cause}`)
      }
      const message = `the HPA controller was able to update the target scale to ${desired}`
      this.#set('AbleToScale', 'True', 'SucceededRescale', message)
      this.#context.events.event(
        this.#autoscaler,
        'Normal',
        'SuccessfulRescale',
        `New size: ${desired}; reason: ${reason}`,
      )
      remember(memory, spec.behavior ?? undefined, current, desired, this.#now)
      this.action = actionOf(current, desired)
    }
    this.#context.state.counts.desired(this.#autoscaler, desired)
    await this.#write({
      ...status,
      currentReplicas: current,
      desiredReplicas: desired,
      currentMetrics,
      ...(rescale && { lastScaleTime: formatTime(this.#now) }),
    })
    if (failure !== undefined) throw failure
  }

  async scale(apiVersion: string, kind: string, name: string) {
    const { scales } = this.#context.state
    const resource = await scales.resourceOfKind(groupOf(apiVersion), kind)
    return { resource, scale: await scales.get(resource, this.#autoscaler.metadata.namespace, name) }
  }

  /** Whoever else wrote the target meanwhile, the count is this one. */
  async #rescale(resource: ResourceDeclaration, scale: Scale, replicas: number): Promise<void> {
    const { scales } = this.#context.state
    for (let latest = scale, attempt = 1; ; attempt++)
      try {
        await scales.update(resource, latest, replicas)
        return
      } catch (error) {
        if (!isConflict(error) || attempt === rescaleAttempts) throw error
        latest = await scales.get(resource, scale.metadata.namespace, scale.metadata.name!).catch(() => latest)
      }
  }

  /** The highest that any metric asks for. Without a number (`replicas`) nothing is to be done. */
  async #compute(specReplicas: number, statusReplicas: number, selectorText: string): Promise<Computed> {
    const { spec } = this.#autoscaler
    const specs = spec.metrics ?? []
    const matching = this.#podsOf(selectorText)
    if (matching instanceof Error) return { statuses: [], failure: matching }
    const statuses: MetricStatus[] = []
    const failures: MetricFailure[] = []
    let best: { replicas: number; name: string } | undefined
    const context: MetricContext = {
      metrics: this.#context.state.metrics,
      scales: this.#context.state.scales,
      autoscaler: this.#autoscaler,
      specReplicas,
      statusReplicas,
      selector: selectorText,
      pods: () => matching,
      tolerances: {
        up: tolerance(spec.behavior?.scaleUp?.tolerance),
        down: tolerance(spec.behavior?.scaleDown?.tolerance),
      },
      now: this.#now,
    }
    const { clock, state } = this.#context
    const currentReplicas = this.#autoscaler.status?.currentReplicas ?? 0
    for (const metric of specs) {
      const started = clock.monotonic()
      let proposed: number | undefined
      try {
        const { status, replicas, name } = await proposalOf(metric, context)
        proposed = replicas
        statuses.push(status)
        if (!best || best.replicas === 0 || replicas > best.replicas) best = { replicas, name }
      } catch (error) {
        if (!(error instanceof MetricFailure)) throw error
        statuses.push({ type: '' })
        failures.push(error)
        this.#warn(error.reason, error.detail)
      } finally {
        state.counts.computed(metric.type, currentReplicas, proposed, clock.monotonic() - started)
      }
    }
    const [first] = failures
    const failure =
      first &&
      new Error(`invalid metrics (${failures.length} invalid out of ${specs.length}), first error is: ${first.message}`)
    // What is not known may be what there are so many for.
    if (first && (!best || best.replicas < specReplicas)) {
      const message = `the HPA was unable to compute the replica count: ${first.detail}`
      this.#set('ScalingActive', 'False', first.reason, message)
      return { statuses, failure }
    }
    if (!best) return { statuses, failure: new Error('no metrics are specified') }
    const message = `the HPA was able to successfully calculate a replica count from ${best.name}`
    this.#set('ScalingActive', 'True', 'ValidMetricFound', message)
    return { ...best, statuses, failure }
  }

  /** The pods that the target selects, if they are nobody else's to scale. */
  #podsOf(selectorText: string): readonly Pod[] | Error {
    const { lister, state } = this.#context
    const { namespace = '' } = this.#autoscaler.metadata
    const refuse = (event: string, condition: string, eventMessage: string, message = eventMessage): Error => {
      this.#warn(event, eventMessage)
      this.#set('ScalingActive', 'False', condition, message)
      return new Error(eventMessage)
    }
    if (selectorText === '')
      return refuse(
        'SelectorRequired',
        'InvalidSelector',
        'selector is required',
        "the HPA target's scale is missing a selector",
      )
    let selector: Selector
    try {
      selector = parseLabelSelector(selectorText)
    } catch (error) {
      const message = `couldn't convert selector into a corresponding internal selector object: ${errorText(error)}`
      return refuse('InvalidSelector', 'InvalidSelector', message)
    }
    state.selectors.set(this.#key, { namespace, selector })
    const matching = lister(pods)
      .listNamespace(namespace)
      .filter(({ metadata }) => selector.matches(metadata.labels ?? {}))
    const claimed = [...state.selectors]
      .filter(([, other]) => other.namespace === namespace)
      .filter(([, other]) => matching.some(({ metadata }) => other.selector.matches(metadata.labels ?? {})))
      .map(([key]) => key)
      .sort()
    if (claimed.length > 1) {
      const message = `pods by selector ${selectorText} are controlled by multiple HPAs: [${claimed.join(' ')}]`
      return refuse('AmbiguousSelector', 'AmbiguousSelector', message)
    }
    return matching
  }

  #warn(reason: string, message: string): void {
    this.#context.events.event(this.#autoscaler, 'Warning', reason, message)
  }

  #set(type: string, status: string, reason: string, message: string): void {
    this.#conditions = setCondition(this.#conditions, { type, status, reason, message }, formatTime(this.#now))
  }

  async #write(next: Partial<Status>): Promise<void> {
    const { status: before } = this.#autoscaler
    const currentMetrics = next.currentMetrics?.length ? next.currentMetrics : null
    // As the server keeps it: none is not said.
    const currentReplicas = next.currentReplicas || undefined
    const status = { ...next, currentReplicas, currentMetrics, conditions: this.#conditions } as Status
    if (deepEqual(status, before)) return
    try {
      await this.#context.client.resource(horizontalPodAutoscalers).updateStatus({ ...this.#autoscaler, status })
    } catch (error) {
      this.#warn('FailedUpdateStatus', errorText(error))
      throw new Error(`failed to update status for ${this.#autoscaler.metadata.name}: ${errorText(error)}`)
    }
  }
}

const tolerance = (quantity: unknown): number =>
  quantity === undefined || quantity === null ? defaultTolerance : parseQuantity(String(quantity)).toNumber()
