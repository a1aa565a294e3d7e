// The ConfigMap kube-system/aws-auth: who of AWS is who in the cluster.

import type { KubeObject } from '../../../api/resource.ts'
import { parseYaml } from '../../../machinery/yaml/parse.ts'
import type { CallerIdentity } from './caller-identity.ts'

interface Mapping {
  readonly arn: string
  readonly username: string
  readonly groups: readonly string[]
}

export interface IdentityMappings {
  readonly roles: readonly Mapping[]
  readonly users: readonly Mapping[]
  readonly accounts: ReadonlySet<string>
  /** What in the ConfigMap could not be read. The rest counts. */
  readonly problems: readonly string[]
}

export const noMappings: IdentityMappings = { roles: [], users: [], accounts: new Set(), problems: [] }

export interface MappedIdentity {
  readonly username: string
  readonly groups: readonly string[]
}

/** Answers an EC2 instance's private DNS name. */
export type PrivateDNSNames = (instanceID: string) => Promise<string>

export function parseMappings(configMap: KubeObject | undefined): IdentityMappings {
  const data: Readonly<Record<string, string>> = configMap?.['data'] ?? {}
  const problems: string[] = []
  const entries = (key: string): unknown[] => {
    const text = (data[key] ?? '').trim()
    if (['', '``', '""', "''"].includes(text)) return []
    try {
      const { value } = parseYaml(text)
      if (Array.isArray(value)) return value
      problems.push(`${key} is not a list`)
    } catch (error) {
      problems.push(`${key}: ${(error as Error).message}`)
    }
    return []
  }
  const mappings = (key: string, field: string): Mapping[] =>
    entries(key).flatMap(entry => {
      const mapping = mappingOf(entry, field)
      if (typeof mapping !== 'string') return [mapping]
      problems.push(`${key}: ${mapping}`)
      return []
    })
  return {
    users: mappings('mapUsers', 'userarn'),
    roles: mappings('mapRoles', 'rolearn'),
    accounts: new Set(entries('mapAccounts').map(String)),
    problems,
  }
}

/** Keys are taken in any case, as Go's JSON takes them. */
function mappingOf(entry: unknown, field: string): Mapping | string {
  if (typeof entry !== 'object' || entry === null) return 'an entry is no mapping'
  const of = new Map(Object.entries(entry).map(([name, value]) => [name.toLowerCase(), value as unknown]))
  const arn = of.get(field)
  if (typeof arn !== 'string' || arn === '') return `value for ${field} must be supplied`
  const username = of.get('username') ?? ''
  const groups = of.get('groups') ?? []
  if (typeof username !== 'string' || !Array.isArray(groups) || !groups.every(group => typeof group === 'string'))
    return `the mapping of ${arn} has a username or groups that are no text`
  return { arn: arn.toLowerCase(), username, groups }
}

/** Who the identity is in the cluster; undefined when nobody. Throws when a template cannot be filled in. */
export async function mappedIdentity(
  { roles, users, accounts }: IdentityMappings,
  identity: CallerIdentity,
  privateDNSName: PrivateDNSNames,
): Promise<MappedIdentity | undefined> {
  const arn = identity.canonicalARN.toLowerCase()
  // Of several for one ARN, the last counts.
  const mapping = roles.findLast(role => role.arn === arn) ?? users.findLast(user => user.arn === arn)
  if (mapping) {
    const render = (template: string) => rendered(template, identity, privateDNSName)
    return { username: await render(mapping.username), groups: await Promise.all(mapping.groups.map(render)) }
  }
  return accounts.has(identity.accountID) ? { username: identity.canonicalARN, groups: [] } : undefined
}

async function rendered(
  template: string,
  { sessionName, accountID, accessKeyID }: CallerIdentity,
  privateDNSName: PrivateDNSNames,
): Promise<string> {
  if (!template.includes('{{')) return template
  let text = template
  const fill = (name: string, value: string) => {
    text = text.replaceAll(`{{${name}}}`, () => value)
  }
  if (text.includes('{{EC2PrivateDNSName}}')) {
    if (!/^i-(\w{8}|\w{17})$/.test(sessionName)) throw new Error('SessionName did not contain an instance id')
    fill('EC2PrivateDNSName', await privateDNSName(sessionName))
  }
  fill('AccountID', accountID)
  fill('SessionName', sessionName.replaceAll('@', '-'))
  fill('SessionNameRaw', sessionName)
  fill('AccessKeyID', accessKeyID)
  return text
}
