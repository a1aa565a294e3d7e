// What a form of an object is: the bytes of one, of a list, and of a watch event.

import type { KubeObject } from '../../../api/resource.ts'
import type { StoredObject } from '../../watchcache/stored-object.ts'

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
  /** undefined: the form cannot be watched. */
  readonly watchContentType: string | undefined
  object(stored: StoredObject): Uint8Array | readonly Uint8Array[]
  list(items: readonly StoredObject[], meta: ListMeta): readonly Uint8Array[]
  event(type: string, stored: StoredObject): Uint8Array
  /** A bookmark or an error. */
  specialEvent(type: 'BOOKMARK' | 'ERROR', object: KubeObject): Uint8Array
  /** The form of a watch's events after the first one, when it is another: a Table says its columns once. */
  readonly later?: Representation
}
