// URLs as Go's net/url takes them, as far as it refuses what issuers' URLs may contain.

import { quote } from '../../../machinery/go-text.ts'

/** What Go says of a text that is no URL; undefined when it is one. */
export function goURLProblem(text: string): string | undefined {
  const problem = problemOf(text)
  return problem === undefined ? undefined : `parse ${quote(text)}: ${problem}`
}

function problemOf(text: string): string | undefined {
  if ([...text].some(character => character < ' ' || character === '\x7f'))
    return 'net/url: invalid control character in URL'
  const rest = text.replace(/#.*$/s, '')
  if (rest.startsWith(':')) return 'missing protocol scheme'
  const [, scheme = ''] = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(rest) ?? []
  const firstSegment = rest.split('/')[0]!
  if (scheme === '' && firstSegment.includes(':')) return 'first path segment in URL cannot contain colon'
  const badEscape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(rest.replace(/\?.*$/s, ''))
  if (badEscape) return `invalid URL escape ${quote(badEscape[0])}`
  const [, authority = ''] = /^(?:[^:/?#]+:)?\/\/([^/?#]*)/.exec(rest) ?? []
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  const port = host.startsWith('[') ? host.slice(host.lastIndexOf(']') + 1) : host.slice(host.lastIndexOf(':') >>> 0)
  if (host.startsWith('[') && !host.includes(']')) return "missing ']' in host"
  if (port.startsWith(':') ? !/^:\d*$/.test(port) : host.startsWith('[') && port !== '')
    return `invalid port ${quote(port)} after host`
  const odd = /[ "<>^`{}|\\]/.exec(host)
  return odd ? `invalid character ${quote(odd[0])} in host name` : undefined
}
