// Admission policies and their bindings (upstream: pkg/apis/admissionregistration/validation). Expressions must compile.
//
// Brings CEL with it: import this file dynamically.

import type { CelType } from '../../../machinery/cel/cel.ts'
import { reservedWords } from '../../../machinery/cel/types.ts'
import { deepEqual } from '../../../machinery/deep-equal.ts'
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
  tooMany,
} from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { byteLength } from '../../../machinery/go-text.ts'
import { validateLabelSelector } from '../../../machinery/validation/labels.ts'
import {
  isDNS1035Label,
  isDNS1123Subdomain,
  isPathSegmentName,
  isQualifiedName,
  nameIsDNSSubdomain,
} from '../../../machinery/validation/names.ts'
import type { MatchCondition } from './matchresources.ts'
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, Mutation } from './mutatingadmissionpolicy.ts'
import type { ParamKind, ParamRef, Variable } from './paramref.ts'
import { applyConfigurationType, type ExpressionOptions, jsonPatchType, PolicyCompiler } from './policy-expressions.ts'
import { validateFailurePolicy, validateMatchResources, validateOperations } from './rule.validation.ts'
import type {
  AuditAnnotation,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
} from './validatingadmissionpolicy.ts'

const spec = root('spec')
const mostAuditAnnotations = 20
const longestValueExpression = 5 * 1024
const mostMatchConditions = 64
const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge']
const mutatingOperations = ['*', 'CONNECT', 'CREATE', 'UPDATE']

const isBlank = (text: string | undefined): boolean => (text ?? '').trim() === ''

function checkExpression(
  compiler: PolicyCompiler,
  expression: string,
  returns: readonly CelType[],
  options: ExpressionOptions,
  path: FieldPath,
): FieldError[] {
  const { error } = compiler.compile(expression, returns, options)
  return error === undefined ? [] : [invalid(path, expression, error)]
}

export function validateValidatingAdmissionPolicy(
  policy: ValidatingAdmissionPolicy,
  old?: ValidatingAdmissionPolicy,
): FieldError[] {
  const { failurePolicy, paramKind, matchConstraints, matchConditions, variables = [] } = policy.spec
  const { validations = [], auditAnnotations = [] } = policy.spec
  const params = paramKind !== undefined
  const compiler = new PolicyCompiler(variables.length > 0)
  const errors = validateFailurePolicy(failurePolicy, spec.child('failurePolicy'))
  if (paramKind) errors.push(...validateParamKind(paramKind, spec.child('paramKind')))
  errors.push(...validateMatchConstraints(matchConstraints, spec.child('matchConstraints')))
  const unchanged =
    old && deepEqual(old.spec.paramKind, paramKind) && deepEqual(old.spec.matchConditions, matchConditions)
  if (!unchanged) errors.push(...validateMatchConditions(matchConditions, params, spec.child('matchConditions')))
  errors.push(...validateVariables(compiler, variables, params))
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const message = 'validations or auditAnnotations must contain at least one item'
    errors.push(required(spec.child('validations'), message), required(spec.child('auditAnnotations'), message))
    return errors
  }
  validations.forEach((validation, index) => {
    errors.push(...validateValidation(compiler, validation, params, spec.child('validations').index(index)))
  })
  if (auditAnnotations.length > mostAuditAnnotations) {
    const message = `must not have more than ${mostAuditAnnotations} auditAnnotations`
    errors.push(invalid(spec.child('auditAnnotations'), auditAnnotations, message))
  }
  const keys = new Set<string>()
  auditAnnotations.forEach((annotation, index) => {
    const path = spec.child('auditAnnotations').index(index)
    errors.push(...validateAuditAnnotation(compiler, policy.metadata.name ?? '', annotation, params, path))
    if (keys.has(annotation.key)) errors.push(duplicate(path.child('key'), annotation.key))
    keys.add(annotation.key)
  })
  return errors
}

export function validateMutatingAdmissionPolicy(
  policy: MutatingAdmissionPolicy,
  old?: MutatingAdmissionPolicy,
): FieldError[] {
  const { failurePolicy, paramKind, matchConstraints, matchConditions, variables = [], mutations = [] } = policy.spec
  const { reinvocationPolicy } = policy.spec
  const params = paramKind !== undefined
  const compiler = new PolicyCompiler()
  const errors = validateFailurePolicy(failurePolicy, spec.child('failurePolicy'))
  if (paramKind) errors.push(...validateParamKind(paramKind, spec.child('paramKind')))
  errors.push(...validateMatchConstraints(matchConstraints, spec.child('matchConstraints')))
  const operations = spec.child('matchConstraints', 'resourceRules', 'operations')
  errors.push(...validateOperations(matchConstraints?.resourceRules, mutatingOperations, operations))
  const unchanged =
    old && deepEqual(old.spec.paramKind, paramKind) && deepEqual(old.spec.matchConditions, matchConditions)
  if (!unchanged) errors.push(...validateMatchConditions(matchConditions, params, spec.child('matchConditions')))
  errors.push(...validateVariables(compiler, variables, params))
  if (mutations.length === 0) errors.push(required(spec.child('mutations'), 'mutations must contain at least one item'))
  mutations.forEach((mutation, index) => {
    errors.push(...validateMutation(compiler, mutation, params, spec.child('mutations').index(index)))
  })
  if (!reinvocationPolicy) errors.push(required(spec.child('reinvocationPolicy')))
  else if (reinvocationPolicy !== 'Never' && reinvocationPolicy !== 'IfNeeded')
    errors.push(notSupported(spec.child('reinvocationPolicy'), reinvocationPolicy, ['IfNeeded', 'Never']))
  return errors
}

export function validateValidatingAdmissionPolicyBinding(binding: ValidatingAdmissionPolicyBinding): FieldError[] {
  const { policyName, paramRef, matchResources, validationActions } = binding.spec
  return [
    ...validatePolicyName(policyName),
    ...validateParamRef(paramRef, spec.child('paramRef')),
    ...validateMatchResources(matchResources, spec.child('matchResources')),
    ...validateActions(validationActions ?? [], spec.child('validationActions')),
  ]
}

export function validateMutatingAdmissionPolicyBinding(binding: MutatingAdmissionPolicyBinding): FieldError[] {
  const { policyName, paramRef, matchResources } = binding.spec
  const operations = spec.child('matchResources', 'resourceRules', 'operations')
  return [
    ...validatePolicyName(policyName),
    ...validateParamRef(paramRef, spec.child('paramRef')),
    ...validateMatchResources(matchResources, spec.child('matchResources')),
    ...validateOperations(matchResources?.resourceRules, mutatingOperations, operations),
  ]
}

function validatePolicyName(name: string | undefined): FieldError[] {
  const path = spec.child('policyName')
  if (!name) return [required(path)]
  return nameIsDNSSubdomain(name, false).map(message => invalid(path, name, message))
}

function validateMatchConstraints(
  constraints: ValidatingAdmissionPolicy['spec']['matchConstraints'],
  path: FieldPath,
): FieldError[] {
  if (!constraints) return [required(path)]
  const errors = validateMatchResources(constraints, path)
  // Without a rule nobody could say which types the expressions are about.
  if ((constraints.resourceRules ?? []).length === 0) errors.push(required(path.child('resourceRules')))
  return errors
}

function validateParamKind({ apiVersion = '', kind = '' }: ParamKind, path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const at = path.child('apiVersion')
  const parts = apiVersion.split('/')
  if (apiVersion === '') errors.push(required(at))
  else if (parts.length > 2) errors.push(invalid(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
  else {
    const [group, version] = parts.length === 2 ? [parts[0]!, parts[1]!] : ['', apiVersion]
    const groupMessages = group === '' ? [] : isDNS1123Subdomain(group)
    if (groupMessages.length > 0) errors.push(invalid(at, group, groupMessages.join(',')))
    const versionMessages = version === '' ? [] : isDNS1035Label(version)
    if (version === '') errors.push(invalid(at, apiVersion, 'version must be specified'))
    else if (versionMessages.length > 0) errors.push(invalid(at, version, versionMessages.join(',')))
  }
  const messages = isDNS1035Label(kind.toLowerCase())
  if (kind === '') errors.push(required(path.child('kind')))
  else if (messages.length > 0) {
    const message = `may have mixed case, but should otherwise match: ${messages.join(',')}`
    errors.push(invalid(path.child('kind'), kind, message))
  }
  return errors
}

function validateParamRef(reference: ParamRef | undefined, path: FieldPath): FieldError[] {
  if (!reference) return []
  const { name, selector, parameterNotFoundAction } = reference
  const errors: FieldError[] = []
  const exclusive = 'name and selector are mutually exclusive'
  if (name) {
    for (const message of isPathSegmentName(name)) errors.push(invalid(path.child('name'), name, message))
    if (selector) errors.push(forbidden(path.child('name'), exclusive))
  }
  if (selector) {
    errors.push(...validateLabelSelector(selector, path.child('selector')))
    if (name) errors.push(forbidden(path.child('selector'), exclusive))
  }
  if (!name && !selector) errors.push(required(path, 'one of name or selector must be specified'))
  const action = path.child('parameterNotFoundAction')
  if (!parameterNotFoundAction) errors.push(required(action))
  else if (parameterNotFoundAction !== 'Deny' && parameterNotFoundAction !== 'Allow')
    errors.push(notSupported(action, parameterNotFoundAction, ['Deny', 'Allow']))
  return errors
}

function validateActions(actions: readonly string[], path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [index, action] of actions.entries()) {
    if (!['Audit', 'Deny', 'Warn'].includes(action))
      errors.push(notSupported(path.index(index), action, ['Audit', 'Deny', 'Warn']))
    if (seen.has(action)) errors.push(duplicate(path.index(index), action))
    seen.add(action)
  }
  if (seen.has('Deny') && seen.has('Warn')) {
    const why = 'repeating the same validation failure information in the API response and headers serves no purpose'
    errors.push(invalid(path, actions, `must not contain both Deny and Warn (${why})`))
  }
  if (seen.size === 0) errors.push(required(path, 'at least one validation action is required'))
  return errors
}

/** Of policies and of webhooks. */
export function validateMatchConditions(
  conditions: readonly MatchCondition[] | undefined,
  params: boolean,
  path: FieldPath,
): FieldError[] {
  if (!conditions) return []
  const errors: FieldError[] = []
  if (conditions.length > mostMatchConditions) errors.push(tooMany(path, conditions.length, mostMatchConditions))
  const compiler = new PolicyCompiler(false)
  const names = new Set<string>()
  for (const [index, { name, expression }] of conditions.entries()) {
    const at = path.index(index)
    if (isBlank(expression)) errors.push(required(at.child('expression')))
    else {
      const options = { params, authorizer: true }
      errors.push(...checkExpression(compiler, expression.trim(), ['bool'], options, at.child('expression')))
    }
    if (!name) {
      errors.push(required(at.child('name')))
      continue
    }
    for (const message of isQualifiedName(name)) errors.push(invalid(at.child('name'), name, message))
    if (names.has(name)) errors.push(duplicate(at.child('name'), name))
    names.add(name)
  }
  return errors
}

function validateVariables(compiler: PolicyCompiler, variables: readonly Variable[], params: boolean): FieldError[] {
  const errors: FieldError[] = []
  variables.forEach(({ name, expression }, index) => {
    const path = spec.child('variables').index(index)
    if (isBlank(name)) errors.push(required(path.child('name'), 'name is not specified'))
    else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) || reservedWords.has(name))
      errors.push(invalid(path.child('name'), name, 'must be a valid CEL identifier'))
    if (isBlank(expression)) errors.push(required(path.child('expression'), 'expression is not specified'))
    else {
      const { error } = compiler.addVariable(name, expression, { params, authorizer: true })
      if (error !== undefined) errors.push(invalid(path.child('expression'), expression, error))
    }
  })
  return errors
}

function validateValidation(
  compiler: PolicyCompiler,
  { expression, message, messageExpression, reason }: Validation,
  params: boolean,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  if (isBlank(expression)) errors.push(required(path.child('expression'), 'expression is not specified'))
  else {
    const options = { params, authorizer: true }
    errors.push(...checkExpression(compiler, expression, ['bool'], options, path.child('expression')))
  }
  if (messageExpression) {
    const at = path.child('messageExpression')
    if (isBlank(messageExpression)) errors.push(invalid(at, messageExpression, 'must be non-empty if specified'))
    else errors.push(...checkExpression(compiler, messageExpression, ['string'], { params, authorizer: false }, at))
  }
  if (message && isBlank(message))
    errors.push(invalid(path.child('message'), message, 'must be non-empty if specified'))
  else if (message && /[\n\r]/.test(message.trim()))
    errors.push(invalid(path.child('message'), message, 'must not contain line breaks'))
  if (reason !== undefined && !reasons.includes(reason))
    errors.push(notSupported(path.child('reason'), reason, reasons))
  return errors
}

function validateAuditAnnotation(
  compiler: PolicyCompiler,
  policyName: string,
  { key, valueExpression }: AuditAnnotation,
  params: boolean,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  if (policyName === '') errors.push(invalid(path.child('key'), key, 'requires metadata.name be non-empty'))
  else {
    const name = `${policyName}/${key}`
    for (const message of isQualifiedName(name)) errors.push(invalid(path.child('key'), name, message))
  }
  const at = path.child('valueExpression')
  const trimmed = (valueExpression ?? '').trim()
  if (trimmed === '') errors.push(required(at, 'valueExpression is not specified'))
  else if (byteLength(trimmed) > longestValueExpression)
    errors.push(required(at, `must not exceed ${longestValueExpression} bytes in length`))
  else {
    const { error } = compiler.compile(trimmed, ['string', 'null'], { params, authorizer: true })
    if (error !== undefined) errors.push(invalid(at, valueExpression, error))
  }
  return errors
}

function validateMutation(
  compiler: PolicyCompiler,
  { patchType, applyConfiguration, jsonPatch }: Mutation,
  params: boolean,
  path: FieldPath,
): FieldError[] {
  if (!patchType) return [required(path.child('patchType'))]
  const of = {
    JSONPatch: { field: 'jsonPatch', given: jsonPatch, other: 'applyConfiguration', otherGiven: applyConfiguration },
    ApplyConfiguration: {
      field: 'applyConfiguration',
      given: applyConfiguration,
      other: 'jsonPatch',
      otherGiven: jsonPatch,
    },
  }[patchType as string]
  if (!of) return [notSupported(path.child('patchType'), patchType, ['ApplyConfiguration', 'JSONPatch'])]
  const errors: FieldError[] = []
  const { field, given, other, otherGiven } = of
  if (!given) errors.push(required(path.child(field), `must be specified when patchType is ${patchType}`))
  else {
    const at = path.child(field, 'expression')
    const expression = (given.expression ?? '').trim()
    const returns: CelType = patchType === 'JSONPatch' ? { list: jsonPatchType } : applyConfigurationType
    if (expression === '') errors.push(required(at))
    else
      errors.push(...checkExpression(compiler, expression, [returns], { params, authorizer: true, mutation: true }, at))
  }
  if (otherGiven)
    errors.push(invalid(path.child(other), `{${other}}`, `must not be specified when patchType is ${patchType}`))
  return errors
}
