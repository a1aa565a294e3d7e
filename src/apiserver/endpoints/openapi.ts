// /openapi/v2 and /openapi/v3: the kinds and operations, described.
//
// Comes in: sources of documents: the built-in API, custom resources, aggregated API servers. Goes out: the documents,
// made when first asked for and kept while their source says so; a v3 document asked for by its hash may be kept by the
// client for ever.

import { createHash } from 'node:crypto'
import { openapiV2, openapiV3, openapiV3Hash, openapiV3Index } from '../../api/openapi/openapi.ts'
import { openapiV2MediaType, openapiV2Protobuf } from '../../api/openapi/protobuf.ts'
import { openapiV3MediaTypes, openapiV3Protobuf } from '../../api/openapi/protobuf-v3.ts'
import { goJson, jsonText } from '../../machinery/json/write.ts'
import { mergeV2 } from '../aggregation/openapi-v2-merge.ts'
import type { Dispatcher } from '../dispatcher.ts'
import type { Answer, RequestContext, Response } from '../request.ts'
import { json, parseAccept } from '../serving/media-type.ts'
import { conditional } from './conditional-answer.ts'

/** What /openapi/v2 is merged from. */
export interface OpenAPIv2 {
  readonly paths: Readonly<Record<string, object>>
  readonly definitions: Readonly<Record<string, object>>
}

/** Where v3 documents come from. A path is what follows /openapi/v3/: `apis/apps/v1`. */
export interface OpenAPISource {
  paths(): Iterable<string>
  /** undefined when the path is none of this source's. */
  document(path: string): object | undefined
  /** Changes when the document does; upper-case hexadecimal. Asked for every path when the index is. */
  hash(path: string): string
  /** What it adds to /openapi/v2, in one document or several; the same ones until something changes. */
  v2(): OpenAPIv2 | readonly OpenAPIv2[] | undefined
  /** Answers for the document in its own way; undefined: as everybody else (aggregated API servers). */
  serve?(path: string, request: RequestContext): Answer | undefined
  /** Calls the listener when paths, documents or hashes have changed. */
  onChange?(listener: () => void): void
}

/** The built-in API: nothing of it ever changes. */
export const builtInOpenAPI: OpenAPISource = {
  paths: () => Object.keys(openapiV3Index().paths),
  document: openapiV3,
  hash: openapiV3Hash,
  v2: () => openapiV2() as unknown as OpenAPIv2,
}

const prefix = '/openapi/v3/'

/** `since`: no document is older, in milliseconds since the epoch. */
export function registerOpenAPI(
  dispatcher: Dispatcher,
  sources: readonly OpenAPISource[] = [builtInOpenAPI],
  since = 0,
): void {
  let index: Response | undefined
  let v2: V2Document | undefined
  for (const source of sources)
    source.onChange?.(() => {
      index = v2 = undefined
    })
  const bodies = new WeakMap<object, Buffer>()
  const bodyOf = (document: object): Buffer => {
    let body = bodies.get(document)
    if (!body) {
      body = Buffer.from(goJson(document))
      bodies.set(document, body)
    }
    return body
  }
  const messages = new WeakMap<object, Uint8Array>()
  const messageOf = (document: object): Uint8Array => {
    let message = messages.get(document)
    if (!message) {
      message = openapiV3Protobuf(document as never)
      messages.set(document, message)
    }
    return message
  }
  dispatcher.register('/openapi/v2', request => {
    const form = formOf(request, v2Types)
    if (!form || form === 'nothing') return { status: 406, headers: { vary: v2Vary } }
    v2 ??= new V2Document(sources)
    const headers = { etag: `"${v2.etag}"`, vary: v2Vary }
    const answer: Response =
      form === 'protobuf'
        ? { status: 200, contentType: openapiV2MediaType.returned, headers, body: v2.protobuf }
        : { status: 200, contentType: json, headers, object: v2.document, body: v2.json }
    return conditional(request, answer, since)
  })
  dispatcher.register('/openapi/v3', request => {
    index ??= makeIndex(sources)
    return conditional(request, index, since)
  })
  dispatcher.register(prefix, request => {
    const path = request.path.slice(prefix.length)
    const source = sourceOf(sources, path)
    const own = source?.serve?.(path, request)
    if (own) return own
    const document = source?.document(path)
    if (!source || !document) return { status: 404 }
    const form = formOf(request, openapiV3MediaTypes.accepted)
    // Who asks for what is no media type at all gets nothing, and no complaint.
    if (form === 'nothing') return { status: 200 }
    if (!form) return { status: 406, headers: { vary: 'Accept' } }
    const contentType = form === 'json' ? json : openapiV3MediaTypes.returned
    const hash = source.hash(path)
    const headers = { etag: `"${hash}"`, vary: 'Accept' }
    const asked = request.query.get('hash')
    if (asked !== null && asked !== '' && asked !== hash)
      return { status: 301, contentType, headers: { ...headers, location: `${request.path}?hash=${hash}` } }
    const all = asked === hash ? { ...headers, ...forEver } : headers
    const body = form === 'json' ? bodyOf(document) : messageOf(document)
    return conditional(request, { status: 200, contentType, headers: all, object: document, body }, since)
  })
}

const forEver = { 'cache-control': 'public, immutable', expires: 'Thu, 31 Dec 2099 23:59:59 GMT' }

const v2Types = [openapiV2MediaType.accepted, openapiV2MediaType.returned]
/** Upstream compresses this page by itself, too. */
const v2Vary = 'Accept-Encoding, Accept'

function sourceOf(sources: readonly OpenAPISource[], path: string): OpenAPISource | undefined {
  for (const source of sources) for (const known of source.paths()) if (known === path) return source
  return undefined
}

/** Where each document is, and a hash that changes with it. The first source of a path has it. */
function makeIndex(sources: readonly OpenAPISource[]): Response {
  const hashes = new Map<string, string>()
  for (const source of sources)
    for (const path of source.paths()) if (!hashes.has(path)) hashes.set(path, source.hash(path))
  const paths = [...hashes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, hash]) => [path, { serverRelativeURL: `${prefix}${path}?hash=${hash}` }] as const)
  const object = { paths: Object.fromEntries(paths) }
  // As upstream, whose page says nothing of its type.
  return {
    status: 200,
    contentType: 'text/plain; charset=utf-8',
    object,
    body: Buffer.from(goJson(object)),
  }
}

/** All sources in one. */
class V2Document {
  readonly document: object
  #json: Buffer | undefined
  #etag: string | undefined
  #protobuf: Uint8Array | undefined

  constructor(sources: readonly OpenAPISource[]) {
    const [base, ...others] = sources.flatMap(source => source.v2() ?? [])
    this.document = base ? mergeV2(base, others) : {}
  }

  get json(): Buffer {
    this.#json ??= Buffer.from(jsonText(this.document))
    return this.#json
  }

  get etag(): string {
    this.#etag ??= createHash('sha512').update(this.json).digest('hex').toUpperCase()
    return this.#etag
  }

  /** Clients before 1.27 explain and validate by it. */
  get protobuf(): Uint8Array {
    this.#protobuf ??= openapiV2Protobuf(this.document as never)
    return this.#protobuf
  }
}

/** The first of the client's wishes that there is; undefined: none. */
function formOf(request: RequestContext, messageTypes: readonly string[]): 'json' | 'protobuf' | 'nothing' | undefined {
  const header = request.headers['accept']
  if (header === undefined || header === '') return 'json'
  const wishes = parseAccept(String(header))
  if (wishes.length === 0) return 'nothing'
  for (const { type } of wishes) {
    if (type === json || type === '*/*' || type === 'application/*') return 'json'
    if (messageTypes.includes(type)) return 'protobuf'
  }
  return undefined
}
