// /openapi/v2 and /openapi/v3: the kinds and operations, described. Documents are made when first asked for; a v3
// document asked for by its hash may be kept by the client for ever.

import { createHash } from 'node:crypto'
import { openapiV2, openapiV3, openapiV3Hash, openapiV3Index } from '../../api/openapi/openapi.ts'
import { openapiV2MediaType, openapiV2Protobuf } from '../../api/openapi/protobuf.ts'
import { notAcceptable } from '../../machinery/status-error.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { RequestContext, Response } from '../request.ts'
import { json, parseAccept } from '../serving/media-type.ts'

const prefix = '/openapi/v3/'

export function registerOpenAPI(dispatcher: Dispatcher): void {
  const bodies = new Map<string, Buffer>()
  const bodyOf = (name: string, document: object): Buffer => {
    let body = bodies.get(name)
    if (!body) {
      body = Buffer.from(JSON.stringify(document))
      bodies.set(name, body)
    }
    return body
  }
  const cacheable = (request: RequestContext, name: string, document: object, etag: string, headers = {}): Response => {
    const all = { etag: `"${etag}"`, vary: 'Accept', ...headers }
    if (request.headers['if-none-match'] === all.etag) return { status: 304, headers: all }
    return { status: 200, contentType: json, headers: all, object: document, body: bodyOf(name, document) }
  }
  let v2Etag: string | undefined
  dispatcher.register('/openapi/v2', request => {
    const form = formOf(request)
    const document = openapiV2()
    if (form === 'protobuf') {
      const body = protobufBody(document)
      return { status: 200, contentType: openapiV2MediaType.returned, headers: { vary: 'Accept' }, body }
    }
    v2Etag ??= createHash('sha512').update(bodyOf('v2', document)).digest('hex').toUpperCase()
    return cacheable(request, 'v2', document, v2Etag)
  })
  dispatcher.register('/openapi/v3', () => {
    const document = openapiV3Index()
    return { status: 200, contentType: json, object: document, body: bodyOf('v3', document) }
  })
  dispatcher.register(prefix, request => {
    const path = request.path.slice(prefix.length)
    const document = openapiV3(path)
    if (!document)
      return { status: 404, contentType: 'text/plain; charset=utf-8', body: Buffer.from('404 page not found\n') }
    const hash = openapiV3Hash(path)
    const asked = request.query.get('hash')
    if (asked !== null && asked !== '' && asked !== hash)
      return { status: 301, headers: { location: `${request.path}?hash=${hash}` } }
    const forEver =
      asked === hash ? { 'cache-control': 'public, immutable', expires: 'Thu, 31 Dec 2099 23:59:59 GMT' } : {}
    return cacheable(request, path, document, hash, forEver)
  })
}

let protobufDocument: Uint8Array | undefined

/** Clients before 1.27 explain and validate by it. */
function protobufBody(document: object): Uint8Array {
  protobufDocument ??= openapiV2Protobuf(document as never)
  return protobufDocument
}

function formOf(request: RequestContext): 'json' | 'protobuf' {
  const header = request.headers['accept']
  if (header === undefined) return 'json'
  for (const { type } of parseAccept(String(header))) {
    if (type === json || type === '*/*' || type === 'application/*') return 'json'
    if (type === openapiV2MediaType.accepted || type === openapiV2MediaType.returned) return 'protobuf'
  }
  throw notAcceptable([json, openapiV2MediaType.returned])
}
