// Acting as somebody else: `Impersonate-User`, `-Group`, `-Uid` and `-Extra-*` headers, each of which the real user must
// be allowed to `impersonate` (Kubernetes documentation: user impersonation).

import { badRequest } from '../../machinery/status-error.ts'
import type { AuthorizationAttributes, Authorizer } from '../authorization/authorizer.ts'
import { forbiddenError } from '../authorization/forbidden.ts'
import {
  allAuthenticated,
  allServiceAccountsGroup,
  allUnauthenticated,
  anonymousUser,
  serviceAccountGroupPrefix,
  splitServiceAccountUsername,
  type UserInfo,
} from '../user.ts'

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

const extraPrefix = 'impersonate-extra-'

const values = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? value.split(/,\s*/) : value

export function impersonatedUser(headers: Headers, user: UserInfo, authorizer: Authorizer): UserInfo {
  const name = values(headers['impersonate-user'])[0] ?? ''
  const groups = values(headers['impersonate-group'])
  const uid = values(headers['impersonate-uid'])[0]
  const extra: Record<string, readonly string[]> = {}
  for (const header of Object.keys(headers))
    if (header.startsWith(extraPrefix))
      extra[decodeURIComponent(header.slice(extraPrefix.length))] = values(headers[header])
  if (name === '') throw badRequest('requested to impersonate a group, uid or extra without impersonating a user')

  const check = (attributes: Partial<AuthorizationAttributes>) => {
    const wanted: AuthorizationAttributes = {
      user,
      verb: 'impersonate',
      resourceRequest: true,
      version: 'v1',
      group: '',
      ...attributes,
    }
    const decision = authorizer.authorize(wanted)
    if (!decision.allowed) throw forbiddenError(wanted, decision.reason)
  }
  const serviceAccount = splitServiceAccountUsername(name)
  if (serviceAccount)
    check({ resource: 'serviceaccounts', namespace: serviceAccount.namespace, name: serviceAccount.name })
  else check({ resource: 'users', name })
  for (const group of groups) check({ resource: 'groups', name: group })
  if (uid !== undefined) check({ group: 'authentication.k8s.io', resource: 'uids', name: uid })
  for (const [key, all] of Object.entries(extra))
    for (const value of all)
      check({ group: 'authentication.k8s.io', resource: 'userextras', subresource: key, name: value })

  const own = serviceAccount ? [allServiceAccountsGroup, serviceAccountGroupPrefix + serviceAccount.namespace] : []
  const all = groups.length > 0 ? [...groups] : [...own]
  const everyone = name === anonymousUser ? allUnauthenticated : allAuthenticated
  if (!all.includes(everyone)) all.push(everyone)
  return {
    name,
    groups: all,
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  }
}
