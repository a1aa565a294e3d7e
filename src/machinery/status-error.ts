// How a request fails: a metav1.Status with upstream's reason, code and message form (apimachinery api/errors), thrown
// as a `StatusError` and sent as the answer's body.

import { aggregateMessage, type FieldError, fieldErrorBody, fieldErrorMessage } from './field-error.ts'
import { quote } from './go-text.ts'

export interface StatusCause {
  /** FieldValueRequired, FieldManagerConflict, ResourceVersionTooLarge, … */
  readonly reason?: string
  readonly message?: string
  readonly field?: string
}

export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  /** A resource (pods) in most failures, a kind (Pod) in 422. */
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly StatusCause[]
  readonly retryAfterSeconds?: number
}

export interface Status {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: {
    readonly resourceVersion?: string
    readonly continue?: string
    readonly remainingItemCount?: number
  }
  readonly status: 'Success' | 'Failure'
  readonly message: string
  readonly reason: string
  readonly details?: StatusDetails
  readonly code: number
}

/** The name of a resource in messages; any resource declaration is one. */
export interface GroupResource {
  readonly group: string
  readonly resource: string
}

export interface GroupKind {
  readonly group: string
  readonly kind: string
}

export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly status: Status

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message, options)
    this.status = status
  }

  get code(): number {
    return this.status.code
  }

  get reason(): string {
    return this.status.reason
  }
}

/** An error out of a Status that came over the wire; missing parts are filled in. */
export function statusErrorFrom(status: Partial<Status>): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: status.metadata ?? {},
    status: 'Failure',
    message: status.message ?? '',
    reason: status.reason ?? '',
    ...(status.details && { details: status.details }),
    code: status.code ?? 0,
  })
}

/** A failure of a reason and code of one's own. */
export function failure(code: number, reason: string, message: string, details?: StatusDetails): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details && { details: trim(details) }),
    code,
  })
}

function trim(details: StatusDetails): StatusDetails {
  const { name, group, kind, uid, causes, retryAfterSeconds } = details
  return {
    ...(name && { name }),
    ...(group && { group }),
    ...(kind && { kind }),
    ...(uid && { uid }),
    ...(causes && causes.length > 0 && { causes }),
    ...(retryAfterSeconds && { retryAfterSeconds }),
  }
}

function print(of: GroupResource): string {
  return of.group === '' ? of.resource : of.resource === '' ? `.${of.group}` : `${of.resource}.${of.group}`
}

function detailsOf(of: GroupResource, name: string): StatusDetails {
  return { name, group: of.group, kind: of.resource }
}

export const notFound = (of: GroupResource, name: string): StatusError =>
  failure(404, 'NotFound', `${print(of)} ${quote(name)} not found`, detailsOf(of, name))

/** The path leads nowhere: no such resource, no such subresource. */
export const notFoundPath = (): StatusError =>
  failure(404, 'NotFound', 'the server could not find the requested resource', {})

export const alreadyExists = (of: GroupResource, name: string): StatusError =>
  failure(409, 'AlreadyExists', `${print(of)} ${quote(name)} already exists`, detailsOf(of, name))

export const generateNameConflict = (of: GroupResource, name: string, retryAfterSeconds: number): StatusError =>
  failure(
    409,
    'AlreadyExists',
    `${print(of)} ${quote(name)} already exists, the server was not able to generate a unique name for the object`,
    { ...detailsOf(of, name), retryAfterSeconds },
  )

export const conflict = (of: GroupResource, name: string, message: string): StatusError =>
  failure(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${print(of)} ${quote(name)}: ${message}`,
    detailsOf(of, name),
  )

/** What a PUT with an old resourceVersion gets. */
export const optimisticLockMessage =
  'the object has been modified; please apply your changes to the latest version and try again'

export const applyConflict = (causes: readonly StatusCause[], message: string): StatusError =>
  failure(409, 'Conflict', message, { causes })

/** 422 with one cause for each field error. */
export function invalid(of: GroupKind, name: string, errors: readonly FieldError[]): StatusError {
  const kind = of.group === '' ? of.kind : `${of.kind}.${of.group}`
  const subject = `${kind} ${quote(name)} is invalid`
  return failure(
    422,
    'Invalid',
    errors.length === 0 ? subject : `${subject}: ${aggregateMessage(errors.map(fieldErrorMessage))}`,
    {
      name,
      group: of.group,
      kind: of.kind,
      causes: errors.map(error => ({ reason: error.type, message: fieldErrorBody(error), field: error.field })),
    },
  )
}

export const badRequest = (message: string): StatusError => failure(400, 'BadRequest', message)

export function forbidden(of: GroupResource, name: string, message: string): StatusError {
  const subject =
    of.group === '' && of.resource === ''
      ? 'forbidden'
      : name === ''
        ? `${print(of)} is forbidden`
        : `${print(of)} ${quote(name)} is forbidden`
  return failure(403, 'Forbidden', `${subject}: ${message}`, detailsOf(of, name))
}

/** The server itself answers `Unauthorized`; a library caller without a message gets upstream's `not authorized`. */
export const unauthorized = (message = 'Unauthorized'): StatusError =>
  failure(401, 'Unauthorized', message || 'not authorized')

export const methodNotSupported = (of: GroupResource, verb: string): StatusError =>
  failure(
    405,
    'MethodNotAllowed',
    `${verb} is not supported on resources of kind ${quote(print(of))}`,
    detailsOf(of, ''),
  )

export const gone = (message: string): StatusError => failure(410, 'Gone', message)

export const expired = (message = 'The resourceVersion for the provided list is too old.'): StatusError =>
  failure(410, 'Expired', message)

/** A watch from before what the server still knows. */
export const tooOldResourceVersion = (requested: number | string, oldest: number | string): StatusError =>
  expired(`too old resource version: ${requested} (${oldest})`)

export const tooManyRequests = (message: string, retryAfterSeconds = 0): StatusError =>
  failure(429, 'TooManyRequests', message, { retryAfterSeconds })

export function internalError(error: Error | string): StatusError {
  const message = typeof error === 'string' ? error : error.message
  return failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] })
}

/** What went wrong has no reason of its own: upstream's answer to an error that is no Status. */
export const unknownError = (message: string): StatusError => failure(500, '', message)

export const requestEntityTooLarge = (message: string): StatusError =>
  failure(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`)

export const unsupportedMediaType = (accepted: readonly string[]): StatusError =>
  failure(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )

export const notAcceptable = (accepted: readonly string[]): StatusError =>
  failure(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`)

export const timeout = (message: string, retryAfterSeconds = 0): StatusError =>
  failure(504, 'Timeout', `Timeout: ${message}`, { retryAfterSeconds })

export const serverTimeout = (of: GroupResource, operation: string, retryAfterSeconds = 0): StatusError =>
  failure(
    500,
    'ServerTimeout',
    `The ${operation} operation against ${print(of)} could not be completed at this time, please try again.`,
    { ...detailsOf(of, operation), retryAfterSeconds },
  )

export const serviceUnavailable = (message: string): StatusError => failure(503, 'ServiceUnavailable', message)

/** The client asks for a revision that has not happened yet. */
export const tooLargeResourceVersion = (
  requested: number | string,
  current: number | string,
  retryAfterSeconds = 1,
): StatusError =>
  failure(504, 'Timeout', `Timeout: Too large resource version: ${requested}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    ...(retryAfterSeconds > 0 && { retryAfterSeconds }),
  })

const responseMessages: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  400: ['BadRequest', 'the server rejected our request for an unknown reason'],
  401: ['Unauthorized', 'the server has asked for the client to provide credentials'],
  404: ['NotFound', 'the server could not find the requested resource'],
  405: ['MethodNotAllowed', 'the server does not allow this method on the requested resource'],
  409: ['Conflict', 'the server reported a conflict'],
  422: ['Invalid', 'the server rejected our request due to an error in our request'],
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: [
    'Timeout',
    'the server was unable to return a response in the time allotted, but may still be processing the request',
  ],
}

export interface GenericResponse {
  readonly verb?: string
  readonly resource?: GroupResource
  readonly name?: string
  /** What the server said, which few codes show. */
  readonly serverMessage?: string
  readonly retryAfterSeconds?: number
  /** The answer was no Status: perhaps it came from something between client and server. */
  readonly unexpected?: boolean
}

/** The error that a bare status code stands for (upstream's NewGenericServerResponse). */
export function genericServerResponse(code: number, response: GenericResponse = {}): StatusError {
  const { verb = '', resource, name = '', serverMessage = '', retryAfterSeconds } = response
  let [reason, message] = responseMessages[code] ?? [
    '',
    `the server responded with the status code ${code} but did not return more information`,
  ]
  if (code === 409 && verb === 'POST') reason = 'AlreadyExists'
  else if (code === 403) [reason, message] = ['Forbidden', serverMessage]
  else if (code === 415) [reason, message] = ['UnsupportedMediaType', serverMessage]
  else if (code === 406) {
    reason = 'NotAcceptable'
    message =
      serverMessage === '' || serverMessage === 'unknown'
        ? 'the server was unable to respond with a content type that the client supports'
        : serverMessage
  } else if (code >= 500 && responseMessages[code] === undefined) {
    reason = 'InternalError'
    message = `an error on the server (${quote(serverMessage)}) has prevented the request from succeeding`
  }
  if (resource && (resource.group !== '' || resource.resource !== ''))
    message += ` (${[verb.toLowerCase(), print(resource), name].filter((part, index) => index < 2 || part !== '').join(' ')})`
  return failure(code, reason, message, {
    ...(resource && detailsOf(resource, name)),
    retryAfterSeconds,
    ...(response.unexpected && { causes: [{ reason: 'UnexpectedServerResponse', message: serverMessage }] }),
  })
}

/** A success with nothing else to say (a deletion that left no object behind). */
export function success(details?: StatusDetails): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    ...(details && { details: trim(details) }),
  } as Status
}

// ---- asking of which kind an error is ------------------------------------------------------------------------------

const knownReasons = new Set([
  'Unauthorized',
  'Forbidden',
  'NotFound',
  'AlreadyExists',
  'Conflict',
  'Gone',
  'Invalid',
  'ServerTimeout',
  'StoreReadError',
  'Timeout',
  'TooManyRequests',
  'BadRequest',
  'MethodNotAllowed',
  'NotAcceptable',
  'RequestEntityTooLarge',
  'UnsupportedMediaType',
  'InternalError',
  'Expired',
  'ServiceUnavailable',
])

/** By reason; a status whose reason is unknown counts by its code, where the code alone says it. */
function is(reason: string, code?: number): (error: unknown) => boolean {
  return error => {
    const found = asStatusError(error)
    if (!found) return false
    return found.reason === reason || (found.code === code && !knownReasons.has(found.reason))
  }
}

/** The StatusError that the error is, or wraps as its cause. */
export function asStatusError(error: unknown): StatusError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof StatusError) return at
  return undefined
}

export const isNotFound = is('NotFound', 404)
export const isAlreadyExists = is('AlreadyExists')
export const isConflict = is('Conflict', 409)
export const isInvalid = is('Invalid', 422)
export const isGone = is('Gone', 410)
export const isExpired = is('Expired')
export const isNotAcceptable = is('NotAcceptable', 406)
export const isUnsupportedMediaType = is('UnsupportedMediaType', 415)
export const isMethodNotSupported = is('MethodNotAllowed', 405)
export const isServiceUnavailable = is('ServiceUnavailable', 503)
export const isBadRequest = is('BadRequest', 400)
export const isUnauthorized = is('Unauthorized', 401)
export const isForbidden = is('Forbidden', 403)
export const isTimeout = is('Timeout', 504)
export const isServerTimeout = is('ServerTimeout')
export const isInternalError = is('InternalError', 500)
export const isTooManyRequests = (error: unknown): boolean => asStatusError(error)?.code === 429
export const isRequestEntityTooLarge = (error: unknown): boolean => asStatusError(error)?.code === 413

export function hasStatusCause(error: unknown, reason: string): boolean {
  return asStatusError(error)?.status.details?.causes?.some(cause => cause.reason === reason) ?? false
}

export const isTooLargeResourceVersion = (error: unknown): boolean => hasStatusCause(error, 'ResourceVersionTooLarge')

/** How many seconds the server asks to wait before trying again; undefined when it does not ask. */
export function suggestedDelaySeconds(error: unknown): number | undefined {
  const found = asStatusError(error)
  const seconds = found?.status.details?.retryAfterSeconds
  if (found?.reason === 'ServerTimeout') return seconds ?? 0
  return seconds && seconds > 0 ? seconds : undefined
}
