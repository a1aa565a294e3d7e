// Kubernetes' channel protocols over WebSocket: the first byte of each message says which channel the rest belongs to.
// In the base64 variants messages are text: a digit, then base64. In v5 the message [255, n] says that channel n has
// come to its end; before, only the end of the connection could say so.

import { Readable, Writable } from 'node:stream'
import type { RawData, WebSocket } from 'ws'

const closeSignal = 255
const digitZero = '0'.charCodeAt(0)

export interface ChannelProtocol {
  readonly base64: boolean
  /** Version 5: a channel can be closed by itself. */
  readonly closeSignal: boolean
}

export class WebSocketChannels {
  readonly #webSocket: WebSocket
  readonly #protocol: ChannelProtocol
  readonly #inputs = new Map<number, Readable>()
  readonly #gone = new AbortController()

  constructor(webSocket: WebSocket, protocol: ChannelProtocol) {
    this.#webSocket = webSocket
    this.#protocol = protocol
    webSocket.on('message', (message, isBinary) => this.#receive(message, isBinary))
    webSocket.on('close', () => {
      for (const channel of [...this.#inputs.keys()]) this.#endInput(channel)
      this.#gone.abort(new Error('the client closed the connection'))
    })
  }

  /** Aborted once the connection is closed, by whichever side. */
  get closed(): AbortSignal {
    return this.#gone.signal
  }

  /** What the client sends on a channel. */
  input(channel: number): Readable {
    const input = new Readable({ read: () => this.#webSocket.resume() })
    input.on('error', () => {})
    this.#inputs.set(channel, input)
    return input
  }

  /** What we send on a channel. */
  output(channel: number): Writable {
    const output = new Writable({
      write: (chunk: Buffer, _encoding, done) => this.send(channel, chunk, done),
    })
    output.on('error', () => {})
    return output
  }

  send(channel: number, data: Uint8Array, done: (error?: Error | null) => void = () => {}): void {
    if (this.#protocol.base64) {
      const text = String.fromCharCode(digitZero + channel) + Buffer.from(data).toString('base64')
      this.#webSocket.send(text, { binary: false }, done)
      return
    }
    const message = Buffer.allocUnsafe(1 + data.length)
    message[0] = channel
    message.set(data, 1)
    this.#webSocket.send(message, { binary: true }, done)
  }

  /** Closes the connection after all that was sent. */
  close(): void {
    this.#webSocket.resume()
    this.#webSocket.close(1000)
  }

  #receive(raw: RawData, isBinary: boolean): void {
    const message = Buffer.isBuffer(raw) ? raw : Buffer.concat(Array.isArray(raw) ? raw : [Buffer.from(raw)])
    if (message.length === 0) return
    if (this.#protocol.base64 && !isBinary) {
      this.#deliver(message[0]! - digitZero, Buffer.from(message.toString('latin1', 1), 'base64'))
    } else if (this.#protocol.closeSignal && message[0] === closeSignal) {
      if (message.length === 2) this.#endInput(message[1]!)
    } else {
      this.#deliver(message[0]!, message.subarray(1))
    }
  }

  /** Data for a channel that nobody reads is dropped. */
  #deliver(channel: number, data: Buffer): void {
    const input = this.#inputs.get(channel)
    if (!input || input.destroyed || data.length === 0) return
    if (!input.push(data)) this.#webSocket.pause()
  }

  #endInput(channel: number): void {
    const input = this.#inputs.get(channel)
    this.#inputs.delete(channel)
    if (input && !input.destroyed) input.push(null)
  }
}
