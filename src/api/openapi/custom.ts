// The OpenAPI paths and documents of custom resources: those of any resource, but for what they don't have (protobuf,
// strategic merge patches, the old watch paths).

import { ListMeta } from '../meta/v1/listmeta.ts'
import { ObjectMeta } from '../meta/v1/objectmeta.ts'
import { apiVersionOf, type ResourceDeclaration } from '../resource.ts'
import type { Dialect, Json } from './definition.ts'
import { definitionsOf, documentFor, pathItems } from './openapi.ts'
import { type Operation, resourceOperations, versionOperation } from './operation.ts'

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
    .map(operation => ({
      ...operation,
      consumes: operation.method === 'patch' ? patchTypes : types,
      produces: types,
    }))
}

export function customPaths(declaration: ResourceDeclaration, dialect: Dialect): Json {
  return pathItems(operationsOf(declaration), dialect).paths
}

/** The v3 document of the version these resources are of. `own`: the definitions that they bring themselves. */
export function customDocument(resources: readonly ResourceDeclaration[], own: Record<string, Json>): Json {
  const { group, version } = resources[0]!
  const operations = [versionOperation(group, version), ...resources.flatMap(operationsOf)]
  const { paths, roots } = pathItems(operations, 'v3')
  const builtIn = definitionsOf(
    [...roots.filter(each => typeof each === 'string' || !Object.hasOwn(own, each.name)), ObjectMeta, ListMeta],
    group,
    version,
  )
  const all = Object.entries({ ...builtIn, ...own }).sort(([a], [b]) => (a < b ? -1 : 1))
  return documentFor(paths, Object.fromEntries(all))
}
