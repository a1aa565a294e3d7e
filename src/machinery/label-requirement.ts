// One term of a label selector: what it may be, what it matches, how it reads.

import { aggregateMessage, type FieldError, fieldErrorMessage, invalid, notSupported } from './field-error.ts'
import { root } from './field-path.ts'
import { compareText } from './go-text.ts'
import { isLabelValue, isQualifiedName } from './validation/names.ts'

export type Labels = Readonly<Record<string, string>>

export type LabelOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'exists' | '!' | 'gt' | 'lt'

export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  readonly values: readonly string[]
}

const binary: readonly LabelOperator[] = ['in', 'notin', '=', '==', '!=', 'gt', 'lt']

/** A requirement that holds to the rules of keys and values; throws an Error that names every breach. */
export function checkedRequirement(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const errors: FieldError[] = []
  const keyMessages = isQualifiedName(key)
  if (keyMessages.length > 0) errors.push(invalid(root('key'), key, keyMessages.join('; ')))
  const path = root('values')
  switch (operator) {
    case 'in':
    case 'notin':
      if (values.length === 0)
        errors.push(invalid(path, values, "for 'in', 'notin' operators, values set can't be empty"))
      break
    case '=':
    case '==':
    case '!=':
      if (values.length !== 1) errors.push(invalid(path, values, 'exact-match compatibility requires one single value'))
      break
    case 'exists':
    case '!':
      if (values.length > 0)
        errors.push(invalid(path, values, 'values set must be empty for exists and does not exist'))
      break
    case 'gt':
    case 'lt':
      if (values.length !== 1)
        errors.push(invalid(path, values, "for 'Gt', 'Lt' operators, exactly one value is required"))
      values.forEach((value, index) => {
        if (parseInt64(value) === undefined)
          errors.push(invalid(path.index(index), value, "for 'Gt', 'Lt' operators, the value must be an integer"))
      })
      break
    default:
      errors.push(notSupported(root('operator'), operator, [...binary, 'exists', '!']))
  }
  values.forEach((value, index) => {
    const messages = isLabelValue(value)
    if (messages.length > 0) errors.push(invalid(path.index(index).key(key), value, messages.join('; ')))
  })
  if (errors.length > 0) throw new Error(aggregateMessage(errors.map(fieldErrorMessage)))
  return { key, operator, values }
}

export function requirementMatches({ key, operator, values }: LabelRequirement, labels: Labels | undefined): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return value !== undefined && values.includes(value)
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    default: {
      const actual = value === undefined ? undefined : parseInt64(value)
      const limit = parseInt64(values[0] ?? '')
      if (actual === undefined || limit === undefined || values.length !== 1) return false
      return operator === 'gt' ? actual > limit : actual < limit
    }
  }
}

export function requirementText({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${[...values].sort(compareText).join(',')})`
    case 'gt':
      return `${key}>${values.join(',')}`
    case 'lt':
      return `${key}<${values.join(',')}`
    default:
      return `${key}${operator}${values.join(',')}`
  }
}

/** Go's strconv.ParseInt(text, 10, 64); undefined for an error. */
function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
  return BigInt.asIntN(64, value) === value ? value : undefined
}
