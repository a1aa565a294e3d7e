// The last stage: which code answers the request. What another API server answers for goes there. Resources go to the generic verbs, subresources to their handlers,
// everything else (health, version, metrics, discovery, OpenAPI) to the endpoints that registered their path.

import { deprecationWarning, type ResourceDeclaration, type Verb } from '../api/resource.ts'
import { quote } from '../machinery/go-text.ts'
import { badRequest, methodNotSupported, notFound, notFoundPath } from '../machinery/status-error.ts'
import type { Aggregator } from './aggregation/aggregator.ts'
import type { ServedResource } from './registry/registry.ts'
import { checkNoDryRun, isConnection } from './registry/subresources/connect.ts'
import { create } from './registry/verbs/create.ts'
import { deleteCollection, deleteOne } from './registry/verbs/delete.ts'
import { patch } from './registry/verbs/patch.ts'
import { get, list } from './registry/verbs/read.ts'
import { update } from './registry/verbs/update.ts'
import { watch } from './registry/verbs/watch.ts'
import type { Answer, RequestContext, Response } from './request.ts'
import { verbOfMethod } from './request-info.ts'
import type { ServerContext } from './server-context.ts'
import { patchTypes } from './serving/media-type.ts'
import { checkAccept, checkContentType, listTypes, logTypes, notAllowed, objectTypes } from './serving/routed.ts'

type VerbHandler = (server: ServerContext, resource: ServedResource, request: RequestContext) => Answer

const verbs: Readonly<Record<Verb, VerbHandler>> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: deleteOne,
  deletecollection: deleteCollection,
}

/** Answers for a path, or (with a trailing slash) for everything below it; undefined: there is no such page. */
export type Endpoint = (request: RequestContext) => Answer | undefined

/** Where upstream has a router, which doesn't mind slashes at the end. */
const routed = new Set(['/api', '/version', '/.well-known/openid-configuration', '/openid/v1/jwks'])

export class Dispatcher {
  readonly #server: ServerContext
  readonly #aggregator: Pick<Aggregator, 'serve'>
  readonly #exact = new Map<string, Endpoint>()
  readonly #unlisted = new Map<string, Endpoint>()
  readonly #below: { readonly prefix: string; readonly endpoint: Endpoint }[] = []

  constructor(server: ServerContext, aggregator: Pick<Aggregator, 'serve'>) {
    this.#server = server
    this.#aggregator = aggregator
  }

  register(path: string, endpoint: Endpoint): void {
    if (path.endsWith('/') && path !== '/') this.#below.push({ prefix: path, endpoint })
    else this.#exact.set(path, endpoint)
  }

  /** As `register`, but the path is not one of those that `/` lists. */
  registerUnlisted(path: string, endpoint: Endpoint): void {
    this.#unlisted.set(path, endpoint)
  }

  paths(): string[] {
    return [...this.#exact.keys()].sort()
  }

  dispatch(request: RequestContext): Answer {
    const { info } = request
    const elsewhere = this.#aggregator.serve(request)
    if (elsewhere) return elsewhere
    if (info.isResourceRequest) return this.#resource(request)
    const { path } = info
    const trimmed = path.endsWith('/') ? path.replace(/\/+$/, '') : path
    const endpoint =
      this.#exact.get(path) ??
      this.#unlisted.get(path) ??
      (routed.has(trimmed) ? this.#exact.get(trimmed) : undefined) ??
      this.#below.find(({ prefix }) => path.startsWith(prefix))?.endpoint
    return endpoint?.(request) ?? pageNotFound()
  }

  #resource(request: RequestContext): Answer {
    const { info } = request
    const resource = this.#server.registry.find(info.group, info.version, info.resource)
    if (!resource || (info.group === '' && info.apiPrefix === 'apis')) {
      if (info.version === '' && this.#hasGroup(info.group)) throw notFoundPath()
      if (info.apiPrefix === 'apis' && info.group === '') return pageNotFound()
      if (info.apiPrefix === 'api' || this.#server.registry.servesBuiltIn(info.group, info.version))
        throw notFoundPath()
      return pageNotFound()
    }
    const { declaration } = resource
    if (!declaration.custom) checkRoute(resource, request)
    else if (declaration.namespaced && info.namespace === '' && info.name !== '') throw notFoundPath()
    else if (isMisplaced(declaration, info)) return pageNotFound()
    request.handled = true
    const handlers = resource.subresources.get(info.subresource)
    const own = handlers?.[info.verb]
    if (!own) this.#checkVerb(resource, request, handlers !== undefined)
    if (!declaration.custom) checkMediaTypes(request)
    // Of an update the names are compared first.
    const problem = info.verb === 'update' ? undefined : segmentProblem(info.name)
    if (problem) throw badRequest(`Name parameter invalid: ${quote(info.name)}: ${problem}`)
    if (declaration.deprecated || declaration.custom?.deprecationWarning) {
      request.deprecated = true
      request.audit?.annotate('k8s.io/deprecated', 'true')
      request.warnings.push(deprecationWarning(declaration)!)
    }
    return (own ?? verbs[info.verb as Verb])(this.#server, resource, request)
  }

  #hasGroup(group: string): boolean {
    for (const { declaration } of this.#server.registry.resources())
      if (declaration.group === group && !declaration.custom) return true
    return false
  }

  /** Refuses what no verb of every resource answers. */
  #checkVerb({ declaration, storage }: ServedResource, { info }: RequestContext, hasSubresource: boolean): void {
    if (info.subresource !== '') {
      if (hasSubresource) throw notAllowed()
      throw declaration.custom ? notFound(declaration, info.name) : notFoundPath()
    }
    // While its definition is being deleted, discovery hides verbs of a custom resource that still have an answer.
    if (!verbs[info.verb as Verb] || !(declaration.custom || declaration.verbs.includes(info.verb as Verb)))
      throw notAllowed()
    // Only named objects are changed one by one.
    if (info.name === '' && (info.verb === 'update' || info.verb === 'patch')) throw notAllowed()
    if (!storage) throw methodNotSupported(declaration, info.verb)
  }
}

/** What a name in a path may not be. No slash comes so far. */
function segmentProblem(name: string): string | undefined {
  if (name === '.' || name === '..') return `may not be '${name}'`
  return name.includes('%') ? "may not contain '%'" : undefined
}

/** Verbs whose path names an object. */
const ofOne = new Set<Verb>(['get', 'update', 'patch', 'delete'])

/** What upstream's router has no route for; the paths of custom resources are none of its. */
function checkRoute(served: ServedResource, { info, method, direct, query }: RequestContext): void {
  const { declaration, subresources } = served
  const { namespaced, verbs: all } = declaration
  const { namespace, name, subresource, verb, resource, rest } = info
  // The paths of the proxies that were before subresources.
  if (verb === 'proxy') throw notFoundPath()
  if (subresource === '' ? rest.length > 0 : !subresources.has(subresource)) throw notFoundPath()
  if (rest.length > 0 && subresource !== 'proxy') throw notFoundPath()
  const isNowhere = namespaced && namespace === '' && info.path.includes('/namespaces//')
  if (namespaced) {
    if (namespace === '' && !isNowhere) {
      if (name !== '' || subresource !== '' || !all.includes('list')) throw notFoundPath()
      if (verb !== 'list' && verb !== 'watch') throw notAllowed()
    }
  } else if (namespace !== '' && resource !== 'namespaces') throw notFoundPath()
  if (name !== '' && subresource === '' && !all.some(known => ofOne.has(known))) throw notFoundPath()
  if (verb === 'create' && name !== '' && subresource === '') throw notAllowed()
  if (subresource === 'finalize' && method !== 'PUT') throw notAllowed()
  if (!direct && (method === 'HEAD' || (verb === 'watch' && method !== 'GET')) && subresource !== 'proxy')
    throw notAllowed()
  if (subresource !== '' ? name === '' || isNowhere : name !== '' && isNowhere) checkPlace(served, info, method, query)
}

/** A segment of the path is empty: there is a route for that, but nothing that it leads to. */
function checkPlace(
  { declaration, subresources }: ServedResource,
  { name, subresource }: RequestContext['info'],
  method: string,
  query: URLSearchParams,
): void {
  const verb = verbOfMethod[method] ?? ''
  if (subresource === '' ? !declaration.verbs.includes(verb as Verb) : !subresources.get(subresource)?.[verb])
    throw notAllowed()
  if (isConnection(subresource)) checkNoDryRun(query)
  throw badRequest(name === '' ? 'name must be provided' : 'Namespace parameter required.')
}

/** Upstream's router looks at both headers before anything else does. */
function checkMediaTypes(request: RequestContext): void {
  const { verb, subresource } = request.info
  if (verb === 'patch' && subresource !== 'proxy') checkContentType(request, patchTypes)
  if (subresource === '' || subresource === 'status' || subresource === 'scale')
    checkAccept(request, verb === 'list' || verb === 'watch' ? listTypes : objectTypes)
  else if (subresource === 'log') checkAccept(request, logTypes)
}

/** A custom resource is asked for in a namespace though it is in none, or changed in all of them at once. */
function isMisplaced({ namespaced }: ResourceDeclaration, { namespace, verb }: RequestContext['info']): boolean {
  if (!namespaced) return namespace !== ''
  return namespace === '' && verb !== 'list' && verb !== 'watch'
}

/** What upstream answers for a path nobody serves: plain text. */
function pageNotFound(): Response {
  return {
    status: 404,
    contentType: 'text/plain; charset=utf-8',
    headers: { 'x-content-type-options': 'nosniff' },
    body: Buffer.from('404 page not found\n'),
  }
}
