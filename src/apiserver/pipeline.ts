// The pipeline: what every request goes through, in this order, whichever door it came in by.
//
//     panic recovery → request info → authentication → impersonation → authorization → the handler
//
// A stage is a function of the request. It fills in its part of the request and returns nothing, or it ends the matter
// by returning (or throwing) an answer. Stages that have what they need answer without a promise, so a GET is answered
// in the turn it came in.

import { parseFieldSelector } from '../machinery/fields.ts'
import { internalError, StatusError, unauthorized } from '../machinery/status-error.ts'
import type { Authenticator } from './authentication/authenticator.ts'
import { InvalidCredentials } from './authentication/authenticator.ts'
import { impersonatedUser } from './authentication/impersonation.ts'
import { forbiddenError } from './authorization/forbidden.ts'
import type { Dispatcher } from './dispatcher.ts'
import { answerStatus } from './registry/answers.ts'
import type { Answer, RequestContext, Response } from './request.ts'
import { requestInfo } from './request-info.ts'
import type { ServerContext } from './server-context.ts'
import { systemPrivilegedGroup } from './user.ts'

export type Stage = (request: RequestContext) => Answer | undefined | Promise<Response | undefined>

export function pipeline(
  server: ServerContext,
  authenticator: Authenticator,
  dispatcher: Dispatcher,
): (request: RequestContext) => Answer {
  const stages: readonly Stage[] = [
    describe,
    authenticate(authenticator),
    impersonate(server),
    authorize(server),
    request => dispatcher.dispatch(request),
  ]
  return request => run(server, stages, 0, request)
}

/** Runs the stages, without leaving the turn until one of them needs to. */
function run(server: ServerContext, stages: readonly Stage[], from: number, request: RequestContext): Answer {
  try {
    for (let index = from; index < stages.length; index++) {
      const answer = stages[index]!(request)
      if (answer === undefined) continue
      if (!(answer instanceof Promise)) return withWarnings(request, answer)
      return answer.then(
        settled => (settled === undefined ? run(server, stages, index + 1, request) : withWarnings(request, settled)),
        error => refusal(server, request, error),
      )
    }
    throw new Error('no stage of the pipeline answered')
  } catch (error) {
    return refusal(server, request, error)
  }
}

function refusal(server: ServerContext, request: RequestContext, error: unknown): Response {
  if (error instanceof StatusError) {
    const answer = answerStatus(error.status)
    const retry = error.status.details?.retryAfterSeconds
    return withWarnings(
      request,
      retry ? { ...answer, body: answer.body, headers: { 'retry-after': String(retry) } } : answer,
    )
  }
  server.env.log.error('a request failed for a reason nobody foresaw', {
    method: request.method,
    path: request.path,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  })
  return answerStatus(internalError(error instanceof Error ? error : String(error)).status)
}

/** `Warning: 299 - "text"` headers, as RFC 7234 has them. */
function withWarnings(request: RequestContext, answer: Response): Response {
  if (request.warnings.length === 0 || request.direct) return answer
  const warning = request.warnings.map(text => `299 - ${JSON.stringify(text)}`).join(', ')
  return { ...answer, body: answer.body, headers: { ...answer.headers, warning } }
}

const describe: Stage = request => {
  request.info = requestInfo(request.method, request.path, request.query)
  return undefined
}

function authenticate(authenticator: Authenticator): Stage {
  return request => {
    if (request.trustedUser) {
      request.user = request.trustedUser
      return undefined
    }
    const found = authenticator.authenticate({ headers: request.headers, peerCertificate: request.peerCertificate })
    const accept = (result: Awaited<typeof found>): undefined => {
      if (result === undefined || result instanceof InvalidCredentials) throw unauthorized()
      request.user = result
    }
    return found instanceof Promise ? found.then(accept) : accept(found)
  }
}

function impersonate(server: ServerContext): Stage {
  return request => {
    if (request.headers['impersonate-user'] === undefined && request.headers['impersonate-uid'] === undefined)
      return undefined
    request.user = impersonatedUser(request.headers, request.user, server.authorizer)
    return undefined
  }
}

function authorize(server: ServerContext): Stage {
  return request => {
    const { user, info } = request
    if (user.groups.includes(systemPrivilegedGroup)) return undefined
    const name = info.name || nameSelected(info)
    const attributes = { ...info, name, user, resourceRequest: info.isResourceRequest }
    const decision = server.authorizer.authorize(attributes)
    if (decision.allowed) return undefined
    throw forbiddenError(attributes, decision.reason)
  }
}

/** A list or watch that selects one name is about that object (upstream's RequestInfo): rules for that name allow it. */
function nameSelected({ fieldSelector }: RequestContext['info']): string {
  if (!fieldSelector?.includes('metadata.name')) return ''
  try {
    return parseFieldSelector(fieldSelector).requiredValue('metadata.name') ?? ''
  } catch {
    return ''
  }
}
