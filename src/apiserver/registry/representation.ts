// The forms an object is answered in: JSON of the served version (the stored bytes themselves, when that is the version
// they are stored in), YAML, protobuf, PartialObjectMetadata, Table; and which of them a client asked for. One
// `Representation` per resource and form, shared by GET, LIST, WATCH and the answers to writes. Forms that must be made
// are made once per object version and kept with it.

import type { TablePrinter } from '../../api/columns.ts'
import type { ResourceDeclaration } from '../../api/resource.ts'
import { goJson } from '../../machinery/json/write.ts'
import { failure, notAcceptable } from '../../machinery/status-error.ts'
import { writeYaml } from '../../machinery/yaml/write.ts'
import { json, type MediaType, parseAccept, protobuf, yaml } from '../serving/media-type.ts'
import type { Representation } from './forms/form.ts'
import { jsonRepresentation, rewritten } from './forms/json-form.ts'
import { partialMetadataJson, partialMetadataProtobuf } from './forms/partial-metadata-form.ts'
import { protobufRepresentation } from './forms/protobuf-form.ts'
import { tableRepresentation } from './forms/table-form.ts'

export type { ListMeta, Representation } from './forms/form.ts'

export interface RepresentationContext {
  readonly printer: (declaration: ResourceDeclaration) => TablePrinter
  readonly now: () => number
}

/** What an answer is made of: decides whether `as=PartialObjectMetadata` or its list can be given. */
export type Answered = 'object' | 'list' | 'watch'

/** By what is answered. */
const served: Readonly<Record<Answered, WeakMap<ResourceDeclaration, Map<string, Representation>>>> = {
  object: new WeakMap(),
  list: new WeakMap(),
  watch: new WeakMap(),
}

/** The form the client asked for; throws a 406 when there is none it takes. */
export function negotiate(
  declaration: ResourceDeclaration,
  accept: string | undefined,
  answered: Answered,
  context: RepresentationContext,
  includeObject = '',
  pretty = false,
): Representation {
  const header = accept === undefined || accept === '' ? '*/*' : accept
  let known = served[answered].get(declaration)
  if (!known) {
    known = new Map()
    served[answered].set(declaration, known)
  }
  const key = includeObject === '' && !pretty ? header : `${header}\n${includeObject}\n${pretty}`
  const found = known.get(key)
  if (found) return found
  for (const range of parseAccept(header)) {
    const representation = representationFor(declaration, range, answered, context, includeObject, pretty)
    if (!representation) continue
    if (answered === 'watch' && representation.watchContentType === undefined)
      throw notAcceptable([`${json};stream=watch`, `${protobuf};stream=watch`])
    if (known.size < 200) known.set(key, representation)
    return representation
  }
  throw notAcceptable([json, yaml, protobuf])
}

const accepted = (type: string, offered: string): boolean =>
  type === offered || type === '*/*' || type === 'application/*'

function representationFor(
  declaration: ResourceDeclaration,
  { type, parameters }: MediaType,
  answered: Answered,
  context: RepresentationContext,
  includeObject: string,
  prettyAsked: boolean,
): Representation | undefined {
  const { as, g, v, stream, sv } = parameters
  if ((stream !== undefined && stream !== '' && stream !== 'watch') || (sv && sv !== 'v1')) return undefined
  const isJson = accepted(type, json)
  if (stream && type === yaml) return undefined
  if (as !== undefined || g !== undefined || v !== undefined) {
    if (g !== 'meta.k8s.io' || (v !== 'v1' && v !== 'v1beta1')) return undefined
    if (as === 'Table') {
      // What is only asked, as reviews are, has no columns.
      if (!declaration.verbs.includes('get')) return undefined
      if (!isJson && type !== yaml) return undefined
      const printer = context.printer(declaration)
      const table = tableRepresentation(declaration, printer, v, includeObject, context.now)
      return isJson ? inJson(table, prettyAsked || parameters['pretty'] === '1') : inYaml(table)
    }
    if (as !== 'PartialObjectMetadata' && as !== 'PartialObjectMetadataList') return undefined
    // What cannot be transformed in a watch is passed on as it is; a built-in kind is none that can be written so.
    const whole = answered === 'watch' && as === 'PartialObjectMetadataList'
    if (isJson || type === yaml) {
      const form = whole ? jsonRepresentation(declaration) : partialMetadataJson(declaration, v)
      const shown = whole && !declaration.custom ? unwritten(form) : refusing(form, declaration, as, answered)
      return isJson ? inJson(shown, prettyAsked || parameters['pretty'] === '1') : inYaml(shown)
    }
    if (type !== protobuf) return undefined
    if (whole) return declaration.custom ? undefined : unwritten(protobufRepresentation(declaration))
    return refusing(partialMetadataProtobuf(declaration, v), declaration, as, answered)
  }
  if (isJson) return inJson(jsonRepresentation(declaration), prettyAsked || parameters['pretty'] === '1')
  // Custom resources have no message: the next of the client's wishes counts.
  if (type === protobuf) return declaration.custom ? undefined : protobufRepresentation(declaration)
  if (type === yaml) return inYaml(jsonRepresentation(declaration))
  return undefined
}

/** One object's metadata cannot be asked of a list, nor a list's of one object: found out when it is to be written. */
function refusing(
  form: Representation,
  declaration: ResourceDeclaration,
  as: string,
  answered: Answered,
): Representation {
  const [wrong, type, what] =
    as === 'PartialObjectMetadata'
      ? ['list', goListType(declaration), 'a list']
      : ['object', goTypeOf(declaration), 'not a list']
  if (answered !== wrong) return form
  const refuse = (): never => {
    throw failure(406, 'NotAcceptable', `you requested ${as}, but the requested object is ${what} (${type})`)
  }
  return { ...form, id: `refused:${form.id}`, object: refuse, list: refuse }
}

/** Of a watch that tells nothing. */
function unwritten(form: Representation): Representation {
  const nothing = () => Buffer.alloc(0)
  return { ...form, id: `unwritten:${form.id}`, event: nothing, specialEvent: nothing }
}

const goTypeOf = ({ custom, group, kind }: ResourceDeclaration): string =>
  custom ? '*unstructured.Unstructured' : `*${internalPackage(group)}.${kind}`

const goListType = ({ custom, group, listKind }: ResourceDeclaration): string =>
  custom ? '*unstructured.UnstructuredList' : `*${internalPackage(group)}.${listKind}`

/** The package of upstream's internal type, which its messages name. */
export function internalPackage(group: string): string {
  return group === '' ? 'core' : group.split('.')[0]!
}

function inJson(form: Representation, pretty: boolean): Representation {
  if (!pretty) return form
  const as = { id: `pretty:${form.id}`, contentType: json, watchContentType: json }
  return rewritten(form, value => goJson(value, 2), as)
}

function inYaml(form: Representation): Representation {
  const as = { id: `yaml:${form.id}`, contentType: yaml, watchContentType: undefined }
  return rewritten(form, value => writeYaml(value), as)
}

// ---- objects that are not stored -----------------------------------------------------------------------------------

export type PlainForm = 'json' | 'pretty' | 'yaml' | 'protobuf'

/**
 * The form of a Status, a review, a Scale; undefined when the client takes none of them. `asItIs`: what cannot be
 * transformed is answered though the client asks for a table or metadata.
 */
export function plainForm(accept: string | undefined, pretty: boolean, asItIs = false): PlainForm | undefined {
  for (const { type, parameters } of parseAccept(accept === undefined || accept === '' ? '*/*' : accept)) {
    const { as } = parameters
    if ((as !== undefined || 'g' in parameters || 'v' in parameters) && !asItIs) continue
    if (as === 'Table' && type === protobuf) continue
    if (parameters['sv'] && parameters['sv'] !== 'v1') continue
    if (parameters['stream'] && parameters['stream'] !== 'watch') continue
    if (accepted(type, json)) return pretty || parameters['pretty'] === '1' ? 'pretty' : 'json'
    if (type === yaml) return 'yaml'
    if (type === protobuf) return 'protobuf'
  }
  return undefined
}
