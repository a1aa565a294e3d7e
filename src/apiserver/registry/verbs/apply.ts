// PATCH with an apply patch: the object as the applier wants it, of which it owns what it mentions. An object that doesn't
// exist is created.

import type { KubeObject } from '../../../api/resource.ts'
import { withoutLiterals } from '../../../machinery/json/numbers.ts'
import { parseJson } from '../../../machinery/json/parse.ts'
import { badRequest, conflict, isAlreadyExists, notFound } from '../../../machinery/status-error.ts'
import { forbiddenError } from '../../authorization/forbidden.ts'
import { queryFlag } from '../../query-parameters.ts'
import type { RequestContext, Response } from '../../request.ts'
import type { ServerContext } from '../../server-context.ts'
import { fieldValidationOf, yamlProblems } from '../decode-body.ts'
import { applyTo } from '../field-management/field-manager.ts'
import type { ServedResource } from '../registry.ts'
import { addWarnings, checkWriteOptions } from '../write-context.ts'
import { checkNamespace, createManaged } from './create.ts'
import { changeObject, checkVersion } from './update.ts'

export interface ApplyPatch {
  readonly patch: KubeObject
  readonly manager: string
  readonly force: boolean
  /** What fieldValidation says to repeated fields; asked after the patch has been found to make sense. */
  checkDuplicates(): void
}

export async function serverSideApply(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
): Promise<Response> {
  const applied = await readApplyPatch(request)
  const { name, namespace, subresource } = request.info
  for (;;) {
    if (resource.storage!.get(namespace, name)) return change(server, resource, request, applied)
    if (subresource !== '') throw notFound(resource.declaration, name)
    try {
      return await createApplied(server, resource, request, applied)
    } catch (error) {
      // Somebody was faster: then there is something to apply it to.
      if (!isAlreadyExists(error) || !resource.storage!.get(namespace, name)) throw error
    }
  }
}

/** Reads and checks what every apply patch has. */
export async function readApplyPatch(request: RequestContext): Promise<ApplyPatch> {
  checkWriteOptions(request, 'PatchOptions', true)
  const body = await request.readBody()
  if (body !== undefined) request.audit?.patch(body)
  const { value, duplicates } =
    body instanceof Uint8Array ? (readJsonBody(body) ?? (await readYamlBody(body))) : { value: body, duplicates: none }
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value)
  if (!isObject && value !== null && value !== undefined)
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value} into Go value of type map[string]interface {}`,
    )
  return {
    patch: (isObject ? value : {}) as KubeObject,
    manager: request.query.get('fieldManager')!,
    force: queryFlag(request.query, 'force'),
    checkDuplicates() {
      if (duplicates.length === 0) return
      const mode = fieldValidationOf(request)
      if (mode === 'Ignore') return
      const problem = `error converting YAML to JSON: ${duplicates.join(', ')}`
      if (mode === 'Strict') throw badRequest(`error strict decoding YAML: ${problem}`)
      addWarnings(request, duplicates.flatMap(yamlProblems))
    },
  }
}

const none: readonly string[] = []

interface ReadBody {
  readonly value: unknown
  readonly duplicates: readonly string[]
}

/** Most clients send JSON, which is YAML too but far quicker read as what it is. Undefined for what YAML's reader has the words for. */
function readJsonBody(body: Uint8Array): ReadBody | undefined {
  if (body[0] !== 0x7b) return undefined
  try {
    const { value, duplicates, hasLiterals } = parseJson(body, { duplicates: true, literals: true })
    if (duplicates.length > 0) return undefined
    // What is too large for a float is text to YAML.
    return { value: hasLiterals ? withoutLiterals(value, ({ text }) => text) : value, duplicates }
  } catch {
    return undefined
  }
}

async function readYamlBody(body: Uint8Array): Promise<ReadBody> {
  const { parseYaml } = await import('../../../machinery/yaml/parse.ts')
  try {
    return parseYaml(Buffer.from(body).toString())
  } catch (error) {
    throw badRequest(`error decoding YAML: error converting YAML to JSON: ${(error as Error).message}`)
  }
}

function change(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  applied: ApplyPatch,
): Promise<Response> {
  const { name } = request.info
  return changeObject(
    server,
    resource,
    request,
    current => {
      const object = applyTo(server, resource, request, current, applied.patch, applied)
      applied.checkDuplicates()
      checkNames(resource, request, object)
      checkVersion(resource, name, current, object)
      return object
    },
    true,
  )
}

async function createApplied(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
  applied: ApplyPatch,
): Promise<Response> {
  const { declaration } = resource
  const { name } = request.info
  const object = applyTo(server, resource, request, undefined, applied.patch, applied)
  applied.checkDuplicates()
  if (object.metadata.uid)
    throw conflict(
      declaration,
      name,
      `uid mismatch: the provided object specified uid ${object.metadata.uid}, and no existing object was found`,
    )
  checkNamespace(declaration, object, request.info.namespace)
  checkNames(resource, request, object)
  object.metadata.resourceVersion = undefined
  mayCreate(server, request)
  return createManaged(server, resource, request, object)
}

function checkNames({ declaration }: ServedResource, request: RequestContext, object: KubeObject): void {
  const { name, namespace } = request.info
  const { metadata } = object
  if (!metadata.name)
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
  if (declaration.namespaced && metadata.namespace && metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  if (metadata.name !== name)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`)
}

/** Who may patch may not therefore create. */
function mayCreate(server: ServerContext, { user, info }: RequestContext): void {
  const attributes = { ...info, user, verb: 'create', resourceRequest: true }
  const decision = server.authorizer.authorize(attributes)
  if (!decision.allowed) throw forbiddenError(attributes, decision.reason)
}
