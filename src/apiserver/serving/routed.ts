// What upstream's router decides before anybody answers: which methods a path has, and which media types its bodies and
// answers come in. It knows full names and `*/*` only.

import { genericServerResponse } from '../../machinery/status-error.ts'
import type { RequestContext } from '../request.ts'
import { json, protobuf, yaml } from './media-type.ts'

export const objectTypes: readonly string[] = [json, yaml, protobuf]
/** Of a pod's log. */
export const logTypes: readonly string[] = ['text/plain', ...objectTypes]
export const listTypes: readonly string[] = [...objectTypes, `${json};stream=watch`, `${protobuf};stream=watch`]

export const notAllowed = () => genericServerResponse(405)

/** A page that is only read. Throws a 405 or a 406. */
export function checkPage(request: RequestContext, available: readonly string[]): void {
  if (request.method !== 'GET') throw notAllowed()
  checkAccept(request, available)
}

/** Throws a 415. */
export function checkContentType({ headers, direct }: RequestContext, taken: readonly string[]): void {
  const header = headers['content-type']
  if (direct) return
  const text = (Array.isArray(header) ? header[0] : header) ?? ''
  if (!taken.includes(text.split(';', 1)[0]!.trim()))
    throw genericServerResponse(415, { serverMessage: '415: Unsupported Media Type' })
}

/** Throws a 406 that lists what there is. */
export function checkAccept({ headers, direct }: RequestContext, available: readonly string[]): void {
  const header = headers['accept']
  if (direct || header === undefined || (header === json && available[0] === json) || header.length === 0) return
  if (header === protobuf && available.includes(protobuf)) return
  if (!matches(Array.isArray(header) ? header.join(',') : header, available))
    throw genericServerResponse(406, {
      serverMessage: `406: Not Acceptable\n\nAvailable representations: ${available.join(', ')}`,
    })
}

function matches(header: string, available: readonly string[]): boolean {
  for (const part of header.split(',')) {
    const type = part.split(';', 1)[0]!.trim()
    if (type === '*/*' || available.includes(type)) return true
  }
  return false
}
