// An OpenAPI v2 document in the words of v3, for API servers that only have the older one.

import type { OpenAPIv2 } from '../endpoints/openapi.ts'

type Json = Record<string, any>

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const

export function v2ToV3(document: OpenAPIv2): object {
  const { info, definitions, paths, parameters: shared = {} } = document as Json
  return {
    openapi: '3.0.0',
    info: info ?? {},
    paths: Object.fromEntries(
      Object.entries<Json>(paths).map(([path, item]) => [path, pathItem(item, shared, document as Json)]),
    ),
    components: {
      schemas: Object.fromEntries(
        Object.entries<Json>(definitions).map(([name, definition]) => [name, schemaV3(definition)]),
      ),
    },
  }
}

function pathItem(item: Json, shared: Json, { consumes, produces }: Json): Json {
  const converted: Json = {}
  for (const method of methods) {
    const operation: Json | undefined = item[method]
    if (!operation) continue
    const all = resolved([...(operation['parameters'] ?? [])], shared)
    const body = all.find(parameter => parameter['in'] === 'body')
    const others = all.filter(parameter => parameter['in'] !== 'body')
    const {
      parameters: _parameters,
      consumes: takes,
      produces: gives,
      schemes: _schemes,
      responses,
      ...rest
    } = operation
    converted[method] = {
      ...rest,
      ...(others.length > 0 && { parameters: others.map(parameterV3) }),
      ...(body && {
        requestBody: {
          content: contentOf(body['schema'], takes ?? consumes ?? ['application/json']),
          ...(body['description'] && { description: body['description'] }),
          ...(body['required'] && { required: true }),
        },
      }),
      responses: Object.fromEntries(
        Object.entries<Json>(responses ?? {}).map(([code, { description = '', schema }]) => [
          code,
          { description, ...(schema && { content: contentOf(schema, gives ?? produces ?? ['application/json']) }) },
        ]),
      ),
    }
  }
  const common = resolved(item['parameters'] ?? [], shared)
  if (common.length > 0) converted['parameters'] = common.map(parameterV3)
  return converted
}

/** `#/parameters/<name>` are shared between operations. */
const resolved = (parameters: readonly Json[], shared: Json): Json[] =>
  parameters.map(parameter => {
    const name = /^#\/parameters\/(.*)$/.exec(parameter['$ref'] ?? '')?.[1]
    return name === undefined ? parameter : (shared[name] ?? parameter)
  })

/** `*` stands for every type. */
const contentOf = (schema: Json, types: readonly string[]): Json =>
  Object.fromEntries(types.map(type => [type, { schema: schemaV3(schema) }]))

function parameterV3({ name, in: place, description, required, ...rest }: Json): Json {
  const { uniqueItems, type, format, items, default: byDefault, enum: allowed } = rest
  const schema = { uniqueItems, type, format, items, default: byDefault, enum: allowed }
  return {
    name,
    in: place,
    ...(description && { description }),
    ...(required && { required }),
    schema: Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined)),
  }
}

/** References lead elsewhere, and allow nothing beside them. */
function schemaV3(schema: Json): Json {
  const walk = (value: any): any => {
    if (Array.isArray(value)) return value.map(walk)
    if (typeof value !== 'object' || value === null) return value
    const { $ref, ...rest } = value
    const others = Object.fromEntries(Object.entries(rest).map(([key, of]) => [key, walk(of)]))
    if (typeof $ref !== 'string') return others
    const reference = { $ref: $ref.replace('#/definitions/', '#/components/schemas/') }
    return Object.keys(others).length === 0 ? reference : { ...others, allOf: [reference] }
  }
  const converted = walk(schema)
  if (converted.format === 'int-or-string' && converted.type === 'string') {
    const { type: _type, ...rest } = converted
    return { ...rest, oneOf: [{ type: 'integer' }, { type: 'string' }] }
  }
  return converted
}
