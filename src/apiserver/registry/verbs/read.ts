// GET one object, LIST many.
//
// A list is answered from the watch cache, which is never behind an acknowledged write, so resourceVersion unset, "0"
// and NotOlderThan all get the newest state; Exact and continuations read the store's history (KEP-365, KEP-3157).

import type { ResourceDeclaration } from '../../../api/resource.ts'
import { CompactedError, FutureRevisionError } from '../../../etcd/store.ts'
import { fieldErrorMessage, invalid } from '../../../machinery/field-error.ts'
import {
  badRequest,
  expired,
  failure,
  notFound,
  StatusError,
  tooLargeResourceVersion,
} from '../../../machinery/status-error.ts'
import { booleanParameter } from '../../query-parameters.ts'
import type { Answer, RequestContext } from '../../request.ts'
import type { ServerContext } from '../../server-context.ts'
import { StoredObject } from '../../watchcache/stored-object.ts'
import { answerList, answerObject, checkAcceptable } from '../answers.ts'
import { type Continuation, decodeContinue, encodeContinue, withRevision } from '../continue-token.ts'
import { type ListOptions, listOptionsOf, resourceVersionProblem } from '../list-options.ts'
import type { ServedResource } from '../registry.ts'
import type { ListMeta } from '../representation.ts'
import { type Selection, selectionOf } from '../selection.ts'
import { convertAhead } from '../versions.ts'

export function get(server: ServerContext, resource: ServedResource, request: RequestContext): Answer {
  const storage = resource.storage!
  const { namespace, name } = request.info
  const { query } = request
  if (query.size > 0) {
    if (booleanParameter(query, 'export'))
      throw badRequest('the export parameter, deprecated since v1.14, is no longer supported')
    const text = query.get('resourceVersion') ?? ''
    const problem = resourceVersionProblem(text)
    // Upstream has no reason for this one.
    if (problem) throw failure(500, '', fieldErrorMessage(invalid('resourceVersion', text, problem)))
    checkFresh(server, Number(text))
  }
  const stored = storage.get(namespace, name)
  if (!stored) {
    checkAcceptable(server, resource, request)
    throw notFound(resource.declaration, name)
  }
  const waiting = convertAhead(resource.declaration, stored)
  if (waiting) return waiting.then(() => answerObject(server, resource, request, stored))
  return answerObject(server, resource, request, stored)
}

/**
 * Refuses a revision that hasn't happened yet: upstream waits 3 s for it, then says the same, and when to ask again.
 * Where its store is asked (for one revision exactly), it neither waits nor says that.
 */
export function checkFresh({ store }: ServerContext, revision: number, retryAfterSeconds = 1): void {
  if (revision > store.revision) throw tooLargeResourceVersion(revision, store.revision, retryAfterSeconds)
}

export interface Page {
  readonly items: readonly StoredObject[]
  readonly meta: ListMeta
}

export function list(server: ServerContext, resource: ServedResource, request: RequestContext): Answer {
  const options = listOptionsOf(request.query, false)
  const selection = selectionOf(request, resource.declaration, request.info.name)
  const page = pageOf(server, resource, request.info.namespace, options, selection)
  if (page instanceof Promise) return page.then(({ items, meta }) => answerList(server, resource, request, items, meta))
  return answerList(server, resource, request, page.items, page.meta)
}

/** The objects that the options ask for, and where the rest begins. */
export function pageOf(
  server: ServerContext,
  resource: ServedResource,
  namespace: string,
  options: ListOptions,
  selection: Selection,
): Page | Promise<Page> {
  const { declaration } = resource
  const storage = resource.storage!
  const prefix = storage.keyPrefix(namespace)
  const { resourceVersion, resourceVersionMatch: match } = options
  if (options.continue !== '') {
    const continuation = decodeContinue(options.continue, prefix)
    if (resourceVersion !== '' && resourceVersion !== '0')
      throw badRequest('specifying resource version is not allowed when using continue')
    if (continuation.revision > 0) checkFresh(server, continuation.revision, 0)
    return pageFrom(server, declaration, prefix, continuation, Math.max(0, options.limit), selection)
  }
  const problem = resourceVersionProblem(resourceVersion)
  if (problem)
    throw badRequest(
      `invalid resource version: ${fieldErrorMessage(invalid('resourceVersion', resourceVersion, problem))}`,
    )
  const revision = Number(resourceVersion)
  const limit = Math.max(0, options.limit)
  // Without a match, a limit makes a revision an exact one.
  const isExact = match === 'Exact' || (match === '' && limit > 0 && revision > 0)
  checkFresh(server, revision, isExact ? 0 : 1)
  if (isExact) return pageFrom(server, declaration, prefix, { revision, start: prefix }, limit, selection)
  const all = storage.cache.range(prefix)
  const current = server.store.revision
  // Any state will do for "0", and the cache has all of it at hand: upstream does not page it. Events it keeps in no cache.
  const whole = resourceVersion === '0' && declaration.resource !== 'events'
  const newest = () => newestPage(all, current, prefix, whole ? 0 : limit, selection)
  const waiting = convertAhead(declaration, all)
  return waiting ? waiting.then(newest) : newest()
}

function newestPage(
  all: readonly StoredObject[],
  revision: number,
  prefix: string,
  limit: number,
  selection: Selection,
): Page {
  const meta = { resourceVersion: String(revision) }
  if (limit === 0) return { items: selection.everything ? all : all.filter(stored => selection.matches(stored)), meta }
  const items: StoredObject[] = []
  let at = 0
  for (; at < all.length && items.length < limit; at++) if (selection.matches(all[at]!)) items.push(all[at]!)
  if (items.length < limit || at >= all.length) return { items, meta }
  return {
    items,
    meta: {
      ...meta,
      continue: encodeContinue(revision, items[limit - 1]!.key, prefix),
      // With a selector, nobody knows how many of the rest match.
      ...(selection.everything ? { remainingItemCount: all.length - limit } : {}),
    },
  }
}

/** A page of the state at a revision, from the store's history. */
async function pageFrom(
  server: ServerContext,
  declaration: ResourceDeclaration,
  prefix: string,
  from: Continuation,
  limit: number,
  selection: Selection,
): Promise<Page> {
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
    const waiting = convertAhead(declaration, stored)
    if (waiting) await waiting
    for (const each of stored) if (selection.matches(each)) chosen.push(each)
    remaining = page.more ? page.count - page.items.length : 0
    if (!page.more) break
    start = `${page.items[page.items.length - 1]!.key}\u0000`
    if (limit > 0 && chosen.length >= limit) break
  }
  const more = remaining > 0
  return {
    items: chosen,
    meta: {
      resourceVersion: String(revision),
      ...(more ? { continue: encodeContinue(revision!, start.slice(0, -1), prefix) } : {}),
      ...(more && selection.everything ? { remainingItemCount: remaining } : {}),
    },
  }
}

/** A page whose revision was compacted: 410 with a token that goes on from the newest state instead. */
function historyGone(error: unknown, prefix: string, from: Continuation): unknown {
  if (error instanceof FutureRevisionError) return tooLargeResourceVersion(from.revision, 0, 0)
  if (!(error instanceof CompactedError)) return error
  if (from.start === prefix) return expired('The resourceVersion for the provided list is too old.')
  const { status } = expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
  )
  return new StatusError({ ...status, metadata: { ...status.metadata, continue: withRevision(from, -1, prefix) } })
}
