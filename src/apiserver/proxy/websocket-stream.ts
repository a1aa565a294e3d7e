// A long answer as the messages of a WebSocket, for browsers, which can read it in no other way piece by piece.

import type { Response } from '../request.ts'
import { messageSink, type WebSocketRequest, WebSockets } from '../serving/websocket.ts'

/** The subprotocols: whether each takes text, in base64. */
const protocols: Readonly<Record<string, boolean>> = { '': false, 'binary.k8s.io': false, 'base64.binary.k8s.io': true }

function choose(asked: readonly string[]): string | number {
  if (asked.length === 0) return ''
  return asked.find(name => name in protocols) ?? 403
}

/** An answer that is no long one stays as it is. */
export async function overWebSocket(answer: Response, request: WebSocketRequest): Promise<Response> {
  const { stream } = answer
  if (!stream) return answer
  const webSockets = await WebSockets.load()
  const accepted = webSockets.accept(request, choose, client => {
    const send = (bytes: Uint8Array) =>
      protocols[client.protocol] ? client.send(Buffer.from(bytes).toString('base64')) : client.send(bytes)
    // It tells the client that there is somebody, however long it takes until there is something.
    send(Buffer.alloc(0))
    stream(messageSink(client, send))
  })
  if (accepted.status !== 101) answer.abandoned?.()
  return accepted
}
