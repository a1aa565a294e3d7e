// What OpenAPI says of a custom resource: definitions made of its schema, in both dialects.

import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '../../api/apiextensions/v1/customresourcedefinition.ts'
import { isNonStructural } from '../../api/apiextensions/v1/customresourcedefinition.validation.ts'
import { fieldDescription } from '../../api/descriptions.ts'
import { type Dialect, type Json, refTo } from '../../api/openapi/definition.ts'
import type { CustomOpenAPI } from '../../api/resource.ts'
import { additionalOf, itemsOf, type JsonSchema } from '../../machinery/structural/schema.ts'
import { modelName } from './definition.ts'

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
const conventions = 'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md'

export function customOpenAPI(crd: CustomResourceDefinition, version: CustomResourceDefinitionVersion): CustomOpenAPI {
  const made = new Map<Dialect, Record<string, Json>>()
  return {
    definitions(dialect) {
      let found = made.get(dialect)
      if (!found) {
        found = makeDefinitions(crd, version, dialect)
        made.set(dialect, found)
      }
      return found
    },
  }
}

function makeDefinitions(
  crd: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  dialect: Dialect,
): Record<string, Json> {
  const { group, names } = crd.spec
  const listKind = names.listKind ?? `${names.kind}List`
  const selectable = version.selectableFields?.map(({ jsonPath }) => ({ fieldPath: jsonPath.replace(/^\./, '') }))
  const common = (kind: string): Json => ({
    'x-kubernetes-group-version-kind': [{ group, kind, version: version.name }],
    ...(selectable && selectable.length > 0 && { 'x-kubernetes-selectable-fields': selectable }),
  })
  const name = modelName(group, version.name, names.kind)
  const list: Json = {
    description: `${listKind} is a list of ${names.kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      ...typeMeta(),
      items: {
        description: `List of ${names.plural}. More info: ${conventions}`,
        type: 'array',
        items: refTo(name, dialect),
      },
      metadata: metadata('ListMeta', dialect),
    },
    ...common(listKind),
  }
  return {
    [name]: { ...resourceSchema(crd, version, dialect), ...common(names.kind) },
    [modelName(group, version.name, listKind)]: list,
  }
}

function resourceSchema(
  crd: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
  dialect: Dialect,
): Json {
  const schema = version.schema?.openAPIV3Schema as JsonSchema | undefined
  if (!schema || isNonStructural(schema)) return { type: 'object' }
  const keepsUnknown = schema['x-kubernetes-preserve-unknown-fields'] || crd.spec.preserveUnknownFields
  // kubectl would refuse whatever is not listed.
  if (dialect === 'v2' && keepsUnknown) return { type: 'object' }
  const made = convert(schema, dialect)
  return {
    ...made,
    properties: { ...(made['properties'] as Json), ...typeMeta(), metadata: metadata('ObjectMeta', dialect) },
  }
}

/** In the words of any other kind. */
const typeMeta = (): Json => ({
  apiVersion: { description: fieldDescription(`${meta}Status`, 'apiVersion'), type: 'string' },
  kind: { description: fieldDescription(`${meta}Status`, 'kind'), type: 'string' },
})

const embeddedTypeMeta: Json = {
  apiVersion: {
    description: `apiVersion defines the versioned schema of this representation of an object. More info: ${conventions}#resources`,
    type: 'string',
  },
  kind: {
    description: `kind is a string value representing the type of this object. In CamelCase. More info: ${conventions}#types-kinds`,
    type: 'string',
  },
}

const metadata = (of: 'ObjectMeta' | 'ListMeta', dialect: Dialect): Json => {
  const ref = refTo(meta + of, dialect)
  const holder = of === 'ObjectMeta' ? 'PartialObjectMetadata' : 'PartialObjectMetadataList'
  const description = fieldDescription(meta + holder, 'metadata')
  // v3 allows nothing beside a $ref.
  return dialect === 'v3' ? { allOf: [ref], description } : { ...ref, description }
}

const either = [{ type: 'integer' }, { type: 'string' }]
const isEither = (anyOf: readonly JsonSchema[] | undefined) =>
  anyOf?.length === 2 && anyOf[0]!.type === 'integer' && anyOf[1]!.type === 'string'

function convert(schema: JsonSchema, dialect: Dialect): Json {
  const { properties, items: _, additionalProperties, default: defaultValue, ...rest } = schema
  const made: Json = { ...rest }
  if (schema['x-kubernetes-int-or-string'] && !isEither(schema.anyOf) && !isEither(schema.allOf?.[0]?.anyOf)) {
    if (schema.anyOf) made['allOf'] = [{ anyOf: either }, ...(schema.allOf ?? [])]
    else made['anyOf'] = either
  }
  const items = itemsOf(schema)
  if (items) made['items'] = convert(items, dialect)
  if (properties)
    made['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, convert(property, dialect)]),
    )
  const values = additionalOf(schema)
  if (values) made['additionalProperties'] = convert(values, dialect)
  else if (additionalProperties !== undefined) made['additionalProperties'] = additionalProperties
  if (dialect === 'v3' && defaultValue !== undefined) made['default'] = defaultValue
  if (dialect === 'v2') toV2(made, schema)
  if (schema['x-kubernetes-embedded-resource']) embed(made, schema, dialect)
  return made
}

/** v2 has no junctors and no nullable; and kubectl refuses unknown fields below what has properties. */
function toV2(made: Json, schema: JsonSchema): void {
  for (const keyword of ['allOf', 'anyOf', 'oneOf', 'not', 'nullable', 'example']) delete made[keyword]
  if (schema.nullable || schema['x-kubernetes-preserve-unknown-fields']) {
    delete made['items']
    delete made['properties']
  }
  const untyped =
    schema.nullable ||
    (made['items'] === undefined && made['type'] === 'array') ||
    (schema['x-kubernetes-preserve-unknown-fields'] && made['type'] === 'object')
  if (untyped) delete made['type']
  const required = schema.required?.filter(name => !schema.properties?.[name]?.nullable)
  if (required && required.length > 0 && !additionalOf(schema)?.nullable) made['required'] = required
  else delete made['required']
}

function embed(made: Json, schema: JsonSchema, dialect: Dialect): void {
  if (dialect === 'v2' && schema['x-kubernetes-preserve-unknown-fields']) return
  const own = { ...embeddedTypeMeta, metadata: metadata('ObjectMeta', dialect) }
  made['properties'] = { ...(made['properties'] as Json), ...own }
  made['required'] = [...new Set([...((made['required'] as string[]) ?? []), 'kind', 'apiVersion'])]
}
