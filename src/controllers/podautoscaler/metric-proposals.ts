// What one metric of an autoscaler proposes, and how it stands (status.currentMetrics).

import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
} from '../../api/autoscaling/v2/horizontalpodautoscaler.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import { errorText } from '../../machinery/error-text.ts'
import { quote } from '../../machinery/go-text.ts'
import { formatLabelSelector, labelSelectorFrom } from '../../machinery/labels.ts'
import { milliQuantity, parseQuantity } from '../../machinery/quantity.ts'
import { labelSelectorText } from '../label-selector-text.ts'
import { groupOf, type Scales } from '../scales.ts'
import type { MetricsClient } from './metrics-client.ts'
import { forAverage, forShare, forTotal, forUtilization, type Tolerances } from './replica-calculator.ts'

export interface MetricContext {
  readonly metrics: MetricsClient
  readonly scales: Scales
  readonly autoscaler: HorizontalPodAutoscaler
  readonly specReplicas: number
  readonly statusReplicas: number
  /** Of the target's pods. */
  readonly selector: string
  pods(): readonly Pod[]
  readonly tolerances: Tolerances
  readonly now: number
}

export interface MetricProposal {
  readonly replicas: number
  /** What is said to have asked for it. */
  readonly name: string
  readonly status: MetricStatus
}

/** Why a metric says nothing: a reason for events and conditions, their text, and the longer one of the whole. */
export class MetricFailure extends Error {
  readonly reason: string
  readonly detail: string

  constructor(reason: string, detail: string, message: string) {
    super(message)
    this.reason = reason
    this.detail = detail
  }
}

const milli = (text: unknown): number => parseQuantity(String(text)).milliValue()
const quantity = (value: number, resource = ''): string =>
  milliQuantity(value, resource === 'memory' ? 'BinarySI' : 'DecimalSI').toString()

export async function proposalOf(spec: MetricSpec, context: MetricContext): Promise<MetricProposal> {
  const attempt = async (reason: string, what: string, work: () => Promise<MetricProposal>) => {
    try {
      return await work()
    } catch (error) {
      // Conditions and events say what happened; what it was for is said of the whole.
      const detail = errorText((error as Error).cause ?? error)
      throw new MetricFailure(reason, detail, `failed to get ${what} value: ${errorText(error)}`)
    }
  }
  if (spec.type === 'Object' && spec.object)
    return attempt('FailedGetObjectMetric', 'object metric', () => objectProposal(spec.object!, context))
  if (spec.type === 'Pods' && spec.pods)
    return attempt('FailedGetPodsMetric', 'pods metric', () => podsProposal(spec.pods!, context))
  if (spec.type === 'Resource' && spec.resource) {
    const { resource } = spec
    return attempt('FailedGetResourceMetric', `${resource.name} resource metric`, async () => {
      const { current, ...rest } = await resourceProposal(resource, context)
      return { ...rest, status: { type: 'Resource', resource: { name: resource.name, current } } }
    })
  }
  if (spec.type === 'ContainerResource' && spec.containerResource) {
    const { name, container } = spec.containerResource
    return attempt('FailedGetContainerResourceMetric', `${container} container metric`, async () => {
      const { current, ...rest } = await resourceProposal(spec.containerResource!, context)
      return { ...rest, status: { type: 'ContainerResource', containerResource: { name, container, current } } }
    })
  }
  if (spec.type === 'External' && spec.external) {
    const what = `${spec.external.metric.name} external metric`
    return attempt('FailedGetExternalMetric', what, () => externalProposal(spec.external!, context))
  }
  const unknown = `unknown metric source type ${quote(spec.type)}`
  throw new MetricFailure('InvalidMetricSourceType', unknown, unknown)
}

async function resourceProposal(
  source: NonNullable<MetricSpec['resource']> & { readonly container?: string },
  { metrics, autoscaler, specReplicas, selector, pods, tolerances, now }: MetricContext,
) {
  const { name, target, container } = source
  const { averageValue, averageUtilization } = target
  const byValue = averageValue !== undefined && averageValue !== null
  if (!byValue && (averageUtilization === undefined || averageUtilization === null))
    throw new Error(
      'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set',
    )
  const failed = (error: unknown) =>
    new Error(`failed to get ${name} ${byValue ? 'usage' : 'utilization'}: ${errorText(error)}`)
  try {
    const found = await metrics
      .resource(name, autoscaler.metadata.namespace ?? '', selector, container)
      .catch((error: unknown) => {
        throw new Error(`unable to get metrics for resource ${name}: ${errorText(error)}`)
      })
    const question = { current: specReplicas, pods: pods(), metrics: found, resource: name, tolerances, now }
    if (byValue) {
      const { replicas, average } = forAverage({ ...question, target: milli(averageValue) })
      return { replicas, name: `${name} resource`, current: { averageValue: quantity(average, name) } }
    }
    const proposed = forUtilization({ ...question, target: averageUtilization!, container })
    return {
      replicas: proposed.replicas,
      name: `${name} ${container === undefined ? '' : 'container '}resource utilization (percentage of request)`,
      current: { averageUtilization: proposed.utilization, averageValue: quantity(proposed.average, name) },
    }
  } catch (error) {
    throw failed(error)
  }
}

async function podsProposal(
  { metric, target }: NonNullable<MetricSpec['pods']>,
  { metrics, autoscaler, specReplicas, selector, pods, tolerances, now }: MetricContext,
): Promise<MetricProposal> {
  const found = await metrics
    .pods(metric.name, autoscaler.metadata.namespace ?? '', selector, formatted(metric.selector))
    .catch((error: unknown) => {
      throw new Error(`unable to get metric ${metric.name}: ${errorText(error)}`)
    })
  const { replicas, average } = forAverage({
    current: specReplicas,
    pods: pods(),
    metrics: found,
    resource: '',
    tolerances,
    now,
    target: milli(target.averageValue),
  })
  const current = { averageValue: quantity(average) }
  return { replicas, name: `pods metric ${metric.name}`, status: { type: 'Pods', pods: { metric, current } } }
}

async function objectProposal(
  { metric, target, describedObject }: NonNullable<MetricSpec['object']>,
  { metrics, scales, autoscaler, specReplicas, statusReplicas, pods, tolerances }: MetricContext,
): Promise<MetricProposal> {
  const { namespace = '' } = autoscaler.metadata
  const { apiVersion = '', kind, name } = describedObject
  const status = (current: object): MetricStatus => ({ type: 'Object', object: { metric, describedObject, current } })
  const measure = async () => {
    try {
      const group = groupOf(apiVersion)
      const resource = await scales.resourceOfKind(group, kind).catch((error: unknown) => {
        const groupKind = group ? `${kind}.${group}` : kind
        throw new Error(
          `unable to fetch metrics from custom metrics API: unable to map kind ${groupKind} to resource: ${errorText(error)}`,
        )
      })
      return await metrics.object(metric.name, namespace, { resource, name }, formatted(metric.selector))
    } catch (error) {
      throw new Error(`unable to get metric ${metric.name}: ${kind} on ${namespace} ${name}/${errorText(error)}`)
    }
  }
  if (target.type === 'Value' && target.value !== undefined && target.value !== null) {
    const value = await measure()
    return {
      replicas: forTotal({ current: specReplicas, pods: pods(), tolerances }, value, milli(target.value)),
      name: `${kind} metric ${metric.name}`,
      status: status({ value: quantity(value) }),
    }
  }
  if (target.type === 'AverageValue' && target.averageValue !== undefined && target.averageValue !== null)
    try {
      const shared = forShare(statusReplicas, tolerances, await measure(), milli(target.averageValue))
      return {
        replicas: shared.replicas,
        name: `external metric ${metric.name}(${labelSelectorText(metric.selector)})`,
        status: status({ averageValue: quantity(shared.average) }),
      }
    } catch (error) {
      throw new Error(`failed to get ${metric.name} object metric: ${errorText(error)}`, { cause: error })
    }
  throw new Error('invalid object metric source: neither a value target nor an average value target was set')
}

async function externalProposal(
  { metric, target }: NonNullable<MetricSpec['external']>,
  { metrics, autoscaler, specReplicas, statusReplicas, pods, tolerances }: MetricContext,
): Promise<MetricProposal> {
  const { namespace = '' } = autoscaler.metadata
  const described = labelSelectorText(metric.selector)
  const name = `external metric ${metric.name}(${described})`
  const measure = async () => {
    try {
      const values = await metrics.external(metric.name, namespace, formatted(metric.selector))
      return values.reduce((sum, value) => sum + value, 0)
    } catch (error) {
      throw new Error(`unable to get external metric ${namespace}/${metric.name}/${described}: ${errorText(error)}`)
    }
  }
  const status = (current: object): MetricStatus => ({ type: 'External', external: { metric, current } })
  if (target.averageValue !== undefined && target.averageValue !== null)
    try {
      const { replicas, average } = forShare(statusReplicas, tolerances, await measure(), milli(target.averageValue))
      return { replicas, name, status: status({ averageValue: quantity(average) }) }
    } catch (error) {
      throw new Error(`failed to get ${metric.name} external metric: ${errorText(error)}`, { cause: error })
    }
  if (target.value !== undefined && target.value !== null)
    try {
      const value = await measure()
      const question = { current: specReplicas, pods: pods(), tolerances }
      return {
        replicas: forTotal(question, value, milli(target.value)),
        name,
        status: status({ value: quantity(value) }),
      }
    } catch (error) {
      throw new Error(`failed to get external metric ${metric.name}: ${errorText(error)}`, { cause: error })
    }
  throw new Error('invalid external metric source: neither a value target nor an average value target was set')
}

/** Throws for a selector that is none. */
function formatted(selector: Parameters<typeof labelSelectorFrom>[0]): string {
  if (!selector) return ''
  labelSelectorFrom(selector)
  return formatLabelSelector(selector)
}
