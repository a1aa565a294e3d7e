// A page that clients may have already: what they say of it (RFC 9110, 13), in the order in which Go's file server asks.

import type { RequestContext, Response } from '../request.ts'

/** Answers 304 or 412 instead where the request's conditions say so. `modified`: in milliseconds since the epoch. */
export function conditional(request: RequestContext, response: Response, modified: number): Response {
  const { headers } = request
  const of = (name: string): string | undefined => {
    const value = headers[name]
    return Array.isArray(value) ? value.join(', ') : value || undefined
  }
  const { 'content-type': _type, ...kept } = response.headers ?? {}
  const etag = response.headers?.['etag'] as string | undefined
  const [match, noneMatch, since] = [of('if-match'), of('if-none-match'), of('if-modified-since')]
  if (match !== undefined && !names(match, etag, true))
    return { status: 412, contentType: etag && response.contentType, headers: kept }
  const unchanged =
    noneMatch === undefined ? since !== undefined && isOlder(modified, since) : names(noneMatch, etag, false)
  return unchanged ? { status: 304, headers: kept } : response
}

/** Whether a list of tags names this one; a star names any. */
function names(list: string, etag: string | undefined, strong: boolean): boolean {
  if (list.trim() === '*') return true
  const strip = (tag: string) => (strong ? tag : tag.replace(/^W\//, ''))
  return list.split(',').some(tag => strip(tag.trim()) === etag)
}

function isOlder(modified: number, since: string): boolean {
  const time = Date.parse(since)
  return !Number.isNaN(time) && Math.floor(modified / 1000) * 1000 <= time
}
