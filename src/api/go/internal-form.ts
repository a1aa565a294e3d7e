// What an object looks like inside a Go server: validation errors show values so, and what may not change is compared so.
//
// A declaration and a value in normal form go in; out comes JSON by the names that the fields of the internal Go types
// have, with everything that is not there as null or zero. Only messages are made of it.

import { zeroOf } from '../../machinery/codec/scalars.ts'
import { wasSentEmpty } from '../../machinery/codec/sent-empty.ts'
import type { FieldError } from '../../machinery/field-error.ts'
import { compareText } from '../../machinery/go-text.ts'
import type { FieldSchema, ObjectSchema, TypeNode } from '../../machinery/schema/schema.ts'
import { diffOf } from '../../machinery/unified-diff.ts'
import { initials, inSecurityContext, ordered, renamed } from './internal-types.ts'

type Json = Record<string, unknown>

/** Lists and maps that a client sent empty are shown so, which nothing in the store is. */
export function internalForm(schema: ObjectSchema, value: object): unknown {
  return schema.alias ? ofNode(schema.alias, value) : ofObject(schema, value as Json)
}

/** Errors of an object of the kind, with whole values as upstream shows them. Finds the type of each by its path. */
export function shownInternally(schema: ObjectSchema, errors: FieldError[], object: object): FieldError[] {
  if (!errors.some(isOfObject)) return errors
  return errors.map(error => (isOfObject(error) ? shown(schema, error, object) : error))
}

const isOfObject = ({ badValue }: FieldError): boolean =>
  badValue === undefined || (typeof badValue === 'object' && !(badValue instanceof InternalForm))

function shown(schema: ObjectSchema, error: FieldError, object: object): FieldError {
  const found = placeAt(schema, object, error.field)
  if (!found) return error
  const { node, isPointer, isEmpty } = found
  const missing = (): unknown =>
    isEmpty ? emptyOf(node) : isPointer || error.badValue === null ? null : zeroOfNode(node)
  const badValue = error.badValue === undefined || error.badValue === null ? missing() : ofNode(node, error.badValue)
  return { ...error, badValue: typeof badValue === 'object' && badValue !== null ? shownAs(badValue) : badValue }
}

/** For an error whose path does not lead to the value it shows. */
export const showing = (schema: ObjectSchema, value: object): InternalForm =>
  new InternalForm(internalForm(schema, value))

/** For a value that is of no declared type. */
export const shownAs = (form: object): InternalForm => new InternalForm(form)

class InternalForm {
  readonly #form: unknown

  constructor(form: unknown) {
    this.#form = form
  }

  toJSON(): unknown {
    return this.#form
  }
}

/** What differs, as upstream tells. */
export function internalDiff(schema: ObjectSchema, before: object, after: object): string {
  const formOf = (value: object): unknown =>
    Array.isArray(value) ? value.map(item => internalForm(schema, item)) : internalForm(schema, value)
  return diffOf(formOf(before), formOf(after))
}

interface Place {
  readonly node: TypeNode
  readonly value: unknown
  readonly isPointer: boolean
  /** A client sent it with nothing in it. */
  readonly isEmpty: boolean
}

function placeAt(schema: ObjectSchema, object: object, path: string): Place | undefined {
  let place: Place = { node: { type: 'object', of: () => schema }, value: object, isPointer: false, isEmpty: false }
  for (const [, name, key] of path.matchAll(/([^.[\]]+)|\[([^\]]*)\]/g)) {
    const inner = placeWithin(place, name, key)
    if (!inner) return undefined
    place = inner
  }
  return place
}

function placeWithin({ node, value }: Place, name: string | undefined, key: string | undefined): Place | undefined {
  const inner = (value as Json | null | undefined)?.[name ?? key ?? '']
  const item = (of: TypeNode): Place => ({ node: of, value: inner, isPointer: false, isEmpty: false })
  switch (node.type) {
    case 'object':
    case 'either': {
      const field = node.of().fields.get(name ?? '')
      if (!field) return undefined
      const isEmpty = wasSentEmpty(value as object | undefined, field.name)
      return { node: field.node, value: inner, isPointer: field.presence === 'pointer', isEmpty }
    }
    case 'list':
      return key === undefined ? undefined : item(node.item)
    case 'map':
      return item(node.value)
    default:
      return undefined
  }
}

/** What a list, a map or bytes are with nothing in them. */
const emptyOf = (node: TypeNode): unknown => (node.type === 'map' ? {} : node.type === 'list' ? [] : '')

// ---- values --------------------------------------------------------------------------------------------------------

function ofNode(node: TypeNode, value: unknown): unknown {
  if (value === null || value === undefined) return null
  switch (node.type) {
    case 'object':
      return internalForm(node.of(), value as object)
    case 'list':
      return Array.isArray(value) ? value.map(item => ofNode(node.item, item) ?? zeroOfNode(node.item)) : value
    case 'map': {
      const entries = Object.entries(value).sort(([a], [b]) => compareText(a, b))
      return Object.fromEntries(entries.map(([key, item]) => [key, ofNode(node.value, item) ?? zeroOfNode(node.value)]))
    }
    case 'either':
      return ofEither(node, value)
    default:
      return value
  }
}

/** Its shapes are fields of their own: of the object, and of what it may be instead. */
function ofEither(node: Extract<TypeNode, { type: 'either' }>, value: unknown): unknown {
  const isObject = typeof value === 'object' && !Array.isArray(value)
  const Schema = isObject ? internalForm(node.of(), value as object) : null
  switch (node.or.type) {
    case 'boolean':
      return { Allows: isObject || value, Schema }
    case 'list':
      return node.or.item.type === 'string'
        ? { Schema, Property: isObject ? null : value }
        : { Schema, JSONSchemas: isObject ? null : ofNode(node.or, value) }
    default:
      return value
  }
}

function zeroOfNode(node: TypeNode): unknown {
  switch (node.type) {
    case 'object':
      return internalForm(node.of(), {})
    case 'list':
    case 'map':
    case 'either':
    case 'bytes':
      return null
    default:
      return zeroOf(node.type)
  }
}

// ---- objects -------------------------------------------------------------------------------------------------------

function ofObject(schema: ObjectSchema, value: Json): unknown {
  const type = schema.name.split('.').slice(-3).join('.')
  // These are the same inside and outside.
  if (schema.name.includes('.apimachinery.')) return sameInside(schema, value)
  const own = renamed[type]
  const order = ordered[type]
  const fields = order ? order.split(' ').map(name => schema.fields.get(name)!) : schema.fields.values()
  const hasMetadata = schema.fields.has('metadata')
  const form: Json = {}
  // Type and metadata stand in the object itself, by the names that they have outside.
  for (const field of fields) {
    const { name } = field
    if (hasMetadata && name === 'metadata') Object.assign(form, ofNode(field.node, value[name] ?? {}))
    else if (hasMetadata && (name === 'kind' || name === 'apiVersion')) {
      if (value[name]) form[name] = value[name]
    } else form[own?.[name] ?? goName(name)] = ofField(field, value)
  }
  return reshape(type, schema, value, form)
}

function sameInside(schema: ObjectSchema, value: Json): unknown {
  const form: Json = {}
  for (const { name, node } of schema.fields.values())
    if (value[name] !== undefined && value[name] !== null) form[name] = ofNode(node, value[name])
  return form
}

const goName = (name: string): string => {
  const written = name.replace(initials, word => word.toUpperCase())
  return written.charAt(0).toUpperCase() + written.slice(1)
}

function ofField({ name, node, presence }: FieldSchema, value: Json): unknown {
  const inner = value[name]
  const isGiven = inner !== undefined && inner !== null && !(node.type === 'bytes' && inner === '')
  if (isGiven) return ofNode(node, inner)
  if (wasSentEmpty(value, name)) return emptyOf(node)
  return presence === 'pointer' ? null : zeroOfNode(node)
}

/** The few types that are built otherwise. */
function reshape(type: string, schema: ObjectSchema, value: Json, form: Json): Json {
  switch (type) {
    case 'core.v1.PodSpec': {
      const head = inSecurityContext.map(name => [goName(name), ofField(schema.fields.get(name)!, value)])
      const context = schema.fields.get('securityContext')!.node
      const own = (form['SecurityContext'] ?? zeroOfNode(context)) as Json
      form['SecurityContext'] = { ...Object.fromEntries(head), ...own }
      return form
    }
    case 'admissionregistration.v1.NamedRuleWithOperations': {
      const { ResourceNames, ...rule } = form
      return { ResourceNames, RuleWithOperations: rule }
    }
    case 'apiextensions.v1.CustomResourceConversion': {
      const { Strategy, Webhook } = form
      return { Strategy, ...((Webhook ?? { WebhookClientConfig: null, ConversionReviewVersions: null }) as Json) }
    }
    default:
      return form
  }
}
