// What makes a schema structural: every field's type is said outside of allOf, anyOf, oneOf and not, and what those say
// only narrows it down.

import { deepEqual } from '../deep-equal.ts'
import { type FieldError, fieldErrorMessage, forbidden, invalid, required } from '../field-error.ts'
import { compareText } from '../go-text.ts'
import { compilePattern } from '../re2.ts'
import {
  additionalOf,
  childPath as child,
  indexPath as index,
  itemsOf,
  type JsonSchema,
  keyPath as key,
  type MaybePath,
  propertyOf,
} from './schema.ts'

type Level = 'root' | 'item' | 'field'

const intOrString = [{ type: 'integer' }, { type: 'string' }]
const isIntOrString = (anyOf: readonly JsonSchema[] | undefined): boolean =>
  anyOf?.length === 2 && deepEqual(anyOf, intOrString)

/** What the schema has that no structural one may have; undefined when there is nothing. */
export function unsupportedIn(schema: JsonSchema): string | undefined {
  if (schema.id) return "OpenAPIV3Schema 'id' is not supported"
  if (schema.$schema) return "OpenAPIV3Schema 'schema' is not supported"
  if (schema.$ref) return "OpenAPIV3Schema '$ref' is not supported"
  if (Object.keys(schema.patternProperties ?? {}).length > 0)
    return "OpenAPIV3Schema 'patternProperties' is not supported"
  if (Object.keys(schema.dependencies ?? {}).length > 0) return "OpenAPIV3Schema 'dependencies' is not supported"
  if (schema.additionalItems !== undefined) return "OpenAPIV3Schema 'additionalItems' is not supported"
  if (Object.keys(schema.definitions ?? {}).length > 0) return "OpenAPIV3Schema 'definitions' is not supported"
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
  if (Array.isArray(schema.items)) return "OpenAPIV3Schema 'items' must be a schema, but is an array"
  const inside = [
    ...Object.values(schema.properties ?? {}),
    ...[schema.allOf, schema.anyOf, schema.oneOf].flatMap(junctor => junctor ?? []),
    ...[schema.not, itemsOf(schema), additionalOf(schema)].filter(each => each !== undefined),
  ]
  for (const each of inside) {
    const problem = unsupportedIn(each)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Every way in which the schema is not structural, in the order of the messages. */
export function validateStructural(path: MaybePath, schema: JsonSchema): FieldError[] {
  const errors: FieldError[] = []
  checkInvariants(schema, 'root', path, errors)
  checkCompleteness(schema, schema, path, path, errors)
  return errors
    .map(error => ({ error, text: fieldErrorMessage(error) }))
    .sort((a, b) => compareText(a.text, b.text))
    .map(({ error }) => error)
}

const emptyType: Record<Level, string> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
}

function checkInvariants(schema: JsonSchema, level: Level, path: MaybePath, errors: FieldError[]): void {
  const { type = '' } = schema
  const embedded = schema['x-kubernetes-embedded-resource'] === true
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true
  const isEither = schema['x-kubernetes-int-or-string'] === true
  const items = itemsOf(schema)
  if (type === 'array' && !items) errors.push(required(child(path, 'items'), 'must be specified'))
  if (items) checkInvariants(items, 'item', child(path, 'items'), errors)
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    checkInvariants(property, 'field', key(child(path, 'properties'), name), errors)
  if (schema.additionalProperties !== undefined) {
    const at = child(path, 'additionalProperties')
    if (level === 'root') errors.push(forbidden(at, 'must not be used at the root'))
    const values = additionalOf(schema)
    if (values) checkInvariants(values, 'field', at, errors)
  }
  if (isEither && preserves)
    errors.push(
      invalid(
        child(path, 'x-kubernetes-preserve-unknown-fields'),
        true,
        'must be false if x-kubernetes-int-or-string is true',
      ),
    )
  if (isEither && embedded)
    errors.push(
      invalid(
        child(path, 'x-kubernetes-embedded-resource'),
        true,
        'must be false if x-kubernetes-int-or-string is true',
      ),
    )
  checkValueValidation(schema, isIntOrString(schema.anyOf), isIntOrString(schema.allOf?.[0]?.anyOf), path, errors)
  checkType(schema, level, path, errors)
  const isResource = level === 'root' || embedded
  if (isResource)
    for (const name of ['kind', 'apiVersion']) {
      const property = propertyOf(schema, name)
      if (property && property.type !== 'string')
        errors.push(invalid(child(key(child(path, 'properties'), name), 'type'), property.type ?? '', 'must be string'))
    }
  const metadata = propertyOf(schema, 'metadata')
  if (metadata) checkMetadata(metadata, isResource, level, key(child(path, 'properties'), 'metadata'), errors)
  if (embedded && !preserves && Object.keys(schema.properties ?? {}).length === 0)
    errors.push(
      required(
        child(path, 'properties'),
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    )
}

function checkType(schema: JsonSchema, level: Level, path: MaybePath, errors: FieldError[]): void {
  const { type = '' } = schema
  const at = child(path, 'type')
  const embedded = schema['x-kubernetes-embedded-resource'] === true
  const untyped = schema['x-kubernetes-int-or-string'] || schema['x-kubernetes-preserve-unknown-fields']
  if (embedded && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true'
    errors.push(type === '' ? required(at, detail) : invalid(at, type, detail))
  } else if (type === '' && !untyped) errors.push(required(at, emptyType[level]))
  if (embedded && schema.additionalProperties !== undefined)
    errors.push(
      forbidden(child(path, 'additionalProperties'), 'must not be used if x-kubernetes-embedded-resource is set'),
    )
  if (level === 'root' && type !== '' && type !== 'object') errors.push(invalid(at, type, 'must be object at the root'))
}

function checkMetadata(
  metadata: JsonSchema,
  isResource: boolean,
  level: Level,
  path: MaybePath,
  errors: FieldError[],
): void {
  if (isResource && metadata.type !== 'object')
    errors.push(invalid(child(path, 'type'), metadata.type ?? '', 'must be object'))
  if (level !== 'root') return
  const { type: _, default: __, properties = {}, ...rest } = metadata
  const names = Object.keys(properties)
  const others = names.some(name => name !== 'name' && name !== 'generateName')
  if (others || Object.keys(rest).length > 0)
    errors.push(
      forbidden(
        path,
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      ),
    )
}

function checkValueValidation(
  schema: JsonSchema,
  skipAnyOf: boolean,
  skipFirstAllOf: boolean,
  path: MaybePath,
  errors: FieldError[],
): void {
  if (!skipAnyOf)
    schema.anyOf?.forEach((each, at) => {
      checkNested(each, false, index(child(path, 'anyOf'), at), errors)
    })
  schema.allOf?.forEach((each, at) => {
    checkNested(each, skipFirstAllOf && at === 0, index(child(path, 'allOf'), at), errors)
  })
  schema.oneOf?.forEach((each, at) => {
    checkNested(each, false, index(child(path, 'oneOf'), at), errors)
  })
  if (schema.not) checkNested(schema.not, false, child(path, 'not'), errors)
  if (!schema.pattern) return
  try {
    compilePattern(schema.pattern)
  } catch (error) {
    errors.push(
      invalid(
        child(path, 'pattern'),
        schema.pattern,
        `must be a valid regular expression, but isn't: ${(error as Error).message}`,
      ),
    )
  }
}

/** What may not be said inside of a junctor, and how upstream says so. */
const notNested: readonly (readonly [field: keyof JsonSchema, detail: string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
]

const isSaid = (value: unknown): boolean =>
  value !== undefined && value !== '' && value !== false && !(Array.isArray(value) && value.length === 0)

function checkNested(schema: JsonSchema, skipAnyOf: boolean, path: MaybePath, errors: FieldError[]): void {
  checkValueValidation(schema, skipAnyOf, false, path, errors)
  const items = itemsOf(schema)
  if (items) checkNested(items, false, child(path, 'items'), errors)
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    checkNested(property, false, key(child(path, 'properties'), name), errors)
  for (const [field, detail] of notNested) if (isSaid(schema[field])) errors.push(forbidden(child(path, field), detail))
  if (propertyOf(schema, 'metadata'))
    errors.push(forbidden(key(child(path, 'properties'), 'metadata'), 'must not be specified in a nested context'))
}

/** Whatever a junctor narrows down must have a type outside of it. */
function checkCompleteness(
  nested: JsonSchema,
  schema: JsonSchema | undefined,
  path: MaybePath,
  nestedPath: MaybePath,
  errors: FieldError[],
): void {
  if (!schema) {
    errors.push(required(path, `because it is defined in ${nestedPath ?? ''}`))
    return
  }
  if (nested.not) checkJunctor(nested.not, schema, path, child(nestedPath, 'not'), errors)
  for (const junctor of ['allOf', 'anyOf', 'oneOf'] as const)
    nested[junctor]?.forEach((each, at) => {
      checkJunctor(each, schema, path, index(child(nestedPath, junctor), at), errors)
    })
}

function checkJunctor(
  nested: JsonSchema,
  schema: JsonSchema | undefined,
  path: MaybePath,
  nestedPath: MaybePath,
  errors: FieldError[],
): void {
  checkCompleteness(nested, schema, path, nestedPath, errors)
  if (!schema) return
  const items = itemsOf(nested)
  if (items) checkJunctor(items, itemsOf(schema), child(path, 'items'), child(nestedPath, 'items'), errors)
  for (const [name, property] of Object.entries(nested.properties ?? {})) {
    const [at, nestedAt] = [key(child(path, 'properties'), name), key(child(nestedPath, 'properties'), name)]
    const own = propertyOf(schema, name)
    if (own) checkJunctor(property, own, at, nestedAt, errors)
    else errors.push(required(at, `because it is defined in ${nestedAt}`))
  }
}
