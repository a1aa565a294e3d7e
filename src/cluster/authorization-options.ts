// The flags of `up` that say who authorizes requests. What is wrong with them is said in upstream's words.

import { type Authorization, type AuthorizationMode, authorizationModes } from '../apiserver/authorization/modes.ts'
import type { Env } from '../machinery/env/env.ts'
import { quote } from '../machinery/go-text.ts'
import { UserFacingError } from './user-facing-error.ts'

export interface AuthorizationFlags {
  readonly authorizationMode?: readonly string[]
  readonly authorizationPolicyFile?: string
  readonly authorizationWebhookConfigFile?: string
  readonly authorizationWebhookVersion?: 'v1' | 'v1beta1'
  readonly authorizationWebhookCacheAuthorizedTtl?: number
  readonly authorizationWebhookCacheUnauthorizedTtl?: number
  readonly authorizationConfig?: string
}

export async function authorizationOptions(env: Env, flags: AuthorizationFlags): Promise<Authorization | undefined> {
  const { authorizationMode: modes, authorizationConfig: file, authorizationPolicyFile: policyFile } = flags
  const { authorizationWebhookConfigFile: webhookConfigFile } = flags
  if (file === undefined && modes === undefined && policyFile === undefined && webhookConfigFile === undefined)
    return undefined
  try {
    if (file !== undefined) {
      if (modes !== undefined || webhookConfigFile !== undefined)
        throw new Error(
          '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
        )
      const { authorizationOfFile } = await import('../apiserver/authorization/load.ts')
      return await authorizationOfFile(env, file, policyFile)
    }
    checkModes(modes ?? ['Node', 'RBAC'], policyFile, webhookConfigFile)
    const { authorizationOfModes } = await import('../apiserver/authorization/load.ts')
    return authorizationOfModes(env, {
      modes: (modes ?? ['Node', 'RBAC']) as AuthorizationMode[],
      policyFile,
      webhookConfigFile,
      webhookVersion: flags.authorizationWebhookVersion ?? 'v1beta1',
      authorizedTTL: flags.authorizationWebhookCacheAuthorizedTtl ?? 300_000,
      unauthorizedTTL: flags.authorizationWebhookCacheUnauthorizedTtl ?? 30_000,
    })
  } catch (error) {
    throw new UserFacingError((error as Error).message)
  }
}

function checkModes(modes: readonly string[], policyFile: string | undefined, webhookFile: string | undefined): void {
  if (modes.length === 0) throw new Error('at least one authorization-mode must be passed')
  for (const mode of modes) {
    if (!(authorizationModes as readonly string[]).includes(mode))
      throw new Error(`authorization-mode ${quote(mode)} is not a valid mode`)
  }
  const needs = (mode: string, file: string | undefined, missing: string, flag: string) => {
    if (modes.includes(mode) && file === undefined)
      throw new Error(`authorization-mode ${mode}'s ${missing} not passed`)
    if (!modes.includes(mode) && file !== undefined) throw new Error(`cannot specify ${flag} without mode ${mode}`)
  }
  needs('ABAC', policyFile, 'authorization policy file', '--authorization-policy-file')
  needs('Webhook', webhookFile, 'authorization config file', '--authorization-webhook-config-file')
  if (new Set(modes).size < modes.length)
    throw new Error(`authorization-mode [${modes.map(quote).join(' ')}] has mode specified more than once`)
}
