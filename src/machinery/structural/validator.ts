// The OpenAPI validations of custom resources, with the words of upstream's validator (kube-openapi): types, ranges,
// lengths, patterns, formats, enums, required fields, and allOf, anyOf, oneOf, not.
//
// On an update, what is invalid but has not changed passes (CRDValidationRatcheting): `correlated` tells what that is.

import { deepEqual } from '../deep-equal.ts'
import {
  type FieldError,
  invalid,
  nilValue,
  notSupported,
  required,
  tooLong,
  tooMany,
  typeInvalid,
} from '../field-error.ts'
import { goNumber, goValue, quote } from '../go-text.ts'
import { isInt64 } from '../json/numbers.ts'
import { goJson } from '../json/write.ts'
import { compilePattern } from '../re2.ts'
import type { Correlated } from './correlation.ts'
import { formatOf, isOfFormat } from './formats.ts'
import { inKeyOrder } from './json-text.ts'
import { additionalOf, childPath, isObject, itemsOf, type JsonSchema, type MaybePath } from './schema.ts'

/** Empty when the value is valid. Paths of the errors are below `path`. */
export function validateValue(
  path: MaybePath,
  schema: JsonSchema | undefined,
  value: unknown,
  correlated?: Correlated,
): FieldError[] {
  if (!schema) return []
  const { failures } = checkRatcheted(schema, value, '', correlated)
  return failures.map(failure => failure.error(failure.name === undefined ? path : below(path, failure.name)))
}

function below(path: MaybePath, name: string): MaybePath {
  return name === '' || name === '.' ? path : childPath(path, name.startsWith('.') ? name.slice(1) : name)
}

interface Failure {
  /** Where, as the validator names it; undefined for failures of the whole, which have no place. */
  readonly name: string | undefined
  readonly message: string
  error(path: MaybePath): FieldError
}

/** `matches` counts the checks that were passed: of several alternatives, the one with most is the one that was meant. */
interface Result {
  failures: Failure[]
  matches: number
}

const empty = (): Result => ({ failures: [], matches: 0 })

function merge(into: Result, other: Result | undefined): void {
  if (!other) return
  for (const failure of other.failures) add(into, failure)
  into.matches += other.matches
}

function add(into: Result, failure: Failure | undefined): void {
  if (failure && !into.failures.some(({ message }) => message === failure.message)) into.failures.push(failure)
}

const failed = (...failures: Failure[]): Result => ({ failures, matches: 0 })

const atPlace = (name: string, message: string, error: (path: MaybePath) => FieldError): Failure => ({
  name,
  message,
  error,
})
const isInvalid = (name: string, value: unknown, message: string): Failure =>
  atPlace(name, message, path => invalid(path, inKeyOrder(value), message))
const asWhole = (message: string): Failure => ({ name: undefined, message, error: path => invalid(path, '', message) })

function isWrongType(name: string, expected: string, found: string): Failure {
  const message = `${name} in body must be of type ${expected}: ${quote(found)}`
  return atPlace(name, message, path => typeInvalid(path, found, message))
}

function checkRatcheted(schema: JsonSchema, value: unknown, name: string, correlated: Correlated | undefined): Result {
  const result = check(schema, value, name, correlated)
  return result.failures.length > 0 && correlated?.unchanged ? { failures: [], matches: result.matches } : result
}

/** The JSON type of a value. */
function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'bigint') return 'integer'
  // A float is taken for an integer while it is exact.
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'integer' : 'number'
  return value === null ? 'null' : typeof value
}

function typesOf(schema: JsonSchema): readonly string[] {
  if (schema['x-kubernetes-int-or-string']) return ['integer', 'string']
  return schema.type ? [schema.type] : []
}

function check(schema: JsonSchema, value: unknown, name: string, correlated: Correlated | undefined): Result {
  const result = empty()
  if (value === null) {
    merge(result, checkType(schema, value, name))
    merge(result, checkEnum(schema, value, name))
    return result
  }
  const run = (found: Result | undefined) => {
    merge(result, found)
    result.matches++
  }
  if (typesOf(schema).length > 0 || formatOf(schema) !== '') run(checkType(schema, value, name))
  run(checkJunctors(schema, value, name, correlated))
  if (typeof value === 'string') {
    run(checkString(schema, value, name))
    const format = formatOf(schema)
    if (format !== '' && isKnownStringFormat(schema)) run(checkFormat(format, value, name))
  }
  if (typeof value === 'number' || typeof value === 'bigint') run(checkNumber(schema, value, name))
  if (Array.isArray(value)) run(checkList(schema, value, name, correlated))
  run(checkEnum(schema, value, name))
  if (isObject(value)) run(checkObject(schema, value, name, correlated))
  result.matches++
  return result
}

const isKnownStringFormat = ({ type }: JsonSchema): boolean => type === undefined || type === '' || type === 'string'

function checkType(schema: JsonSchema, value: unknown, name: string): Result {
  const types = typesOf(schema)
  const passed: Result = { failures: [], matches: 1 }
  if (value === null)
    return types.length > 0 && !schema.nullable ? failed(isWrongType(name, types.join(','), 'null')) : passed
  const format = formatOf(schema)
  const found = typeOf(value)
  const foundFormat = found === 'integer' ? 'int64' : found === 'number' ? 'float64' : ''
  const isTextual = typeof value === 'string' || Array.isArray(value)
  const isNumeric = types.includes('number') || types.includes('integer')
  const fits = types.includes(found) || (found === 'integer' && types.includes('number'))
  if (!isTextual && format !== '' && !fits && foundFormat !== format)
    return failed(isWrongType(name, format, foundFormat))
  if (!isNumeric && format !== '' && isTextual) return passed
  if (!fits) return failed(isWrongType(name, types.join(','), found))
  return passed
}

function checkEnum(schema: JsonSchema, value: unknown, name: string): Result | undefined {
  const allowed = schema.enum
  if (!allowed || allowed.length === 0) return undefined
  if (value !== null && allowed.some(each => deepEqual(each, value))) return undefined
  const texts = allowed.map(each => (typeof each === 'string' ? each : goJson(inKeyOrder(each))))
  const message = `${name} in body should be one of [${allowed.map(goValue).join(' ')}]`
  return failed(
    atPlace(name, message, path => notSupported(path, value === null ? nilValue : inKeyOrder(value), texts)),
  )
}

function characters(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

function checkString(schema: JsonSchema, value: string, name: string): Result | undefined {
  const { maxLength, minLength, pattern } = schema
  if (maxLength !== undefined && characters(value) > maxLength) {
    const message = `${name} in body should be at most ${maxLength} chars long`
    return failed(atPlace(name, message, path => tooLong(path, '', maxLength)))
  }
  if (minLength !== undefined && characters(value) < minLength)
    return failed(isInvalid(name, value, `${name} in body should be at least ${minLength} chars long`))
  if (!pattern) return undefined
  let problem = pattern
  try {
    if (compilePattern(pattern).matcher(value).find()) return undefined
  } catch (error) {
    problem = `${pattern}, but pattern is invalid: ${(error as Error).message}`
  }
  return failed(isInvalid(name, value, `${name} in body should match '${problem}'`))
}

function checkFormat(format: string, value: string, name: string): Result | undefined {
  if (isOfFormat(format, value)) return undefined
  const message = `${name} in body must be of type ${format}: ${quote(value)}`
  return failed(atPlace(name, message, path => typeInvalid(path, value, message)))
}

const int32Limit = 2 ** 31
const float32Limit = 3.4028234663852886e38

/** A number that the type and format cannot hold. */
function outOfRange(schema: JsonSchema, value: number | bigint, what: string, name: string): Failure | undefined {
  if (schema['x-kubernetes-int-or-string'] || (schema.type !== 'integer' && schema.type !== 'number')) return undefined
  const format = formatOf(schema)
  const message = `${what} value must be of type ${schema.type} ${format ? `with format ${format}` : '(default format)'} in ${name}`
  if (schema.type === 'number')
    return format === 'float' && Math.abs(Number(value)) > float32Limit ? asWhole(message) : undefined
  if (typeof value !== 'bigint' && !Number.isInteger(value)) return asWhole(message)
  const limit = format === 'int32' ? int32Limit : 2 ** 63
  return value >= -limit && value < limit ? undefined : asWhole(message)
}

function checkNumber(schema: JsonSchema, value: number | bigint, name: string): Result {
  const { multipleOf, maximum, minimum, exclusiveMaximum, exclusiveMinimum } = schema
  const result: Result = { failures: [], matches: 1 }
  add(result, outOfRange(schema, value, 'Checked', name))
  /** Integers are compared with integers, unless the type has none like the bound. */
  const boundOf = (bound: number, what: string): number => {
    const failure = outOfRange(schema, bound, what, name)
    add(result, failure)
    return failure || !isInt64(value) ? bound : Math.trunc(bound)
  }
  if (multipleOf !== undefined) {
    const factor = boundOf(multipleOf, 'MultipleOf')
    if (factor <= 0)
      add(
        result,
        isInvalid(name, factor, `factor MultipleOf declared for ${name} must be positive: ${goNumber(factor)}`),
      )
    else if (!isMultiple(value, factor))
      add(result, isInvalid(name, value, `${name} in body should be a multiple of ${goNumber(factor)}`))
  }
  if (minimum !== undefined) {
    const least = boundOf(minimum, 'Minimum boundary')
    if (exclusiveMinimum ? value <= least : value < least)
      add(
        result,
        isInvalid(
          name,
          value,
          `${name} in body should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${goNumber(least)}`,
        ),
      )
  }
  if (maximum !== undefined) {
    const most = boundOf(maximum, 'Maximum boundary')
    if (exclusiveMaximum ? value >= most : value > most)
      add(
        result,
        isInvalid(
          name,
          value,
          `${name} in body should be less than ${exclusiveMaximum ? '' : 'or equal to '}${goNumber(most)}`,
        ),
      )
  }
  return result
}

function isMultiple(value: number | bigint, factor: number): boolean {
  if (typeof value === 'bigint' && Number.isInteger(factor)) return value % BigInt(factor) === 0n
  const times = factor < 1 ? (1 / factor) * Number(value) : Number(value) / factor
  return Math.abs(times) <= Number.MAX_SAFE_INTEGER && Math.abs(times - Math.round(times)) < 1e-9
}

function checkList(
  schema: JsonSchema,
  list: readonly unknown[],
  name: string,
  correlated: Correlated | undefined,
): Result {
  const result = empty()
  const items = itemsOf(schema)
  if (items)
    for (const [index, item] of list.entries())
      merge(result, checkRatcheted(items, item, `${name}[${index}]`, correlated?.item(index)))
  const { minItems, maxItems } = schema
  if (minItems !== undefined && list.length < minItems)
    add(result, isInvalid(name, list.length, `${name} in body should have at least ${minItems} items`))
  if (maxItems !== undefined && list.length > maxItems) {
    const message = `${name} in body should have at most ${maxItems} items`
    add(
      result,
      atPlace(name, message, path => tooMany(path, list.length, maxItems)),
    )
  }
  if (schema.uniqueItems && list.some((item, index) => list.slice(0, index).some(each => deepEqual(each, item))))
    add(result, isInvalid(name, '', `${name} in body shouldn't contain duplicates`))
  result.matches++
  return result
}

function checkObject(
  schema: JsonSchema,
  object: Record<string, unknown>,
  name: string,
  correlated: Correlated | undefined,
): Result {
  const result = empty()
  const keys = Object.keys(object).filter(key => object[key] !== undefined)
  const { minProperties, maxProperties, properties = {} } = schema
  if (minProperties !== undefined && keys.length < minProperties)
    add(result, isInvalid(name, keys.length, `${name} in body should have at least ${minProperties} properties`))
  if (maxProperties !== undefined && keys.length > maxProperties) {
    const message = `${name} in body should have at most ${maxProperties} properties`
    add(
      result,
      atPlace(name, message, path => tooMany(path, keys.length, maxProperties)),
    )
  }
  const values = additionalOf(schema)
  for (const key of keys) {
    if (Object.hasOwn(properties, key)) continue
    if (schema.additionalProperties === false)
      add(result, isInvalid(name, key, `${name}.${key} in body is a forbidden property`))
    else if (values)
      merge(result, checkRatcheted(values, object[key], `${name}.${key}`, counterpart(correlated, name, key)))
  }
  for (const key of Object.keys(properties)) {
    if (!Object.hasOwn(object, key) || object[key] === undefined) continue
    const at = name === '' ? key : `${name}.${key}`
    merge(result, checkRatcheted(properties[key]!, object[key], at, counterpart(correlated, name, key)))
  }
  for (const key of schema.required ?? []) {
    if (Object.hasOwn(object, key) && object[key] !== undefined) continue
    const at = `${name}.${key}`
    add(
      result,
      atPlace(at, `${at} in body is required`, path => required(path)),
    )
  }
  return result
}

/** apiVersion and kind at the root are what the request says, on both sides. */
function counterpart(correlated: Correlated | undefined, name: string, key: string): Correlated | undefined {
  return name === '' && (key === 'kind' || key === 'apiVersion') ? undefined : correlated?.field(key)
}

function checkJunctors(schema: JsonSchema, value: unknown, name: string, correlated: Correlated | undefined): Result {
  const result = empty()
  const of = (each: JsonSchema) => check(each, value, name, correlated)
  if (schema.anyOf && schema.anyOf.length > 0) {
    let best: Result | undefined
    let succeeded: Result | undefined
    for (const each of schema.anyOf) {
      const found = of(each)
      if (found.failures.length === 0) {
        succeeded = found
        break
      }
      if (!best || found.matches > best.matches) best = found
    }
    if (!succeeded) add(result, asWhole(`${quote(name)} must validate at least one schema (anyOf)`))
    merge(result, succeeded ?? best)
  }
  if (schema.oneOf && schema.oneOf.length > 0) checkOneOf(schema.oneOf.map(of), name, result)
  if (schema.allOf && schema.allOf.length > 0) {
    const found = schema.allOf.map(of)
    const valid = found.filter(({ failures }) => failures.length === 0).length
    for (const each of found) merge(result, each)
    if (valid !== found.length)
      add(
        result,
        asWhole(`${quote(name)} must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`),
      )
  }
  if (schema.not && of(schema.not).failures.length === 0)
    add(result, asWhole(`${quote(name)} must not validate the schema (not)`))
  result.matches++
  return result
}

function checkOneOf(found: readonly Result[], name: string, result: Result): void {
  const valid = found.filter(({ failures }) => failures.length === 0)
  if (valid.length === 1) {
    merge(result, valid[0])
    return
  }
  const how = valid.length === 0 ? 'Found none valid' : `Found ${valid.length} valid alternatives`
  add(result, asWhole(`${quote(name)} must validate one and only one schema (oneOf). ${how}`))
  if (valid.length > 0) return
  let best: Result | undefined
  for (const each of found) if (!best || each.matches > best.matches) best = each
  merge(result, best)
}
