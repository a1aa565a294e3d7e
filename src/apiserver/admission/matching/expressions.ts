// Expressions about a request: what their variables are, and how they are evaluated within a budget.
//
// Brings CEL with it: import this file dynamically.

import type { Compiled } from '../../../api/admissionregistration/v1/policy-expressions.ts'
import type { KubeObject } from '../../../api/resource.ts'
import {
  authorizerValue,
  type CelAuthorizer,
  type CelBudget,
  CelCostExceeded,
  CelRuntimeError,
  type CelValue,
  fromJson,
  LazyObject,
  matchConditionsCostBudget,
  resourceCheckValue,
} from '../../../machinery/cel/cel.ts'
import { aggregateMessage } from '../../../machinery/field-error.ts'
import type { Authorizer } from '../../authorization/authorizer.ts'
import {
  allServiceAccountsGroup,
  serviceAccountGroupPrefix,
  serviceAccountUsername,
  type UserInfo,
} from '../../user.ts'
import type { AdmissionAttributes } from '../admission.ts'
import { admissionRequest } from './admission-request.ts'
import type { Matched } from './matching.ts'

/** What one set of expressions is evaluated on. */
export interface Subject {
  readonly attributes: AdmissionAttributes
  readonly matched: Matched
  readonly object: KubeObject | undefined
  readonly oldObject: KubeObject | undefined
  readonly params: KubeObject | undefined
  readonly namespace: KubeObject | undefined
  readonly authorizer: Authorizer
}

export interface ActivationOptions {
  readonly authorizer: boolean
  readonly namespace: boolean
}

/** The variables of expressions about this subject; `variables` are computed when they are asked for, and once. */
export function activation(
  subject: Subject,
  variables: ReadonlyMap<string, Compiled>,
  budget: CelBudget,
  options: ActivationOptions,
): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {
    object: fromJson(subject.object ?? null, 'dyn'),
    oldObject: fromJson(subject.oldObject ?? null, 'dyn'),
    params: fromJson(subject.params ?? null, 'dyn'),
    request: fromJson(admissionRequest(subject.attributes, subject.matched, '-'), 'dyn'),
    namespaceObject: fromJson(options.namespace ? namespaceOf(subject.namespace) : null, 'dyn'),
  }
  if (options.authorizer) {
    const authorizer = celAuthorizer(subject.authorizer, subject.attributes.user)
    const { resource, subresource, namespace, name } = subject.attributes
    values['authorizer'] = authorizerValue(authorizer)
    values['authorizer.requestResource'] = resourceCheckValue(authorizer, {
      group: resource.group,
      resource: resource.resource,
      subresource,
      namespace,
      name,
    })
  }
  const compute = new Map<string, () => CelValue>()
  for (const [name, { program, error }] of variables)
    compute.set(name, () => {
      if (!program) throw new CelRuntimeError(`composited variable ${JSON.stringify(name)} fails to compile: ${error}`)
      try {
        return program.evaluateValue(values, { budget })
      } catch (failure) {
        if (isBudgetSpent(failure)) throw failure
        const message = (failure as Error).message
        throw new CelRuntimeError(`composited variable ${JSON.stringify(name)} fails to evaluate: ${message}`)
      }
    })
  values['variables'] = new LazyObject('kubernetes.variables', compute)
  return values
}

export const isBudgetSpent = (error: unknown): boolean => error instanceof CelCostExceeded && error.limit === 'budget'

export type Outcome = { readonly value: CelValue; readonly error?: undefined } | { readonly error: string }

/** The value, or in upstream's words why there is none. Throws when the budget is spent. */
export function evaluate(
  { program, error }: Compiled,
  values: Readonly<Record<string, unknown>>,
  budget: CelBudget,
): Outcome {
  if (!program) return { error: `compilation error: ${error}` }
  try {
    return { value: program.evaluateValue(values, { budget }) }
  } catch (failure) {
    if (isBudgetSpent(failure)) throw failure
    if (!(failure instanceof CelRuntimeError || failure instanceof CelCostExceeded)) throw failure
    return { error: `expression '${program.expression}' resulted in error: ${failure.message}` }
  }
}

/** Undefined: the conditions do not hold. An error counts unless some condition is false for sure. */
export type ConditionsOutcome = { readonly matches: boolean; readonly error?: string }

/** matchConditions of a policy or a webhook. */
export function evaluateMatchConditions(
  conditions: readonly Compiled[],
  subject: Subject,
  variables: ReadonlyMap<string, Compiled>,
): ConditionsOutcome {
  const budget = { remaining: matchConditionsCostBudget }
  const values = activation(subject, variables, budget, { authorizer: true, namespace: false })
  const errors: string[] = []
  try {
    for (const condition of conditions) {
      const outcome = evaluate(condition, values, budget)
      if ('value' in outcome && outcome.value === false) return { matches: false }
      if (outcome.error !== undefined) errors.push(outcome.error)
    }
  } catch (error) {
    if (!isBudgetSpent(error)) throw error
    return { matches: false, error: (error as Error).message }
  }
  return errors.length > 0 ? { matches: false, error: aggregateMessage(errors) } : { matches: true }
}

const namespaceMetadata = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'finalizers',
]

function namespaceOf(namespace: KubeObject | undefined): unknown {
  if (!namespace) return null
  const metadata: Record<string, unknown> = {}
  for (const field of namespaceMetadata)
    if (namespace.metadata[field] !== undefined) metadata[field] = namespace.metadata[field]
  return { metadata, spec: namespace['spec'] ?? {}, status: namespace['status'] ?? {} }
}

function celAuthorizer(authorizer: Authorizer, requester: UserInfo): CelAuthorizer {
  return {
    check({ serviceAccount, verb, path, ...resource }) {
      const user = serviceAccount ? serviceAccountUser(serviceAccount) : requester
      const decision =
        path === undefined
          ? authorizer.authorize({
              user,
              verb,
              resourceRequest: true,
              version: '*',
              group: '',
              subresource: '',
              namespace: '',
              name: '',
              ...resource,
            })
          : authorizer.authorize({ user, verb, resourceRequest: false, path })
      return { allowed: decision.allowed, reason: decision.reason }
    },
  }
}

function serviceAccountUser({ namespace, name }: { namespace: string; name: string }): UserInfo {
  return {
    name: serviceAccountUsername(namespace, name),
    groups: [allServiceAccountsGroup, `${serviceAccountGroupPrefix}${namespace}`, 'system:authenticated'],
  }
}
