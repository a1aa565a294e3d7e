// Checks of labels and label selectors in objects (apimachinery meta/v1/validation).

import { type FieldError, forbidden, invalid, required } from '../field-error.ts'
import type { FieldPath } from '../field-path.ts'
import type { LabelSelector } from '../labels.ts'
import { isLabelValue, isQualifiedName } from './names.ts'

type StringMap = Readonly<Record<string, string>>

export function validateLabelName(name: string, path: FieldPath): FieldError[] {
  return isQualifiedName(name).map(message => invalid(path, name, message))
}

export function validateLabels(labels: StringMap | undefined, path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  for (const key in labels) {
    for (const message of isQualifiedName(key)) errors.push(invalid(path, key, message))
    const value = labels[key]!
    for (const message of isLabelValue(value)) errors.push(invalid(path, value, message))
  }
  return errors
}

export interface LabelSelectorRules {
  /** Values that are no label values are let through: for objects that were stored before the rule. */
  readonly allowInvalidLabelValue?: boolean
  readonly allowUnknownOperator?: boolean
}

export function validateLabelSelector(
  selector: LabelSelector | undefined,
  path: FieldPath,
  rules: LabelSelectorRules = {},
): FieldError[] {
  if (!selector) return []
  const errors = validateLabels(selector.matchLabels, path.child('matchLabels'))
  selector.matchExpressions?.forEach((expression, index) => {
    errors.push(...validateLabelRequirement(expression, path.child('matchExpressions').index(index), rules))
  })
  return errors
}

/** One term of a selector of labels. */
export function validateLabelRequirement(
  requirement: { readonly key: string; readonly operator: string; readonly values?: readonly string[] },
  path: FieldPath,
  rules: LabelSelectorRules = {},
): FieldError[] {
  return [
    ...validateSelectorOperator(requirement, path, rules),
    ...validateLabelName(requirement.key, path.child('key')),
    ...(rules.allowInvalidLabelValue ? [] : validateLabelValues(requirement.values, path.child('values'))),
  ]
}

function validateLabelValues(values: readonly string[] = [], path: FieldPath): FieldError[] {
  return values.flatMap((value, index) =>
    isLabelValue(value).map(message => invalid(path.index(index), value, message)),
  )
}

/** Whether a term of a selector, of labels or of fields, has values where its operator wants some. */
export function validateSelectorOperator(
  { operator, values = [] }: { readonly operator: string; readonly values?: readonly string[] },
  path: FieldPath,
  rules: LabelSelectorRules = {},
): FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length > 0) return []
      return [required(path.child('values'), "must be specified when `operator` is 'In' or 'NotIn'")]
    case 'Exists':
    case 'DoesNotExist':
      if (values.length === 0) return []
      return [forbidden(path.child('values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")]
  }
  return rules.allowUnknownOperator ? [] : [invalid(path.child('operator'), operator, 'not a valid selector operator')]
}
