// URLs, read as Go's net/url reads them: an expression must see the parts upstream sees.

import { quote } from '../../go-text.ts'
import { CelRuntimeError } from '../errors.ts'
import { mapOf } from '../json-values.ts'
import { type Overload, overload } from '../overload.ts'
import { ArrayList, OpaqueValue, type Value } from '../values.ts'

class UrlValue extends OpaqueValue {
  readonly typeName = 'kubernetes.URL'
  readonly scheme: string
  readonly host: string
  readonly path: string
  readonly query: string
  readonly #text: string

  constructor(text: string, parts: { scheme: string; host: string; path: string; query: string }) {
    super()
    this.#text = text
    this.scheme = parts.scheme
    this.host = parts.host
    this.path = parts.path
    this.query = parts.query
  }
  get hostname(): string {
    if (this.host.startsWith('[')) return this.host.slice(1, this.host.indexOf(']'))
    const colon = this.host.lastIndexOf(':')
    return colon < 0 ? this.host : this.host.slice(0, colon)
  }
  get port(): string {
    return /:(\d*)$/.exec(this.host.replace(/^\[[^\]]*\]/, ''))?.[1] ?? ''
  }
  override equals(other: Value): boolean {
    return other instanceof UrlValue && other.#text === this.#text
  }
}

/** What is wrong with a request URI, as Go says it; undefined when nothing is. */
export function urlError(text: string): string | undefined {
  const wrong = (reason: string): string => `parse ${quote(text)}: ${reason}`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what Go refuses
  if (/[\x00-\x1f\x7f]/.test(text)) return wrong('net/url: invalid control character in URL')
  if (text === '') return wrong('empty url')
  const { scheme, rest, error } = schemeOf(text)
  if (error) return wrong(error)
  if (!rest.startsWith('/')) {
    if (scheme === '') return wrong('invalid URI for request')
    return undefined
  }
  const authority = authorityOf(scheme, rest)
  if (authority !== undefined) {
    const reason = hostError(authority.slice(authority.lastIndexOf('@') + 1))
    if (reason) return wrong(reason)
  }
  const path = pathOf(scheme, rest)
  const badEscape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(path)
  return badEscape ? wrong(`invalid URL escape ${quote(badEscape[0])}`) : undefined
}

function schemeOf(text: string): { scheme: string; rest: string; error?: string } {
  const found = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)
  if (found) return { scheme: found[1]!.toLowerCase(), rest: text.slice(found[0].length) }
  if (text.startsWith(':')) return { scheme: '', rest: text, error: 'missing protocol scheme' }
  return { scheme: '', rest: text }
}

/** `host:port` with what stands before its `@`; only behind a scheme, or two slashes. */
function authorityOf(scheme: string, rest: string): string | undefined {
  if (!rest.startsWith('//') || (scheme === '' && rest.startsWith('///'))) return undefined
  return /^\/\/([^/?#]*)/.exec(rest)![1]
}

function pathOf(scheme: string, rest: string): string {
  const authority = authorityOf(scheme, rest)
  const behind = authority === undefined ? rest : rest.slice(2 + authority.length)
  return behind.replace(/[?#].*$/s, '')
}

function hostError(host: string): string | undefined {
  if (host.startsWith('[')) {
    const end = host.lastIndexOf(']')
    if (end < 0) return "missing ']' in host"
    const port = host.slice(end + 1)
    return /^(?::\d*)?$/.test(port) ? undefined : `invalid port ${quote(port)} after host`
  }
  const colon = host.lastIndexOf(':')
  if (colon >= 0 && !/^:\d*$/.test(host.slice(colon))) return `invalid port ${quote(host.slice(colon))} after host`
  const bad = /[^a-zA-Z0-9\-._~!$&'()*+,;=:[\]<>"%\u0080-\uffff]/.exec(host)
  if (bad) return `invalid character ${quote(bad[0])} in host name`
  const badEscape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(host)
  return badEscape ? `invalid URL escape ${quote(badEscape[0])}` : undefined
}

function parseUrl(text: string): UrlValue {
  const error = urlError(text)
  if (error !== undefined) throw new CelRuntimeError(`URL parse error during conversion from string: ${error}`)
  const { scheme, rest } = schemeOf(text)
  const authority = authorityOf(scheme, rest) ?? ''
  const path = rest.startsWith('/') ? pathOf(scheme, rest) : ''
  return new UrlValue(text, {
    scheme,
    host: authority.slice(authority.lastIndexOf('@') + 1),
    path: encodePath(path),
    query: /^[^?#]*\?([^#]*)/.exec(rest)?.[1] ?? '',
  })
}

/** As it was, where that is a valid encoding; else encoded anew. */
function encodePath(path: string): string {
  if (/^(?:[a-zA-Z0-9\-._~!$&'()*+,;=:@/[\]]|%[0-9a-fA-F]{2})*$/.test(path)) return path
  return encodeURI(decodeURIComponent(path)).replace(/[?#"]/g, encodeURIComponent)
}

function queryOf(url: UrlValue): Value {
  const values = new Map<string, string[]>()
  for (const part of url.query.split('&')) {
    if (part === '' || part.includes(';')) continue
    const equals = part.indexOf('=')
    const decode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))
    try {
      const key = decode(equals < 0 ? part : part.slice(0, equals))
      const value = equals < 0 ? '' : decode(part.slice(equals + 1))
      values.set(key, [...(values.get(key) ?? []), value])
    } catch {
      // Go drops what it cannot decode.
    }
  }
  return mapOf([...values].map(([key, texts]) => [key, new ArrayList(texts)] as const))
}

export const urlFunctions: readonly Overload[] = [
  overload('string_to_url', 'url(string): kubernetes.URL', parseUrl),
  overload('is_url_string', 'isURL(string): bool', (text: string) => urlError(text) === undefined),
  overload('url_get_scheme', '(kubernetes.URL).getScheme(): string', (url: UrlValue) => url.scheme),
  overload('url_get_host', '(kubernetes.URL).getHost(): string', (url: UrlValue) => url.host),
  overload('url_get_hostname', '(kubernetes.URL).getHostname(): string', (url: UrlValue) => url.hostname),
  overload('url_get_port', '(kubernetes.URL).getPort(): string', (url: UrlValue) => url.port),
  overload('url_get_escaped_path', '(kubernetes.URL).getEscapedPath(): string', (url: UrlValue) => url.path),
  overload('url_get_query', '(kubernetes.URL).getQuery(): map(string, list(string))', queryOf),
]
