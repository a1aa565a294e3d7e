// The schema of a custom resource's version: what upstream allows in it, besides being structural.
//
// Expressions (x-kubernetes-validations) are compiled elsewhere: `checkRules` is called where all else is right.

import { deepEqual } from '../../../machinery/deep-equal.ts'
import { type FieldError, forbidden, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import { isCorrelatableMap } from '../../../machinery/structural/correlation.ts'
import { additionalOf, itemsOf, type JsonSchema, propertyOf, someSchema } from '../../../machinery/structural/schema.ts'
import { validateRuleTexts } from './validationrule.validation.ts'

export interface SchemaRules {
  readonly requireValidPropertyType: boolean
  readonly requireAtomicSetType: boolean
  readonly requireMapListKeys: boolean
  /** Compiles the rules of this schema; undefined where it cannot be done. */
  readonly checkRules?: (
    schema: JsonSchema,
    path: FieldPath,
    place: unknown,
    uncorrelatable: FieldPath | undefined,
  ) => FieldError[]
}

/** Where one stands in the schema. */
interface Standing {
  readonly forbidDefaults?: string
  readonly insideMeta: boolean
  readonly uncorrelatable: FieldPath | undefined
  /** What `checkRules` knows of the place; undefined inside of junctors, where there are no rules. */
  readonly place: unknown
}

/** How `checkRules` finds its way: from a place to that of a property, of the items, of the values. */
export interface Places {
  property(place: unknown, schema: JsonSchema, name: string): unknown
  items(place: unknown, schema: JsonSchema): unknown
  values(place: unknown, schema: JsonSchema): unknown
}

const noPlaces: Places = { property: () => undefined, items: () => undefined, values: () => undefined }

interface Found {
  readonly schemaErrors: FieldError[]
  readonly ruleErrors: FieldError[]
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const metaFields = new Set(['metadata', 'kind', 'apiVersion'])

export function validateOpenAPISchema(
  schema: JsonSchema,
  path: FieldPath,
  rules: SchemaRules,
  root: { readonly place: unknown; readonly places: Places } = { place: undefined, places: noPlaces },
): FieldError[] {
  const walker = new Walker(rules, root.places)
  const standing: Standing = { insideMeta: false, uncorrelatable: undefined, place: root.place }
  const { schemaErrors, ruleErrors } = walker.visit(schema, path, standing, true)
  return [...schemaErrors, ...ruleErrors]
}

class Walker {
  readonly #rules: SchemaRules
  readonly #places: Places

  constructor(rules: SchemaRules, places: Places) {
    this.#rules = rules
    this.#places = places
  }

  visit(schema: JsonSchema, path: FieldPath, standing: Standing, isRoot: boolean): Found {
    const found: Found = { schemaErrors: [], ruleErrors: [] }
    const errors = found.schemaErrors
    this.#checkKeywords(schema, path, standing, errors)
    this.#visitChildren(schema, path, standing, isRoot, found)
    checkExtensions(schema, path, this.#rules, errors)
    if (this.#rules.requireMapListKeys) errors.push(...validateMapListKeys(schema, path))
    if ((schema['x-kubernetes-validations']?.length ?? 0) > 0) {
      errors.push(...validateRuleTexts(schema, path))
      if (errors.length === 0 && standing.place !== undefined && this.#rules.checkRules)
        found.ruleErrors.push(...this.#rules.checkRules(schema, path, standing.place, standing.uncorrelatable))
    }
    return found
  }

  #into(found: Found, schema: JsonSchema | undefined, path: FieldPath, standing: Standing): void {
    if (!schema) return
    const { schemaErrors, ruleErrors } = this.visit(schema, path, standing, false)
    found.schemaErrors.push(...schemaErrors)
    found.ruleErrors.push(...ruleErrors)
  }

  #visitChildren(schema: JsonSchema, path: FieldPath, standing: Standing, isRoot: boolean, found: Found): void {
    const nested = { ...standing, place: undefined }
    if (schema.uniqueItems)
      found.schemaErrors.push(
        forbidden(
          path.child('uniqueItems'),
          'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
        ),
      )
    if (schema.additionalProperties !== undefined) {
      const at = path.child('additionalProperties')
      const named = Object.keys(schema.properties ?? {}).length > 0
      if (named && schema.additionalProperties !== true)
        found.schemaErrors.push(forbidden(at, 'additionalProperties and properties are mutual exclusive'))
      const values = additionalOf(schema)
      if (values)
        this.#into(found, values, at, {
          ...standing,
          ...(standing.insideMeta && { forbidDefaults: 'inside additionalProperties applying to object metadata' }),
          place: standing.place && this.#places.values(standing.place, values),
        })
    }
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const isMeta = (isRoot || schema['x-kubernetes-embedded-resource'] === true) && metaFields.has(name)
      this.#into(found, property, path.child('properties').key(name), {
        insideMeta: standing.insideMeta || isMeta,
        forbidDefaults: isMeta && isRoot ? `in top-level ${name}` : standing.forbidDefaults,
        uncorrelatable:
          standing.uncorrelatable ?? (isCorrelatableMap(schema['x-kubernetes-map-type']) ? undefined : path),
        place: standing.place && this.#places.property(standing.place, property, name),
      })
    }
    this.#into(found, schema.not, path.child('not'), nested)
    for (const junctor of ['allOf', 'oneOf', 'anyOf'] as const)
      schema[junctor]?.forEach((each, index) => {
        this.#into(found, each, path.child(junctor).index(index), nested)
      })
    for (const [name, definition] of Object.entries(schema.definitions ?? {}))
      this.#into(found, definition, path.child('definitions').key(name), nested)
    this.#visitItems(schema, path, standing, found)
    for (const [name, dependency] of Object.entries(schema.dependencies ?? {}))
      if (!Array.isArray(dependency))
        this.#into(found, dependency as JsonSchema, path.child('dependencies').key(name), nested)
  }

  #visitItems(schema: JsonSchema, path: FieldPath, standing: Standing, found: Found): void {
    const { items } = schema
    if (!items) return
    const isMap = schema['x-kubernetes-list-type'] === 'map'
    const of = (each: JsonSchema): Standing => ({
      ...standing,
      uncorrelatable: standing.uncorrelatable ?? (isMap ? undefined : path),
      place: standing.place && this.#places.items(standing.place, each),
    })
    if (!Array.isArray(items)) this.#into(found, items as JsonSchema, path.child('items'), of(items as JsonSchema))
    else
      for (const [index, each] of items.entries()) this.#into(found, each, path.child('items').index(index), of(each))
  }

  #checkKeywords(schema: JsonSchema, path: FieldPath, standing: Standing, errors: FieldError[]): void {
    const { type } = schema
    if (this.#rules.requireValidPropertyType && type && !types.includes(type))
      errors.push(notSupported(path.child('type'), type, types))
    if (schema.default !== undefined && standing.forbidDefaults !== undefined)
      errors.push(forbidden(path.child('default'), `must not be set ${standing.forbidDefaults}`))
    const unsupported: readonly (keyof JsonSchema)[] = [
      'id',
      'additionalItems',
      'patternProperties',
      'definitions',
      'dependencies',
      '$ref',
    ]
    for (const keyword of unsupported)
      if (isSaid(schema[keyword])) errors.push(forbidden(path.child(keyword), `${keyword} is not supported`))
    if (type === 'null')
      errors.push(forbidden(path.child('type'), 'type cannot be set to null, use nullable as an alternative'))
    if (Array.isArray(schema.items) && schema.items.length > 0)
      errors.push(forbidden(path.child('items'), 'items must be a schema object and not an array'))
    if (standing.insideMeta && schema['x-kubernetes-embedded-resource'])
      errors.push(forbidden(path.child('x-kubernetes-embedded-resource'), 'must not be used inside of resource meta'))
  }
}

function isSaid(value: unknown): boolean {
  if (value === undefined || value === '') return false
  return typeof value !== 'object' || Object.keys(value as object).length > 0
}

function checkExtensions(schema: JsonSchema, path: FieldPath, rules: SchemaRules, errors: FieldError[]): void {
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    errors.push(invalid(path.child('x-kubernetes-preserve-unknown-fields'), false, 'must be true or undefined'))
  const mapType = schema['x-kubernetes-map-type']
  if (mapType !== undefined) {
    checkTypeFor(schema, path, 'object', 'x-kubernetes-map-type', errors)
    if (mapType !== 'atomic' && mapType !== 'granular')
      errors.push(notSupported(path.child('x-kubernetes-map-type'), mapType, ['atomic', 'granular']))
  }
  checkListType(schema, path, rules, errors)
}

function checkTypeFor(
  schema: JsonSchema,
  path: FieldPath,
  type: string,
  extension: string,
  errors: FieldError[],
): boolean {
  if (schema.type === type) return true
  const detail = `must be ${type} if ${extension} is specified`
  errors.push(schema.type ? invalid(path.child('type'), schema.type, detail) : required(path.child('type'), detail))
  return false
}

function checkListType(schema: JsonSchema, path: FieldPath, rules: SchemaRules, errors: FieldError[]): void {
  const listType = schema['x-kubernetes-list-type']
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const typePath = path.child('x-kubernetes-list-type')
  if (listType !== undefined && checkTypeFor(schema, path, 'array', 'x-kubernetes-list-type', errors))
    if (rules.requireAtomicSetType && isSetOfOthers(schema)) {
      const ofLists = itemsOf(schema)!.type === 'array'
      errors.push(
        invalid(
          path.child('items', ofLists ? 'x-kubernetes-list-type' : 'x-kubernetes-map-type'),
          itemsOf(schema)!['x-kubernetes-list-type'] ?? null,
          'must be atomic as item of a list with x-kubernetes-list-type=set',
        ),
      )
    }
  if (listType !== undefined && !['atomic', 'set', 'map'].includes(listType))
    errors.push(notSupported(typePath, listType, ['atomic', 'set', 'map']))
  if (keys.length > 0 && listType !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty'
    errors.push(listType === undefined ? required(typePath, detail) : invalid(typePath, listType, detail))
  }
  if (listType === 'map') checkMapKeys(schema, path, keys, errors)
}

/** A set whose items are merged instead of being taken as a whole. */
export function isSetOfOthers(schema: JsonSchema): boolean {
  const items = itemsOf(schema)
  if (schema['x-kubernetes-list-type'] !== 'set' || !items) return false
  if (items.type === 'array') return (items['x-kubernetes-list-type'] ?? 'atomic') !== 'atomic'
  return items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic'
}

function checkMapKeys(schema: JsonSchema, path: FieldPath, keys: readonly string[], errors: FieldError[]): void {
  const keysPath = path.child('x-kubernetes-list-map-keys')
  if (keys.length === 0) errors.push(required(keysPath, 'must not be empty if x-kubernetes-list-type is map'))
  if (!schema.items) {
    errors.push(required(path.child('items'), 'must have a schema if x-kubernetes-list-type is map'))
    return
  }
  const items = itemsOf(schema)
  if (!items) {
    errors.push(
      invalid(path.child('items'), schema.items, 'must only have a single schema if x-kubernetes-list-type is map'),
    )
    return
  }
  if (items.type !== 'object') {
    errors.push(
      invalid(
        path.child('items', 'type'),
        items.type ?? '',
        "must be object if parent array's x-kubernetes-list-type is map",
      ),
    )
    return
  }
  const seen = new Set<string>()
  for (const key of keys) {
    const property = propertyOf(items, key)
    if (!property) errors.push(invalid(keysPath, keys, 'entries must all be names of item properties'))
    else if (property.type === 'array' || property.type === 'object')
      errors.push(
        invalid(
          path.child('items', 'properties').key(key).child('type'),
          items.type,
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      )
    if (seen.has(key)) errors.push(invalid(keysPath, keys, 'must not contain duplicate entries'))
    seen.add(key)
  }
}

/** Keys of maps are always there, and neither they nor items are null. */
export function validateMapListKeys(schema: JsonSchema, path: FieldPath): FieldError[] {
  const items = itemsOf(schema)
  const listType = schema['x-kubernetes-list-type']
  if (!items || (listType !== 'set' && listType !== 'map')) return []
  const errors: FieldError[] = []
  const at = path.child('items')
  if (items.nullable)
    errors.push(forbidden(at.child('nullable'), `cannot be nullable when x-kubernetes-list-type is ${listType}`))
  if (listType === 'set') return errors
  for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
    const property = propertyOf(items, key)
    if (!property) continue
    const propertyPath = at.child('properties').key(key)
    const being = 'this property is in x-kubernetes-list-map-keys, so it'
    if (!items.required?.includes(key) && property.default === undefined)
      errors.push(required(propertyPath.child('default'), `${being} must have a default or be a required property`))
    if (property.nullable) errors.push(forbidden(propertyPath.child('nullable'), `${being} cannot be nullable`))
  }
  return errors
}

export const hasInvalidType = (schema: JsonSchema | undefined): boolean =>
  someSchema(schema, ({ type }) => type !== undefined && type !== '' && !types.includes(type))

export const usesExtensions = (schema: JsonSchema | undefined): boolean =>
  someSchema(
    schema,
    each =>
      each['x-kubernetes-embedded-resource'] === true ||
      each['x-kubernetes-preserve-unknown-fields'] !== undefined ||
      each['x-kubernetes-int-or-string'] === true ||
      (each['x-kubernetes-list-map-keys']?.length ?? 0) > 0 ||
      each['x-kubernetes-list-type'] !== undefined ||
      (each['x-kubernetes-validations']?.length ?? 0) > 0,
  )

/** The order of upstream's own type, whose fields are asked one after the other. */
const rootFields: readonly (readonly [name: string, field: keyof JsonSchema])[] = [
  ['ID', 'id'],
  ['Schema', '$schema'],
  ['Ref', '$ref'],
  ['Description', 'description'],
  ['Type', 'type'],
  ['Nullable', 'nullable'],
  ['Format', 'format'],
  ['Title', 'title'],
  ['Default', 'default'],
  ['Maximum', 'maximum'],
  ['ExclusiveMaximum', 'exclusiveMaximum'],
  ['Minimum', 'minimum'],
  ['ExclusiveMinimum', 'exclusiveMinimum'],
  ['MaxLength', 'maxLength'],
  ['MinLength', 'minLength'],
  ['Pattern', 'pattern'],
  ['MaxItems', 'maxItems'],
  ['MinItems', 'minItems'],
  ['UniqueItems', 'uniqueItems'],
  ['MultipleOf', 'multipleOf'],
  ['Enum', 'enum'],
  ['MaxProperties', 'maxProperties'],
  ['MinProperties', 'minProperties'],
  ['Required', 'required'],
  ['Items', 'items'],
  ['AllOf', 'allOf'],
  ['OneOf', 'oneOf'],
  ['AnyOf', 'anyOf'],
  ['Not', 'not'],
  ['Properties', 'properties'],
  ['AdditionalProperties', 'additionalProperties'],
  ['PatternProperties', 'patternProperties'],
  ['Dependencies', 'dependencies'],
  ['AdditionalItems', 'additionalItems'],
  ['Definitions', 'definitions'],
  ['ExternalDocs', 'externalDocs'],
  ['Example', 'example'],
  ['XPreserveUnknownFields', 'x-kubernetes-preserve-unknown-fields'],
  ['XEmbeddedResource', 'x-kubernetes-embedded-resource'],
  ['XIntOrString', 'x-kubernetes-int-or-string'],
  ['XListMapKeys', 'x-kubernetes-list-map-keys'],
  ['XListType', 'x-kubernetes-list-type'],
  ['XMapType', 'x-kubernetes-map-type'],
  ['XValidations', 'x-kubernetes-validations'],
]

const allowedAtRoot =
  'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations'

/** With a status subresource, only what says nothing of status besides `properties.status` may stand at the root. */
export function validateRootWithStatus(schema: JsonSchema, path: FieldPath): FieldError[] {
  const ending = 'of the schema if the status subresource is enabled'
  for (const [name, field] of rootFields) {
    const value = schema[field]
    if (value === undefined || value === false || deepEqual(value, [])) continue
    if (name === 'Type') {
      if (value !== 'object')
        return [
          invalid(
            path.child('openAPIV3Schema.type'),
            value,
            `only "object" is allowed as the type at the root ${ending}`,
          ),
        ]
      continue
    }
    if (!allowedAtRoot.split(' ').includes(name))
      return [
        invalid(
          path.child('openAPIV3Schema'),
          schema,
          `only [${allowedAtRoot}] fields are allowed at the root ${ending}`,
        ),
      ]
  }
  return []
}
