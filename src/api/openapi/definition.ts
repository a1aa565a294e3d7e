// A declared object as a JSON schema, in the dialects of OpenAPI v2 and v3.

import type { FieldSchema, ObjectSchema, TypeNode } from '../../machinery/schema/schema.ts'
import { definitionDescription, fieldDescription } from '../descriptions.ts'

export type Dialect = 'v2' | 'v3'
export type Json = Record<string, unknown>

/** The kinds that a definition is, by group and version. */
export type KindsOf = (schema: ObjectSchema) => readonly Json[]

const refPrefix: Record<Dialect, string> = { v2: '#/definitions/', v3: '#/components/schemas/' }

export const refTo = (definition: string, dialect: Dialect): Json => ({ $ref: refPrefix[dialect] + definition })

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
const extensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.'
const definitionOf = {
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  time: `${meta}Time`,
  microTime: `${meta}MicroTime`,
} as const

/** The body of a PATCH, of whatever kind. */
export const patchDefinition = `${meta}Patch`

/** Definitions that are no declared objects. */
const special: Record<string, Record<Dialect, Json>> = {
  [definitionOf.quantity]: { v2: { type: 'string' }, v3: { oneOf: [{ type: 'string' }, { type: 'number' }] } },
  [definitionOf.intOrString]: {
    v2: { type: 'string', format: 'int-or-string' },
    v3: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  },
  ...both([definitionOf.time, definitionOf.microTime], { type: 'string', format: 'date-time' }),
  ...both([patchDefinition, `${meta}FieldsV1`, 'io.k8s.apimachinery.pkg.runtime.RawExtension'], { type: 'object' }),
  ...both(
    ['JSON', 'JSONSchemaPropsOrArray', 'JSONSchemaPropsOrBool', 'JSONSchemaPropsOrStringArray'].map(
      name => extensions + name,
    ),
    {},
  ),
}

function both(definitions: readonly string[], schema: Json): Record<string, Record<Dialect, Json>> {
  return Object.fromEntries(definitions.map(definition => [definition, { v2: schema, v3: schema }]))
}

/** All definitions that these mention, themselves included, by name. */
export function definitions(roots: Iterable<ObjectSchema | string>, dialect: Dialect, kindsOf: KindsOf): Json {
  const found = new Map<string, Json>()
  const visitNode = (node: TypeNode): void => {
    if (node.type === 'list') visitNode(node.item)
    else if (node.type === 'map') visitNode(node.value)
    else if (node.type === 'object') visit(node.of())
    else if (node.type === 'either') {
      visit(node.definition)
      visit(node.of())
    } else if (node.type in definitionOf) visit(definitionOf[node.type as keyof typeof definitionOf])
    else if (node.type === 'any' && node.definition) visit(node.definition)
  }
  const visit = (root: ObjectSchema | string): void => {
    const name = typeof root === 'string' ? root : root.name
    if (found.has(name)) return
    if (typeof root === 'string') {
      found.set(name, { ...described(definitionDescription(name)), ...special[name]?.[dialect] })
    } else {
      found.set(name, objectDefinition(root, dialect, kindsOf))
      for (const field of root.fields.values()) visitNode(field.node)
    }
  }
  for (const root of roots) visit(root)
  return Object.fromEntries([...found].sort(byName))
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : a > b ? 1 : 0)

const described = (description: string): Json => (description === '' ? {} : { description })

function objectDefinition(schema: ObjectSchema, dialect: Dialect, kindsOf: KindsOf): Json {
  const fields = [...schema.fields.values()]
  const required = fields.filter(field => field.required).map(field => field.name)
  const properties = fields.map(field => [field.name, property(schema, field, dialect)] as const).sort(byName)
  const kinds = kindsOf(schema)
  return {
    ...described(definitionDescription(schema.name)),
    type: 'object',
    ...(required.length > 0 && { required }),
    ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
    ...(kinds.length > 0 && { 'x-kubernetes-group-version-kind': kinds }),
    ...(schema.atomic && { 'x-kubernetes-map-type': 'atomic' }),
    ...(schema.unions && {
      'x-kubernetes-unions': schema.unions.map(({ discriminator, fields }) => ({
        ...(discriminator && { discriminator }),
        'fields-to-discriminateBy': fields,
      })),
    }),
  }
}

function property(schema: ObjectSchema, field: FieldSchema, dialect: Dialect): Json {
  const type = nodeSchema(field.node, dialect, field.enum)
  const rest = {
    ...described((fieldDescription(schema.name, field.name) || typeDescription(field.node)) + possibleValues(field)),
    ...(dialect === 'v3' && publishedDefault(field)),
    ...(field.listMapKeys && { 'x-kubernetes-list-map-keys': field.listMapKeys }),
    ...(field.listType && { 'x-kubernetes-list-type': field.listType }),
    ...(field.mapType && { 'x-kubernetes-map-type': field.mapType }),
    ...(field.mergeKey && { 'x-kubernetes-patch-merge-key': field.mergeKey }),
    ...(field.patchStrategy && { 'x-kubernetes-patch-strategy': field.patchStrategy.join(',') }),
  }
  // v3 allows nothing beside a $ref.
  const alone = Object.keys(rest).length === 0
  return '$ref' in type && dialect === 'v3' && !alone ? { allOf: [type], ...rest } : { ...type, ...rest }
}

/** What a text may be, in words. */
const possibleValues = ({ node, enum: allowed }: FieldSchema): string =>
  node.type === 'string' && allowed
    ? `\n\nPossible enum values:${allowed.map(value => `\n - \`"${value}"\``).join('')}`
    : ''

/** For fields without words of their own. */
const typeDescription = (node: TypeNode): string =>
  node.type === 'object' ? definitionDescription(node.of().name) : ''

function nodeSchema(node: TypeNode, dialect: Dialect, allowed?: readonly string[]): Json {
  const enumOf = allowed && { enum: allowed }
  switch (node.type) {
    case 'list':
      return { type: 'array', items: nodeSchema(node.item, dialect, allowed) }
    case 'map':
      return { type: 'object', additionalProperties: nodeSchema(node.value, dialect, allowed) }
    case 'object':
      return refTo(node.of().name, dialect)
    case 'either':
      return refTo(node.definition, dialect)
    case 'any':
      return node.definition ? refTo(node.definition, dialect) : { type: 'object' }
    case 'quantity':
    case 'intOrString':
    case 'time':
    case 'microTime':
      return refTo(definitionOf[node.type], dialect)
    case 'bytes':
      return { type: 'string', format: 'byte' }
    case 'int32':
    case 'int64':
      return { type: 'integer', format: node.type }
    case 'double':
      return { type: 'number', format: 'double' }
    case 'duration':
      return { type: 'string' }
    default:
      return { type: node.type, ...enumOf }
  }
}

/** What is always written has its zero value for default. */
function publishedDefault(field: FieldSchema): Json | undefined {
  const value = field.default ?? field.publishedDefault
  if (value !== undefined) return { default: value }
  if (field.presence !== 'always') return undefined
  switch (field.node.type) {
    case 'string':
      return { default: '' }
    case 'boolean':
      return { default: false }
    case 'int32':
    case 'int64':
    case 'double':
      return { default: 0 }
    case 'object':
      return { default: {} }
    default:
      return undefined
  }
}
