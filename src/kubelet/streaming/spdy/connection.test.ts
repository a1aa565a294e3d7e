import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../machinery/env/virtual-env.ts'
import { duplexPair } from '../duplex-pair.ts'
import { SpdyConnection } from './connection.ts'
import { type Frame, FrameDecoder, FrameEncoder } from './frame.ts'
import type { SpdyStream } from './stream.ts'

const clock = new VirtualClock()

function connect(onStream: (stream: SpdyStream) => void) {
  const [near, far] = duplexPair()
  const server = new SpdyConnection(near, { role: 'server', clock, onStream })
  const client = new SpdyConnection(far, { role: 'client', clock })
  return { client, server, near, far }
}

/** A server whose peer is the test, frame by frame. */
function bare(onStream: (stream: SpdyStream) => void = () => {}) {
  const [near, far] = duplexPair()
  const server = new SpdyConnection(near, { role: 'server', clock, onStream })
  const encoder = new FrameEncoder()
  const decoder = new FrameDecoder()
  const received: Frame[] = []
  far.on('data', (bytes: Buffer) => decoder.push(bytes, frame => received.push(frame)))
  const send = (...frames: Frame[]) => {
    for (const frame of frames) far.write(encoder.encode(frame))
  }
  const until = async (condition: () => boolean) => {
    for (let i = 0; !condition() && i < 1000; i++) await new Promise(resolve => setImmediate(resolve))
    expect(condition()).toBe(true)
  }
  return { server, far, send, received, until }
}

const echo = (stream: SpdyStream) => {
  stream.pipe(stream)
}

describe('a SPDY connection', () => {
  it('carries streams with headers, both ways, half-closed one side at a time', async () => {
    const seen: Record<string, string>[] = []
    const { client } = connect(stream => {
      seen.push({ ...stream.headers })
      echo(stream)
    })
    const first = client.openStream({ streamType: 'data', port: '80' })
    const second = client.openStream({ streamType: 'error' }, { fin: true })
    first.end('hello')
    expect(await Promise.all([text(first), text(second)])).toEqual(['hello', ''])
    expect(seen).toEqual([{ streamtype: 'data', port: '80' }, { streamtype: 'error' }])
    expect(await client.close()).toBeUndefined()
  })

  it('carries megabytes in both directions at once, whole and in order', async () => {
    const { client } = connect(echo)
    const sent = Buffer.alloc(5 * 1024 * 1024, 'the quick brown fox ')
    const received = await Promise.all(
      [1, 2, 3].map(() => {
        const stream = client.openStream({})
        stream.end(sent)
        return buffer(stream)
      }),
    )
    for (const bytes of received) expect(bytes.equals(sent)).toBe(true)
    await client.close()
  })

  it('close sends what was written before it', async () => {
    const { client, server } = connect(stream => {
      stream.end('last words')
      server.close()
    })
    expect(await text(client.openStream({}))).toBe('last words')
    expect(await server.closed).toBeUndefined()
  })

  it('answers pings', async () => {
    const { client } = connect(echo)
    await client.ping()
    await client.close()
  })

  it('refuses a stream that its handler refuses', async () => {
    const { client } = connect(stream => {
      if (stream.headers.port !== '80') throw new Error('unknown port')
    })
    const stream = client.openStream({ port: '81' })
    stream.resume()
    await once(stream, 'close')
    expect(stream.resetBy).toBe(3)
    await client.close()
  })

  it('a reset ends the stream on the other side, and no other stream', async () => {
    const accepted: SpdyStream[] = []
    const { client } = connect(stream => {
      accepted.push(stream)
      echo(stream)
    })
    const doomed = client.openStream({})
    const kept = client.openStream({})
    await client.ping()
    doomed.destroy()
    await once(accepted[0]!, 'close')
    expect(accepted[0]!.resetBy).toBe(5)
    kept.end('still here')
    expect(await text(kept)).toBe('still here')
    await client.close()
  })
})

describe('a stream that the peer writes to and resets at once', () => {
  const status = Buffer.from('{"status":"Success"}')
  it.each([
    ['is read before', (stream: SpdyStream) => text(stream)],
    [
      'is read later',
      async (stream: SpdyStream) => {
        for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
        return text(stream)
      },
    ],
  ])('can be read to its end when it %s', async (_name, read) => {
    let content: Promise<string> | undefined
    let accepted: SpdyStream | undefined
    const { server, send, until } = bare(stream => {
      accepted = stream
      content = read(stream)
    })
    send({ type: 'SYN_STREAM', streamId: 1, headers: {} })
    await until(() => content !== undefined)
    send({ type: 'DATA', streamId: 1, data: status }, { type: 'RST_STREAM', streamId: 1, status: 5 })
    expect(await content).toBe(String(status))
    await until(() => accepted!.destroyed)
    const failed = await new Promise(resolve => accepted!.write('too late', resolve))
    expect(failed).toBeInstanceOf(Error)
    server.close()
  })
})

describe('flow control', () => {
  it('does not wait for windows towards a peer that keeps none', async () => {
    const { server, send, received, until } = bare(stream => {
      stream.end(Buffer.alloc(300_000))
    })
    send({ type: 'SYN_STREAM', streamId: 1, headers: {} })
    await until(() => received.some(frame => frame.type === 'DATA' && frame.fin === true))
    server.close()
  })

  it('obeys the windows of a peer that keeps them', async () => {
    const { server, send, received, until } = bare(stream => {
      stream.end(Buffer.alloc(100_000))
    })
    const total = () => received.reduce((sum, frame) => sum + (frame.type === 'DATA' ? frame.data.length : 0), 0)
    send({ type: 'SETTINGS', settings: [{ id: 7, value: 1000 }] })
    send({ type: 'SYN_STREAM', streamId: 1, headers: {} })
    send({ type: 'WINDOW_UPDATE', streamId: 1, delta: 500 }, { type: 'PING', id: 1 })
    await until(() => received.some(frame => frame.type === 'PING'))
    expect(total()).toBe(1500)
    send({ type: 'WINDOW_UPDATE', streamId: 1, delta: 1_000_000 })
    await until(() => total() === 100_000)
    server.close()
  })

  it('credits what has been read', async () => {
    const { server, send, received, until } = bare(stream => {
      stream.resume()
    })
    send({ type: 'SYN_STREAM', streamId: 1, headers: {} })
    for (let i = 0; i < 4; i++) send({ type: 'DATA', streamId: 1, data: Buffer.alloc(16 * 1024) })
    const credited = (streamId: number) =>
      received.reduce(
        (sum, frame) => sum + (frame.type === 'WINDOW_UPDATE' && frame.streamId === streamId ? frame.delta : 0),
        0,
      )
    await until(() => credited(1) === 64 * 1024 && credited(0) === 64 * 1024)
    server.close()
  })
})

describe('faults', () => {
  it('garbage ends the connection with GOAWAY and an error', async () => {
    const { server, far, received, until } = bare()
    far.write(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.replace('G', '\xc7'), 'latin1'))
    expect((await server.closed)?.message).toBe('spdy: not a SPDY/3 frame')
    await until(() => received.some(frame => frame.type === 'GOAWAY' && frame.status === 1))
  })

  it.each([
    ['an even stream id from a client', [2]],
    ['a stream id that goes back', [5, 3]],
    ['a stream id twice', [1, 1]],
  ])('%s ends the connection', async (_name, ids) => {
    const { server, send } = bare()
    for (const streamId of ids) send({ type: 'SYN_STREAM', streamId, headers: {} })
    expect((await server.closed)?.message).toMatch('out of order')
  })

  it('data for a stream that never was is answered with INVALID_STREAM', async () => {
    const { server, send, received, until } = bare()
    send({ type: 'DATA', streamId: 7, data: Buffer.from('x') })
    await until(() => received.some(frame => frame.type === 'RST_STREAM' && frame.streamId === 7 && frame.status === 2))
    server.close()
  })

  const cut = (far: Duplex) => far.destroy()
  it('a cut connection destroys the streams, and fails what is being written', async () => {
    let accepted: SpdyStream | undefined
    const { server, send, far, until } = bare(stream => {
      accepted = stream
    })
    send({ type: 'SYN_STREAM', streamId: 1, headers: {} })
    await until(() => accepted !== undefined)
    cut(far)
    await server.closed
    expect(accepted!.destroyed).toBe(true)
    const failed = new Promise(resolve => accepted!.write('too late', resolve))
    expect(await failed).toBeInstanceOf(Error)
    expect(() => server.openStream({})).toThrow('connection is closing')
  })

  it('what the peer completed before the cut can still be read', async () => {
    let accepted: SpdyStream | undefined
    const { server, send, far, until } = bare(stream => {
      accepted = stream
    })
    send({ type: 'SYN_STREAM', streamId: 1, headers: {} })
    send({ type: 'DATA', streamId: 1, data: Buffer.from('whole'), fin: true })
    await until(() => accepted !== undefined)
    far.end()
    await server.closed
    expect(await text(accepted!)).toBe('whole')
  })
})
