// What claims, classes and slices of devices have in common (upstream: pkg/apis/resource/validation).

import { duplicate, invalid, notSupported, required, tooLong, tooMany } from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import { byteLength } from '../../../machinery/go-text.ts'
import { jsonText } from '../../../machinery/json/write.ts'
import { checkDNSLabel, checkDNSSubdomain, checkName, type Errors } from '../../../machinery/validation/field-checks.ts'
import { validateLabelName } from '../../../machinery/validation/labels.ts'
import { isCIdentifier, isLabelValue } from '../../../machinery/validation/names.ts'
import { checkDriverName } from '../../core/v1/volume.validation.ts'
import type { DeviceConfiguration, DeviceTaint, DeviceToleration } from './device.ts'

export const mostRequests = 32
export const mostConfigs = 32
export const longestParameters = 10 * 1024
const longestPoolName = 253
const longestIdentifier = 32
const mostBindingConditions = 4

type ItemCheck<T> = (item: T, path: FieldPath, errors: Errors) => void

/** A list that is too long is not looked into. */
export function checkList<T>(
  items: readonly T[] | undefined,
  most: number,
  check: ItemCheck<T>,
  path: FieldPath,
  errors: Errors,
): boolean {
  if (!items) return true
  if (items.length > most) {
    errors.push(tooMany(path, items.length, most))
    return false
  }
  for (let index = 0; index < items.length; index++) check(items[index]!, path.index(index), errors)
  return true
}

/** As `checkList`; and each key once. */
export function checkSet<T>(
  items: readonly T[] | undefined,
  most: number,
  check: ItemCheck<T>,
  keyOf: (item: T) => unknown,
  path: FieldPath,
  errors: Errors,
): void {
  if (!checkList(items, most, check, path, errors)) return
  const seen = new Set<string>()
  for (const [index, item] of (items ?? []).entries()) {
    const key = keyOf(item)
    const text = JSON.stringify(key)
    if (seen.has(text)) errors.push(duplicate(path.index(index), key))
    seen.add(text)
  }
}

/** A long key is cut in the middle where it stands in a path. */
export function keyPath(path: FieldPath, key: string, longest: number): FieldPath {
  const most = Math.max(longest, 16)
  if (key.length <= most) return path.key(key)
  const rest = most - 3
  return path.key(`${key.slice(0, (rest + 1) >> 1)}...${key.slice(key.length - (rest >> 1))}`)
}

export function checkPoolName(name: string | undefined, path: FieldPath, errors: Errors): void {
  if (!name) {
    errors.push(required(path))
    return
  }
  if (byteLength(name) > longestPoolName) errors.push(tooLong(path, name, longestPoolName))
  for (const part of name.split('/')) checkDNSSubdomain(part, path, errors)
}

export function checkClassName(name: string | undefined, path: FieldPath, errors: Errors): void {
  if (!name) errors.push(required(path))
  else checkDNSSubdomain(name, path, errors)
}

export function checkConfiguration({ opaque }: DeviceConfiguration, path: FieldPath, errors: Errors): void {
  const at = path.child('opaque')
  if (!opaque) {
    errors.push(required(at))
    return
  }
  checkDriverName(opaque.driver ?? '', at.child('driver'), errors)
  checkRawExtension(opaque.parameters, longestParameters, at.child('parameters'), errors)
}

/** A JSON object, and not too large. */
export function checkRawExtension(value: unknown, longest: number, path: FieldPath, errors: Errors): void {
  if (value === undefined || value === null) errors.push(required(path))
  else if (byteLength(jsonText(value)) > longest) errors.push(tooLong(path, '', longest))
  else if (typeof value !== 'object' || Array.isArray(value))
    errors.push(invalid(path, '<value omitted>', 'must be a valid JSON object'))
}

const effects = ['NoExecute', 'NoSchedule', 'None']

export function checkTaint({ key = '', value = '', effect }: DeviceTaint, path: FieldPath, errors: Errors): void {
  errors.push(...validateLabelName(key, path.child('key')))
  if (value !== '') checkName(value, isLabelValue, path.child('value'), errors)
  if (!effect) errors.push(required(path.child('effect')))
  else if (!effects.includes(effect)) errors.push(notSupported(path.child('effect'), effect, effects))
}

export function checkToleration(toleration: DeviceToleration, path: FieldPath, errors: Errors): void {
  const { key = '', operator = '', value = '', effect = '' } = toleration
  if (key !== '') errors.push(...validateLabelName(key, path.child('key')))
  if (operator === 'Exists') {
    if (value !== '') errors.push(invalid(path.child('value'), value, 'must be empty for operator `Exists`'))
  } else if (operator === 'Equal') checkName(value, isLabelValue, path.child('value'), errors)
  else if (operator === '') errors.push(required(path.child('operator')))
  else errors.push(notSupported(path.child('operator'), operator, ['Equal', 'Exists']))
  if (effect !== '' && !effects.includes(effect)) errors.push(notSupported(path.child('effect'), effect, effects))
}

/** A C identifier, with or without the domain of the driver it belongs to. */
export function checkDeviceKey(name: string, path: FieldPath, errors: Errors): void {
  const parts = name.split('/')
  const [first = '', second = ''] = parts
  if (parts.length > 2) errors.push(invalid(path, name, 'must not contain more than one slash'))
  else if (parts.length === 1) checkIdentifier(first, path, errors)
  else {
    if (first === '') errors.push(invalid(path, '', 'the domain must not be empty'))
    else checkDriverName(first, path, errors)
    if (second === '') errors.push(invalid(path, '', 'the name must not be empty'))
    else checkIdentifier(second, path, errors)
  }
}

export function checkFullDeviceKey(name: string, path: FieldPath, errors: Errors): void {
  checkDeviceKey(name, path, errors)
  if (!name.includes('/'))
    errors.push(invalid(path, name, 'a fully qualified name must be a domain and a name separated by a slash'))
}

function checkIdentifier(id: string, path: FieldPath, errors: Errors): void {
  if (byteLength(id) > longestIdentifier) errors.push(tooLong(path, id, longestIdentifier))
  checkName(id, isCIdentifier, path, errors)
}

/** What must be before a pod is bound, and what must not; one is nothing without the other. */
export function checkBindingConditions(
  {
    bindingConditions: good = [],
    bindingFailureConditions: bad = [],
  }: {
    readonly bindingConditions?: readonly string[]
    readonly bindingFailureConditions?: readonly string[]
  },
  path: FieldPath,
  errors: Errors,
): void {
  const [goodPath, badPath] = [path.child('bindingConditions'), path.child('bindingFailureConditions')]
  const checkLabel: ItemCheck<string> = (name, at) => {
    errors.push(...validateLabelName(name, at))
  }
  checkList(good, mostBindingConditions, checkLabel, goodPath, errors)
  checkList(bad, mostBindingConditions, checkLabel, badPath, errors)
  for (const [index, name] of good.entries())
    if (good.indexOf(name) !== index) errors.push(duplicate(goodPath.index(index), name))
  for (const [index, name] of bad.entries()) {
    if (bad.indexOf(name) !== index) errors.push(duplicate(badPath.index(index), name))
    if (good.includes(name))
      errors.push(
        invalid(badPath.index(index), name, 'bindingFailureConditions must not overlap with bindingConditions'),
      )
  }
  if (good.length === 0 && bad.length > 0)
    errors.push(invalid(goodPath, null, 'bindingConditions are required to use bindingFailureConditions'))
  if (bad.length === 0 && good.length > 0)
    errors.push(invalid(badPath, null, 'bindingFailureConditions are required to use bindingConditions'))
}

export const checkRequestName: ItemCheck<string> = (name, path, errors) => checkDNSLabel(name, path, errors)
