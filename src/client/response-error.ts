// What a failed answer means: the Status in it, or, from something that is not an API server (a proxy, a load
// balancer), the one that client-go would make up for the code.

import type { GroupResource, Status, StatusError } from '../machinery/status-error.ts'
import { failure, statusErrorFrom } from '../machinery/status-error.ts'
import type { ApiRequest, ApiResponse } from './transport.ts'

/** What was asked for, to say so in the message. */
export interface RequestSubject extends GroupResource {
  readonly name?: string
}

export function isFailure(response: ApiResponse): boolean {
  return response.status < 200 || response.status > 206
}

export function responseError(
  method: ApiRequest['method'],
  subject: RequestSubject | undefined,
  response: ApiResponse,
): StatusError {
  const body = response.body as { kind?: string; status?: string } | undefined
  if (body?.kind === 'Status' && body.status !== 'Success') {
    return statusErrorFrom({ code: response.status, ...(body as Partial<Status>) })
  }
  const serverMessage = (response.text ?? '').trim().slice(0, 2048) || 'unknown'
  const [reason, message] = meaning(response.status, method, serverMessage)
  const what = subject && (subject.group === '' ? subject.resource : `${subject.resource}.${subject.group}`)
  const about = what ? ` (${method.toLowerCase()} ${what}${subject.name ? ` ${subject.name}` : ''})` : ''
  const retryAfter = Number(response.headers['retry-after'])
  return failure(response.status, reason, `${message}${about}`, {
    group: subject?.group,
    kind: subject?.resource,
    name: subject?.name,
    causes: [{ reason: 'UnexpectedServerResponse', message: serverMessage }],
    retryAfterSeconds: Number.isInteger(retryAfter) && retryAfter > 0 ? retryAfter : undefined,
  })
}

function meaning(code: number, method: string, serverMessage: string): [reason: string, message: string] {
  switch (code) {
    case 400:
      return ['BadRequest', 'the server rejected our request for an unknown reason']
    case 401:
      return ['Unauthorized', 'the server has asked for the client to provide credentials']
    case 403:
      return ['Forbidden', serverMessage]
    case 404:
      return ['NotFound', 'the server could not find the requested resource']
    case 405:
      return ['MethodNotAllowed', 'the server does not allow this method on the requested resource']
    case 406:
      return [
        'NotAcceptable',
        serverMessage === 'unknown'
          ? 'the server was unable to respond with a content type that the client supports'
          : serverMessage,
      ]
    case 409:
      return [method === 'POST' ? 'AlreadyExists' : 'Conflict', 'the server reported a conflict']
    case 415:
      return ['UnsupportedMediaType', serverMessage]
    case 422:
      return ['Invalid', 'the server rejected our request due to an error in our request']
    case 429:
      return ['TooManyRequests', 'the server has received too many requests and has asked us to try again later']
    case 503:
      return ['ServiceUnavailable', 'the server is currently unable to handle the request']
    case 504:
      return [
        'Timeout',
        'the server was unable to return a response in the time allotted, but may still be processing the request',
      ]
    default:
      return code >= 500
        ? [
            'InternalError',
            `an error on the server (${JSON.stringify(serverMessage)}) has prevented the request from succeeding`,
          ]
        : ['Unknown', `the server responded with the status code ${code} but did not return more information`]
  }
}
