// Environment variables and where their values come from; also the fields and resources that the downward API shows.

import { invalid, notSupported, required } from '../../../machinery/field-error.ts'
import type { FieldPath } from '../../../machinery/field-path.ts'
import { quote } from '../../../machinery/go-text.ts'
import { parseQuantity } from '../../../machinery/quantity.ts'
import {
  checkDNSLabel,
  checkObjectName,
  checkQualifiedName,
  type Errors,
} from '../../../machinery/validation/field-checks.ts'
import { isConfigMapKey, isRelaxedEnvVarName, nameIsDNSSubdomain } from '../../../machinery/validation/names.ts'
import type {
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  FileKeySelector,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from './container.ts'
import { checkLocalNonReservedPath } from './volume-path.validation.ts'

export function checkEnv(variables: readonly EnvVar[], path: FieldPath, errors: Errors): void {
  for (let index = 0; index < variables.length; index++) {
    const variable = variables[index]!
    const { name, valueFrom } = variable
    if (!name) errors.push(required(path.index(index).child('name')))
    else
      for (const message of isRelaxedEnvVarName(name))
        errors.push(invalid(path.index(index).child('name'), name, message))
    if (valueFrom) checkSource(variable, valueFrom, path.index(index).child('valueFrom'), errors)
  }
}

const envFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]

function checkSource(variable: EnvVar, source: EnvVarSource, path: FieldPath, errors: Errors): void {
  let count = 0
  if (source.fieldRef) {
    count++
    checkFieldSelector(source.fieldRef, envFields, path.child('fieldRef'), errors)
  }
  if (source.resourceFieldRef) {
    count++
    checkResourceSelector(source.resourceFieldRef, path.child('resourceFieldRef'), false, errors)
  }
  if (source.configMapKeyRef) {
    count++
    checkKeySelector(source.configMapKeyRef, path.child('configMapKeyRef'), errors)
  }
  if (source.secretKeyRef) {
    count++
    checkKeySelector(source.secretKeyRef, path.child('secretKeyRef'), errors)
  }
  if (source.fileKeyRef) {
    count++
    checkFileSelector(source.fileKeyRef, path.child('fileKeyRef'), errors)
  }
  if (count === 0)
    errors.push(
      invalid(
        path,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ),
    )
  else if (variable.value) errors.push(invalid(path, '', 'may not be specified when `value` is not empty'))
  else if (count > 1) errors.push(invalid(path, '', 'may not have more than one field specified at a time'))
}

function checkKeySelector(selector: { name?: string; key?: string }, path: FieldPath, errors: Errors): void {
  const { name = '', key } = selector
  for (const message of nameIsDNSSubdomain(name, false)) errors.push(invalid(path.child('name'), name, message))
  if (!key) errors.push(required(path.child('key')))
  else for (const message of isConfigMapKey(key)) errors.push(invalid(path.child('key'), key, message))
}

function checkFileSelector(selector: FileKeySelector, path: FieldPath, errors: Errors): void {
  if (!selector.key) errors.push(required(path.child('key')))
  else
    for (const message of isRelaxedEnvVarName(selector.key))
      errors.push(invalid(path.child('key'), selector.key, message))
  if (!selector.volumeName) errors.push(required(path.child('volumeName')))
  else checkDNSLabel(selector.volumeName, path.child('volumeName'), errors)
  if (!selector.path) errors.push(required(path.child('path')))
  else checkLocalNonReservedPath(selector.path, path.child('path'), errors)
}

export function checkEnvFrom(sources: readonly EnvFromSource[], path: FieldPath, errors: Errors): void {
  for (const [index, { prefix, configMapRef, secretRef }] of sources.entries()) {
    const at = path.index(index)
    if (prefix)
      for (const message of isRelaxedEnvVarName(prefix)) errors.push(invalid(at.child('prefix'), prefix, message))
    if (configMapRef) checkObjectName(configMapRef.name, at.child('configMapRef', 'name'), errors)
    if (secretRef) checkObjectName(secretRef.name, at.child('secretRef', 'name'), errors)
    if (!configMapRef && !secretRef)
      errors.push(invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'))
    else if (configMapRef && secretRef)
      errors.push(invalid(path, '', 'may not have more than one field specified at a time'))
  }
}

/** Every field of a pod that the downward API knows, in one place or another. */
const knownFields = new Set([...envFields, 'metadata.labels', 'metadata.annotations'])
const subscripted = /^(.*)\['([^']*)'\]$/

export function checkFieldSelector(
  selector: ObjectFieldSelector,
  allowed: readonly string[],
  path: FieldPath,
  errors: Errors,
): void {
  const { apiVersion, fieldPath } = selector
  if (!apiVersion) {
    errors.push(required(path.child('apiVersion')))
    return
  }
  if (!fieldPath) {
    errors.push(required(path.child('fieldPath')))
    return
  }
  if (allowed.includes(fieldPath)) return
  const problem = (why: string): void => {
    errors.push(invalid(path.child('fieldPath'), fieldPath, `error converting fieldPath: ${why}`))
  }
  if (apiVersion !== 'v1') {
    problem(`unsupported pod version: ${apiVersion}`)
    return
  }
  const match = subscripted.exec(fieldPath)
  if (match) {
    const [, field, key] = match as unknown as [string, string, string]
    if (field === 'metadata.annotations') checkQualifiedName(key.toLowerCase(), path, errors)
    else if (field === 'metadata.labels') checkQualifiedName(key, path, errors)
    else problem(`field label does not support subscript: ${quote(field)}`)
    return
  }
  if (fieldPath === 'spec.host') errors.push(notSupported(path.child('fieldPath'), 'spec.nodeName', allowed))
  else if (knownFields.has(fieldPath)) errors.push(notSupported(path.child('fieldPath'), fieldPath, allowed))
  else problem(`field label not supported: ${fieldPath}`)
}

const resourceFields = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]
const sizes = '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei'
const sizeDivisors = new Set(sizes.split(', '))
const cpuDivisors = new Set(['1m', '1'])
const isHugePagesField = (name: string): boolean =>
  name.startsWith('requests.hugepages-') || name.startsWith('limits.hugepages-')

export function checkResourceSelector(
  selector: ResourceFieldSelector,
  path: FieldPath,
  volume: boolean,
  errors: Errors,
): void {
  const { containerName, resource = '' } = selector
  if (volume && !containerName) errors.push(required(path.child('containerName')))
  else if (resource === '') errors.push(required(path.child('resource')))
  else if (!resourceFields.includes(resource) && !isHugePagesField(resource))
    errors.push(notSupported(path.child('resource'), resource, resourceFields))
  const divisor = parseQuantity(selector.divisor ?? '0')
  if (divisor.isZero) return
  const text = divisor.toString()
  const refuse = (what: string): void => {
    errors.push(invalid(path.child('divisor'), resource, `only divisor's values ${what} resource`))
  }
  if (resource.endsWith('.cpu')) {
    if (!cpuDivisors.has(text)) refuse('1m and 1 are supported with the cpu')
  } else if (!sizeDivisors.has(text)) {
    if (resource.endsWith('.memory')) refuse(`${sizes} are supported with the memory`)
    else if (resource.endsWith('.ephemeral-storage')) refuse(`${sizes} are supported with the local ephemeral storage`)
    else if (isHugePagesField(resource)) refuse(`${sizes} are supported with the hugepages`)
  }
}
