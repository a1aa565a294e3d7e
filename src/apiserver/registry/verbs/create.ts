// CREATE: decode and default → mutating admission → the server's own metadata → strategy → validate → validating
// admission → store.

import { applyDefaults } from '../../../api/defaults.ts'
import type { KubeObject, ResourceDeclaration } from '../../../api/resource.ts'
import { zeroObject } from '../../../machinery/codec/decode.ts'
import { deepCopy } from '../../../machinery/deep-freeze.ts'
import { randomSuffix } from '../../../machinery/random-suffix.ts'
import {
  alreadyExists,
  badRequest,
  failure,
  generateNameConflict,
  invalid,
  methodNotSupported,
  StatusError,
} from '../../../machinery/status-error.ts'
import { formatTime } from '../../../machinery/time.ts'
import type { Answer, RequestContext, Response } from '../../request.ts'
import type { ServerContext } from '../../server-context.ts'
import { encodeForStore, StoredObject } from '../../watchcache/stored-object.ts'
import { answerObject, checkAcceptable } from '../answers.ts'
import { decodeBody } from '../decode-body.ts'
import { keepValid, manageCreated, managerOf } from '../field-management/field-manager.ts'
import { leaseFor } from '../object-ttl.ts'
import { dedupOwnerReferences } from '../owner-references.ts'
import type { ServedResource } from '../registry.ts'
import { refusedAs, validateNew } from '../validation.ts'
import { convertAhead, storedForm } from '../versions.ts'
import { addWarnings, checkWriteOptions, isDryRun, RequestAttributes, strategyContext } from '../write-context.ts'

/** A generated name has this many characters before its suffix, at most. */
const longestGenerateName = 58

export async function create(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
): Promise<Response> {
  checkAcceptable(server, resource, request)
  checkWriteOptions(request, 'CreateOptions')
  // The path of one custom resource is taken for that of all.
  if (request.info.name !== '' && !resource.declaration.custom) throw methodNotSupported(resource.declaration, 'create')
  const object = await decodeBody(request, resource.declaration)
  return await createObject(server, resource, request, object)
}

export function createObject(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  decoded: KubeObject,
): Promise<Response> {
  const { declaration } = resource
  applyDefaults(declaration, decoded)
  request.audit?.requestObject(decoded)
  checkNamespace(declaration, decoded, request.info.namespace)
  dedupOwnerReferences(request, decoded)
  manageCreated(server, resource, managerOf(request), decoded)
  return createManaged(server, resource, request, decoded)
}

/** Creates an object that says who manages it. */
export function createManaged(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  decoded: KubeObject,
): Promise<Response> {
  const { metadata } = decoded
  if (!metadata.name && metadata['generateName']) return createGenerated(server, resource, request, decoded)
  return createOnce(server, resource, request, decoded, refuseTaken)
}

function refuseTaken(resource: ServedResource, object: KubeObject): never {
  const { metadata } = object
  // As upstream, which only looks for a generateName.
  const refusal = metadata['generateName'] ? generateNameConflict : alreadyExists
  throw refused(resource, object, refusal(resource.declaration, metadata.name ?? '', 1))
}

/** Whoever waits for the name learns that it is about to be free. */
function refused({ storage }: ServedResource, { metadata }: KubeObject, error: StatusError): StatusError {
  let goes: unknown
  try {
    goes = storage!.get(metadata.namespace ?? '', metadata.name ?? '')?.object.metadata['deletionTimestamp']
  } catch {
    // Of what cannot be read nothing more is known than that it is there.
  }
  if (goes === undefined) return error
  return new StatusError({ ...error.status, message: `object is being deleted: ${error.status.message}` })
}

/** Upstream tries a generated name eight times before it gives the conflict to the client. */
async function createGenerated(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  decoded: KubeObject,
): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const object = deepCopy(decoded)
    object.metadata['managedFields'] = decoded.metadata['managedFields']
    const answer = await createOnce(server, resource, request, object, () => undefined)
    if (answer) return answer
    if (attempt === 8) throw generateNameConflict(resource.declaration, object.metadata.name ?? '', 1)
  }
}

/** `taken` says what to do when there is an object of the name. */
async function createOnce<Taken>(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  decoded: KubeObject,
  taken: (resource: ServedResource, decoded: KubeObject) => Taken,
): Promise<Response | Taken> {
  const { declaration, strategy } = resource
  const storage = resource.storage!
  const dryRun = isDryRun(request)
  const context = strategyContext(server, request, dryRun)
  const attributes = new RequestAttributes(
    server,
    resource,
    request,
    'CREATE',
    { object: decoded, name: decoded.metadata.name ?? '' },
    dryRun,
  )
  // Whoever judges the object sees nothing in it that only the server says.
  wipeSystemMetadata(decoded)
  const managedFields = decoded.metadata['managedFields']
  const mutating = server.admission.admit(attributes)
  if (mutating) await mutating
  const object = attributes.object!
  keepValid(request, object, managedFields)
  dedupOwnerReferences(request, object, 'after mutating admission happens')
  prepareMetadata(server, resource, object)
  const loading = strategy.load?.()
  if (loading) await loading
  const undo = strategy.beginCreate?.(object, context)
  let created = false
  try {
    if (strategy.tracksGeneration) object.metadata['generation'] = 1
    const hasStatus = declaration.subresources.some(({ name }) => name === 'status')
    if (hasStatus && !strategy.keepsStatusAtCreate) resetStatus(declaration, object)
    strategy.prepareForCreate?.(object, context)
    const errors = validateNew(resource, object, context)
    if (errors.length > 0) throw invalid(refusedAs(declaration), object.metadata.name ?? '', errors)
    addWarnings(request, strategy.warnings?.(object, undefined, context))
    attributes.name ||= object.metadata.name ?? ''
    const validating = server.admission.validate(attributes)
    if (validating) await validating
    const name = object.metadata.name!
    const key = storage.key(object.metadata.namespace ?? '', name)
    const converted = storedForm(declaration, object)
    const toStore = converted instanceof Promise ? await converted : converted
    if (dryRun) {
      if (storage.cache.get(key)) return taken(resource, decoded)
      return answerConverted(server, resource, request, StoredObject.dryRun(key, encodeForStore(toStore), toStore))
    }
    // The store itself refuses it: whatever else is wrong is said first.
    if (/^\d*[1-9]\d*$/.test(object.metadata.resourceVersion ?? ''))
      throw failure(500, '', 'resourceVersion should not be set on objects to be created')
    const ttl = strategy.ttlSeconds?.(object, context)
    const lease = ttl === undefined ? undefined : await leaseFor(server, ttl)
    const result = await storage.put(key, toStore, 0, lease)
    if (!result.committed) return taken(resource, decoded)
    created = true
    return answerConverted(server, resource, request, result.stored)
  } finally {
    if (!created) undo?.()
  }
}

function answerConverted(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  stored: StoredObject,
): Answer {
  const waiting = convertAhead(resource.declaration, stored)
  if (waiting) return waiting.then(() => answerObject(server, resource, request, stored, 201))
  return answerObject(server, resource, request, stored, 201)
}

export function checkNamespace(declaration: ResourceDeclaration, object: KubeObject, namespace: string): void {
  // `namespaces//pods`: validation says what is missing.
  if (!declaration.namespaced || namespace === '') {
    if (object.metadata.namespace) object.metadata.namespace = undefined
    return
  }
  if (!object.metadata.namespace) object.metadata.namespace = namespace
  if (object.metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
}

function prepareMetadata(server: ServerContext, { strategy }: ServedResource, object: KubeObject): void {
  const { metadata } = object
  const base = metadata['generateName']
  metadata.uid = server.env.random.uuid()
  metadata['creationTimestamp'] = formatTime(server.env.clock.now())
  if (!metadata.name && base) metadata.name = strategy.generateName?.(base) ?? generateName(server, base)
}

const systemMetadata = ['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink', 'uid']

function wipeSystemMetadata({ metadata }: KubeObject): void {
  for (const field of systemMetadata) if (metadata[field] !== undefined) delete metadata[field]
}

/** The status of a new object: zeros where upstream's encoding writes zeros. */
export function resetStatus(declaration: ResourceDeclaration, object: KubeObject): void {
  const status = declaration.schema.fields.get('status')
  if (status?.presence !== 'always') delete object['status']
  else object['status'] = status.node.type === 'object' ? zeroObject(status.node.of()) : {}
}

function generateName(server: ServerContext, base: string): string {
  return base.slice(0, longestGenerateName) + randomSuffix(server.env.random, 5)
}
