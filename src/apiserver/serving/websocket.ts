// WebSockets: the handshake as upstream's server does it (golang.org/x/net/websocket), and messages as the sink of a long
// answer. What the client sends is not looked at.

import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { WebSocket, WebSocketServer } from 'ws'
import { webSocketTokenProtocol } from '../authentication/bearer-token.ts'
import type { RequestContext, Response, ResponseSink } from '../request.ts'

export type WebSocketRequest = Pick<RequestContext, 'method' | 'headers'> & {
  readonly connection: NonNullable<RequestContext['connection']>
}

export function isWebSocketRequest(
  request: Pick<RequestContext, 'headers' | 'connection'> & { readonly method: string },
): request is WebSocketRequest {
  return request.connection !== undefined && String(request.headers['upgrade']).toLowerCase() === 'websocket'
}

/** The subprotocol that is spoken ('' is none), of those that the client asks for; or the status of the refusal. */
export type ChooseProtocol = (asked: readonly string[], request: WebSocketRequest) => string | number

/** Largest message of a client, as in Go. */
const maxPayload = 32 << 20

export class WebSockets {
  readonly #Server: typeof WebSocketServer

  private constructor(server: typeof WebSocketServer) {
    this.#Server = server
  }

  /** The library is loaded when the first client wants it. */
  static async load(): Promise<WebSockets> {
    const { WebSocketServer } = await import('ws')
    return new WebSockets(WebSocketServer)
  }

  /** Shakes hands, or refuses to, in this turn. */
  accept(request: WebSocketRequest, choose: ChooseProtocol, begin: (client: WebSocket) => void): Response {
    const { headers, connection } = request
    const { socket, head } = connection
    const refusal = problemOf(request)
    if (refusal) return refuse(request, refusal)
    const asked = protocolsOf(headers)
    const protocol = choose(asked, request)
    if (typeof protocol === 'number') return refuse(request, { status: protocol })
    const server = new this.#Server({ noServer: true, maxPayload, handleProtocols: () => protocol || false })
    const upgrade = { method: 'GET', headers } as IncomingMessage
    server.handleUpgrade(upgrade, socket, Buffer.from(head), client => {
      client.on('error', () => client.terminate())
      begin(client)
    })
    return { status: 101, hijacked: true }
  }
}

/** The subprotocols that a client asks for; a browser's token comes as one, too, and is nobody else's business. */
export function protocolsOf(headers: RequestContext['headers']): string[] {
  return String(headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '' && !name.startsWith(webSocketTokenProtocol))
}

interface Refusal {
  readonly status: number
  readonly headers?: string
  readonly body?: string
}

function problemOf({ method, headers }: WebSocketRequest): Refusal | undefined {
  if (method !== 'GET') return { status: 405, body: 'bad method' }
  if (!headers['sec-websocket-key']) return { status: 400, body: 'mismatch challenge/response' }
  if (headers['sec-websocket-version'] !== '13')
    return { status: 400, headers: 'Sec-WebSocket-Version: 13\r\n', body: 'missing or bad WebSocket Version' }
  return undefined
}

/** Upstream says no more than that, and closes the connection. */
function refuse({ connection }: WebSocketRequest, { status, headers = '', body = '' }: Refusal): Response {
  connection.socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}\r\n${body}`)
  return { status, hijacked: true }
}

/** Every write is one message. */
export function messageSink(client: WebSocket, send: (bytes: Uint8Array) => void): ResponseSink {
  return {
    write(bytes) {
      send(bytes)
      return client.bufferedAmount === 0
    },
    get pending() {
      return client.bufferedAmount
    },
    // The status of a normal end.
    end: () => client.close(1000),
    onClose: callback => void client.once('close', callback),
  }
}
