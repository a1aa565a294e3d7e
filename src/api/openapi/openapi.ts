// The OpenAPI documents: what kubectl explain, client-side validation and code generators read.
//
// Comes in: nothing but the declarations. Goes out: plain objects for /openapi/v2, /openapi/v3 (the index) and
// /openapi/v3/<path>, made when first asked for, then kept.

import { createHash } from 'node:crypto'
import type { ObjectSchema } from '../../machinery/schema/schema.ts'
import { APIGroupList, APIVersions } from '../meta/v1/apigroup.ts'
import { Info } from '../meta/v1/versioninfo.ts'
import { apiVersionOf } from '../resource.ts'
import { groupVersions, isEverywhere, kinds, knownGroupVersions, resources } from '../scheme.ts'
import { type Dialect, definitions, type Json, type KindsOf, refTo } from './definition.ts'
import {
  type Content,
  document,
  groupOperation,
  type Operation,
  resourceOperations,
  text,
  versionOperation,
} from './operation.ts'
import { type Parameter, parameterJson, sorted } from './parameter.ts'

const info = { title: 'Kubernetes', version: '1.36' }
const bearerToken = {
  description: 'Bearer Token authentication',
  type: 'apiKey',
  name: 'authorization',
  in: 'header',
}
const json = ['application/json']

const once = <Value>(make: () => Value) => {
  let made: Value | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** Path → its operations; one v3 document each. In the order of the index. */
const documents = once(() => {
  const all = new Map<string, Operation[]>([
    [
      '.well-known/openid-configuration',
      [
        document(
          '/.well-known/openid-configuration/',
          'getServiceAccountIssuerOpenIDConfiguration',
          "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'",
          'WellKnown',
          text,
          { produces: json },
        ),
      ],
    ],
    ['api', [document('/api/', 'getCoreAPIVersions', 'get available API versions', 'core', APIVersions)]],
    ['apis', [document('/apis/', 'getAPIVersions', 'get available API versions', 'apis', APIGroupList)]],
    [
      'openid/v1/jwks',
      [
        document(
          '/openid/v1/jwks/',
          'getServiceAccountIssuerOpenIDKeyset',
          'get service account issuer OpenID JSON Web Key Set (contains public token verification keys)',
          'openid',
          text,
          { produces: ['application/jwk-set+json'] },
        ),
      ],
    ],
    [
      'version',
      [
        document('/version/', 'getCodeVersion', 'get the version information for this server', 'version', Info, {
          consumes: json,
          produces: json,
        }),
      ],
    ],
  ])
  for (const { group, version } of groupVersions) {
    if (group !== '') all.set(`apis/${group}`, [groupOperation(group)])
    const path = `${group === '' ? 'api' : 'apis'}/${apiVersionOf({ group, version })}`
    const served = resources.filter(resource => resource.group === group && resource.version === version)
    all.set(path, [versionOperation(group, version), ...served.flatMap(resourceOperations)])
  }
  return new Map([...all].sort(([a], [b]) => (a < b ? -1 : 1)))
})

/** The document for /openapi/v2. */
export const openapiV2 = once((): Json => {
  const operations = [...documents().values()].flat()
  const { paths, roots } = pathItems(operations, 'v2')
  return {
    swagger: '2.0',
    info,
    paths,
    definitions: definitions(roots, 'v2', schema => kindsOf(schema, knownGroupVersions)),
    securityDefinitions: { BearerToken: bearerToken },
    security: [{ BearerToken: [] }],
  }
})

const v3 = new Map<string, Json>()

/** The document for `/openapi/v3/<path>` (`api/v1`, `apis/apps/v1`, `version`, …); undefined if there is none. */
export function openapiV3(path: string): Json | undefined {
  const operations = documents().get(path)
  if (!operations) return undefined
  let made = v3.get(path)
  if (!made) {
    made = v3Document(path, operations)
    v3.set(path, made)
  }
  return made
}

function v3Document(path: string, operations: readonly Operation[]): Json {
  const { paths, roots } = pathItems(operations, 'v3')
  const [, group = '', version] = path.startsWith('api/') ? ['', '', 'v1'] : path.split('/')
  return documentFor(paths, definitionsOf(roots, group, version))
}

/** What these roots mention, for a document about one version (of a group, or of none). */
export function definitionsOf(
  roots: Iterable<ObjectSchema | string>,
  group: string,
  version: string | undefined,
): Json {
  const here = [{ group: '', version: 'v1' }, ...(group && version ? [{ group, version }] : [])]
  return definitions(roots, 'v3', schema => kindsOf(schema, here))
}

function documentFor(paths: Json, schemas: Json): Json {
  return {
    openapi: '3.0.0',
    info,
    paths,
    components: {
      ...(Object.keys(schemas).length > 0 && { schemas }),
      securitySchemes: { BearerToken: bearerToken },
    },
  }
}

/** The index for /openapi/v3: where each document is, and a hash that changes with it. */
export const openapiV3Index = once((): { paths: Record<string, { serverRelativeURL: string }> } => ({
  paths: Object.fromEntries(
    [...documents().keys()].map(path => [
      path,
      { serverRelativeURL: `/openapi/v3/${path}?hash=${openapiV3Hash(path)}` },
    ]),
  ),
}))

/** SHA-512 of the document as JSON, upper-case hexadecimal; '' for an unknown path. */
export function openapiV3Hash(path: string): string {
  const found = openapiV3(path)
  if (!found) return ''
  let hash = v3Hashes.get(path)
  if (hash === undefined) {
    hash = createHash('sha512').update(JSON.stringify(found)).digest('hex').toUpperCase()
    v3Hashes.set(path, hash)
  }
  return hash
}

const v3Hashes = new Map<string, string>()

const kindIndex = once(() => {
  const index = new Map<ObjectSchema, Json[]>()
  for (const { group, version, kind, schema } of kinds)
    index.set(schema, [...(index.get(schema) ?? []), { group, kind, version }])
  return index
})

function kindsOf(
  schema: ObjectSchema,
  among: readonly { readonly group: string; readonly version: string }[],
): ReturnType<KindsOf> {
  if (!isEverywhere(schema)) return kindIndex().get(schema) ?? []
  const kind = schema.name.slice(schema.name.lastIndexOf('.') + 1)
  return among.map(({ group, version }) => ({ group, kind, version }))
}

export function pathItems(operations: readonly Operation[], dialect: Dialect) {
  const roots: (ObjectSchema | string)[] = []
  const schemaOf = (content: Content): Json => {
    if (typeof content === 'object' && 'type' in content) return content
    roots.push(content)
    return refTo(typeof content === 'string' ? content : content.name, dialect)
  }
  const byPath = new Map<string, Operation[]>()
  for (const operation of operations) byPath.set(operation.path, [...(byPath.get(operation.path) ?? []), operation])
  const paths: Record<string, Json> = {}
  for (const [path, listed] of [...byPath].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const shared = sharedParameters(listed)
    const isShared = new Set(shared.map(parameterKey))
    const item: Json = {}
    for (const operation of listed) {
      const own = sorted(operation.parameters.filter(parameter => !isShared.has(parameterKey(parameter))))
      item[operation.method] =
        dialect === 'v3' ? operationV3(operation, own, schemaOf) : operationV2(operation, own, schemaOf)
    }
    if (shared.length > 0) item['parameters'] = shared.map(parameter => parameterJson(parameter, dialect))
    paths[path] = item
  }
  return { paths, roots }
}

const parameterKey = (parameter: Parameter) => `${parameter.in} ${parameter.name}`

/** What all operations of a path take is said once, at the path. */
function sharedParameters([first, ...others]: readonly Operation[]): Parameter[] {
  const everyone = others.map(({ parameters }) => new Set(parameters.map(parameterKey)))
  return sorted((first?.parameters ?? []).filter(parameter => everyone.every(has => has.has(parameterKey(parameter)))))
}

const reasons = { 200: 'OK', 201: 'Created', 202: 'Accepted' } as const

function operationV3(
  operation: Operation,
  parameters: readonly Parameter[],
  schemaOf: (content: Content) => Json,
): Json {
  const { body } = operation
  const contentOf = (content: Content, types: readonly string[]) => {
    const schema = schemaOf(content)
    return Object.fromEntries([...types].sort().map(type => [type, { schema }]))
  }
  const responses = operation.responses.map(
    ({ code, content }) =>
      [String(code), { description: reasons[code], content: contentOf(content, operation.produces) }] as const,
  )
  return {
    tags: [operation.tag],
    description: operation.description,
    operationId: operation.operationId,
    ...(parameters.length > 0 && { parameters: parameters.map(parameter => parameterJson(parameter, 'v3')) }),
    ...(body && {
      requestBody: {
        content: contentOf(body.content, operation.consumes ?? []),
        ...(body.required && { required: true }),
      },
    }),
    responses: { ...Object.fromEntries(responses), '401': { description: 'Unauthorized' } },
    ...actionOf(operation),
  }
}

function operationV2(
  operation: Operation,
  parameters: readonly Parameter[],
  schemaOf: (content: Content) => Json,
): Json {
  const { body } = operation
  const inBody = body && {
    name: 'body',
    in: 'body',
    ...(body.required && { required: true }),
    schema: schemaOf(body.content),
  }
  const all = [...(inBody ? [inBody] : []), ...parameters.map(parameter => parameterJson(parameter, 'v2'))]
  const responses = operation.responses.map(
    ({ code, content }) => [String(code), { description: reasons[code], schema: schemaOf(content) }] as const,
  )
  return {
    description: operation.description,
    ...(operation.consumes && { consumes: operation.consumes }),
    produces: operation.produces,
    schemes: ['https'],
    tags: [operation.tag],
    operationId: operation.operationId,
    ...(all.length > 0 && { parameters: all }),
    responses: { ...Object.fromEntries(responses), '401': { description: 'Unauthorized' } },
    ...actionOf(operation),
  }
}

const actionOf = ({ action, kind }: Operation): Json => ({
  ...(action && { 'x-kubernetes-action': action }),
  ...(kind && { 'x-kubernetes-group-version-kind': kind }),
})
