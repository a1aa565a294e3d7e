// Discovery: which groups, versions and resources there are. /api and /apis answer the aggregated form to clients that
// ask for it, the older documents to the others.
//
// Comes in: the registry's resources, and what further sources (aggregated API servers) have besides. Goes out: the
// documents, made when first asked for and kept until something comes or goes.

import { createHash } from 'node:crypto'
import {
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  type DiscoveredVersion,
  discoveredVersions,
  type GroupVersion,
  groupDiscoveryList,
} from '../../api/discovery.ts'
import type { ResourceDeclaration } from '../../api/resource.ts'
import { resources as builtInResources } from '../../api/scheme.ts'
import { notAcceptable } from '../../machinery/status-error.ts'
import { inGroupOrder, localPriority, type Priority } from '../aggregation/group-order.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { Registry } from '../registry/registry.ts'
import type { RequestContext, Response } from '../request.ts'
import type { ServerOptions } from '../server-context.ts'
import { json, parseAccept } from '../serving/media-type.ts'

/** Which API servers there are, besides this one. */
export interface AggregatedServers {
  readonly discovery: DiscoverySource
  /** What the older documents list, in their order. */
  groupVersions(): readonly GroupVersion[]
  onChange(listener: () => void): void
}

/** What else is to be discovered, besides the registry's resources. */
export interface DiscoverySource {
  /** Takes the place of what the registry has of the same group and version. */
  versions(): Iterable<DiscoveredVersion & { readonly priority: Priority }>
  onChange(listener: () => void): void
}

export function registerDiscovery(
  dispatcher: Dispatcher,
  registry: Registry,
  options: ServerOptions,
  servers: AggregatedServers,
): void {
  const sources = [servers.discovery]
  const documents = new Map<string, Response>()
  let ordered: ResourceDeclaration[] | undefined
  let discovered: DiscoveredVersion[] | undefined
  const forget = () => {
    documents.clear()
    ordered = discovered = undefined
  }
  registry.onChange(forget)
  servers.onChange(forget)
  for (const source of sources) source.onChange(forget)

  const resources = (): ResourceDeclaration[] => {
    ordered ??= inGroupOrder(
      [...registry.resources()].map(({ declaration }) => declaration),
      localPriority,
    )
    return ordered
  }
  const versions = (): DiscoveredVersion[] => {
    discovered ??= allVersions(resources(), sources)
    return discovered
  }
  const document = (name: string, make: () => object | undefined, contentType = json): Response | undefined => {
    let answer = documents.get(name)
    if (!answer) {
      const object = make()
      if (!object) return undefined
      const body = Buffer.from(`${JSON.stringify(object)}\n`)
      const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`
      answer = { status: 200, contentType, object, body, headers: { etag } }
      documents.set(name, answer)
    }
    return answer
  }
  const aggregated = (path: '/api' | '/apis', request: RequestContext): Response | undefined => {
    const header = request.headers['accept']
    for (const { type, parameters } of parseAccept((Array.isArray(header) ? header.join(',') : header) ?? '*/*')) {
      if (parameters['as'] === 'APIGroupDiscoveryList') {
        const version = parameters['v']
        if (type !== json || (version !== 'v2' && version !== 'v2beta1')) continue
        const contentType = `${json};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
        const here = (of: GroupVersion) => (of.group === '') === (path === '/api')
        const make = () => groupDiscoveryList(versions().filter(here), version)
        const answer = document(`${path} ${version}`, make, contentType)!
        return request.headers['if-none-match'] === answer.headers!['etag']
          ? { status: 304, headers: answer.headers }
          : answer
      }
      if (type === json || type === '*/*' || type === 'application/*') return undefined
    }
    if (header === undefined || request.direct) return undefined
    const onlyOthers = parseAccept(String(header)).every(
      ({ type }) => type !== 'application/vnd.kubernetes.protobuf' && type !== 'application/yaml',
    )
    if (onlyOthers) throw notAcceptable([json])
    return undefined
  }
  const address = `${options.advertiseAddress}:${options.port}`
  dispatcher.register('/api', request => aggregated('/api', request) ?? document('/api', () => apiVersions(address))!)
  dispatcher.register(
    '/apis',
    request => aggregated('/apis', request) ?? document('/apis', () => apiGroupList(servers.groupVersions()))!,
  )
  dispatcher.register('/api/', ({ path }) => {
    const [, , version = '', ...rest] = parts(path)
    return rest.length > 0 ? undefined : document(path, () => apiResourceList(resources(), '', version))
  })
  dispatcher.register('/apis/', ({ path }) => {
    const [, , group = '', version, ...rest] = parts(path)
    if (rest.length > 0 || group === '') return undefined
    if (version === undefined)
      return document(`/apis/${group}`, () => apiGroup(servers.groupVersions(), group) ?? apiGroup(versions(), group))
    return document(`/apis/${group}/${version}`, () => apiResourceList(resources(), group, version))
  })
  const paths = () => [
    ...new Set([
      ...dispatcher.paths(),
      ...versions().flatMap(({ group, version }) =>
        group === '' ? [`/api/${version}`] : [`/apis/${group}`, `/apis/${group}/${version}`],
      ),
    ]),
  ]
  dispatcher.register('/', () => document('/', () => ({ paths: paths().sort() })))
}

const parts = (path: string): string[] => (path.endsWith('/') ? path.slice(0, -1) : path).split('/')

const builtIn: ReadonlySet<ResourceDeclaration> = new Set(builtInResources)

function allVersions(
  resources: readonly ResourceDeclaration[],
  sources: readonly DiscoverySource[],
): DiscoveredVersion[] {
  const own = discoveredVersions(resources, resource => !builtIn.has(resource))
  const others = sources.flatMap(source => [...source.versions()])
  if (others.length === 0) return own
  const all = new Map(own.map(of => [`${of.group}/${of.version}`, { ...of, priority: localPriority(of) }]))
  for (const other of others) all.set(`${other.group}/${other.version}`, other)
  return inGroupOrder([...all.values()], ({ priority }) => priority)
}
