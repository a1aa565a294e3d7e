// The OpenAPI paths and documents of custom resources: those of any resource, but for what they don't have (protobuf,
// strategic merge patches, the old watch paths), and for what upstream's own builder of them says otherwise.

import { ListMeta } from '../meta/v1/listmeta.ts'
import { ObjectMeta } from '../meta/v1/objectmeta.ts'
import { apiVersionOf, type ResourceDeclaration } from '../resource.ts'
import type { Dialect, Json } from './definition.ts'
import { definitionsOf, pathItems } from './openapi.ts'
import { type Operation, resourceOperations } from './operation.ts'
import { listParameters, nameParameter, type Parameter } from './parameter.ts'

const types = ['application/json', 'application/yaml']
const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/apply-patch+yaml']

function operationsOf(declaration: ResourceDeclaration): Operation[] {
  const listSchema = {
    ...declaration.schema,
    name: declaration.schema.name.replace(/[^.]+$/, declaration.listKind),
    fields: new Map(),
  }
  return resourceOperations({ ...declaration, listSchema })
    .filter(({ path }) => !path.startsWith(`/apis/${apiVersionOf(declaration)}/watch/`))
    .map(operation => ofCustom(operation, declaration))
}

function ofCustom(operation: Operation, { group, version, kind }: ResourceDeclaration): Operation {
  const { action, body, description, parameters, responses, ...rest } = operation
  return {
    ...rest,
    action,
    // A scale is said to be of the kind that it scales.
    kind: { group, version, kind },
    description: action === 'list' ? `list objects of kind ${kind}` : description,
    parameters: parametersOf(operation, kind),
    ...(action !== 'deletecollection' && { body }),
    consumes: action === 'patch' ? patchTypes : types,
    produces: types,
    responses: action === 'patch' ? responses.filter(({ code }) => code === 200) : responses,
  }
}

function parametersOf({ action, parameters }: Operation, kind: string): readonly Parameter[] {
  const inPath = parameters.map(each => (each.name === 'name' ? nameParameter(kind) : each))
  if (action === 'get') return [...inPath, ...listParameters.filter(({ name }) => name === 'resourceVersion')]
  if (action !== 'deletecollection') return inPath
  return [...listParameters, ...parameters.filter(({ name }) => name === 'namespace' || name === 'pretty')]
}

export function customPaths(declaration: ResourceDeclaration, dialect: Dialect): Json {
  return pathItems(operationsOf(declaration), dialect).paths
}

/** The v3 document of the version these resources are of. `own`: the definitions that they bring themselves. */
export function customDocument(resources: readonly ResourceDeclaration[], own: Record<string, Json>): Json {
  const { group, version } = resources[0]!
  const { paths, roots } = pathItems(resources.flatMap(operationsOf), 'v3')
  const builtIn = definitionsOf(
    [...roots.filter(each => typeof each === 'string' || !Object.hasOwn(own, each.name)), ObjectMeta, ListMeta],
    group,
    version,
  )
  const schemas = Object.entries({ ...builtIn, ...own }).sort(([a], [b]) => (a < b ? -1 : 1))
  const info = { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' }
  return { openapi: '3.0.0', info, paths, components: { schemas: Object.fromEntries(schemas) } }
}
