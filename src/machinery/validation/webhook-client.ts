// Where a webhook is (apiserver util/webhook): a URL, or a Service and a path.

import { invalid, required } from '../field-error.ts'
import type { FieldPath } from '../field-path.ts'
import { quote } from '../go-text.ts'
import type { Errors } from './field-checks.ts'
import { isDNS1123Subdomain, isPortNumber } from './names.ts'

const form = '; desired format: https://host[/path]'

/** As Go's net/url takes it apart: nothing is normalized, and a host may be missing. */
const url = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/(?:([^/?#]*)@)?([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/

export function checkWebhookURL(text: string, path: FieldPath, errors: Errors): void {
  const match = url.exec(text)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what Go refuses
  if (!match || /[\u0000-\u001f\u007f]/.test(text)) {
    const why = `parse ${quote(text)}: net/url: invalid control character in URL`
    errors.push(required(path, `url must be a valid URL: ${why}${form}`))
    return
  }
  if (!match[1] && text.startsWith(':')) {
    errors.push(required(path, `url must be a valid URL: parse ${quote(text)}: missing protocol scheme${form}`))
    return
  }
  const [, scheme = '', user, host = '', , query = '', fragment = ''] = match
  if (scheme.toLowerCase() !== 'https')
    errors.push(invalid(path, scheme.toLowerCase(), `'https' is the only allowed URL scheme${form}`))
  if (host === '') errors.push(invalid(path, host, `host must be specified${form}`))
  if (user !== undefined) errors.push(invalid(path, user, 'user information is not permitted in the URL'))
  if (fragment !== '') errors.push(invalid(path, fragment, 'fragments are not permitted in the URL'))
  if (query !== '') errors.push(invalid(path, query, 'query parameters are not permitted in the URL'))
}

export interface WebhookService {
  readonly name?: string
  readonly namespace?: string
  readonly path?: string
  readonly port?: number
}

export function checkWebhookService(service: WebhookService, path: FieldPath, errors: Errors): void {
  if (!service.name) errors.push(required(path.child('name')))
  if (!service.namespace) errors.push(required(path.child('namespace')))
  const port = service.port ?? 0
  const problems = isPortNumber(port)
  if (problems.length > 0) errors.push(invalid(path.child('port'), port, `port is not valid: ${problems.join(', ')}`))
  const text = service.path
  if (!text || text === '/') return
  const at = path.child('path')
  if (text === '//') {
    errors.push(invalid(at, text, 'segment[0] may not be empty'))
    return
  }
  if (!text.startsWith('/')) errors.push(invalid(at, text, "must start with a '/'"))
  for (const [index, step] of text.slice(1).replace(/\/$/, '').split('/').entries())
    if (step === '') errors.push(invalid(at, text, `segment[${index}] may not be empty`))
    else for (const message of isDNS1123Subdomain(step)) errors.push(invalid(at, text, `segment[${index}]: ${message}`))
}
