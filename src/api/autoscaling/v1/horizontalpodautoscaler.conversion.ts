// autoscaling/v1 knows one metric, CPU utilization. Whatever else autoscaling/v2 (in which they are stored) says goes into
// annotations, in v1's form of it, so that a client of v1 that writes back what it has read loses nothing.

import { decodeObject } from '../../../machinery/codec/decode.ts'
import { readJson } from '../../../machinery/json/read.ts'
import { goJson } from '../../../machinery/json/write.ts'
import type { ObjectSchema } from '../../../machinery/schema/schema.ts'
import { registerConversion } from '../../conversion.ts'
import { apiVersionOf, type KubeObject } from '../../resource.ts'
import { annotation, withoutRoundTripAnnotations } from '../v2/horizontalpodautoscaler.annotations.ts'
import {
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerCondition,
  MetricSpec,
  MetricStatus,
} from '../v2/horizontalpodautoscaler.ts'

type Json = Record<string, any>

const v1 = apiVersionOf({ group: 'autoscaling', version: 'v1' })
const v2 = apiVersionOf({ group: 'autoscaling', version: 'v2' })
const defaultUtilization = 80

const isCpuUtilization = (metric: Json) =>
  metric['type'] === 'Resource' &&
  metric['resource']?.name === 'cpu' &&
  metric['resource'].target?.averageUtilization !== undefined

function toV1(object: KubeObject): KubeObject {
  const { spec, status = {} } = object
  const others = (spec.metrics ?? []).filter((metric: Json) => !isCpuUtilization(metric))
  const current: Json[] = status.currentMetrics ?? []
  const cpu = current.findLast(
    ({ type, resource }) =>
      type === 'Resource' && resource?.name === 'cpu' && resource.current?.averageUtilization !== undefined,
  )
  const annotations: Json = {
    ...withoutRoundTripAnnotations(object.metadata).annotations,
    ...(others.length > 0 && { [annotation.metrics]: goJson(others.map(specToV1)) }),
    ...(spec.behavior && { [annotation.behavior]: goJson(behaviorToV1(spec.behavior)) }),
    ...(current.length > 0 && { [annotation.currentMetrics]: goJson(current.map(statusToV1)) }),
    ...(status.conditions?.length > 0 && { [annotation.conditions]: goJson(status.conditions) }),
  }
  return {
    ...object,
    apiVersion: v1,
    metadata: withAnnotations(object.metadata, annotations),
    spec: compact({
      scaleTargetRef: spec.scaleTargetRef,
      minReplicas: spec.minReplicas,
      maxReplicas: spec.maxReplicas,
      targetCPUUtilizationPercentage: spec.metrics?.find(isCpuUtilization)?.resource.target.averageUtilization,
    }),
    status: compact({
      observedGeneration: status.observedGeneration,
      lastScaleTime: status.lastScaleTime,
      currentReplicas: status.currentReplicas ?? 0,
      desiredReplicas: status.desiredReplicas ?? 0,
      currentCPUUtilizationPercentage: cpu?.['resource'].current?.averageUtilization,
    }),
  }
}

function toV2(object: KubeObject): KubeObject {
  const { spec, status = {} } = object
  const annotations: Json = object.metadata['annotations'] ?? {}
  const kept = (name: keyof typeof annotation, schema: ObjectSchema, convert: Source) =>
    keptList(annotations[annotation[name]], schema, convert)
  const utilization = spec.targetCPUUtilizationPercentage
  const metrics: Json[] = kept('metrics', MetricSpec, specToV2) ?? []
  if (utilization !== undefined || metrics.length === 0) metrics.push(cpuMetric(utilization ?? defaultUtilization))
  const cpu = status.currentCPUUtilizationPercentage
  return {
    ...object,
    apiVersion: v2,
    metadata: withoutRoundTripAnnotations(object.metadata),
    spec: compact({
      scaleTargetRef: spec.scaleTargetRef,
      minReplicas: spec.minReplicas,
      maxReplicas: spec.maxReplicas,
      metrics,
      behavior: keptBehavior(annotations[annotation.behavior]),
    }),
    status: compact({
      observedGeneration: status.observedGeneration,
      lastScaleTime: status.lastScaleTime,
      // v2 says nothing of none.
      currentReplicas: status.currentReplicas || undefined,
      desiredReplicas: status.desiredReplicas ?? 0,
      currentMetrics:
        kept('currentMetrics', MetricStatus, statusToV2) ??
        (cpu === undefined
          ? null
          : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: cpu } } }]),
      conditions: kept('conditions', HorizontalPodAutoscalerCondition, condition => condition),
    }),
  }
}

const cpuMetric = (averageUtilization: number) => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
})

// ---- metrics: v1 is flat, v2 says which metric and what value --------------------------------------------------------

type Source = (of: Json) => Json

/** Converts the one source that a metric has. */
const bySource =
  (sources: Record<string, Source>) =>
  (metric: Json): Json => ({
    type: metric['type'],
    ...Object.fromEntries(
      Object.entries(sources).flatMap(([name, convert]) =>
        metric[name] ? [[name, compact(convert(metric[name]))]] : [],
      ),
    ),
  })

const resourceSpecToV1: Source = ({ name, target, container }) => ({
  name,
  targetAverageUtilization: target.averageUtilization,
  targetAverageValue: target.averageValue,
  container,
})
const specToV1 = bySource({
  object: ({ describedObject, metric, target }) => ({
    target: describedObject,
    metricName: metric.name,
    targetValue: target.value ?? '0',
    selector: metric.selector,
    averageValue: target.averageValue,
  }),
  pods: ({ metric, target }) => ({
    metricName: metric.name,
    targetAverageValue: target.averageValue ?? '0',
    selector: metric.selector,
  }),
  resource: resourceSpecToV1,
  containerResource: resourceSpecToV1,
  external: ({ metric, target }) => ({
    metricName: metric.name,
    metricSelector: metric.selector,
    targetValue: target.value,
    targetAverageValue: target.averageValue,
  }),
})

const identifier = (name: string, selector: unknown) => compact({ name, selector })
const target = (type: string, value: unknown, averageValue: unknown, averageUtilization?: unknown) =>
  compact({ type, value, averageValue, averageUtilization })

const resourceSpecToV2: Source = ({ name, targetAverageUtilization, targetAverageValue, container }) => ({
  name,
  target: target(
    targetAverageUtilization === undefined ? 'AverageValue' : 'Utilization',
    undefined,
    targetAverageValue,
    targetAverageUtilization,
  ),
  container,
})
const specToV2 = bySource({
  object: of => ({
    describedObject: of['target'],
    target:
      of['averageValue'] === undefined
        ? target('Value', of['targetValue'], undefined)
        : target('AverageValue', undefined, of['averageValue']),
    metric: identifier(of['metricName'], of['selector']),
  }),
  pods: of => ({
    metric: identifier(of['metricName'], of['selector']),
    target: target('AverageValue', undefined, of['targetAverageValue']),
  }),
  resource: resourceSpecToV2,
  containerResource: resourceSpecToV2,
  external: of => ({
    metric: identifier(of['metricName'], of['metricSelector']),
    target: target(
      of['targetValue'] === undefined ? 'AverageValue' : 'Value',
      of['targetValue'],
      of['targetAverageValue'],
    ),
  }),
})

const resourceStatusToV1: Source = ({ name, current, container }) => ({
  name,
  currentAverageUtilization: current.averageUtilization,
  currentAverageValue: current.averageValue ?? '0',
  container,
})
const statusToV1 = bySource({
  object: ({ describedObject, metric, current }) => ({
    target: describedObject,
    metricName: metric.name,
    currentValue: current.value ?? '0',
    selector: metric.selector,
    averageValue: current.averageValue,
  }),
  pods: ({ metric, current }) => ({
    metricName: metric.name,
    currentAverageValue: current.averageValue ?? '0',
    selector: metric.selector,
  }),
  resource: resourceStatusToV1,
  containerResource: resourceStatusToV1,
  external: ({ metric, current }) => ({
    metricName: metric.name,
    metricSelector: metric.selector,
    currentValue: current.value ?? '0',
    currentAverageValue: current.averageValue,
  }),
})

const resourceStatusToV2: Source = ({ name, currentAverageUtilization, currentAverageValue, container }) => ({
  name,
  current: compact({ averageValue: currentAverageValue, averageUtilization: currentAverageUtilization }),
  container,
})
const statusToV2 = bySource({
  object: of => ({
    metric: identifier(of['metricName'], of['selector']),
    current: compact({ value: of['currentValue'], averageValue: of['averageValue'] }),
    describedObject: of['target'],
  }),
  pods: of => ({
    metric: identifier(of['metricName'], of['selector']),
    current: compact({ averageValue: of['currentAverageValue'] }),
  }),
  resource: resourceStatusToV2,
  containerResource: resourceStatusToV2,
  external: of => ({
    metric: identifier(of['metricName'], of['metricSelector']),
    current: compact({ value: of['currentValue'], averageValue: of['currentAverageValue'] }),
  }),
})

// ---- annotations ---------------------------------------------------------------------------------------------------

function withAnnotations(metadata: KubeObject['metadata'], annotations: Json): KubeObject['metadata'] {
  const { annotations: _, ...rest } = metadata
  return Object.keys(annotations).length > 0 ? { ...metadata, annotations } : rest
}

/** The list that an annotation keeps; undefined when there is none, or none that can be read. */
function keptList(text: string | undefined, schema: ObjectSchema, convert: Source): Json[] | undefined {
  if (text === undefined) return undefined
  try {
    return readJson(text).map((item: Json) => decodeObject(schema, convert(item)).object)
  } catch {
    return undefined
  }
}

/** The behavior is kept in the form of upstream's internal type: capitalized names, and null for what is not said. */
function behaviorToV1({ scaleUp, scaleDown }: Json): Json {
  const rules = (of: Json | undefined) =>
    of
      ? {
          StabilizationWindowSeconds: of['stabilizationWindowSeconds'] ?? null,
          SelectPolicy: of['selectPolicy'] ?? null,
          Policies:
            of['policies']?.map(({ type, value, periodSeconds }: Json) => ({
              Type: type,
              Value: value,
              PeriodSeconds: periodSeconds,
            })) ?? null,
          Tolerance: of['tolerance'] ?? null,
        }
      : null
  return { ScaleUp: rules(scaleUp), ScaleDown: rules(scaleDown) }
}

function keptBehavior(text: string | undefined): Json | undefined {
  if (text === undefined) return undefined
  try {
    const behavior: Json = decodeObject(HorizontalPodAutoscalerBehavior, uncapitalized(readJson(text))).object
    return behavior['scaleUp'] || behavior['scaleDown'] ? behavior : undefined
  } catch {
    return undefined
  }
}

/** With names that begin with a small letter, and without nulls. */
function uncapitalized(value: any): any {
  if (Array.isArray(value)) return value.map(uncapitalized)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, of]) => of !== null)
  return Object.fromEntries(
    entries.map(([name, of]) => [name.charAt(0).toLowerCase() + name.slice(1), uncapitalized(of)]),
  )
}

/** Without what is undefined. */
function compact(object: Json): Json {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}

registerConversion('HorizontalPodAutoscaler', v2, v1, toV1)
registerConversion('HorizontalPodAutoscaler', v1, v2, toV2)
