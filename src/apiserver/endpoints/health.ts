// /healthz, /livez, /readyz and a path below each for every check: `ok`, or what is wrong. `?verbose` lists all checks,
// `?exclude=name` leaves one out. What the checks said is counted at /metrics/slis.

import type { Env } from '../../machinery/env/env.ts'
import { quote } from '../../machinery/go-text.ts'
import { MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { metricsContentType, metricsText } from '../../machinery/metrics/text.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { RequestContext, Response } from '../request.ts'

export interface HealthCheck {
  readonly name: string
  /** undefined: all is well; else what is wrong, for the log. */
  check(): string | undefined
  /** The endpoints that ask it; all when absent. */
  readonly of?: readonly HealthEndpoint[]
}

/** As Go's http.Error and health handlers send text. */
const text = (status: number, body: string): Response => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  headers: { 'x-content-type-options': 'nosniff' },
  body: Buffer.from(body),
})

export type HealthEndpoint = 'healthz' | 'livez' | 'readyz'

/** Checks that come and go have no path each. */
export function registerHealth(
  dispatcher: Pick<Dispatcher, 'register'>,
  env: Env,
  checks: readonly HealthCheck[] | (() => readonly HealthCheck[]),
  endpoints: readonly HealthEndpoint[] = ['healthz', 'livez', 'readyz'],
): void {
  const slis = new HealthMetrics()
  for (const endpoint of endpoints) {
    const isOwn = (check: HealthCheck) => check.of?.includes(endpoint) ?? true
    const fixed = typeof checks === 'function' ? [] : checks.filter(isOwn)
    dispatcher.register(`/${endpoint}`, request => {
      request.handled = true
      const own = typeof checks === 'function' ? checks().filter(isOwn) : fixed
      return answer(env, endpoint, own, request, slis)
    })
    for (const { name, check } of fixed)
      dispatcher.register(`/${endpoint}/${name}`, () => {
        const problem = check()
        return problem === undefined
          ? { status: 200, contentType: 'text/plain; charset=utf-8', body: Buffer.from('ok') }
          : text(500, `internal server error: ${problem}\n`)
      })
  }
  dispatcher.register('/metrics/slis', () => ({
    status: 200,
    contentType: metricsContentType,
    body: Buffer.from(metricsText(slis.registry)),
  }))
}

function answer(
  env: Env,
  endpoint: string,
  checks: readonly HealthCheck[],
  { query }: RequestContext,
  slis: HealthMetrics,
): Response {
  const excluded = new Set(query.getAll('exclude'))
  const unknown = new Set(excluded)
  const lines: string[] = []
  const problems: string[] = []
  for (const { name, check } of checks) {
    if (excluded.has(name)) {
      unknown.delete(name)
      lines.push(`[+]${name} excluded: ok`)
      continue
    }
    const problem = check()
    slis.observe(name, endpoint, problem === undefined)
    if (problem !== undefined) problems.push(`${name}: ${problem}`)
    lines.push(problem === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`)
  }
  if (unknown.size > 0)
    lines.push(
      `warn: some health checks cannot be excluded: no matches for ${[...unknown].sort().map(quote).join(', ')}`,
    )
  if (problems.length > 0) {
    // The answer is for everybody, so it doesn't say why.
    env.log.info('a health check failed', { endpoint, problems })
    return text(500, `${lines.join('\n')}\n${endpoint} check failed\n`)
  }
  return query.has('verbose') ? text(200, `${lines.join('\n')}\n${endpoint} check passed\n`) : text(200, 'ok')
}

class HealthMetrics {
  readonly registry = new MetricsRegistry()
  readonly #healthy = this.registry.gauge({
    name: 'kubernetes_healthcheck',
    stability: 'STABLE',
    help: 'This metric records the result of a single healthcheck.',
    labels: ['name', 'type'],
  })
  readonly #results = this.registry.counter({
    name: 'kubernetes_healthchecks_total',
    stability: 'STABLE',
    help: 'This metric records the results of all healthcheck.',
    labels: ['name', 'type', 'status'],
  })

  observe(name: string, endpoint: string, healthy: boolean): void {
    this.#healthy.with(name, endpoint).set(healthy ? 1 : 0)
    this.#results.with(name, endpoint, healthy ? 'success' : 'error').inc()
  }
}
