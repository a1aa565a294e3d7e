// Discovery: which groups, versions and resources there are. /api and /apis answer the aggregated form to clients that
// ask for it, the older documents to the others.
//
// Comes in: the registry's resources, and what further sources (aggregated API servers) have besides. Goes out: the
// documents, made when first asked for and kept until something comes or goes.

import { APIGroupDiscoveryList } from '../../api/apidiscovery/v2/apigroupdiscovery.ts'
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
import { APIGroup, APIGroupList, APIResourceList, APIVersions } from '../../api/meta/v1/apigroup.ts'
import type { ResourceDeclaration } from '../../api/resource.ts'
import { resources as builtInResources } from '../../api/scheme.ts'
import type { ObjectSchema } from '../../machinery/schema/schema.ts'
import { notFoundPath } from '../../machinery/status-error.ts'
import { inGroupOrder, localPriority, type Priority } from '../aggregation/group-order.ts'
import type { Dispatcher } from '../dispatcher.ts'
import { answerJson } from '../registry/answers.ts'
import type { Registry } from '../registry/registry.ts'
import type { RequestContext, Response } from '../request.ts'
import type { ServerOptions } from '../server-context.ts'
import { checkPage, objectTypes } from '../serving/routed.ts'
import { DiscoveryDocument, discoveryForm } from './discovery-document.ts'

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
  const documents = new Map<string, DiscoveryDocument>()
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
      [...registry.resources()]
        .map(({ declaration }) => declaration)
        .filter(({ custom }) => custom === undefined || custom.isListed()),
      localPriority,
    )
    return ordered
  }
  const versions = (): DiscoveredVersion[] => {
    discovered ??= allVersions(resources(), sources)
    return discovered
  }
  /** Kept under its name, in the form that is asked for. */
  const answer = (
    request: RequestContext,
    name: string,
    schema: ObjectSchema,
    make: () => object | undefined,
  ): Response | undefined => {
    let document = documents.get(name)
    if (!document) {
      const object = make()
      if (!object) return undefined
      document = new DiscoveryDocument(schema, object)
      documents.set(name, document)
    }
    return document.answer(discoveryForm(request))
  }
  const aggregated = (path: '/api' | '/apis', request: RequestContext): Response | undefined => {
    const form = discoveryForm(request, true)
    if (!form.aggregated) return undefined
    const name = `${path} aggregated`
    let document = documents.get(name)
    if (!document) {
      const here = ({ group }: GroupVersion) => (group === '') === (path === '/api')
      document = new DiscoveryDocument(APIGroupDiscoveryList, groupDiscoveryList(versions().filter(here)))
      documents.set(name, document)
    }
    return document.answer(form, request.headers['if-none-match'])
  }
  const address = `${options.advertiseAddress}:${options.port}`
  dispatcher.register('/api', request => {
    checkPage(request, objectTypes)
    return aggregated('/api', request) ?? answer(request, '/api', APIVersions, () => apiVersions(address))
  })
  const groups = (request: RequestContext) =>
    aggregated('/apis', request) ?? answer(request, '/apis', APIGroupList, () => apiGroupList(servers.groupVersions()))
  dispatcher.register('/apis', groups)
  dispatcher.registerUnlisted('/apis/', groups)
  dispatcher.register('/api/', request => {
    const [, , version = '', ...rest] = parts(request)
    if (rest.length > 0) return undefined
    if (!registry.servesVersion('', version)) throw notFoundPath()
    checkPage(request, objectTypes)
    return answer(request, `/api/${version}`, APIResourceList, () => apiResourceList(resources(), '', version))
  })
  dispatcher.register('/apis/', request => {
    const [, , group = '', version, ...rest] = parts(request)
    if (rest.length > 0 || group === '') return undefined
    if (version === undefined) {
      if (request.info.path.endsWith('//')) checkPage(request, objectTypes)
      return answer(
        request,
        `/apis/${group}`,
        APIGroup,
        () => apiGroup(servers.groupVersions(), group) ?? apiGroup(versions(), group),
      )
    }
    if (builtInGroups.has(group)) {
      if (!registry.servesVersion(group, version)) throw notFoundPath()
      checkPage(request, objectTypes)
    }
    const make = () => apiResourceList(resources(), group, version)
    return answer(request, `/apis/${group}/${version}`, APIResourceList, make)
  })
  const paths = () => [
    ...new Set([
      ...dispatcher.paths().filter(path => path !== '/'),
      ...listedPrefixes,
      ...versions().flatMap(({ group, version }) =>
        group === '' ? [`/api/${version}`] : [`/apis/${group}`, `/apis/${group}/${version}`],
      ),
    ]),
  ]
  const listed = () => answerJson({ paths: paths().sort() })
  dispatcher.register('/', listed)
  dispatcher.registerUnlisted('/index.html', listed)
}

/** Paths that `/` lists with their slash, too. */
const listedPrefixes = ['/apis/', '/openapi/v3/']

const parts = ({ info: { path } }: RequestContext): string[] => path.replace(/\/+$/, '').split('/')

const builtIn: ReadonlySet<ResourceDeclaration> = new Set(builtInResources)
const builtInGroups: ReadonlySet<string> = new Set(builtInResources.map(({ group }) => group))

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
