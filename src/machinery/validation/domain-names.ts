// Checks of names that carry a domain: fully qualified ones, and those with a path or key behind it
// (apimachinery util/validation).

import { type FieldError, invalid, required } from '../field-error.ts'
import type { FieldPath } from '../field-path.ts'
import { isDNS1123Label, isDNS1123Subdomain, isQualifiedName, regexMessage } from './names.ts'

/** Three segments or more. */
export function isFullyQualifiedName(path: FieldPath, name: string): FieldError[] {
  if (name === '') return [required(path, '')]
  const messages = isDNS1123Subdomain(name)
  if (messages.length > 0) return [invalid(path, name, messages.join(','))]
  if (name.split('.').length < 3)
    return [invalid(path, name, 'should be a domain with at least three segments separated by dots')]
  return []
}

/** Two segments or more; a dot may stand at the end. */
export function isFullyQualifiedDomainName(path: FieldPath, given: string): FieldError[] {
  if (given === '') return [required(path, '')]
  const name = given.endsWith('.') ? given.slice(0, -1) : given
  const messages = isDNS1123Subdomain(name)
  if (messages.length > 0) return [invalid(path, name, messages.join(','))]
  const labels = name.split('.')
  if (labels.length < 2) return [invalid(path, name, 'should be a domain with at least two segments separated by dots')]
  for (const label of labels) {
    const labelMessages = isDNS1123Label(label)
    if (labelMessages.length > 0) return [invalid(path, label, labelMessages.join(','))]
  }
  return []
}

const httpPath = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"
const httpPathRegex = new RegExp(`^${httpPath}$`)

/** `acme.io/foo`, with any path of a URL behind the slash. */
export function isDomainPrefixedPath(path: FieldPath, value: string): FieldError[] {
  if (value === '') return [required(path, '')]
  const slash = value.indexOf('/')
  const [host, rest] = [value.slice(0, slash), value.slice(slash + 1)]
  if (slash <= 0 || rest === '') return [invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')]
  const errors = isDNS1123Subdomain(host).map(message => invalid(path, host, message))
  if (!httpPathRegex.test(rest)) errors.push(invalid(path, rest, regexMessage('Invalid path', httpPath)))
  return errors
}

/** `acme.io/foo`, with a label key's name behind the slash. */
export function isDomainPrefixedKey(path: FieldPath, value: string): FieldError[] {
  if (value === '') return [required(path, '')]
  const errors = isQualifiedName(value).map(message => invalid(path, value, message))
  if (errors.length > 0 || value.split('/').length === 2) return errors
  return [invalid(path, value, 'must be a domain-prefixed key (such as "acme.io/foo")')]
}
