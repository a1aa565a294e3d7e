// What the API server counts of requests (upstream: apiserver/pkg/endpoints/metrics). The labels of each kind of request
// are resolved once; counting a request is then a look-up and a few additions.

import type { Counter, Family, Gauge, Histogram, MetricsRegistry } from '../machinery/metrics/metrics.ts'
import { exponentialBuckets } from '../machinery/metrics/metrics.ts'
import type { RequestContext, Response } from './request.ts'
import { systemApiServer } from './user.ts'

const labels = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const
const withDryRun = ['verb', 'dry_run', ...labels.slice(1)] as const
const durationBuckets = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]

/** Subresources that upstream calls CONNECT, whatever the method. */
const connects = new Set(['log', 'exec', 'portforward', 'attach', 'proxy'])
const knownMethods = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])

/** The children of one kind of request. */
interface Observers {
  readonly values: readonly string[]
  readonly dryRun: string
  /** By status code. */
  readonly counts: Map<number, Counter>
  readonly duration: Histogram
  /** Not of dry runs. */
  readonly sliDuration: Histogram | undefined
  /** Only of reads. */
  readonly sizes: Histogram | undefined
}

export class RequestMetrics {
  readonly #requests: Family<Counter>
  readonly #durations: Family<Histogram>
  readonly #sliDurations: Family<Histogram>
  readonly #sizes: Family<Histogram>
  readonly #longRunning: Family<Gauge>
  readonly #terminations: Family<Counter>
  readonly #selfRequests: Family<Counter>
  readonly #deprecated: Family<Gauge>
  readonly #observers = new Map<string, Observers>()

  constructor(registry: MetricsRegistry) {
    this.#requests = registry.counter({
      name: 'apiserver_request_total',
      stability: 'STABLE',
      help: 'Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
      labels: [...withDryRun, 'code'],
    })
    this.#durations = registry.histogram({
      name: 'apiserver_request_duration_seconds',
      stability: 'STABLE',
      help: 'Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.',
      labels: withDryRun,
      buckets: [0.005, 0.025, ...durationBuckets],
    })
    this.#sliDurations = registry.histogram({
      name: 'apiserver_request_sli_duration_seconds',
      stability: 'ALPHA',
      help: 'Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.',
      labels,
      buckets: durationBuckets,
    })
    this.#sizes = registry.histogram({
      name: 'apiserver_response_sizes',
      stability: 'STABLE',
      help: 'Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.',
      labels,
      buckets: exponentialBuckets(1000, 10, 7),
    })
    this.#longRunning = registry.gauge({
      name: 'apiserver_longrunning_requests',
      stability: 'STABLE',
      help: 'Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.',
      labels,
    })
    this.#terminations = registry.counter({
      name: 'apiserver_request_terminations_total',
      stability: 'ALPHA',
      help: 'Number of requests which apiserver terminated in self-defense.',
      labels: [...labels, 'code'],
    })
    this.#selfRequests = registry.counter({
      name: 'apiserver_selfrequest_total',
      stability: 'ALPHA',
      help: 'Counter of apiserver self-requests broken out for each verb, API resource and subresource.',
      labels: ['verb', 'group', 'resource', 'subresource'],
    })
    this.#deprecated = registry.gauge({
      name: 'apiserver_requested_deprecated_apis',
      stability: 'STABLE',
      help: 'Gauge of deprecated APIs that have been requested, broken out by API group, version, resource, subresource, and removed_release.',
      labels: ['group', 'version', 'resource', 'subresource', 'removed_release'],
    })
  }

  /** A request has been answered, after so many seconds. */
  answered(request: RequestContext, response: Response, seconds: number): void {
    const observers = this.#of(request)
    const status = response.hijacked ? 101 : response.status
    let count = observers.counts.get(status)
    if (!count) {
      const [verb, ...rest] = observers.values
      count = this.#requests.with(verb!, observers.dryRun, ...rest, String(status))
      observers.counts.set(status, count)
    }
    count.inc()
    observers.duration.observe(seconds)
    if (observers.sliDuration) observers.sliDuration.observe(seconds - (request.flow?.waited ?? 0) / 1000)
    if (observers.sizes && !request.direct && !response.stream) observers.sizes.observe(sizeOf(response))
    if (request.user.name === systemApiServer) {
      const [verb, group, , resource, subresource] = observers.values
      this.#selfRequests.with(verb!, group!, resource!, subresource!).inc()
    }
  }

  deprecated({ info }: RequestContext): void {
    this.#deprecated.with(info.group, info.version, info.resource, info.subresource, '').set(1)
  }

  /** A long-running request begins; what it returns is called at its end. */
  longRunning(request: RequestContext): () => void {
    const gauge = this.#longRunning.with(...this.#of(request).values)
    gauge.add(1)
    return () => gauge.add(-1)
  }

  /** The server gave up a request to protect itself: too many (429), or too late (504). */
  terminated(request: RequestContext, code: number): void {
    const { info } = request
    const subresource = info.isResourceRequest ? info.subresource : info.path
    const scope = scopeOf(request)
    this.#terminations
      .with(
        ...[verbOf(request, scope), info.group, info.version, info.resource, subresource, scope, 'apiserver'],
        String(code),
      )
      .inc()
  }

  #of(request: RequestContext): Observers {
    const { info } = request
    const scope = scopeOf(request)
    const verb = verbOf(request, scope)
    const dryRun = dryRunOf(request.query)
    const subresource = info.isResourceRequest ? info.subresource : info.path
    const key = `${verb} ${dryRun} ${info.group} ${info.version} ${info.resource} ${subresource} ${scope}`
    let observers = this.#observers.get(key)
    if (!observers) {
      const component = info.isResourceRequest ? 'apiserver' : ''
      const rest = [info.group, info.version, info.resource, subresource, scope, component]
      observers = {
        values: [verb, ...rest],
        dryRun,
        counts: new Map(),
        duration: this.#durations.with(verb, dryRun, ...rest),
        sliDuration: dryRun === '' ? this.#sliDurations.with(verb, ...rest) : undefined,
        sizes: verb === 'GET' || verb === 'LIST' ? this.#sizes.with(verb, ...rest) : undefined,
      }
      this.#observers.set(key, observers)
    }
    return observers
  }
}

function scopeOf({ info }: RequestContext): string {
  if (info.name !== '' || info.verb === 'create') return 'resource'
  if (info.namespace !== '') return 'namespace'
  return info.isResourceRequest ? 'cluster' : ''
}

function verbOf({ method, info, headers }: RequestContext, scope: string): string {
  if (info.subresource !== '' && connects.has(info.subresource)) return 'CONNECT'
  if (info.verb === 'watch') return 'WATCH'
  if (method === 'GET' || method === 'HEAD') return scope !== 'resource' && scope !== '' ? 'LIST' : 'GET'
  if (method === 'PATCH' && headers['content-type'] === 'application/apply-patch+yaml') return 'APPLY'
  return knownMethods.has(method) ? method : 'other'
}

function dryRunOf(query: URLSearchParams): string {
  if (query.size === 0 || !query.has('dryRun')) return ''
  return query.getAll('dryRun').every(value => value === 'All') ? 'All' : 'invalid'
}

function sizeOf({ body }: Response): number {
  if (body === undefined) return 0
  if (body instanceof Uint8Array) return body.length
  let size = 0
  for (const piece of body) size += piece.length
  return size
}
