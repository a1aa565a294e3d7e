// A long answer as the messages of a WebSocket, for browsers, which can read it in no other way piece by piece. What the
// client sends is not looked at.

import type { IncomingMessage } from 'node:http'
import { failure } from '../../machinery/status-error.ts'
import type { RequestContext, Response } from '../request.ts'

export type WebSocketRequest = Pick<RequestContext, 'method' | 'headers'> & {
  readonly connection: NonNullable<RequestContext['connection']>
}

/** The subprotocols: whether each takes text, in base64. */
const protocols: Readonly<Record<string, boolean>> = { '': false, 'binary.k8s.io': false, 'base64.binary.k8s.io': true }

export function isWebSocketRequest(
  request: Pick<RequestContext, 'headers' | 'connection'> & { readonly method: string },
): request is WebSocketRequest {
  return request.connection !== undefined && String(request.headers['upgrade']).toLowerCase() === 'websocket'
}

export async function overWebSocket(stream: Response['stream'] & {}, request: WebSocketRequest): Promise<Response> {
  const { WebSocketServer } = await import('ws')
  const { socket, head } = request.connection
  const asked = String(request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map(name => name.trim())
  const protocol = asked.find(name => name in protocols)
  if (protocol === undefined) {
    const supported = Object.keys(protocols).filter(name => name !== '')
    throw failure(
      403,
      'Forbidden',
      `requested protocol(s) are not supported: ${list(asked)}; supports ${list(supported)}`,
    )
  }
  const server = new WebSocketServer({ noServer: true, handleProtocols: () => protocol || false })
  const upgrade = { method: 'GET', headers: request.headers } as IncomingMessage
  server.handleUpgrade(upgrade, socket, Buffer.from(head), client => {
    client.on('error', () => client.terminate())
    const send = (bytes: Uint8Array) =>
      protocols[protocol] ? client.send(Buffer.from(bytes).toString('base64')) : client.send(bytes)
    // It tells the client that there is somebody, however long it takes until there is something.
    send(Buffer.alloc(0))
    stream({
      write(bytes) {
        send(bytes)
        return client.bufferedAmount === 0
      },
      get pending() {
        return client.bufferedAmount
      },
      end: () => client.close(),
      onClose: callback => void client.once('close', callback),
    })
  })
  return { status: 101, hijacked: true }
}

const list = (names: readonly string[]): string => `[${names.join(' ')}]`
