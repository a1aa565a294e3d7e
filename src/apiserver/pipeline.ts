// The pipeline: what every request goes through, in this order, whichever door it came in by.
//
//     what it is about, and by when it must be answered → CORS → authentication → audit → impersonation →
//     flow control → authorization → the handler
//
// and, once there is an answer (or a failure, which is an answer too): flow control lets the next one in, it is counted,
// and audit completes its record.
//
// A stage is a function of the request. It fills in its part of the request and returns nothing, or it ends the matter
// by returning (or throwing) an answer. Stages that have what they need answer without a promise, so a GET is answered
// in the turn it came in.

import type { MetricsRegistry } from '../machinery/metrics/metrics.ts'
import { internalError, StatusError, unauthorized } from '../machinery/status-error.ts'
import type { Auditor } from './audit/audit.ts'
import { type Authenticator, InvalidCredentials } from './authentication/authenticator.ts'
import { type Impersonated, Impersonation, wantsImpersonation } from './authentication/impersonation.ts'
import { ImpersonationMetrics } from './authentication/impersonation-metrics.ts'
import { DecisionPending } from './authorization/authorizer.ts'
import { internalServerError, refusal } from './authorization/forbidden.ts'
import { corsHeaders } from './cors.ts'
import type { Deadlines } from './deadlines.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { FlowControl } from './flowcontrol/flow-control.ts'
import { isLongRunning } from './long-running.ts'
import { answerStatus } from './registry/answers.ts'
import type { Answer, RequestContext, Response } from './request.ts'
import { authorizationAttributes } from './request-attributes.ts'
import { requestInfo } from './request-info.ts'
import { RequestMetrics } from './request-metrics.ts'
import { SecurityMetrics } from './security-metrics.ts'
import type { ServerContext } from './server-context.ts'
import { systemPrivilegedGroup } from './user.ts'

export interface PipelineParts {
  readonly server: ServerContext
  readonly authenticator: Authenticator
  readonly dispatcher: Dispatcher
  readonly flowControl: FlowControl
  readonly deadlines: Deadlines
  readonly auditor: Auditor | undefined
  readonly metrics: MetricsRegistry
  /** Regular expressions of the origins that browsers may call from. */
  readonly corsAllowedOrigins: readonly RegExp[]
}

type Stage = (request: RequestContext) => Answer | undefined | Promise<Response | undefined>

export function pipeline(parts: PipelineParts): (request: RequestContext) => Answer {
  const { flowControl, auditor, dispatcher } = parts
  const securityMetrics = new SecurityMetrics(parts.metrics)
  const stages: readonly Stage[] = [
    describe(parts),
    ...(parts.corsAllowedOrigins.length > 0 ? [allowOrigins(parts)] : []),
    authenticate(parts, securityMetrics),
    ...(auditor ? [beginAudit(auditor)] : []),
    impersonate(parts),
    request => flowControl.admit(request),
    authorize(parts, securityMetrics),
    request => dispatcher.dispatch(request),
  ]
  const run = new Run(parts, stages)
  return request => run.from(0, request)
}

// ---- the stages ------------------------------------------------------------------------------------------------------

function describe({ server, deadlines, auditor }: PipelineParts): Stage {
  return request => {
    // Only those who see the answer's headers, or the record, have a use for it.
    if (!request.direct || auditor) {
      const given = request.headers['audit-id']
      request.auditID = (Array.isArray(given) ? given[0] : given) || server.env.random.uuid()
    }
    request.info = requestInfo(request.method, request.path, request.query)
    request.timeoutMilliseconds = deadlines.limit
    if (isLongRunning(request.info)) {
      request.longRunning = true
      return undefined
    }
    try {
      request.timeoutMilliseconds = deadlines.requested(request.query)
    } catch (error) {
      auditor?.failed(request)
      throw error
    }
    return undefined
  }
}

function allowOrigins({ corsAllowedOrigins }: PipelineParts): Stage {
  return request => {
    const headers = corsHeaders(request, corsAllowedOrigins)
    if (!headers) return undefined
    request.responseHeaders = headers
    // The browser asks whether it may ask.
    return (request.method as string) === 'OPTIONS' ? { status: 204 } : undefined
  }
}

function authenticate({ server, authenticator, auditor }: PipelineParts, metrics: SecurityMetrics): Stage {
  const { clock } = server.env
  return request => {
    if (request.trustedUser) {
      request.user = request.trustedUser
      return undefined
    }
    const started = clock.monotonic()
    const accept = (result: Awaited<ReturnType<Authenticator['authenticate']>>): undefined => {
      const refused = result === undefined || result instanceof InvalidCredentials
      metrics.authenticated(refused ? undefined : result, refused && result !== undefined, clock.monotonic() - started)
      if (!refused) {
        request.user = result
        return
      }
      auditor?.failed(request)
      throw unauthorized()
    }
    const found = authenticator.authenticate({
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      peerCertificate: request.peerCertificate,
      path: request.path,
      notes: request,
    })
    return found instanceof Promise ? found.then(accept) : accept(found)
  }
}

function beginAudit(auditor: Auditor): Stage {
  return request => {
    auditor.begin(request)
    const { audit, credentialAnnotations = {} } = request
    if (audit) for (const [key, value] of Object.entries(credentialAnnotations)) audit.annotate(key, value)
    return undefined
  }
}

function impersonate({ server, metrics }: PipelineParts): Stage {
  const impersonation = new Impersonation(server.authorizer, new ImpersonationMetrics(metrics, server.env.clock))
  return request => {
    if (!wantsImpersonation(request)) return undefined
    let impersonated: Impersonated | undefined
    try {
      impersonated = impersonation.impersonate(request, authorizationAttributes(request))
    } catch (error) {
      // It may quote what the client sent.
      request.responseHeaders = { ...request.responseHeaders, 'x-content-type-options': 'nosniff' }
      throw error
    }
    if (!impersonated) return undefined
    request.user = impersonated.user
    request.audit?.impersonated(impersonated.user, impersonated.constraint)
    return undefined
  }
}

function authorize({ server }: PipelineParts, metrics: SecurityMetrics): Stage {
  const { clock } = server.env
  return request => {
    if (request.user.groups.includes(systemPrivilegedGroup)) {
      if (!request.direct) metrics.authorized('allowed', 0)
      if (request.audit) annotate(request, 'allow', '')
      return undefined
    }
    const started = clock.monotonic()
    const attributes = authorizationAttributes(request)
    const decision = server.authorizer.authorize(attributes)
    const { allowed, denied, reason, error } = decision
    const failed = !allowed && error !== undefined
    const result = failed ? 'error' : allowed ? 'allowed' : denied ? 'denied' : 'no-opinion'
    metrics.authorized(result, clock.monotonic() - started)
    if (failed) {
      request.audit?.annotate('authorization.k8s.io/reason', 'internal error')
      return internalServerError(request, error)
    }
    if (request.audit) annotate(request, allowed ? 'allow' : 'forbid', reason)
    if (allowed) return undefined
    throw refusal(request, attributes, reason)
  }
}

function annotate({ audit }: RequestContext, decision: 'allow' | 'forbid', reason: string): void {
  audit!.annotate('authorization.k8s.io/decision', decision)
  audit!.annotate('authorization.k8s.io/reason', reason)
}

// ---- running them ----------------------------------------------------------------------------------------------------

class Run {
  readonly #parts: PipelineParts
  readonly #stages: readonly Stage[]
  readonly #metrics: RequestMetrics

  constructor(parts: PipelineParts, stages: readonly Stage[]) {
    this.#parts = parts
    this.#stages = stages
    this.#metrics = new RequestMetrics(parts.metrics)
  }

  /** Runs the stages, without leaving the turn until one of them needs to. */
  from(start: number, request: RequestContext): Answer {
    let answer: Response
    try {
      const found = this.#stagesFrom(start, request)
      if (found instanceof Promise) return found
      answer = found
    } catch (error) {
      answer = this.#refusal(request, error)
    }
    return this.#complete(request, answer)
  }

  #stagesFrom(start: number, request: RequestContext): Answer {
    for (let index = start; index < this.#stages.length; index++) {
      let answer: ReturnType<Stage>
      try {
        answer = this.#stages[index]!(request)
      } catch (error) {
        if (error instanceof DecisionPending) return this.#again(error, index, request)
        throw error
      }
      if (answer === undefined) continue
      if (!(answer instanceof Promise)) return answer
      return this.#goesOn(index, request, answer)
    }
    throw new Error('no stage of the pipeline answered')
  }

  /** A stage has promised its answer. */
  #goesOn(index: number, request: RequestContext, answer: Promise<Response | undefined>): Promise<Response> {
    const settled = (found: Response | undefined): Answer =>
      found === undefined ? this.from(index + 1, request) : this.#complete(request, found)
    const failed = (error: unknown): Answer => {
      if (error instanceof DecisionPending) return this.#again(error, index, request)
      // A handler that goes on after its time keeps its seat until it is done.
      const late = error instanceof StatusError && error.code === 504 ? answer : undefined
      return this.#complete(request, this.#refusal(request, error), late)
    }
    return request.longRunning
      ? answer.then(settled, failed)
      : this.#parts.deadlines.within(request, answer, settled, failed)
  }

  /** What a stage asked is being found out; then it can go on. */
  #again(pending: DecisionPending, index: number, request: RequestContext): Promise<Response> {
    request.held ??= []
    request.held.push(pending.hold())
    return pending.answered.then(() => this.from(index, request))
  }

  #refusal(request: RequestContext, error: unknown): Response {
    if (error instanceof StatusError) {
      const answer = answerStatus(request, error.status)
      const retry = error.status.details?.retryAfterSeconds
      if (!retry) return answer
      return {
        status: answer.status,
        contentType: answer.contentType,
        object: answer.object,
        body: answer.body,
        headers: { 'retry-after': String(retry) },
      }
    }
    this.#parts.server.env.log.error('a request failed for a reason nobody foresaw', {
      method: request.method,
      path: request.path,
      auditID: request.auditID,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
    if (request.audit) {
      request.audit.panicked(error)
      this.#parts.auditor?.emit(request, 'Panic')
      request.audit = undefined
    }
    return answerStatus(request, internalError(error instanceof Error ? error : String(error)).status)
  }

  /** There is an answer: what must happen then, whatever it is. */
  #complete(request: RequestContext, response: Response, late?: Promise<unknown>): Response {
    const { flowControl } = this.#parts
    if (request.held) for (const letGo of request.held.splice(0)) letGo()
    if (request.flow) {
      if (late) {
        const release = () => flowControl.finish(request)
        late.then(release, release)
      } else flowControl.finish(request)
    }
    if (late) this.#metrics.terminated(request, 504)
    else if (response.status === 429 && request.flow && !request.flow.request) this.#metrics.terminated(request, 429)
    if (response.stream || response.watch || response.hijacked || response.upgraded)
      return this.#begin(request, response)
    if (request.handled) this.#count(request, response)
    if (request.audit) this.#completeAudit(request, response)
    return response
  }

  #count(request: RequestContext, response: Response): void {
    const seconds = (this.#parts.server.env.clock.monotonic() - request.startedAt) / 1000
    this.#metrics.answered(request, response, seconds)
    if (request.deprecated) this.#metrics.deprecated(request)
  }

  #completeAudit(request: RequestContext, response: Response): void {
    const audit = request.audit!
    const auditor = this.#parts.auditor!
    audit.answered(response)
    if (request.longRunning || audit.refused) auditor.emit(request, 'ResponseStarted')
    if (!audit.refused) auditor.emit(request, 'ResponseComplete')
  }

  /** The answer begins now, and is over when its connection is, or the watch. */
  #begin(request: RequestContext, response: Response): Response {
    const { auditor } = this.#parts
    const left = request.handled && request.longRunning ? this.#metrics.longRunning(request) : undefined
    if (request.audit) {
      request.audit.answered(response)
      if (request.longRunning) auditor?.emit(request, 'ResponseStarted')
    }
    let over = false
    const end = () => {
      if (over) return
      over = true
      left?.()
      request.flow?.forgetWatch?.()
      if (request.handled) this.#count(request, response)
      if (request.audit) auditor?.emit(request, 'ResponseComplete')
    }
    const { stream, watch, abandoned } = response
    if (stream || watch)
      return {
        status: response.status,
        headers: response.headers,
        contentType: response.contentType,
        abandoned: () => {
          abandoned?.()
          end()
        },
        // One may be had in both forms: as bytes, and as events for callers in the same process.
        ...(stream && {
          stream: sink => {
            sink.onClose(end)
            stream(sink)
          },
        }),
        ...(watch && {
          watch: sink => {
            sink.onClose(end)
            watch(sink)
          },
        }),
      }
    const socket = response.upgraded ?? request.connection?.socket
    if (!socket || socket.destroyed) end()
    else socket.once('close', end)
    return response
  }
}
