// The access reviews: a user asks what it, or someone else, may do. Each takes the review as it was sent and answers its
// status; the review itself is never stored.

import { type FieldError, forbidden as fieldForbidden, invalid as fieldInvalid } from '../../machinery/field-error.ts'
import { root } from '../../machinery/field-path.ts'
import { invalid } from '../../machinery/status-error.ts'
import type { UserInfo } from '../user.ts'
import type { AuthorizationAttributes, Authorizer } from './authorizer.ts'

export interface AccessReviewSpec {
  readonly user?: string
  readonly groups?: readonly string[]
  readonly uid?: string
  readonly extra?: Readonly<Record<string, readonly string[]>>
  readonly resourceAttributes?: {
    readonly namespace?: string
    readonly verb?: string
    readonly group?: string
    readonly version?: string
    readonly resource?: string
    readonly subresource?: string
    readonly name?: string
    readonly fieldSelector?: {
      readonly rawSelector?: string
      readonly requirements?: readonly { key: string; operator: string; values?: readonly string[] }[]
    }
  }
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string }
}

export interface AccessReviewStatus {
  allowed: boolean
  denied?: boolean
  reason?: string
  evaluationError?: string
}

export type AccessReviewKind = 'SubjectAccessReview' | 'LocalSubjectAccessReview' | 'SelfSubjectAccessReview'

export interface AccessReview {
  readonly metadata?: Readonly<Record<string, any>>
  readonly spec?: AccessReviewSpec
}

/** The answer to any of the three access reviews; throws the 422 when the question is not a proper one. */
export function evaluateAccessReview(
  kind: AccessReviewKind,
  review: AccessReview,
  requester: UserInfo,
  authorizer: Authorizer,
): AccessReviewStatus {
  const spec = review.spec ?? {}
  const errors = validate(kind, review, spec)
  if (errors.length > 0) throw invalid({ group: 'authorization.k8s.io', kind }, '', errors)
  const user: UserInfo =
    kind === 'SelfSubjectAccessReview'
      ? requester
      : { name: spec.user ?? '', groups: spec.groups ?? [], uid: spec.uid, extra: spec.extra }
  const decision = authorizer.authorize(attributesOf(spec, user))
  return {
    allowed: decision.allowed,
    ...(decision.denied && { denied: true }),
    ...(decision.reason !== '' && { reason: decision.reason }),
    ...(decision.error !== undefined && { evaluationError: decision.error }),
  }
}

function attributesOf(spec: AccessReviewSpec, user: UserInfo): AuthorizationAttributes {
  const of = spec.resourceAttributes
  if (!of) {
    const { path = '', verb = '' } = spec.nonResourceAttributes ?? {}
    return { user, resourceRequest: false, path, verb }
  }
  const { verb = '', group, version = '*', resource, subresource, name, namespace, fieldSelector } = of
  const selector =
    fieldSelector?.rawSelector ??
    fieldSelector?.requirements
      ?.filter(each => each.operator === 'In' && each.values?.length === 1)
      .map(each => `${each.key}=${each.values![0]}`)
      .join(',')
  return {
    user,
    resourceRequest: true,
    verb,
    group,
    version,
    resource,
    subresource,
    name,
    namespace,
    fieldSelector: selector,
  }
}

function validate(kind: AccessReviewKind, review: AccessReview, spec: AccessReviewSpec): FieldError[] {
  const errors: FieldError[] = []
  const path = root('spec')
  const { resourceAttributes, nonResourceAttributes } = spec
  if (resourceAttributes && nonResourceAttributes)
    errors.push(
      fieldInvalid(
        path.child('nonResourceAttributes'),
        nonResourceAttributes,
        'cannot be specified in combination with resourceAttributes',
      ),
    )
  if (!resourceAttributes && !nonResourceAttributes)
    errors.push(
      fieldInvalid(
        path.child('resourceAttributes'),
        null,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    )
  if (kind !== 'SelfSubjectAccessReview' && !spec.user && !spec.groups?.length)
    errors.push(fieldInvalid(path.child('user'), spec.user ?? '', 'at least one of user or group must be specified'))
  if (kind === 'LocalSubjectAccessReview') {
    const namespace = review.metadata?.['namespace'] ?? ''
    if (resourceAttributes && (resourceAttributes.namespace ?? '') !== namespace)
      errors.push(
        fieldInvalid(
          path.child('resourceAttributes', 'namespace'),
          resourceAttributes.namespace ?? '',
          'must match metadata.namespace',
        ),
      )
    if (nonResourceAttributes)
      errors.push(fieldForbidden(path.child('nonResourceAttributes'), 'disallowed on this kind of request'))
  }
  return errors
}

export interface RulesReviewStatus {
  resourceRules: {
    verbs: readonly string[]
    apiGroups?: readonly string[]
    resources?: readonly string[]
    resourceNames?: readonly string[]
  }[]
  nonResourceRules: { verbs: readonly string[]; nonResourceURLs?: readonly string[] }[]
  incomplete: boolean
  evaluationError?: string
}

/** SelfSubjectRulesReview: every rule that applies to the user in the namespace. */
export function rulesFor(user: UserInfo, namespace: string, authorizer: Authorizer): RulesReviewStatus {
  const { rules, incomplete, errors } = authorizer.rulesFor?.(user, namespace) ?? {
    rules: [],
    incomplete: true,
    errors: [],
  }
  return {
    resourceRules: rules
      .filter(rule => rule.resources?.length)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...(resourceNames?.length && { resourceNames }),
      })),
    nonResourceRules: rules
      .filter(rule => rule.nonResourceURLs?.length)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete,
    ...(errors.length > 0 && { evaluationError: errors.join(', ') }),
  }
}
