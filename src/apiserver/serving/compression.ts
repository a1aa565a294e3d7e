// Large answers go out as gzip to clients that take it (KEP-156: APIResponseCompression), at the fastest level: off the
// main thread, and never for watches and logs.

import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { RequestContext, Response } from '../request.ts'
import { json, protobuf, yaml } from './media-type.ts'

/** Smaller answers are not worth it. */
const threshold = 128 * 1024
const level = 1
const compressible = new Set([json, yaml, protobuf])
const compress = promisify(gzip)

export function isWorthCompressing({ headers, method }: RequestContext, response: Response, length: number): boolean {
  if (length <= threshold || !compressible.has(response.contentType ?? '')) return false
  if (response.headers?.['content-encoding'] !== undefined) return false
  if (method === 'HEAD') return false
  const accepted = headers['accept-encoding']
  return typeof accepted === 'string' && accepted.split(',').some(encoding => encoding.trim() === 'gzip')
}

export async function compressed(response: Response): Promise<Response> {
  const { body } = response
  const bytes = body instanceof Uint8Array ? body : Buffer.concat(body as readonly Uint8Array[])
  const headers = { ...response.headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding' }
  return { status: response.status, contentType: response.contentType, headers, body: await compress(bytes, { level }) }
}
