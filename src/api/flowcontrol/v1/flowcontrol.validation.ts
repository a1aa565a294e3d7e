// What flow schemas and priority levels may say (upstream: pkg/apis/flowcontrol/validation).

import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { checkName, checkObjectName, type Errors } from '../../../machinery/validation/field-checks.ts'
import { nameIsDNSLabel, nameIsDNSSubdomain } from '../../../machinery/validation/names.ts'
import { showing } from '../../go/internal-form.ts'
import type { KubeObject } from '../../resource.ts'
import {
  FlowDistinguisherMethod,
  type NonResourcePolicyRule,
  type PolicyRulesWithSubjects,
  type ResourcePolicyRule,
  type Subject,
} from './flowschema.ts'

const spec = root('spec')
const lowestPrecedence = 10000
const distinguishers = ['ByNamespace', 'ByUser']
const supportedVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch']

export function validateFlowSchema(schema: KubeObject): FieldError[] {
  const errors: Errors = []
  const { matchingPrecedence = 0, distinguisherMethod, priorityLevelConfiguration, rules } = schema['spec'] ?? {}
  const path = spec.child('matchingPrecedence')
  if (matchingPrecedence <= 0) errors.push(invalid(path, matchingPrecedence, 'must be a positive value'))
  if (matchingPrecedence > lowestPrecedence)
    errors.push(invalid(path, matchingPrecedence, `must not be greater than ${lowestPrecedence}`))
  if (matchingPrecedence === 1 && schema.metadata.name !== 'exempt')
    errors.push(invalid(path, matchingPrecedence, "only the schema named 'exempt' may have matchingPrecedence 1"))
  if (distinguisherMethod && !distinguishers.includes(distinguisherMethod.type))
    errors.push(
      notSupported(
        spec.child('distinguisherMethod', 'type'),
        showing(FlowDistinguisherMethod, distinguisherMethod),
        distinguishers,
      ),
    )
  const level = priorityLevelConfiguration?.name
  const levelPath = spec.child('priorityLevelConfiguration', 'name')
  if (level) checkName(level, nameIsDNSSubdomain, levelPath, errors)
  else errors.push(required(levelPath, 'must reference a priority level'))
  for (const [index, rule] of ((rules ?? []) as PolicyRulesWithSubjects[]).entries())
    checkRules(rule, spec.child('rules').index(index), errors)
  checkConditions(schema, errors)
  return errors
}

function checkRules(rule: PolicyRulesWithSubjects, path: FieldPath, errors: Errors): void {
  const { resourceRules = [], nonResourceRules = [] } = rule
  const subjects = rule.subjects ?? []
  for (const [index, subject] of subjects.entries()) checkSubject(subject, path.child('subjects').index(index), errors)
  if (subjects.length === 0) errors.push(required(path.child('subjects'), 'subjects must contain at least one value'))
  if (resourceRules.length === 0 && nonResourceRules.length === 0)
    errors.push(required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'))
  for (const [index, one] of resourceRules.entries())
    checkResourceRule(one, path.child('resourceRules').index(index), errors)
  for (const [index, one] of nonResourceRules.entries())
    checkNonResourceRule(one, path.child('nonResourceRules').index(index), errors)
}

const subjectFields = { User: 'user', Group: 'group', ServiceAccount: 'serviceAccount' } as const

function checkSubject(subject: Subject, path: FieldPath, errors: Errors): void {
  const kind = subject.kind as keyof typeof subjectFields
  const field = subjectFields[kind]
  if (field === undefined) {
    errors.push(notSupported(path.child('kind'), kind ?? '', ['Group', 'ServiceAccount', 'User']))
    return
  }
  const at = path.child(field)
  const own = subject[field] as { name?: string; namespace?: string } | undefined
  if (!own) errors.push(required(at, `${field} is required when subject kind is '${kind}'`))
  else if (kind !== 'ServiceAccount') {
    if (!own.name) errors.push(required(at.child('name')))
  } else {
    if (own.name !== '*') checkObjectName(own.name, at.child('name'), errors)
    if (own.namespace) checkName(own.namespace, nameIsDNSLabel, at.child('namespace'), errors)
    else errors.push(required(at.child('namespace'), 'must specify namespace for service account'))
  }
  for (const [otherKind, other] of [
    ['ServiceAccount', 'serviceAccount'],
    ['User', 'user'],
    ['Group', 'group'],
  ] as const)
    if (other !== field && subject[other])
      errors.push(forbidden(path.child(other), `${other} is forbidden when subject kind is not '${otherKind}'`))
}

function checkVerbs(verbs: readonly string[] | undefined, path: FieldPath, errors: Errors): void {
  const at = path.child('verbs')
  if (!verbs?.length) errors.push(required(at, 'verbs must contain at least one value'))
  else if (verbs.includes('*')) {
    if (verbs.length > 1) errors.push(invalid(at, verbs, "if '*' is present, must not specify other verbs"))
  } else if (!verbs.every(verb => supportedVerbs.includes(verb))) errors.push(notSupported(at, verbs, supportedVerbs))
}

function checkResourceRule(rule: ResourcePolicyRule, path: FieldPath, errors: Errors): void {
  checkVerbs(rule.verbs, path, errors)
  for (const [field, one, many] of [
    ['apiGroups', 'api group', 'api groups'],
    ['resources', 'resource', 'resources'],
  ] as const) {
    const values = rule[field] ?? []
    if (values.length === 0) errors.push(required(path.child(field), `resource rules must supply at least one ${one}`))
    else if (values.length > 1 && values.includes('*'))
      errors.push(invalid(path.child(field), values, `if '*' is present, must not specify other ${many}`))
  }
  const namespaces = rule.namespaces ?? []
  const at = path.child('namespaces')
  if (namespaces.length === 0) {
    if (!rule.clusterScope)
      errors.push(required(at, 'resource rules that are not cluster scoped must supply at least one namespace'))
  } else if (namespaces.includes('*')) {
    if (namespaces.length > 1)
      errors.push(invalid(at, namespaces, "if '*' is present, must not specify other namespaces"))
  } else
    for (const [index, namespace] of namespaces.entries())
      for (const message of nameIsDNSLabel(namespace, false))
        errors.push(
          invalid(at.index(index), namespace, `each member of this list must be '*' or a DNS-1123 label; ${message}`),
        )
}

function checkNonResourceRule(rule: NonResourcePolicyRule, path: FieldPath, errors: Errors): void {
  checkVerbs(rule.verbs, path, errors)
  const urls = rule.nonResourceURLs ?? []
  const at = path.child('nonResourceURLs')
  if (urls.length === 0) errors.push(required(at, 'nonResourceURLs must contain at least one value'))
  else if (urls.includes('*')) {
    if (urls.length > 1) errors.push(invalid(at, urls, "if '*' is present, must not specify other non-resource URLs"))
  } else
    for (const [index, url] of urls.entries()) {
      const problem = urlProblem(url)
      if (problem) errors.push(invalid(at.index(index), url, problem))
    }
}

function urlProblem(path: string): string | undefined {
  if (path === '') return 'must not be empty'
  if (path === '/') return undefined
  if (!path.startsWith('/')) return 'must start with slash'
  if (path.includes(' ')) return 'must not contain white-space'
  if (path.includes('//')) return 'must not contain double slash'
  const stars = path.split('*').length - 1
  return stars > 1 || (stars === 1 && !path.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined
}

/** Each type once, and none without one. Also of the status alone. */
function checkConditions(object: KubeObject, errors: Errors): void {
  const seen = new Set<string>()
  for (const [index, { type = '' }] of (object['status']?.conditions ?? []).entries()) {
    const path = root('status', 'conditions').index(index).child('type')
    if (seen.has(type)) errors.push(duplicate(path, type))
    seen.add(type)
    if (type === '') errors.push(required(path))
  }
}

export function validateFlowControlStatus(object: KubeObject): FieldError[] {
  const errors: Errors = []
  checkConditions(object, errors)
  return errors
}

export function validatePriorityLevelConfiguration(level: KubeObject): FieldError[] {
  const errors: Errors = []
  const { type = '', limited, exempt } = level['spec'] ?? {}
  if ((level.metadata.name === 'exempt') !== (type === 'Exempt'))
    errors.push(invalid(spec.child('type'), type, "type must be 'Exempt' if and only if name is 'exempt'"))
  if (type === 'Exempt') {
    if (limited) errors.push(forbidden(spec.child('limited'), 'must be nil if the type is not Limited'))
    if (exempt) checkShares(exempt, spec.child('exempt'), errors)
  } else if (type === 'Limited') {
    if (exempt) errors.push(forbidden(spec.child('exempt'), 'must be nil if the type is Limited'))
    if (!limited) errors.push(required(spec.child('limited'), 'must not be empty when type is Limited'))
    else checkLimited(limited, spec.child('limited'), errors)
  } else if (type === '') errors.push(required(spec.child('type')))
  else errors.push(notSupported(spec.child('type'), type, ['Exempt', 'Limited']))
  checkConditions(level, errors)
  return errors
}

function checkSharesCount(shares: number | undefined, path: FieldPath, errors: Errors): void {
  if ((shares ?? 0) < 0)
    errors.push(invalid(path.child('nominalConcurrencyShares'), shares, 'must be a non-negative integer'))
}

function checkLendable(percent: number | undefined, path: FieldPath, errors: Errors): void {
  if (percent !== undefined && (percent < 0 || percent > 100))
    errors.push(invalid(path.child('lendablePercent'), percent, 'must be between 0 and 100, inclusive'))
}

function checkShares(of: Record<string, number>, path: FieldPath, errors: Errors): void {
  checkSharesCount(of['nominalConcurrencyShares'], path, errors)
  checkLendable(of['lendablePercent'], path, errors)
}

function checkLimited(limited: Record<string, any>, path: FieldPath, errors: Errors): void {
  checkSharesCount(limited['nominalConcurrencyShares'], path, errors)
  checkResponse(limited['limitResponse'] ?? {}, path.child('limitResponse'), errors)
  checkLendable(limited['lendablePercent'], path, errors)
  const borrowing = limited['borrowingLimitPercent']
  if (borrowing !== undefined && borrowing < 0)
    errors.push(invalid(path.child('borrowingLimitPercent'), borrowing, 'if specified, must be a non-negative integer'))
}

function checkResponse(
  { type = '', queuing }: { type?: string; queuing?: Record<string, number> },
  path: FieldPath,
  errors: Errors,
): void {
  const at = path.child('queuing')
  if (type === 'Reject') {
    if (queuing) errors.push(forbidden(at, 'must be nil if limited.limitResponse.type is not Limited'))
  } else if (type === 'Queue') {
    if (!queuing) errors.push(required(at, 'must not be empty if limited.limitResponse.type is Limited'))
    else checkQueuing(queuing, at, errors)
  } else if (type === '') errors.push(required(path.child('type')))
  else errors.push(notSupported(path.child('type'), type, ['Queue', 'Reject']))
}

const mostQueues = 10_000_000
const mostHashBits = 60

function checkQueuing(queuing: Record<string, number>, path: FieldPath, errors: Errors): void {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing
  if (queueLengthLimit <= 0) errors.push(invalid(path.child('queueLengthLimit'), queueLengthLimit, 'must be positive'))
  if (queues <= 0) errors.push(invalid(path.child('queues'), queues, 'must be positive'))
  else if (queues > mostQueues)
    errors.push(invalid(path.child('queues'), queues, `must not be greater than ${mostQueues}`))
  const at = path.child('handSize')
  if (handSize <= 0) errors.push(invalid(at, handSize, 'must be positive'))
  else if (handSize > queues) errors.push(invalid(at, handSize, `should not be greater than queues (${queues})`))
  else if (Math.ceil(Math.log2(queues) * handSize) > mostHashBits)
    errors.push(
      invalid(
        at,
        handSize,
        `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${mostHashBits}`,
      ),
    )
}
