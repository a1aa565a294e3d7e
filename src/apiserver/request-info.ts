// What a request is about, read off its method and path (upstream: apiserver/pkg/endpoints/request.RequestInfo).

import { textOf } from '../machinery/go-text.ts'
import { queryFlag } from './query-parameters.ts'

export interface RequestInfo {
  readonly isResourceRequest: boolean
  readonly path: string
  /** get, list, watch, create, update, patch, delete, deletecollection, proxy, connect; for other paths the lower-cased method. */
  readonly verb: string
  readonly apiPrefix: '' | 'api' | 'apis'
  readonly group: string
  readonly version: string
  readonly namespace: string
  readonly resource: string
  readonly subresource: string
  readonly name: string
  /** What follows resource/name/subresource, for proxies. */
  readonly rest: readonly string[]
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

export const verbOfMethod: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** `namespaces/{name}/{these}` are parts of the namespace itself, not resources in it. */
const namespaceSubresources = new Set(['status', 'finalize'])

const none: readonly string[] = []

/** A request for a path that is not about a resource. */
function otherPath(
  method: string,
  path: string,
  apiPrefix: RequestInfo['apiPrefix'],
  group: string,
  version: string,
): RequestInfo {
  return {
    isResourceRequest: false,
    path,
    verb: method.toLowerCase(),
    apiPrefix,
    group,
    version,
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    rest: none,
    labelSelector: undefined,
    fieldSelector: undefined,
  }
}

/** By path and method: most requests are for a few collections. Emptied when full. */
const recent = new Map<string, Map<string, RequestInfo>>()
const mostRecent = 256
const longestRecent = 256

export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  if (query.size > 0 || path.length > longestRecent || !verbOfMethod[method]) return read(method, path, query)
  let byMethod = recent.get(path)
  const known = byMethod?.get(method)
  if (known) return known
  const info = read(method, path, query)
  if (!byMethod) {
    if (recent.size >= mostRecent) recent.clear()
    byMethod = new Map()
    recent.set(path, byMethod)
  }
  byMethod.set(method, info)
  return info
}

function read(method: string, encoded: string, query: URLSearchParams): RequestInfo {
  // As Go does: an encoded slash is one like any other.
  const path = decode(encoded)
  const isCore = path.startsWith('/api/')
  if (!isCore && !path.startsWith('/apis/')) return otherPath(method, path, '', '', '')
  const parts = path.split('/')
  let length = parts.length
  if (parts[length - 1] === '') length--
  // parts[0] is what stands before the first slash, parts[1] the prefix.
  const apiPrefix = isCore ? 'api' : 'apis'
  let at = isCore ? 3 : 4
  if (length < at) return otherPath(method, path, '', '', '')
  const group = isCore ? '' : parts[2]!
  const version = parts[at - 1]!
  if (length === at) return otherPath(method, path, apiPrefix, group, version)

  let verb = verbOfMethod[method] ?? ''
  const prefix = length > at + 1 ? parts[at] : undefined
  const prefixed = prefix === 'watch' || prefix === 'proxy'
  if (prefixed) {
    verb = prefix
    at++
  }
  let namespace = ''
  if (parts[at] === 'namespaces') {
    if (length > at + 1) namespace = parts[at + 1]!
    if (length > at + 2 && !namespaceSubresources.has(parts[at + 2]!)) at += 2
  }
  const resource = parts[at] ?? ''
  const name = length > at + 1 ? parts[at + 1]! : ''
  const subresource = length > at + 2 ? parts[at + 2]! : ''

  if (verb === 'get') {
    if (name === '') verb = isWatch(query) ? 'watch' : 'list'
  } else if (verb === 'delete' && name === '') verb = 'deletecollection'
  // Where the path itself says `watch`, selectors don't count for what a request is about.
  const selects = query.size > 0 && !prefixed && (verb === 'list' || verb === 'watch' || verb === 'deletecollection')
  return {
    isResourceRequest: true,
    path,
    verb,
    apiPrefix,
    group,
    version,
    namespace: resource === 'namespaces' ? name : namespace,
    resource,
    subresource,
    name,
    rest: length > at + 3 ? parts.slice(at + 3, length) : none,
    labelSelector: selects ? (query.get('labelSelector') ?? undefined) : undefined,
    fieldSelector: selects ? (query.get('fieldSelector') ?? undefined) : undefined,
  }
}

function isWatch(query: URLSearchParams): boolean {
  if (query.size === 0) return false
  return queryFlag(query, 'watch')
}

/** Once only. What is no UTF-8 has no text, but a name for each byte (go-text.ts). */
function decode(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return textOf(unescaped(path))
  }
}

function unescaped(path: string): Uint8Array {
  const bytes: number[] = []
  for (const piece of path.match(/%[0-9a-f]{2}|[^%]+|%/gi) ?? [])
    if (piece.length === 3 && piece[0] === '%') bytes.push(Number.parseInt(piece.slice(1), 16))
    else bytes.push(...Buffer.from(piece))
  return Uint8Array.from(bytes)
}
