// The authorizers out of flags and files. Only who is configured otherwise than Node and RBAC loads this file.

import { readFileSync } from 'node:fs'
import { durationMilliseconds } from '../../machinery/duration.ts'
import type { Env } from '../../machinery/env/env.ts'
import { parseYaml } from '../../machinery/yaml/parse.ts'
import { apiServerID, ConfigReloadMetrics } from '../config-reload-metrics.ts'
import { reviewTransport } from '../review-webhook.ts'
import { AbacAuthorizer, parsePolicyFile } from './abac.ts'
import type { Authorizer } from './authorizer.ts'
import {
  type AuthorizerConfiguration,
  allConditions,
  type CompileCondition,
  readAuthorizationConfiguration,
} from './configuration.ts'
import { Authorization, type AuthorizationMode, alwaysAllow, alwaysDeny, type Choice } from './modes.ts'
import { WebhookAuthorizer, type WebhookSettings } from './webhook.ts'

/** How often the file is looked at. */
const reloadInterval = 10_000

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
  return new Authorization(
    options.modes.map((type): Choice => {
      const name = type.toLowerCase()
      if (type === 'ABAC') return { type, name, authorizer: abac(policyFile!) }
      if (type !== 'Webhook') return { type, name, authorizer: always[type] }
      const settings = { version, authorizedTTL, unauthorizedTTL, timeout: 30_000, failurePolicy: 'NoOpinion' } as const
      return { type, name: 'default', authorizer: webhook(env, options.webhookConfigFile, settings) }
    }),
  )
}

/** By --authorization-config; followed while the server runs. A file that makes no sense changes nothing. */
export async function authorizationOfFile(env: Env, file: string, policyFile?: string): Promise<Authorization> {
  const { conditionCompiler } = await import('./match-conditions.ts')
  const compile = conditionCompiler()
  let text = readConfiguration(file)
  const first = chosenOf(env, text, compile, policyFile)
  let metrics: ConfigReloadMetrics | undefined
  const timer = env.clock.setInterval(() => {
    try {
      const now = readConfiguration(file)
      if (now === text) return
      // Also what is wrong is only told once.
      text = now
      authorization.replace(chosenOf(env, text, compile, policyFile))
      metrics?.succeeded(text)
      env.log.info('reloaded authz config', { file })
    } catch (error) {
      metrics?.failed()
      env.log.error('failed to reload authz config, keeping the last good one', {
        file,
        error: (error as Error).message,
      })
    }
  }, reloadInterval)
  const authorization = new Authorization(first, () => timer.cancel())
  authorization.whenMeasured(registry => {
    metrics = new ConfigReloadMetrics(registry, env.clock, 'authorization', { server: apiServerID, content: text })
  })
  return authorization
}

function readConfiguration(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`failed to load AuthorizationConfiguration from file: ${(error as Error).message}`)
  }
}

function chosenOf(env: Env, text: string, compile: CompileCondition, policyFile: string | undefined): Choice[] {
  let authorizers: readonly AuthorizerConfiguration[]
  try {
    authorizers = readAuthorizationConfiguration(parseYaml(text).value, compile).authorizers ?? []
  } catch (error) {
    throw new Error(`failed to load AuthorizationConfiguration from file: ${(error as Error).message}`)
  }
  return authorizers.map(({ type, name = '', webhook: of }): Choice => {
    const choice = { type: type as AuthorizationMode, name }
    if (type === 'ABAC') {
      if (policyFile === undefined) throw new Error("authorization-mode ABAC's authorization policy file not passed")
      return { ...choice, authorizer: abac(policyFile) }
    }
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
  return new AbacAuthorizer(parsePolicyFile(readFileSync(file, 'utf8'), file))
}

function webhook(env: Env, file: string | undefined, settings: WebhookSettings): WebhookAuthorizer {
  return new WebhookAuthorizer(env, reviewTransport(env, file), settings)
}
