// What the API server, the client and kubectl know of a resource: its names, its schema, what may be done to it, how it
// prints. One declaration per resource and version; `scheme.ts` gathers them all. A CustomResourceDefinition makes the
// same value at run time.

import type { DecodeMode } from '../machinery/codec/decode.ts'
import type { ObjectSchema, Schema } from '../machinery/schema/schema.ts'
import type { TablePrinter } from './columns.ts'

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

export interface TypeMeta {
  apiVersion: string
  kind: string
}

/** metadata as every object carries it. The declared schema (meta/v1 ObjectMeta) is the source of truth. */
export interface KubeObject {
  apiVersion?: string
  kind?: string
  metadata: {
    name?: string
    namespace?: string
    uid?: string
    resourceVersion?: string
    [field: string]: any
  }
  [field: string]: any
}

/** A column of the server-side Table (metav1.TableColumnDefinition). */
export interface TableColumn {
  readonly name: string
  readonly type: string
  readonly format?: string
  readonly description: string
  readonly priority?: number
}

/** A part of a resource with a path of its own: status, scale, log, … */
export interface SubresourceDeclaration {
  readonly name: string
  /** The kind that goes in and out, when it is not the parent's: Scale, Eviction, Binding, TokenRequest… */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string }
  readonly verbs: readonly Verb[]
}

export interface ResourceDeclaration<T = any> {
  readonly group: string
  readonly version: string
  readonly kind: string
  /** The plural, as in the path. */
  readonly resource: string
  readonly singular: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly namespaced: boolean
  readonly verbs: readonly Verb[]
  /** DELETE answers with the object; otherwise, once the object is gone, with a Status. */
  readonly returnsDeletedObject?: boolean
  readonly schema: Schema<T>
  /** The list kind; `${kind}List` unless it differs. */
  readonly listKind: string
  /** The schema of the list; kinds that only go in and out (reviews, bindings) have none. */
  readonly listSchema?: Schema<any>
  readonly subresources: readonly SubresourceDeclaration[]
  /** Every request for it is answered with a warning (`deprecationWarning`). */
  readonly deprecated?: { readonly since: string; readonly replacement?: string }
  /** The protobuf message's full name, when it isn't the one that follows from the definition's. */
  readonly protobufMessage?: string
  readonly columns: readonly TableColumn[]
  /** Fields that `fieldSelector` may name besides metadata.name and metadata.namespace, and how to read them. */
  readonly selectableFields?: Readonly<Record<string, (object: T) => string>>
  /** The version objects of this resource are stored in (that of another group for events). */
  readonly storage: { readonly group: string; readonly version: string }
  /** Of custom resources: what their definition says instead of a declaration. */
  readonly custom?: CustomBehaviour
}

/** How objects of a custom resource are read, filled in, converted and printed: its definition says so at run time. */
export interface CustomBehaviour {
  /** Names this state of the definition: forms of objects are kept under it. */
  readonly id: string
  /** A fresh object without unknown fields, and unless they are kept without nulls that are not allowed; throws an Error that says why it is no object of this kind. */
  decode(
    value: unknown,
    mode: DecodeMode,
    keepsNulls: boolean,
  ): { readonly object: KubeObject; readonly unknownFields: readonly string[] }
  /** Changes the object in place. */
  applyDefaults(object: KubeObject): void
  /** An object of this version as it is stored; a promise where a webhook converts it. */
  toStorage(object: KubeObject): KubeObject | Promise<KubeObject>
  /** Stored objects in this version; a promise where a webhook converts them. What already fits comes back as it is. */
  fromStorage(objects: readonly KubeObject[]): readonly KubeObject[] | Promise<readonly KubeObject[]>
  /** Whether discovery tells of it: from the moment that its definition says that it is served. */
  isListed(): boolean
  readonly printer: TablePrinter
  /** The text of the Warning header of a deprecated version. */
  readonly deprecationWarning?: string
  readonly openAPI: CustomOpenAPI
}

/** The definitions of a custom resource and its list in both dialects, by name. Made when first asked for. */
export interface CustomOpenAPI {
  definitions(dialect: 'v2' | 'v3'): Record<string, Record<string, unknown>>
}

/** The verbs of a resource that can do everything. */
export const allVerbs: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
]

export const statusSubresource: SubresourceDeclaration = { name: 'status', verbs: ['get', 'patch', 'update'] }

export const scaleSubresource: SubresourceDeclaration = {
  name: 'scale',
  kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
  verbs: ['get', 'patch', 'update'],
}

type Optional = 'singular' | 'listKind' | 'subresources' | 'columns' | 'storage'

/** Declares a resource; what is left out follows from the kind. */
export function resource<T>(
  of: Omit<ResourceDeclaration<T>, Optional> & Partial<Pick<ResourceDeclaration<T>, Optional>>,
): ResourceDeclaration<T> {
  return {
    singular: of.kind.toLowerCase(),
    listKind: `${of.kind}List`,
    subresources: [],
    columns: [],
    storage: { group: of.group, version: of.version },
    ...of,
  }
}

/** `v1`, `apps/v1`. */
export function apiVersionOf(of: { readonly group: string; readonly version: string }): string {
  return of.group === '' ? of.version : `${of.group}/${of.version}`
}

/** `pods`, `deployments.apps`: how upstream names a resource in messages, storage keys and audit. */
export function groupResource(of: { readonly group: string; readonly resource: string }): string {
  return of.group === '' ? of.resource : `${of.resource}.${of.group}`
}

/** The text of the Warning header; undefined for what is not deprecated. */
export function deprecationWarning({ kind, deprecated, custom, ...of }: ResourceDeclaration): string | undefined {
  if (custom) return custom.deprecationWarning
  if (!deprecated) return undefined
  const instead = deprecated.replacement ? `; use ${deprecated.replacement}` : ''
  return `${apiVersionOf(of)} ${kind} is deprecated in v${deprecated.since}+${instead}`
}

/** A kind that is not stored (Status, reviews, options): its schema and names. */
export interface KindDeclaration<T = any> {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly schema: ObjectSchema & { readonly __value?: T }
}
