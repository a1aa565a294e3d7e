// The forms an object is answered in: JSON of the served version (the stored bytes themselves, when that is the version
// they are stored in), protobuf, PartialObjectMetadata, Table. One `Representation` per resource and form, shared by
// GET, LIST, WATCH and the answers to writes. Forms that must be made are made once per object version and kept with it.

import type { TablePrinter } from '../../api/columns.ts'
import { listSchemaOf } from '../../api/list-schema.ts'
import { apiVersionOf, type KubeObject, type ResourceDeclaration } from '../../api/resource.ts'
import { encodeEnvelope, encodeProtobuf } from '../../machinery/codec/protobuf.ts'
import { notAcceptable } from '../../machinery/status-error.ts'
import { json, type MediaType, parseAccept, protobuf, yaml } from '../serving/media-type.ts'
import type { StoredObject } from '../watchcache/stored-object.ts'
import { encodeWatchFrame } from './protobuf-frames.ts'
import { servedObject } from './versions.ts'

export interface ListMeta {
  /** Missing where nothing is stored. */
  readonly resourceVersion?: string
  readonly continue?: string
  readonly remainingItemCount?: number
}

export interface Representation {
  /** Names the form: events are encoded once per form. */
  readonly id: string
  readonly contentType: string
  readonly watchContentType: string
  object(stored: StoredObject): Uint8Array
  list(items: readonly StoredObject[], meta: ListMeta): Uint8Array[]
  event(type: string, stored: StoredObject): Uint8Array
  /** A bookmark or an error. */
  specialEvent(type: 'BOOKMARK' | 'ERROR', object: KubeObject): Uint8Array
  /** The form of a watch's events after the first one, when it is another: a Table says its columns once. */
  readonly later?: Representation
}

const comma = Buffer.from(',')

function jsonRepresentation(declaration: ResourceDeclaration): Representation {
  if (declaration.custom) return customJsonRepresentation(declaration, declaration.custom.id)
  const { group, version, storage } = declaration
  const bytesOf =
    group !== storage.group || version !== storage.version
      ? (stored: StoredObject) =>
          stored.form(`json:${apiVersionOf(declaration)}`, () =>
            Buffer.from(JSON.stringify(servedObject(declaration, stored))),
          )
      : (stored: StoredObject) => stored.bytes
  return jsonForm(`json:${apiVersionOf(declaration)}`, declaration.listKind, apiVersionOf(declaration), bytesOf)
}

/** The stored bytes where the object is served as it is stored. */
function customJsonRepresentation(declaration: ResourceDeclaration, id: string): Representation {
  const bytesOf = (stored: StoredObject) => {
    const object = servedObject(declaration, stored)
    if (object === stored.object) return stored.bytes
    return stored.form(`json:${id}`, () => Buffer.from(JSON.stringify(object)))
  }
  return jsonForm(`json:${id}`, declaration.listKind, apiVersionOf(declaration), bytesOf)
}

/** Any form whose list is a JSON object with `items`. */
function jsonForm(
  id: string,
  listKind: string,
  listVersion: string,
  bytesOf: (stored: StoredObject) => Uint8Array,
  contentType = json,
): Representation {
  return {
    id,
    contentType,
    watchContentType: contentType,
    object: bytesOf,
    list(items, meta) {
      const head = `{"kind":"${listKind}","apiVersion":"${listVersion}","metadata":${JSON.stringify(meta)},"items":[`
      const pieces: Uint8Array[] = [Buffer.from(head)]
      for (let index = 0; index < items.length; index++) {
        if (index > 0) pieces.push(comma)
        pieces.push(bytesOf(items[index]!))
      }
      pieces.push(Buffer.from(']}\n'))
      return pieces
    },
    event: (type, stored) => jsonEvent(type, bytesOf(stored)),
    specialEvent: (type, object) => jsonEvent(type, Buffer.from(JSON.stringify(object))),
  }
}

function jsonEvent(type: string, object: Uint8Array): Uint8Array {
  const head = `{"type":"${type}","object":`
  const bytes = Buffer.allocUnsafe(head.length + object.length + 2)
  bytes.write(head, 0, 'latin1')
  bytes.set(object, head.length)
  bytes.write('}\n', head.length + object.length, 'latin1')
  return bytes
}

function protobufRepresentation(declaration: ResourceDeclaration): Representation {
  const apiVersion = apiVersionOf(declaration)
  const raw = (stored: StoredObject) =>
    stored.form(`protobuf:${apiVersion}`, () => encodeProtobuf(declaration.schema, servedObject(declaration, stored)))
  const enveloped = (stored: StoredObject) => encodeEnvelope({ apiVersion, kind: declaration.kind }, raw(stored))
  return {
    id: `protobuf:${apiVersion}`,
    contentType: protobuf,
    watchContentType: `${protobuf};stream=watch`,
    object: enveloped,
    list(items, meta) {
      const list = encodeProtobuf(listSchemaOf(declaration), {
        metadata: meta,
        items: items.map(stored => servedObject(declaration, stored)),
      })
      return [encodeEnvelope({ apiVersion, kind: declaration.listKind }, list)]
    },
    event: (type, stored) => encodeWatchFrame(type, enveloped(stored)),
    specialEvent: (type, object) =>
      encodeWatchFrame(
        type,
        type === 'ERROR'
          ? Buffer.from(JSON.stringify(object))
          : encodeEnvelope({ apiVersion, kind: declaration.kind }, encodeProtobuf(declaration.schema, object)),
      ),
  }
}

function partialMetadataRepresentation(declaration: ResourceDeclaration, list: boolean): Representation {
  const { custom } = declaration
  const id = custom ? `partial:${custom.id}` : 'partial'
  const bytesOf = (stored: StoredObject) =>
    stored.form(id, () =>
      Buffer.from(
        JSON.stringify({
          kind: 'PartialObjectMetadata',
          apiVersion: 'meta.k8s.io/v1',
          metadata: (custom ? servedObject(declaration, stored) : stored.object).metadata,
        }),
      ),
    )
  return jsonForm(list ? `${id}-list` : id, 'PartialObjectMetadataList', 'meta.k8s.io/v1', bytesOf)
}

export type IncludeObject = 'None' | 'Metadata' | 'Object'

function tableRepresentation(
  declaration: ResourceDeclaration,
  printer: TablePrinter,
  include: IncludeObject,
  now: () => number,
): Representation {
  // Ages are part of the cells, so rows are made at each call.
  const row = (stored: StoredObject) => {
    const object = servedObject(declaration, stored)
    const included =
      include === 'None'
        ? null
        : include === 'Object'
          ? object
          : { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
    const printed = printer.prints === 'stored' ? stored.object : object
    const cells = printer.cells(printed, now())
    const conditions = printer.conditions?.(printed)
    return conditions ? { cells, conditions, object: included } : { cells, object: included }
  }
  const definitions = printer.columns.map(column => ({ format: '', priority: 0, ...column }))
  const table = (rows: unknown[], metadata: unknown, withColumns: boolean) =>
    Buffer.from(
      `${JSON.stringify({
        kind: 'Table',
        apiVersion: 'meta.k8s.io/v1',
        metadata,
        columnDefinitions: withColumns ? definitions : null,
        rows,
      })}\n`,
    )
  const form = (id: string, withColumns: boolean): Representation => ({
    id: `${id}:${declaration.custom?.id ?? apiVersionOf(declaration)}:${include}`,
    contentType: json,
    watchContentType: json,
    object: stored => table([row(stored)], { resourceVersion: String(stored.revision) }, withColumns),
    list(items, meta) {
      const { compare } = printer
      const ordered = compare ? items.toSorted((a, b) => compare(a.object, b.object)) : items
      return [table(ordered.map(row), meta, withColumns)]
    },
    event(type, stored) {
      const metadata = { resourceVersion: String(stored.revision) }
      return jsonEvent(type, table([row(stored)], metadata, withColumns).subarray(0, -1))
    },
    specialEvent(type, object) {
      if (type === 'ERROR') return jsonEvent(type, Buffer.from(JSON.stringify(object)))
      const metadata = { resourceVersion: object.metadata.resourceVersion }
      return jsonEvent(type, table([], metadata, withColumns).subarray(0, -1))
    },
  })
  return { ...form('table', true), later: form('rows', false) }
}

export interface RepresentationContext {
  readonly printer: (declaration: ResourceDeclaration) => TablePrinter
  readonly now: () => number
}

const served = new WeakMap<ResourceDeclaration, Map<string, Representation>>()

/** The form the client asked for; throws a 406 when there is none it takes. */
export function negotiate(
  declaration: ResourceDeclaration,
  accept: string | undefined,
  isList: boolean,
  context: RepresentationContext,
  includeObject: IncludeObject = 'Metadata',
): Representation {
  const header = accept === undefined || accept === '' ? '*/*' : accept
  let known = served.get(declaration)
  if (!known) {
    known = new Map()
    served.set(declaration, known)
  }
  const key = `${header}\n${isList}\n${includeObject}`
  const found = known.get(key)
  if (found) return found
  for (const range of parseAccept(header)) {
    const representation = representationFor(declaration, range, isList, context, includeObject)
    if (!representation) continue
    if (known.size < 200) known.set(key, representation)
    return representation
  }
  throw notAcceptable(declaration.custom ? [json, yaml] : [json, yaml, protobuf])
}

function representationFor(
  declaration: ResourceDeclaration,
  { type, parameters }: MediaType,
  isList: boolean,
  context: RepresentationContext,
  includeObject: IncludeObject,
): Representation | undefined {
  const isJson = type === json || type === '*/*' || type === 'application/*'
  const as = parameters['as']
  if (as !== undefined) {
    if (parameters['g'] !== 'meta.k8s.io' || (parameters['v'] !== 'v1' && parameters['v'] !== 'v1beta1'))
      return undefined
    if (!isJson) return undefined
    if (as === 'Table')
      return tableRepresentation(declaration, context.printer(declaration), includeObject, context.now)
    if (as === 'PartialObjectMetadataList' || as === 'PartialObjectMetadata')
      return partialMetadataRepresentation(declaration, isList)
    return undefined
  }
  if (isJson) return jsonRepresentation(declaration)
  if (type === protobuf && declaration.schema.fields.size > 0 && !declaration.custom)
    return protobufRepresentation(declaration)
  if (type === yaml) return yamlRepresentation(jsonRepresentation(declaration))
  return undefined
}

let yamlStringify: (value: unknown) => string = JSON.stringify

/** YAML is loaded when the first client wants it. */
export async function enableYaml(): Promise<void> {
  const { stringify } = await import('yaml')
  yamlStringify = stringify
}

export const yamlText = (value: unknown): string => yamlStringify(value)

function yamlRepresentation(base: Representation): Representation {
  const convert = (pieces: readonly Uint8Array[]) => Buffer.from(yamlText(JSON.parse(Buffer.concat(pieces).toString())))
  return {
    ...base,
    id: `yaml:${base.id}`,
    contentType: yaml,
    object: stored => convert([base.object(stored)]),
    list: (items, meta) => [convert(base.list(items, meta))],
  }
}
