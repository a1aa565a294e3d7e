// DELETE and DELETECOLLECTION.
//
// An object goes at once, unless its kind waits for somebody to stop first (grace period: pods), or finalizers hold it:
// then it is only marked, and goes with the update that removes the last of them.

import type { KubeObject } from '../../../api/resource.ts'
import { kindFor } from '../../../api/scheme.ts'
import { deepCopy } from '../../../machinery/deep-freeze.ts'
import {
  conflict,
  invalid,
  isNotFound,
  notFound,
  optimisticLockMessage,
  success,
} from '../../../machinery/status-error.ts'
import { formatTime } from '../../../machinery/time.ts'
import { validateDeleteOptions } from '../../../machinery/validation/request-options.ts'
import type { Answer, RequestContext, Response } from '../../request.ts'
import type { ServerContext } from '../../server-context.ts'
import { encodeForStore, StoredObject } from '../../watchcache/stored-object.ts'
import { answerList, answerObject, answerStatus } from '../answers.ts'
import { decodeBody } from '../decode-body.ts'
import type { ServedResource } from '../registry.ts'
import { selectionOf } from '../selection.ts'
import { convertAhead, servedObject, storedForm } from '../versions.ts'
import { admissionAttributes, isDryRun, strategyContext } from '../write-context.ts'
import { checkPreconditions } from './update.ts'

const deleteOptions = { ...kindFor('', 'v1', 'DeleteOptions')!, anyGroup: true }

export interface Deletion {
  readonly gracePeriodSeconds?: number
  readonly propagation?: 'Orphan' | 'Background' | 'Foreground'
  readonly preconditions: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun: boolean
}

const orphanFinalizer = 'orphan'
const foregroundFinalizer = 'foregroundDeletion'

export async function deleteOne(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
): Promise<Response> {
  const deletion = await readDeletion(request)
  return deleteObject(server, resource, request, request.info.namespace, request.info.name, deletion)
}

export async function deleteCollection(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
): Promise<Response> {
  const deletion = await readDeletion(request)
  const selection = selectionOf(request, resource.declaration)
  const storage = resource.storage!
  const all = storage.cache.range(storage.keyPrefix(request.info.namespace))
  const waiting = convertAhead(resource.declaration, all)
  if (waiting) await waiting
  const chosen = all.filter(stored => selection.matches(stored))
  for (const stored of chosen) {
    try {
      await deleteObject(server, resource, request, stored.namespace, stored.name, deletion)
    } catch (error) {
      // Somebody else deleted it meanwhile: that is what was wanted.
      if (!isNotFound(error)) throw error
    }
  }
  return answerList(server, resource, request, chosen, { resourceVersion: String(server.store.revision) })
}

async function readDeletion(request: RequestContext): Promise<Deletion> {
  const body = await decodeBody(request, deleteOptions)
  const options = body as KubeObject & Record<string, any>
  // Nothing was sent, or what was sent: kind, apiVersion and metadata are always there.
  if (Object.keys(options).length > 3) request.audit?.requestObject(options)
  const { query } = request
  const fromQuery = query.get('gracePeriodSeconds')
  const grace = options['gracePeriodSeconds'] ?? (fromQuery === null ? undefined : Number(fromQuery))
  const propagation = options['propagationPolicy'] ?? query.get('propagationPolicy') ?? undefined
  const orphan =
    options['orphanDependents'] ??
    (query.has('orphanDependents') ? query.get('orphanDependents') === 'true' : undefined)
  const errors = validateDeleteOptions({
    propagationPolicy: propagation,
    orphanDependents: orphan,
    dryRun: [...query.getAll('dryRun'), ...(options['dryRun'] ?? [])],
    gracePeriodSeconds: grace,
    preconditions: options['preconditions'],
  })
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors)
  return {
    gracePeriodSeconds: grace,
    propagation: propagation ?? (orphan === undefined ? undefined : orphan ? 'Orphan' : 'Background'),
    preconditions: options['preconditions'] ?? {},
    dryRun: isDryRun(request, options['dryRun']),
  }
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
    checkPreconditions(resource, name, old, deletion.preconditions)
    const attributes = admissionAttributes(
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

    const marked = strategy.markForDeletion?.(old, context) ?? mark(server, resource, old, deletion)
    if (marked === old) return answerObject(server, resource, request, current)
    if (deletion.dryRun)
      return marked
        ? answerObject(server, resource, request, StoredObject.dryRun(key, encodeForStore(marked), marked))
        : deleted(server, resource, request, current)
    const converted = marked && storedForm(declaration, marked)
    const toStore = converted instanceof Promise ? await converted : converted
    const result = toStore
      ? await storage.put(key, toStore, current.revision)
      : await storage.delete(key, current.revision)
    if (result.committed) {
      const answering = convertAhead(declaration, result.stored)
      if (answering) await answering
      if (marked) return answerObject(server, resource, request, result.stored)
      strategy.afterDelete?.(old, context)
      return deleted(server, resource, request, result.stored)
    }
    if (deletion.preconditions.resourceVersion) throw conflict(declaration, name, optimisticLockMessage)
    current = result.current
  }
}

/**
 * The object as it stands while it waits to go; undefined when nothing holds it; the same object when it is already
 * waiting and nothing changes.
 */
export function mark(
  server: ServerContext,
  resource: ServedResource,
  old: KubeObject,
  deletion: Deletion,
): KubeObject | undefined {
  const finalizers = withPropagation(resource, old, deletion.propagation)
  const grace = resource.strategy.gracePeriodSeconds?.(old, deletion.gracePeriodSeconds)
  const already = old.metadata['deletionTimestamp'] !== undefined
  const before: number = old.metadata['deletionGracePeriodSeconds'] ?? 0
  // A second deletion may only shorten the wait.
  const seconds = already && (grace === undefined || grace >= before) ? before : (grace ?? 0)
  if (finalizers.length === 0 && seconds === 0) return undefined
  if (already && seconds === before && sameList(finalizers, old.metadata['finalizers'] ?? [])) return old
  const marked = deepCopy(old)
  const { metadata } = marked
  if (finalizers.length > 0) metadata['finalizers'] = finalizers
  else delete metadata['finalizers']
  const started = already ? Date.parse(old.metadata['deletionTimestamp']) - before * 1000 : server.env.clock.now()
  if (!already || seconds !== before) metadata['deletionTimestamp'] = formatTime(started + seconds * 1000)
  metadata['deletionGracePeriodSeconds'] = seconds
  if (!already && metadata['generation'] !== undefined) metadata['generation'] += 1
  return marked
}

function withPropagation(
  resource: ServedResource,
  old: KubeObject,
  propagation: Deletion['propagation'],
): readonly string[] {
  const present: readonly string[] = old.metadata['finalizers'] ?? []
  const policy = propagation ?? (policyOf(present) || resource.strategy.defaultPropagation)
  const others = present.filter(name => name !== orphanFinalizer && name !== foregroundFinalizer)
  if (policy === 'Orphan') return [...others, orphanFinalizer]
  if (policy === 'Foreground') return [...others, foregroundFinalizer]
  return others
}

function policyOf(finalizers: readonly string[]): Deletion['propagation'] {
  if (finalizers.includes(orphanFinalizer)) return 'Orphan'
  return finalizers.includes(foregroundFinalizer) ? 'Foreground' : undefined
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
  return answerStatus(
    success({ name: stored.name, ...(group === '' ? {} : { group }), kind, uid: stored.object.metadata.uid }),
  )
}
