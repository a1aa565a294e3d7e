// Checks of metav1.Condition lists (apimachinery meta/v1/validation).

import { duplicate, type FieldError, invalid, notSupported, required, tooLong } from '../field-error.ts'
import type { FieldPath } from '../field-path.ts'
import { byteLength } from '../go-text.ts'
import { validateLabelName } from './labels.ts'
import { regexMessage } from './names.ts'

interface Condition {
  readonly type?: string
  readonly status?: string
  readonly observedGeneration?: number
  readonly lastTransitionTime?: string | null
  readonly reason?: string
  readonly message?: string
}

const statuses = ['False', 'True', 'Unknown']
const longestReason = 1024
const longestMessage = 32 * 1024
const reasonFormat = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?'
const reasonRegex = new RegExp(`^${reasonFormat}$`)

export function validateConditions(conditions: readonly Condition[] | undefined, path: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  const types = new Set<string>()
  for (const [index, condition] of (conditions ?? []).entries()) {
    const at = path.index(index)
    const { type = '', status = '', observedGeneration = 0, reason = '' } = condition
    if (types.has(type)) errors.push(duplicate(at.child('type'), type))
    types.add(type)
    errors.push(...validateLabelName(type, at.child('type')))
    if (!statuses.includes(status)) errors.push(notSupported(at.child('status'), status, statuses))
    if (observedGeneration < 0)
      errors.push(invalid(at.child('observedGeneration'), observedGeneration, 'must be greater than or equal to zero'))
    if (!condition.lastTransitionTime) errors.push(required(at.child('lastTransitionTime')))
    if (reason === '') errors.push(required(at.child('reason')))
    else {
      if (!reasonRegex.test(reason))
        errors.push(
          invalid(
            at.child('reason'),
            reason,
            regexMessage(
              "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
              reasonFormat,
              'my_name',
              'MY_NAME',
              'MyName',
              'ReasonA,ReasonB',
              'ReasonA:ReasonB',
            ),
          ),
        )
      if (byteLength(reason) > longestReason) errors.push(tooLong(at.child('reason'), '', longestReason))
    }
    if (byteLength(condition.message ?? '') > longestMessage)
      errors.push(tooLong(at.child('message'), '', longestMessage))
  }
  return errors
}
