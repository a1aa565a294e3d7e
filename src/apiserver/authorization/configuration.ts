// AuthorizationConfiguration (apiserver.config.k8s.io/v1): the authorizers, in order, as its file has them. What is wrong
// with it is said in upstream's words.

import { statSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { durationMilliseconds, formatDuration, parseDuration } from '../../machinery/duration.ts'
import {
  aggregateMessage,
  duplicate,
  type FieldError,
  fieldErrorMessage,
  invalid,
  notSupported,
  required,
  tooMany,
} from '../../machinery/field-error.ts'
import { type FieldPath, root } from '../../machinery/field-path.ts'
import { quote } from '../../machinery/go-text.ts'
import { isDNS1123Subdomain } from '../../machinery/validation/names.ts'
import { authorizationModes } from './modes.ts'
import type { ReviewSpec, WebhookSettings } from './webhook.ts'

export interface WebhookConfiguration {
  readonly authorizedTTL?: string
  readonly cacheAuthorizedRequests?: boolean
  readonly unauthorizedTTL?: string
  readonly cacheUnauthorizedRequests?: boolean
  readonly timeout?: string
  readonly subjectAccessReviewVersion?: string
  readonly matchConditionSubjectAccessReviewVersion?: string
  readonly failurePolicy?: string
  readonly connectionInfo?: { readonly type?: string; readonly kubeConfigFile?: string }
  readonly matchConditions?: readonly { readonly expression?: string }[]
}

export interface AuthorizerConfiguration {
  readonly type?: string
  readonly name?: string
  readonly webhook?: WebhookConfiguration
}

export interface AuthorizationConfiguration {
  readonly authorizers?: readonly AuthorizerConfiguration[]
}

const group = 'apiserver.config.k8s.io'
const versions = ['v1', 'v1beta1', 'v1alpha1'].map(version => `${group}/${version}`)
const mostConditions = 64

/** Tells whether a webhook is to be asked; undefined when there are no conditions. */
export type CompiledConditions = NonNullable<WebhookSettings['matches']>
/** Compiles, or throws an Error that says what is wrong with the expression. */
export type CompileCondition = (expression: string) => CompiledConditions

/** Out of the parsed file. */
export function readAuthorizationConfiguration(
  document: unknown,
  compile: CompileCondition,
): AuthorizationConfiguration {
  const value = document as { apiVersion?: unknown; kind?: unknown } | null
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !value.kind)
    throw new Error("Object 'Kind' is missing")
  if (value.kind !== 'AuthorizationConfiguration' || !versions.includes(String(value.apiVersion)))
    throw new Error(
      `no kind ${quote(String(value.kind))} is registered for version ${quote(String(value.apiVersion ?? ''))}`,
    )
  const configuration = withDefaults(value as AuthorizationConfiguration)
  const errors = validateAuthorizationConfiguration(configuration, compile)
  if (errors.length > 0) throw new Error(aggregateMessage(errors.map(fieldErrorMessage)))
  return configuration
}

function withDefaults({ authorizers = [] }: AuthorizationConfiguration): AuthorizationConfiguration {
  return {
    authorizers: authorizers.map(each =>
      each?.webhook
        ? { ...each, webhook: { authorizedTTL: '5m', unauthorizedTTL: '30s', ...each.webhook } }
        : (each ?? {}),
    ),
  }
}

export function validateAuthorizationConfiguration(
  { authorizers = [] }: AuthorizationConfiguration,
  compile: CompileCondition,
): FieldError[] {
  const errors: FieldError[] = []
  if (authorizers.length === 0)
    errors.push(required(root('authorizers'), 'at least one authorization mode must be defined'))
  const types = new Set<string>()
  const names = new Set<string>()
  for (const [index, { type = '', name = '', webhook }] of authorizers.entries()) {
    const path = root('authorizers').index(index)
    if (type === '') {
      errors.push(required(path.child('type')))
      continue
    }
    if (!(authorizationModes as readonly string[]).includes(type)) {
      errors.push(notSupported(path.child('type'), type, authorizationModes))
      continue
    }
    if (types.has(type) && type !== 'Webhook') {
      errors.push(duplicate(path.child('type'), type))
      continue
    }
    types.add(type)
    if (name === '') errors.push(required(path.child('name')))
    else if (names.has(name)) errors.push(duplicate(path.child('name'), name))
    else {
      const problems = isDNS1123Subdomain(name)
      if (problems.length > 0)
        errors.push(invalid(path.child('name'), name, `authorizer name is invalid: ${problems.join(', ')}`))
    }
    names.add(name)
    if (type !== 'Webhook') {
      if (webhook) errors.push(invalid(path.child('webhook'), 'non-null', 'may only be specified when type=Webhook'))
    } else if (!webhook) errors.push(required(path.child('webhook'), 'required when type=Webhook'))
    // Upstream leaves `webhook` out of these paths.
    else errors.push(...validateWebhook(webhook, path, compile))
  }
  return errors
}

function validateWebhook(webhook: WebhookConfiguration, path: FieldPath, compile: CompileCondition): FieldError[] {
  const {
    subjectAccessReviewVersion: version = '',
    matchConditionSubjectAccessReviewVersion: conditionVersion = '',
    failurePolicy = '',
    matchConditions = [],
  } = webhook
  const errors: FieldError[] = [
    ...validateTime(webhook.timeout, path.child('timeout'), 'must be > 0s and <= 30s', 30_000),
    ...validateTime(webhook.authorizedTTL, path.child('authorizedTTL'), 'must be > 0s'),
    ...validateTime(webhook.unauthorizedTTL, path.child('unauthorizedTTL'), 'must be > 0s'),
  ]
  const oneOf = (field: string, value: string, supported: readonly string[], missing = '') => {
    if (value === '') errors.push(required(path.child(field), missing))
    else if (!supported.includes(value)) errors.push(notSupported(path.child(field), value, supported))
  }
  oneOf('subjectAccessReviewVersion', version, ['v1', 'v1beta1'])
  if (conditionVersion !== '' || matchConditions.length > 0)
    oneOf(
      'matchConditionSubjectAccessReviewVersion',
      conditionVersion,
      ['v1'],
      'required if match conditions are specified',
    )
  oneOf('failurePolicy', failurePolicy, ['NoOpinion', 'Deny'])
  errors.push(...validateConnection(webhook.connectionInfo ?? {}, path.child('connectionInfo')))
  errors.push(...validateConditions(matchConditions, path.child('matchConditions'), compile))
  return errors
}

function validateTime(
  text: string | undefined,
  path: FieldPath,
  detail: string,
  most = Number.POSITIVE_INFINITY,
): FieldError[] {
  if (text === undefined) return [required(path)]
  let value: number
  try {
    value = durationMilliseconds(text)
  } catch (error) {
    return [invalid(path, text, (error as Error).message)]
  }
  if (value === 0) return [required(path)]
  return value < 0 || value > most ? [invalid(path, formatDuration(parseDuration(text)), detail)] : []
}

function validateConnection(
  { type = '', kubeConfigFile }: NonNullable<WebhookConfiguration['connectionInfo']>,
  path: FieldPath,
): FieldError[] {
  const at = path.child('kubeConfigFile')
  switch (type) {
    case '':
      return [required(path.child('type'))]
    case 'InClusterConfig':
      return kubeConfigFile === undefined
        ? []
        : [invalid(at, kubeConfigFile, 'can only be set when type=KubeConfigFile')]
    case 'KubeConfigFile': {
      if (!kubeConfigFile) return [required(at)]
      if (!isAbsolute(kubeConfigFile)) return [invalid(at, kubeConfigFile, 'must be an absolute path')]
      const info = statSync(kubeConfigFile, { throwIfNoEntry: false })
      if (!info)
        return [invalid(at, kubeConfigFile, `error loading file: stat ${kubeConfigFile}: no such file or directory`)]
      return info.isFile() ? [] : [invalid(at, kubeConfigFile, 'must be a regular file')]
    }
    default:
      return [
        notSupported(path.child('type'), { type, kubeConfigFile: kubeConfigFile ?? null }, [
          'InClusterConfig',
          'KubeConfigFile',
        ]),
      ]
  }
}

function validateConditions(
  conditions: readonly { readonly expression?: string }[],
  path: FieldPath,
  compile: CompileCondition,
): FieldError[] {
  if (conditions.length > mostConditions) return [tooMany(path, conditions.length, mostConditions)]
  const seen = new Set<string>()
  return conditions.flatMap(({ expression = '' }, index) => {
    const at = path.index(index).child('expression')
    if (expression.trim() === '') return [required(at)]
    if (seen.has(expression)) return [duplicate(at, expression)]
    seen.add(expression)
    try {
      compile(expression)
      return []
    } catch (error) {
      return [invalid(at, expression, (error as Error).message)]
    }
  })
}

/** All conditions as one: false when any is; else an error when any failed; else true. */
export function allConditions(conditions: readonly CompiledConditions[]): CompiledConditions | undefined {
  if (conditions.length === 0) return undefined
  return (spec: ReviewSpec) => {
    const problems: string[] = []
    for (const condition of conditions)
      try {
        if (!condition(spec)) return false
      } catch (error) {
        problems.push((error as Error).message)
      }
    if (problems.length > 0) throw new Error(aggregateMessage(problems))
    return true
  }
}
