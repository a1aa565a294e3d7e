// Port forwarding: `kubectl port-forward`. One connection carries many forwarded connections, each of which becomes a
// stream that the runtime connects with a port of the pod.
//
// Comes in: an HTTP upgrade to SPDY; to a WebSocket that SPDY is tunnelled through (kubectl 1.31 and later); or to the
// channel protocol over WebSocket (`port-forward-websocket.ts`). Goes out: one call of `forward` for each connection.

import type { Duplex } from 'node:stream'
import { createWebSocketStream } from 'ws'
import type { Clock, Logger, Timer } from '../../machinery/env/env.ts'
import { quote } from '../../machinery/go-text.ts'
import { parsePort } from './port.ts'
import { serveWebSocketPortForward } from './port-forward-websocket.ts'
import { streamCreationTimeout } from './remote-command-spdy.ts'
import { SpdyConnection } from './spdy/connection.ts'
import type { SpdyStream } from './spdy/stream.ts'
import {
  acceptSpdy,
  acceptWebSocket,
  isSpdyRequest,
  isWebSocketRequest,
  offeredSubprotocols,
  refuseUpgrade,
  type UpgradeRequest,
} from './upgrade.ts'

export interface PortForwardTarget {
  /** For messages. */
  readonly podName: string
  readonly podUid: string
  /** Connects the stream with the port; resolves when both directions have ended, rejects when that fails. */
  forward(port: number, stream: Duplex): Promise<void>
}

const protocol = 'portforward.k8s.io'
export const tunnelProtocol = `SPDY/3.1+${protocol}`

/** Serves the connection until it is closed. */
export async function servePortForward(
  upgrade: UpgradeRequest,
  target: PortForwardTarget,
  env: { readonly clock: Clock; readonly log: Logger },
): Promise<void> {
  if (isWebSocketRequest(upgrade.request)) {
    if (!offeredSubprotocols(upgrade.request).includes(tunnelProtocol))
      return serveWebSocketPortForward(upgrade, target)
    const webSocket = acceptWebSocket(upgrade, tunnelProtocol)
    if (!webSocket) return
    await new PortForwardSession(createWebSocketStream(webSocket), undefined, target, env).closed
    return
  }
  if (!isSpdyRequest(upgrade.request)) {
    refuseUpgrade(upgrade, 400, 'unable to upgrade: missing upgrade headers in request')
    return
  }
  if (acceptSpdy(upgrade, [protocol]) === undefined) return
  await new PortForwardSession(upgrade.socket, upgrade.head, target, env).closed
}

/** A data stream and an error stream with the same request id make one forwarded connection. */
interface StreamPair {
  data?: SpdyStream
  error?: SpdyStream
  readonly timer: Timer
}

class PortForwardSession {
  readonly closed: Promise<Error | undefined>
  readonly #target: PortForwardTarget
  readonly #clock: Clock
  readonly #log: Logger
  readonly #pairs = new Map<string, StreamPair>()

  constructor(
    transport: Duplex,
    head: Buffer | undefined,
    target: PortForwardTarget,
    env: { readonly clock: Clock; readonly log: Logger },
  ) {
    this.#target = target
    this.#clock = env.clock
    this.#log = env.log
    const connection = new SpdyConnection(transport, {
      role: 'server',
      clock: env.clock,
      ...(head && { head }),
      onStream: stream => this.#accept(stream),
    })
    this.closed = connection.closed.then(error => {
      for (const { timer } of this.#pairs.values()) timer.cancel()
      return error
    })
  }

  /** Throws for a stream that is not of this protocol, which refuses it. */
  #accept(stream: SpdyStream): void {
    parsePort(stream.headers.port)
    const type = stream.headers.streamtype
    if (type !== 'data' && type !== 'error') throw new Error(`invalid stream type ${quote(type ?? '')}`)
    // Clients without request ids open the error stream first and the data stream next.
    const id = stream.headers.requestid || String(type === 'error' ? stream.id : stream.id - 2)
    let pair = this.#pairs.get(id)
    if (!pair) {
      pair = { timer: this.#clock.setTimeout(() => this.#giveUp(id), streamCreationTimeout) }
      this.#pairs.set(id, pair)
    }
    if (pair[type]) {
      pair.error?.write(`error processing stream for request ${id}: ${type} stream already assigned`)
      return
    }
    pair[type] = stream
    if (type === 'error') stream.resume()
    if (!pair.data || !pair.error) return
    pair.timer.cancel()
    this.#pairs.delete(id)
    void this.#forward(pair.data, pair.error)
  }

  #giveUp(id: string): void {
    const pair = this.#pairs.get(id)
    this.#pairs.delete(id)
    pair?.error?.end(`(request=${id}) timed out waiting for streams`)
    pair?.data?.reset('CANCEL')
  }

  async #forward(data: SpdyStream, error: SpdyStream): Promise<void> {
    const port = parsePort(data.headers.port)
    try {
      await this.#target.forward(port, data)
    } catch (cause) {
      const { podName, podUid } = this.#target
      const failure = cause as NodeJS.ErrnoException
      const message = `error forwarding port ${port} to pod ${podName}, uid ${podUid}: ${failure.message}`
      this.#log.warn('Port forwarding failed', { pod: podName, port, error: failure.message })
      // A connection that the pod's process broke off is no reason to stop forwarding; whatever else is, tells the
      // client to close.
      const broken = failure.code === 'EPIPE' || failure.code === 'ECONNRESET'
      error.write(`${JSON.stringify({ ...(!broken && { closeConnection: true }), message })}\n`)
    }
    if (!data.writableEnded) data.end()
    error.end()
    data.resume()
  }
}
