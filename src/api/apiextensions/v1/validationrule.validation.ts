// The texts around a rule's expression: that they are there, on one line, and point at fields that exist.

import { type FieldError, invalid, notSupported, required } from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import { resolveFieldPath } from '../../../machinery/structural/field-reference.ts'
import type { JsonSchema } from '../../../machinery/structural/schema.ts'
import { unsupportedIn } from '../../../machinery/structural/structural-rules.ts'

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']
const hasNewlines = (text: string) => /[\n\r]/.test(text)

export function validateRuleTexts(schema: JsonSchema, path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, each] of (schema['x-kubernetes-validations'] ?? []).entries()) {
    const at = path.child('x-kubernetes-validations').index(index)
    const { rule = '', message = '', messageExpression = '', reason, fieldPath = '' } = each
    const trimmed = message.trim()
    if (rule.trim() === '') errors.push(required(at.child('rule'), 'rule is not specified'))
    else if (message !== '' && trimmed === '')
      errors.push(invalid(at.child('message'), message, 'must be non-empty if specified'))
    else if (hasNewlines(trimmed)) errors.push(invalid(at.child('message'), message, 'must not contain line breaks'))
    else if (hasNewlines(rule.trim()) && trimmed === '')
      errors.push(required(at.child('message'), 'message must be specified if rule contains line breaks'))
    if (messageExpression !== '' && messageExpression.trim() === '')
      errors.push(required(at.child('messageExpression'), 'messageExpression must be non-empty if specified'))
    if (reason !== undefined && !reasons.includes(reason))
      errors.push(notSupported(at.child('reason'), reason, reasons))
    if (fieldPath === '') continue
    if (fieldPath.trim() === '')
      errors.push(invalid(at.child('fieldPath'), fieldPath, 'must be non-empty if specified'))
    if (hasNewlines(fieldPath)) errors.push(invalid(at.child('fieldPath'), fieldPath, 'must not contain line breaks'))
    if (unsupportedIn(schema) === undefined && resolveFieldPath(fieldPath, schema).problem !== undefined)
      errors.push(invalid(at.child('fieldPath'), fieldPath, 'must be a valid path'))
  }
  return errors
}
