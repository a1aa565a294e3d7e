// OpenAPI v2 in protobuf, which is all that kubectl before 1.27 takes. The messages are gnostic's openapi.v2; those parts
// are declared that the document has.

import { bool, embed, list, type Message, type MessageField, message, string } from '../../machinery/proto/message.ts'
import { encodeMessage } from '../../machinery/proto/wire.ts'
import { writeYaml } from '../../machinery/yaml/write.ts'
import type { Json } from './definition.ts'

type Node = any

/** What clients ask for, and what they are told that they get: an @ is not allowed in a Content-Type. */
export const openapiV2MediaType = {
  accepted: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  returned: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
} as const

export const Any = message({ yaml: string(2) })
const NamedAny = message({ name: string(1), value: embed(2, Any) })
export const vendorExtension = (number: number) => list(number, NamedAny)
const StringArray = message({ value: list(1, 'string') })

/** A schema contains schemas: its fields are filled in below. */
const schemaFields: Record<string, MessageField> = {}
const Schema: Message<any> = { fields: schemaFields, byNumber: new Map() }
const NamedSchema = message({ name: string(1), value: embed(2, Schema) })
const NamedSchemas = message({ additionalProperties: list(1, NamedSchema) })
Object.assign(schemaFields, {
  ref: string(1),
  format: string(2),
  description: string(4),
  default: embed(5, Any),
  required: list(19, 'string'),
  enum: list(20, Any),
  additionalProperties: embed(21, message({ schema: embed(1, Schema) })),
  type: embed(22, StringArray),
  items: embed(23, message({ schema: list(1, Schema) })),
  properties: embed(25, NamedSchemas),
  vendorExtension: vendorExtension(31),
})

const BodyParameter = message({
  description: string(1),
  name: string(2),
  in: string(3),
  required: bool(4),
  schema: embed(5, Schema),
})
const QueryParameter = message({
  required: bool(1),
  in: string(2),
  description: string(3),
  name: string(4),
  type: string(6),
  uniqueItems: bool(20),
})
const PathParameter = message({
  required: bool(1),
  in: string(2),
  description: string(3),
  name: string(4),
  type: string(5),
  uniqueItems: bool(19),
})
const NonBodyParameter = message({ query: embed(3, QueryParameter), path: embed(4, PathParameter) })
const Parameter = message({ body: embed(1, BodyParameter), nonBody: embed(2, NonBodyParameter) })
const ParametersItem = message({ parameter: embed(1, Parameter) })

const Response = message({ description: string(1), schema: embed(2, message({ schema: embed(1, Schema) })) })
const NamedResponseValue = message({ name: string(1), value: embed(2, message({ response: embed(1, Response) })) })
const Operation = message({
  tags: list(1, 'string'),
  description: string(3),
  operationId: string(5),
  produces: list(6, 'string'),
  consumes: list(7, 'string'),
  parameters: list(8, ParametersItem),
  responses: embed(9, message({ responseCode: list(1, NamedResponseValue) })),
  schemes: list(10, 'string'),
  vendorExtension: vendorExtension(13),
})
const PathItem = message({
  get: embed(2, Operation),
  put: embed(3, Operation),
  post: embed(4, Operation),
  delete: embed(5, Operation),
  options: embed(6, Operation),
  head: embed(7, Operation),
  patch: embed(8, Operation),
  parameters: list(9, ParametersItem),
})
const NamedPathItem = message({ name: string(1), value: embed(2, PathItem) })

const ApiKeySecurity = message({ type: string(1), name: string(2), in: string(3), description: string(4) })
const NamedSecurity = message({
  name: string(1),
  value: embed(2, message({ apiKeySecurity: embed(2, ApiKeySecurity) })),
})
const NamedStringArray = message({ name: string(1), value: embed(2, StringArray) })

export const Document = message({
  swagger: string(1),
  info: embed(2, message({ title: string(1), version: string(2) })),
  paths: embed(8, message({ path: list(2, NamedPathItem) })),
  definitions: embed(9, NamedSchemas),
  security: list(12, message({ additionalProperties: list(1, NamedStringArray) })),
  securityDefinitions: embed(13, message({ additionalProperties: list(1, NamedSecurity) })),
})

/** Encodes a document made by `openapiV2`. */
export function openapiV2Protobuf(document: Json): Uint8Array {
  const { swagger, info, paths, definitions, security, securityDefinitions } = document as Node
  return encodeMessage(Document, {
    swagger,
    info,
    paths: { path: named(paths, pathItem) },
    definitions: { additionalProperties: named(definitions, schema) },
    security: security.map((requirement: Node) => ({
      additionalProperties: named(requirement, (value: string[]) => ({ value })),
    })),
    securityDefinitions: { additionalProperties: named(securityDefinitions, apiKeySecurity => ({ apiKeySecurity })) },
  })
}

/** An object as a list of names and values. */
export const named = <Value>(object: Node, convert: (value: Node) => Value): { name: string; value: Value }[] =>
  Object.entries(object ?? {}).map(([name, value]) => ({ name, value: convert(value) }))

export const anything = (value: unknown) => ({ yaml: writeYaml(value, keys => keys) })

export function extensions(object: Node) {
  return Object.entries(object)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) => ({ name, value: anything(value) }))
}

function schema(of: Node): Node {
  return {
    ref: of.$ref,
    format: of.format,
    description: of.description,
    default: of.default === undefined ? undefined : anything(of.default),
    required: of.required,
    enum: of.enum?.map(anything),
    additionalProperties: of.additionalProperties && { schema: schema(of.additionalProperties) },
    type: of.type && { value: [of.type] },
    items: of.items && { schema: [schema(of.items)] },
    properties: of.properties && { additionalProperties: named(of.properties, schema) },
    vendorExtension: extensions(of),
  }
}

function pathItem({ parameters: shared, ...operations }: Node): Node {
  return {
    ...Object.fromEntries(Object.entries(operations).map(([method, of]) => [method, operation(of)])),
    parameters: shared?.map(parameter),
  }
}

function operation(of: Node): Node {
  return {
    tags: of.tags,
    description: of.description,
    operationId: of.operationId,
    produces: of.produces,
    consumes: of.consumes,
    parameters: of.parameters?.map(parameter),
    responses: {
      responseCode: named(of.responses, response => ({
        response: {
          description: response.description,
          schema: response.schema && { schema: schema(response.schema) },
        },
      })),
    },
    schemes: of.schemes,
    vendorExtension: extensions(of),
  }
}

function parameter(of: Node): Node {
  if (of.in === 'body') return { parameter: { body: { ...of, schema: schema(of.schema) } } }
  return { parameter: { nonBody: { [of.in]: of } } }
}
