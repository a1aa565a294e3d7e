// A server of one HTTP/2 connection after the other, for the tests of this room.

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { Http2Connection, type Http2Options } from './connection.ts'
import type { BodyReader, Http2Stream } from './stream.ts'

export const reader: BodyReader = {
  largest: 3 << 20,
  tooLarge: () => new Error('too large'),
  cut: () => new Error('cut'),
}

/** Answers with what it was sent. */
export const echo = (stream: Http2Stream): void => {
  stream.body(reader).then(
    body => void stream.respond(200, { 'content-length': body.length }, [body]),
    error => void stream.respond(413, {}, [Buffer.from(error.message)]),
  )
}

export class TestServer {
  /** Of the requests that come from now on. */
  handle: (stream: Http2Stream) => void = echo
  limits: Partial<Http2Options> = {}
  /** How connections have ended. */
  readonly ends: (Error | undefined)[] = []
  connection: Http2Connection | undefined
  readonly #server: Server
  readonly #closing: { destroy(): void }[] = []

  private constructor() {
    this.#server = createServer(socket => {
      this.closeAtEnd(socket)
      socket.setNoDelay(true)
      this.connection = new Http2Connection(socket, {
        maxConcurrentStreams: 250,
        maxHeaderListSize: 1 << 16,
        onRequest: stream => this.handle(stream),
        onEnd: error => void this.ends.push(error),
        ...this.limits,
      })
    })
  }

  static async start(): Promise<TestServer> {
    const server = new TestServer()
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  closeAtEnd<T extends { destroy(): void }>(one: T): T {
    this.#closing.push(one)
    return one
  }

  async stop(): Promise<void> {
    for (const one of this.#closing) one.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
