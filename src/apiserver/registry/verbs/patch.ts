// PATCH: JSON patch, merge patch and strategic merge patch (apply patches are in apply.ts), on the object in the version of the request. A patch that
// conflicts with another write is applied again to what then stands, unless it names a resourceVersion itself.

import { applyDefaults } from '../../../api/defaults.ts'
import { apiVersionOf, type KubeObject } from '../../../api/resource.ts'
import { parseJson } from '../../../machinery/json/parse.ts'
import { applyJsonPatch } from '../../../machinery/patch/json-patch.ts'
import { applyMergePatch } from '../../../machinery/patch/merge-patch.ts'
import { applyStrategicMergePatch } from '../../../machinery/patch/strategic-merge.ts'
import type { ObjectSchema } from '../../../machinery/schema/schema.ts'
import { badRequest, unsupportedMediaType } from '../../../machinery/status-error.ts'
import type { RequestContext, Response } from '../../request.ts'
import type { ServerContext } from '../../server-context.ts'
import { applyPatch, patchTypes } from '../../serving/media-type.ts'
import { contentTypeOf, decodeDeclared, fieldValidationOf } from '../decode-body.ts'
import type { ServedResource } from '../registry.ts'
import { checkWriteOptions } from '../write-context.ts'
import { serverSideApply } from './apply.ts'
import { changeObject, checkPreconditions } from './update.ts'

/** A JSON patch may not have more operations than this (upstream: maxJSONPatchOperations). */
const mostOperations = 10_000

const strategicMergePatch = 'application/strategic-merge-patch+json'

export async function patch(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
): Promise<Response> {
  if (contentTypeOf(request) === applyPatch) return serverSideApply(server, resource, request)
  checkWriteOptions(request, 'PatchOptions')
  if (resource.declaration.custom && contentTypeOf(request) === strategicMergePatch)
    throw unsupportedMediaType(patchTypes.filter(type => type !== strategicMergePatch))
  const document = await readPatch(request)
  const apply = patcherFor(resource.declaration.schema, request, document.value)
  const { declaration } = resource
  const mode = fieldValidationOf(request)
  return changeObject(server, resource, request, current => {
    const patched = apply(current)
    const { object, unknownFields } = decodeDeclared(declaration, patched, mode)
    const problems = [...document.duplicates, ...unknownFields]
    if (mode === 'Strict' && problems.length > 0)
      throw badRequest(`error decoding patch: strict decoding error: ${problems.join(', ')}`)
    if (mode === 'Warn')
      for (const problem of problems) if (!request.warnings.includes(problem)) request.warnings.push(problem)
    object.apiVersion = apiVersionOf(declaration)
    object.kind = declaration.kind
    applyDefaults(declaration, object)
    checkPreconditions(resource, request.info.name, current, object.metadata)
    if (object.metadata.name !== current.metadata.name)
      throw badRequest(
        `the name of the object (${object.metadata.name ?? ''}) does not match the name on the URL (${request.info.name})`,
      )
    return object
  })
}

export async function readPatch(request: RequestContext): Promise<{ value: unknown; duplicates: readonly string[] }> {
  const body = await request.readBody()
  if (body === undefined) throw badRequest('error decoding patch: EOF')
  request.audit?.patch(body)
  if (!(body instanceof Uint8Array)) return { value: body, duplicates: [] }
  try {
    return parseJson(body, { duplicates: true })
  } catch (error) {
    throw badRequest(`error decoding patch: ${(error as Error).message}`)
  }
}

/** The patch as a function of the object it is applied to, which it doesn't change. */
export function patcherFor(
  schema: ObjectSchema,
  request: RequestContext,
  document: unknown,
): (current: KubeObject) => unknown {
  switch (contentTypeOf(request)) {
    case 'application/json-patch+json': {
      if (!Array.isArray(document))
        throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch')
      if (document.length > mostOperations)
        throw badRequest(`The allowed maximum operations in a JSON patch is ${mostOperations}, got ${document.length}`)
      return current => applyJsonPatch(current, document)
    }
    case 'application/merge-patch+json':
      checkIsObject(document)
      return current => applyMergePatch(current, document)
    case strategicMergePatch:
      checkIsObject(document)
      return current => applyStrategicMergePatch(schema, current, document as object)
    default:
      throw unsupportedMediaType(patchTypes)
  }
}

function checkIsObject(document: unknown): void {
  if (document === null || typeof document !== 'object' || Array.isArray(document))
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${Array.isArray(document) ? 'array' : typeof document} into Go value of type map[string]interface {}`,
    )
}
