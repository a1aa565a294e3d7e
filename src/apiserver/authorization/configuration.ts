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
import { boolean, type Infer, list, object, ref, string } from '../../machinery/schema/schema.ts'
import { isDNS1123Subdomain } from '../../machinery/validation/names.ts'
import { parseYaml } from '../../machinery/yaml/parse.ts'
import { decodeConfiguration } from '../configuration-file.ts'
import { authorizationModes } from './modes.ts'
import type { ReviewSpec, WebhookSettings } from './webhook.ts'

const named = (kind: string) => `io.k8s.apiserver.pkg.apis.apiserver.v1.${kind}`

const WebhookMatchCondition = object(named('WebhookMatchCondition'), { expression: string(1) })
const WebhookConnectionInfo = object(named('WebhookConnectionInfo'), {
  type: string(1),
  kubeConfigFile: string(2).pointer(),
})
const WebhookConfiguration = object(named('WebhookConfiguration'), {
  authorizedTTL: string(1),
  cacheAuthorizedRequests: boolean(2).pointer(),
  unauthorizedTTL: string(3),
  cacheUnauthorizedRequests: boolean(4).pointer(),
  timeout: string(5),
  subjectAccessReviewVersion: string(6),
  matchConditionSubjectAccessReviewVersion: string(7),
  failurePolicy: string(8),
  connectionInfo: ref(9, WebhookConnectionInfo),
  matchConditions: list(10, WebhookMatchCondition),
})
export type WebhookConfiguration = Infer<typeof WebhookConfiguration>

const AuthorizerConfiguration = object(named('AuthorizerConfiguration'), {
  type: string(1),
  name: string(2),
  webhook: ref(3, WebhookConfiguration).pointer(),
})
export type AuthorizerConfiguration = Infer<typeof AuthorizerConfiguration>

const AuthorizationConfiguration = object(named('AuthorizationConfiguration'), {
  apiVersion: string(101),
  kind: string(102),
  authorizers: list(1, AuthorizerConfiguration),
})
export type AuthorizationConfiguration = Infer<typeof AuthorizationConfiguration>

const mostConditions = 64

/** Tells whether a webhook is to be asked; undefined when there are no conditions. */
export type CompiledConditions = NonNullable<WebhookSettings['matches']>
/** Compiles, or throws an Error that says what is wrong with the expression. */
export type CompileCondition = (expression: string) => CompiledConditions

/** Out of the file's text. `standing`: the types that were there when the server started, and must go on being there. */
export function readAuthorizationConfiguration(
  text: string,
  compile: CompileCondition,
  standing?: ReadonlySet<string>,
): AuthorizationConfiguration {
  let configuration: AuthorizationConfiguration
  try {
    configuration =
      text === ''
        ? {}
        : decodeConfiguration(text, parseYaml(text), 'AuthorizationConfiguration', AuthorizationConfiguration)
    configuration = withDefaults(configuration)
  } catch (error) {
    throw new Error(`failed to load AuthorizationConfiguration from file: ${(error as Error).message}`)
  }
  const errors = validateAuthorizationConfiguration(configuration, compile)
  if (errors.length > 0) throw new Error(aggregateMessage(errors.map(fieldErrorMessage)))
  const builtIn = (configuration.authorizers ?? []).filter(({ type }) => type !== 'Webhook')
  const problems = builtIn
    .filter(({ type = '', name }) => name !== type.toLowerCase())
    .map(({ type = '', name }) => `expected name ${type.toLowerCase()} for authorizer ${type} instead of ${name}`)
  const missing = [...(standing ?? [])].filter(type => !builtIn.some(each => each.type === type)).sort()
  if (missing.length > 0) problems.push(`missing required types: [${missing.join(' ')}]`)
  if (problems.length > 0) throw new Error(aggregateMessage(problems))
  return configuration
}

/** Throws an Error for durations that are none. */
function withDefaults({ authorizers = [] }: AuthorizationConfiguration): AuthorizationConfiguration {
  const lifetime = (text: string | undefined, byDefault: string) =>
    text && durationMilliseconds(text) !== 0 ? text : byDefault
  return {
    authorizers: authorizers.map(each => {
      if (!each.webhook) return each
      const { authorizedTTL, unauthorizedTTL, timeout } = each.webhook
      if (timeout) durationMilliseconds(timeout)
      return {
        ...each,
        webhook: {
          ...each.webhook,
          authorizedTTL: lifetime(authorizedTTL, '5m'),
          unauthorizedTTL: lifetime(unauthorizedTTL, '30s'),
        },
      }
    }),
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
  const value = text ? durationMilliseconds(text) : 0
  if (!text || value === 0) return [required(path)]
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
        notSupported(path.child('type'), { Type: type, KubeConfigFile: kubeConfigFile ?? null }, [
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
