// JSON: the stored bytes themselves, when the version served is the version stored. Lists are these bytes put together.

import { conversionBetween } from '../../../api/conversion.ts'
import { apiVersionOf, type ResourceDeclaration } from '../../../api/resource.ts'
import { readJson } from '../../../machinery/json/read.ts'
import { goJson } from '../../../machinery/json/write.ts'
import { json } from '../../serving/media-type.ts'
import type { StoredObject } from '../../watchcache/stored-object.ts'
import { servedAs, servedObject } from '../versions.ts'
import type { Representation } from './form.ts'

const comma = Buffer.from(',')
const brace = Buffer.from('{')
const commaAndBrace = Buffer.from(',{')

export function jsonRepresentation(declaration: ResourceDeclaration): Representation {
  const { kind, listKind, custom } = declaration
  const apiVersion = apiVersionOf(declaration)
  const id = `json:${servedAs(declaration)}`
  // Upstream's typed lists don't say the type of each item again; those of custom resources do.
  const dropped = custom ? '' : `{"kind":"${kind}","apiVersion":"${apiVersion}",`
  return jsonForm(id, listKind, apiVersion, bytesOf(declaration, id), dropped, {
    alwaysContinues: custom !== undefined,
  })
}

/** The bytes of an object in the version that is served: the stored ones where it is served as it is stored. */
function bytesOf(declaration: ResourceDeclaration, id: string): (stored: StoredObject) => Uint8Array {
  if (!declaration.custom && !conversionBetween(declaration.kind, declaration.storage, declaration))
    return stored => stored.bytes
  return stored => {
    const object = servedObject(declaration, stored)
    return object === stored.object ? stored.bytes : stored.form(id, () => Buffer.from(goJson(object)))
  }
}

export interface JsonListForm {
  /** What stands for no items. */
  readonly none?: string
  /** The metadata says that nothing follows, too: lists of custom resources do. */
  readonly alwaysContinues?: boolean
}

/** Any form whose list is a JSON object with `items`. `dropped`: what each item begins with is left out in a list. */
export function jsonForm(
  id: string,
  listKind: string,
  listVersion: string,
  bytesOf: (stored: StoredObject) => Uint8Array,
  dropped = '',
  { none = '[]', alwaysContinues = false }: JsonListForm = {},
): Representation {
  const itemHead = Buffer.from(dropped)
  return {
    id,
    contentType: json,
    watchContentType: json,
    object: bytesOf,
    list(items, meta) {
      const about = alwaysContinues ? { continue: '', ...meta } : meta
      const start = `{"kind":"${listKind}","apiVersion":"${listVersion}","metadata":${JSON.stringify(about)},"items":`
      if (items.length === 0) return [Buffer.from(`${start}${none}}\n`)]
      const head = `${start}[`
      const pieces: Uint8Array[] = [Buffer.from(head)]
      for (let index = 0; index < items.length; index++) {
        const bytes = bytesOf(items[index]!)
        if (itemHead.length === 0 || itemHead.compare(bytes, 0, itemHead.length) !== 0) {
          if (index > 0) pieces.push(comma)
          pieces.push(bytes)
        } else pieces.push(index > 0 ? commaAndBrace : brace, bytes.subarray(itemHead.length))
      }
      pieces.push(Buffer.from(']}\n'))
      return pieces
    },
    event: (type, stored) => jsonEvent(type, bytesOf(stored)),
    specialEvent: (type, object) => jsonEvent(type, Buffer.from(goJson(object))),
  }
}

export function jsonEvent(type: string, object: Uint8Array): Uint8Array {
  const head = `{"type":"${type}","object":`
  const bytes = Buffer.allocUnsafe(head.length + object.length + 2)
  bytes.write(head, 0, 'latin1')
  bytes.set(object, head.length)
  bytes.write('}\n', head.length + object.length, 'latin1')
  return bytes
}

/** A form of JSON that is written in another way: as YAML, or indented for people. Made at every call. */
export function rewritten(
  base: Representation,
  write: (value: unknown) => string,
  as: { readonly id: string; readonly contentType: string; readonly watchContentType: string | undefined },
): Representation {
  const convert = (pieces: Uint8Array | readonly Uint8Array[]) => {
    const bytes = pieces instanceof Uint8Array ? pieces : Buffer.concat(pieces)
    return Buffer.from(write(readJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())))
  }
  return {
    ...base,
    ...as,
    object: stored => convert(base.object(stored)),
    list: (items, meta) => [convert(base.list(items, meta))],
  }
}
