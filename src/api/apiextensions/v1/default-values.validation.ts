// The defaults of a schema: what they put into an object must be valid there itself, and known to the schema.

import { deepEqual } from '../../../machinery/deep-equal.ts'
import { aggregateMessage, type FieldError, fieldErrorMessage, invalid } from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import { readEmbedded, validateEmbedded } from '../../../machinery/structural/embedded-resources.ts'
import { prune } from '../../../machinery/structural/prune.ts'
import { isObject, itemsOf, type JsonSchema } from '../../../machinery/structural/schema.ts'
import { validateValue } from '../../../machinery/structural/validator.ts'
import { readObjectMeta } from '../../meta/v1/read-objectmeta.ts'

/** Checks a value against the rules (x-kubernetes-validations) of its schema. */
export type RuleCheck = (path: FieldPath, schema: JsonSchema, value: unknown, isResource: boolean) => FieldError[]

interface Options {
  readonly requirePruned: boolean
  readonly checkRules?: RuleCheck
}

/** Puts a value where it is a default, into an otherwise empty resource. */
type Surround = (value: unknown) => Record<string, unknown>

const resource: Surround = value => ({
  kind: 'Validation',
  apiVersion: 'validation/v1',
  ...(isObject(value) ? value : {}),
})

export function validateDefaults(path: FieldPath, schema: JsonSchema, options: Options): FieldError[] {
  const errors: FieldError[] = []
  const root = { ...schema, 'x-kubernetes-embedded-resource': true }
  check(path, root, root, resource, false, options, errors)
  return errors
}

function check(
  path: FieldPath,
  schema: JsonSchema,
  root: JsonSchema,
  surround: Surround,
  insideMeta: boolean,
  options: Options,
  errors: FieldError[],
): void {
  const embedded = schema['x-kubernetes-embedded-resource'] === true
  const [around, top, inMeta] = embedded ? [resource, schema, false] : [surround, root, insideMeta]
  if (schema.default !== undefined)
    errors.push(...checkDefault(path.child('default'), schema, top, around, inMeta, options))
  const items = itemsOf(schema)
  if (items) check(path.child('items'), items, top, value => around([value]), inMeta, options, errors)
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const isMeta = embedded && (name === 'metadata' || name === 'apiVersion' || name === 'kind')
    const inside: Surround = value => around({ [name]: value })
    check(path.child('properties').key(name), property, top, inside, inMeta || isMeta, options, errors)
  }
}

function checkDefault(
  path: FieldPath,
  schema: JsonSchema,
  root: JsonSchema,
  surround: Surround,
  insideMeta: boolean,
  { requirePruned, checkRules }: Options,
): FieldError[] {
  const value: unknown = schema.default
  const isResource = schema['x-kubernetes-embedded-resource'] === true
  const errors: FieldError[] = []
  if (insideMeta) {
    const problem = metadataProblem(surround(value), root)
    if (problem) return [invalid(path, value, `must result in valid metadata: ${problem}`)]
  } else {
    if (requirePruned && !deepEqual(prune(value, schema, { isResource }), value))
      errors.push(invalid(path, value, 'must not have unknown fields'))
    try {
      readEmbedded(value, schema, readObjectMeta)
    } catch (error) {
      return [...errors, invalid(path, value, (error as Error).message)]
    }
    const embedded = validateEmbedded(path, value, schema, isResource)
    if (embedded.length > 0) return [...errors, ...embedded]
  }
  const found = validateValue(path, schema, value)
  if (found.length > 0) return [...errors, ...found]
  return checkRules ? [...errors, ...checkRules(path, schema, value, schema === root)] : errors
}

function metadataProblem(object: Record<string, unknown>, root: JsonSchema): string | undefined {
  try {
    readEmbedded(object, { ...root, 'x-kubernetes-embedded-resource': true }, readObjectMeta)
  } catch (error) {
    return (error as Error).message
  }
  const errors = validateEmbedded(undefined, object, root, true)
  return errors.length > 0 ? aggregateMessage(errors.map(fieldErrorMessage)) : undefined
}
