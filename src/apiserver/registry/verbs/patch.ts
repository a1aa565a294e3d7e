// PATCH: JSON patch, merge patch and strategic merge patch (apply patches are in apply.ts), on the object in the version of the request. A patch that
// conflicts with another write is applied again to what then stands, unless it names a resourceVersion itself.

import { applyDefaults } from '../../../api/defaults.ts'
import { apiVersionOf, type KubeObject, type ResourceDeclaration } from '../../../api/resource.ts'
import { jsonKind } from '../../../machinery/codec/scalars.ts'
import { invalid as fieldInvalid } from '../../../machinery/field-error.ts'
import { compareText, goValue, inKeyOrder, quote } from '../../../machinery/go-text.ts'
import { NumberLiteral, withoutLiterals } from '../../../machinery/json/numbers.ts'
import { parseJson } from '../../../machinery/json/parse.ts'
import { goJson } from '../../../machinery/json/write.ts'
import { applyJsonPatch } from '../../../machinery/patch/json-patch.ts'
import { applyMergePatch } from '../../../machinery/patch/merge-patch.ts'
import { applyStrategicMergePatch } from '../../../machinery/patch/strategic-merge.ts'
import type { ObjectSchema } from '../../../machinery/schema/schema.ts'
import { badRequest, invalid, unsupportedMediaType } from '../../../machinery/status-error.ts'
import type { RequestContext, Response } from '../../request.ts'
import type { ServerContext } from '../../server-context.ts'
import { applyPatch, patchTypes } from '../../serving/media-type.ts'
import { checkAcceptable } from '../answers.ts'
import {
  contentTypeOf,
  decodeDeclared,
  decodeRestored,
  type Expected,
  type FieldValidation,
  fieldValidationOf,
  kindProblem,
} from '../decode-body.ts'
import type { ServedResource } from '../registry.ts'
import { checkWriteOptions } from '../write-context.ts'
import { serverSideApply } from './apply.ts'
import { shownPatched } from './shown-patch.ts'
import { changeObject, checkNames, checkVersion } from './update.ts'

const strategicMergePatch = 'application/strategic-merge-patch+json'

export async function patch(
  server: ServerContext,
  resource: ServedResource,
  request: RequestContext,
): Promise<Response> {
  checkPatchType(resource.declaration, request)
  checkAcceptable(server, resource, request)
  if (contentTypeOf(request) === applyPatch) return serverSideApply(server, resource, request)
  const document = await readPatch(request)
  checkWriteOptions(request, 'PatchOptions')
  const { declaration } = resource
  const { name, namespace } = request.info
  const mode = fieldValidationOf(request)
  return changeObject(server, resource, request, current => {
    const patched = patcherFor(declaration.schema, request, document)(current)
    // Everything but the status becomes what it was.
    const shares = resource.strategy.sharesUntouched || request.info.subresource === 'status'
    const shared = shares ? current : undefined
    const object = decodePatched(declaration, request, document, patched, mode, shared)
    object.apiVersion = apiVersionOf(declaration)
    object.kind = declaration.kind
    applyDefaults(declaration, object, shared)
    checkNames(resource, object, name, namespace)
    checkVersion(resource, name, current, object)
    return object
  })
}

function checkPatchType({ custom }: ResourceDeclaration, request: RequestContext): void {
  const type = contentTypeOf(request)
  const known = custom ? patchTypes.filter(each => each !== strategicMergePatch) : patchTypes
  if (!known.some(each => each === type)) throw unsupportedMediaType(known)
}

/** A patch as it was sent. */
export interface PatchDocument {
  readonly value: unknown
  readonly duplicates: readonly string[]
  /** It is no JSON: told when there is an object to patch. */
  readonly problem?: string
  readonly hasLiterals?: boolean
}

export async function readPatch(request: RequestContext): Promise<PatchDocument> {
  const body = (await request.readBody()) ?? new Uint8Array()
  request.audit?.patch(body)
  if (!(body instanceof Uint8Array)) return { value: body, duplicates: [] }
  try {
    const parsed = parseJson(body, { duplicates: true, literals: true })
    if (!parsed.hasLiterals || contentTypeOf(request) !== strategicMergePatch) return parsed
    return { value: withoutLiterals(parsed.value), duplicates: parsed.duplicates }
  } catch (error) {
    return { value: undefined, duplicates: [], problem: (error as Error).message }
  }
}

/** The patched object in normal form, sharing what the patch leaves alone with another; what a strict reading has against the patch or the result is refused or warned of. */
export function decodePatched(
  declaration: Expected,
  request: RequestContext,
  document: PatchDocument,
  patched: unknown,
  mode: FieldValidation,
  sharing: KubeObject | undefined,
): KubeObject {
  const type = contentTypeOf(request)
  const refuse = (why: string) => {
    const node = { type: 'object', of: () => declaration.schema } as const
    const json = () => (declaration.custom ? goJson(inKeyOrder(patched)) : shownPatched(node, patched, document.value))
    const shown = type === strategicMergePatch ? goValue(document.value) : json()
    return invalid({ group: '', kind: '' }, '', [fieldInvalid('patch', shown, why)])
  }
  if (type !== strategicMergePatch) {
    const why = kindProblem(patched, declaration)
    if (why !== undefined) throw refuse(why)
  }
  let decoded: ReturnType<typeof decodeDeclared>
  try {
    decoded =
      type === strategicMergePatch
        ? decodeRestored(declaration, patched, mode, sharing)
        : decodeDeclared(declaration, patched, mode, { bare: true, sharing, literals: document.hasLiterals })
  } catch (error) {
    throw refuse((error as Error).message)
  }
  if (mode === 'Ignore') return decoded.object
  // The fields stand in order in what upstream decodes.
  const unknown =
    decoded.unknownFields.length > 1 ? [...decoded.unknownFields].sort(compareText) : decoded.unknownFields
  const problems = [...patchProblems(type, document), ...unknown]
  if (mode === 'Strict' && problems.length > 0) throw refuse(`strict decoding error: ${problems.join(', ')}`)
  for (const problem of problems) if (!request.warnings.includes(problem)) request.warnings.push(problem)
  return decoded.object
}

const operationFields = new Set(['op', 'path', 'from', 'value'])

function patchProblems(type: string, { value, duplicates }: PatchDocument): readonly string[] {
  if (type !== 'application/json-patch+json') return duplicates
  const unknown = ((value ?? []) as object[]).flatMap((operation, index) =>
    Object.keys(operation ?? {})
      .filter(key => !operationFields.has(key))
      .map(key => `unknown field ${quote(`[${index}].${key}`)}`),
  )
  return [...unknown, ...duplicates].map(problem => `json patch ${problem}`)
}

/** The patch as a function of the object it is applied to, which it doesn't change. Throws a 400 for what is no patch. */
export function patcherFor(
  schema: ObjectSchema,
  request: RequestContext,
  document: PatchDocument,
): (current: KubeObject) => unknown {
  const ignores = fieldValidationOf(request) === 'Ignore'
  const { value, problem, hasLiterals } = document
  switch (contentTypeOf(request)) {
    case 'application/json-patch+json': {
      const why = problem ?? (ignores ? undefined : (operationsProblem(value) ?? operandProblem(document)))
      if (why !== undefined) throw badRequest(ignores ? why : `error decoding patch: ${why}`)
      return current => applyJsonPatch(current, value ?? [])
    }
    case 'application/merge-patch+json': {
      const why = problem ?? mapProblem(value) ?? (hasLiterals && !ignores ? numberProblem(value) : undefined)
      if (why !== undefined) throw badRequest(ignores ? 'Invalid JSON Patch' : `error decoding patch: ${why}`)
      if (value === null) throw badRequest('Invalid JSON Patch')
      return current => applyMergePatch(current, value)
    }
    case strategicMergePatch: {
      const why = problem ?? mapProblem(value)
      if (why !== undefined) throw badRequest(why)
      return current => applyStrategicMergePatch(schema, current, (value ?? {}) as object)
    }
    default:
      throw unsupportedMediaType(patchTypes)
  }
}

function mapProblem(value: unknown): string | undefined {
  if (typeof value === 'object' && !Array.isArray(value) && !(value instanceof NumberLiteral)) return undefined
  return `json: cannot unmarshal ${jsonKind(value, '')} into Go value of type map[string]interface {}`
}

/** A number that no float64 holds. */
function numberProblem(value: unknown): string | undefined {
  try {
    withoutLiterals(value)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function operandProblem({ value, hasLiterals }: PatchDocument): string | undefined {
  return hasLiterals
    ? numberProblem(value)?.replace('value of type', 'struct field jsonPatchOp.value of type')
    : undefined
}

function operationsProblem(value: unknown): string | undefined {
  if (value === null) return undefined
  if (!Array.isArray(value))
    return `json: cannot unmarshal ${jsonKind(value, '')} into Go value of type []handlers.jsonPatchOp`
  for (const operation of value) {
    if (typeof operation !== 'object' || Array.isArray(operation))
      return `json: cannot unmarshal ${jsonKind(operation, '')} into Go value of type handlers.jsonPatchOp`
    for (const field of ['op', 'path', 'from'] as const) {
      const part = operation?.[field]
      if (part !== undefined && part !== null && typeof part !== 'string')
        return `json: cannot unmarshal ${jsonKind(part, '')} into Go struct field jsonPatchOp.${field} of type string`
    }
  }
  return undefined
}
