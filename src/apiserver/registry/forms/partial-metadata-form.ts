// PartialObjectMetadata: an object's metadata and nothing else, whatever its kind.

import { templateGeneration } from '../../../api/apps/v1/daemonset.defaults.ts'
import { PartialObjectMetadata } from '../../../api/meta/v1/partialobjectmetadata.ts'
import type { KubeObject, ResourceDeclaration } from '../../../api/resource.ts'
import { encodeProtobuf } from '../../../machinery/codec/protobuf.ts'
import { goJson } from '../../../machinery/json/write.ts'
import type { StoredObject } from '../../watchcache/stored-object.ts'
import { servedObject } from '../versions.ts'
import type { Representation } from './form.ts'
import { jsonForm } from './json-form.ts'
import { protobufForm } from './protobuf-form.ts'

const kind = 'PartialObjectMetadata'
const listKind = 'PartialObjectMetadataList'

/**
 * The metadata as it is served: conversions of custom resources may change labels and annotations. Annotations that a
 * built-in version has in place of fields are none of it.
 */
export function metadataOf(declaration: ResourceDeclaration, stored: StoredObject): KubeObject['metadata'] {
  if (declaration.custom) return servedObject(declaration, stored).metadata
  const { metadata } = stored.object
  return declaration.kind === 'DaemonSet' ? withoutTemplateGeneration(metadata) : metadata
}

function withoutTemplateGeneration(metadata: KubeObject['metadata']): KubeObject['metadata'] {
  const { [templateGeneration]: made, ...annotations } = metadata['annotations'] ?? {}
  if (made === undefined) return metadata
  return { ...metadata, annotations: Object.keys(annotations).length > 0 ? annotations : undefined }
}

const idOf = (name: string, { custom }: ResourceDeclaration): string => (custom ? `${name}:${custom.id}` : name)

export function partialMetadataJson(declaration: ResourceDeclaration, version: string): Representation {
  const apiVersion = `meta.k8s.io/${version}`
  const head = Buffer.from(`{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":`)
  const tail = Buffer.from('}')
  const id = idOf(`partial:${version}`, declaration)
  const bytesOf = (stored: StoredObject) =>
    stored.form(id, () => Buffer.concat([head, Buffer.from(goJson(metadataOf(declaration, stored))), tail]))
  const form = jsonForm(id, listKind, apiVersion, bytesOf, '', { none: 'null' })
  return {
    ...form,
    specialEvent: (type, object) =>
      form.specialEvent(type, type === 'ERROR' ? object : { kind, apiVersion, metadata: object.metadata }),
  }
}

export function partialMetadataProtobuf(declaration: ResourceDeclaration, version: string): Representation {
  const of = {
    apiVersion: `meta.k8s.io/${version}`,
    kind,
    listKind,
    schema: PartialObjectMetadata,
    metadataLast: version === 'v1beta1',
  }
  // The message is the same in both versions.
  const message = idOf('partial-protobuf', declaration)
  return protobufForm(`${message}:${version}`, of, stored =>
    stored.form(message, () => encodeProtobuf(PartialObjectMetadata, { metadata: metadataOf(declaration, stored) })),
  )
}
