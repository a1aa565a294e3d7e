// What clients count of their requests, under client-go's names.

import type { Counter, Family, Histogram, MetricsRegistry } from '../machinery/metrics/metrics.ts'

const seconds = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]
const bytes = [64, 256, 512, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216]

export class RestClientMetrics {
  readonly #requests: Family<Counter>
  readonly #retries: Family<Counter>
  readonly #durations: Family<Histogram>
  readonly #throttled: Family<Histogram>
  readonly #requestSizes: Family<Histogram>
  readonly #responseSizes: Family<Histogram>

  constructor(registry: MetricsRegistry) {
    const histogram = (name: string, help: string, buckets: readonly number[]) =>
      registry.histogram({ name, help, stability: 'ALPHA', labels: ['verb', 'host'], buckets })
    this.#requests = registry.counter({
      name: 'rest_client_requests_total',
      stability: 'ALPHA',
      help: 'Number of HTTP requests, partitioned by status code, method, and host.',
      labels: ['code', 'method', 'host'],
    })
    this.#retries = registry.counter({
      name: 'rest_client_request_retries_total',
      stability: 'ALPHA',
      help: 'Number of request retries, partitioned by status code, verb, and host.',
      labels: ['code', 'verb', 'host'],
    })
    this.#durations = histogram(
      'rest_client_request_duration_seconds',
      'Request latency in seconds. Broken down by verb, and host.',
      seconds,
    )
    this.#throttled = histogram(
      'rest_client_rate_limiter_duration_seconds',
      'Client side rate limiter latency in seconds. Broken down by verb, and host.',
      seconds,
    )
    this.#requestSizes = histogram(
      'rest_client_request_size_bytes',
      'Request size in bytes. Broken down by verb and host.',
      bytes,
    )
    this.#responseSizes = histogram(
      'rest_client_response_size_bytes',
      'Response size in bytes. Broken down by verb and host.',
      bytes,
    )
  }

  /** `code` is the answer's, or `<error>` when there was none. */
  answered(verb: string, host: string, code: number | '<error>', milliseconds: number): void {
    this.#requests.with(String(code), verb, host).inc()
    this.#durations.with(verb, host).observe(milliseconds / 1000)
  }

  sent(verb: string, host: string, length: number): void {
    this.#requestSizes.with(verb, host).observe(length)
  }

  received(verb: string, host: string, length: number): void {
    this.#responseSizes.with(verb, host).observe(length)
  }

  retried(verb: string, host: string, code: number | '<error>'): void {
    this.#retries.with(String(code), verb, host).inc()
  }

  throttled(verb: string, host: string, milliseconds: number): void {
    this.#throttled.with(verb, host).observe(milliseconds / 1000)
  }
}
