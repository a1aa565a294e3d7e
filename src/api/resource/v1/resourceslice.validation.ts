// What drivers say of their devices (upstream: pkg/apis/resource/validation, ValidateResourceSlice).

import { wasSentEmpty } from '../../../machinery/codec/sent-empty.ts'
import { normalEqual } from '../../../machinery/deep-equal.ts'
import { type FieldError, forbidden, invalid, required, tooLong, tooMany } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { byteLength } from '../../../machinery/go-text.ts'
import { parseQuantity, type Quantity } from '../../../machinery/quantity.ts'
import { checkDNSLabel, checkImmutable, checkName, type Errors } from '../../../machinery/validation/field-checks.ts'
import { nameIsDNSSubdomain } from '../../../machinery/validation/names.ts'
import { checkNodeSelector } from '../../core/v1/scheduling.validation.ts'
import { checkDriverName } from '../../core/v1/volume.validation.ts'
import type { KubeObject } from '../../resource.ts'
import {
  checkBindingConditions,
  checkDeviceKey,
  checkList,
  checkPoolName,
  checkSet,
  checkTaint,
  keyPath,
} from './device.validation.ts'
import type {
  CapacityRequestPolicy,
  CapacityRequestPolicyRange,
  Device,
  DeviceAttribute,
  ResourceSliceSpec,
} from './resourceslice.ts'

const specPath = root('spec')
const mostDevices = 128
const mostAdvancedDevices = 64
const mostCounterSets = 8
const mostCounters = 32
const mostConsumptions = 2
const mostAttributes = 32
const longestKey = 63 + 1 + 32
const longestValue = 64
const mostTaints = 16
const mostOptions = 10

export const validateResourceSlice = (slice: KubeObject): FieldError[] => check(slice, undefined)
export const validateResourceSliceUpdate = (slice: KubeObject, old: KubeObject): FieldError[] => check(slice, old)

/** The places that are set; what is set to nothing is wrong. */
function placesOf(
  of: Pick<Device, 'nodeName' | 'nodeSelector' | 'allNodes'>,
  empty: string,
  path: FieldPath,
  errors: Errors,
): string[] {
  const set: string[] = []
  if (of.nodeName !== undefined) {
    if (of.nodeName !== '') {
      set.push('`nodeName`')
      checkName(of.nodeName, nameIsDNSSubdomain, path.child('nodeName'), errors)
    } else errors.push(invalid(path.child('nodeName'), '', empty))
  }
  if (of.nodeSelector) {
    set.push('`nodeSelector`')
    checkNodeSelector(of.nodeSelector, path.child('nodeSelector'), errors)
  }
  return set
}

const unsetOrTrue = 'must be either unset or set to true'

function check(slice: KubeObject, old: KubeObject | undefined): FieldError[] {
  const errors: Errors = []
  const spec = slice['spec'] as ResourceSliceSpec
  const before = old?.['spec'] as ResourceSliceSpec | undefined
  checkDriverName(spec.driver ?? '', specPath.child('driver'), errors)
  const { name, resourceSliceCount = 0, generation = 0 } = spec.pool ?? {}
  const pool = specPath.child('pool')
  checkPoolName(name, pool.child('name'), errors)
  if (resourceSliceCount <= 0)
    errors.push(invalid(pool.child('resourceSliceCount'), resourceSliceCount, 'must be greater than zero'))
  if (generation < 0)
    errors.push(invalid(pool.child('generation'), generation, 'must be greater than or equal to zero'))
  if (before) {
    checkImmutable(name, before.pool?.name, pool.child('name'), errors)
    checkImmutable(spec.driver, before.driver, specPath.child('driver'), errors)
    checkImmutable(spec.nodeName, before.nodeName, specPath.child('nodeName'), errors)
  }
  checkPlaces(spec, errors)
  const isGiven = (field: 'sharedCounters' | 'devices') => spec[field] || wasSentEmpty(spec, field)
  if (isGiven('sharedCounters') && isGiven('devices'))
    errors.push(invalid(specPath, '', 'only one of `sharedCounters` or `devices` is allowed'))
  const devices = spec.devices ?? []
  const advanced = devices.some(({ taints, consumesCounters }) => taints?.length || consumesCounters?.length)
  checkSet(
    devices,
    advanced ? mostAdvancedDevices : mostDevices,
    (device, path) =>
      checkDevice(
        device,
        before?.devices?.find(other => other.name === device.name),
        spec.perDeviceNodeSelection === true,
        path,
        errors,
      ),
    device => device.name ?? '',
    specPath.child('devices'),
    errors,
  )
  checkSet(
    spec.sharedCounters,
    mostCounterSets,
    (set, path) => checkCounters(set.name, 'name', set.counters, path, errors),
    set => set.name ?? '',
    specPath.child('sharedCounters'),
    errors,
  )
  return errors
}

function checkPlaces(spec: ResourceSliceSpec, errors: Errors): void {
  const set = placesOf(spec, 'must be either unset or set to a non-empty string', specPath, errors)
  const terms = spec.nodeSelector?.nodeSelectorTerms
  if (spec.nodeSelector && terms?.length !== 1)
    errors.push(
      invalid(
        specPath.child('nodeSelector', 'nodeSelectorTerms'),
        terms ?? null,
        'must have exactly one node selector term',
      ),
    )
  for (const field of ['allNodes', 'perDeviceNodeSelection'] as const)
    if (spec[field] === true) set.push(`\`${field}\``)
    else if (spec[field] === false) errors.push(invalid(specPath.child(field), false, unsetOrTrue))
  const one = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'
  if (set.length === 0) errors.push(required(specPath, one))
  else if (set.length > 1) errors.push(invalid(specPath, `{${set.join(', ')}}`, `${one}, but multiple fields are set`))
}

function checkDevice(device: Device, old: Device | undefined, placed: boolean, path: FieldPath, errors: Errors): void {
  const { attributes = {}, capacity = {}, taints } = device
  checkDNSLabel(device.name ?? '', path.child('name'), errors)
  const count = Object.keys(attributes).length + Object.keys(capacity).length
  if (count > mostAttributes)
    errors.push(invalid(path, count, `the total number of attributes and capacities must not exceed ${mostAttributes}`))
  for (const key in attributes) {
    checkDeviceKey(key, path.child('attributes'), errors)
    checkAttribute(attributes[key]!, keyPath(path.child('attributes'), key, longestKey), errors)
  }
  if (!old || !normalEqual(old.capacity, device.capacity))
    for (const key in capacity) {
      checkDeviceKey(key, path.child('capacity'), errors)
      const { value, requestPolicy } = capacity[key]!
      if (!requestPolicy) continue
      const at = keyPath(path.child('capacity'), key, longestKey).child('requestPolicy')
      if (device.allowMultipleAllocations !== true) errors.push(forbidden(at, 'allowMultipleAllocations must be true'))
      else checkPolicy(parseQuantity(value ?? '0'), requestPolicy, at, errors)
    }
  if (!old || !normalEqual(old.taints, taints)) checkList(taints, mostTaints, checkTaint, path.child('taints'), errors)
  checkSet(
    device.consumesCounters,
    mostConsumptions,
    (consumption, at) => checkCounters(consumption.counterSet, 'counterSet', consumption.counters, at, errors),
    ({ counterSet }) => counterSet ?? '',
    path.child('consumesCounters'),
    errors,
  )
  checkDevicePlaces(device, placed, path, errors)
  checkBindingConditions(device, path, errors)
}

function checkDevicePlaces(device: Device, placed: boolean, path: FieldPath, errors: Errors): void {
  if (!placed) {
    if (device.nodeName !== undefined || device.nodeSelector || device.allNodes !== undefined)
      errors.push(
        invalid(
          path,
          null,
          '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
        ),
      )
    return
  }
  const set = placesOf(device, 'must not be empty', path, errors)
  if (device.allNodes === true) set.push('`allNodes`')
  else if (device.allNodes === false) errors.push(invalid(path.child('allNodes'), false, unsetOrTrue))
  const one =
    'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec'
  if (set.length === 0) errors.push(required(path, one))
  else if (set.length > 1) errors.push(invalid(path, `{${set.join(', ')}}`, one))
}

function checkCounters(
  name: string | undefined,
  field: string,
  counters: Readonly<Record<string, unknown>> | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  if (!name) errors.push(required(path.child(field)))
  else checkDNSLabel(name, path.child(field), errors)
  const keys = Object.keys(counters ?? {})
  const at = path.child('counters')
  if (keys.length === 0) errors.push(required(at))
  else if (keys.length > mostCounters) errors.push(tooMany(at, keys.length, mostCounters))
  else for (const key of keys) checkDNSLabel(key, at, errors)
}

const number = '(0|[1-9]\\d*)'
const preRelease = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)'
const semver = new RegExp(
  `^${number}\\.${number}\\.${number}(-${preRelease}(\\.${preRelease})*)?(\\+[0-9a-zA-Z-]+(\\.[0-9a-zA-Z-]+)*)?$`,
)

function checkAttribute(attribute: DeviceAttribute, path: FieldPath, errors: Errors): void {
  const { bool, int, string, version } = attribute
  if (string !== undefined && byteLength(string) > longestValue)
    errors.push(tooLong(path.child('string'), '', longestValue))
  if (version !== undefined) {
    if (!semver.test(version))
      errors.push(invalid(path.child('version'), version, 'must be a string compatible with semver.org spec 2.0.0'))
    if (byteLength(version) > longestValue) errors.push(tooLong(path.child('version'), '', longestValue))
  }
  const set = [bool, int, string, version].filter(value => value !== undefined)
  if (set.length === 1) return
  errors.push(invalid(path, set.length === 0 ? '' : attribute, 'exactly one value must be specified'))
}

function checkPolicy(capacity: Quantity, policy: CapacityRequestPolicy, path: FieldPath, errors: Errors): void {
  const { validValues = [], validRange } = policy
  if (validValues.length > 0 && validRange) {
    errors.push(
      forbidden(
        path,
        'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time',
      ),
    )
    return
  }
  const kind = validValues.length > 0 ? 'validValues' : validRange ? 'validRange' : undefined
  if (!kind) return
  if (policy.default === undefined) {
    errors.push(required(path.child('default'), `required when ${kind} is defined`))
    return
  }
  const fallback = parseQuantity(policy.default)
  if (validRange) checkPolicyRange(fallback, capacity, validRange, path.child('validRange'), errors)
  else checkPolicyValues(fallback, capacity, validValues.map(parseQuantity), path.child('validValues'), errors)
}

function checkPolicyValues(
  fallback: Quantity,
  capacity: Quantity,
  values: readonly Quantity[],
  path: FieldPath,
  errors: Errors,
): void {
  for (let index = 1; index < values.length; index++)
    if (values[index - 1]!.compare(values[index]!) > 0)
      errors.push(invalid(path.index(index), values[index]!.toString(), 'values must be sorted in ascending order'))
  checkSet(
    values,
    mostOptions,
    (value, at) => {
      if (value.compare(capacity) > 0)
        errors.push(invalid(at, value.toString(), `option is larger than capacity value: ${capacity}`))
    },
    value => String(value.value()),
    path,
    errors,
  )
  if (!values.some(value => value.equals(fallback)))
    errors.push(invalid(path, fallback.toString(), 'default value is not valid according to the requestPolicy'))
}

function checkPolicyRange(
  fallback: Quantity,
  capacity: Quantity,
  range: CapacityRequestPolicyRange,
  path: FieldPath,
  errors: Errors,
): void {
  if (range.min === undefined) {
    errors.push(required(path.child('min'), 'required when validRange is defined'))
    return
  }
  const add = (field: string, value: Quantity, detail: string): void => {
    errors.push(invalid(path.child(field), value.toString(), detail))
  }
  const min = parseQuantity(range.min)
  const max = range.max === undefined ? undefined : parseQuantity(range.max)
  if (min.compare(capacity) > 0) add('min', min, `min is larger than capacity value: ${capacity}`)
  if (fallback.compare(min) < 0) add('default', fallback, `default is less than min: ${min}`)
  if (max) {
    if (min.compare(max) > 0) add('max', min, `min is larger than max: ${max}`)
    if (max.compare(capacity) > 0) add('max', max, `max is larger than capacity value: ${capacity}`)
    if (fallback.compare(max) > 0) add('default', fallback, `default is more than max: ${max}`)
  }
  if (range.step === undefined) return
  const step = parseQuantity(range.step)
  if (step.sign <= 0) {
    add('step', step, 'must be greater than zero')
    return
  }
  const once = min.add(step)
  if (once.compare(capacity) > 0) add('step', step, `one step ${once} is larger than capacity value: ${capacity}`)
  for (const value of max ? [fallback, max] : [fallback])
    if ((value.value() - min.value()) % step.value() !== 0)
      add('step', value, `value is not a multiple of a given step (${step}) from (${min})`)
}
