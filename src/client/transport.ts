// How a request gets to the API server and back. Two transports have these semantics: HTTPS (`https-transport.ts`), and
// the direct one that an API server in the same process offers (apiserver/direct-transport.ts), where objects cross by
// reference, frozen, without being encoded.
//
// A transport answers what the server answers: a failure is an answer with a Status in it, not an exception. It throws
// only when there is no answer (connection refused, reset, aborted).

import type { Duplex } from 'node:stream'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS' | 'CONNECT'

export interface ApiRequest {
  readonly method: Method
  /** Such as /api/v1/namespaces/default/pods; without a query. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>
  /** An object (encoded as JSON where it must be), or bytes of the content-type named in the headers. */
  readonly body?: object | Uint8Array
  readonly signal?: AbortSignal
}

export interface ApiResponse {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** The decoded JSON body, frozen when it comes from the same process; undefined when there is none. */
  readonly body: unknown
  /** The body's text, for answers that are not JSON (logs, healthz, metrics). */
  readonly text?: string
}

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'

export interface WatchEvent<T = unknown> {
  readonly type: WatchEventType
  readonly object: T
}

export interface WatchStream {
  /** Events as they come. May be called synchronously from within the transport; must not throw. */
  event(event: WatchEvent): void
  /** The watch ended: by the server (undefined), or by a fault of the connection. Called exactly once. */
  end(error?: Error): void
}

export interface Transport {
  request(request: ApiRequest): Promise<ApiResponse>
  /**
   * A GET that answers a stream of watch events. Resolves once the server has accepted it (status 200, events go to
   * the stream) or refused it (any other status; the stream is never called).
   */
  watch(request: ApiRequest, stream: WatchStream): Promise<{ response: ApiResponse; stop(): void }>
  /** A GET whose body is followed as it grows (logs -f): each chunk goes to the callback; resolves at the end. */
  stream(request: ApiRequest, chunk: (bytes: Uint8Array) => void): Promise<ApiResponse>
  /** An HTTP/1.1 upgrade (exec, attach, port-forward): the raw connection after 101, or the refusal. */
  upgrade(request: ApiRequest): Promise<{ response: ApiResponse; socket?: Duplex; head?: Uint8Array }>
  close(): void
}
