// Which operations a resource has: method, path, parameters, what goes in and comes out. One model for both dialects.

import type { ObjectSchema } from '../../machinery/schema/schema.ts'
import { APIGroup, APIResourceList } from '../meta/v1/apigroup.ts'
import { DeleteOptions } from '../meta/v1/options.ts'
import { Status } from '../meta/v1/status.ts'
import { WatchEvent } from '../meta/v1/watchevent.ts'
import { apiVersionOf, type ResourceDeclaration, type SubresourceDeclaration, type Verb } from '../resource.ts'
import { kindFor } from '../scheme.ts'
import { patchDefinition } from './definition.ts'
import {
  createParameters,
  deleteCollectionParameters,
  deleteParameters,
  listParameters,
  nameParameter,
  namespaceParameter,
  type Parameter,
  patchParameters,
  pathParameter,
  pretty,
  queryOf,
  updateParameters,
} from './parameter.ts'

/** A declared object, a definition by name, or plain text. */
export type Content = ObjectSchema | string | { readonly type: 'string' }

export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export interface Operation {
  readonly path: string
  readonly method: string
  readonly action?: string
  readonly operationId: string
  readonly description: string
  readonly tag: string
  readonly kind?: GroupVersionKind
  readonly parameters: readonly Parameter[]
  readonly consumes?: readonly string[]
  readonly body?: { readonly content: Content; readonly required: boolean }
  readonly produces: readonly string[]
  readonly responses: readonly { readonly code: 200 | 201 | 202; readonly content: Content }[]
}

export const anyType = ['*/*']
export const apiTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']
const watchTypes = [...apiTypes, 'application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']
const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]
export const text = { type: 'string' } as const

/** `rbac.authorization.k8s.io` → `RbacAuthorization`, as operation ids have it. */
export function groupTitle(group: string): string {
  if (group === '') return 'Core'
  return group
    .replace(/\.k8s\.io$/, '')
    .split('.')
    .map(title)
    .join('')
}
const title = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)
const tagOf = (group: string) => groupTitle(group).charAt(0).toLowerCase() + groupTitle(group).slice(1)
const pathOf = (of: { readonly group: string; readonly version: string }) =>
  `/${of.group === '' ? 'api' : 'apis'}/${apiVersionOf(of)}`

/** `a Pod`, `an Event`, `Endpoints`. */
function withArticle(kind: string): string {
  if (kind.endsWith('s') && !kind.endsWith('ss')) return kind
  return `${/^[aeiou]/i.test(kind) ? 'an' : 'a'} ${kind}`
}

/** `/apis/<group>/`. */
export function groupOperation(group: string): Operation {
  const operationId = `get${groupTitle(group)}APIGroup`
  const description = 'get information of a group'
  return document(`/apis/${group}/`, operationId, description, tagOf(group), APIGroup)
}

/** `/apis/<group>/<version>/`. */
export function versionOperation(group: string, version: string): Operation {
  const operationId = `get${groupTitle(group)}${title(version)}APIResources`
  const tag = `${tagOf(group)}_${version}`
  return document(`${pathOf({ group, version })}/`, operationId, 'get available resources', tag, APIResourceList)
}

/** A GET of one of the server's own documents. */
export function document(
  path: string,
  operationId: string,
  description: string,
  tag: string,
  content: Content,
  types: { readonly consumes?: readonly string[]; readonly produces: readonly string[] } = {
    consumes: apiTypes,
    produces: apiTypes,
  },
): Operation {
  return { path, method: 'get', operationId, description, tag, parameters: [], ...types, responses: ok(content) }
}

const ok = (content: Content, ...codes: (201 | 202)[]) => ([200, ...codes] as const).map(code => ({ code, content }))

export function resourceOperations(resource: ResourceDeclaration): Operation[] {
  const make = operationsOf(resource)
  return [
    ...make.collection(),
    ...make.item(),
    ...resource.subresources.flatMap(subresource =>
      isConnect(subresource) ? make.connect(subresource) : make.subresource(subresource),
    ),
  ]
}

/** Subresources that hand the connection on instead of exchanging objects. */
const isConnect = ({ name }: SubresourceDeclaration) => ['attach', 'exec', 'portforward', 'proxy'].includes(name)

function operationsOf(resource: ResourceDeclaration) {
  const { group, version, kind, namespaced, schema } = resource
  const listSchema = resource.listSchema ?? schema
  const base = pathOf(resource)
  const prefix = groupTitle(group) + title(version)
  const scope = namespaced ? 'Namespaced' : ''
  const scopePath = namespaced ? '/namespaces/{namespace}' : ''
  const scopeParameters = namespaced ? [namespaceParameter] : []
  const collectionPath = `${scopePath}/${resource.resource}`
  const common = { tag: `${tagOf(group)}_${version}`, kind: { group, version, kind } }
  const objects = { ...common, consumes: anyType, produces: apiTypes }
  const body = (content: Content) => ({ content, required: true })
  const has = (verb: Verb) => resource.verbs.includes(verb)

  function collection(): Operation[] {
    const parameters = [...scopeParameters, pretty]
    const all: Operation[] = []
    const list = {
      ...objects,
      method: 'get',
      action: 'list',
      description: `list ${has('watch') ? 'or watch ' : ''}objects of kind ${kind}`,
      produces: watchTypes,
      responses: ok(listSchema),
    }
    if (has('list')) {
      all.push({
        ...list,
        path: base + collectionPath,
        operationId: `list${prefix}${scope}${kind}`,
        parameters: [...listParameters, ...parameters],
      })
      if (namespaced)
        all.push({
          ...list,
          path: `${base}/${resource.resource}`,
          operationId: `list${prefix}${kind}ForAllNamespaces`,
          parameters: [...listParameters, pretty],
        })
    }
    if (has('create'))
      all.push({
        ...objects,
        path: base + collectionPath,
        method: 'post',
        action: 'post',
        operationId: `create${prefix}${scope}${kind}`,
        description: `create ${withArticle(kind)}`,
        parameters: [...createParameters, ...parameters],
        body: body(schema),
        responses: ok(schema, 201, 202),
      })
    if (has('deletecollection'))
      all.push({
        ...objects,
        path: base + collectionPath,
        method: 'delete',
        action: 'deletecollection',
        operationId: `delete${prefix}Collection${scope}${kind}`,
        description: `delete collection of ${kind}`,
        parameters: [...deleteCollectionParameters, ...parameters],
        body: { content: DeleteOptions, required: false },
        responses: ok(Status),
      })
    if (has('watch')) {
      const watch = {
        ...list,
        action: 'watchlist',
        description: `watch individual changes to a list of ${kind}. deprecated: use the 'watch' parameter with a list operation instead.`,
        responses: ok(WatchEvent),
      }
      all.push({
        ...watch,
        path: `${base}/watch${collectionPath}`,
        operationId: `watch${prefix}${scope}${kind}List`,
        parameters: [...listParameters, ...parameters],
      })
      if (namespaced)
        all.push({
          ...watch,
          path: `${base}/watch/${resource.resource}`,
          operationId: `watch${prefix}${kind}ListForAllNamespaces`,
          parameters: [...listParameters, pretty],
        })
    }
    return all
  }

  function item(): Operation[] {
    const path = `${base}${collectionPath}/{name}`
    const parameters = [nameParameter(kind), ...scopeParameters, pretty]
    const all = exchange(path, '', resource.verbs, schema, kind, parameters)
    if (has('delete')) {
      all.push({
        ...objects,
        path,
        method: 'delete',
        action: 'delete',
        operationId: `delete${prefix}${scope}${kind}`,
        description: `delete ${withArticle(kind)}`,
        parameters: [...deleteParameters, ...parameters],
        body: { content: DeleteOptions, required: false },
        responses: ok(resource.returnsDeletedObject ? schema : Status, 202),
      })
    }
    if (has('watch')) {
      all.push({
        ...objects,
        path: `${base}/watch${collectionPath}/{name}`,
        method: 'get',
        action: 'watch',
        operationId: `watch${prefix}${scope}${kind}`,
        description: `watch changes to an object of kind ${kind}. deprecated: use the 'watch' parameter with a list operation instead, filtered to a single item with the 'fieldSelector' parameter.`,
        parameters: [...listParameters, ...parameters],
        produces: watchTypes,
        responses: ok(WatchEvent),
      })
    }
    return all
  }

  /** GET, PUT and PATCH of an object or of a part of it. */
  function exchange(
    path: string,
    part: string,
    verbs: readonly Verb[],
    content: Content,
    bodyKind: string,
    parameters: readonly Parameter[],
    of: typeof objects = objects,
  ): Operation[] {
    const id = `${prefix}${scope}${kind}${title(part)}`
    const what = `${part && `${part} of `}the specified ${kind}`
    const all: Operation[] = []
    if (verbs.includes('get'))
      all.push({
        ...of,
        path,
        method: 'get',
        action: 'get',
        operationId: `read${id}`,
        description: `read ${what}`,
        parameters,
        responses: ok(content),
      })
    if (verbs.includes('update'))
      all.push({
        ...of,
        path,
        method: 'put',
        action: 'put',
        operationId: `replace${id}`,
        description: `replace ${what}`,
        parameters: [...updateParameters, ...parameters],
        body: body(content),
        responses: ok(content, 201),
      })
    if (verbs.includes('patch'))
      all.push({
        ...of,
        path,
        method: 'patch',
        action: 'patch',
        operationId: `patch${id}`,
        description: `partially update ${what}`,
        parameters: [...patchParameters, ...parameters],
        consumes: patchTypes,
        body: body(patchDefinition),
        responses: ok(content, 201),
      })
    if (part && verbs.includes('create'))
      all.push({
        ...of,
        path,
        method: 'post',
        action: 'post',
        operationId: `create${id}`,
        description: `create ${part} of ${withArticle(bodyKind === kind ? bodyKind : kind)}`,
        parameters: [...createParameters, ...parameters],
        body: body(content),
        responses: ok(content, 201, 202),
      })
    return all
  }

  function subresource({ name, kind: other, verbs }: SubresourceDeclaration): Operation[] {
    const path = `${base}${collectionPath}/{name}/${name}`
    const of = other ?? common.kind
    const parameters = [nameParameter(of.kind), ...scopeParameters, pretty]
    if (name === 'log') {
      const log = kindFor('', 'v1', 'PodLogOptions')!.schema
      return exchange(path, name, verbs, text, kind, [...queryOf(log), ...parameters], {
        ...objects,
        produces: ['text/plain', ...apiTypes],
      })
    }
    const content = other ? kindFor(of.group, of.version, of.kind)!.schema : schema
    return exchange(path, name, verbs, content, of.kind, parameters, { ...objects, kind: of })
  }

  function connect({ name, kind: options }: SubresourceDeclaration): Operation[] {
    const path = `${base}${collectionPath}/{name}/${name}`
    const query = queryOf(kindFor(options!.group, options!.version, options!.kind)!.schema)
    const parameters = [...query, nameParameter(options!.kind), ...scopeParameters]
    const methods = name === 'proxy' ? ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'] : ['get', 'post']
    const paths = [{ path, suffix: '', more: [] as Parameter[] }]
    if (name === 'proxy') paths.push({ path: `${path}/{path}`, suffix: 'WithPath', more: [pathParameter] })
    return paths.flatMap(({ path, suffix, more }) =>
      methods.map(method => ({
        ...common,
        kind: options!,
        path,
        method,
        action: 'connect',
        operationId: `connect${prefix}${title(method)}${scope}${kind}${title(name)}${suffix}`,
        description: `connect ${method.toUpperCase()} requests to ${name} of ${kind}`,
        parameters: [...parameters, ...more],
        consumes: anyType,
        produces: anyType,
        responses: ok(text),
      })),
    )
  }

  return { collection, item, subresource, connect }
}
