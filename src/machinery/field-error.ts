// What is wrong with one field of an object, in upstream's form (apimachinery util/validation/field): a type that
// becomes the cause's reason in a Status, the field's path, the bad value and a detail.

import type { FieldPath } from './field-path.ts'
import { goNumber, quote } from './go-text.ts'
import { goJson } from './json/write.ts'

export type FieldErrorType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooShort'
  | 'FieldValueTooMany'
  | 'FieldValueTooFew'
  | 'FieldValueTypeInvalid'
  | 'InternalError'

export interface FieldError {
  readonly type: FieldErrorType
  readonly field: string
  readonly badValue?: unknown
  readonly detail: string
}

/** A path, its text, or undefined where upstream has a nil path (which prints as `<nil>`). */
export type PathLike = FieldPath | string | undefined

const titles: Record<FieldErrorType, string> = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooShort: 'Too short',
  FieldValueTooMany: 'Too many',
  FieldValueTooFew: 'Too few',
  FieldValueTypeInvalid: 'Invalid value',
  InternalError: 'Internal error',
}

/** Given as the bad value, leaves it out of the message. */
export const omitValue: unique symbol = Symbol('omitted')

/** Given as the bad value where upstream has a nil, which it shows as the word in quotes. */
export const nilValue: unique symbol = Symbol('nil')

function make(type: FieldErrorType, path: PathLike, badValue: unknown, detail: string): FieldError {
  return { type, field: path === undefined ? '<nil>' : String(path), badValue, detail }
}

export const typeInvalid = (path: PathLike, value: unknown, detail: string): FieldError =>
  make('FieldValueTypeInvalid', path, value, detail)
export const notFound = (path: PathLike, value: unknown): FieldError => make('FieldValueNotFound', path, value, '')
export const required = (path: PathLike, detail = ''): FieldError => make('FieldValueRequired', path, '', detail)
export const duplicate = (path: PathLike, value: unknown): FieldError => make('FieldValueDuplicate', path, value, '')
export const invalid = (path: PathLike, value: unknown, detail: string): FieldError =>
  make('FieldValueInvalid', path, value, detail)
export const forbidden = (path: PathLike, detail: string): FieldError => make('FieldValueForbidden', path, '', detail)

export function notSupported(path: PathLike, value: unknown, supported: readonly string[]): FieldError {
  const detail = supported.length > 0 ? `supported values: ${supported.map(quote).join(', ')}` : ''
  return make('FieldValueNotSupported', path, value, detail)
}

/** `value` is not shown. `unit` is bytes where upstream counts bytes (most places), characters where it counts runes. */
export function tooLong(path: PathLike, _value: unknown, max: number, unit: 'byte' | 'character' = 'byte'): FieldError {
  const detail = max >= 0 ? `may not be more than ${max} ${unit}${max === 1 ? '' : 's'}` : 'value is too long'
  return make('FieldValueTooLong', path, '<value omitted>', detail)
}

export function tooShort(path: PathLike, value: string, min: number): FieldError {
  const detail = min >= 0 ? `must be at least ${min} character${min === 1 ? '' : 's'}` : 'value is too short'
  return make('FieldValueTooShort', path, value, detail)
}

export function tooMany(path: PathLike, actual: number, max: number): FieldError {
  const detail = max >= 0 ? `must have at most ${max} item${max === 1 ? '' : 's'}` : 'has too many items'
  return make('FieldValueTooMany', path, actual >= 0 ? actual : omitValue, detail)
}

export function tooFew(path: PathLike, actual: number, min: number): FieldError {
  const detail = min >= 0 ? `must have at least ${min} item${min === 1 ? '' : 's'}` : 'has too few items'
  return make('FieldValueTooFew', path, actual, detail)
}

export const internal = (path: PathLike, error: Error | string): FieldError =>
  make('InternalError', path, undefined, typeof error === 'string' ? error : error.message)

/** The message without the field's path: what a Status cause carries. */
export function fieldErrorBody(error: FieldError): string {
  let body = titles[error.type]
  switch (error.type) {
    case 'FieldValueRequired':
    case 'FieldValueForbidden':
    case 'FieldValueTooLong':
    case 'FieldValueTooShort':
    case 'InternalError':
      break
    default:
      if (error.badValue !== omitValue) body += `: ${printValue(error.badValue)}`
  }
  return error.detail === '' ? body : `${body}: ${error.detail}`
}

/** `spec.replicas: Invalid value: -1: must be greater than or equal to 0`. */
export function fieldErrorMessage(error: FieldError): string {
  return `${error.field}: ${fieldErrorBody(error)}`
}

/** Several errors as upstream joins them: one as it is, more as `[a, b]`, repeated ones once. */
export function aggregateMessage(messages: readonly string[]): string {
  const distinct = [...new Set(messages)]
  return distinct.length === 1 ? distinct[0]! : `[${distinct.join(', ')}]`
}

function printValue(value: unknown): string {
  if (value === nilValue) return '"null"'
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'number':
    case 'bigint':
      return goNumber(value)
    case 'boolean':
      return String(value)
    default:
      return goJson(value)
  }
}
