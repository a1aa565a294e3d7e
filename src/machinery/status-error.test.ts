import { describe, expect, test } from 'vitest'
import { duplicate, invalid as invalidField, notSupported, required, tooLong, tooMany } from './field-error.ts'
import { root } from './field-path.ts'
import * as errors from './status-error.ts'

const deployments = { group: 'apps', resource: 'deployments' }
const pods = { group: '', resource: 'pods' }

describe('a Status says what upstream says', () => {
  test.each<[string, errors.StatusError, number, string, string]>([
    ['not found', errors.notFound(deployments, 'web'), 404, 'NotFound', 'deployments.apps "web" not found'],
    ['exists', errors.alreadyExists(pods, 'a'), 409, 'AlreadyExists', 'pods "a" already exists'],
    [
      'conflict',
      errors.conflict(pods, 'a', errors.optimisticLockMessage),
      409,
      'Conflict',
      'Operation cannot be fulfilled on pods "a": the object has been modified; please apply your changes to the latest version and try again',
    ],
    ['forbidden', errors.forbidden(pods, 'a', 'no'), 403, 'Forbidden', 'pods "a" is forbidden: no'],
    ['forbidden, no name', errors.forbidden(pods, '', 'no'), 403, 'Forbidden', 'pods is forbidden: no'],
    ['forbidden path', errors.forbidden({ group: '', resource: '' }, '', 'no'), 403, 'Forbidden', 'forbidden: no'],
    ['unauthorized', errors.unauthorized(), 401, 'Unauthorized', 'Unauthorized'],
    [
      'method',
      errors.methodNotSupported(deployments, 'create'),
      405,
      'MethodNotAllowed',
      'create is not supported on resources of kind "deployments.apps"',
    ],
    ['too old', errors.tooOldResourceVersion(5, 9), 410, 'Expired', 'too old resource version: 5 (9)'],
    ['expired', errors.expired(), 410, 'Expired', 'The resourceVersion for the provided list is too old.'],
    ['internal', errors.internalError('boom'), 500, 'InternalError', 'Internal error occurred: boom'],
    [
      'large',
      errors.requestEntityTooLarge('limit is 3145728'),
      413,
      'RequestEntityTooLarge',
      'Request entity too large: limit is 3145728',
    ],
    ['timeout', errors.timeout('x', 3), 504, 'Timeout', 'Timeout: x'],
    [
      'future revision',
      errors.tooLargeResourceVersion(9, 5),
      504,
      'Timeout',
      'Timeout: Too large resource version: 9, current: 5',
    ],
    [
      'server timeout',
      errors.serverTimeout(pods, 'list'),
      500,
      'ServerTimeout',
      'The list operation against pods could not be completed at this time, please try again.',
    ],
  ])('%s', (_name, error, code, reason, message) => {
    expect(error.status).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message })
    expect([error.code, error.reason, error.message]).toEqual([code, reason, message])
  })

  test('details name the object; empty parts are left out', () => {
    expect(errors.notFound(deployments, 'web').status.details).toEqual({
      name: 'web',
      group: 'apps',
      kind: 'deployments',
    })
    expect(errors.notFound(pods, 'a').status.details).toEqual({ name: 'a', kind: 'pods' })
  })
})

describe('invalid', () => {
  const name = root('spec').child('containers').index(0).child('name')

  test('one cause reads as a sentence', () => {
    const error = errors.invalid({ group: '', kind: 'Pod' }, 'x', [required(name)])
    expect(error.message).toBe('Pod "x" is invalid: spec.containers[0].name: Required value')
    expect(error.status.details).toEqual({
      name: 'x',
      kind: 'Pod',
      causes: [{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.containers[0].name' }],
    })
  })

  test('several stand in brackets, the same message once; every one is a cause', () => {
    const error = errors.invalid({ group: 'apps', kind: 'Deployment' }, 'x', [
      invalidField(root('spec', 'replicas'), -1, 'must be greater than or equal to 0'),
      notSupported(root('spec').child('type'), 'Foo', ['A', 'B']),
      duplicate(name, 'a'),
      duplicate(name, 'a'),
    ])
    expect(error.message).toBe(
      'Deployment.apps "x" is invalid: [spec.replicas: Invalid value: -1: must be greater than or equal to 0, ' +
        'spec.type: Unsupported value: "Foo": supported values: "A", "B", ' +
        'spec.containers[0].name: Duplicate value: "a"]',
    )
    expect(error.status.details?.causes).toHaveLength(4)
  })

  test('structures are printed as JSON, long values are not printed', () => {
    const message = errors.invalid({ group: '', kind: 'Pod' }, 'x', [
      invalidField(root('a'), { b: ['<'] }, 'bad'),
      tooLong(root('c').key('k'), 'zzz', 2),
      tooMany(root('d'), 4, 1),
    ]).message
    expect(message).toBe(
      'Pod "x" is invalid: [a: Invalid value: {"b":["\\u003c"]}: bad, c[k]: Too long: may not be more than 2 bytes, ' +
        'd: Too many: 4: must have at most 1 item]',
    )
  })
})

describe('asking of which kind an error is', () => {
  test('by reason', () => {
    expect(errors.isNotFound(errors.notFound(pods, 'a'))).toBe(true)
    expect(errors.isConflict(errors.alreadyExists(pods, 'a'))).toBe(false)
    expect(errors.isExpired(errors.tooOldResourceVersion(1, 2))).toBe(true)
    expect(errors.isGone(errors.tooOldResourceVersion(1, 2))).toBe(false)
    expect(errors.isTooLargeResourceVersion(errors.tooLargeResourceVersion(2, 1))).toBe(true)
    expect(errors.isNotFound(new Error('not found'))).toBe(false)
    expect(errors.isNotFound(undefined)).toBe(false)
  })

  test('by code when the reason is unknown', () => {
    expect(errors.isNotFound(errors.failure(404, 'Elsewhere', ''))).toBe(true)
  })

  test('through a wrapping error', () => {
    expect(errors.isForbidden(new Error('while syncing', { cause: errors.forbidden(pods, '', 'no') }))).toBe(true)
  })

  test('how long to wait', () => {
    expect(errors.suggestedDelaySeconds(errors.tooManyRequests('x', 7))).toBe(7)
    expect(errors.suggestedDelaySeconds(errors.tooManyRequests('x'))).toBeUndefined()
    expect(errors.suggestedDelaySeconds(errors.serverTimeout(pods, 'get'))).toBe(0)
  })
})

describe('the error of a bare status code', () => {
  test.each<[number, errors.GenericResponse, string, string]>([
    [
      404,
      { verb: 'GET', resource: pods, name: 'a' },
      'NotFound',
      'the server could not find the requested resource (get pods a)',
    ],
    [409, { verb: 'POST', resource: pods }, 'AlreadyExists', 'the server reported a conflict (post pods)'],
    [409, { verb: 'PUT' }, 'Conflict', 'the server reported a conflict'],
    [403, { serverMessage: 'no' }, 'Forbidden', 'no'],
    [
      406,
      { serverMessage: 'unknown' },
      'NotAcceptable',
      'the server was unable to respond with a content type that the client supports',
    ],
    [
      500,
      { serverMessage: 'boom' },
      'InternalError',
      'an error on the server ("boom") has prevented the request from succeeding',
    ],
    [418, {}, '', 'the server responded with the status code 418 but did not return more information'],
  ])('%d %j', (code, response, reason, message) => {
    expect(errors.genericServerResponse(code, response).status).toMatchObject({ code, reason, message })
  })

  test('says when the answer was no Status', () => {
    const error = errors.genericServerResponse(502, { serverMessage: '<html>', unexpected: true })
    expect(errors.hasStatusCause(error, 'UnexpectedServerResponse')).toBe(true)
  })
})
