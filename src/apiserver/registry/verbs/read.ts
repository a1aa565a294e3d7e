// GET one object, LIST many.
//
// A list is answered from the watch cache, which is never behind an acknowledged write, so resourceVersion unset, "0"
// and NotOlderThan all get the newest state; Exact and continuations read the store's history (KEP-365, KEP-3157).

import { CompactedError, FutureRevisionError } from '../../../etcd/store.ts'
import {
  badRequest,
  expired,
  failure,
  notFound,
  StatusError,
  tooLargeResourceVersion,
} from '../../../machinery/status-error.ts'
import type { Answer, RequestContext, Response } from '../../request.ts'
import type { ServerContext } from '../../server-context.ts'
import { StoredObject } from '../../watchcache/stored-object.ts'
import { answerList, answerObject } from '../answers.ts'
import type { ServedResource } from '../registry.ts'
import type { ListMeta } from '../representation.ts'
import { type Selection, selectionOf } from '../selection.ts'
import { convertAhead } from '../versions.ts'

export function get(server: ServerContext, resource: ServedResource, request: RequestContext): Answer {
  const storage = resource.storage!
  const { namespace, name } = request.info
  checkFresh(server, request.query.get('resourceVersion') ?? '')
  const stored = storage.get(namespace, name)
  if (!stored) throw notFound(resource.declaration, name)
  const waiting = convertAhead(resource.declaration, stored)
  if (waiting) return waiting.then(() => answerObject(server, resource, request, stored))
  return answerObject(server, resource, request, stored)
}

/** Refuses a resourceVersion that hasn't happened yet: upstream waits 3 s for it, then says the same. */
export function checkFresh(server: ServerContext, resourceVersion: string): number {
  if (resourceVersion === '') return 0
  const revision = parseResourceVersion(resourceVersion)
  if (revision > server.store.revision) throw tooLargeResourceVersion(revision, server.store.revision, 1)
  return revision
}

export function parseResourceVersion(text: string): number {
  if (!/^\d+$/.test(text))
    throw badRequest(`Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`)
  return Number(text)
}

interface Continuation {
  readonly revision: number
  /** The first key of the next page. */
  readonly start: string
}

function encodeContinue(revision: number, lastKey: string, prefix: string): string {
  const start = `${lastKey.slice(prefix.length)}\u0000`
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start })).toString('base64url')
}

function decodeContinue(text: string, prefix: string): Continuation {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (token.v !== 'meta.k8s.io/v1' || typeof token.start !== 'string') throw new Error('version')
    if (token.start.includes('..')) throw new Error('path')
    return { revision: token.rv > 0 ? token.rv : -1, start: prefix + token.start }
  } catch {
    throw badRequest('continue key is not valid: illegal base64 data or token')
  }
}

export function list(server: ServerContext, resource: ServedResource, request: RequestContext): Answer {
  const storage = resource.storage!
  const { query, info } = request
  const prefix = storage.keyPrefix(info.namespace)
  const selection = selectionOf(request, resource.declaration)
  const limit = parseLimit(query.get('limit'))
  const continueText = query.get('continue') ?? ''
  const resourceVersion = query.get('resourceVersion') ?? ''
  const match = query.get('resourceVersionMatch') ?? ''
  checkListOptions(match, resourceVersion, continueText)
  if (continueText !== '') {
    if (resourceVersion !== '' && resourceVersion !== '0')
      throw badRequest('specifying resource version is not allowed when using continue')
    return listOn(server, resource, request, prefix, decodeContinue(continueText, prefix), limit, selection)
  }
  const revision = checkFresh(server, resourceVersion)
  if (match === 'Exact') return listAt(server, resource, request, prefix, revision, limit, selection)
  const all = storage.cache.range(prefix)
  const waiting = convertAhead(resource.declaration, all)
  if (waiting) return waiting.then(() => listNewest(server, resource, request, all, prefix, limit, selection))
  return listNewest(server, resource, request, all, prefix, limit, selection)
}

function checkListOptions(match: string, resourceVersion: string, continueText: string): void {
  if (match === '') return
  const problem = (message: string) =>
    failure(422, 'Invalid', `ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: ${message}`, {
      group: 'meta.k8s.io',
      kind: 'ListOptions',
      causes: [
        {
          reason: message.startsWith('Unsupported') ? 'FieldValueNotSupported' : 'FieldValueForbidden',
          message,
          field: 'resourceVersionMatch',
        },
      ],
    })
  if (match !== 'Exact' && match !== 'NotOlderThan')
    throw problem(`Unsupported value: "${match}": supported values: "Exact", "NotOlderThan", ""`)
  if (continueText !== '') throw problem('Forbidden: resourceVersionMatch is forbidden when continue is provided')
  if (resourceVersion === '')
    throw problem('Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided')
  if (match === 'Exact' && resourceVersion === '0')
    throw problem('Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
}

function parseLimit(text: string | null): number {
  if (text === null || text === '') return 0
  const limit = Number(text)
  if (!Number.isInteger(limit)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`)
  return Math.max(0, limit)
}

function listNewest(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  all: readonly StoredObject[],
  prefix: string,
  limit: number,
  selection: Selection,
): Response {
  const meta = (extra: Partial<ListMeta> = {}) => ({ resourceVersion: String(server.store.revision), ...extra })
  const chosen = selection.everything ? all : all.filter(stored => selection.matches(stored))
  if (limit === 0 || chosen.length <= limit) return answerList(server, resource, request, chosen, meta())
  const page = chosen.slice(0, limit)
  return answerList(server, resource, request, page, {
    ...meta(),
    continue: encodeContinue(server.store.revision, page[limit - 1]!.key, prefix),
    // With a selector, nobody knows how many of the rest match.
    ...(selection.everything ? { remainingItemCount: chosen.length - limit } : {}),
  })
}

async function listAt(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  prefix: string,
  revision: number,
  limit: number,
  selection: Selection,
): Promise<Response> {
  return listOn(server, resource, request, prefix, { revision, start: prefix }, limit, selection)
}

/** A page of the state at a revision, from the store's history. */
async function listOn(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  prefix: string,
  from: Continuation,
  limit: number,
  selection: Selection,
): Promise<Response> {
  const chosen: StoredObject[] = []
  let start = from.start
  let revision = from.revision > 0 ? from.revision : undefined
  let remaining = 0
  for (;;) {
    const page = await server.store
      .range(prefix, { from: start, revision, limit: limit > 0 ? Math.max(limit - chosen.length, 1) : undefined })
      .catch(error => {
        throw historyGone(error, prefix, from)
      })
    revision ??= page.revision
    const stored = page.items.map(item => StoredObject.fromStore(item.key, item.modRevision, item.value))
    const waiting = convertAhead(resource.declaration, stored)
    if (waiting) await waiting
    for (const each of stored) if (selection.matches(each)) chosen.push(each)
    remaining = page.count - page.items.length
    if (!page.more) {
      remaining = 0
      break
    }
    const last = page.items[page.items.length - 1]!.key
    start = `${last}\u0000`
    if (limit > 0 && chosen.length >= limit) break
  }
  const more = remaining > 0
  return answerList(server, resource, request, chosen, {
    resourceVersion: String(revision),
    ...(more ? { continue: encodeContinue(revision!, start.slice(0, -1), prefix) } : {}),
    ...(more && selection.everything ? { remainingItemCount: remaining } : {}),
  })
}

/** A page whose revision was compacted: 410 with a token that goes on from the newest state instead. */
function historyGone(error: unknown, prefix: string, from: Continuation): unknown {
  if (error instanceof FutureRevisionError) return tooLargeResourceVersion(from.revision, 0, 1)
  if (!(error instanceof CompactedError)) return error
  if (from.start === prefix) return expired('The resourceVersion for the provided list is too old.')
  const { status } = expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
  )
  const metadata = { ...status.metadata, continue: encodeContinue(-1, from.start.slice(0, -1), prefix) }
  return new StatusError({ ...status, metadata })
}
