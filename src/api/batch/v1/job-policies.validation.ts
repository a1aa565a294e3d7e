// When a Job counts as failed before its time (podFailurePolicy), and as succeeded (successPolicy).

import {
  duplicate,
  invalid,
  notSupported,
  omitValue,
  required,
  tooLong,
  tooMany,
} from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import { byteLength, quote } from '../../../machinery/go-text.ts'
import { checkNonnegative, checkQualifiedName, type Errors } from '../../../machinery/validation/field-checks.ts'
import { countIndexes } from './completion-indexes.ts'
import type { JobSpec } from './job.ts'

const mostRules = 20
const mostPatterns = 20
const mostExitCodes = 255
const longestIndexes = 64 * 1024
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore']
const operators = ['In', 'NotIn']
const statuses = ['False', 'True', 'Unknown']

/** As Go prints a list of texts with `%q`. */
const valid = (values: readonly string[]): string => `valid values: [${values.map(quote).join(' ')}]`

function checkChoice(value: string | undefined, values: readonly string[], path: FieldPath, errors: Errors): void {
  if (!value) errors.push(required(path, valid(values)))
  else if (!values.includes(value)) errors.push(notSupported(path, value, values))
}

export function checkPodFailurePolicy(spec: JobSpec, path: FieldPath, errors: Errors): void {
  const rules = spec.podFailurePolicy?.rules ?? []
  const rulesPath = path.child('rules')
  if (rules.length > mostRules) errors.push(tooMany(rulesPath, rules.length, mostRules))
  const { containers, initContainers = [] } = spec.template?.spec ?? {}
  const names = new Set([...(containers ?? []), ...initContainers].map(({ name = '' }) => name))
  for (const [index, { action, onExitCodes, onPodConditions = [] }] of rules.entries()) {
    const at = rulesPath.index(index)
    if (action !== 'FailIndex') checkChoice(action, actions, at.child('action'), errors)
    else if (spec.backoffLimitPerIndex === undefined)
      errors.push(invalid(at.child('action'), action, 'requires the backoffLimitPerIndex to be set'))
    if (onExitCodes) checkExitCodes(onExitCodes, names, at.child('onExitCodes'), errors)
    const patterns = at.child('onPodConditions')
    if (onPodConditions.length > mostPatterns) errors.push(tooMany(patterns, onPodConditions.length, mostPatterns))
    for (const [number, { type = '', status }] of onPodConditions.entries()) {
      checkQualifiedName(type, patterns.index(number).child('type'), errors)
      checkChoice(status, statuses, patterns.index(number).child('status'), errors)
    }
    if (onExitCodes && onPodConditions.length > 0)
      errors.push(invalid(at, omitValue, 'specifying both OnExitCodes and OnPodConditions is not supported'))
    if (!onExitCodes && onPodConditions.length === 0)
      errors.push(invalid(at, omitValue, 'specifying one of OnExitCodes and OnPodConditions is required'))
  }
}

function checkExitCodes(
  { operator, containerName, values: given }: { operator?: string; containerName?: string; values?: number[] | null },
  names: ReadonlySet<string>,
  path: FieldPath,
  errors: Errors,
): void {
  checkChoice(operator, operators, path.child('operator'), errors)
  if (containerName !== undefined && !names.has(containerName))
    errors.push(
      invalid(
        path.child('containerName'),
        containerName,
        'must be one of the container or initContainer names in the pod template',
      ),
    )
  const values = given ?? []
  const at = path.child('values')
  if (values.length === 0) errors.push(invalid(at, given ?? null, 'at least one value is required'))
  else if (values.length > mostExitCodes) errors.push(tooMany(at, values.length, mostExitCodes))
  const seen = new Set<number>()
  let ordered = true
  for (const [index, value] of values.entries()) {
    if (operator === 'In' && value === 0)
      errors.push(invalid(at.index(index), value, 'must not be 0 for the In operator'))
    if (seen.has(value)) errors.push(duplicate(at.index(index), value))
    seen.add(value)
    if (index > 0 && values[index - 1]! > value) ordered = false
  }
  if (!ordered) errors.push(invalid(at, values, 'must be ordered'))
}

export function checkSuccessPolicy(spec: JobSpec, path: FieldPath, errors: Errors): void {
  const policy = spec.successPolicy!
  if (spec.completionMode !== 'Indexed') {
    errors.push(invalid(path, policy, 'requires indexed completion mode'))
    return
  }
  const rules = policy.rules ?? []
  const rulesPath = path.child('rules')
  if (rules.length === 0)
    errors.push(required(rulesPath, 'at least one rules must be specified when the successPolicy is specified'))
  if (rules.length > mostRules) errors.push(tooMany(rulesPath, rules.length, mostRules))
  const completions = spec.completions ?? 0
  for (const [index, { succeededCount: count, succeededIndexes: indexes }] of rules.entries()) {
    const at = rulesPath.index(index)
    if (count === undefined && indexes === undefined)
      errors.push(required(at, 'at least one of succeededCount or succeededIndexes must be specified'))
    let total = 0
    if (indexes !== undefined) {
      const there = at.child('succeededIndexes')
      if (byteLength(indexes) > longestIndexes) errors.push(tooLong(there, indexes, longestIndexes))
      const found = countIndexes(indexes, completions)
      if (typeof found === 'number') total = found
      else errors.push(invalid(there, indexes, `error parsing succeededIndexes: ${found}`))
    }
    if (count === undefined) continue
    const there = at.child('succeededCount')
    checkNonnegative(count, at, 'succeededCount', errors)
    if (count > completions)
      errors.push(
        invalid(there, count, `must be less than or equal to ${completions} (the number of specified completions)`),
      )
    if (indexes !== undefined && count > total)
      errors.push(
        invalid(
          there,
          count,
          `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`,
        ),
      )
  }
}
