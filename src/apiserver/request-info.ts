// What a request is about, read off its method and path (upstream: apiserver/pkg/endpoints/request.RequestInfo).

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

const verbOf: Record<string, string> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** `namespaces/{name}/{these}` are parts of the namespace itself, not resources in it. */
const namespaceSubresources = new Set(['status', 'finalize'])

const nothing = { group: '', version: '', namespace: '', resource: '', subresource: '', name: '', rest: [] as string[] }

export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const other: RequestInfo = {
    ...nothing,
    isResourceRequest: false,
    path,
    verb: method.toLowerCase(),
    apiPrefix: '',
  }
  const parts = path.split('/')
  parts.shift()
  if (parts[parts.length - 1] === '') parts.pop()
  const prefix = parts.shift()
  if (prefix !== 'api' && prefix !== 'apis') return other
  if (parts.length < (prefix === 'api' ? 1 : 2)) return other
  const group = prefix === 'api' ? '' : decode(parts.shift()!)
  const version = decode(parts.shift()!)
  const about = { ...other, apiPrefix: prefix, group, version } as const
  if (parts.length === 0) return about

  let verb = verbOf[method] ?? ''
  if (parts[0] === 'watch' && parts.length > 1) {
    verb = 'watch'
    parts.shift()
  } else if (parts[0] === 'proxy' && parts.length > 1) {
    verb = 'proxy'
    parts.shift()
  }

  let namespace = ''
  if (parts[0] === 'namespaces') {
    if (parts.length > 1) namespace = decode(parts[1]!)
    if (parts.length > 2 && !namespaceSubresources.has(parts[2]!)) parts.splice(0, 2)
  }
  const resource = parts[0] ?? ''
  const name = parts.length > 1 ? decode(parts[1]!) : ''
  const subresource = parts[2] ?? ''
  const rest = parts.slice(3)

  if (verb === 'get' && name === '') {
    const watch = query.get('watch')
    verb = watch !== null && watch !== 'false' && watch !== '0' ? 'watch' : 'list'
  } else if (verb === 'delete' && name === '') verb = 'deletecollection'
  else if (verb === 'get' && subresource === '') {
    const watch = query.get('watch')
    if (watch === 'true' || watch === '1') verb = 'watch'
  }
  return {
    isResourceRequest: true,
    path,
    verb,
    apiPrefix: prefix,
    group,
    version,
    namespace: resource === 'namespaces' ? name : namespace,
    resource,
    subresource,
    name,
    rest,
    labelSelector: query.get('labelSelector') ?? undefined,
    fieldSelector: query.get('fieldSelector') ?? undefined,
  }
}

function decode(part: string): string {
  if (!part.includes('%')) return part
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
