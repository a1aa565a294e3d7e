// What is counted of admission, under upstream's names (apiserver/pkg/admission/metrics, and those of the policies).
//
// Each plugin of each write is observed, so what it is observed on is found once (`plugin`, `phase`).

import type { Clock } from '../../machinery/env/env.ts'
import type { MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import type { AdmissionOperation } from './admission.ts'
import { PodSecurityMetrics } from './pod-security/metrics.ts'

/** Milliseconds, whether it refused, and how often that was so; once when absent. */
export type Observe = (milliseconds: number, rejected: boolean, times?: number) => void

export type AdmissionType = 'admit' | 'validate'

/** How a call of a webhook ended. */
export type WebhookOutcome = 'no_error' | 'calling_webhook_error' | 'apiserver_internal_error'

export type PolicyAction = 'allow' | 'deny' | 'audit' | 'warn'

const buckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5]
const conditionBuckets = [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25]
const checkBuckets = [5e-7, 0.001, 0.01, 0.1, 1]
const largestCode = 600
const summaryMaxAge = 5 * 3_600_000

export class AdmissionMetrics {
  readonly clock: Clock
  readonly #registry: MetricsRegistry
  readonly #controller
  readonly #step
  readonly #stepSummary
  readonly #webhook
  readonly #webhookRejections
  readonly #webhookFailOpen
  readonly #webhookRequests
  readonly #conditionErrors
  readonly #conditionExclusions
  readonly #conditionSeconds
  readonly #validations
  readonly #validationSeconds
  readonly #mutations
  readonly #mutationSeconds

  constructor(registry: MetricsRegistry, clock: Clock) {
    this.clock = clock
    this.#registry = registry
    this.#step = registry.histogram({
      name: 'apiserver_admission_step_admission_duration_seconds',
      stability: 'STABLE',
      help: 'Admission sub-step latency histogram in seconds, broken out for each operation and API resource and step type (validate or admit).',
      labels: ['type', 'operation', 'rejected'],
      buckets,
    })
    this.#stepSummary = registry.summary({
      name: 'apiserver_admission_step_admission_duration_seconds_summary',
      stability: 'ALPHA',
      help: 'Admission sub-step latency summary in seconds, broken out for each operation and API resource and step type (validate or admit).',
      labels: ['type', 'operation', 'rejected'],
      maxAge: summaryMaxAge,
      clock,
    })
    this.#controller = registry.histogram({
      name: 'apiserver_admission_controller_admission_duration_seconds',
      stability: 'STABLE',
      help: 'Admission controller latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).',
      labels: ['name', 'type', 'operation', 'rejected'],
      buckets,
    })
    this.#webhook = registry.histogram({
      name: 'apiserver_admission_webhook_admission_duration_seconds',
      stability: 'STABLE',
      help: 'Admission webhook latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).',
      labels: ['name', 'type', 'operation', 'rejected'],
      buckets: [...buckets, 10, 25],
    })
    this.#webhookRejections = registry.counter({
      name: 'apiserver_admission_webhook_rejection_count',
      stability: 'ALPHA',
      help: 'Admission webhook rejection count, identified by name and broken out for each admission type (validating or admit) and operation. Additional labels specify an error type (calling_webhook_error or apiserver_internal_error if an error occurred; no_error otherwise) and optionally a non-zero rejection code if the webhook rejects the request with an HTTP status code (honored by the apiserver when the code is greater or equal to 400). Codes greater than 600 are truncated to 600, to keep the metrics cardinality bounded.',
      labels: ['name', 'type', 'operation', 'error_type', 'rejection_code'],
    })
    this.#webhookFailOpen = registry.counter({
      name: 'apiserver_admission_webhook_fail_open_count',
      stability: 'ALPHA',
      help: 'Admission webhook fail open count, identified by name and broken out for each admission type (validating or admit).',
      labels: ['name', 'type'],
    })
    this.#webhookRequests = registry.counter({
      name: 'apiserver_admission_webhook_request_total',
      stability: 'ALPHA',
      help: 'Admission webhook request total, identified by name and broken out for each admission type (validating or admit) and operation. Additional labels specify whether the request was rejected or not and an HTTP status code. Codes greater than 600 are truncated to 600, to keep the metrics cardinality bounded.',
      labels: ['name', 'type', 'operation', 'code', 'rejected'],
    })
    const conditionLabels = ['name', 'kind', 'type', 'operation']
    this.#conditionErrors = registry.counter({
      name: 'apiserver_admission_match_condition_evaluation_errors_total',
      stability: 'ALPHA',
      help: 'Admission match condition evaluation errors count, identified by name of resource containing the match condition and broken out for each kind containing matchConditions (webhook or policy), operation and admission type (validate or admit).',
      labels: conditionLabels,
    })
    this.#conditionExclusions = registry.counter({
      name: 'apiserver_admission_match_condition_exclusions_total',
      stability: 'ALPHA',
      help: 'Admission match condition evaluation exclusions count, identified by name of resource containing the match condition and broken out for each kind containing matchConditions (webhook or policy), operation and admission type (validate or admit).',
      labels: conditionLabels,
    })
    this.#conditionSeconds = registry.histogram({
      name: 'apiserver_admission_match_condition_evaluation_seconds',
      stability: 'ALPHA',
      help: 'Admission match condition evaluation time in seconds, identified by name and broken out for each kind containing matchConditions (webhook or policy), operation and type (validate or admit).',
      labels: conditionLabels,
      buckets: conditionBuckets,
    })
    const validationLabels = ['policy', 'policy_binding', 'error_type', 'enforcement_action']
    this.#validations = registry.counter({
      name: 'apiserver_validating_admission_policy_check_total',
      stability: 'BETA',
      help: 'Validation admission policy check total, labeled by policy and further identified by binding and enforcement action taken.',
      labels: validationLabels,
    })
    this.#validationSeconds = registry.histogram({
      name: 'apiserver_validating_admission_policy_check_duration_seconds',
      stability: 'BETA',
      help: 'Validation admission latency for individual validation expressions in seconds, labeled by policy and further including binding and enforcement action taken.',
      labels: validationLabels,
      buckets: checkBuckets,
    })
    const mutationLabels = ['policy', 'policy_binding', 'error_type']
    this.#mutations = registry.counter({
      name: 'apiserver_mutating_admission_policy_check_total',
      stability: 'ALPHA',
      help: 'Mutation admission policy check total, labeled by policy and further identified by binding.',
      labels: mutationLabels,
    })
    this.#mutationSeconds = registry.histogram({
      name: 'apiserver_mutating_admission_policy_check_duration_seconds',
      stability: 'ALPHA',
      help: 'Mutation admission latency for individual mutation expressions in seconds, labeled by policy and binding.',
      labels: mutationLabels,
      buckets: checkBuckets,
    })
  }

  /** Calls back before the metrics are read. */
  onCollect(collector: () => void): void {
    this.#registry.onCollect(collector)
  }

  /** For the plugin of that name, if there is one. */
  podSecurity(): PodSecurityMetrics {
    return new PodSecurityMetrics(this.#registry)
  }

  /** One plugin in one phase. */
  plugin(name: string, type: AdmissionType, operation: AdmissionOperation): Observe {
    return observer(rejected => this.#controller.with(name, type, operation, String(rejected)))
  }

  /** All plugins of one phase together. */
  phase(type: AdmissionType, operation: AdmissionOperation): Observe {
    return observer(rejected => {
      const histogram = this.#step.with(type, operation, String(rejected))
      const summary = this.#stepSummary.with(type, operation, String(rejected))
      return {
        observe(seconds) {
          histogram.observe(seconds)
          summary.observe(seconds)
        },
      }
    })
  }

  /** One call of a webhook. `code` is 0 where the answer has none. */
  webhookCalled(
    name: string,
    type: 'admit' | 'validating',
    operation: AdmissionOperation,
    milliseconds: number,
    {
      rejected,
      outcome,
      code,
    }: { readonly rejected: boolean; readonly outcome: WebhookOutcome; readonly code: number },
  ): void {
    const shown = String(Math.min(code, largestCode))
    if (rejected) this.#webhookRejections.with(name, type, operation, outcome, shown).inc()
    this.#webhookRequests.with(name, type, operation, shown, String(rejected)).inc()
    this.#webhook.with(name, type, operation, String(rejected)).observe(milliseconds / 1000)
  }

  webhookFailedOpen(name: string, type: 'admit' | 'validating'): void {
    this.#webhookFailOpen.with(name, type).inc()
  }

  /** matchConditions of a webhook or a policy: `excluded` where one was false, `failed` where that cannot be told. */
  conditionsEvaluated(
    name: string,
    kind: 'webhook' | 'policy',
    type: AdmissionType,
    operation: AdmissionOperation,
    milliseconds: number,
    outcome: 'matched' | 'excluded' | 'failed',
  ): void {
    if (outcome === 'failed') this.#conditionErrors.with(name, kind, type, operation).inc()
    if (outcome === 'excluded') this.#conditionExclusions.with(name, kind, type, operation).inc()
    this.#conditionSeconds.with(name, kind, type, operation).observe(milliseconds / 1000)
  }

  /** One validation of a policy. `problem` is why it could not be evaluated. */
  validated(policy: string, binding: string, problem: string | undefined, action: PolicyAction, ms: number): void {
    const error = errorType(problem)
    this.#validations.with(policy, binding, error, action).inc()
    this.#validationSeconds.with(policy, binding, error, action).observe(ms / 1000)
  }

  mutated(policy: string, binding: string, problem: string | undefined, ms: number): void {
    const error = errorType(problem)
    this.#mutations.with(policy, binding, error).inc()
    this.#mutationSeconds.with(policy, binding, error).observe(ms / 1000)
  }
}

function errorType(problem: string | undefined): string {
  if (problem === undefined) return 'no_error'
  if (problem.startsWith('compilation')) return 'compile_error'
  return problem.startsWith('validation failed due to running out of cost budget') ? 'out_of_budget' : 'invalid_error'
}

type Observed = { observe(seconds: number, times?: number): void }

function observer(childOf: (rejected: boolean) => Observed): Observe {
  let passed: Observed | undefined
  let refused: Observed | undefined
  return (milliseconds, rejected, times) => {
    if (rejected) refused ??= childOf(true)
    else passed ??= childOf(false)
    const child = rejected ? refused! : passed!
    child.observe(milliseconds / 1000, times)
  }
}
