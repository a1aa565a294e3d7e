// UPDATE, and what every change of a stored object goes through: read → change → admission → strategy → validate →
// compare-and-put, again from the start when somebody else was faster and the client didn't insist on a version.

import { applyDefaults } from '../../../api/defaults.ts'
import type { KubeObject } from '../../../api/resource.ts'
import { deepEqual } from '../../../machinery/deep-equal.ts'
import { deepCopy } from '../../../machinery/deep-freeze.ts'
import { invalid as fieldInvalid } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { nextInt64 } from '../../../machinery/json/numbers.ts'
import {
  badRequest,
  conflict,
  failure,
  invalid,
  notFound,
  optimisticLockMessage,
} from '../../../machinery/status-error.ts'
import type { Answer, RequestContext, Response } from '../../request.ts'
import type { ServerContext } from '../../server-context.ts'
import { encodeForStore, StoredObject } from '../../watchcache/stored-object.ts'
import { answerObject, checkAcceptable } from '../answers.ts'
import { decodeBody } from '../decode-body.ts'
import { keepTimes, keepValid, manageUpdated } from '../field-management/field-manager.ts'
import { resourceVersionProblem } from '../list-options.ts'
import { leaseFor } from '../object-ttl.ts'
import { dedupOwnerReferences } from '../owner-references.ts'
import type { ServedResource } from '../registry.ts'
import { refusedAs, validateChanged } from '../validation.ts'
import { convertAhead, servedObject, storedForm } from '../versions.ts'
import { addWarnings, checkWriteOptions, isDryRun, RequestAttributes, strategyContext } from '../write-context.ts'
import { createObject } from './create.ts'

/** Tries before a change that conflicts again and again is given back to the client. */
const mostAttempts = 20

export async function update(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
): Promise<Response> {
  const { name, namespace } = request.info
  const { declaration } = resource
  checkAcceptable(server, resource, request)
  checkWriteOptions(request, 'UpdateOptions')
  const decoded = await decodeBody(request, declaration)
  applyDefaults(declaration, decoded)
  request.audit?.requestObject(decoded)
  checkNames(resource, decoded, name, namespace)
  dedupOwnerReferences(request, decoded)
  const { resourceVersion = '', uid } = decoded.metadata
  const problem = resourceVersionProblem(resourceVersion)
  // Whether there is such an object, and which, comes first.
  const checkNumber = () => {
    // Upstream has no reason for this one.
    if (problem !== undefined) throw failure(500, '', problem)
  }
  if (
    !resource.storage!.get(namespace, name) &&
    resource.strategy.allowCreateOnUpdate &&
    request.info.subresource === ''
  ) {
    checkNumber()
    return createObject(server, resource, request, decoded)
  }
  return changeObject(server, resource, request, current => {
    checkPreconditions(resource, name, current, { uid }, isDryRun(request))
    checkNumber()
    if (Number(resourceVersion) === 0 && resource.strategy.allowUnconditionalUpdate === false)
      throw invalid({ group: declaration.group, kind: declaration.resource }, name, [
        fieldInvalid(root('metadata').child('resourceVersion'), 0, 'must be specified for an update'),
      ])
    checkPreconditions(resource, name, current, { resourceVersion }, false)
    // With a version to keep to there is no second try, which would need what the first one started from.
    return resourceVersion && !request.audit ? decoded : deepCopy(decoded)
  })
}

/** The object must be the one that the path names. */
export function checkNames(resource: ServedResource, object: KubeObject, name: string, namespace: string): void {
  const { metadata } = object
  if (!resource.declaration.namespaced) delete metadata.namespace
  else if (!metadata.namespace) metadata.namespace = namespace
  else if (metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  if (!metadata.name)
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
  if (metadata.name !== name)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
}

/** The version and identity a client insists on. */
export function checkPreconditions(
  resource: ServedResource,
  name: string,
  current: KubeObject,
  wanted: { readonly resourceVersion?: string; readonly uid?: string },
  dryRun: boolean,
): void {
  if (wanted.uid && wanted.uid !== current.metadata.uid)
    throw conflict(
      resource.declaration,
      name,
      `StorageError: invalid object, Code: 4, Key: ${dryRun ? '' : '/registry'}${keyOf(resource, current)}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${current.metadata.uid ?? ''}`,
    )
  if (
    wanted.resourceVersion &&
    Number(wanted.resourceVersion) !== 0 &&
    wanted.resourceVersion !== current.metadata.resourceVersion
  )
    throw conflict(resource.declaration, name, optimisticLockMessage)
}

/** Of a patch: who it is about, its path says; another uid is refused with what else may not change. */
export function checkVersion(
  resource: ServedResource,
  name: string,
  current: KubeObject,
  { metadata }: KubeObject,
): void {
  const { resourceVersion = '' } = metadata
  const problem = resourceVersionProblem(resourceVersion)
  if (problem !== undefined) throw failure(500, '', problem)
  checkPreconditions(resource, name, current, { resourceVersion }, false)
}

/** As messages have it: below the prefix that is everybody's. */
function keyOf(resource: ServedResource, { metadata }: KubeObject): string {
  return resource.storage!.key(metadata.namespace ?? '', metadata.name ?? '').replace(/^\/registry/, '')
}

/** Makes the new object from what stands now. The current object must not be changed. */
export type Change = (current: KubeObject) => KubeObject | Promise<KubeObject>

export async function changeObject(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  change: Change,
  /** What `change` makes already says who manages it. */
  managed = false,
): Promise<Response> {
  const storage = resource.storage!
  const { name, namespace } = request.info
  const key = storage.key(namespace, name)
  let current = storage.cache.get(key)
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    if (!current) throw notFound(resource.declaration, name)
    const result = await changeOnce(server, resource, request, key, current, change, managed)
    if ('answer' in result) return result.answer
    current = result.current
  }
  throw conflict(resource.declaration, name, optimisticLockMessage)
}

type Attempt = { readonly answer: Answer } | { readonly current: StoredObject | undefined }

async function changeOnce(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  key: string,
  current: StoredObject,
  change: Change,
  managed: boolean,
): Promise<Attempt> {
  const { declaration, strategy } = resource
  const storage = resource.storage!
  if (strategy.load) await strategy.load()
  const waiting = convertAhead(declaration, current)
  if (waiting) await waiting
  const old = servedObject(declaration, current)
  const dryRun = isDryRun(request)
  const context = strategyContext(server, request, dryRun)
  const changing = change(old)
  const changed = changing instanceof Promise ? await changing : changing
  if (!managed) manageUpdated(server, resource, request, changed, old)
  keepServerMetadata(changed, old)
  const attributes = new RequestAttributes(
    server,
    resource,
    request,
    'UPDATE',
    { object: changed, oldObject: old, name: request.info.name },
    dryRun,
  )
  const managedFields = changed.metadata['managedFields']
  const mutating = server.admission.admit(attributes)
  if (mutating) await mutating
  const object = attributes.object!
  keepValid(request, object, managedFields)
  dedupOwnerReferences(request, object, 'after mutating admission happens')
  const loading = strategy.load?.()
  if (loading) await loading
  const undo = strategy.beginUpdate?.(object, old, context)
  let written = false
  try {
    prepareForUpdate(resource, object, old, context)
    object.metadata.resourceVersion = old.metadata.resourceVersion
    keepTimes(object, old)
    const errors = validateChanged(resource, object, old, context)
    if (errors.length > 0) throw invalid(refusedAs(declaration), request.info.name, errors)
    if (context.subresource === '') addWarnings(request, strategy.warnings?.(object, old, context))
    const validating = server.admission.validate(attributes)
    if (validating) await validating

    if (isDone(object)) return await finishDeletion(server, resource, request, key, current, object, dryRun)
    if (deepEqual(object, old) && !(storage.store.stale && (await storage.store.stale(key))))
      return { answer: answerObject(server, resource, request, current) }
    const converted = storedForm(declaration, object)
    const toStore = converted instanceof Promise ? await converted : converted
    if (dryRun) {
      const stored = StoredObject.dryRun(key, encodeForStore(toStore), toStore)
      const answering = convertAhead(declaration, stored)
      if (answering) await answering
      return { answer: answerObject(server, resource, request, stored) }
    }
    const ttl = strategy.ttlSeconds?.(object, context)
    const lease = ttl === undefined ? undefined : await leaseFor(server, ttl)
    const result = await storage.put(key, toStore, current.revision, lease)
    if (!result.committed) return { current: result.current }
    written = true
    const answering = convertAhead(declaration, result.stored)
    if (answering) await answering
    return { answer: answerObject(server, resource, request, result.stored) }
  } finally {
    if (!written) undo?.()
  }
}

/** What a client may leave out of metadata, or may not change. */
function keepServerMetadata(object: KubeObject, old: KubeObject): void {
  const { metadata } = object
  metadata.uid ||= old.metadata.uid
  if (!metadata.resourceVersion || metadata.resourceVersion === '0')
    metadata.resourceVersion = old.metadata.resourceVersion
  for (const field of ['creationTimestamp', 'generation']) {
    const value = old.metadata[field]
    if (value === undefined) delete metadata[field]
    else metadata[field] = value
  }
  // Validation refuses what a client says of a deletion by itself.
  if (old.metadata['deletionTimestamp']) metadata['deletionTimestamp'] = old.metadata['deletionTimestamp']
  metadata['deletionGracePeriodSeconds'] ??= old.metadata['deletionGracePeriodSeconds']
  for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds'])
    if (metadata[field] === undefined || metadata[field] === null) delete metadata[field]
}

function prepareForUpdate(
  resource: ServedResource,
  object: KubeObject,
  old: KubeObject,
  context: Parameters<NonNullable<ServedResource['strategy']['prepareForUpdate']>>[2],
): void {
  const { declaration, strategy } = resource
  if (context.subresource === 'status') {
    for (const part of Object.keys({ ...object, ...old })) {
      if (part === 'status' || part === 'metadata' || part === 'kind' || part === 'apiVersion') continue
      if (old[part] === undefined) delete object[part]
      else object[part] = old[part]
    }
    if (strategy.statusKeepsMetadata) keepMetadata(object, old)
    strategy.prepareForStatusUpdate?.(object, old, context)
    return
  }
  if (context.subresource === '' && declaration.subresources.some(({ name }) => name === 'status')) {
    if (old['status'] === undefined) delete object['status']
    else object['status'] = old['status']
  }
  strategy.prepareForUpdate?.(object, old, context)
  if (strategy.tracksGeneration && partsChanged(object, old))
    object.metadata['generation'] = nextInt64(old.metadata['generation'] ?? 0)
}

function keepMetadata({ metadata }: KubeObject, old: KubeObject): void {
  for (const field of ['labels', 'annotations', 'finalizers', 'ownerReferences'])
    if (old.metadata[field] === undefined) delete metadata[field]
    else metadata[field] = old.metadata[field]
}

function partsChanged(object: KubeObject, old: KubeObject): boolean {
  for (const part of Object.keys({ ...object, ...old })) {
    if (part === 'status' || part === 'metadata' || part === 'kind' || part === 'apiVersion') continue
    if (!deepEqual(object[part], old[part])) return true
  }
  return false
}

/** Marked for deletion, waited for, and nobody holds on to it any more. */
function isDone({ metadata, spec }: KubeObject): boolean {
  return (
    metadata['deletionTimestamp'] !== undefined &&
    (metadata['finalizers']?.length ?? 0) === 0 &&
    (metadata['deletionGracePeriodSeconds'] ?? 0) === 0 &&
    (spec?.finalizers?.length ?? 0) === 0
  )
}

async function finishDeletion(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  key: string,
  current: StoredObject,
  object: KubeObject,
  dryRun: boolean,
): Promise<Attempt> {
  const { declaration } = resource
  const converted = storedForm(declaration, object)
  const last = converted instanceof Promise ? await converted : converted
  let stored: StoredObject
  if (dryRun) stored = StoredObject.dryRun(key, encodeForStore(last), last)
  else {
    const result = await resource.storage!.delete(key, current.revision)
    if (!result.committed) return { current: result.current }
    resource.strategy.afterDelete?.(current.object, strategyContext(server, request, false))
    stored = StoredObject.fromStore(key, result.stored.revision, encodeForStore(last), last)
  }
  const answering = convertAhead(declaration, stored)
  if (answering) await answering
  return { answer: answerObject(server, resource, request, stored) }
}
