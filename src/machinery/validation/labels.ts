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
    const at = path.child('matchExpressions').index(index)
    const values = expression.values ?? []
    switch (expression.operator) {
      case 'In':
      case 'NotIn':
        if (values.length === 0)
          errors.push(required(at.child('values'), "must be specified when `operator` is 'In' or 'NotIn'"))
        break
      case 'Exists':
      case 'DoesNotExist':
        if (values.length > 0)
          errors.push(
            forbidden(at.child('values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
          )
        break
      default:
        if (!rules.allowUnknownOperator)
          errors.push(invalid(at.child('operator'), expression.operator, 'not a valid selector operator'))
    }
    errors.push(...validateLabelName(expression.key, at.child('key')))
    if (!rules.allowInvalidLabelValue)
      values.forEach((value, valueIndex) => {
        for (const message of isLabelValue(value))
          errors.push(invalid(at.child('values').index(valueIndex), value, message))
      })
  })
  return errors
}
