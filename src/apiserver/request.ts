// One request on its way through the API server, and what may come back. Both front doors (serving/ for HTTPS,
// direct-transport.ts for callers in the same process) make a `RequestContext`, run it through the pipeline and write
// the `Response` in their own way.

import type { Duplex } from 'node:stream'
import type { Method, WatchEvent } from '../client/transport.ts'
import type { AuditEvent } from './audit/event.ts'
import type { PeerCertificate } from './authentication/authenticator.ts'
import type { FlowPass } from './flowcontrol/flow-control.ts'
import type { RequestInfo } from './request-info.ts'
import type { UserInfo } from './user.ts'

export interface RequestContext {
  readonly method: Method
  readonly path: string
  /** Path and query as they came; callers in the same process don't have to write them down. */
  readonly target: string | undefined
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Names and values in turn, as they came over the wire (`headerValues`). */
  readonly rawHeaders?: readonly string[]
  /** The answer is wanted as objects by reference, not as bytes. */
  readonly direct: boolean
  readonly signal: AbortSignal | undefined
  /** The whole body; throws a 413 when it is larger than the server takes. */
  readBody(): Promise<Uint8Array | object | undefined>
  readonly peerCertificate: (() => PeerCertificate | undefined) | undefined
  /** The raw connection, when the client asked for an HTTP/1.1 upgrade. */
  readonly connection?: { readonly socket: Duplex; readonly head: Uint8Array; readonly httpHead: string }
  readonly remoteAddress: string
  /** A user the front door vouches for (callers in the same process). */
  readonly trustedUser?: UserInfo

  /** When it came, on the monotonic clock. */
  readonly startedAt: number
  /** Texts for `Warning` headers. */
  readonly warnings: string[]

  // Filled in by the pipeline's stages, in its order.
  auditID: string
  info: RequestInfo
  /** It may go on for as long as the client likes: watches, logs, proxies. */
  longRunning: boolean
  /** How long it may take otherwise. */
  timeoutMilliseconds: number
  /** Headers for the answer, whatever it is. */
  responseHeaders: Record<string, string> | undefined
  user: UserInfo
  /** What authentication has for the audit log. */
  credentialAnnotations: Record<string, string> | undefined
  credentialAudiences: readonly string[] | undefined
  /** Present when the request is to be recorded. */
  audit: AuditEvent | undefined
  /** Present when flow control has seen it. */
  flow: FlowPass | undefined
  /** A resource (or a health check) that the server has answers for: such requests are counted. */
  handled: boolean
  /** Of a version that will go away. */
  deprecated: boolean
  /** Let go of what authorizers keep for this request. */
  held: (() => void)[] | undefined
}

/** What no stage has filled in yet. */
export function unfilled(): Pick<
  RequestContext,
  | 'auditID'
  | 'info'
  | 'longRunning'
  | 'timeoutMilliseconds'
  | 'responseHeaders'
  | 'user'
  | 'credentialAnnotations'
  | 'credentialAudiences'
  | 'audit'
  | 'flow'
  | 'handled'
  | 'deprecated'
  | 'held'
> {
  return {
    auditID: '',
    info: undefined as never,
    longRunning: false,
    timeoutMilliseconds: 0,
    responseHeaders: undefined,
    user: undefined as never,
    credentialAnnotations: undefined,
    credentialAudiences: undefined,
    audit: undefined,
    flow: undefined,
    handled: false,
    deprecated: false,
    held: undefined,
  }
}

/** Where a long answer goes: watch events or a followed log. */
export interface ResponseSink {
  /** Bytes for the wire. False: the client is slow, `drained` tells when to go on. */
  write(bytes: Uint8Array): boolean
  /** How many bytes wait to be sent. */
  readonly pending: number
  end(): void
  /** Called once when the client went away or the answer has ended. */
  onClose(callback: () => void): void
}

/** The direct counterpart of a sink: watch events by reference. */
export interface DirectWatchSink {
  event(event: WatchEvent): void
  end(): void
  onClose(callback: () => void): void
}

export interface Response {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly contentType?: string
  /** Bytes for the wire, in pieces. */
  readonly body?: Uint8Array | readonly Uint8Array[]
  /** For direct callers: the object itself, frozen. */
  readonly object?: unknown
  /** A long answer. */
  readonly stream?: (sink: ResponseSink) => void
  /** A long answer for direct callers. */
  readonly watch?: (sink: DirectWatchSink) => void
  /** The connection has been taken over (upgrade): nothing is to be written. */
  readonly hijacked?: boolean
  /** For direct callers: the other end of an upgraded connection. */
  readonly upgraded?: Duplex
  /** Called instead of `stream` or `watch` when the client is gone before the answer could begin. */
  readonly abandoned?: () => void
}

export type Answer = Response | Promise<Response>
