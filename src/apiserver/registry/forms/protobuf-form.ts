// Kubernetes' protobuf: each object in its envelope, encoded once per object version; a list puts the encoded objects
// together.

import { ListMeta as ListMetaSchema } from '../../../api/meta/v1/listmeta.ts'
import { Status as StatusSchema } from '../../../api/meta/v1/status.ts'
import { apiVersionOf, type ResourceDeclaration } from '../../../api/resource.ts'
import {
  encodeEnvelope,
  encodeListEnvelope,
  encodeProtobuf,
  encodeWatchFrame,
} from '../../../machinery/codec/protobuf.ts'
import type { ObjectSchema } from '../../../machinery/schema/schema.ts'
import { protobuf } from '../../serving/media-type.ts'
import type { StoredObject } from '../../watchcache/stored-object.ts'
import { servedObject } from '../versions.ts'
import type { Representation } from './form.ts'

export interface ProtobufKind {
  readonly apiVersion: string
  readonly kind: string
  readonly listKind: string
  readonly schema: ObjectSchema
  /** The list's metadata is its second field, not its first. */
  readonly metadataLast?: boolean
}

/** Not of custom resources: they have no message. */
export function protobufRepresentation(declaration: ResourceDeclaration): Representation {
  const apiVersion = apiVersionOf(declaration)
  const { kind, listKind, schema } = declaration
  return protobufForm(`protobuf:${apiVersion}`, { apiVersion, kind, listKind, schema }, stored =>
    stored.form(`protobuf:${apiVersion}`, () => encodeProtobuf(schema, servedObject(declaration, stored))),
  )
}

export function protobufForm(
  id: string,
  of: ProtobufKind,
  messageOf: (stored: StoredObject) => Uint8Array,
): Representation {
  const enveloped = (stored: StoredObject) => encodeEnvelope(of, messageOf(stored))
  return {
    id,
    contentType: protobuf,
    watchContentType: `${protobuf};stream=watch`,
    object: enveloped,
    list: (items, meta) =>
      encodeListEnvelope(
        { apiVersion: of.apiVersion, kind: of.listKind },
        encodeProtobuf(ListMetaSchema, meta),
        items.map(messageOf),
        !of.metadataLast,
      ),
    event: (type, stored) => encodeWatchFrame(type, enveloped(stored)),
    specialEvent: (type, object) =>
      encodeWatchFrame(
        type,
        type === 'ERROR' ? statusEnvelope(object) : encodeEnvelope(of, encodeProtobuf(of.schema, object)),
      ),
  }
}

export function statusEnvelope(status: unknown): Uint8Array {
  return encodeEnvelope({ apiVersion: 'v1', kind: 'Status' }, encodeProtobuf(StatusSchema, status))
}
