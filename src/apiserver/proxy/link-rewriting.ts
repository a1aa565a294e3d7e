// Pages that come through the proxy subresources: what they link to at their own root is found below the proxy, and so
// are redirects.
//
// Comes in: an answer of a backend, and where it was asked for. Goes out: the answer with its links changed.

import { posix } from 'node:path'
import { promisify } from 'node:util'
import { deflateRaw, gunzip, gzip, inflateRaw } from 'node:zlib'

export interface ProxiedPage {
  /** The path of the proxy itself: what links are put below. */
  readonly prefix: string
  /** The names by which a page may call its own host: the backend's address, and the host that the client asked. */
  readonly backendHost: string
  readonly requestHost: string
}

/** Attributes that hold the address of something, by element. */
const linkAttributes: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
}

/** What stands in these is text, whatever it looks like. */
const rawText = new Set(['iframe', 'noembed', 'noframes', 'noscript', 'script', 'style', 'textarea', 'title', 'xmp'])

/** A link as it has to read behind the proxy. Those to other hosts, and relative ones, are as they were. */
export function rewriteLink(link: string, { prefix, backendHost, requestHost }: ProxiedPage): string {
  const [, scheme = '', authority, path = '', rest = ''] =
    /^([a-zA-Z][a-zA-Z\d+.-]*:)?(?:\/\/([^/?#]*))?([^?#]*)([\s\S]*)$/.exec(link) ?? []
  const host = authority?.slice(authority.lastIndexOf('@') + 1) ?? ''
  const isElsewhere = host !== '' && host !== backendHost && host !== requestHost
  if (isElsewhere || !path.startsWith('/')) return link
  const origin = host !== '' && host === requestHost ? `${scheme}//${authority}` : ''
  if (path.startsWith(prefix)) return origin + path + rest
  const below = posix.join(prefix, path)
  return origin + below + (path.endsWith('/') && !below.endsWith('/') ? '/' : '') + rest
}

/** A whole page. */
export function rewriteLinks(html: string, page: ProxiedPage): string {
  const pieces: string[] = []
  const lastEnd = html.lastIndexOf('>')
  let done = 0
  for (let at = html.indexOf('<'); at >= 0 && at < lastEnd; at = html.indexOf('<', at)) {
    if (html.startsWith('<!--', at)) {
      const end = html.indexOf('-->', at + 4)
      if (end < 0) break
      at = end
      continue
    }
    const tag = readTag(html, at)
    if (tag && tag.end > lastEnd) break
    for (const { key, from, to } of tag?.attributes ?? []) {
      if (!linkAttributes[tag!.name]?.includes(key)) continue
      const quoted = html.slice(from, to)
      const link = unescaped(/^["']/.test(quoted) ? quoted.slice(1, -1) : quoted)
      const changed = rewriteLink(link, page)
      if (changed === link) continue
      pieces.push(html.slice(done, from), `"${escaped(changed)}"`)
      done = to
    }
    at = tag?.end ?? at + 1
    if (tag && rawText.has(tag.name)) {
      const close = new RegExp(`</${tag.name}`, 'gi')
      close.lastIndex = at
      const found = close.exec(html)
      if (!found) break
      at = found.index + 1
    }
  }
  return pieces.join('') + html.slice(done)
}

interface Tag {
  readonly name: string
  readonly attributes: readonly { readonly key: string; readonly from: number; readonly to: number }[]
  readonly end: number
}

/** The start tag there, and where in it the values of its attributes are, quotes and all. */
function readTag(html: string, at: number): Tag | undefined {
  const name = /<([a-zA-Z][^\s/>]*)/y
  name.lastIndex = at
  const named = name.exec(html)
  if (!named) return undefined
  const attribute = /[\s/]*([^\s/>=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>]+))?/y
  attribute.lastIndex = name.lastIndex
  const attributes: { key: string; from: number; to: number }[] = []
  let end = name.lastIndex
  for (let found = attribute.exec(html); found; found = attribute.exec(html)) {
    end = attribute.lastIndex
    const [, key = '', value] = found
    if (value !== undefined) attributes.push({ key: key.toLowerCase(), from: end - value.length, to: end })
  }
  return { name: named[1]!.toLowerCase(), attributes, end }
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d+)|#[xX]([\da-fA-F]+)|(\w+));/g, (whole, decimal, hexadecimal, name) => {
    if (name) return entities[name] ?? whole
    const code = decimal ? Number(decimal) : Number.parseInt(hexadecimal, 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}

const escaped = (text: string): string =>
  text.replace(/[&"<>]/g, character => ({ '&': '&amp;', '"': '&#34;', '<': '&lt;', '>': '&gt;' })[character]!)

interface Coding {
  decode(bytes: Uint8Array): Promise<Uint8Array>
  encode(bytes: Uint8Array): Promise<Uint8Array>
}

const codings: Readonly<Record<string, Coding>> = {
  '': { decode: async bytes => bytes, encode: async bytes => bytes },
  gzip: { decode: promisify(gunzip), encode: promisify(gzip) },
  deflate: { decode: promisify(inflateRaw), encode: promisify(deflateRaw) },
}

/** The way a page is changed that comes in this coding; undefined for one that cannot be read, and for all but HTML. */
export function pageRewriter(
  contentType: string | undefined,
  contentEncoding: string | undefined,
): ((body: Uint8Array, page: ProxiedPage) => Promise<Uint8Array>) | undefined {
  const [mediaType = ''] = (contentType ?? '').split(';')
  if (mediaType.trim() !== 'text/html') return undefined
  const coding = codings[contentEncoding ?? '']
  if (!coding) return undefined
  return async (body, page) => {
    // Byte by byte: only ASCII is looked at, whatever the rest means.
    const html = Buffer.from(await coding.decode(body)).toString('latin1')
    return coding.encode(Buffer.from(rewriteLinks(html, page), 'latin1'))
  }
}
