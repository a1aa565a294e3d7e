// How the API server reaches kubelets, and (for the proxy subresources) pods. Two ways: HTTPS with the kubelet client
// certificate, and connections within the process, to simulated nodes, without any socket.
//
// Comes in: whom to reach and an HTTP request. Goes out: the response as a stream, or an upgraded connection. Throws a
// `DialError` when nobody answers.

import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { connect as connectTcp, type Socket } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { quote } from '../../machinery/go-text.ts'

export interface BackendTarget {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
  /** Set when it is the kubelet of this node. */
  readonly node?: string
  /** PodLogOptions.insecureSkipTLSVerifyBackend. */
  readonly skipTlsVerify?: boolean
}

export interface BackendRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>
  readonly body?: Uint8Array
  readonly signal?: AbortSignal
}

export interface BackendResponse {
  readonly status: number
  readonly statusText: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Name, value, name, value, … as they came. */
  readonly rawHeaders: readonly string[]
  readonly body: Readable
}

export interface BackendUpgrade {
  readonly response: BackendResponse
  /** The raw connection after 101; missing when the backend refused. */
  readonly socket?: Duplex
  /** What the backend has sent on it already. */
  readonly head?: Uint8Array
}

export interface KubeletConnection {
  request(target: BackendTarget, request: BackendRequest): Promise<BackendResponse>
  upgrade(target: BackendTarget, request: BackendRequest): Promise<BackendUpgrade>
}

/** Makes a connection, ready to speak HTTP/1.1 on. */
export type Dial = (target: BackendTarget, signal?: AbortSignal) => Promise<Duplex>

/** Nobody answers; the message is Go's for the same failure. */
export class DialError extends Error {
  override readonly name = 'DialError'
}

/** What is needed to be let in by kubelets. PEM. */
export interface KubeletCredentials {
  readonly cert: string
  readonly key: string
  /** Missing: the kubelet's certificate is not verified, as upstream without --kubelet-certificate-authority. */
  readonly ca?: string
}

/** Connections over the network: to kubelets with the credentials, to others without. */
export function networkDial(credentials: KubeletCredentials | undefined): Dial {
  return (target, signal) => {
    const { host, port, scheme, node, skipTlsVerify } = target
    if (scheme === 'http') return connected(connectTcp({ host, port }), 'connect', target, signal)
    const kubelet = node === undefined ? undefined : credentials
    return dialTls(
      {
        rejectUnauthorized: kubelet?.ca !== undefined && !skipTlsVerify,
        ...(kubelet && { cert: kubelet.cert, key: kubelet.key }),
        ...(kubelet?.ca && { ca: kubelet.ca }),
      },
      target,
      signal,
    )
  }
}

/** A TLS connection on which HTTP/1.1 is spoken. */
export function dialTls(options: ConnectionOptions, target: BackendTarget, signal?: AbortSignal): Promise<Duplex> {
  const { host, port } = target
  const socket = connectTls({ ...options, host, port, ALPNProtocols: ['http/1.1'] })
  return connected(socket, 'secureConnect', target, signal)
}

function connected(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  target: BackendTarget,
  signal: AbortSignal | undefined,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const abort = () => socket.destroy(new Error('context canceled'))
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
    const failed = (error: Error) => reject(new DialError(dialMessage(error, target), { cause: error }))
    socket.once('error', failed)
    socket.once(event, () => {
      signal?.removeEventListener('abort', abort)
      socket.off('error', failed)
      socket.setNoDelay(true)
      resolve(socket)
    })
  })
}

/**
 * Connections within the process where there is somebody, over the network for all others. `connect` gives our end of
 * a connection to a node's kubelet (or to a pod's address, for targets without a node), undefined for strangers.
 */
export function inProcessDial(connect: (target: BackendTarget) => Duplex | undefined, otherwise?: Dial): Dial {
  return async (target, signal) => {
    const connection = connect(target)
    if (connection) return connection
    if (!otherwise) throw new DialError(dialMessage(new Error('no route to host'), target))
    return otherwise(target, signal)
  }
}

/** HTTP/1.1 over whatever connections `dial` makes: one for each request. */
export function kubeletConnection(dial: Dial): KubeletConnection {
  async function send(target: BackendTarget, request: BackendRequest): Promise<BackendUpgrade> {
    const connection = await dial(target, request.signal)
    return new Promise((resolve, reject) => {
      const options: RequestOptions = {
        method: request.method,
        path: request.path,
        headers: { host: hostHeader(target), ...request.headers } as Record<string, string>,
        createConnection: () => connection as never,
        setHost: false,
        ...(request.signal && { signal: request.signal }),
      }
      const outgoing = httpRequest(options)
      outgoing.on('response', response => resolve({ response: answer(response) }))
      outgoing.on('upgrade', (response, socket, head) => {
        resolve({ response: answer(response), socket, head })
      })
      outgoing.on('error', error => {
        connection.destroy()
        reject(new DialError(error.message === 'socket hang up' ? 'EOF' : error.message, { cause: error }))
      })
      if (request.body && request.body.length > 0) outgoing.end(request.body)
      else outgoing.end()
    })
  }
  return {
    async request(target, request) {
      const { response, socket } = await send(target, request)
      socket?.destroy()
      return response
    },
    upgrade: send,
  }
}

function answer(response: IncomingMessage): BackendResponse {
  return {
    status: response.statusCode ?? 0,
    statusText: response.statusMessage ?? '',
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    body: response,
  }
}

export function hostHeader({ host, port }: Pick<BackendTarget, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** The failure in Go's words, which users know from upstream. */
export function dialMessage(error: Error, target: Pick<BackendTarget, 'host' | 'port'>): string {
  const address = hostHeader(target)
  const { code } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ECONNREFUSED':
      return `dial tcp ${address}: connect: connection refused`
    case 'EHOSTUNREACH':
      return `dial tcp ${address}: connect: no route to host`
    case 'ENETUNREACH':
      return `dial tcp ${address}: connect: network is unreachable`
    case 'ETIMEDOUT':
      return `dial tcp ${address}: i/o timeout`
    case 'ECONNRESET':
      return `read tcp ${address}: connection reset by peer`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${target.host}: no such host`
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return 'tls: failed to verify certificate: x509: certificate signed by unknown authority'
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `tls: failed to verify certificate: x509: certificate is not valid for ${quote(target.host)}`
    default:
      return `dial tcp ${address}: ${error.message}`
  }
}
