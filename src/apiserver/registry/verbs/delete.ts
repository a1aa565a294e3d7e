// DELETE and DELETECOLLECTION.
//
// An object goes at once, unless its kind waits for somebody to stop first (grace period: pods), or finalizers hold it:
// then it is only marked, and goes with the update that removes the last of them. An object of a kind that can wait is
// marked even when it need not: whoever watches is told that it is being deleted, and then that it is gone.

import type { DeleteOptions } from '../../../api/meta/v1/options.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { deepCopy } from '../../../machinery/deep-freeze.ts'
import { secondsInMs } from '../../../machinery/duration.ts'
import { nextInt64 } from '../../../machinery/json/numbers.ts'
import {
  badRequest,
  conflict,
  invalid,
  isNotFound,
  notFound,
  optimisticLockMessage,
  success,
} from '../../../machinery/status-error.ts'
import { formatTime } from '../../../machinery/time.ts'
import { validateDeleteOptions } from '../../../machinery/validation/request-options.ts'
import { booleanParameter, integerParameter } from '../../query-parameters.ts'
import type { Answer, RequestContext, Response } from '../../request.ts'
import type { ServerContext } from '../../server-context.ts'
import { encodeForStore, StoredObject } from '../../watchcache/stored-object.ts'
import { answerList, answerObject, answerStatus, checkAcceptable } from '../answers.ts'
import { decodeDeleteOptions } from '../decode-body.ts'
import { type Propagation, propagationOf, withPropagation } from '../deletion-finalizers.ts'
import { listOptionsOf } from '../list-options.ts'
import type { ServedResource } from '../registry.ts'
import { selectionOf } from '../selection.ts'
import { convertAhead, servedObject, storedForm } from '../versions.ts'
import { addWarnings, RequestAttributes, strategyContext } from '../write-context.ts'
import { pageOf } from './read.ts'

export interface Deletion {
  readonly gracePeriodSeconds?: number
  readonly propagation?: Propagation
  readonly preconditions: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun: boolean
  /** `orphanDependents: false` was said: an object that has to wait for it is answered with 202. */
  readonly asksForCascade?: boolean
}

export async function deleteOne(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
): Promise<Response> {
  checkAcceptable(server, resource, request)
  const deletion = await readDeletion(request)
  warnOfDeletion(resource, request, deletion)
  return deleteObject(server, resource, request, request.info.namespace, request.info.name, deletion)
}

/** Deletes what LIST would give with the same parameters, page by page, and answers the list. */
export async function deleteCollection(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
): Promise<Response> {
  checkAcceptable(server, resource, request, 'list')
  const options = listOptionsOf(request.query, false)
  const selection = selectionOf(request, resource.declaration)
  const deletion = await readDeletion(request)
  warnOfDeletion(resource, request, deletion)
  // Each is answered to nobody: the forms that a list can have are not those of an object.
  const each: RequestContext = { ...request, direct: true }
  const { items, meta } = await pageOf(server, resource, request.info.namespace, options, selection)
  // `namespaces//pods`: the list is that of all namespaces, but nothing can be deleted in no namespace.
  if (resource.declaration.namespaced && request.info.namespace === '' && items.length > 0)
    throw badRequest('Namespace parameter required.')
  for (const stored of items) {
    try {
      await deleteObject(server, resource, each, stored.namespace, stored.name, deletion)
    } catch (error) {
      // Somebody else deleted it meanwhile: that is what was wanted.
      if (!isNotFound(error)) throw error
    }
  }
  return answerList(server, resource, request, items, meta)
}

/** DeleteOptions from the body or, only when there is none, from the query. */
async function readDeletion(request: RequestContext): Promise<Deletion> {
  const body = await decodeDeleteOptions(request)
  if (body) request.audit?.requestObject({ kind: 'DeleteOptions', apiVersion: 'v1', ...body })
  const options: DeleteOptions = body ?? deleteOptionsFromQuery(request.query)
  // Deleting what cannot be read is switched off, as upstream's AllowUnsafeMalformedObjectDeletion is.
  const errors = validateDeleteOptions({ ...options, ignoreStoreReadErrorWithClusterBreakingPotential: undefined })
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors)
  const { gracePeriodSeconds: grace, orphanDependents: orphan } = options
  const propagation = options.propagationPolicy as Propagation | undefined
  return {
    // A grace period of less than nothing is the shortest there is.
    gracePeriodSeconds: grace !== undefined && grace < 0 ? 1 : grace,
    propagation: propagation ?? (orphan === undefined ? undefined : orphan ? 'Orphan' : 'Background'),
    preconditions: options.preconditions ?? {},
    dryRun: (options.dryRun?.length ?? 0) > 0,
    asksForCascade: orphan === false,
  }
}

function warnOfDeletion({ strategy }: ServedResource, request: RequestContext, { propagation }: Deletion): void {
  if (propagation === undefined && strategy.unsaidPropagationWarning)
    addWarnings(request, [strategy.unsaidPropagationWarning])
}

function deleteOptionsFromQuery(query: URLSearchParams): DeleteOptions {
  if (query.size === 0) return {}
  const uid = query.get('uid') ?? ''
  const resourceVersion = query.get('resourceVersion') ?? ''
  return {
    gracePeriodSeconds: integerParameter(query, 'gracePeriodSeconds'),
    orphanDependents: booleanParameter(query, 'orphanDependents'),
    propagationPolicy: query.get('propagationPolicy') ?? undefined,
    dryRun: query.getAll('dryRun'),
    ...(uid || resourceVersion
      ? { preconditions: { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) } }
      : {}),
  }
}

/** What a deletion insists on, in the words of upstream's BeforeDelete. */
function checkDeletePreconditions(
  resource: ServedResource,
  name: string,
  { metadata }: KubeObject,
  { uid, resourceVersion }: Deletion['preconditions'],
): void {
  const { kind, storage } = resource.declaration
  // These two have a look of their own before.
  if (kind === 'Namespace' || kind === 'CustomResourceDefinition')
    for (const [what, wanted, found] of [
      ['UID', uid, metadata.uid],
      ['ResourceVersion', resourceVersion, metadata.resourceVersion],
    ])
      if (wanted !== undefined && wanted !== found)
        throw conflict(
          resource.declaration,
          name,
          `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`,
        )
  const refuse = (message: string) => conflict({ group: storage.group, resource: kind }, name, message)
  if (uid !== undefined && uid !== metadata.uid)
    throw refuse(
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    )
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
    throw refuse(
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    )
}

export async function deleteObject(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  namespace: string,
  name: string,
  deletion: Deletion,
): Promise<Response> {
  const { declaration, strategy } = resource
  const storage = resource.storage!
  const key = storage.key(namespace, name)
  const context = strategyContext(server, request, deletion.dryRun)
  let current = storage.cache.get(key)
  for (;;) {
    if (!current) throw notFound(declaration, name)
    const waiting = convertAhead(declaration, current)
    if (waiting) await waiting
    const old = servedObject(declaration, current)
    checkDeletePreconditions(resource, name, old, deletion.preconditions)
    const attributes = new RequestAttributes(
      server,
      resource,
      request,
      'DELETE',
      { oldObject: old, name, namespace },
      deletion.dryRun,
    )
    const mutating = server.admission.admit(attributes)
    if (mutating) await mutating
    const validating = server.admission.validate(attributes)
    if (validating) await validating
    strategy.checkDelete?.(old, context)

    const byItself = strategy.markForDeletion?.(old, context, deletion.propagation)
    const { marked, goes } = byItself ? { marked: byItself, goes: false } : mark(server, resource, old, deletion)
    const waits = deletion.asksForCascade ? 202 : 200
    if (!goes && (!marked || marked === old)) return answerObject(server, resource, request, current, waits)
    if (deletion.dryRun) {
      const shown = marked ? await dryRunOf(resource, key, marked) : current
      return goes ? deleted(server, resource, request, shown) : answerObject(server, resource, request, shown, waits)
    }
    if (marked) {
      const converted = storedForm(declaration, marked)
      const toStore = converted instanceof Promise ? await converted : converted
      const result = await storage.put(key, toStore, current.revision)
      if (result.committed) {
        const answering = convertAhead(declaration, result.stored)
        if (answering) await answering
        if (!goes) return answerObject(server, resource, request, result.stored, waits)
        const gone = await removeMarked(resource, key, result.stored)
        strategy.afterDelete?.(old, context)
        return deleted(server, resource, request, gone)
      }
      if (deletion.preconditions.resourceVersion) throw conflict(declaration, name, optimisticLockMessage)
      current = result.current
      continue
    }
    const result = await storage.delete(key, current.revision)
    if (result.committed) {
      const answering = convertAhead(declaration, result.stored)
      if (answering) await answering
      strategy.afterDelete?.(old, context)
      return deleted(server, resource, request, result.stored)
    }
    if (deletion.preconditions.resourceVersion) throw conflict(declaration, name, optimisticLockMessage)
    current = result.current
  }
}

async function dryRunOf({ declaration }: ServedResource, key: string, marked: KubeObject): Promise<StoredObject> {
  const stored = await storedForm(declaration, marked)
  const shown = StoredObject.dryRun(key, encodeForStore(stored), stored)
  await convertAhead(declaration, shown)
  return shown
}

/** Nothing holds what was marked so, whatever else is written to it meanwhile; and somebody else may be faster. */
async function removeMarked(resource: ServedResource, key: string, marked: StoredObject): Promise<StoredObject> {
  let current: StoredObject | undefined = marked
  let last = marked
  while (current && current.object.metadata.uid === marked.object.metadata.uid) {
    last = current
    const result = await resource.storage!.delete(key, current.revision)
    if (result.committed) return result.stored
    current = result.current
  }
  return last
}

interface Verdict {
  /** The object as it stands while it waits to go, or at last; the same object when it is already so. */
  readonly marked?: KubeObject
  /** Nothing holds it. */
  readonly goes: boolean
}

function mark(server: ServerContext, resource: ServedResource, old: KubeObject, deletion: Deletion): Verdict {
  const already = old.metadata['deletionTimestamp'] !== undefined
  const before: number = old.metadata['deletionGracePeriodSeconds'] ?? 0
  const now = server.env.clock.now()
  let seconds: number | undefined
  let ends = already ? Date.parse(old.metadata['deletionTimestamp']) : now
  if (!already) {
    seconds = resource.strategy.gracePeriodSeconds?.(old, deletion.gracePeriodSeconds)
    ends += secondsInMs(seconds ?? 0)
  } else if (resource.strategy.gracePeriodSeconds && before > 0) {
    // A second deletion may only shorten the wait.
    seconds = deletion.gracePeriodSeconds
    if (seconds === undefined || seconds >= before) return { goes: false }
    ends += secondsInMs(seconds) - secondsInMs(before)
    if (ends < now) {
      ends = now
      // Whoever waits to be told is told.
      if (seconds !== 0) seconds = 1
    }
  }
  const finalizers = finalizersOf(resource, old, deletion.propagation)
  const goes = finalizers.length === 0 && !seconds
  if (goes && seconds === undefined) return { goes }
  const timed = old.metadata['deletionGracePeriodSeconds'] !== undefined
  if (already && timed && seconds === undefined && sameList(finalizers, old.metadata['finalizers'] ?? []))
    return { marked: old, goes }
  const marked = deepCopy(old)
  const { metadata } = marked
  if (finalizers.length > 0) metadata['finalizers'] = finalizers
  else delete metadata['finalizers']
  metadata['deletionTimestamp'] = formatTime(ends)
  metadata['deletionGracePeriodSeconds'] = seconds ?? 0
  if (!timed && metadata['generation'] !== undefined) metadata['generation'] = nextInt64(metadata['generation'])
  return { marked, goes }
}

function finalizersOf(
  { strategy: { defaultPropagation } }: ServedResource,
  old: KubeObject,
  asked: Propagation | undefined,
): readonly string[] {
  const present: readonly string[] = old.metadata['finalizers'] ?? []
  if (defaultPropagation === 'Unsupported') return withPropagation(present, undefined)
  return withPropagation(present, asked ?? propagationOf(present) ?? defaultPropagation)
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index])
}

function deleted(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  stored: StoredObject,
): Answer {
  if (resource.strategy.returnsDeletedObject ?? resource.declaration.returnsDeletedObject)
    return answerObject(server, resource, request, stored)
  const { group, resource: kind } = resource.declaration
  const details = { name: stored.name, group, kind, uid: stored.object.metadata.uid }
  return answerStatus(request, success(details))
}
