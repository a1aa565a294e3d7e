// ConfigMaps, Secrets, namespaces, quotas, limits and endpoints (upstream: pkg/apis/core/validation).

import { jsonKind } from '../../../machinery/codec/scalars.ts'
import { deepEqual } from '../../../machinery/deep-equal.ts'
import { duplicate, type FieldError, forbidden, invalid, required, tooLong } from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { byteLength } from '../../../machinery/go-text.ts'
import { parseJson } from '../../../machinery/json/parse.ts'
import { ownValue } from '../../../machinery/own-value.ts'
import { parseQuantity } from '../../../machinery/quantity.ts'
import {
  checkDNSLabel,
  checkImmutable,
  checkNonSpecialIP,
  checkOneOf,
  checkPort,
  checkQualifiedName,
  type Errors,
} from '../../../machinery/validation/field-checks.ts'
import { isValidIPForLegacyField } from '../../../machinery/validation/ip.ts'
import { isConfigMapKey, isQualifiedName, nameIsDNSSubdomain } from '../../../machinery/validation/names.ts'
import { validateFinalizerName } from '../../../machinery/validation/object-meta.ts'
import { showing } from '../../go/internal-form.ts'
import type { KubeObject } from '../../resource.ts'
import type { EndpointSubset } from './endpoints.ts'
import { checkStandardFinalizer } from './finalizer.validation.ts'
import { ScopeSelector } from './resourcequota.ts'
import {
  checkContainerResourceName,
  checkQuotaResourceName,
  checkResourceName,
  checkResourceQuantity,
  isOvercommitAllowed,
} from './resources.validation.ts'

const mostBytes = 1024 * 1024
const data = root('data')
type Texts = Readonly<Record<string, string>>

/** How many bytes a base64 text stands for. */
const decodedLength = (text: string): number =>
  Math.floor((text.length * 3) / 4) - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0)

function checkKeys(values: Texts | undefined, path: FieldPath, errors: Errors): void {
  for (const key in values) for (const message of isConfigMapKey(key)) errors.push(invalid(path.key(key), key, message))
}

export function validateConfigMap(map: KubeObject): FieldError[] {
  const errors: Errors = []
  const [texts, binary] = [map['data'] as Texts | undefined, map['binaryData'] as Texts | undefined]
  let size = 0
  for (const key in texts) {
    for (const message of isConfigMapKey(key)) errors.push(invalid(data.key(key), key, message))
    if (ownValue(binary, key) !== undefined)
      errors.push(invalid(data.key(key), key, 'duplicate of key present in binaryData'))
    size += byteLength(texts[key]!)
  }
  checkKeys(binary, root('binaryData'), errors)
  for (const key in binary) size += decodedLength(binary[key]!)
  if (size > mostBytes) errors.push(tooLong('', '', mostBytes))
  return errors
}

const frozen = 'field is immutable when `immutable` is set'

function checkFrozen(next: KubeObject, old: KubeObject, fields: readonly string[], errors: Errors): void {
  if (old['immutable'] !== true) return
  if (next['immutable'] !== true) errors.push(forbidden('immutable', frozen))
  for (const field of fields) if (!deepEqual(next[field] ?? {}, old[field] ?? {})) errors.push(forbidden(field, frozen))
}

export function validateConfigMapUpdate(map: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  checkFrozen(map, old, ['data', 'binaryData'], errors)
  errors.push(...validateConfigMap(map))
  return errors
}

const serviceAccountName = 'kubernetes.io/service-account.name'

export function validateSecret(secret: KubeObject): FieldError[] {
  const errors: Errors = []
  const values: Texts = secret['data'] ?? {}
  checkKeys(values, data, errors)
  let size = 0
  for (const key in values) size += decodedLength(values[key]!)
  if (size > mostBytes) errors.push(tooLong(data, '', mostBytes))
  const needs = (...keys: string[]): void => {
    for (const key of keys) if (values[key] === undefined) errors.push(required(data.key(key)))
  }
  switch (secret['type']) {
    case 'kubernetes.io/service-account-token':
      if (!secret.metadata['annotations']?.[serviceAccountName])
        errors.push(required(root('metadata', 'annotations').key(serviceAccountName)))
      break
    case 'kubernetes.io/dockercfg':
      needs('.dockercfg')
      checkJson(values, '.dockercfg', errors)
      break
    case 'kubernetes.io/dockerconfigjson':
      needs('.dockerconfigjson')
      checkJson(values, '.dockerconfigjson', errors)
      break
    case 'kubernetes.io/basic-auth':
      if (values['username'] === undefined && values['password'] === undefined) needs('username', 'password')
      break
    case 'kubernetes.io/ssh-auth':
      if (!values['ssh-privatekey']) errors.push(required(data.key('ssh-privatekey')))
      break
    case 'kubernetes.io/tls':
      needs('tls.crt', 'tls.key')
  }
  return errors
}

function checkJson(values: Texts, key: string, errors: Errors): void {
  const value = values[key]
  if (value === undefined) return
  let message: string
  try {
    const parsed = parseJson(Buffer.from(value, 'base64'), { duplicates: false }).value
    if (typeof parsed === 'object' && !Array.isArray(parsed)) return
    message = `json: cannot unmarshal ${jsonKind(parsed, '')} into Go value of type map[string]interface {}`
  } catch (error) {
    message = (error as Error).message
  }
  errors.push(invalid(data.key(key), '<secret contents redacted>', message))
}

export function validateSecretUpdate(secret: KubeObject, old: KubeObject): FieldError[] {
  const errors: Errors = []
  checkImmutable(secret['type'], old['type'], root('type'), errors)
  checkFrozen(secret, old, ['data'], errors)
  errors.push(...validateSecret(secret))
  return errors
}

function checkNamespaceFinalizers(namespace: KubeObject, indexed: boolean, errors: Errors): void {
  const path = root('spec', 'finalizers')
  for (const [index, name] of ((namespace['spec']?.finalizers ?? []) as string[]).entries()) {
    const at = indexed ? path.index(index) : path
    errors.push(...validateFinalizerName(name, at))
    checkStandardFinalizer(name, at, errors)
  }
}

export function validateNamespace(namespace: KubeObject): FieldError[] {
  const errors: Errors = []
  checkNamespaceFinalizers(namespace, false, errors)
  return errors
}

export function validateNamespaceFinalizeUpdate(namespace: KubeObject): FieldError[] {
  const errors: Errors = []
  checkNamespaceFinalizers(namespace, true, errors)
  return errors
}

export function validateNamespaceStatusUpdate(namespace: KubeObject): FieldError[] {
  const phase: string = namespace['status']?.phase ?? ''
  const path = root('status', 'Phase')
  if (namespace.metadata['deletionTimestamp'] === undefined)
    return phase === 'Active' ? [] : [invalid(path, phase, "may only be 'Active' if `deletionTimestamp` is empty")]
  return phase === 'Terminating'
    ? []
    : [invalid(path, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")]
}

const quotaScopes = new Set([
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
])

function checkAmounts(list: Texts | undefined, path: FieldPath, errors: Errors): void {
  for (const name in list) {
    checkQuotaResourceName(name, path.key(name), errors)
    checkResourceQuantity(name, parseQuantity(list[name]!), path.key(name), errors)
  }
}

const podComputeResources = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory']
const otherQuotaResources = [
  ...['ephemeral-storage', 'requests.ephemeral-storage', 'limits.ephemeral-storage', 'requests.storage'],
  ...['pods', 'resourcequotas', 'services', 'replicationcontrollers', 'secrets', 'persistentvolumeclaims'],
  ...['configmaps', 'services.nodeports', 'services.loadbalancers'],
]

/** Scopes choose pods, or claims; only what these use can be limited in them. */
function scopeFits(scope: string, resource: string): boolean {
  if (!podComputeResources.includes(resource) && !otherQuotaResources.includes(resource)) return true
  if (scope === 'BestEffort') return resource === 'pods'
  if (scope === 'VolumeAttributesClass') return resource === 'persistentvolumeclaims' || resource === 'requests.storage'
  return !quotaScopes.has(scope) || resource === 'pods' || podComputeResources.includes(resource)
}

export function validateResourceQuota(quota: KubeObject): FieldError[] {
  const errors: Errors = []
  const { hard, scopes = [], scopeSelector } = quota['spec']
  checkAmounts(hard, root('spec', 'hard'), errors)
  const path = root('spec', 'scopes')
  const unfit = 'unsupported scope applied to resource'
  for (const scope of scopes) {
    if (!quotaScopes.has(scope)) errors.push(invalid(path, scopes, 'unsupported scope'))
    for (const name of Object.keys(hard ?? {})) if (!scopeFits(scope, name)) errors.push(invalid(path, scopes, unfit))
  }
  for (const [one, other] of [
    ['BestEffort', 'NotBestEffort'],
    ['Terminating', 'NotTerminating'],
  ])
    if (scopes.includes(one) && scopes.includes(other)) errors.push(invalid(path, scopes, 'conflicting scopes'))
  const at = root('spec', 'scopeSelector', 'matchExpressions')
  for (const { scopeName = '', operator = '', values = [] } of scopeSelector?.matchExpressions ?? []) {
    if (!quotaScopes.has(scopeName)) errors.push(invalid(at.child('scopeName'), scopeName, 'unsupported scope'))
    for (const name of Object.keys(hard ?? {}))
      if (!scopeFits(scopeName, name)) errors.push(invalid(at, showing(ScopeSelector, scopeSelector), unfit))
    if (
      quotaScopes.has(scopeName) &&
      !['PriorityClass', 'VolumeAttributesClass'].includes(scopeName) &&
      operator !== 'Exists'
    )
      errors.push(
        invalid(
          at.child('operator'),
          operator,
          "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
        ),
      )
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        errors.push(
          required(
            at.child('values'),
            "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
          ),
        )
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0)
        errors.push(
          invalid(
            at.child('values'),
            values,
            "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
          ),
        )
    } else errors.push(invalid(at.child('operator'), operator, 'not a valid selector operator'))
  }
  return errors
}

export function validateResourceQuotaUpdate(quota: KubeObject, old: KubeObject): FieldError[] {
  const errors = validateResourceQuota(quota)
  const scopes = (of: KubeObject): string[] => [...(of['spec'].scopes ?? [])].sort()
  if (!deepEqual(scopes(quota), scopes(old)))
    errors.push(invalid(root('spec', 'scopes'), quota['spec'].scopes ?? null, 'field is immutable'))
  return errors
}

export function validateResourceQuotaStatusUpdate(quota: KubeObject): FieldError[] {
  const errors: Errors = []
  checkAmounts(quota['status']?.hard, root('status', 'hard'), errors)
  checkAmounts(quota['status']?.used, root('status', 'used'), errors)
  return errors
}

const limitTypes = new Set(['Pod', 'Container', 'PersistentVolumeClaim'])
const lists = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const

export function validateLimitRange(range: KubeObject): FieldError[] {
  const errors: Errors = []
  const types = new Set<string>()
  for (const [index, limit] of ((range['spec']?.limits ?? []) as Record<string, any>[]).entries()) {
    const path = root('spec', 'limits').index(index)
    const type: string = limit['type'] ?? ''
    for (const message of isQualifiedName(type)) errors.push(invalid(path.child('type'), type, message))
    if (isQualifiedName(type).length === 0 && !type.includes('/') && !limitTypes.has(type))
      errors.push(invalid(path.child('type'), type, 'must be a standard limit type or fully qualified'))
    if (types.has(type)) errors.push(duplicate(path.child('type'), type))
    types.add(type)
    const names = new Set<string>()
    for (const list of lists) {
      if (type === 'Pod' && (list === 'default' || list === 'defaultRequest')) {
        if (Object.keys(limit[list] ?? {}).length > 0)
          errors.push(forbidden(path.child(list), "may not be specified when `type` is 'Pod'"))
        continue
      }
      if (list === 'maxLimitRequestRatio' && type === 'PersistentVolumeClaim')
        if (limit['min']?.storage === undefined && limit['max']?.storage === undefined)
          errors.push(
            required(
              path.child('limits'),
              'either minimum or maximum storage value is required, but neither was provided',
            ),
          )
      for (const name in limit[list]) {
        const check = type === 'Pod' || type === 'Container' ? checkContainerResourceName : checkResourceName
        check(name, path.child(list).key(name), errors)
        names.add(name)
      }
    }
    for (const name of names) checkLimits(limit, name, path, errors)
  }
  return errors
}

function checkLimits(limit: Record<string, any>, name: string, path: FieldPath, errors: Errors): void {
  const of = (list: string) => {
    const amount: string | undefined = ownValue(limit[list], name)
    return amount === undefined ? undefined : parseQuantity(amount)
  }
  const [min, max, fallback, request, ratio] = [
    of('min'),
    of('max'),
    of('default'),
    of('defaultRequest'),
    of('maxLimitRequestRatio'),
  ]
  const more = (a: typeof min, b: typeof min): boolean => a !== undefined && b !== undefined && a.compare(b) > 0
  const add = (list: string, value: unknown, detail: string): void => {
    errors.push(invalid(path.child(list).key(name), String(value), detail))
  }
  if (more(min, max)) add('min', min, `min value ${min} is greater than max value ${max}`)
  if (more(min, request))
    add('defaultRequest', request, `min value ${min} is greater than default request value ${request}`)
  if (more(request, max))
    add('defaultRequest', request, `default request value ${request} is greater than max value ${max}`)
  if (more(request, fallback))
    add('defaultRequest', request, `default request value ${request} is greater than default limit value ${fallback}`)
  if (more(min, fallback)) add('default', min, `min value ${min} is greater than default value ${fallback}`)
  if (more(fallback, max)) add('default', max, `default value ${fallback} is greater than max value ${max}`)
  if (ratio && ratio.compare(parseQuantity('1')) < 0)
    add('maxLimitRequestRatio', ratio, `ratio ${ratio} is less than 1`)
  if (ratio && min && max) {
    const most = max.toNumber() / min.toNumber()
    if (ratio.toNumber() > most)
      add('maxLimitRequestRatio', ratio, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`)
  }
  if (!isOvercommitAllowed(name) && fallback && request && fallback.compare(request) !== 0)
    add('defaultRequest', request, `default value ${fallback} must equal to defaultRequest value ${request} in ${name}`)
}

/** Addresses that the stored endpoints have already may stay, however they are written. */
export function validateEndpoints(endpoints: KubeObject, old?: KubeObject): FieldError[] {
  const errors: Errors = []
  const known = ((old?.['subsets'] ?? []) as EndpointSubset[]).flatMap(({ addresses = [], notReadyAddresses = [] }) =>
    [...addresses, ...notReadyAddresses].map(({ ip }) => ip),
  )
  for (const [index, subset] of ((endpoints['subsets'] ?? []) as EndpointSubset[]).entries()) {
    const path = root('subsets').index(index)
    if (!subset.addresses?.length && !subset.notReadyAddresses?.length)
      errors.push(required(path, 'must specify `addresses` or `notReadyAddresses`'))
    for (const list of ['addresses', 'notReadyAddresses'] as const)
      for (const [at, { ip = '', hostname, nodeName }] of (subset[list] ?? []).entries()) {
        const there = path.child(list).index(at)
        errors.push(...isValidIPForLegacyField(there.child('ip'), ip, known))
        if (hostname) checkDNSLabel(hostname, there.child('hostname'), errors)
        if (nodeName !== undefined)
          for (const message of nameIsDNSSubdomain(nodeName, false))
            errors.push(invalid(there.child('nodeName'), nodeName, message))
        checkNonSpecialIP(ip, there.child('ip'), errors)
      }
    const ports = subset.ports ?? []
    for (const [at, port] of ports.entries()) {
      const there = path.child('ports').index(at)
      if (!port.name) {
        if (ports.length > 1) errors.push(required(there.child('name')))
      } else checkDNSLabel(port.name, there.child('name'), errors)
      checkPort(port.port, there, 'port', errors)
      checkOneOf(port.protocol, ['SCTP', 'TCP', 'UDP'], there, 'protocol', errors)
      if (port.appProtocol !== undefined) checkQualifiedName(port.appProtocol, there.child('appProtocol'), errors)
    }
  }
  return errors
}
