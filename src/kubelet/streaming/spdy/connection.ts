// A SPDY/3.1 session over any Duplex: what kubectl's older protocol (and its port-forward, inside a WebSocket), and the
// streaming servers of container runtimes, speak. Either end: the server takes streams, the client opens them.
//
// Flow control. The Go implementation that every stock peer uses (moby/spdystream) neither obeys nor sends
// WINDOW_UPDATE, so a sender that waited for windows would hang after 64 KiB. Here, the server credits received bytes,
// and a window is obeyed from the moment the peer shows that it keeps one; until then, and towards peers that keep
// none, the connection's own backpressure is what slows the sender.

import type { Duplex } from 'node:stream'
import type { Clock } from '../../../machinery/env/env.ts'
import { type Frame, FrameDecoder, FrameEncoder, settingIds } from './frame.ts'
import type { SpdyHeaders } from './header-block.ts'
import { type ResetStatus, resetStatuses, SpdyError } from './spdy-error.ts'
import { SpdyStream, type StreamTransport } from './stream.ts'

export interface SpdyConnectionOptions {
  readonly role: 'server' | 'client'
  readonly clock: Clock
  /** Bytes that were read along with the HTTP upgrade. */
  readonly head?: Uint8Array
  /** A stream that the peer opened. It is accepted unless this throws. Streams are refused where this is missing. */
  readonly onStream?: (stream: SpdyStream) => void
}

const initialWindow = 64 * 1024
const maxDataFrame = 32 * 1024
/** The transport is paused while this much is unread over all streams. */
const maxUnread = 4 * 1024 * 1024
/** How long, after we have said goodbye, the peer may take to close its side. */
const lingerMilliseconds = 5_000

interface Waiting {
  readonly stream: SpdyStream
  data: Uint8Array
  readonly fin: boolean
  readonly done: (error?: Error | null) => void
}

interface StreamState {
  readonly stream: SpdyStream
  sendWindow: number
  obeysWindow: boolean
  unreported: number
  replied: boolean
}

export class SpdyConnection {
  /** Resolves when the connection is over; with the error when it ended by one. */
  readonly closed: Promise<Error | undefined>
  readonly #transport: Duplex
  readonly #options: SpdyConnectionOptions
  readonly #encoder = new FrameEncoder()
  readonly #decoder = new FrameDecoder()
  readonly #streams = new Map<number, StreamState>()
  readonly #hooks: StreamTransport
  readonly #pings = new Map<number, () => void>()
  #resolveClosed: (error: Error | undefined) => void = () => {}
  #nextStreamId: number
  #nextPingId: number
  #lastPeerStreamId = 0
  #initialSendWindow = initialWindow
  /** The peer has announced a window for new streams. */
  #obeysInitialWindow = false
  #sessionWindow = initialWindow
  #obeysSessionWindow = false
  #sessionUnreported = 0
  #unread = 0
  #waiting: Waiting[] = []
  #over = false
  #closing = false
  #goAwayReceived = false

  constructor(transport: Duplex, options: SpdyConnectionOptions) {
    this.#transport = transport
    this.#options = options
    this.#nextStreamId = this.#nextPingId = options.role === 'client' ? 1 : 2
    this.closed = new Promise(resolve => {
      this.#resolveClosed = resolve
    })
    this.#hooks = {
      send: (stream, data, fin, done) => this.#enqueue({ stream, data, fin, done }),
      consumed: (stream, bytes) => this.#consumed(stream, bytes),
      reset: (stream, status) => this.#sendReset(stream.id, status),
      finished: stream => {
        this.#streams.delete(stream.id)
        this.#dropWaiting(stream)
      },
    }
    transport.on('data', (bytes: Uint8Array) => this.#receive(bytes))
    transport.on('end', () => this.#end(undefined))
    transport.on('close', () => this.#end(undefined))
    transport.on('error', error => this.#end(error))
    if (options.head && options.head.length > 0) this.#receive(options.head)
  }

  /** Opens a stream (client: odd numbers, server: even). */
  openStream(headers: SpdyHeaders, options: { readonly fin?: boolean } = {}): SpdyStream {
    if (this.#over || this.#closing || this.#goAwayReceived)
      throw new SpdyError('REFUSED_STREAM', 'connection is closing')
    const streamId = this.#nextStreamId
    this.#nextStreamId += 2
    const fin = options.fin ?? false
    const stream = this.#add(streamId, headers, { received: false, sent: fin }, true)
    this.#write({ type: 'SYN_STREAM', streamId, headers, fin })
    return stream
  }

  /** Resolves when the peer has answered. */
  ping(): Promise<void> {
    const id = this.#nextPingId
    this.#nextPingId += 2
    return new Promise((resolve, reject) => {
      if (this.#over) return reject(new SpdyError('CANCEL', 'connection is closed'))
      this.#pings.set(id, resolve)
      this.closed.then(error => reject(error ?? new SpdyError('CANCEL', 'connection is closed')))
      this.#write({ type: 'PING', id })
    })
  }

  /** Says goodbye and closes, once the streams that were ended are sent whole. Those still open then are destroyed. */
  close(): Promise<Error | undefined> {
    if (!this.#closing && !this.#over) {
      this.#closing = true
      this.#transport.resume()
      const linger = this.#options.clock.setTimeout(() => this.#end(undefined), lingerMilliseconds)
      this.closed.then(() => linger.cancel())
      this.#flush()
    }
    return this.closed
  }

  /** Destroying a socket with unread bytes in it resets it, and the peer would lose what we wrote last: so only end it. */
  #goodbye(status: number): void {
    this.#write({ type: 'GOAWAY', lastStreamId: this.#lastPeerStreamId, status })
    this.#transport.end()
  }

  #add(
    id: number,
    headers: SpdyHeaders,
    fin: { readonly received: boolean; readonly sent: boolean },
    replied: boolean,
  ): SpdyStream {
    const stream = new SpdyStream(this.#hooks, id, headers, fin)
    this.#streams.set(id, {
      stream,
      sendWindow: this.#initialSendWindow,
      obeysWindow: this.#obeysInitialWindow,
      unreported: 0,
      replied,
    })
    return stream
  }

  #receive(bytes: Uint8Array): void {
    if (this.#over) return
    try {
      this.#decoder.push(bytes, frame => this.#handle(frame))
    } catch (error) {
      this.#goodbye(error instanceof SpdyError ? 1 : 2)
      this.#end(error as Error)
    }
  }

  #handle(frame: Frame): void {
    switch (frame.type) {
      case 'DATA': {
        const state = this.#streams.get(frame.streamId)
        this.#unread += frame.data.length
        if (this.#unread > maxUnread && !this.#closing) this.#transport.pause()
        if (state) {
          state.stream.receive(frame.data, frame.fin ?? false)
          return
        }
        this.#consumed(undefined, frame.data.length)
        // A stream that has just ended on this side; only one that never was is the peer's mistake.
        if (!this.#everOpened(frame.streamId)) this.#sendReset(frame.streamId, 'INVALID_STREAM')
        return
      }
      case 'SYN_STREAM':
        this.#accept(frame.streamId, frame.headers, frame.fin ?? false, frame.unidirectional ?? false)
        return
      case 'SYN_REPLY':
        if (frame.fin) this.#streams.get(frame.streamId)?.stream.receive(new Uint8Array(0), true)
        return
      case 'HEADERS':
        if (frame.fin) this.#streams.get(frame.streamId)?.stream.receive(new Uint8Array(0), true)
        return
      case 'RST_STREAM':
        this.#streams.get(frame.streamId)?.stream.receiveReset(frame.status)
        return
      case 'PING': {
        const ours = frame.id % 2 === this.#nextPingId % 2
        if (!ours) {
          this.#write(frame)
          return
        }
        this.#pings.get(frame.id)?.()
        this.#pings.delete(frame.id)
        return
      }
      case 'GOAWAY':
        this.#goAwayReceived = true
        return
      case 'SETTINGS':
        for (const { id, value } of frame.settings)
          if (id === settingIds.INITIAL_WINDOW_SIZE) this.#newInitialWindow(value)
        return
      case 'WINDOW_UPDATE':
        this.#windowUpdate(frame.streamId, frame.delta)
        return
    }
  }

  #accept(streamId: number, headers: SpdyHeaders, fin: boolean, unidirectional: boolean): void {
    const peerParity = this.#options.role === 'server' ? 1 : 0
    if (streamId === 0 || streamId % 2 !== peerParity || streamId <= this.#lastPeerStreamId) {
      throw new SpdyError('PROTOCOL_ERROR', `stream id ${streamId} out of order`)
    }
    this.#lastPeerStreamId = streamId
    if (this.#closing || !this.#options.onStream) {
      this.#sendReset(streamId, 'REFUSED_STREAM')
      return
    }
    const stream = this.#add(streamId, headers, { received: fin, sent: unidirectional }, false)
    try {
      this.#options.onStream(stream)
    } catch {
      stream.reset('REFUSED_STREAM')
      return
    }
    this.#reply(streamId)
  }

  #reply(streamId: number): void {
    const state = this.#streams.get(streamId)
    if (!state || state.replied) return
    state.replied = true
    this.#write({ type: 'SYN_REPLY', streamId, headers: {} })
  }

  #everOpened(streamId: number): boolean {
    return streamId % 2 === this.#nextStreamId % 2 ? streamId < this.#nextStreamId : streamId <= this.#lastPeerStreamId
  }

  // Sending.

  #enqueue(entry: Waiting): void {
    // Data may not come before the reply that accepts the stream.
    this.#reply(entry.stream.id)
    this.#waiting.push(entry)
    this.#flush()
  }

  #flush(): void {
    if (this.#waiting.length > 0) this.#sendWaiting()
    if (this.#closing && this.#waiting.length === 0 && !this.#ending() && !this.#transport.writableEnded) {
      this.#goodbye(0)
    }
  }

  /** Whether a stream has been ended whose FIN is still to come. */
  #ending(): boolean {
    for (const { stream } of this.#streams.values()) if (stream.writableEnded && !stream.finSent) return true
    return false
  }

  #sendWaiting(): void {
    const blocked: Waiting[] = []
    const blockedStreams = new Set<SpdyStream>()
    const queue = this.#waiting
    this.#waiting = []
    for (const entry of queue) {
      if (blockedStreams.has(entry.stream) || !this.#sendNow(entry)) {
        blockedStreams.add(entry.stream)
        blocked.push(entry)
      }
    }
    this.#waiting = blocked.concat(this.#waiting)
  }

  /** Sends what the windows allow; true when the entry is done. */
  #sendNow(entry: Waiting): boolean {
    const state = this.#streams.get(entry.stream.id)
    if (!state || this.#over) {
      entry.done(new SpdyError('CANCEL', 'connection is closed'))
      return true
    }
    // Nothing more goes out on it; its writers wait for its end, which comes once it has been read.
    if (state.stream.resetBy !== undefined) return false
    for (;;) {
      const room = Math.min(
        state.obeysWindow ? state.sendWindow : Number.POSITIVE_INFINITY,
        this.#obeysSessionWindow ? this.#sessionWindow : Number.POSITIVE_INFINITY,
        maxDataFrame,
      )
      if (entry.data.length > 0 && room <= 0) return false
      const data = entry.data.subarray(0, Math.max(0, room))
      entry.data = entry.data.subarray(data.length)
      state.sendWindow -= data.length
      this.#sessionWindow -= data.length
      const last = entry.data.length === 0
      this.#write(
        { type: 'DATA', streamId: entry.stream.id, data, fin: entry.fin && last },
        last ? entry.done : undefined,
      )
      if (last) return true
    }
  }

  #write(frame: Frame, done?: (error?: Error | null) => void): void {
    if (this.#over || this.#transport.writableEnded || this.#transport.destroyed) {
      done?.(new SpdyError('CANCEL', 'connection is closed'))
      return
    }
    this.#transport.write(this.#encoder.encode(frame), done)
  }

  #sendReset(streamId: number, status: ResetStatus): void {
    this.#write({ type: 'RST_STREAM', streamId, status: resetStatuses[status] })
  }

  #newInitialWindow(size: number): void {
    const change = size - this.#initialSendWindow
    this.#initialSendWindow = size
    this.#obeysInitialWindow = true
    for (const state of this.#streams.values()) {
      state.sendWindow += change
      state.obeysWindow = true
    }
    this.#flush()
  }

  #windowUpdate(streamId: number, delta: number): void {
    if (streamId === 0) {
      this.#obeysSessionWindow = true
      this.#sessionWindow += delta
    } else {
      const state = this.#streams.get(streamId)
      if (!state) return
      state.obeysWindow = true
      state.sendWindow += delta
    }
    this.#flush()
  }

  // Receiving.

  #consumed(stream: SpdyStream | undefined, bytes: number): void {
    this.#unread -= bytes
    if (this.#unread <= maxUnread / 2 && this.#transport.isPaused()) this.#transport.resume()
    // Runtimes keep no window, and close as soon as they have written all: a credit that comes then resets the
    // connection, and what we had still to read would be lost.
    if (this.#options.role === 'client') return
    this.#sessionUnreported += bytes
    if (this.#sessionUnreported >= initialWindow / 2) {
      this.#write({ type: 'WINDOW_UPDATE', streamId: 0, delta: this.#sessionUnreported })
      this.#sessionUnreported = 0
    }
    const state = stream && this.#streams.get(stream.id)
    if (!state || state.stream.finReceived || state.stream.destroyed) return
    state.unreported += bytes
    if (state.unreported >= initialWindow / 2) {
      this.#write({ type: 'WINDOW_UPDATE', streamId: state.stream.id, delta: state.unreported })
      state.unreported = 0
    }
  }

  #dropWaiting(stream: SpdyStream): void {
    const dropped = this.#waiting.filter(entry => entry.stream === stream)
    if (dropped.length === 0) return
    this.#waiting = this.#waiting.filter(entry => entry.stream !== stream)
    for (const entry of dropped) entry.done(new SpdyError('CANCEL', 'stream is closed'))
  }

  #end(error: Error | undefined): void {
    if (this.#over) return
    this.#over = true
    if (!this.#transport.destroyed) {
      this.#transport.resume()
      const linger = this.#options.clock.setTimeout(() => this.#transport.destroy(), lingerMilliseconds)
      this.#transport.once('close', () => linger.cancel())
      this.#transport.end(() => this.#transport.destroy())
    }
    for (const { stream } of [...this.#streams.values()]) {
      if (error) stream.destroy()
      else if (!stream.finReceived) stream.receiveReset(resetStatuses.CANCEL)
    }
    for (const entry of this.#waiting.splice(0)) entry.done(new SpdyError('CANCEL', 'connection is closed'))
    this.#resolveClosed(error)
  }
}
