// The audit policy (audit.k8s.io/v1 Policy): which requests are recorded, and how much of each. The first rule that
// matches a request says; what no rule matches is not recorded.

import type { FieldError } from '../../machinery/field-error.ts'
import { aggregateMessage, fieldErrorMessage, invalid, notSupported, required } from '../../machinery/field-error.ts'
import { type FieldPath, root } from '../../machinery/field-path.ts'
import { quote } from '../../machinery/go-text.ts'
import { isDNS1123Subdomain } from '../../machinery/validation/names.ts'
import type { AuthorizationAttributes } from '../authorization/authorizer.ts'

export const levels = ['None', 'Metadata', 'Request', 'RequestResponse'] as const
export type Level = (typeof levels)[number]

export const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const
export type Stage = (typeof stages)[number]

export interface GroupResources {
  readonly group?: string
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
}

export interface PolicyRule {
  readonly level: Level
  readonly users?: readonly string[]
  readonly userGroups?: readonly string[]
  readonly verbs?: readonly string[]
  readonly resources?: readonly GroupResources[]
  readonly namespaces?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
  readonly omitStages?: readonly Stage[]
  readonly omitManagedFields?: boolean
}

export interface Policy {
  readonly rules: readonly PolicyRule[]
  readonly omitStages?: readonly Stage[]
  readonly omitManagedFields?: boolean
}

/** What is to be recorded of one request. */
export interface AuditConfiguration {
  readonly level: Level
  readonly omitStages: ReadonlySet<Stage>
  readonly omitManagedFields: boolean
}

export class PolicyEvaluator {
  readonly #rules: readonly { readonly rule: PolicyRule; readonly configuration: AuditConfiguration }[]
  readonly #otherwise: AuditConfiguration

  constructor(policy: Policy) {
    const everywhere = policy.omitStages ?? []
    const byDefault = policy.omitManagedFields ?? false
    this.#rules = policy.rules.map(rule => ({
      rule,
      configuration: {
        level: rule.level,
        omitStages: new Set([...everywhere, ...(rule.omitStages ?? [])]),
        omitManagedFields: rule.omitManagedFields ?? byDefault,
      },
    }))
    this.#otherwise = { level: 'None', omitStages: new Set(everywhere), omitManagedFields: byDefault }
  }

  evaluate(attributes: AuthorizationAttributes): AuditConfiguration {
    for (const { rule, configuration } of this.#rules) if (matches(rule, attributes)) return configuration
    return this.#otherwise
  }
}

const some = (list: readonly unknown[] | undefined): boolean => (list?.length ?? 0) > 0

function matches(rule: PolicyRule, attributes: AuthorizationAttributes): boolean {
  const { user, verb } = attributes
  // Before it is known who asks, only rules about everybody match.
  if (some(rule.users) && !(user && rule.users!.includes(user.name))) return false
  if (some(rule.userGroups) && !user?.groups.some(group => rule.userGroups!.includes(group))) return false
  if (some(rule.verbs) && !rule.verbs!.includes(verb)) return false
  if (some(rule.namespaces) || some(rule.resources)) return matchesResource(rule, attributes)
  if (some(rule.nonResourceURLs))
    return (
      !attributes.resourceRequest && rule.nonResourceURLs!.some(pattern => matchesPath(pattern, attributes.path ?? ''))
    )
  return true
}

function matchesPath(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true
  return pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, ''))
}

function matchesResource(rule: PolicyRule, attributes: AuthorizationAttributes): boolean {
  if (!attributes.resourceRequest) return false
  if (some(rule.namespaces) && !rule.namespaces!.includes(attributes.namespace ?? '')) return false
  if (!some(rule.resources)) return true
  const { group = '', resource = '', subresource = '', name = '' } = attributes
  const combined = subresource === '' ? resource : `${resource}/${subresource}`
  for (const wanted of rule.resources!) {
    if ((wanted.group ?? '') !== group && wanted.group !== '*') continue
    if (!some(wanted.resources)) return true
    if (some(wanted.resourceNames) && !wanted.resourceNames!.includes(name)) continue
    for (const pattern of wanted.resources!) {
      if (pattern === combined || pattern === '*') return true
      if (subresource !== '' && pattern === `*/${subresource}`) return true
      if (pattern === `${resource}/*`) return true
    }
  }
  return false
}

// ---- reading --------------------------------------------------------------------------------------------------------

export interface ReadPolicy {
  readonly policy: Policy
  /** What in the file means nothing, for the log. */
  readonly unknownFields: readonly string[]
}

/** Out of the parsed file. Throws an Error that names what is wrong, and the field. */
export function readPolicy(value: unknown): ReadPolicy {
  const document = (value ?? {}) as { apiVersion?: unknown; kind?: unknown }
  if (typeof document !== 'object' || Array.isArray(document)) throw new Error('failed decoding: not an object')
  // What doesn't say what it is is taken for the policy that upstream has inside, of which no file may be.
  if (!document.kind || !document.apiVersion)
    throw new Error('unknown group version field audit.k8s.io/__internal, Kind=Policy in policy')
  if (document.apiVersion !== 'audit.k8s.io/v1' || document.kind !== 'Policy')
    throw new Error(
      `failed decoding: no kind ${quote(String(document.kind))} is registered for version ${quote(String(document.apiVersion))} in scheme "pkg/runtime/scheme.go:111"`,
    )
  const unknownFields: string[] = []
  const policy = decode(policyShape, document, '', unknownFields) as unknown as Policy
  const errors = validatePolicy(policy)
  if (errors.length > 0) throw new Error(aggregateMessage(errors.map(fieldErrorMessage)))
  if (policy.rules.length === 0) throw new Error('loaded illegal policy with 0 rules')
  return { policy, unknownFields }
}

type Shape = 'string' | 'boolean' | 'any' | readonly [Shape] | { readonly [field: string]: Shape }

const strings = ['string'] as const
const policyShape = {
  apiVersion: 'string',
  kind: 'string',
  metadata: 'any',
  rules: [
    {
      level: 'string',
      users: strings,
      userGroups: strings,
      verbs: strings,
      resources: [{ group: 'string', resources: strings, resourceNames: strings }],
      namespaces: strings,
      nonResourceURLs: strings,
      omitStages: strings,
      omitManagedFields: 'boolean',
    },
  ],
  omitStages: strings,
  omitManagedFields: 'boolean',
} as const satisfies Shape

function decode(shape: Shape, value: unknown, path: string, unknown: string[]): unknown {
  if (shape === 'any') return value
  if (value === null || value === undefined)
    return typeof shape === 'string' ? undefined : isList(shape) ? [] : undefined
  if (shape === 'string' || shape === 'boolean') {
    if (typeof value !== shape) throw new Error(`failed decoding: ${path}: must be a ${shape}, not ${typeof value}`)
    return value
  }
  if (isList(shape)) {
    if (!Array.isArray(value)) throw new Error(`failed decoding: ${path}: must be a list, not ${typeof value}`)
    return value.map((item, index) => decode(shape[0], item, `${path}[${index}]`, unknown))
  }
  if (typeof value !== 'object' || Array.isArray(value))
    throw new Error(`failed decoding: ${path}: must be an object, not ${Array.isArray(value) ? 'array' : typeof value}`)
  const decoded: Record<string, unknown> = {}
  for (const [field, item] of Object.entries(value)) {
    const below = path === '' ? field : `${path}.${field}`
    if (Object.hasOwn(shape, field)) decoded[field] = decode(shape[field]!, item, below, unknown)
    else unknown.push(`unknown field ${quote(below)}`)
  }
  if (path === '') decoded['rules'] ??= []
  return decoded
}

const isList = (shape: Shape): shape is readonly [Shape] => Array.isArray(shape)

export function validatePolicy(policy: Policy): FieldError[] {
  return [
    ...validateOmitStages(policy.omitStages ?? [], root('omitStages')),
    ...policy.rules.flatMap((rule, index) => validateRule(rule ?? {}, root('rules').index(index))),
  ]
}

function validateRule(rule: Partial<PolicyRule>, path: FieldPath): FieldError[] {
  const { level, nonResourceURLs = [], resources = [], namespaces = [] } = rule
  const errors: FieldError[] = []
  if (!level) errors.push(required(path.child('level')))
  else if (!levels.includes(level)) errors.push(notSupported(path.child('level'), level, levels))
  nonResourceURLs.forEach((url, index) => {
    if (url === '*') return
    const at = path.child('nonResourceURLs').index(index)
    if (!url.startsWith('/')) errors.push(invalid(at, url, "non-resource URL rules must begin with a '/' character"))
    if (url.slice(0, -1).includes('*'))
      errors.push(invalid(at, url, "non-resource URL wildcards '*' must be the final character of the rule"))
  })
  for (const { group = '', resources: names = [], resourceNames = [] } of resources) {
    const problems = group === '' || group === '*' ? [] : isDNS1123Subdomain(group)
    if (problems.length > 0) errors.push(invalid(path.child('resources').child('group'), group, problems.join(',')))
    if (resourceNames.length > 0 && names.length === 0)
      errors.push(
        invalid(
          path.child('resources').child('resourceNames'),
          resourceNames,
          'using resourceNames requires at least one resource',
        ),
      )
  }
  errors.push(...validateOmitStages(rule.omitStages ?? [], path.child('omitStages')))
  if (nonResourceURLs.length > 0 && (resources.length > 0 || namespaces.length > 0))
    errors.push(
      invalid(
        path.child('nonResourceURLs'),
        nonResourceURLs,
        'rules cannot apply to both regular resources and non-resource URLs',
      ),
    )
  return errors
}

function validateOmitStages(omitted: readonly string[], path: FieldPath): FieldError[] {
  return omitted.flatMap((stage, index) =>
    (stages as readonly string[]).includes(stage)
      ? []
      : [invalid(path.index(index), stage, `allowed stages are ${stages.join(',')}`)],
  )
}
