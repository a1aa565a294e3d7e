// Query and path parameters of the operations. Names and types come from the declared options.

import type { FieldSchema, ObjectSchema } from '../../machinery/schema/schema.ts'
import { parameterDescription } from '../descriptions.ts'
import { CreateOptions, DeleteOptions, ListOptions, PatchOptions, UpdateOptions } from '../meta/v1/options.ts'
import type { Dialect, Json } from './definition.ts'

export interface Parameter {
  readonly name: string
  readonly in: 'query' | 'path'
  readonly type: string
  /** Of those that no client library describes. */
  readonly description?: string
}

/** The scalar fields of an options kind, as query parameters, by name. */
export function queryOf(options: ObjectSchema, without: readonly string[] = []): Parameter[] {
  return [...options.fields.values()]
    .filter(field => field.number > 0 && !without.includes(field.name))
    .flatMap(field => queryParameter(field) ?? [])
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function queryParameter({ name, node }: FieldSchema): Parameter | undefined {
  const of = node.type === 'list' ? node.item.type : node.type
  const type = of === 'int32' || of === 'int64' ? 'integer' : of
  if (type !== 'integer' && type !== 'string' && type !== 'boolean') return undefined
  return { name, in: 'query', type }
}

export const listParameters = queryOf(ListOptions)
export const createParameters = queryOf(CreateOptions)
export const updateParameters = queryOf(UpdateOptions)
export const patchParameters = queryOf(PatchOptions)
export const deleteParameters = queryOf(DeleteOptions)
export const deleteCollectionParameters = sorted([
  ...deleteParameters,
  ...listParameters.filter(({ name }) => name !== 'watch' && name !== 'allowWatchBookmarks'),
])

export const pretty: Parameter = { name: 'pretty', in: 'query', type: 'string' }
export const namespaceParameter: Parameter = { name: 'namespace', in: 'path', type: 'string' }
export const nameParameter = (kind: string): Parameter => ({
  name: 'name',
  in: 'path',
  type: 'string',
  description: `name of the ${kind}`,
})
export const pathParameter: Parameter = {
  name: 'path',
  in: 'path',
  type: 'string',
  description: 'path to the resource',
}

/** By name, those in the path before those in the query. */
export function sorted(parameters: readonly Parameter[]): Parameter[] {
  const key = (parameter: Parameter) => `${parameter.name} ${parameter.in}`
  return [...parameters].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

export function parameterJson(parameter: Parameter, dialect: Dialect): Json {
  const { name, in: where, type, description = parameterDescription(name) } = parameter
  const schema = { type, uniqueItems: true }
  return {
    name,
    in: where,
    ...(description && { description }),
    ...(where === 'path' && { required: true }),
    ...(dialect === 'v3' ? { schema } : schema),
  }
}
