// A request's body as a decoded object: JSON, YAML or protobuf in; out comes a normalised object of the declared schema,
// with what fieldValidation asks for done about unknown and duplicate fields.

import { namedTypeOf } from '../../api/go/named-types.ts'
import { DeleteOptions } from '../../api/meta/v1/options.ts'
import { apiVersionOf, type CustomBehaviour, type KubeObject } from '../../api/resource.ts'
import { isKnownKind } from '../../api/scheme.ts'
import { cannotBeHandled, decodeObject, strictDecodingError } from '../../machinery/codec/decode.ts'
import { decodeEnvelope, decodeProtobuf } from '../../machinery/codec/protobuf.ts'
import { restoreProblem, withFittingNumbers } from '../../machinery/codec/restore-problem.ts'
import { jsonKind } from '../../machinery/codec/scalars.ts'
import { deepCopy } from '../../machinery/deep-freeze.ts'
import { invalid as fieldInvalid } from '../../machinery/field-error.ts'
import { root } from '../../machinery/field-path.ts'
import { inKeyOrder, quote } from '../../machinery/go-text.ts'
import { strictProblems } from '../../machinery/json/duplicates.ts'
import { NumberLiteral, withoutLiterals } from '../../machinery/json/numbers.ts'
import { parseJson } from '../../machinery/json/parse.ts'
import { goJson } from '../../machinery/json/write.ts'
import type { ObjectSchema } from '../../machinery/schema/schema.ts'
import { badRequest, invalid, StatusError, unsupportedMediaType } from '../../machinery/status-error.ts'
import type { RequestContext } from '../request.ts'
import { json, parseMediaType, protobuf, yaml } from '../serving/media-type.ts'
import { internalPackage } from './representation.ts'

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'

export interface Expected {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly schema: ObjectSchema
  readonly custom?: CustomBehaviour
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
  return text === '' || text === json ? json : typeOf(text)
}

/** Clients use a few types, again and again. Emptied when full. */
const knownTypes = new Map<string, string>()
const mostKnownTypes = 100

function typeOf(header: string): string {
  let type = knownTypes.get(header)
  if (type === undefined) {
    type = parseMediaType(header).type
    if (knownTypes.size >= mostKnownTypes) knownTypes.clear()
    knownTypes.set(header, type)
  }
  return type
}

/** A body in parts: its value, and what a strict reading has against it. */
interface Parsed {
  readonly value: unknown
  readonly duplicates: readonly string[]
  /** The JSON text; undefined when it came otherwise. */
  readonly text?: string
  readonly hasLiterals?: boolean
}

/** Decodes the body as an object of the expected kind; apiVersion and kind may be left out. */
export async function decodeBody(
  request: RequestContext,
  expected: Expected,
  /** Other versions of the same shape, which it may be in as well. */
  alsoIn: readonly string[] = [],
): Promise<KubeObject> {
  const contentType = contentTypeOf(request)
  if (contentType !== json && contentType !== yaml && contentType !== protobuf && !isObjectBody(request))
    throw unsupportedMediaType([json, yaml, protobuf])
  const body = (await request.readBody()) ?? noBytes
  if (!(body instanceof Uint8Array)) {
    // Custom resources keep what already conforms, and this is the caller's.
    const value = expected.custom ? deepCopy(body) : body
    return decodeValue(request, { value, duplicates: [] }, expected, noBytes, alsoIn)
  }
  if (contentType === protobuf) return decodeProtobufBody(body, expected)
  const unrecognized = (why: string) =>
    badRequest(`the object provided is unrecognized (must be of type ${expected.kind}): ${why} (${summary(body)})`)
  let parsed: Parsed
  try {
    parsed = contentType === yaml ? await parseYamlBody(body) : parseJsonBody(body)
  } catch (error) {
    throw unrecognized((error as Error).message)
  }
  return decodeValue(request, parsed, expected, body, alsoIn)
}

const schemeFile = 'pkg/api/legacyscheme/scheme.go:30'

const noBytes = new Uint8Array()

/** Direct callers send objects, and say no type. */
const isObjectBody = (request: RequestContext): boolean =>
  request.direct && request.headers['content-type'] === undefined

function parseJsonBody(body: Uint8Array): Parsed {
  try {
    const parsed = parseJson(body, { duplicates: true, literals: true })
    return parsed.duplicates.length === 0 ? parsed : { ...parsed, text: Buffer.from(body).toString() }
  } catch (error) {
    throw new Error(`couldn't get version/kind; json parse error: ${(error as Error).message}`)
  }
}

async function parseYamlBody(body: Uint8Array): Promise<Parsed> {
  // Few clients send YAML, and its reader takes a while to load.
  const { parseYaml } = await import('../../machinery/yaml/parse.ts')
  const parsed = parseYaml(Buffer.from(body).toString())
  // On its way to JSON upstream puts what it has read in order.
  return { ...parsed, value: inKeyOrder(parsed.value) }
}

/** How upstream shows what it could not read. */
function summary(body: Uint8Array): string {
  if (body.length === 0) return '<empty>'
  const shown = Buffer.from(body.subarray(0, 30))
  const text = body[0] === 0x7b ? shown.toString() : shown.toString('hex')
  return body.length > 30 ? `${text} ...` : text
}

interface TypeOfBody {
  readonly apiVersion: string
  readonly kind: string
}

const typeMetaStruct =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'

/** The type a body says it is of, '' where it says nothing. Throws an Error with upstream's message. */
function typeOfBody(value: unknown): TypeOfBody {
  const failed = (why: string) =>
    new Error(`couldn't get version/kind; json parse error: json: cannot unmarshal ${why}`)
  if (value === null || value === undefined) return { apiVersion: '', kind: '' }
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof NumberLiteral)
    throw failed(`${jsonKind(value, '')} into Go value of type ${typeMetaStruct}`)
  const { apiVersion, kind } = value as Record<string, unknown>
  const text = (name: string, part: unknown): string => {
    if (typeof part === 'string') return part
    if (part === undefined || part === null) return ''
    throw failed(`${jsonKind(part, '')} into Go struct field .${name} of type string`)
  }
  const type = { apiVersion: text('apiVersion', apiVersion), kind: text('kind', kind) }
  if (type.apiVersion.indexOf('/') !== type.apiVersion.lastIndexOf('/'))
    throw new Error(`unexpected GroupVersion string: ${type.apiVersion}`)
  return type
}

function decodeValue(
  request: RequestContext,
  parsed: Parsed,
  expected: Expected,
  raw: Uint8Array,
  alsoIn: readonly string[],
): KubeObject {
  let type: TypeOfBody
  try {
    type = typeOfBody(parsed.value)
  } catch (error) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expected.kind}): ${(error as Error).message} (${summary(raw)})`,
    )
  }
  const value = parsed.value ?? {}
  if (expected.custom) checkCustomKind(value as KubeObject, expected, raw)
  if (!alsoIn.includes(type.apiVersion)) checkType(type, expected)
  const mode = fieldValidationOf(request)
  const { object, unknownFields } = decodeDeclared(expected, value, mode, { literals: parsed.hasLiterals })
  if (mode !== 'Ignore' && (unknownFields.length > 0 || parsed.duplicates.length > 0)) {
    const problems = problemsOf(parsed, unknownFields, expected)
    if (mode === 'Strict') throw strictDecodingError(expected.schema, problems, expected)
    request.warnings.push(...problems.flatMap(yamlProblems))
  }
  return typed(object, expected)
}

/** Of JSON in the order of the text; of YAML, and of custom resources, the repeated keys first. */
function problemsOf(
  { text, duplicates }: Parsed,
  unknownFields: readonly string[],
  { custom }: Expected,
): readonly string[] {
  return text === undefined || custom
    ? [...duplicates, ...unknownFields]
    : strictProblems(text, unknownFields, duplicates)
}

/** YAML's reader says all in one text; warnings come one by one. */
export function yamlProblems(problem: string): string[] {
  const head = 'yaml: unmarshal errors:\n'
  if (!problem.startsWith(head)) return [problem]
  return problem
    .slice(head.length)
    .split('\n')
    .map(line => line.trim())
}

function typed(object: KubeObject, expected: Expected): KubeObject {
  object.apiVersion = apiVersionOf(expected)
  object.kind = expected.kind
  object.metadata ??= {}
  return object
}

export interface DeclaredOptions {
  /** The messages say what is wrong, without the kind before it. */
  readonly bare?: boolean
  /** An object of the kind whose fields, where the value has the very same, need no reading. */
  readonly sharing?: KubeObject | undefined
  /** A `NumberLiteral` may stand in the value. */
  readonly literals?: boolean | undefined
  /** Of a custom resource: nulls that are not allowed are left for the validation to find. */
  readonly keepsNulls?: boolean
}

/** A JSON value as an object of the kind, and what it had that the kind doesn't know. Throws a 400. */
export function decodeDeclared(
  { schema, version, kind, custom }: Pick<Expected, 'schema' | 'version' | 'kind' | 'custom'>,
  value: unknown,
  mode: FieldValidation,
  { bare = false, sharing, literals = false, keepsNulls = false }: DeclaredOptions = {},
): { readonly object: KubeObject; readonly unknownFields: readonly string[] } {
  if (!custom)
    return decodeObject<KubeObject>(schema, value, { mode, version, kind, bare, sharing, literals, namedTypeOf })
  try {
    return custom.decode(literals ? withoutLiterals(value) : value, mode, keepsNulls)
  } catch (error) {
    throw badRequest(cannotBeHandled(schema, (error as Error).message, { version, kind, bare }))
  }
}

/** As upstream's converter makes an object out of a map, which is not quite as its decoder does. Throws an Error that says why it can't. */
export function decodeRestored(
  declaration: Pick<Expected, 'schema' | 'version' | 'kind'>,
  value: unknown,
  mode: FieldValidation,
  sharing?: KubeObject,
): ReturnType<typeof decodeDeclared> {
  try {
    return decodeDeclared(declaration, value, mode, { bare: true, sharing })
  } catch (error) {
    const { schema } = declaration
    const problem = restoreProblem(schema, value, namedTypeOf)
    if (problem !== undefined) throw new Error(problem, { cause: error })
    return decodeDeclared(declaration, withFittingNumbers(schema, value), mode, { bare: true })
  }
}

/** Nothing but the object itself says of which kind a custom resource is. */
function checkCustomKind(given: KubeObject, expected: Expected, raw: Uint8Array): void {
  if (!given.kind) {
    const text = raw.length > 0 ? Buffer.from(raw).toString() : Object.keys(given).length === 0 ? '' : goJson(given)
    const start = text.length > 30 ? `${text.slice(0, 30)} ...` : text || '<empty>'
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expected.kind}): Object 'Kind' is missing in '${text}' (${start})`,
    )
  }
  if (!given.apiVersion)
    throw badRequest(
      `the API version in the data () does not match the expected API version (${apiVersionOf(expected)})`,
    )
  if (given.kind !== expected.kind)
    throw invalid({ group: expected.group, kind: given.kind }, given.metadata?.name ?? '', [
      fieldInvalid(root('kind'), given.kind, `must be ${expected.kind}`),
    ])
}

/** Why a patched object is not of the kind any more; undefined while it is. */
export function kindProblem(patched: unknown, { group, version, kind, custom }: Expected): string | undefined {
  const { apiVersion: givenVersion, kind: givenKind } = patched as Partial<TypeOfBody>
  const wanted = apiVersionOf({ group, version })
  if (custom || (givenKind === kind && givenVersion === wanted)) return undefined
  if (typeof givenKind !== 'string' || typeof givenVersion !== 'string') return undefined
  const slash = givenVersion.indexOf('/')
  const [itsGroup, itsVersion] = [slash < 0 ? '' : givenVersion.slice(0, slash), givenVersion.slice(slash + 1)]
  if (!isKnownKind(itsGroup, itsVersion, givenKind))
    return `no kind ${quote(givenKind)} is registered for version ${quote(givenVersion)} in scheme ${quote(schemeFile)}`
  return givenKind === kind
    ? undefined
    : `converting (${itsVersion}.${givenKind}) to (${internalPackage(group)}.${kind}): unknown conversion`
}

/** Refuses a body of another kind or version. */
function checkType({ apiVersion, kind }: TypeOfBody, expected: Expected): void {
  const wanted = apiVersionOf(expected)
  const givenKind = kind || expected.kind
  const givenVersion = apiVersion || wanted
  if (givenKind === expected.kind && givenVersion === wanted) return
  const slash = givenVersion.indexOf('/')
  const group = slash < 0 ? '' : givenVersion.slice(0, slash)
  const version = givenVersion.slice(slash + 1)
  const refuse = (why: string) =>
    badRequest(`${givenKind} in version ${quote(version)} cannot be handled as a ${expected.kind}: ${why}`)
  if (!expected.custom && !isKnownKind(group, version, givenKind))
    throw refuse(
      `no kind ${quote(givenKind)} is registered for version ${quote(givenVersion)} in scheme ${quote(schemeFile)}`,
    )
  if (givenKind !== expected.kind)
    throw refuse(
      `converting (${version}.${givenKind}) to (${internalPackage(expected.group)}.${expected.kind}): unknown conversion`,
    )
  throw badRequest(`the API version in the data (${givenVersion}) does not match the expected API version (${wanted})`)
}

function decodeProtobufBody(body: Uint8Array, expected: Expected): KubeObject {
  let envelope: ReturnType<typeof decodeEnvelope>
  try {
    envelope = decodeEnvelope(body)
  } catch (error) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${expected.kind}): ${(error as Error).message} (${summary(body)})`,
    )
  }
  if (expected.custom) {
    // There is no message a custom resource could be read from.
    const version = envelope.apiVersion.split('/').at(-1) || expected.version
    throw badRequest(
      `${envelope.kind || expected.kind} in version ${quote(version)} cannot be handled as a ${expected.kind}: Object 'Kind' is missing in 'object has no kind field '`,
    )
  }
  checkType(envelope, expected)
  try {
    return typed(decodeProtobuf(expected.schema, envelope.raw) as KubeObject, expected)
  } catch (error) {
    throw badRequest(
      `${expected.kind} in version "${expected.version}" cannot be handled as a ${expected.kind}: ${(error as Error).message}`,
    )
  }
}

// ---- DeleteOptions -------------------------------------------------------------------------------------------------

/** The body of a deletion; undefined when there is none. They are taken in every group's version. */
export async function decodeDeleteOptions(request: RequestContext): Promise<DeleteOptions | undefined> {
  const body = await request.readBody()
  if (body === undefined) return undefined
  if (!(body instanceof Uint8Array)) return deleteOptionsOf(body)
  if (body.length === 0) return undefined
  try {
    switch (contentTypeOf(request)) {
      case json: {
        const { value, hasLiterals } = parseJsonBody(body)
        return deleteOptionsOf(value, hasLiterals)
      }
      case yaml:
        return deleteOptionsOf((await parseYamlBody(body)).value)
      case protobuf: {
        const envelope = decodeEnvelope(body)
        checkIsDeleteOptions(envelope)
        return decodeProtobuf(DeleteOptions, envelope.raw)
      }
      default:
        throw unsupportedMediaType([json, yaml, protobuf])
    }
  } catch (error) {
    if (error instanceof StatusError) throw error
    throw badRequest((error as Error).message)
  }
}

function deleteOptionsOf(value: unknown, literals?: boolean): DeleteOptions {
  checkIsDeleteOptions(typeOfBody(value))
  return decodeObject(DeleteOptions, value ?? {}, { mode: 'Ignore', bare: true, literals, namedTypeOf }).object
}

function checkIsDeleteOptions({ apiVersion, kind }: TypeOfBody): void {
  if (kind === '' || kind === 'DeleteOptions') return
  throw new Error(
    `no kind ${quote(kind)} is registered for version ${quote(apiVersion || 'v1')} in scheme "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"`,
  )
}
