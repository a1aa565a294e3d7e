// The authorizers out of flags and files. Only who is configured otherwise than Node and RBAC loads this file.

import { readFileSync } from 'node:fs'
import { deepEqual } from '../../machinery/deep-equal.ts'
import { durationMilliseconds } from '../../machinery/duration.ts'
import type { Env } from '../../machinery/env/env.ts'
import { quote } from '../../machinery/go-text.ts'
import { apiServerID, ConfigReloadMetrics } from '../config-reload-metrics.ts'
import { fileProblem } from '../configuration-file.ts'
import { reviewTransport } from '../review-webhook.ts'
import { AbacAuthorizer, parsePolicyFile } from './abac.ts'
import type { Authorizer } from './authorizer.ts'
import {
  type AuthorizationConfiguration,
  allConditions,
  type CompileCondition,
  readAuthorizationConfiguration,
} from './configuration.ts'
import { Authorization, type AuthorizationMode, alwaysAllow, alwaysDeny, type Choice } from './modes.ts'
import { WebhookAuthorizer, type WebhookSettings } from './webhook.ts'

/** How often the file is looked at. */
const reloadInterval = 10_000
const webhookVersions: readonly string[] = ['v1', 'v1beta1']

export interface ModeOptions {
  readonly modes: readonly AuthorizationMode[]
  readonly policyFile?: string
  readonly webhookConfigFile?: string
  readonly webhookVersion: 'v1' | 'v1beta1'
  readonly authorizedTTL: number
  readonly unauthorizedTTL: number
}

export function authorizationOfModes(env: Env, options: ModeOptions): Authorization {
  const { policyFile, webhookVersion: version, authorizedTTL, unauthorizedTTL } = options
  const choices = (): Choice[] =>
    options.modes.map(type => {
      const name = type.toLowerCase()
      if (type === 'ABAC') return { type, name, authorizer: abac(policyFile!) }
      if (type !== 'Webhook') return { type, name, authorizer: always[type] }
      if (!webhookVersions.includes(version))
        throw new Error(
          `unsupported webhook authorizer version ${quote(version)}, supported versions are ${webhookVersions.map(quote).join(', ')}`,
        )
      const settings = { version, authorizedTTL, unauthorizedTTL, timeout: 30_000, failurePolicy: 'NoOpinion' } as const
      return { type, name: 'default', authorizer: webhook(env, options.webhookConfigFile, settings) }
    })
  return new Authorization(named(choices))
}

/** By --authorization-config; followed while the server runs. A file that makes no sense changes nothing. */
export async function authorizationOfFile(env: Env, file: string, policyFile?: string): Promise<Authorization> {
  const { conditionCompiler } = await import('./match-conditions.ts')
  const compile = conditionCompiler()
  let text = readFile(file)
  const configuration = readAuthorizationConfiguration(text, compile)
  const builtIn = new Set<string>()
  for (const { type = '' } of configuration.authorizers ?? []) if (type !== 'Webhook') builtIn.add(type)
  const first = named(() => chosenOf(env, configuration, compile, policyFile))
  let last = configuration
  let metrics: ConfigReloadMetrics | undefined
  const reload = () => {
    try {
      const now = readFile(file)
      if (now === text) return
      // Also what is wrong is only told once.
      text = now
      const changed = readAuthorizationConfiguration(now, compile, builtIn)
      if (deepEqual(changed, last)) return
      last = changed
      for (const { type = '' } of changed.authorizers ?? [])
        if (['ABAC', 'Node', 'RBAC'].includes(type) && !builtIn.has(type))
          throw new Error(`authorizer type ${type} is not allowed if it was not enabled at initial server startup`)
      authorization.replace(chosenOf(env, changed, compile, policyFile))
      metrics?.succeeded(now)
      env.log.info('reloaded authz config', { file })
    } catch (error) {
      metrics?.failed()
      env.log.error('reloading authorization config: the last good one goes on', {
        file,
        error: (error as Error).message,
      })
    }
  }
  const timer = env.clock.setInterval(reload, reloadInterval)
  const authorization = new Authorization(first, () => timer.cancel())
  authorization.whenMeasured(registry => {
    metrics = new ConfigReloadMetrics(registry, env.clock, 'authorization', { server: apiServerID, content: text })
  })
  return authorization
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(fileProblem(error, file))
  }
}

/** What goes wrong while the authorizers are made. */
function named<Made>(make: () => Made): Made {
  try {
    return make()
  } catch (error) {
    throw new Error(`invalid authorization config: ${(error as Error).message}`)
  }
}

function chosenOf(
  env: Env,
  { authorizers = [] }: AuthorizationConfiguration,
  compile: CompileCondition,
  policyFile: string | undefined,
): Choice[] {
  return authorizers.map(({ type, name = '', webhook: of }): Choice => {
    const choice = { type: type as AuthorizationMode, name }
    if (type === 'ABAC') return { ...choice, authorizer: abac(policyFile ?? '') }
    if (type !== 'Webhook') return { ...choice, authorizer: always[type ?? ''] }
    const authorizer = webhook(env, of!.connectionInfo?.kubeConfigFile, {
      version: of!.subjectAccessReviewVersion as 'v1',
      authorizedTTL: of!.cacheAuthorizedRequests === false ? 0 : durationMilliseconds(of!.authorizedTTL!),
      unauthorizedTTL: of!.cacheUnauthorizedRequests === false ? 0 : durationMilliseconds(of!.unauthorizedTTL!),
      timeout: durationMilliseconds(of!.timeout!),
      failurePolicy: of!.failurePolicy as 'Deny',
      matches: allConditions((of!.matchConditions ?? []).map(({ expression }) => compile(expression!))),
    })
    return { ...choice, authorizer }
  })
}

/** Of the modes those that decide the same whatever is asked. */
const always: Readonly<Record<string, Authorizer>> = { AlwaysAllow: alwaysAllow, AlwaysDeny: alwaysDeny }

function abac(file: string): AbacAuthorizer {
  return new AbacAuthorizer(parsePolicyFile(readFile(file), file))
}

function webhook(env: Env, file: string | undefined, settings: WebhookSettings): WebhookAuthorizer {
  return new WebhookAuthorizer(env, reviewTransport(env, file), settings)
}
