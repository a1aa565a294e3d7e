// scale: how many replicas a workload wants and has, in one shape (autoscaling/v1 Scale) whatever its kind.

import { Scale, scales } from '../../../api/autoscaling/v1/scale.ts'
import { apiVersionOf, type KubeObject } from '../../../api/resource.ts'
import type { ManagedFieldsEntry } from '../../../machinery/apply/managed-fields.ts'
import { deepCopy } from '../../../machinery/deep-freeze.ts'
import { invalid as fieldInvalid } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { formatLabelSelector } from '../../../machinery/labels.ts'
import { invalid, notFound } from '../../../machinery/status-error.ts'
import type { RequestContext, Response } from '../../request.ts'
import type { ServerContext } from '../../server-context.ts'
import { applyPatch } from '../../serving/media-type.ts'
import { answerUnstored } from '../answers.ts'
import { contentTypeOf, decodeBody, fieldValidationOf } from '../decode-body.ts'
import { applyTo, manageUpdated } from '../field-management/field-manager.ts'
import { parentEntries, scaleEntries } from '../field-management/scale-entries.ts'
import type { ServedResource } from '../registry.ts'
import { readApplyPatch } from '../verbs/apply.ts'
import { decodePatched, patcherFor, readPatch } from '../verbs/patch.ts'
import { changeObject, checkNames, checkPreconditions } from '../verbs/update.ts'
import { servedObject } from '../versions.ts'
import { isDryRun } from '../write-context.ts'

const expected = { group: 'autoscaling', version: 'v1', kind: 'Scale', schema: Scale }
const served = { declaration: scales }

/** The Scale of a workload. */
export function scaleOf(object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const { spec, status } = object as Record<string, any>
  const selector = typeof spec?.selector === 'object' ? spec.selector : undefined
  // A ReplicationController's selector is a plain map.
  const isPlain = selector !== undefined && !('matchLabels' in selector) && !('matchExpressions' in selector)
  const text = selector === undefined ? '' : formatLabelSelector(isPlain ? { matchLabels: selector } : selector)
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: spec?.replicas ? { replicas: spec.replicas } : {},
    status: { replicas: status?.replicas ?? 0, ...(text === '' ? {} : { selector: text }) },
  }
}

export function getScale(server: ServerContext, resource: ServedResource, request: RequestContext): Response {
  const { namespace, name } = request.info
  const stored = resource.storage!.get(namespace, name)
  if (!stored) throw notFound(resource.declaration, name)
  return answerUnstored(server, served, request, scaleOf(servedObject(resource.declaration, stored)))
}

export async function updateScale(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
): Promise<Response> {
  const scale = await decodeBody(request, expected)
  request.audit?.requestObject(scale)
  checkNames(resource, scale, request.info.name, request.info.namespace)
  return changeScale(server, resource, request, () => scale)
}

export async function patchScale(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
): Promise<Response> {
  if (contentTypeOf(request) === applyPatch) return applyScale(server, resource, request)
  const document = await readPatch(request)
  const mode = fieldValidationOf(request)
  return changeScale(server, resource, request, current => {
    const patched = patcherFor(Scale, request, document)(current)
    const scale = decodePatched(expected, request, document, patched, mode, undefined)
    checkNames(resource, scale, request.info.name, request.info.namespace)
    return scale
  })
}

async function applyScale(server: ServerContext, resource: ServedResource, request: RequestContext): Promise<Response> {
  const applied = await readApplyPatch(request)
  return changeScale(
    server,
    resource,
    request,
    current => {
      const scale = applyTo(server, resource, request, current, applied.patch, applied)
      applied.checkDuplicates()
      return scale
    },
    true,
  )
}

async function changeScale(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  wanted: (current: KubeObject) => KubeObject,
  /** What is wanted already says who manages it. */
  managed = false,
): Promise<Response> {
  const apiVersion = apiVersionOf(resource.declaration)
  const change = (current: KubeObject) => {
    const entries: ManagedFieldsEntry[] | undefined = current.metadata['managedFields']
    const before = scaleOf(current)
    before.metadata['managedFields'] = scaleEntries(entries, apiVersion)
    const scale = wanted(before)
    if (!managed) manageUpdated(server, resource, request, scale, before)
    checkPreconditions(resource, request.info.name, current, scale.metadata, isDryRun(request))
    const replicas: number = scale['spec']?.replicas ?? 0
    if (replicas < 0)
      throw invalid({ group: 'autoscaling', kind: 'Scale' }, request.info.name, [
        fieldInvalid(root('spec', 'replicas'), replicas, 'must be greater than or equal to 0'),
      ])
    const changed = deepCopy(current)
    changed['spec'].replicas = replicas
    changed.metadata['managedFields'] = parentEntries(entries, scale.metadata['managedFields'], apiVersion)
    return changed
  }
  const answer = await changeObject(server, resource, { ...request, direct: true }, change, true)
  return answerUnstored(server, served, request, scaleOf(answer.object as KubeObject))
}
