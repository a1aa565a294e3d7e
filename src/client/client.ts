// How everyone else talks to the front door. Every component but the API server itself stands on this room.
//
// Comes in: a transport (`https-transport.ts`; `kubeconfig.ts` says where to and as whom), or the one that an API server
// in the same process offers. Goes out: this typed client (`rest-client.ts` makes one), and on top of it
//   informer.ts          a current local copy of a resource, kept by reflector.ts, read through indexed-store.ts
//   controller.ts        a declaration and a reconcile function, run on informers and a work-queue.ts
//   event-recorder.ts    Events about objects; event-series.ts is the scheduler's form of them
//   leader-election.ts   which of several like processes does the work
//
// `client.resource(pods).namespace('default').get('web-0')`: a failure is thrown as a `StatusError` carrying the server's
// Status. Objects that come back are shared, and frozen when the server is in the same process: copy before you change.

import type { ResourceDeclaration } from '../api/resource.ts'
import type { Transport, WatchEventType } from './transport.ts'

export interface ObjectList<T> {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: {
    readonly resourceVersion?: string
    readonly continue?: string
    readonly remainingItemCount?: number
  }
  readonly items: readonly T[]
}

export interface GetOptions {
  readonly resourceVersion?: string
}

export interface ListOptions {
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly limit?: number
  readonly continue?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan'
}

export interface WatchOptions {
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: 'NotOlderThan'
  readonly allowWatchBookmarks?: boolean
  readonly sendInitialEvents?: boolean
  readonly timeoutSeconds?: number
}

export interface WriteOptions {
  readonly dryRun?: boolean
  readonly fieldManager?: string
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore'
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground'
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
  readonly dryRun?: boolean
}

export type PatchType =
  | 'application/json-patch+json'
  | 'application/merge-patch+json'
  | 'application/strategic-merge-patch+json'
  | 'application/apply-patch+yaml'

/**
 * An object before the server has seen it: whatever may be left out because the server (or a default) fills it in.
 * Nothing checks here that what upstream requires is there; the server does.
 */
export type Draft<T> = 0 extends 1 & T
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Draft<Item>[]
    : T extends object
      ? { readonly [Field in keyof T]?: Draft<T[Field]> }
      : T

/** A watch that the server breaks off with an ERROR event ends with that `StatusError`. */
export interface TypedWatchStream<T> {
  event(event: { readonly type: WatchEventType; readonly object: T }): void
  end(error?: Error): void
}

/** One resource, in one namespace or (for lists and watches) in all. */
export interface ResourceClient<T> {
  /** The same resource in this namespace. Cluster-scoped resources, and lists over all namespaces, leave it out. */
  namespace(namespace: string | undefined): ResourceClient<T>
  get(name: string, options?: GetOptions): Promise<T>
  list(options?: ListOptions): Promise<ObjectList<T>>
  watch(options: WatchOptions, stream: TypedWatchStream<T>): Promise<{ stop(): void }>
  create(object: T | Draft<T>, options?: WriteOptions): Promise<T>
  update(object: T, options?: WriteOptions): Promise<T>
  updateStatus(object: T, options?: WriteOptions): Promise<T>
  patch(
    name: string,
    type: PatchType,
    patch: object,
    options?: WriteOptions & { readonly subresource?: string; readonly force?: boolean },
  ): Promise<T>
  delete(name: string, options?: DeleteOptions): Promise<T>
  deleteCollection(options?: DeleteOptions & ListOptions): Promise<void>
  /** POST to a subresource (binding, eviction, token). */
  createSubresource<Out = any>(name: string, subresource: string, body: object, options?: WriteOptions): Promise<Out>
  getSubresource<Out = any>(name: string, subresource: string): Promise<Out>
  updateSubresource<Out = any>(name: string, subresource: string, body: object, options?: WriteOptions): Promise<Out>
}

export interface Client {
  readonly transport: Transport
  resource<T>(declaration: ResourceDeclaration<T>): ResourceClient<T>
}
