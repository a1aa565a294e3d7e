// Audit: a record of who asked for what, and what came of it.
//
// Comes in: requests on their way through the pipeline, and a policy that says how much of each is recorded
// (`policy.ts`). Goes out: events (audit.k8s.io/v1, `event.ts`), one for each stage of a request, to the backends: a log
// of JSON lines (`log-backend.ts`) and a webhook (`webhook-backend.ts`). Without a policy none of this is there, and a
// request pays nothing for it.

import type { Env } from '../../machinery/env/env.ts'
import type { MetricsRegistry } from '../../machinery/metrics/metrics.ts'
import { internalError } from '../../machinery/status-error.ts'
import type { RequestContext } from '../request.ts'
import { authorizationAttributes } from '../request-attributes.ts'
import { AuditEvent } from './event.ts'
import { type Policy, PolicyEvaluator, type Stage } from './policy.ts'

/** Where events go. */
export interface AuditBackend {
  readonly name: string
  /** `event`: an Event as JSON, without apiVersion and kind. False: it is lost. */
  write(event: string): boolean
  close(): void | Promise<void>
}

export interface AuditOptions {
  readonly policy: Policy
  /** Made once the server's Env and metrics are there. */
  readonly backends: readonly ((env: Env, onError: (events: number, error: unknown) => void) => AuditBackend)[]
}

export class Auditor {
  readonly #env: Env
  readonly #evaluator: PolicyEvaluator
  readonly #backends: readonly AuditBackend[]
  readonly #events
  readonly #levels
  readonly #rejected

  constructor(env: Env, metrics: MetricsRegistry, options: AuditOptions) {
    this.#env = env
    this.#evaluator = new PolicyEvaluator(options.policy)
    const counter = (name: string, help: string, labels: readonly string[] = []) =>
      metrics.counter({ name: `apiserver_audit_${name}`, stability: 'ALPHA', help, labels })
    this.#events = counter('event_total', 'Counter of audit events generated and sent to the audit backend.').with()
    const errors = counter(
      'error_total',
      'Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the error.',
      ['plugin'],
    )
    this.#levels = counter('level_total', 'Counter of policy levels for audit events (1 per request).', ['level'])
    this.#rejected = counter(
      'requests_rejected_total',
      'Counter of apiserver requests rejected due to an error in audit logging backend.',
    ).with()
    this.#backends = options.backends.map(make => {
      const backend: AuditBackend = make(env, (events, error) => {
        errors.with(backend.name).inc(events)
        env.log.error('audit events are lost', { plugin: backend.name, events, error: String(error) })
      })
      return backend
    })
  }

  /** The request is known, as is its sender: what the policy wants of it begins to be recorded. */
  begin(request: RequestContext): void {
    if (!this.#evaluate(request)) return
    if (this.#emit(request, 'RequestReceived')) return
    this.#rejected.inc()
    request.audit = undefined
    throw internalError('failed to store audit event')
  }

  /** Nobody could say who sends it, or it made no sense from the start: one event tells that. */
  failed(request: RequestContext): void {
    if (request.audit === undefined && this.#evaluate(request)) request.audit!.refused = true
  }

  emit(request: RequestContext, stage: Stage): void {
    this.#emit(request, stage)
  }

  async close(): Promise<void> {
    for (const backend of this.#backends) await backend.close()
  }

  #evaluate(request: RequestContext): boolean {
    const configuration = this.#evaluator.evaluate(authorizationAttributes(request))
    this.#levels.with(configuration.level).inc()
    if (configuration.level === 'None') return false
    const { clock } = this.#env
    const received = clock.now() - (clock.monotonic() - request.startedAt)
    request.audit = new AuditEvent(request, configuration, received)
    return true
  }

  /** False when a backend couldn't take it. */
  #emit(request: RequestContext, stage: Stage): boolean {
    const { audit } = request
    if (!audit || audit.configuration.omitStages.has(stage)) return true
    const text = audit.text(stage, this.#env.clock.now())
    this.#events.inc()
    let stored = true
    for (const backend of this.#backends) if (!backend.write(text)) stored = false
    return stored
  }
}
