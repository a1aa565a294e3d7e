// Who signed a request to STS: asked of STS, and put into the form that mappings name people by.

import type { Env } from '../../../machinery/env/env.ts'
import { get } from '../outbound.ts'
import { clusterIDHeader, type PresignedIdentity } from './presigned-identity.ts'
import { awsPartitions } from './sts-hosts.ts'

export interface CallerIdentity {
  readonly arn: string
  /** Of a role that somebody has assumed: the role itself. */
  readonly canonicalARN: string
  readonly accountID: string
  readonly userID: string
  /** Of a role that somebody has assumed; for an instance's role, the instance's id. */
  readonly sessionName: string
  readonly accessKeyID: string
}

const timeoutMs = 10_000

/** Asks STS. Throws when it does not know, or does not answer. Nothing of the URL is in the error: it is a credential. */
export async function callerIdentity(
  env: Env,
  { url, accessKeyID }: PresignedIdentity,
  clusterID: string,
): Promise<CallerIdentity> {
  const answer = await get({
    clock: env.clock,
    url,
    headers: { [clusterIDHeader]: clusterID, accept: 'application/json' },
    timeoutMilliseconds: timeoutMs,
  }).catch(error => {
    throw new Error(
      `sts getCallerIdentity failed: error during GET: ${(error as { code?: string }).code ?? 'no answer'}`,
    )
  })
  if (answer.status !== 200)
    throw new Error(`sts getCallerIdentity failed: error from AWS (expected 200, got ${answer.status})`)
  return identityFrom(answer.text, accessKeyID)
}

function identityFrom(text: string, accessKeyID: string): CallerIdentity {
  const result = resultIn(text)
  const { Arn: arn, Account: accountID, UserId: userID } = result
  if (typeof arn !== 'string' || typeof accountID !== 'string' || typeof userID !== 'string')
    throw new Error('sts getCallerIdentity failed: the answer lacks the identity')
  const { canonicalARN, isRole } = canonicalized(arn)
  const identity = { arn, canonicalARN, accountID, accessKeyID }
  // A federated user's id needs the whole of it: the part before the colon is the account, as for the root user.
  if (!isRole) return { ...identity, userID, sessionName: '' }
  const [id, sessionName, ...more] = userID.split(':')
  if (id === undefined || sessionName === undefined || more.length > 0)
    throw new Error(`sts getCallerIdentity failed: malformed UserID "${userID}"`)
  return { ...identity, userID: id, sessionName }
}

function resultIn(text: string): Readonly<Record<string, unknown>> {
  let answer: any
  try {
    answer = JSON.parse(text)
  } catch {
    throw new Error('sts getCallerIdentity failed: the answer is not JSON')
  }
  return answer?.GetCallerIdentityResponse?.GetCallerIdentityResult ?? {}
}

/** `arn:aws:sts::1:assumed-role/Admin/session` as `arn:aws:iam::1:role/Admin`. Throws for what identifies nobody. */
export function canonicalized(arn: string): { readonly canonicalARN: string; readonly isRole: boolean } {
  const [prefix, partition = '', service, , account, ...rest] = arn.split(':')
  if (prefix !== 'arn' || rest.length === 0) throw new Error(`arn '${arn}' is invalid`)
  if (!awsPartitions.includes(partition)) throw new Error(`arn '${arn}' does not have a recognized partition`)
  const resource = rest.join(':')
  const parts = resource.split('/')
  const kind = parts[0]
  if (service === 'sts') {
    if (kind === 'federated-user') return { canonicalARN: arn, isRole: false }
    if (kind !== 'assumed-role') throw new Error(`unrecognized resource ${resource} for service sts`)
    if (parts.length < 3) throw new Error(`assumed-role arn '${arn}' does not have a role`)
    return { canonicalARN: `arn:${partition}:iam::${account}:role/${parts.slice(1, -1).join('/')}`, isRole: true }
  }
  if (service !== 'iam') throw new Error(`service ${service} in arn ${arn} is not a valid service for identities`)
  if (kind === 'role') return { canonicalARN: arn, isRole: true }
  if (kind === 'user' || kind === 'root') return { canonicalARN: arn, isRole: false }
  throw new Error(`unrecognized resource ${resource} for service iam`)
}
