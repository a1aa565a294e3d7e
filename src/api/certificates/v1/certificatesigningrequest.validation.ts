// What requests for certificates may say, and what each of their subresources may change (upstream:
// pkg/apis/certificates/validation). What a stored request says already is let through.

import { X509Certificate } from 'node:crypto'
import { semanticEqual } from '../../../machinery/deep-equal.ts'
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
  tooLong,
} from '../../../machinery/field-error.ts'
import { type FieldPath, root } from '../../../machinery/field-path.ts'
import { byteLength, quote } from '../../../machinery/go-text.ts'
import type { Errors } from '../../../machinery/validation/field-checks.ts'
import {
  dns1123LabelMaxLength,
  dns1123SubdomainMaxLength,
  isDNS1123Label,
  isDNS1123Subdomain,
} from '../../../machinery/validation/names.ts'
import { internalDiff } from '../../go/internal-form.ts'
import type { KubeObject } from '../../resource.ts'
import { certificateRequestProblem } from './certificate-request.ts'
import { CertificateSigningRequestCondition, keyUsages } from './certificatesigningrequest.ts'

const spec = root('spec')
const conditionsPath = root('status', 'conditions')
const legacySigner = 'kubernetes.io/legacy-unknown'
const shortestSeconds = 600

const usages: readonly string[] = keyUsages

interface Condition {
  readonly type?: string
  readonly status?: string
}

const decode = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString()
const conditionsOf = (request: KubeObject, type?: string): Condition[] =>
  ((request['status']?.conditions ?? []) as Condition[]).filter(one => type === undefined || one.type === type)
const hasDuplicates = (values: readonly unknown[]): boolean => new Set(values).size < values.length

function check(request: KubeObject, old: KubeObject | undefined, errors: Errors): void {
  const { request: body, usages: given = [], signerName = '', expirationSeconds } = request['spec']
  const before: string[] = old?.['spec'].usages ?? []
  const problem = certificateRequestProblem(decode(body))
  if (problem) errors.push(invalid(spec.child('request'), body || null, problem))
  const path = spec.child('usages')
  if (given.length === 0) errors.push(required(path))
  if (!before.some(usage => !usages.includes(usage)))
    for (const [index, usage] of given.entries())
      if (!usages.includes(usage)) errors.push(notSupported(path.index(index), usage, usages))
  if (!hasDuplicates(before))
    for (const [index, usage] of given.entries())
      if (given.indexOf(usage) !== index) errors.push(duplicate(path.index(index), usage))
  const signerPath = spec.child('signerName')
  if (signerName === legacySigner && old?.['spec'].signerName !== legacySigner)
    errors.push(invalid(signerPath, signerName, 'the legacy signerName is not allowed via this API version'))
  else checkSignerName(signerName, signerPath, errors)
  if (expirationSeconds !== undefined && expirationSeconds < shortestSeconds)
    errors.push(
      invalid(
        spec.child('expirationSeconds'),
        expirationSeconds,
        'may not specify a duration less than 600 seconds (10 minutes)',
      ),
    )
  checkConditions(request, old, errors)
  const certificate = certificateProblem(decode(request['status']?.certificate))
  if (certificate && !(old && certificateProblem(decode(old['status']?.certificate))))
    errors.push(invalid(root('status', 'certificate'), '<certificate data>', certificate))
}

/** `example.com/signer-name`; long enough for a namespace and a name behind the slash. */
export function checkSignerName(name: string, path: FieldPath, errors: Errors): void {
  if (name === '') {
    errors.push(required(path))
    return
  }
  const segments = name.split('/')
  if (segments.length !== 2) {
    errors.push(invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"))
    return
  }
  const [domain, rest] = segments as [string, string]
  if (byteLength(domain) > dns1123SubdomainMaxLength) errors.push(tooLong(path, domain, dns1123SubdomainMaxLength))
  checkSegments(domain, isDNS1123Label, path, errors)
  if (!domain.includes('.'))
    errors.push(invalid(path, domain, 'should be a domain with at least two segments separated by dots'))
  checkSegments(rest, isDNS1123Subdomain, path, errors)
  const longest = 2 * dns1123SubdomainMaxLength + dns1123LabelMaxLength + 2
  if (byteLength(name) > longest) errors.push(tooLong(path, name, longest))
}

/** Of the first bad one only. */
function checkSegments(
  text: string,
  rule: (label: string) => readonly string[],
  path: FieldPath,
  errors: Errors,
): void {
  for (const label of text.split('.')) {
    const messages = rule(label)
    for (const message of messages) errors.push(invalid(path, text, `validating label ${quote(label)}: ${message}`))
    if (messages.length > 0) return
  }
}

const anyStatus = ['False', 'True', 'Unknown']

function checkConditions(request: KubeObject, old: KubeObject | undefined, errors: Errors): void {
  const conditions = conditionsOf(request)
  const before = old ? conditionsOf(old) : []
  const bothBefore = before.some(({ type }) => type === 'Approved') && before.some(({ type }) => type === 'Denied')
  const emptyBefore = before.some(({ type }) => !type)
  const duplicatesBefore = hasDuplicates(before.map(({ type }) => type))
  const seen = new Set<string>()
  for (const [index, { type = '', status = '' }] of conditions.entries()) {
    const path = conditionsPath.index(index)
    if (type === '' && !emptyBefore) errors.push(required(path.child('type')))
    const allowed = type === 'Approved' || type === 'Denied' || type === 'Failed' ? ['True'] : anyStatus
    if (status === '') errors.push(required(path.child('status')))
    else if (!allowed.includes(status)) errors.push(notSupported(path.child('status'), status, allowed))
    const opposite = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined
    if (opposite && seen.has(opposite) && !bothBefore)
      errors.push(invalid(path.child('type'), type, 'Approved and Denied conditions are mutually exclusive'))
    if (seen.has(type) && !duplicatesBefore) errors.push(duplicate(path.child('type'), type))
    seen.add(type)
  }
}

const anyBlock = /-----BEGIN ([^\n]+?)-----\r?\n([\s\S]*?)-----END \1-----/g

function certificateProblem(pem: string): string | undefined {
  if (pem === '') return undefined
  let blocks = 0
  for (const [text, type, content] of pem.matchAll(anyBlock)) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${quote(type!)}`
    if (/^[^\n]+: /.test(content!)) return 'no PEM block headers are permitted'
    blocks++
    try {
      new X509Certificate(text)
    } catch {
      return content!.trim() === ''
        ? 'found CERTIFICATE PEM block containing 0 certificates'
        : 'x509: malformed certificate'
    }
  }
  return blocks === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined
}

export function validateCertificateSigningRequest(request: KubeObject): FieldError[] {
  const errors: Errors = []
  check(request, undefined, errors)
  return errors
}

/** `subresource`: what the client writes to decides what it may change. */
export function validateCertificateSigningRequestUpdate(
  request: KubeObject,
  old: KubeObject,
  subresource: string,
): FieldError[] {
  const errors: Errors = []
  check(request, old, errors)
  for (const type of ['Approved', 'Denied', 'Failed'])
    if (conditionsOf(request, type).length < conditionsOf(old, type).length)
      errors.push(forbidden(conditionsPath, `updates may not remove a condition of type ${quote(type)}`))
  if (subresource !== 'approval')
    for (const type of ['Approved', 'Denied']) {
      const [next, before] = [conditionsOf(request, type), conditionsOf(old, type)]
      if (next.length > before.length)
        errors.push(forbidden(conditionsPath, `updates may not add a condition of type ${quote(type)}`))
      else if (next.length === before.length && !semanticEqual(next, before))
        errors.push(
          forbidden(
            conditionsPath,
            `updates may not modify a condition of type ${quote(type)}\n${internalDiff(CertificateSigningRequestCondition, before, next)}`,
          ),
        )
    }
  const [certificate, issued] = [request['status']?.certificate ?? '', old['status']?.certificate ?? '']
  if (certificate !== issued) {
    const path = root('status', 'certificate')
    if (subresource !== 'status') errors.push(forbidden(path, 'updates may not set certificate content'))
    else if (issued !== '') errors.push(forbidden(path, 'updates may not modify existing certificate content'))
  }
  return errors
}
