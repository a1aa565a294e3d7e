// What is counted of authorizers one by one, and of webhooks among them (upstream: apiserver/pkg/authorization/metrics,
// apiserver/plugin/pkg/authorizer/webhook/metrics).

import type { Clock } from '../../machinery/env/env.ts'
import { defaultBuckets, type MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import type { Authorizer, Decision } from './authorizer.ts'

export type WebhookResult = 'success' | 'error' | 'timeout' | 'canceled'

const conditionBuckets = [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25]

export class AuthorizationMetrics {
  readonly clock: Clock
  readonly #decisions
  readonly #evaluations
  readonly #durations
  readonly #failOpen
  readonly #conditionErrors
  readonly #conditionExclusions
  readonly #conditionSeconds

  constructor(registry: MetricsRegistry, clock: Clock) {
    this.clock = clock
    const stability = 'ALPHA'
    this.#decisions = registry.counter({
      name: 'apiserver_authorization_decisions_total',
      stability,
      help: 'Total number of terminal decisions made by an authorizer split by authorizer type, name, and decision.',
      labels: ['type', 'name', 'decision'],
    })
    this.#evaluations = registry.counter({
      name: 'apiserver_authorization_webhook_evaluations_total',
      stability,
      help: 'Round-trips to authorization webhooks.',
      labels: ['name', 'result'],
    })
    this.#durations = registry.histogram({
      name: 'apiserver_authorization_webhook_duration_seconds',
      stability,
      help: 'Request latency in seconds.',
      labels: ['name', 'result'],
      buckets: defaultBuckets,
    })
    this.#failOpen = registry.counter({
      name: 'apiserver_authorization_webhook_evaluations_fail_open_total',
      stability,
      help: 'NoOpinion results due to webhook timeout or error.',
      labels: ['name', 'result'],
    })
    const labels = ['type', 'name']
    this.#conditionErrors = registry.counter({
      name: 'apiserver_authorization_match_condition_evaluation_errors_total',
      stability,
      help: 'Total number of errors when an authorization webhook encounters a match condition error split by authorizer type and name.',
      labels,
    })
    this.#conditionExclusions = registry.counter({
      name: 'apiserver_authorization_match_condition_exclusions_total',
      stability,
      help: 'Total number of exclusions when an authorization webhook is skipped because match conditions exclude it.',
      labels,
    })
    this.#conditionSeconds = registry.histogram({
      name: 'apiserver_authorization_match_condition_evaluation_seconds',
      stability,
      help: 'Authorization match condition evaluation time in seconds, split by authorizer type and name.',
      labels,
      buckets: conditionBuckets,
    })
  }

  /** The authorizer, with what it decides for good counted. */
  counted(type: string, name: string, authorizer: Authorizer): Authorizer {
    const child = (decision: string) => {
      let known: { inc(): void } | undefined
      return () => {
        known ??= this.#decisions.with(type, name, decision)
        known.inc()
      }
    }
    const allowed = child('allowed')
    const denied = child('denied')
    return {
      authorize(attributes): Decision {
        const decision = authorizer.authorize(attributes)
        if (decision.allowed) allowed()
        else if (decision.denied) denied()
        return decision
      },
      ...(authorizer.rulesFor && { rulesFor: (user, namespace) => authorizer.rulesFor!(user, namespace) }),
    }
  }

  /** One round trip. */
  webhookAsked(name: string, result: WebhookResult, milliseconds: number): void {
    this.#evaluations.with(name, result).inc()
    this.#durations.with(name, result).observe(milliseconds / 1000)
  }

  /** What failed in the end counts as no opinion. */
  webhookFailedOpen(name: string, result: WebhookResult): void {
    this.#failOpen.with(name, result).inc()
  }

  conditionsEvaluated(name: string, milliseconds: number, outcome: 'matched' | 'excluded' | 'failed'): void {
    if (outcome === 'failed') this.#conditionErrors.with('Webhook', name).inc()
    if (outcome === 'excluded') this.#conditionExclusions.with('Webhook', name).inc()
    this.#conditionSeconds.with('Webhook', name).observe(milliseconds / 1000)
  }
}
