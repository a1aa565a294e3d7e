// Claims on devices, their templates, and classes of devices (upstream: pkg/apis/resource/validation).
//
// Brings CEL with it: import this file dynamically.

import { semanticEqual } from '../../../machinery/deep-equal.ts'
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
} from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { byteLength } from '../../../machinery/go-text.ts'
import { validateConditions } from '../../../machinery/validation/conditions.ts'
import { checkDNSLabel, checkImmutable, type Errors } from '../../../machinery/validation/field-checks.ts'
import { isValidInterfaceAddress } from '../../../machinery/validation/ip.ts'
import { validateLabels } from '../../../machinery/validation/labels.ts'
import { validateAnnotations } from '../../../machinery/validation/object-meta.ts'
import { isExtended } from '../../core/v1/resources.validation.ts'
import { checkNodeSelector } from '../../core/v1/scheduling.validation.ts'
import { checkDriverName } from '../../core/v1/volume.validation.ts'
import { shownAs } from '../../go/internal-form.ts'
import type { KubeObject } from '../../resource.ts'
import {
  checkBindingConditions,
  checkClassName,
  checkConfiguration,
  checkFullDeviceKey,
  checkList,
  checkPoolName,
  checkRawExtension,
  checkRequestName,
  checkSet,
  checkToleration,
  longestParameters,
  mostConfigs,
  mostRequests,
} from './device.validation.ts'
import { checkSelectors } from './device-selector.validation.ts'
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceClaim,
  DeviceRequest,
  DeviceRequestAllocationResult,
  DeviceSubRequest,
  ResourceClaimSpec,
  ResourceClaimStatus,
} from './resourceclaim.ts'

const spec = root('spec')
const status = root('status')
const mostAlternatives = 8
const mostConstraints = 32
const mostResults = 32
const mostReservations = 256
const mostConditions = 8

/** The names of requests, each with those of its alternatives. */
type Requests = ReadonlyMap<string, ReadonlySet<string>>

const requestsOf = ({ requests }: DeviceClaim): Requests =>
  new Map(
    (requests ?? []).map(({ name = '', firstAvailable = [] }) => [
      name,
      new Set(firstAvailable.map(alternative => alternative.name ?? '')),
    ]),
  )

function checkClaim(claim: DeviceClaim, path: FieldPath, errors: Errors): void {
  const known = requestsOf(claim)
  checkSet(claim.requests, mostRequests, checkRequest, ({ name }) => name ?? '', path.child('requests'), errors)
  checkList(
    claim.constraints,
    mostConstraints,
    (constraint, at) => {
      checkReferences(constraint.requests, known, at, errors)
      if (constraint.matchAttribute !== undefined)
        checkFullDeviceKey(constraint.matchAttribute, at.child('matchAttribute'), errors)
      else if (constraint.distinctAttribute !== undefined)
        checkFullDeviceKey(constraint.distinctAttribute, at.child('distinctAttribute'), errors)
      else
        errors.push(
          required(
            at,
            'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
          ),
        )
    },
    path.child('constraints'),
    errors,
  )
  checkList(
    claim.config,
    mostConfigs,
    (config, at) => {
      checkReferences(config.requests, known, at, errors)
      checkConfiguration(config, at, errors)
    },
    path.child('config'),
    errors,
  )
}

const oneKind = 'exactly one of `exactly` or `firstAvailable` is required'

function checkRequest(request: DeviceRequest, path: FieldPath, errors: Errors): void {
  checkRequestName(request.name ?? '', path.child('name'), errors)
  const { exactly, firstAvailable = [] } = request
  if (exactly && firstAvailable.length > 0) errors.push(invalid(path, null, `${oneKind}, but multiple fields are set`))
  else if (exactly) checkExact(exactly, path.child('exactly'), errors)
  else if (firstAvailable.length === 0) errors.push(required(path, oneKind))
  else
    checkSet(
      firstAvailable,
      mostAlternatives,
      (alternative, at) => {
        checkRequestName(alternative.name ?? '', at.child('name'), errors)
        checkExact(alternative, at, errors)
      },
      ({ name }) => name ?? '',
      path.child('firstAvailable'),
      errors,
    )
}

type Exact = Omit<DeviceSubRequest, 'name'>

function checkExact(request: Exact, path: FieldPath, errors: Errors): void {
  checkClassName(request.deviceClassName, path.child('deviceClassName'), errors)
  checkSelectors(request.selectors, path.child('selectors'), errors)
  const { allocationMode = '', count = 0 } = request
  const at = path.child('count')
  if (allocationMode === 'All') {
    if (count !== 0) errors.push(invalid(at, count, "must not be specified when allocationMode is 'All'"))
  } else if (allocationMode === 'ExactCount') {
    if (count <= 0) errors.push(invalid(at, count, 'must be greater than zero'))
  } else errors.push(notSupported(path.child('allocationMode'), allocationMode, ['All', 'ExactCount']))
  for (const [index, toleration] of (request.tolerations ?? []).entries())
    checkToleration(toleration, path.child('tolerations').index(index), errors)
}

function checkReferences(names: readonly string[] | undefined, known: Requests, path: FieldPath, errors: Errors): void {
  checkSet(
    names,
    mostRequests,
    (name, at) => checkReference(name, known, at, errors),
    name => name,
    path.child('requests'),
    errors,
  )
}

function checkReference(name: string, known: Requests, path: FieldPath, errors: Errors): void {
  const unknown =
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
  const segments = name.split('/')
  if (segments.length > 2) {
    errors.push(invalid(path, name, unknown))
    return
  }
  for (const segment of segments) checkRequestName(segment, path, errors)
  const [request = '', alternative] = segments
  const found = known.get(request)
  if (!found || (alternative !== undefined && !found.has(alternative))) errors.push(invalid(path, name, unknown))
}

export function validateResourceClaim(claim: KubeObject): FieldError[] {
  const errors: Errors = []
  checkClaim((claim['spec'] as ResourceClaimSpec).devices ?? {}, spec.child('devices'), errors)
  return errors
}

export function validateSpecUnchanged(object: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  checkImmutable(object['spec'], old['spec'], spec, errors)
  return errors
}

export function validateResourceClaimTemplate(template: KubeObject): FieldError[] {
  const errors: Errors = []
  const { labels, annotations } = template['spec']?.metadata ?? {}
  if (annotations) errors.push(...validateAnnotations(annotations, spec.child('metadata', 'annotations')))
  if (labels) errors.push(...validateLabels(labels, spec.child('metadata', 'labels')))
  checkClaim(template['spec']?.spec?.devices ?? {}, spec.child('spec', 'devices'), errors)
  return errors
}

export function validateDeviceClass(deviceClass: KubeObject): FieldError[] {
  const errors: Errors = []
  const { selectors, config, extendedResourceName } = deviceClass['spec'] ?? {}
  checkSelectors(selectors, spec.child('selectors'), errors)
  checkList(config, mostConfigs, checkConfiguration, spec.child('config'), errors)
  if (extendedResourceName !== undefined && !isExtended(extendedResourceName))
    errors.push(
      invalid(spec.child('extendedResourceName'), extendedResourceName, 'must be a valid extended resource name'),
    )
  return errors
}

type DeviceID = Readonly<{ driver?: string; pool?: string; device?: string; shareID?: string }>
/** As messages show it. */
const idOf = ({ driver = '', pool = '', device = '', shareID = '' }: DeviceID): object =>
  shownAs({ Driver: driver, Pool: pool, Device: device, ShareID: shareID })

export function validateResourceClaimStatusUpdate(claim: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  const [next, before] = [(claim['status'] ?? {}) as ResourceClaimStatus, (old['status'] ?? {}) as ResourceClaimStatus]
  const reservedPath = status.child('reservedFor')
  checkSet(
    next.reservedFor,
    mostReservations,
    (reference, at) => {
      for (const field of ['resource', 'name', 'uid'] as const)
        if (!reference[field]) errors.push(required(at.child(field)))
    },
    ({ uid }) => uid ?? '',
    reservedPath,
    errors,
  )
  const allocated = new Set((next.allocation?.devices?.results ?? []).map(result => JSON.stringify(idOf(result))))
  checkSet(
    next.devices,
    Number.POSITIVE_INFINITY,
    (device, at) => checkDeviceStatus(device, allocated, at, errors),
    idOf,
    status.child('devices'),
    errors,
  )
  if ((next.reservedFor?.length ?? 0) > 0) {
    if (!next.allocation) errors.push(forbidden(reservedPath, 'may not be specified when `allocated` is not set'))
    else if (claim.metadata['deletionTimestamp'] !== undefined) {
      const added = next.reservedFor!.some(one => !before.reservedFor?.some(other => semanticEqual(one, other)))
      if (added)
        errors.push(
          forbidden(
            reservedPath,
            'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
          ),
        )
    }
  }
  if (!next.allocation) return errors
  const path = status.child('allocation')
  if (before.allocation) checkImmutable(next.allocation, before.allocation, path, errors)
  else checkAllocation(next.allocation, requestsOf(claim['spec'].devices ?? {}), path, errors)
  return errors
}

function checkAllocation(allocation: AllocationResult, known: Requests, path: FieldPath, errors: Errors): void {
  const { results, config } = allocation.devices ?? {}
  const at = path.child('devices')
  checkList(
    results,
    mostResults,
    (result, there) => checkResult(result, known, there, errors),
    at.child('results'),
    errors,
  )
  checkList(
    config,
    2 * mostConfigs,
    (one, there) => {
      const { source } = one
      if (!source) errors.push(required(there.child('source')))
      else if (source !== 'FromClaim' && source !== 'FromClass')
        errors.push(notSupported(there.child('source'), source, ['FromClaim', 'FromClass']))
      checkReferences(one.requests, known, there, errors)
      checkConfiguration(one, there, errors)
    },
    at.child('config'),
    errors,
  )
  if (allocation.nodeSelector) checkNodeSelector(allocation.nodeSelector, path.child('nodeSelector'), errors)
}

function checkResult(result: DeviceRequestAllocationResult, known: Requests, path: FieldPath, errors: Errors): void {
  checkReference(result.request ?? '', known, path.child('request'), errors)
  checkDriverName(result.driver ?? '', path.child('driver'), errors)
  checkPoolName(result.pool, path.child('pool'), errors)
  checkDNSLabel(result.device ?? '', path.child('device'), errors)
  checkBindingConditions(result, path, errors)
  if (result.shareID !== undefined) checkUID(result.shareID, path.child('shareID'), errors)
}

function checkUID(uid: string, path: FieldPath, errors: Errors): void {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uid)) return
  const hex = uid.replace(/^urn:uuid:|[{}-]/gi, '')
  errors.push(
    /^[0-9a-fA-F]{32}$/.test(hex)
      ? invalid(
          path,
          uid,
          'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters',
        )
      : invalid(path, uid, `error validating uid: invalid UUID length: ${uid.length}`),
  )
}

const longestInterface = 256
const longestHardwareAddress = 128
const mostAddresses = 16

function checkDeviceStatus(
  device: AllocatedDeviceStatus,
  allocated: ReadonlySet<string>,
  path: FieldPath,
  errors: Errors,
): void {
  checkDriverName(device.driver ?? '', path.child('driver'), errors)
  checkPoolName(device.pool, path.child('pool'), errors)
  checkDNSLabel(device.device ?? '', path.child('device'), errors)
  if (device.shareID !== undefined) checkUID(device.shareID, path.child('shareID'), errors)
  const id = idOf(device)
  if (!allocated.has(JSON.stringify(id))) errors.push(invalid(path, id, 'must be an allocated device in the claim'))
  const conditions = device.conditions ?? []
  if (conditions.length > mostConditions)
    errors.push(tooMany(path.child('conditions'), conditions.length, mostConditions))
  errors.push(...validateConditions(conditions, path.child('conditions')))
  if (device.data !== undefined && device.data !== null)
    checkRawExtension(device.data, longestParameters, path.child('data'), errors)
  const network = device.networkData
  if (!network) return
  const at = path.child('networkData')
  if (byteLength(network.interfaceName ?? '') > longestInterface)
    errors.push(tooLong(at.child('interfaceName'), '', longestInterface))
  if (byteLength(network.hardwareAddress ?? '') > longestHardwareAddress)
    errors.push(tooLong(at.child('hardwareAddress'), '', longestHardwareAddress))
  checkSet(
    network.ips,
    mostAddresses,
    (address, there) => errors.push(...isValidInterfaceAddress(there, address)),
    address => address,
    at.child('ips'),
    errors,
  )
}
