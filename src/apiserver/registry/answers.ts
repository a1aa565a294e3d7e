// How the verbs answer: one object, a list, a Status. Direct callers get the objects, others their bytes.

import type { Status } from '../../machinery/status-error.ts'
import type { RequestContext, Response } from '../request.ts'
import type { ServerContext } from '../server-context.ts'
import { json } from '../serving/media-type.ts'
import type { StoredObject } from '../watchcache/stored-object.ts'
import type { ServedResource } from './registry.ts'
import { type IncludeObject, type ListMeta, negotiate, type Representation } from './representation.ts'
import { servedObject } from './versions.ts'

export function representationOf(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  isList: boolean,
): Representation {
  const accept = request.headers['accept']
  const include = (request.query.get('includeObject') ?? 'Metadata') as IncludeObject
  return negotiate(
    resource.declaration,
    Array.isArray(accept) ? accept.join(',') : accept,
    isList,
    { printer: server.printer, now: () => server.env.clock.now() },
    include,
  )
}

export function answerObject(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  stored: StoredObject,
  status = 200,
): Response {
  if (request.direct) return { status, object: servedObject(resource.declaration, stored) }
  request.audit?.responseObject(() => servedObject(resource.declaration, stored))
  const representation = representationOf(server, resource, request, false)
  return { status, contentType: representation.contentType, body: representation.object(stored) }
}

export function answerList(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  items: readonly StoredObject[],
  meta: ListMeta,
): Response {
  if (request.direct) return { status: 200, object: listObject(resource, items, meta) }
  request.audit?.responseObject(() => listObject(resource, items, meta))
  const representation = representationOf(server, resource, request, true)
  return { status: 200, contentType: representation.contentType, body: representation.list(items, meta) }
}

function listObject({ declaration }: ServedResource, items: readonly StoredObject[], meta: ListMeta): object {
  return { metadata: meta, items: items.map(stored => servedObject(declaration, stored)) }
}

/** Any object that isn't stored: a Status, a review, discovery. */
export function answerJson(object: unknown, status = 200): Response {
  let bytes: Buffer | undefined
  return {
    status,
    contentType: json,
    object,
    get body() {
      bytes ??= Buffer.from(`${JSON.stringify(object)}\n`)
      return bytes
    },
  }
}

export function answerStatus(status: Status): Response {
  return answerJson(status, status.code)
}
