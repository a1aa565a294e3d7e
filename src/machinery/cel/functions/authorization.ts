// `authorizer.group('apps').resource('deployments').namespace('a').check('create').allowed()`: the API server's own
// authorization, asked from within an expression.

import { nameIsDNSLabel, nameIsDNSSubdomain } from '../../validation/names.ts'
import { CelRuntimeError } from '../errors.ts'
import { type Overload, overload } from '../overload.ts'
import { OpaqueValue } from '../values.ts'

/** What is asked. With a path, that; otherwise a resource. */
export interface CelAuthorizationCheck {
  readonly verb: string
  /** In place of the request's user: a service account. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string }
  readonly path?: string
  readonly group?: string
  readonly resource?: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
  readonly fieldSelector?: string
  readonly labelSelector?: string
}

export interface CelAuthorizer {
  /** Throws when it cannot be decided. */
  check(check: CelAuthorizationCheck): { readonly allowed: boolean; readonly reason: string }
}

class Step extends OpaqueValue {
  readonly typeName: string
  readonly authorizer: CelAuthorizer
  readonly asked: Omit<CelAuthorizationCheck, 'verb'>
  constructor(typeName: string, authorizer: CelAuthorizer, asked: Omit<CelAuthorizationCheck, 'verb'>) {
    super()
    this.typeName = typeName
    this.authorizer = authorizer
    this.asked = asked
  }
}

class DecisionValue extends OpaqueValue {
  readonly typeName = 'kubernetes.authorization.Decision'
  readonly allowed: boolean
  readonly reason: string
  readonly error: string | undefined
  constructor(allowed: boolean, reason: string, error?: string) {
    super()
    this.allowed = allowed
    this.reason = reason
    this.error = error
  }
}

const authorizerType = 'kubernetes.authorization.Authorizer'
const pathType = 'kubernetes.authorization.PathCheck'
const groupType = 'kubernetes.authorization.GroupCheck'
const resourceType = 'kubernetes.authorization.ResourceCheck'
const decisionType = 'kubernetes.authorization.Decision'

/** The value of the variable `authorizer`. */
export function authorizerValue(authorizer: CelAuthorizer): OpaqueValue {
  return new Step(authorizerType, authorizer, {})
}

/** The value of the variable `authorizer.requestResource`. */
export function resourceCheckValue(
  authorizer: CelAuthorizer,
  resource: Pick<CelAuthorizationCheck, 'group' | 'resource' | 'subresource' | 'namespace' | 'name'>,
): OpaqueValue {
  return new Step(resourceType, authorizer, resource)
}

const step =
  (typeName: string, of: (text: string) => Partial<CelAuthorizationCheck>) =>
  ({ authorizer, asked }: Step, text: string): Step =>
    new Step(typeName, authorizer, { ...asked, ...of(text) })

const notBlank = (what: string, text: string): string => {
  if (text.trim() === '') throw new CelRuntimeError(`${what} must not be empty`)
  return text
}

function check({ authorizer, asked }: Step, verb: string): DecisionValue {
  try {
    const { allowed, reason } = authorizer.check({ ...asked, verb })
    return new DecisionValue(allowed, reason)
  } catch (error) {
    return new DecisionValue(false, '', (error as Error).message)
  }
}

function serviceAccount({ authorizer }: Step, namespace: string, name: string): Step {
  if (nameIsDNSSubdomain(name, false).length > 0) throw new CelRuntimeError('Invalid service account name')
  if (nameIsDNSLabel(namespace, false).length > 0) throw new CelRuntimeError('Invalid service account namespace')
  return new Step(authorizerType, authorizer, { serviceAccount: { namespace, name } })
}

export const authorizationFunctions: readonly Overload[] = [
  overload(
    'authorizer_path',
    `(${authorizerType}).path(string): ${pathType}`,
    step(pathType, path => ({ path: notBlank('path', path) })),
  ),
  overload(
    'authorizer_group',
    `(${authorizerType}).group(string): ${groupType}`,
    step(groupType, group => ({ group })),
  ),
  overload(
    'authorizer_serviceaccount',
    `(${authorizerType}).serviceAccount(string, string): ${authorizerType}`,
    serviceAccount,
  ),
  overload(
    'groupcheck_resource',
    `(${groupType}).resource(string): ${resourceType}`,
    step(resourceType, resource => ({ resource: notBlank('resource', resource) })),
  ),
  ...(['subresource', 'namespace', 'name', 'fieldSelector', 'labelSelector'] as const).map(name =>
    overload(
      `resourcecheck_${name}`,
      `(${resourceType}).${name}(string): ${resourceType}`,
      step(resourceType, text => ({ [name]: text })),
    ),
  ),
  overload('pathcheck_check', `(${pathType}).check(string): ${decisionType}`, check),
  overload('resourcecheck_check', `(${resourceType}).check(string): ${decisionType}`, check),
  overload('decision_errored', `(${decisionType}).errored(): bool`, ({ error }: DecisionValue) => error !== undefined),
  overload('decision_error', `(${decisionType}).error(): string`, ({ error }: DecisionValue) => error ?? ''),
  overload('decision_allowed', `(${decisionType}).allowed(): bool`, ({ allowed }: DecisionValue) => allowed),
  overload('decision_reason', `(${decisionType}).reason(): string`, ({ reason }: DecisionValue) => reason),
]
