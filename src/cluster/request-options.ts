// How the API server is to treat requests, out of the flags of `up`: audit, inflight limits, CORS. What is wrong with
// them is said before anything is started.

import type { RequestOptions } from '../apiserver/apiserver.ts'
import type { AuditOptions } from '../apiserver/audit/audit.ts'
import { auditLog } from '../apiserver/audit/log-backend.ts'
import type { Encryption } from '../apiserver/encryption/encryption.ts'
import type { Env } from '../machinery/env/env.ts'
import { type AdmissionFlags, admissionOptions } from './admission-configuration.ts'
import { type AuthorizationFlags, authorizationOptions } from './authorization-options.ts'
import { UserFacingError } from './user-facing-error.ts'

export interface RequestFlags extends AdmissionFlags, AuthorizationFlags {
  /** All of them as Go would print them: /flagz. */
  readonly flags?: Readonly<Record<string, string>>
  readonly encryptionProviderConfig?: string
  readonly encryptionProviderConfigAutomaticReload?: boolean
  readonly auditPolicyFile?: string
  readonly auditLogPath?: string
  readonly auditLogMaxage: number
  readonly auditLogMaxbackup: number
  readonly auditLogMaxsize: number
  readonly auditWebhookConfigFile?: string
  readonly maxRequestsInflight: number
  readonly maxMutatingRequestsInflight: number
  readonly corsAllowedOrigins?: readonly string[]
}

export async function requestOptions(env: Env, flags: RequestFlags): Promise<RequestOptions> {
  return {
    admission: await admissionOptions(flags),
    audit: await auditOptions(env, flags),
    flags: flags.flags,
    maxRequestsInflight: flags.maxRequestsInflight,
    maxMutatingRequestsInflight: flags.maxMutatingRequestsInflight,
    corsAllowedOrigins: flags.corsAllowedOrigins?.map(asPattern),
    authorization: await authorizationOptions(env, flags),
    // Last: a KMS plugin is asked from here on.
    encryption: await encryptionOptions(env, flags),
  }
}

async function encryptionOptions(env: Env, flags: RequestFlags): Promise<Encryption | undefined> {
  const { encryptionProviderConfig: file, encryptionProviderConfigAutomaticReload: automaticReload = false } = flags
  if (file === undefined) {
    if (automaticReload)
      throw new UserFacingError(
        '--encryption-provider-config-automatic-reload must be set with --encryption-provider-config',
      )
    return undefined
  }
  const { Encryption: encryption } = await import('../apiserver/encryption/encryption.ts')
  try {
    return await encryption.load(env, { file, automaticReload })
  } catch (error) {
    throw new UserFacingError((error as Error).message)
  }
}

function asPattern(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch (error) {
    throw new UserFacingError(`--cors-allowed-origins ${text}: ${(error as Error).message}`)
  }
}

async function auditOptions(env: Env, flags: RequestFlags): Promise<AuditOptions | undefined> {
  const { auditPolicyFile: file, auditLogPath: path, auditWebhookConfigFile: webhook } = flags
  if (file === undefined) {
    if (path !== undefined || webhook !== undefined)
      throw new UserFacingError('nothing is recorded without a policy: add --audit-policy-file')
    return undefined
  }
  if (path === undefined && webhook === undefined)
    throw new UserFacingError('an audit policy needs a place to record: add --audit-log-path')
  const { loadPolicy } = await import('../apiserver/audit/load-policy.ts')
  const backends: AuditOptions['backends'][number][] = []
  if (path !== undefined)
    backends.push(
      auditLog({
        path,
        maxAge: flags.auditLogMaxage,
        maxBackups: flags.auditLogMaxbackup,
        maxSize: flags.auditLogMaxsize,
      }),
    )
  try {
    if (webhook !== undefined) {
      const { auditWebhook } = await import('../apiserver/audit/webhook-backend.ts')
      backends.push(auditWebhook(webhook))
    }
    return { policy: await loadPolicy(file, env), backends }
  } catch (error) {
    throw new UserFacingError(`loading audit policy file: ${(error as Error).message}`)
  }
}
