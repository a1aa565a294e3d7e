// scale of a custom resource: its definition says where the replicas and the selector stand.

import type { CustomResourceSubresourceScale } from '../../api/apiextensions/v1/customresourcedefinition.ts'
import { Scale } from '../../api/autoscaling/v1/scale.ts'
import { apiVersionOf, type KubeObject } from '../../api/resource.ts'
import { decodeObject } from '../../machinery/codec/decode.ts'
import { invalid as fieldInvalid } from '../../machinery/field-error.ts'
import { root } from '../../machinery/field-path.ts'
import { quote } from '../../machinery/go-text.ts'
import { badRequest, internalError, invalid, notFound } from '../../machinery/status-error.ts'
import { answerKind } from '../registry/answers.ts'
import { contentTypeOf, decodeBody } from '../registry/decode-body.ts'
import { applyTo, manageUpdated } from '../registry/field-management/field-manager.ts'
import { parentEntries, scaleEntries } from '../registry/field-management/scale-entries.ts'
import type { ServedResource } from '../registry/registry.ts'
import type { Handlers } from '../registry/subresources/subresources.ts'
import { readApplyPatch } from '../registry/verbs/apply.ts'
import { patcherFor, readPatch } from '../registry/verbs/patch.ts'
import { changeObject, checkPreconditions } from '../registry/verbs/update.ts'
import { convertAhead, servedObject } from '../registry/versions.ts'
import { isDryRun } from '../registry/write-context.ts'
import type { RequestContext, Response } from '../request.ts'
import type { ServerContext } from '../server-context.ts'
import { applyPatch } from '../serving/media-type.ts'
import { pathSteps, valueAt, withValueAt } from './simple-path.ts'

const expected = { group: 'autoscaling', version: 'v1', kind: 'Scale', schema: Scale }

export function scaleHandlers(paths: CustomResourceSubresourceScale): Handlers {
  const replicasOf = (object: KubeObject) => valueAt(object, paths.specReplicasPath).value
  const scaleOf = (object: KubeObject): KubeObject => {
    const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
    const replicas = replicasOf(object)
    const selector = paths.labelSelectorPath && valueAt(object, paths.labelSelectorPath).value
    return {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
      spec: replicas ? { replicas } : {},
      status: {
        replicas: valueAt(object, paths.statusReplicasPath).value ?? 0,
        ...(selector ? { selector } : {}),
      },
    }
  }
  /** Where field management finds the replicas. */
  const replicasPath = pathSteps(paths.specReplicasPath).map(step => `f:${step}` as const)
  const change = async (
    server: ServerContext,
    resource: ServedResource,
    request: RequestContext,
    wanted: (current: KubeObject) => KubeObject,
    /** What is wanted already says who manages it. */
    managed = false,
  ): Promise<Response> => {
    const apiVersion = apiVersionOf(resource.declaration)
    const changed = (current: KubeObject) => {
      const entries = current.metadata['managedFields']
      const before = scaleOf(current)
      before.metadata['managedFields'] = scaleEntries(entries, apiVersion, replicasPath)
      const scale = wanted(before)
      if (!managed) manageUpdated(server, resource, request, scale, before)
      checkPreconditions(resource, request.info.name, current, scale.metadata, isDryRun(request))
      const replicas: number | undefined = scale['spec']?.replicas
      if (replicas === undefined && replicasOf(current) === undefined)
        throw badRequest(`the spec replicas field ${quote(paths.specReplicasPath)} cannot be empty`)
      if ((replicas ?? 0) < 0)
        throw invalid({ group: 'autoscaling', kind: 'Scale' }, request.info.name, [
          fieldInvalid(root('spec', 'replicas'), replicas, 'must be greater than or equal to 0'),
        ])
      const next = withValueAt(current, paths.specReplicasPath, replicas ?? 0)
      next.metadata['managedFields'] = parentEntries(entries, scale.metadata['managedFields'], apiVersion, replicasPath)
      return next
    }
    const answer = await changeObject(server, resource, { ...request, direct: true }, changed, true)
    return answerKind(request, Scale, scaleOf(answer.object as KubeObject))
  }
  return {
    async get(_server, resource, request) {
      const { namespace, name } = request.info
      const stored = resource.storage!.get(namespace, name)
      if (!stored) throw notFound(resource.declaration, name)
      const waiting = convertAhead(resource.declaration, stored)
      if (waiting) await waiting
      const object = servedObject(resource.declaration, stored)
      if (replicasOf(object) === undefined)
        throw internalError(`the spec replicas field ${quote(paths.specReplicasPath)} does not exist`)
      return answerKind(request, Scale, scaleOf(object))
    },
    async update(server, resource, request) {
      const scale = await decodeBody(request, expected)
      return change(server, resource, request, () => scale)
    },
    async patch(server, resource, request) {
      if (contentTypeOf(request) === applyPatch) {
        const applied = await readApplyPatch(request)
        const apply = (current: KubeObject) => {
          const scale = applyTo(server, resource, request, current, applied.patch, applied)
          applied.checkDuplicates()
          return scale
        }
        return change(server, resource, request, apply, true)
      }
      const document = await readPatch(request)
      const patched = (current: KubeObject) =>
        decodeObject(Scale, patcherFor(Scale, request, document)(current)).object as KubeObject
      return change(server, resource, request, patched)
    },
  }
}
