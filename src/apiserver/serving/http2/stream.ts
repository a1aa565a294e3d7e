// One request on an HTTP/2 connection, and its answer.

import type { HeaderValue } from './hpack/encoder.ts'

/** What a stream asks of its connection. */
export interface StreamOwner {
  /** The head of an answer, which is all of it when the stream is finished and nothing is pending. */
  sendHeaders(stream: Http2Stream, status: number, headers: Readonly<Record<string, HeaderValue | undefined>>): void
  /** There is more in the stream's queue. */
  sendData(stream: Http2Stream): void
  sendReset(stream: Http2Stream, code: number): void
  /** The client may send so many octets more. */
  sendWindow(stream: Http2Stream, octets: number): void
  /** Nothing will come or go any more. */
  closed(stream: Http2Stream): void
  /** Whoever answers is done with a stream, whether it is closed by now or not. */
  answered(): void
}

export interface StreamRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  /** With HTTP/2's own (`:method`) among them; those that came several times joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  /** Names and values in turn, where a name came several times. */
  readonly rawHeaders: readonly string[] | undefined
}

/** What a body may be, and what its reader is told when it is not. */
export interface BodyReader {
  readonly largest: number
  tooLarge(): Error
  cut(): Error
}

export class Http2Stream {
  readonly id: number
  readonly request: StreamRequest
  readonly #owner: StreamOwner

  // What comes in.
  #pieces: Buffer[] = []
  #received = 0
  /** As the client has told it. */
  readonly #expected: number
  /** Everything has come. */
  ended = false
  /** Octets that the client may still send. */
  receiveWindow: number
  #reader: { resolve(body: Uint8Array): void; reject(error: Error): void; of: BodyReader } | undefined
  /** The body is of no interest (any more). */
  #ignored = false

  // What goes out.
  /** Octets that the client takes. */
  sendWindow: number
  /** Not sent yet. */
  readonly queue: Uint8Array[] = []
  /** Octets of the queue's first piece that are sent. */
  sent = 0
  pending = 0
  /** Nothing is added to the queue any more. */
  finished = false
  closed = false
  /** The head of the answer is sent. */
  begun = false
  #handled = false
  #onClose: (() => void)[] = []

  constructor(id: number, request: StreamRequest, owner: StreamOwner, receiveWindow: number, sendWindow: number) {
    this.id = id
    this.request = request
    this.#owner = owner
    this.receiveWindow = receiveWindow
    this.sendWindow = sendWindow
    const length = request.headers['content-length']
    this.#expected = length === undefined ? -1 : Number(length)
  }

  // ---- The request's body --------------------------------------------------------------------------------------------

  /** The whole body. To be asked for once. */
  body(reader: BodyReader): Promise<Uint8Array> {
    if (this.#expected > reader.largest || this.#received > reader.largest) {
      this.#ignore()
      return Promise.reject(reader.tooLarge())
    }
    if (this.ended) return Promise.resolve(this.#takeBody())
    if (this.closed) return Promise.reject(reader.cut())
    this.#refill()
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject, of: reader }
    })
  }

  #takeBody(): Uint8Array {
    const body = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#received)
    this.#ignore()
    return body
  }

  #ignore(): void {
    this.#ignored = true
    this.#pieces = []
  }

  /** Takes a piece of the body. False: more than was told. */
  receive(piece: Buffer | undefined, ends: boolean): boolean {
    if (piece && piece.length > 0) {
      this.#received += piece.length
      if (!this.#ignored) this.#pieces.push(piece)
    }
    if (this.#expected >= 0 && (ends ? this.#received !== this.#expected : this.#received > this.#expected))
      return false
    if (ends) this.ended = true
    const reader = this.#reader
    if (!reader) return true
    if (this.#received > reader.of.largest) {
      this.#reader = undefined
      this.#ignore()
      reader.reject(reader.of.tooLarge())
    } else if (ends) {
      this.#reader = undefined
      reader.resolve(this.#takeBody())
    } else this.#refill()
    return true
  }

  /** Somebody reads: what has come makes room for more. */
  #refill(): void {
    if (this.ended || this.receiveWindow > 1 << 19) return
    const octets = (1 << 20) - this.receiveWindow
    this.receiveWindow += octets
    this.#owner.sendWindow(this, octets)
  }

  // ---- The answer ----------------------------------------------------------------------------------------------------

  /** A whole answer. False: the client is gone. */
  respond(
    status: number,
    headers: Readonly<Record<string, HeaderValue | undefined>>,
    body: readonly Uint8Array[],
  ): boolean {
    if (!this.begin(status, headers, body)) return false
    this.#answered()
    return true
  }

  /** The head of an answer. Its body is written piece by piece, unless it is here. False: the client is gone. */
  begin(
    status: number,
    headers: Readonly<Record<string, HeaderValue | undefined>>,
    body?: readonly Uint8Array[],
  ): boolean {
    if (this.closed) {
      this.#answered()
      return false
    }
    this.begun = true
    if (body) {
      for (const piece of body) this.#enqueue(piece)
      this.finished = true
    }
    this.#owner.sendHeaders(this, status, headers)
    if (this.pending > 0) this.#owner.sendData(this)
    return true
  }

  /** False: the client is behind. */
  write(bytes: Uint8Array): boolean {
    if (this.closed || this.finished) return false
    this.#enqueue(bytes)
    this.#owner.sendData(this)
    return this.pending === 0
  }

  end(): void {
    if (this.closed || this.finished) return
    this.finished = true
    this.#owner.sendData(this)
    this.#answered()
  }

  /** Whoever answers is done with it. */
  #answered(): void {
    if (!this.#handled) this.#owner.answered()
    this.#handled = true
  }

  #enqueue(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.queue.push(bytes)
    this.pending += bytes.length
  }

  reset(code: number): void {
    if (this.closed) return
    this.#owner.sendReset(this, code)
    this.close()
  }

  /** Nothing comes any more, whatever the reason. */
  close(): void {
    if (this.closed) return
    this.closed = true
    this.queue.length = 0
    this.pending = 0
    this.#owner.closed(this)
    if (this.begun) this.#answered()
    const reader = this.#reader
    this.#reader = undefined
    reader?.reject(reader.of.cut())
    this.#ignore()
    const callbacks = this.#onClose
    this.#onClose = []
    // Whoever has just ended it is not called back meanwhile.
    if (callbacks.length > 0) queueMicrotask(() => callbacks.forEach(callback => void callback()))
  }

  onClose(callback: () => void): void {
    if (this.closed) queueMicrotask(callback)
    else this.#onClose.push(callback)
  }
}
