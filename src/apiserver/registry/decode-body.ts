// A request's body as a decoded object: JSON, YAML or protobuf in; out comes a normalised object of the declared schema,
// with what fieldValidation asks for done about unknown and duplicate fields.

import { apiVersionOf, type CustomBehaviour, type KubeObject } from '../../api/resource.ts'
import { decodeObject } from '../../machinery/codec/decode.ts'
import { decodeEnvelope, decodeProtobuf } from '../../machinery/codec/protobuf.ts'
import { deepCopy } from '../../machinery/deep-freeze.ts'
import { invalid as fieldInvalid } from '../../machinery/field-error.ts'
import { root } from '../../machinery/field-path.ts'
import { parseJson } from '../../machinery/json/parse.ts'
import type { ObjectSchema } from '../../machinery/schema/schema.ts'
import { badRequest, invalid, unsupportedMediaType } from '../../machinery/status-error.ts'
import type { RequestContext } from '../request.ts'
import { json, parseMediaType, protobuf, yaml } from '../serving/media-type.ts'

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'

interface Expected {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly schema: ObjectSchema
  readonly custom?: CustomBehaviour
  /** The kind is served in every group: DeleteOptions. */
  readonly anyGroup?: boolean
}

/** The `fieldValidation` parameter; `Warn` when the client says nothing. */
export function fieldValidationOf(request: RequestContext): FieldValidation {
  const value = request.query.get('fieldValidation')
  if (value === null || value === '') return 'Warn'
  // Anything else has been refused before (write-context.ts).
  return value as FieldValidation
}

export function contentTypeOf(request: RequestContext): string {
  const header = request.headers['content-type']
  const text = (Array.isArray(header) ? header[0] : header) ?? ''
  return text === '' || text === json ? json : parseMediaType(text).type
}

/** Decodes the body as an object of the expected kind; apiVersion and kind may be left out. */
export async function decodeBody(request: RequestContext, expected: Expected): Promise<KubeObject> {
  const body = await request.readBody()
  if (body === undefined || (body instanceof Uint8Array && body.length === 0))
    return checkedObject(request, {}, [], expected, Buffer.alloc(0))
  if (!(body instanceof Uint8Array))
    // Custom resources keep what already conforms, and this is the caller's.
    return checkedObject(request, expected.custom ? deepCopy(body) : body, [], expected, undefined)
  const contentType = contentTypeOf(request)
  if (expected.custom && contentType === protobuf) throw unsupportedMediaType([json, yaml])
  switch (contentType) {
    case json: {
      const { value, duplicates } = parseOrRefuse(body, expected)
      return checkedObject(request, value, duplicates, expected, body)
    }
    case yaml:
    case 'application/x-yaml':
    case 'text/yaml': {
      const { value, duplicates } = await parseYamlOrRefuse(body)
      return checkedObject(request, value, duplicates, expected, body)
    }
    case protobuf:
      return decodeProtobufBody(body, expected)
    default:
      throw unsupportedMediaType(expected.custom ? [json, yaml] : [json, yaml, protobuf])
  }
}

function parseOrRefuse(body: Uint8Array, expected: Expected) {
  try {
    return parseJson(body, { duplicates: true })
  } catch (error) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expected.kind}): couldn't get version/kind; json parse error: ${(error as Error).message} (${summary(body)})`,
    )
  }
}

async function parseYamlOrRefuse(body: Uint8Array): Promise<{ value: unknown; duplicates: readonly string[] }> {
  // Few clients send YAML, and its reader takes a while to load.
  const { parseYaml } = await import('../../machinery/yaml/parse.ts')
  try {
    return parseYaml(Buffer.from(body).toString())
  } catch (error) {
    throw badRequest((error as Error).message)
  }
}

function summary(body: Uint8Array): string {
  const text = Buffer.from(body.subarray(0, 30)).toString()
  return body.length > 30 ? `${JSON.stringify(text)} ...` : JSON.stringify(text)
}

function checkedObject(
  request: RequestContext,
  value: unknown,
  duplicates: readonly string[],
  expected: Expected,
  raw: Uint8Array | undefined,
): KubeObject {
  const apiVersion = apiVersionOf(expected)
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expected.kind}): couldn't get version/kind; json parse error: json: cannot unmarshal ${Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (${summary(raw ?? new Uint8Array())})`,
    )
  const given = value as { apiVersion?: unknown; kind?: unknown }
  if (expected.custom) checkCustomKind(value as KubeObject, expected, raw)
  else if (given.kind !== undefined && given.kind !== '' && given.kind !== expected.kind)
    throw badRequest(
      `${given.kind} in version "${versionOf(given.apiVersion, expected)}" cannot be handled as a ${expected.kind}: converting (${versionOf(given.apiVersion, expected)}.${given.kind}) to (${internalName(expected.group)}.${expected.kind}): unknown conversion`,
    )
  if (
    !expected.anyGroup &&
    given.apiVersion !== undefined &&
    given.apiVersion !== '' &&
    given.apiVersion !== apiVersion
  )
    throw badRequest(
      `the API version in the data (${String(given.apiVersion)}) does not match the expected API version (${apiVersion})`,
    )
  const mode = fieldValidationOf(request)
  const { object, unknownFields } = decodeDeclared(expected, value, mode)
  if (mode !== 'Ignore' && (unknownFields.length > 0 || duplicates.length > 0)) {
    const problems = expected.custom ? [...duplicates, ...unknownFields] : [...unknownFields, ...duplicates]
    if (mode === 'Strict')
      throw badRequest(
        `${expected.kind} in version "${expected.version}" cannot be handled as a ${expected.kind}: strict decoding error: ${problems.join(', ')}`,
      )
    request.warnings.push(...problems)
  }
  object.apiVersion = apiVersion
  object.kind = expected.kind
  object.metadata ??= {}
  return object
}

/** A JSON value as an object of the kind, and what it had that the kind doesn't know. */
export function decodeDeclared(
  { schema, version, kind, custom }: Pick<Expected, 'schema' | 'version' | 'kind' | 'custom'>,
  value: unknown,
  mode: FieldValidation,
): { readonly object: KubeObject; readonly unknownFields: readonly string[] } {
  return custom ? custom.decode(value, mode) : decodeObject<KubeObject>(schema, value, { mode, version, kind })
}

/** Nothing but the object itself says of which kind a custom resource is. */
function checkCustomKind(given: KubeObject, expected: Expected, raw: Uint8Array | undefined): void {
  if (!given.kind) {
    const text = raw ? Buffer.from(raw).toString() : JSON.stringify(given)
    const start = text.length > 30 ? `${text.slice(0, 30)} ...` : text
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expected.kind}): Object 'Kind' is missing in '${text}' (${start})`,
    )
  }
  if (given.kind !== expected.kind)
    throw invalid(expected, given.metadata?.name ?? '', [
      fieldInvalid(root('kind'), given.kind, `must be ${expected.kind}`),
    ])
}

function decodeProtobufBody(body: Uint8Array, expected: Expected): KubeObject {
  const apiVersion = apiVersionOf(expected)
  let object: KubeObject
  try {
    const envelope = decodeEnvelope(body)
    if (envelope.kind !== '' && envelope.kind !== expected.kind)
      throw new Error(
        `converting (${versionOf(envelope.apiVersion, expected)}.${envelope.kind}) to (${internalName(expected.group)}.${expected.kind}): unknown conversion`,
      )
    if (!expected.anyGroup && envelope.apiVersion !== '' && envelope.apiVersion !== apiVersion)
      throw badRequest(
        `the API version in the data (${envelope.apiVersion}) does not match the expected API version (${apiVersion})`,
      )
    object = decodeProtobuf(expected.schema, envelope.raw) as KubeObject
  } catch (error) {
    throw badRequest(
      `${expected.kind} in version "${expected.version}" cannot be handled as a ${expected.kind}: ${(error as Error).message}`,
    )
  }
  object.apiVersion = apiVersion
  object.kind = expected.kind
  object.metadata ??= {}
  return object
}

function versionOf(apiVersion: unknown, expected: Expected): string {
  const text = typeof apiVersion === 'string' && apiVersion !== '' ? apiVersion : expected.version
  return text.slice(text.indexOf('/') + 1)
}

/** The package of upstream's internal type, which its conversion errors name. */
function internalName(group: string): string {
  return group === '' ? 'core' : group.split('.')[0]!
}
