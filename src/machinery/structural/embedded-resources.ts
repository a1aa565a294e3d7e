// Resources inside of resources (`x-kubernetes-embedded-resource`): their metadata is read and checked as that of a
// resource of its own.

import { type FieldError, fieldErrorMessage, invalid, required } from '../field-error.ts'
import { isDNS1035Label, isPathSegmentName, isPathSegmentPrefix } from '../validation/names.ts'
import { type MetadataToValidate, validateObjectMeta } from '../validation/object-meta.ts'
import { inKeyOrder } from './json-text.ts'
import { mapList, mapObject } from './prune.ts'
import {
  additionalOf,
  childPath,
  indexPath,
  isObject,
  itemsOf,
  type JsonObject,
  type JsonSchema,
  keyPath,
  type MaybePath,
  propertyOf,
  someSchema,
} from './schema.ts'

/** Reads metadata as a Go server does: in normal form, or throws an Error that says what has the wrong type. */
export type MetadataReader = (
  metadata: unknown,
  unknownFields: string[] | undefined,
) => MetadataToValidate & Record<string, unknown>

const embedding = new WeakMap<JsonSchema, boolean>()

/** Whether there is an embedded resource anywhere in the schema. */
export function embedsResources(schema: JsonSchema | undefined): boolean {
  if (!schema) return false
  let has = embedding.get(schema)
  if (has === undefined) {
    has = someSchema(schema, each => each['x-kubernetes-embedded-resource'] === true)
    embedding.set(schema, has)
  }
  return has
}

/**
 * The value with the metadata of its embedded resources in normal form; the value itself when there is nothing to do.
 * Throws an Error for metadata, an apiVersion or a kind of the wrong type.
 */
export function readEmbedded(
  value: unknown,
  schema: JsonSchema | undefined,
  readMetadata: MetadataReader,
  unknownFields?: string[],
): unknown {
  return embedsResources(schema) ? readNode(undefined, value, schema, readMetadata, unknownFields) : value
}

function readNode(
  path: MaybePath,
  value: unknown,
  schema: JsonSchema | undefined,
  readMetadata: MetadataReader,
  unknownFields: string[] | undefined,
): unknown {
  if (!schema) return value
  if (isObject(value)) {
    const embedded = schema['x-kubernetes-embedded-resource'] === true
    const values = additionalOf(schema)
    return mapObject(value, (key, child) => {
      if (embedded && (key === 'apiVersion' || key === 'kind') && typeof child !== 'string')
        throw new Error(fieldErrorMessage(invalid(childPath(path, key), inKeyOrder(child), 'must be a string')))
      if (embedded && key === 'metadata') return readMeta(childPath(path, key), child, readMetadata, unknownFields)
      const property = propertyOf(schema, key)
      if (property) return readNode(childPath(path, key), child, property, readMetadata, unknownFields)
      return values ? readNode(keyPath(path, key), child, values, readMetadata, unknownFields) : child
    })
  }
  if (!Array.isArray(value)) return value
  const items = itemsOf(schema)
  return mapList(value, (item, index) => readNode(indexPath(path, index), item, items, readMetadata, unknownFields))
}

function readMeta(
  path: MaybePath,
  metadata: unknown,
  readMetadata: MetadataReader,
  unknownFields: string[] | undefined,
): unknown {
  try {
    const unknown: string[] | undefined = unknownFields && []
    const read = readMetadata(metadata, unknown)
    for (const field of unknown ?? []) unknownFields!.push(`${path}.${field}`)
    return read
  } catch (error) {
    throw new Error(fieldErrorMessage(invalid(path, inKeyOrder(metadata), (error as Error).message)))
  }
}

/** `isResource`: the value itself is a whole resource. */
export function validateEmbedded(
  path: MaybePath,
  value: unknown,
  schema: JsonSchema | undefined,
  isResource = false,
): FieldError[] {
  if (!isResource && !embedsResources(schema)) return []
  const errors: FieldError[] = []
  checkNode(path, value, schema, isResource, errors)
  return errors
}

function checkNode(
  path: MaybePath,
  value: unknown,
  schema: JsonSchema | undefined,
  isResource: boolean,
  errors: FieldError[],
): void {
  if (!schema) return
  if (isObject(value)) {
    if (isResource || schema['x-kubernetes-embedded-resource']) checkResource(path, value, errors)
    const values = additionalOf(schema)
    for (const key in value) {
      const property = propertyOf(schema, key)
      if (property) checkNode(childPath(path, key), value[key], property, false, errors)
      else if (values) checkNode(keyPath(path, key), value[key], values, false, errors)
    }
  } else if (Array.isArray(value)) {
    const items = itemsOf(schema)
    if (items)
      for (const [index, item] of value.entries()) checkNode(indexPath(path, index), item, items, false, errors)
  }
}

function checkResource(path: MaybePath, value: JsonObject, errors: FieldError[]): void {
  const { apiVersion, kind, metadata } = value
  const [versionPath, kindPath] = [childPath(path, 'apiVersion'), childPath(path, 'kind')]
  if (apiVersion === undefined) errors.push(required(versionPath, ''))
  else if (typeof apiVersion !== 'string') errors.push(invalid(versionPath, inKeyOrder(apiVersion), 'must be a string'))
  else if (apiVersion === '') errors.push(invalid(versionPath, apiVersion, 'must not be empty'))
  else if (apiVersion.split('/').length > 2)
    errors.push(invalid(versionPath, apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
  if (kind === undefined) errors.push(required(kindPath, ''))
  else if (typeof kind !== 'string') errors.push(invalid(kindPath, inKeyOrder(kind), 'must be a string'))
  else if (kind === '') errors.push(invalid(kindPath, kind, 'must not be empty'))
  else {
    const problems = isDNS1035Label(kind.toLowerCase())
    if (problems.length > 0)
      errors.push(invalid(kindPath, kind, `may have mixed case, but should otherwise match: ${problems.join(',')}`))
  }
  if (!isObject(metadata)) return
  const named: MetadataToValidate = { ...metadata, name: (metadata['name'] as string) || 'fakename' }
  errors.push(
    ...validateObjectMeta(
      named,
      {
        namespaced: (named.namespace ?? '') !== '',
        nameFn: (name, prefix) => (prefix ? isPathSegmentPrefix(name) : isPathSegmentName(name)),
      },
      childPath(path, 'metadata'),
    ),
  )
}
