// The access reviews: a user asks what it, or someone else, may do. Each takes the review as it was sent and answers its
// status; the review itself is never stored.

import { type FieldError, invalid as fieldInvalid, required } from '../../machinery/field-error.ts'
import { type FieldPath, root } from '../../machinery/field-path.ts'
import { fieldSelectorOf as fieldTerms, parseFieldSelector } from '../../machinery/fields.ts'
import { checkedRequirement, requirementText } from '../../machinery/label-requirement.ts'
import { parseRequirements } from '../../machinery/label-selector-parser.ts'
import { badRequest, invalid } from '../../machinery/status-error.ts'
import { validateLabelRequirement, validateSelectorOperator } from '../../machinery/validation/labels.ts'
import type { UserInfo } from '../user.ts'
import type { AuthorizationAttributes, Authorizer } from './authorizer.ts'

interface SelectorAttributes {
  readonly rawSelector?: string
  readonly requirements?: readonly { key: string; operator: string; values?: readonly string[] }[]
}

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
    readonly fieldSelector?: SelectorAttributes
    readonly labelSelector?: SelectorAttributes
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
  // Upstream has forgotten the kind by then.
  if (errors.length > 0) throw invalid({ group: 'authorization.k8s.io', kind: '' }, '', errors)
  const user: UserInfo =
    kind === 'SelfSubjectAccessReview'
      ? requester
      : { name: spec.user ?? '', groups: spec.groups ?? [], uid: spec.uid, extra: spec.extra }
  const decision = authorizer.authorize(attributesOf(spec, user))
  const problem = evaluationError(spec, decision.error)
  return {
    allowed: decision.allowed,
    ...(decision.denied && { denied: true }),
    ...(decision.reason !== '' && { reason: decision.reason }),
    ...(problem !== '' && { evaluationError: problem }),
  }
}

function attributesOf(spec: AccessReviewSpec, user: UserInfo): AuthorizationAttributes {
  const of = spec.resourceAttributes
  if (!of) {
    const { path = '', verb = '' } = spec.nonResourceAttributes ?? {}
    return { user, resourceRequest: false, path, verb }
  }
  const { verb = '', group, version = '*', resource, subresource, name, namespace } = of
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
    fieldSelector: fieldSelectorOf(of.fieldSelector).text,
    labelSelector: labelSelectorOf(of.labelSelector).text,
  }
}

/** A selector's text, as far as it can be understood: what is left out only makes the question broader. */
interface Understood {
  readonly text?: string
  readonly problem?: 'ignored' | 'partially ignored'
}

function understood(selector: SelectorAttributes, parts: readonly (string | undefined)[]): Understood {
  const known = parts.filter(part => part !== undefined)
  const text = known.length > 0 ? known.join(',') : undefined
  if (known.length === (selector.requirements?.length ?? 0)) return { text }
  return { text, problem: known.length > 0 ? 'partially ignored' : 'ignored' }
}

function parsed(raw: string, parse: (text: string) => unknown): Understood {
  try {
    parse(raw)
    return { text: raw }
  } catch {
    return { problem: 'ignored' }
  }
}

function fieldSelectorOf(selector: SelectorAttributes | undefined): Understood {
  if (!selector) return {}
  if (!selector.requirements?.length)
    return selector.rawSelector ? parsed(selector.rawSelector, parseFieldSelector) : {}
  return understood(
    selector,
    selector.requirements.map(({ key, operator, values = [] }) => {
      if (values.length !== 1 || (operator !== 'In' && operator !== 'NotIn')) return undefined
      return fieldTerms([{ field: key, operator: operator === 'In' ? '=' : '!=', value: values[0]! }]).toString()
    }),
  )
}

const labelOperators = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' } as const

function labelSelectorOf(selector: SelectorAttributes | undefined): Understood {
  if (!selector) return {}
  if (!selector.requirements?.length) return selector.rawSelector ? parsed(selector.rawSelector, parseRequirements) : {}
  return understood(
    selector,
    selector.requirements.map(({ key, operator, values = [] }) => {
      const known = labelOperators[operator as keyof typeof labelOperators]
      try {
        return known && requirementText(checkedRequirement(key, known, values))
      } catch {
        return undefined
      }
    }),
  )
}

function evaluationError(spec: AccessReviewSpec, error: string | undefined): string {
  const { fieldSelector, labelSelector } = spec.resourceAttributes ?? {}
  const problems = error === undefined ? [] : [error]
  const path = 'spec.resourceAttributes'
  const { problem: fields } = fieldSelectorOf(fieldSelector)
  if (fields) problems.push(`${path}.fieldSelector ${fields} due to parse error`)
  const { problem: labels } = labelSelectorOf(labelSelector)
  if (labels) problems.push(`${path}.labelSelector ${labels} due to parse error`)
  return problems.join('; ')
}

type Requirement = NonNullable<SelectorAttributes['requirements']>[number]

/** Clients may know operators that we don't. */
const rules = { allowUnknownOperator: true }

const fieldRequirement = (requirement: Requirement, path: FieldPath): FieldError[] => [
  ...(requirement.key === '' ? [required(path.child('key'), 'must be specified')] : []),
  ...validateSelectorOperator(requirement, path, rules),
]
const labelRequirement = (requirement: Requirement, path: FieldPath) =>
  validateLabelRequirement(requirement, path, rules)

function validateSelector(
  selector: SelectorAttributes | undefined,
  path: FieldPath,
  validateRequirement: (requirement: Requirement, path: FieldPath) => FieldError[],
): FieldError[] {
  if (!selector) return []
  const { rawSelector = '', requirements = [] } = selector
  const errors: FieldError[] = []
  if (rawSelector !== '' && requirements.length > 0)
    errors.push(
      fieldInvalid(path.child('rawSelector'), rawSelector, 'may not specified at the same time as requirements'),
    )
  if (rawSelector === '' && requirements.length === 0)
    errors.push(
      required(path.child('requirements'), `when ${path} is specified, requirements or rawSelector is required`),
    )
  requirements.forEach((requirement, index) => {
    errors.push(...validateRequirement(requirement, path.child('requirements').index(index)))
  })
  return errors
}

/** As Go names its fields. */
const shown = ({ path = '', verb = '' }: { path?: string; verb?: string }) => ({ Path: path, Verb: verb })

function validate(kind: AccessReviewKind, review: AccessReview, spec: AccessReviewSpec): FieldError[] {
  const errors: FieldError[] = []
  const path = root('spec')
  const { resourceAttributes, nonResourceAttributes } = spec
  if (resourceAttributes && nonResourceAttributes)
    errors.push(
      fieldInvalid(
        path.child('nonResourceAttributes'),
        shown(nonResourceAttributes),
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
  const selectors = path.child('resourceAttributes')
  errors.push(
    ...validateSelector(resourceAttributes?.fieldSelector, selectors.child('fieldSelector'), fieldRequirement),
    ...validateSelector(resourceAttributes?.labelSelector, selectors.child('labelSelector'), labelRequirement),
  )
  const local = kind === 'LocalSubjectAccessReview'
  const metadata = Object.entries(review.metadata ?? {}).filter(
    ([field, value]) => value !== undefined && field !== 'managedFields' && !(local && field === 'namespace'),
  )
  if (metadata.length > 0)
    errors.push(fieldInvalid(root('metadata'), review.metadata, `must be empty${local ? ' except for namespace' : ''}`))
  if (local) {
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
      errors.push(
        fieldInvalid(
          path.child('nonResourceAttributes'),
          shown(nonResourceAttributes),
          'disallowed on this kind of request',
        ),
      )
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
  if (namespace === '') throw badRequest('no namespace on request')
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
