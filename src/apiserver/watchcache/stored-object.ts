// One version of one object, as everybody reads it: the bytes that GET, LIST and WATCH write, and the parsed object that
// readers in the same process share.
//
// What is stored has no resourceVersion: the store gives it (a key's mod revision). So stored bytes begin with a header
// of known length, `{"kind":…,"apiVersion":…,"metadata":{`, and the served bytes are header, resourceVersion, remainder:
// a splice, not a parse.

import type { KubeObject } from '../../api/resource.ts'
import { type ManagedFieldsEntry, managedFieldsPieces, shareFields } from '../../machinery/apply/managed-fields.ts'
import { deepFreeze } from '../../machinery/deep-freeze.ts'
import { readJson } from '../../machinery/json/read.ts'
import { jsonText, withEscapes } from '../../machinery/json/write.ts'

/** Encodes an object for the store: kind, apiVersion and metadata first, without the resourceVersion. */
export function encodeForStore(object: KubeObject): Buffer {
  const { metadata } = object
  const revision = metadata.resourceVersion
  if (revision !== undefined) metadata.resourceVersion = undefined
  const ordered = hasHeaderFirst(object) ? object : withHeaderFirst(object)
  const entries: readonly ManagedFieldsEntry[] | undefined | null = metadata['managedFields']
  const bytes = entries ? joined(piecesOf(ordered, entries)) : Buffer.from(withEscapes(jsonText(ordered)))
  if (revision !== undefined) metadata.resourceVersion = revision
  return bytes
}

const headerFields = ['kind', 'apiVersion', 'metadata']

function hasHeaderFirst(object: KubeObject): boolean {
  let index = 0
  for (const key in object) {
    if (key !== headerFields[index]) return false
    if (++index === headerFields.length) return true
  }
  return false
}

function withHeaderFirst({ kind, apiVersion, metadata, ...rest }: KubeObject): KubeObject {
  return { kind, apiVersion, metadata, ...rest }
}

/** The sets in managedFields are most of the metadata, and many objects share each: their text is at hand, and goes in between. */
function piecesOf(object: KubeObject, entries: readonly ManagedFieldsEntry[]): string[] {
  const { kind, apiVersion, metadata } = object
  const names = jsonText({ kind, apiVersion }).slice(0, -1)
  object.metadata = undefined as never
  const rest = jsonText(object).slice(names.length)
  object.metadata = metadata
  metadata['managedFields'] = undefined
  const others = jsonText(metadata)
  metadata['managedFields'] = entries
  const head = `${names},"metadata":${others.slice(0, -1)}${others === '{}' ? '' : ','}"managedFields":`
  const pieces = managedFieldsPieces(entries, head)
  pieces.push('}', rest)
  return pieces
}

/** The pieces as bytes, without joining the texts first, which would copy them once more. */
function joined(pieces: string[]): Buffer {
  let length = 0
  for (let index = 0; index < pieces.length; index++) {
    const piece = withEscapes(pieces[index]!)
    pieces[index] = piece
    length += Buffer.byteLength(piece)
  }
  const bytes = Buffer.allocUnsafe(length)
  let at = 0
  for (const piece of pieces) at += bytes.write(piece, at)
  return bytes
}

function parsed(bytes: Buffer): KubeObject {
  const object = readJson(bytes.toString()) as KubeObject
  // Thousands of objects have the same few sets: they are in memory once.
  shareFields(object.metadata['managedFields'])
  return object
}

const metadataMark = Buffer.from('"metadata":{')
const revisionMark = Buffer.from('"resourceVersion":"')

/** Where the metadata's first member stands, when the bytes are this object's as `encodeForStore` wrote them. */
function headerLengthOf(bytes: Uint8Array, { kind, apiVersion }: KubeObject): number {
  const length = 39 + kind!.length + apiVersion!.length
  // Names that are longer in bytes than in characters, or bytes of another origin, are looked at closely.
  return bytes[length - 1] === 0x7b && bytes[length - 2] === 0x3a && bytes[length - 3] === 0x22
    ? length
    : headerLength(bytes)
}

/** Where the metadata's first member stands, or -1 when the bytes don't have the header (somebody else wrote them). */
function headerLength(bytes: Uint8Array): number {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 512)).indexOf(metadataMark)
  // `{"kind":"…","apiVersion":"…","metadata":{`: nothing but the two names may stand before it.
  if (at < 0) return -1
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, at).toString()
  return /^\{("(kind|apiVersion)":"[^"]*",){0,2}$/.test(head) ? at + metadataMark.length : -1
}

/** What needs no escape in JSON, and one byte a character. */
const plainText = /^[ !#-[\]-~]*$/

function versionMember(stored: Uint8Array, header: number, version: string): string {
  const empty = stored[header] === 0x7d
  return `"resourceVersion":"${version}"${empty ? '' : ','}`
}

function withResourceVersion(stored: Uint8Array, header: number, version: string): Buffer {
  const member = versionMember(stored, header, version)
  // In place, without a view of each part.
  const bytes = Buffer.allocUnsafe(stored.length + member.length)
  bytes.set(stored, member.length)
  bytes.copyWithin(0, member.length, member.length + header)
  bytes.write(member, header, 'latin1')
  return bytes
}

function withOtherVersion(served: Buffer, version: string): Buffer {
  const start = headerLength(served) + revisionMark.length
  const end = served.indexOf(0x22, start)
  return Buffer.concat([served.subarray(0, start), Buffer.from(version), served.subarray(end)])
}

/** What is done to an object before others see it. */
let share: <T>(object: T) => T = object => object

/** For tests: who changes an object that others share, fails at once. */
export function freezeSharedObjects(): void {
  share = deepFreeze
}

/** Stored bytes that nobody has asked to be served yet. */
interface Unserved {
  readonly stored: Uint8Array
  readonly header: number
}

export class StoredObject {
  readonly key: string
  readonly revision: number
  /** How many bytes it is served in. */
  readonly size: number
  /** Made when the first asks for them: what passes between callers in this process, nobody reads as bytes. */
  #bytes: Buffer | Unserved
  #object: KubeObject | undefined
  /** The object in other forms (served versions, protobuf), made once and shared by all who ask. */
  #forms: Map<string, unknown> | undefined

  private constructor(key: string, revision: number, bytes: Buffer | Unserved, object: KubeObject | undefined) {
    this.key = key
    this.revision = revision
    this.size =
      'stored' in bytes
        ? bytes.stored.length + versionMember(bytes.stored, bytes.header, String(revision)).length
        : bytes.length
    this.#bytes = bytes
    this.#object = object && share(object)
  }

  /**
   * From what the store holds. `object` is the parsed value when the caller has it: it then belongs to this object and
   * carries its resourceVersion from here on.
   */
  static fromStore(key: string, revision: number, value: Uint8Array, object?: KubeObject): StoredObject {
    let stored = value
    let header = object ? headerLengthOf(stored, object) : headerLength(stored)
    if (header < 0) {
      stored = encodeForStore(readJson(Buffer.from(value).toString()) as KubeObject)
      header = headerLength(stored)
    }
    const version = String(revision)
    // What was read from the store is not ours to keep.
    const bytes = object ? { stored, header } : withResourceVersion(stored, header, version)
    // An object that others have already seen carries it.
    if (object && object.metadata.resourceVersion !== version) object.metadata.resourceVersion = version
    return new StoredObject(key, revision, bytes, object)
  }

  /** What a dry run answers: the object as it would be, with the resourceVersion it has already, if any. */
  static dryRun(key: string, value: Buffer, object: KubeObject): StoredObject {
    const version = object.metadata.resourceVersion
    const bytes =
      version && plainText.test(version) ? withResourceVersion(value, headerLengthOf(value, object), version) : value
    return new StoredObject(key, 0, bytes, object)
  }

  get bytes(): Buffer {
    const bytes = this.#bytes
    if (!('stored' in bytes)) return bytes
    const served = withResourceVersion(bytes.stored, bytes.header, String(this.revision))
    this.#bytes = served
    return served
  }

  get object(): KubeObject {
    this.#object ??= share(parsed(this.bytes))
    return this.#object
  }

  get namespace(): string {
    return this.object.metadata.namespace ?? ''
  }

  get name(): string {
    return this.object.metadata.name ?? ''
  }

  /** The same object at another revision: how a deletion is told. */
  atRevision(revision: number): StoredObject {
    const text = String(revision)
    const bytes = 'stored' in this.#bytes ? this.#bytes : withOtherVersion(this.#bytes, text)
    const object = this.#object && {
      ...this.#object,
      metadata: { ...this.#object.metadata, resourceVersion: text },
    }
    return new StoredObject(this.key, revision, bytes, object)
  }

  hasForm(name: string): boolean {
    return this.#forms?.has(name) ?? false
  }

  keepForm(name: string, form: unknown): void {
    this.#forms ??= new Map()
    this.#forms.set(name, form)
  }

  /** Another form of this object, made at the first call and kept. */
  form<Form>(name: string, make: (stored: StoredObject) => Form): Form {
    this.#forms ??= new Map()
    let form = this.#forms.get(name) as Form | undefined
    if (form === undefined) {
      form = make(this)
      this.#forms.set(name, form)
    }
    return form
  }
}
