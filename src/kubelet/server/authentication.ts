// Who may ask the kubelet what. Authentication: a client certificate signed by the cluster's CA (the API server's, above
// all), or a bearer token that a callback knows. Authorization: a callback, which is asked about `nodes/<subresource>`
// in the way of upstream's (SubjectAccessReview, in a kubelet by itself).

import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'

export interface KubeletUser {
  readonly name: string
  readonly groups: readonly string[]
  readonly uid?: string
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** What a request is, in the terms of RBAC. */
export interface NodeRequestAttributes {
  readonly verb: string
  readonly resource: 'nodes'
  readonly subresource: string
  /** The node's name. */
  readonly name: string
  readonly path: string
}

export interface KubeletAuth {
  /** Missing: bearer tokens are not taken. */
  authenticateToken?(token: string): Promise<KubeletUser | undefined>
  authorize(user: KubeletUser, attributes: NodeRequestAttributes): boolean | Promise<boolean>
}

/** The user of the connection's client certificate, if it has a valid one: its common name and organizations. */
export function certificateUser(request: IncomingMessage): KubeletUser | undefined {
  const socket = request.socket as Partial<TLSSocket>
  if (!socket.authorized || !socket.getPeerCertificate) return undefined
  // A name that is given several times is a list; the declared type does not say so everywhere.
  const { CN: names, O: groups } = (socket.getPeerCertificate().subject ?? {}) as Record<string, string | string[]>
  const [name] = [names ?? []].flat()
  if (!name) return undefined
  return { name, groups: [...[groups ?? []].flat(), 'system:authenticated'] }
}

export function bearerToken(request: IncomingMessage): string | undefined {
  const match = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')
  return match?.[1]
}

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** The rights each of which suffices for the request, most specific first. */
export function requestAttributes(method: string, path: string, nodeName: string): NodeRequestAttributes[] {
  const verb = verbs[method] ?? ''
  return subresources(path).map(subresource => ({ verb, resource: 'nodes', subresource, name: nodeName, path }))
}

function subresources(path: string): string[] {
  const below = (root: string) => path === root || path.startsWith(`${root}/`)
  if (below('/stats')) return ['stats']
  if (below('/metrics')) return ['metrics']
  if (below('/logs')) return ['log']
  if (below('/checkpoint')) return ['checkpoint']
  if (below('/healthz')) return ['healthz', 'proxy']
  if (below('/configz')) return ['configz', 'proxy']
  if (below('/pods') || below('/runningpods')) return ['pods', 'proxy']
  return ['proxy']
}
