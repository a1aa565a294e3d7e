// Small kinds that configure a cluster: budgets, classes, leases, events, certificate requests.

import { type FieldError, forbidden, invalid, notSupported, required } from '../machinery/field-error.ts'
import { root } from '../machinery/field-path.ts'
import { byteLength } from '../machinery/go-text.ts'
import { checkIfGiven, checkImmutable, checkQualifiedName, type Errors } from '../machinery/validation/field-checks.ts'
import { validateLabelSelector } from '../machinery/validation/labels.ts'
import { isDNS1123Label, isQualifiedName } from '../machinery/validation/names.ts'
import { checkAtMost100Percent, checkIntOrPercent } from './apps/v1/workload.validation.ts'
import type { KubeObject } from './resource.ts'

const spec = root('spec')

export function validatePodDisruptionBudget(budget: KubeObject): FieldError[] {
  const errors: Errors = []
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = budget['spec']
  if (minAvailable !== undefined && maxUnavailable !== undefined)
    errors.push(invalid(spec, budget['spec'], 'minAvailable and maxUnavailable cannot be both set'))
  for (const field of ['minAvailable', 'maxUnavailable']) {
    checkIntOrPercent(budget['spec'][field], spec.child(field), errors)
    checkAtMost100Percent(budget['spec'][field], spec.child(field), errors)
  }
  errors.push(...validateLabelSelector(selector, spec.child('selector')))
  checkIfGiven(
    unhealthyPodEvictionPolicy,
    ['AlwaysAllow', 'IfHealthyBudget'],
    spec,
    'unhealthyPodEvictionPolicy',
    errors,
  )
  return errors
}

const systemPrefix = 'system-'
const highestUserPriority = 1000000000
const systemClasses: Readonly<Record<string, number>> = {
  'system-node-critical': 2000001000,
  'system-cluster-critical': 2000000000,
}

export function validatePriorityClass(priorityClass: KubeObject): FieldError[] {
  const errors: Errors = []
  const name = priorityClass.metadata.name ?? ''
  const { value = 0, preemptionPolicy } = priorityClass
  if (name.startsWith(systemPrefix)) {
    const known = systemClasses[name]
    const reserved = "priority class names with 'system-' prefix are reserved for system use only. error: "
    if (known === undefined)
      errors.push(forbidden(root('metadata', 'name'), `${reserved}${name} is not a known system priority class`))
    else if (value !== known)
      errors.push(forbidden(root('metadata', 'name'), `${reserved}value of ${name} PriorityClass must be ${known}`))
  } else if (value > highestUserPriority)
    errors.push(forbidden('value', `maximum allowed value of a user defined priority is ${highestUserPriority}`))
  if (preemptionPolicy === '') errors.push(required('preemptionPolicy'))
  else if (
    preemptionPolicy !== undefined &&
    preemptionPolicy !== 'PreemptLowerPriority' &&
    preemptionPolicy !== 'Never'
  )
    errors.push(notSupported('preemptionPolicy', preemptionPolicy, ['PreemptLowerPriority', 'Never']))
  return errors
}

export function validatePriorityClassUpdate(next: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  if ((next['value'] ?? 0) !== (old['value'] ?? 0)) errors.push(forbidden('value', 'may not be changed in an update.'))
  checkImmutable(next['preemptionPolicy'], old['preemptionPolicy'], root('preemptionPolicy'), errors)
  return errors
}

export function validateRuntimeClass(runtimeClass: KubeObject): FieldError[] {
  const errors: Errors = []
  const handler: string = runtimeClass['handler'] ?? ''
  for (const message of isDNS1123Label(handler)) errors.push(invalid('handler', handler, message))
  return errors
}

export function validateRuntimeClassUpdate(next: KubeObject, old: KubeObject): FieldError[] {
  const errors = validateRuntimeClass(next)
  checkImmutable(next['handler'], old['handler'], root('handler'), errors)
  return errors
}

export function validateLease(lease: KubeObject): FieldError[] {
  const errors: Errors = []
  const { leaseDurationSeconds, leaseTransitions } = lease['spec'] ?? {}
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0)
    errors.push(invalid(spec.child('leaseDurationSeconds'), leaseDurationSeconds, 'must be greater than 0'))
  if (leaseTransitions !== undefined && leaseTransitions < 0)
    errors.push(invalid(spec.child('leaseTransitions'), leaseTransitions, 'must be greater than or equal to 0'))
  return errors
}

export function validateStorageClass(storageClass: KubeObject): FieldError[] {
  const errors: Errors = []
  const { provisioner = '', reclaimPolicy } = storageClass
  const path = root('provisioner')
  if (provisioner === '') errors.push(required(path))
  else
    for (const message of isQualifiedName(provisioner.toLowerCase())) errors.push(invalid(path, provisioner, message))
  if (reclaimPolicy && reclaimPolicy !== 'Delete' && reclaimPolicy !== 'Retain')
    errors.push(notSupported('reclaimPolicy', reclaimPolicy, ['Delete', 'Retain']))
  const mode = storageClass['volumeBindingMode']
  if (!mode) errors.push(required('volumeBindingMode'))
  else if (mode !== 'Immediate' && mode !== 'WaitForFirstConsumer')
    errors.push(notSupported('volumeBindingMode', mode, ['Immediate', 'WaitForFirstConsumer']))
  return errors
}

export function validateStorageClassUpdate(next: KubeObject, old: KubeObject): FieldError[] {
  const errors = validateStorageClass(next)
  for (const field of ['parameters', 'provisioner', 'reclaimPolicy'])
    if (JSON.stringify(next[field] ?? {}) !== JSON.stringify(old[field] ?? {}))
      errors.push(forbidden(field, `updates to ${field} are forbidden.`))
  checkImmutable(next['volumeBindingMode'], old['volumeBindingMode'], root('volumeBindingMode'), errors)
  return errors
}

const longest = 128
const longestNote = 1024

/** Of either group's events; the newer fields are only asked for where eventTime says that the writer knows them. */
export function validateEvent(event: KubeObject): FieldError[] {
  const errors: Errors = []
  const about = event['involvedObject'] ?? event['regarding'] ?? {}
  const aboutPath = root(event['regarding'] ? 'regarding' : 'involvedObject', 'namespace')
  const namespace = event.metadata.namespace ?? ''
  const mismatch = about.namespace ? about.namespace !== namespace : namespace !== '' && namespace !== 'default'
  if (mismatch) errors.push(invalid(aboutPath, about.namespace ?? '', 'does not match event.namespace'))
  if (!event['eventTime']) return errors
  const old = event['involvedObject'] !== undefined
  const controllerField = old ? 'reportingComponent' : 'reportingController'
  const controller: string = event[controllerField] ?? ''
  if (controller === '') errors.push(required(controllerField))
  else checkQualifiedName(controller, root(controllerField), errors)
  for (const field of ['reportingInstance', 'action', 'reason']) {
    const value: string = event[field] ?? ''
    if (value === '') errors.push(required(field))
    else if (byteLength(value) > longest) errors.push(invalid(field, '', `can have at most ${longest} characters`))
  }
  const text: string = event['note'] ?? event['message'] ?? ''
  if (byteLength(text) > longestNote)
    errors.push(invalid(old ? 'message' : 'note', '', `can have at most ${longestNote} characters`))
  return errors
}

export function validateCertificateSigningRequest(request: KubeObject): FieldError[] {
  const errors: Errors = []
  const { request: body, usages, signerName = '', expirationSeconds } = request['spec']
  if (!body) errors.push(invalid(spec.child('request'), body ?? null, 'PEM block type must be CERTIFICATE REQUEST'))
  if (!usages?.length) errors.push(required(spec.child('usages')))
  if (signerName === '') errors.push(required(spec.child('signerName')))
  else if (!signerName.includes('/'))
    errors.push(
      invalid(
        spec.child('signerName'),
        signerName,
        'must be a fully qualified domain and path of the form "example.com/signer-name"',
      ),
    )
  if (expirationSeconds !== undefined && expirationSeconds < 600)
    errors.push(
      invalid(
        spec.child('expirationSeconds'),
        expirationSeconds,
        'may not specify a duration less than 600 seconds (10 minutes)',
      ),
    )
  return errors
}
