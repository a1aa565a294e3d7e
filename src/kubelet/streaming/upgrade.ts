// The HTTP side of a streaming request: what the client asks to upgrade to, the answer 101, or a refusal. Comes in: the
// pieces of an http.Server 'upgrade' event. Goes out: the raw connection, or a WebSocket over it.

import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'

export interface UpgradeRequest {
  readonly request: IncomingMessage
  readonly socket: Duplex
  /** The first bytes after the request's head, if the client has sent some already. */
  readonly head: Buffer
}

/** Longest message: stock clients send 32 KiB at a time, and the stock server takes 32 MiB. */
const maxMessage = 32 * 1024 * 1024

function isUpgradeTo(request: IncomingMessage, protocol: string): boolean {
  const connection = (request.headers.connection ?? '').toLowerCase()
  return connection.includes('upgrade') && (request.headers.upgrade ?? '').toLowerCase() === protocol
}

export function isWebSocketRequest(request: IncomingMessage): boolean {
  return isUpgradeTo(request, 'websocket')
}

export function isSpdyRequest(request: IncomingMessage): boolean {
  return isUpgradeTo(request, 'spdy/3.1')
}

function listed(header: string | readonly string[] | undefined): string[] {
  const text = typeof header === 'string' ? header : (header?.join(',') ?? '')
  return text
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')
}

/** The subprotocols that a WebSocket client offers, best first. */
export function offeredSubprotocols(request: IncomingMessage): string[] {
  return listed(request.headers['sec-websocket-protocol'])
}

/** Answers with an error in plain text, as upstream's servers do here, and closes. */
export function refuseUpgrade(
  { socket }: UpgradeRequest,
  code: number,
  message: string,
  headers: readonly string[] = [],
): void {
  const body = `${message}\n`
  const head = [
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}`,
    'Content-Type: text/plain; charset=utf-8',
    'X-Content-Type-Options: nosniff',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...headers,
  ]
  socket.on('error', () => {})
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

/**
 * Agrees on one of the protocols and answers 101; the socket speaks SPDY from then on. Where there is nothing to agree
 * on, answers with the error and gives undefined.
 */
export function acceptSpdy(upgrade: UpgradeRequest, served: readonly string[]): string | undefined {
  const { request, socket } = upgrade
  const header = request.headers['x-stream-protocol-version']
  if (header === undefined) {
    const count = Object.keys(request.headers).length
    refuseUpgrade(
      upgrade,
      400,
      `unable to upgrade: header X-Stream-Protocol-Version does not exist in request with ${count} headers`,
    )
    return undefined
  }
  const offered = listed(header)
  if (offered.length === 0) {
    refuseUpgrade(
      upgrade,
      400,
      `unable to upgrade: header X-Stream-Protocol-Version contains [${header}], but no valid protocols`,
    )
    return undefined
  }
  const protocol = offered.find(name => served.includes(name))
  if (protocol === undefined) {
    refuseUpgrade(
      upgrade,
      403,
      `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], ` +
        `server accepts [${served.join(' ')}]`,
      served.map(name => `X-Accepted-Stream-Protocol-Versions: ${name}`),
    )
    return undefined
  }
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n' +
      `X-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  )
  return protocol
}

/** Answers 101 and gives the WebSocket; `undefined` when the handshake is broken, which is then answered. */
export function acceptWebSocket(
  { request, socket, head }: UpgradeRequest,
  subprotocol: string | undefined,
): WebSocket | undefined {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxMessage,
  })
  // `ws` takes only HTTP tokens as subprotocols and Kubernetes' tunnel has a slash in its name: so we choose and answer.
  delete request.headers['sec-websocket-protocol']
  if (subprotocol) server.once('headers', headers => headers.push(`Sec-WebSocket-Protocol: ${subprotocol}`))
  let accepted: WebSocket | undefined
  server.handleUpgrade(request, socket, head, webSocket => {
    accepted = webSocket
    webSocket.on('error', () => {})
  })
  return accepted
}
