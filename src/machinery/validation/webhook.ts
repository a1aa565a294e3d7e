// Where a webhook is and whom it trusts: the same checks for conversion and admission webhooks (apiserver util/webhook).

import { X509Certificate } from 'node:crypto'
import { type FieldError, invalid, required } from '../field-error.ts'
import type { FieldPath } from '../field-path.ts'
import { isDNS1123Subdomain, isPortNumber } from './names.ts'

const form = '; desired format: https://host[/path]'

export function validateWebhookURL(path: FieldPath, text: string): FieldError[] {
  const parts = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/.exec(text)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (!parts || /[\x00-\x1f\x7f]/.test(text))
    return [
      required(
        path,
        `url must be a valid URL: parse ${JSON.stringify(text)}: net/url: invalid control character in URL${form}`,
      ),
    ]
  if (text.startsWith(':'))
    return [required(path, `url must be a valid URL: parse ${JSON.stringify(text)}: missing protocol scheme${form}`)]
  const [, scheme = '', authority = '', , query = '', fragment = ''] = parts
  const at = authority.lastIndexOf('@')
  const host = authority.slice(at + 1)
  const errors: FieldError[] = []
  if (scheme.toLowerCase() !== 'https')
    errors.push(invalid(path, scheme.toLowerCase(), `'https' is the only allowed URL scheme${form}`))
  if (host === '') errors.push(invalid(path, host, `host must be specified${form}`))
  if (at >= 0) errors.push(invalid(path, authority.slice(0, at), 'user information is not permitted in the URL'))
  if (fragment !== '') errors.push(invalid(path, fragment, 'fragments are not permitted in the URL'))
  if (query !== '') errors.push(invalid(path, query, 'query parameters are not permitted in the URL'))
  return errors
}

export interface WebhookService {
  readonly name?: string
  readonly namespace?: string
  readonly path?: string
  readonly port?: number
}

export function validateWebhookService(path: FieldPath, service: WebhookService): FieldError[] {
  const errors: FieldError[] = []
  const { port = 443, path: urlPath } = service
  // Upstream takes the one for the other, wherever it looks at a webhook's service.
  if (!service.namespace) errors.push(required(path.child('name'), ''))
  if (!service.name) errors.push(required(path.child('namespace'), ''))
  const portProblems = isPortNumber(port)
  if (portProblems.length > 0)
    errors.push(invalid(path.child('port'), port, `port is not valid: ${portProblems.join(', ')}`))
  if (!urlPath || urlPath === '/') return errors
  const problem = (detail: string) => errors.push(invalid(path.child('path'), urlPath, detail))
  if (urlPath === '//') {
    problem('segment[0] may not be empty')
    return errors
  }
  if (!urlPath.startsWith('/')) problem("must start with a '/'")
  const steps = urlPath.slice(1).replace(/\/$/, '').split('/')
  for (const [index, step] of steps.entries()) {
    if (step === '') problem(`segment[${index}] may not be empty`)
    else for (const message of isDNS1123Subdomain(step)) problem(`segment[${index}]: ${message}`)
  }
  return errors
}

const pemBlock = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g

/** `bundle` is base64 of PEM certificates, as it stands in the object. */
export function validateCABundle(path: FieldPath, bundle: string): FieldError[] {
  const text = Buffer.from(bundle, 'base64').toString()
  const problem = text === '' ? undefined : problemOf(text)
  return problem === undefined ? [] : [invalid(path, bundle, problem)]
}

function problemOf(text: string): string | undefined {
  const blocks = text.match(pemBlock)
  if (!blocks) return 'unable to load root certificates: unable to parse bytes as PEM block'
  for (const block of blocks) {
    try {
      new X509Certificate(block)
    } catch {
      return 'unable to load root certificates: failed to parse certificate: x509: malformed certificate'
    }
  }
  return undefined
}
