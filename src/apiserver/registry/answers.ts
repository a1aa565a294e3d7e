// How the verbs answer: one object, a list, a Status. Direct callers get the objects, others their bytes.

import { Status as StatusSchema } from '../../api/meta/v1/status.ts'
import type { KubeObject } from '../../api/resource.ts'
import { encodeObjectEnvelope } from '../../machinery/codec/protobuf.ts'
import { isWellFormed, wellFormed } from '../../machinery/go-text.ts'
import { goJson } from '../../machinery/json/write.ts'
import type { ObjectSchema } from '../../machinery/schema/schema.ts'
import { notAcceptable, type Status } from '../../machinery/status-error.ts'
import { writeYaml } from '../../machinery/yaml/write.ts'
import type { RequestContext, Response } from '../request.ts'
import type { ServerContext } from '../server-context.ts'
import { json, protobuf, yaml } from '../serving/media-type.ts'
import { StoredObject } from '../watchcache/stored-object.ts'
import { checkIncludeObject } from './forms/table-form.ts'
import type { ServedResource } from './registry.ts'
import { type Answered, type ListMeta, negotiate, plainForm, type Representation } from './representation.ts'
import { servedObject } from './versions.ts'

function acceptOf({ headers }: RequestContext): string | undefined {
  const accept = headers['accept']
  return Array.isArray(accept) ? accept.join(',') : accept
}

const goTrue = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const people = ['curl', 'Wget', 'Mozilla/5.0']

/** Whether a person reads the answer: it is indented. */
function isPretty({ query, headers }: RequestContext): boolean {
  const asked = query.size > 0 ? query.get('pretty') : null
  if (asked) return goTrue.has(asked)
  const agent = headers['user-agent']
  return typeof agent === 'string' && people.some(name => agent.startsWith(name))
}

export function representationOf(
  server: ServerContext,
  resource: Pick<ServedResource, 'declaration'>,
  request: RequestContext,
  answered: Answered,
): Representation {
  const accept = acceptOf(request)
  const include = request.query.size > 0 ? (request.query.get('includeObject') ?? '') : ''
  if (include !== '' && accept?.includes('as=Table')) checkIncludeObject(include)
  return negotiate(
    resource.declaration,
    accept,
    answered,
    { printer: server.printer, now: () => server.env.clock.now() },
    include,
    answered !== 'watch' && isPretty(request),
  )
}

/** Refuses before anything is done what cannot be answered in the end. */
export function checkAcceptable(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  answered: Answered = 'object',
): void {
  if (!request.direct) representationOf(server, resource, request, answered)
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
  const representation = representationOf(server, resource, request, 'object')
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
  const representation = representationOf(server, resource, request, 'list')
  return { status: 200, contentType: representation.contentType, body: representation.list(items, meta) }
}

function listObject({ declaration }: ServedResource, items: readonly StoredObject[], meta: ListMeta): object {
  return { metadata: meta, items: items.map(stored => servedObject(declaration, stored)) }
}

/** Any object that isn't of the API: discovery, health. */
export function answerJson(object: unknown, status = 200): Response {
  let bytes: Buffer | undefined
  return {
    status,
    contentType: json,
    object,
    get body() {
      bytes ??= Buffer.from(`${goJson(object)}\n`)
      return bytes
    },
  }
}

/** An object of a resource that isn't stored (a review, a Scale), in the form the client wants: also as a table, or its metadata. */
export function answerUnstored(
  server: ServerContext,
  resource: Pick<ServedResource, 'declaration'>,
  request: RequestContext,
  object: KubeObject,
  status = 200,
): Response {
  const { schema } = resource.declaration
  if (request.direct || !acceptOf(request)?.includes('=')) return answerKind(request, schema, object, status)
  const representation = representationOf(server, resource, request, 'object')
  const shown = StoredObject.dryRun('', Buffer.from(goJson(object)), object)
  return { status, contentType: representation.contentType, object, body: representation.object(shown) }
}

/** An object of the API that isn't stored, in the form the client wants. */
export function answerKind(request: RequestContext, schema: ObjectSchema, object: object, status = 200): Response {
  if (request.direct) return { status, contentType: json, object }
  const form = plainForm(acceptOf(request), isPretty(request))
  if (form === undefined) throw notAcceptable([json, yaml, protobuf])
  return plainAnswer(form, schema, object, status)
}

function plainAnswer(
  form: NonNullable<ReturnType<typeof plainForm>>,
  schema: ObjectSchema,
  object: object,
  status: number,
): Response {
  switch (form) {
    case 'json':
      return answerJson(object, status)
    case 'pretty':
      return { status, contentType: json, object, body: Buffer.from(goJson(object, 2)) }
    case 'yaml':
      return { status, contentType: yaml, object, body: Buffer.from(writeYaml(object)) }
    case 'protobuf':
      return { status, contentType: protobuf, object, body: encodeObjectEnvelope(schema, object) }
  }
}

const said = (value: unknown): unknown => (typeof value === 'string' ? wellFormed(value) : value)

/** What has no reason doesn't say an empty one, and a name that is no text cannot be repeated. */
function sayable(status: Status): object {
  const { reason, message, details } = status
  if (reason !== '' && isWellFormed(`${message}${details?.name}${details?.kind}`)) return status
  return {
    ...status,
    message: wellFormed(message),
    reason: reason === '' ? undefined : reason,
    ...(details && { details: Object.fromEntries(Object.entries(details).map(([key, value]) => [key, said(value)])) }),
  }
}

/** A Status, in the form the client wants; in JSON when it takes none, so that it learns what went wrong. */
export function answerStatus(request: RequestContext, status: Status): Response {
  const code = status.code || 200
  if (request.direct) return { status: code, contentType: json, object: status }
  const form = plainForm(acceptOf(request), isPretty(request), status.status === 'Success') ?? 'pretty'
  return plainAnswer(form, StatusSchema, sayable(status), code)
}
