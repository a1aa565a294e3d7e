// Who a request is made as: upstream's user.Info. Authentication makes it, impersonation may replace it, everything
// after reads it.

export interface UserInfo {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** Names that upstream gives a meaning to (k8s.io/apiserver/pkg/authentication/user). */
export const systemPrivilegedGroup = 'system:masters'
export const allAuthenticated = 'system:authenticated'
export const allUnauthenticated = 'system:unauthenticated'
export const nodesGroup = 'system:nodes'
export const nodeUserPrefix = 'system:node:'
/** The API server itself. */
export const systemApiServer = 'system:apiserver'
export const anonymousUser = 'system:anonymous'
export const allServiceAccountsGroup = 'system:serviceaccounts'
export const serviceAccountUserPrefix = 'system:serviceaccount:'
export const serviceAccountGroupPrefix = 'system:serviceaccounts:'

/** The user name of a service account. */
export function serviceAccountUsername(namespace: string, name: string): string {
  return `${serviceAccountUserPrefix}${namespace}:${name}`
}

/** The namespace and name behind a service account's user name; undefined for any other user. */
export function splitServiceAccountUsername(user: string): { namespace: string; name: string } | undefined {
  if (!user.startsWith(serviceAccountUserPrefix)) return undefined
  const parts = user.slice(serviceAccountUserPrefix.length).split(':')
  if (parts.length !== 2 || !parts[0] || !parts[1]) return undefined
  return { namespace: parts[0], name: parts[1] }
}

/** The node a kubelet's user name speaks for; undefined when the user is not a node. */
export function nodeNameOf(user: UserInfo): string | undefined {
  if (!user.name.startsWith(nodeUserPrefix) || !user.groups.includes(nodesGroup)) return undefined
  return user.name.slice(nodeUserPrefix.length)
}
