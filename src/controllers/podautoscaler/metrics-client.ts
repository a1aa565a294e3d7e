// What autoscalers ask: the resource, custom and external metrics APIs, whoever serves them. All values are thousandths.

import { apiVersionOf, groupResource, type ResourceDeclaration } from '../../api/resource.ts'
import type { Client } from '../../client/client.ts'
import { responseError } from '../../client/response-error.ts'
import { parseDuration } from '../../machinery/duration.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import { timeOf } from '../../machinery/time.ts'

export interface PodMetric {
  readonly value: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly windowMs: number
}

export type PodMetrics = Map<string, PodMetric>

/** Custom metrics that don't say over how long they were taken. */
const defaultWindowMs = 60_000

interface PodMetricsList {
  readonly items?: readonly {
    readonly metadata: { readonly name: string; readonly namespace: string }
    readonly timestamp: string
    readonly window?: string
    readonly containers?: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[]
  }[]
}

interface MetricValueList {
  readonly items?: readonly {
    readonly describedObject: { readonly name: string }
    readonly timestamp: string
    readonly windowSeconds?: number
    readonly value: string
  }[]
}

export class MetricsClient {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  /** What each pod, or its container of that name, uses of the resource. */
  async resource(resource: string, namespace: string, selector: string, container?: string): Promise<PodMetrics> {
    const { items = [] } = await this.#ask<PodMetricsList>(
      'resource',
      `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods`,
      { group: 'metrics.k8s.io', resource: 'pods' },
      { labelSelector: selector },
    )
    if (items.length === 0) throw noMetrics('resource')
    const found: PodMetrics = new Map()
    for (const { metadata, timestamp, window, containers = [] } of items) {
      const counted = container === undefined ? containers : containers.filter(({ name }) => name === container)
      // A container without a value leaves the pod without one: half a sum would be a wrong one.
      if (counted.length === 0 || counted.some(({ usage }) => usage[resource] === undefined)) continue
      const value = counted.reduce((sum, { usage }) => sum + parseQuantity(usage[resource]!).milliValue(), 0)
      found.set(metadata.name, {
        value,
        timestamp: timeOf(timestamp) ?? 0,
        windowMs: window ? Number(parseDuration(window)) / 1e6 : 0,
      })
    }
    return found
  }

  /** A custom metric of each pod. */
  async pods(metric: string, namespace: string, selector: string, metricSelector: string): Promise<PodMetrics> {
    const items = await this.#custom(`namespaces/${namespace}/pods/*/${metric}`, metric, {
      labelSelector: selector,
      metricLabelSelector: metricSelector,
    })
    if (items.length === 0) throw noMetrics('custom')
    return new Map(
      items.map(({ describedObject, value, timestamp, windowSeconds }) => [
        describedObject.name,
        {
          value: parseQuantity(value).milliValue(),
          timestamp: timeOf(timestamp) ?? 0,
          windowMs: windowSeconds === undefined ? defaultWindowMs : windowSeconds * 1000,
        },
      ]),
    )
  }

  /** A custom metric of one object. */
  async object(
    metric: string,
    namespace: string,
    object: { readonly resource: ResourceDeclaration; readonly name: string },
    metricSelector: string,
  ): Promise<number> {
    const { resource, name } = object
    const of = `${groupResource(resource)}/${name}/${metric}`
    const path =
      resource.kind === 'Namespace' && resource.group === ''
        ? `namespaces/${namespace}/metrics/${metric}`
        : `namespaces/${namespace}/${of}`
    const found = await this.#custom(path, metric, { metricLabelSelector: metricSelector })
    if (found.length !== 1)
      throw new Error(
        `unable to fetch metrics from custom metrics API: the custom metrics API server returned ${found.length} results when we asked for exactly one`,
      )
    return parseQuantity(found[0]!.value).milliValue()
  }

  async external(metric: string, namespace: string, selector: string): Promise<number[]> {
    const { items = [] } = await this.#ask<{ items?: readonly { readonly value: string }[] }>(
      'external',
      `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${metric}`,
      { group: 'external.metrics.k8s.io', resource: metric },
      { labelSelector: selector },
    )
    if (items.length === 0) throw noMetrics('external')
    return items.map(({ value }) => parseQuantity(value).milliValue())
  }

  async #custom(path: string, metric: string, query: Query): Promise<NonNullable<MetricValueList['items']>> {
    const { items = [] } = await this.#ask<MetricValueList>(
      'custom',
      `/apis/${apiVersionOf({ group: 'custom.metrics.k8s.io', version: await this.#customVersion() })}/${path}`,
      { group: 'custom.metrics.k8s.io', resource: metric },
      query,
    )
    return items
  }

  async #customVersion(): Promise<string> {
    const path = '/apis/custom.metrics.k8s.io'
    const response = await this.#client.transport.request({ method: 'GET', path })
    if (response.status !== 200)
      throw new Error(
        'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
      )
    const { preferredVersion } = response.body as { preferredVersion?: { version?: string } }
    return preferredVersion?.version ?? 'v1beta2'
  }

  async #ask<T>(
    api: string,
    path: string,
    of: { readonly group: string; readonly resource: string },
    query: Query,
  ): Promise<T> {
    const set = Object.fromEntries(Object.entries(query).filter(([, value]) => value))
    const response = await this.#client.transport.request({ method: 'GET', path, query: set })
    if (response.status !== 200)
      throw new Error(`unable to fetch metrics from ${api} metrics API: ${responseError('GET', of, response).message}`)
    return response.body as T
  }
}

const noMetrics = (api: string) => new Error(`no metrics returned from ${api} metrics API`)

type Query = Readonly<Record<string, string>>
