// OpenAPI v3 in protobuf. The messages are gnostic's openapi.v3; those parts are declared that Kubernetes' documents have.

import {
  bool,
  double,
  embed,
  int64,
  list,
  type Message,
  type MessageField,
  message,
  string,
} from '../../machinery/proto/message.ts'
import { encodeMessage } from '../../machinery/proto/wire.ts'
import type { Json } from './definition.ts'
import { Any, anything, extensions, named, vendorExtension } from './protobuf.ts'

type Node = any

/** What clients ask for (in either spelling), and what they are told that they get. */
export const openapiV3MediaTypes = {
  accepted: [
    'application/com.github.proto-openapi.spec.v3.v1.0+protobuf',
    'application/com.github.proto-openapi.spec.v3@v1.0+protobuf',
  ],
  returned: 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf',
} as const

/** What stands in a list under its name. */
const entry = (of: Message<any>) => message({ name: string(1), value: embed(2, of) })
const entries = (of: Message<any>) => message({ additionalProperties: list(1, entry(of)) })

const Reference = message({ ref: string(1), summary: string(2), description: string(3) })
/** A thing itself, or where it is. */
const orReference = (of: Message<any>) => message({ own: embed(1, of), reference: embed(2, Reference) })

/** A schema contains schemas: its fields are filled in below. */
const schemaFields: Record<string, MessageField> = {}
const schemaByNumber = new Map<number, readonly [name: string, field: MessageField]>()
const Schema: Message<any> = { fields: schemaFields, byNumber: schemaByNumber }
const SchemaOrReference = orReference(Schema)
const DefaultType = message({ number: double(1), boolean: bool(2), string: string(3) })
const AdditionalProperties = message({ schema: embed(1, SchemaOrReference), boolean: bool(2) })
/** Fields of a schema that are written as they are. */
const plainSchemaFields = {
  nullable: bool(1),
  readOnly: bool(3),
  writeOnly: bool(4),
  deprecated: bool(8),
  title: string(9),
  multipleOf: double(10),
  maximum: double(11),
  exclusiveMaximum: bool(12),
  minimum: double(13),
  exclusiveMinimum: bool(14),
  maxLength: int64(15),
  minLength: int64(16),
  pattern: string(17),
  maxItems: int64(18),
  minItems: int64(19),
  uniqueItems: bool(20),
  maxProperties: int64(21),
  minProperties: int64(22),
  required: list(23, 'string'),
  type: string(25),
  description: string(34),
  format: string(35),
}
const allSchemaFields: Record<string, MessageField> = {
  ...plainSchemaFields,
  externalDocs: embed(6, message({ description: string(1), url: string(2) })),
  example: embed(7, Any),
  enum: list(24, Any),
  allOf: list(26, SchemaOrReference),
  oneOf: list(27, SchemaOrReference),
  anyOf: list(28, SchemaOrReference),
  not: embed(29, Schema),
  items: embed(30, message({ schema: list(1, SchemaOrReference) })),
  properties: embed(31, entries(SchemaOrReference)),
  additionalProperties: embed(32, AdditionalProperties),
  default: embed(33, DefaultType),
  specificationExtension: vendorExtension(36),
}
// Written in the order of their numbers.
Object.assign(
  schemaFields,
  Object.fromEntries(Object.entries(allSchemaFields).sort(([, a], [, b]) => a.number - b.number)),
)
for (const [name, field] of Object.entries(schemaFields)) schemaByNumber.set(field.number, [name, field])

const MediaType = message({ schema: embed(1, SchemaOrReference) })
const content = (number: number) => embed(number, entries(MediaType))
const Parameter = message({
  name: string(1),
  in: string(2),
  description: string(3),
  required: bool(4),
  schema: embed(10, SchemaOrReference),
})
const RequestBody = message({ description: string(1), content: content(2), required: bool(3) })
const Response = message({ description: string(1), content: content(3) })
const Responses = message({
  default: embed(1, orReference(Response)),
  responseOrReference: list(2, entry(orReference(Response))),
})
const Operation = message({
  tags: list(1, 'string'),
  summary: string(2),
  description: string(3),
  operationId: string(5),
  parameters: list(6, orReference(Parameter)),
  requestBody: embed(7, orReference(RequestBody)),
  responses: embed(8, Responses),
  deprecated: bool(10),
  specificationExtension: vendorExtension(13),
})
const methods = {
  get: embed(4, Operation),
  put: embed(5, Operation),
  post: embed(6, Operation),
  delete: embed(7, Operation),
  options: embed(8, Operation),
  head: embed(9, Operation),
  patch: embed(10, Operation),
}
const PathItem = message({ ...methods, parameters: list(13, orReference(Parameter)) })
const SecurityScheme = message({ type: string(1), description: string(2), name: string(3), in: string(4) })

export const DocumentV3 = message({
  openapi: string(1),
  info: embed(2, message({ title: string(1), description: string(2), version: string(6) })),
  paths: embed(4, message({ path: list(1, entry(PathItem)) })),
  components: embed(
    5,
    message({
      schemas: embed(1, entries(SchemaOrReference)),
      securitySchemes: embed(7, entries(orReference(SecurityScheme))),
    }),
  ),
})

/** Encodes a document of one group version. */
export function openapiV3Protobuf(document: Json): Uint8Array {
  const { openapi, info, paths, components } = document as Node
  return encodeMessage(DocumentV3, {
    openapi,
    info,
    paths: paths && { path: named(paths, pathItem) },
    components: components && {
      schemas: components.schemas && { additionalProperties: named(components.schemas, schemaOrReference) },
      securitySchemes: components.securitySchemes && {
        additionalProperties: named(components.securitySchemes, own => ({ own })),
      },
    },
  })
}

const schemaOrReference = (of: Node): Node =>
  of.$ref === undefined ? { own: schema(of) } : { reference: { ref: of.$ref, description: of.description } }

function schema(of: Node): Node {
  const made: Record<string, unknown> = {}
  for (const name of Object.keys(plainSchemaFields)) made[name] = of[name]
  for (const name of ['allOf', 'oneOf', 'anyOf']) made[name] = of[name]?.map(schemaOrReference)
  return {
    ...made,
    externalDocs: of.externalDocs,
    example: of.example === undefined ? undefined : anything(of.example),
    enum: of.enum?.map(anything),
    not: of.not && schema(of.not),
    items: of.items && { schema: [schemaOrReference(of.items)] },
    properties: of.properties && { additionalProperties: named(of.properties, schemaOrReference) },
    additionalProperties: additionalProperties(of.additionalProperties),
    default: of.default === undefined ? undefined : defaultOf(of.default),
    specificationExtension: extensions(of),
  }
}

function additionalProperties(of: Node): Node {
  if (of === undefined) return undefined
  return typeof of === 'boolean' ? { boolean: of } : { schema: schemaOrReference(of) }
}

/** There are defaults of no other types. */
function defaultOf(value: unknown): Node {
  if (typeof value === 'number') return { number: value }
  if (typeof value === 'boolean') return { boolean: value }
  return typeof value === 'string' ? { string: value } : {}
}

function pathItem(of: Node): Node {
  const made: Record<string, unknown> = {}
  for (const method of Object.keys(methods)) made[method] = of[method] && operation(of[method])
  return { ...made, parameters: of.parameters?.map(parameter) }
}

function operation(of: Node): Node {
  const { default: otherwise, ...responses } = of.responses
  return {
    tags: of.tags,
    summary: of.summary,
    description: of.description,
    operationId: of.operationId,
    parameters: of.parameters?.map(parameter),
    requestBody: of.requestBody && { own: { ...of.requestBody, content: mediaTypes(of.requestBody.content) } },
    responses: {
      default: otherwise && { own: response(otherwise) },
      responseOrReference: named(responses, each => ({ own: response(each) })),
    },
    deprecated: of.deprecated,
    specificationExtension: extensions(of),
  }
}

const parameter = (of: Node): Node => ({ own: { ...of, schema: of.schema && schemaOrReference(of.schema) } })
const response = (of: Node): Node => ({ description: of.description, content: mediaTypes(of.content) })
const mediaTypes = (of: Node): Node =>
  of && { additionalProperties: named(of, type => ({ schema: type.schema && schemaOrReference(type.schema) })) }
