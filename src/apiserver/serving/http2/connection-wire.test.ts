// The connection as bytes: those that no well-meaning client would send, and those that come in pieces.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { errorCode, flag, frameType, headLength, preface, readUint31, setting, writeHead } from './frames.ts'
import { HpackDecoder } from './hpack/decoder.ts'
import type { Http2Stream } from './stream.ts'
import { echo, TestServer } from './testing.ts'

let server: TestServer
beforeEach(async () => {
  server = await TestServer.start()
})
afterEach(() => server.stop())

function frame(type: number, flags: number, id: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(headLength)
  writeHead(head, 0, payload.length, type, flags, id)
  return Buffer.concat([head, payload])
}

const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const settings = (...pairs: [number, number][]) =>
  frame(
    frameType.settings,
    0,
    0,
    Buffer.concat(pairs.map(([key, value]) => Buffer.concat([Buffer.from([key >>> 8, key]), uint32(value)]))),
  )

/** A block of literals without indices. */
const block = (fields: readonly (readonly [string, string])[]) =>
  Buffer.concat(
    fields.flatMap(([name, value]) => [
      Buffer.from([0, name.length]),
      Buffer.from(name),
      Buffer.from([value.length]),
      Buffer.from(value),
    ]),
  )

const get: readonly (readonly [string, string])[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/'],
]
const post = [[':method', 'POST'], ...get.slice(1)] as typeof get

const request = (id: number, fields = get, flags: number = flag.endHeaders | flag.endStream) =>
  frame(frameType.headers, flags, id, block(fields))

interface Heard {
  type: number
  flags: number
  id: number
  payload: Buffer
  code: number | undefined
}

/** A client that says what it is told to. */
class Raw {
  readonly heard: Heard[] = []
  readonly #socket: Socket
  #bytes = Buffer.alloc(0)
  #wake: () => void = () => {}
  #ended = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', piece => {
      this.#bytes = Buffer.concat([this.#bytes, piece])
      while (this.#bytes.length >= headLength) {
        const end = headLength + this.#bytes.readUIntBE(0, 3)
        if (this.#bytes.length < end) break
        const payload = this.#bytes.subarray(headLength, end)
        const type = this.#bytes[3]!
        this.heard.push({
          type,
          flags: this.#bytes[4]!,
          id: readUint31(this.#bytes, 5),
          payload,
          code:
            type === frameType.rstStream
              ? payload.readUInt32BE(0)
              : type === frameType.goAway
                ? payload.readUInt32BE(4)
                : undefined,
        })
        this.#bytes = this.#bytes.subarray(end)
      }
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#ended = true
      this.#wake()
    })
  }

  static async open({ greet = true } = {}): Promise<Raw> {
    const socket = connect(server.port, '127.0.0.1')
    server.closeAtEnd(socket)
    await once(socket, 'connect')
    socket.setNoDelay(true)
    const raw = new Raw(socket)
    if (greet) raw.send(preface, settings())
    return raw
  }

  send(...pieces: Buffer[]): void {
    this.#socket.write(Buffer.concat(pieces))
  }

  /** The next frame of a type; undefined when the connection ends without one. */
  async next(type: number): Promise<Heard | undefined> {
    for (;;) {
      const index = this.heard.findIndex(one => one.type === type)
      if (index >= 0) return this.heard.splice(index, 1)[0]
      if (this.#ended) return undefined
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  get isOver(): boolean {
    return this.#ended
  }

  /** Everything sent so far is dealt with. */
  async quiet(): Promise<void> {
    this.send(frame(frameType.ping, 0, 0, Buffer.from('nothing!')))
    expect((await this.next(frameType.ping))!.payload.toString()).toBe('nothing!')
  }

  async ended(): Promise<Heard | undefined> {
    const last = await this.next(frameType.goAway)
    await this.next(-1)
    return last
  }
}

const { protocolError, frameSizeError, flowControlError, streamClosed, compressionError, enhanceYourCalm } = errorCode
const open = request(1, post, flag.endHeaders)
const data = (flags: number, text: Buffer | string) => frame(frameType.data, flags, 1, Buffer.from(text))

describe('a mistake ends the connection', () => {
  test.each<[name: string, sent: Buffer[], code: number]>([
    ['data of no stream', [frame(frameType.data, 0, 0)], protocolError],
    ['data of a stream that has not begun', [data(0, 'x')], protocolError],
    ['more padding than data', [open, data(flag.padded, Buffer.from([2, 0]))], protocolError],
    ['a frame that is too large', [open, data(0, Buffer.alloc(16_385))], frameSizeError],
    ['a stream with an even number', [request(2)], protocolError],
    ['a stream of no number', [request(0)], protocolError],
    [
      'a block that nobody can decode',
      [frame(frameType.headers, flag.endHeaders, 1, Buffer.from([0xff]))],
      compressionError,
    ],
    ['a block that is interrupted', [request(1, get, 0), frame(frameType.ping, 0, 0, Buffer.alloc(8))], protocolError],
    ["another stream's continuation", [request(1, get, 0), frame(frameType.continuation, 4, 3)], protocolError],
    ['a continuation of nothing', [frame(frameType.continuation, flag.endHeaders, 1)], protocolError],
    [
      'a stream that depends on itself',
      [frame(frameType.headers, flag.endHeaders | flag.priority, 1, Buffer.concat([uint32(1), Buffer.alloc(1)]))],
      protocolError,
    ],
    ['a reset of a stream that has not begun', [frame(frameType.rstStream, 0, 1, uint32(8))], protocolError],
    ['a reset of another size', [open, frame(frameType.rstStream, 0, 1)], frameSizeError],
    ['settings of a stream', [frame(frameType.settings, 0, 1)], protocolError],
    ['settings that are cut', [frame(frameType.settings, 0, 0, Buffer.alloc(5))], frameSizeError],
    ['an acknowledgement with a content', [frame(frameType.settings, flag.ack, 0, Buffer.alloc(6))], frameSizeError],
    ['to push is neither yes nor no', [settings([setting.enablePush, 2])], protocolError],
    ['frames that are too small', [settings([setting.maxFrameSize, 16_383])], protocolError],
    ['a window that is too large', [settings([setting.initialWindowSize, 2 ** 31])], flowControlError],
    ['a promise', [open, frame(frameType.pushPromise, 4, 1, uint32(2))], protocolError],
    ['a ping of another size', [frame(frameType.ping, 0, 0, Buffer.alloc(7))], frameSizeError],
    ['a ping on a stream', [frame(frameType.ping, 0, 1, Buffer.alloc(8))], protocolError],
    ['a stream that goes away', [frame(frameType.goAway, 0, 1, Buffer.alloc(8))], protocolError],
    ['a window that grows by nothing', [frame(frameType.windowUpdate, 0, 0, uint32(0))], protocolError],
    ['a window that overflows', [frame(frameType.windowUpdate, 0, 0, uint32(0x7fff_ffff))], flowControlError],
    ['an update of another size', [frame(frameType.windowUpdate, 0, 0, Buffer.alloc(3))], frameSizeError],
    ['a priority of no stream', [frame(frameType.priority, 0, 0, Buffer.alloc(5))], protocolError],
    [
      'headers without end',
      [request(1, get, 0), ...Array.from({ length: 1100 }, () => frame(frameType.continuation, 0, 1))],
      enhanceYourCalm,
    ],
    [
      'requests that are given up over and over',
      [
        ...Array.from({ length: 1002 }, (_, n) =>
          Buffer.concat([
            request(2 * n + 1, post, flag.endHeaders),
            frame(frameType.rstStream, 0, 2 * n + 1, uint32(8)),
          ]),
        ),
      ],
      enhanceYourCalm,
    ],
  ])('%s', async (_name, sent, code) => {
    const raw = await Raw.open()
    raw.send(...sent)
    expect((await raw.ended())?.code).toBe(code)
    expect(server.ends).toHaveLength(1)
    expect(server.ends[0]).toBeInstanceOf(Error)
  })

  test.each<[name: string, sent: Buffer[]]>([
    ['another protocol', [Buffer.from('GET / HTTP/1.1\r\nhost: here\r\n\r\n')]],
    ['settings do not come first', [preface, frame(frameType.ping, 0, 0, Buffer.alloc(8))]],
  ])('%s', async (_name, sent) => {
    const raw = await Raw.open({ greet: false })
    raw.send(...sent)
    expect((await raw.ended())?.code).toBe(protocolError)
  })
})

test.each([
  ['data', data(0, 'x')],
  ['headers', request(1)],
])('%s of a stream that is over end the connection', async (_name, late) => {
  const raw = await Raw.open()
  raw.send(request(1))
  await raw.next(frameType.headers)
  raw.send(late)
  expect((await raw.ended())?.code).toBe(streamClosed)
})

test('it says goodbye to those who are connected', async () => {
  server.handle = stream => void stream.begin(200, {})
  const raw = await Raw.open()
  raw.send(request(1))
  await raw.next(frameType.headers)
  server.connection!.close()
  const goodbye = await raw.ended()
  expect([goodbye?.code, goodbye?.payload.readUInt32BE(0)]).toEqual([errorCode.noError, 1])
  expect(server.ends).toEqual([undefined])
})

describe('a mistake ends the request', () => {
  test.each<[name: string, sent: Buffer[], code: number]>([
    ['without a method', [request(1, get.slice(1))], protocolError],
    ['without a scheme', [request(1, [get[0]!, get[2]!])], protocolError],
    ['without a path', [request(1, get.slice(0, 2))], protocolError],
    ['with an empty path', [request(1, [...get.slice(0, 2), [':path', '']])], protocolError],
    ['with a method twice', [request(1, [get[0]!, ...get])], protocolError],
    ['with a status', [request(1, [...get, [':status', '200']])], protocolError],
    ['with what is HTTP/2 after the others', [request(1, [...get.slice(0, 2), ['a', 'b'], get[2]!])], protocolError],
    ['with upper case', [request(1, [...get, ['Accept', 'x']])], protocolError],
    ['with no name', [request(1, [...get, ['', 'x']])], protocolError],
    ['with a line end', [request(1, [...get, ['a', 'x\r\nb: c']])], protocolError],
    ["with a connection's field", [request(1, [...get, ['connection', 'close']])], protocolError],
    ['with te', [request(1, [...get, ['te', 'gzip']])], protocolError],
    ['with a length that is no number', [request(1, [...post, ['content-length', '+1']], 4)], protocolError],
    ['with two lengths', [request(1, [...post, ['content-length', '1'], ['content-length', '2']], 4)], protocolError],
    ['with less than its length', [request(1, [...post, ['content-length', '2']], 4), data(1, 'x')], protocolError],
    ['with more than its length', [request(1, [...post, ['content-length', '2']], 4), data(0, 'xyz')], protocolError],
    ['with a length and no body', [request(1, [...post, ['content-length', '2']])], protocolError],
    ['with headers twice', [open, request(1, get, flag.endHeaders)], protocolError],
    ['with trailers that are a request', [open, request(1)], protocolError],
    ['whose window grows by nothing', [open, frame(frameType.windowUpdate, 0, 1, uint32(0))], protocolError],
    ['whose window overflows', [open, frame(frameType.windowUpdate, 0, 1, uint32(0x7fff_ffff))], flowControlError],
    [
      'that does not mind its window',
      [open, ...Array.from({ length: 65 }, () => data(0, Buffer.alloc(16_384)))],
      flowControlError,
    ],
    ['whose priority has another size', [open, frame(frameType.priority, 0, 1, Buffer.alloc(4))], frameSizeError],
    ['that depends on itself', [open, frame(frameType.priority, 0, 1, Buffer.from([0, 0, 0, 1, 0]))], protocolError],
    ['that goes on after its end', [open, data(1, ''), data(0, 'x')], streamClosed],
  ])('%s', async (_name, sent, code) => {
    server.handle = () => {}
    const raw = await Raw.open()
    raw.send(...sent)
    expect(await raw.next(frameType.rstStream)).toMatchObject({ id: 1, code })
    server.handle = echo
    raw.send(request(3))
    expect(await raw.next(frameType.headers)).toMatchObject({ id: 3 })
  })

  test('with more headers than it takes: 431', async () => {
    const raw = await Raw.open()
    const many = Array.from({ length: 250 }, (_, index) => [`x-${index}`, 'v'.repeat(120)] as const)
    const fields = [...get, ...many, ...many]
    const whole = block(fields)
    raw.send(frame(frameType.headers, flag.endStream, 1, whole.subarray(0, 16_384)))
    for (let from = 16_384; from < whole.length; from += 16_384)
      raw.send(
        frame(frameType.continuation, from + 16_384 < whole.length ? 0 : 4, 1, whole.subarray(from, from + 16_384)),
      )
    const { payload } = (await raw.next(frameType.headers))!
    const heard: string[] = []
    new HpackDecoder().decode(payload, 0, payload.length, ({ name, value }) => heard.push(`${name}: ${value}`))
    expect(heard).toEqual([':status: 431'])
  })
})

describe('what is no mistake', () => {
  test('frames that nobody knows, padding, priorities and pings', async () => {
    const raw = await Raw.open()
    raw.send(
      frame(0xee, 0xff, 1, Buffer.from('an extension')),
      frame(frameType.priority, 0, 9, Buffer.from([0, 0, 0, 3, 200])),
      frame(
        frameType.headers,
        flag.endHeaders | flag.padded | flag.priority,
        1,
        Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 7]), block(post), Buffer.alloc(3)]),
      ),
      data(flag.padded | flag.endStream, Buffer.concat([Buffer.from([4]), Buffer.from('text'), Buffer.alloc(4)])),
    )
    expect((await raw.next(frameType.data))!.payload.toString()).toBe('text')
  })

  test('to end one watch after the other', async () => {
    server.handle = stream => void stream.begin(200, {})
    const raw = await Raw.open()
    for (let id = 1; id < 2500; id += 2) {
      raw.send(request(id))
      await raw.next(frameType.headers)
      raw.send(frame(frameType.rstStream, 0, id, uint32(errorCode.cancel)))
    }
    await raw.quiet()
  })

  test('data that was on its way when its request was answered', async () => {
    server.handle = stream => void stream.respond(401, {}, [Buffer.from('no')])
    const raw = await Raw.open()
    raw.send(open)
    expect(await raw.next(frameType.rstStream)).toMatchObject({ id: 1, code: errorCode.noError })
    raw.send(data(0, 'more'), data(flag.endStream, 'and more'))
    await raw.quiet()
    expect(raw.heard.filter(({ type }) => type === frameType.goAway)).toEqual([])
  })

  test('a window that is made smaller than what is sent already', async () => {
    server.handle = stream => void stream.respond(200, {}, [Buffer.alloc(10)])
    const raw = await Raw.open()
    raw.send(settings([setting.initialWindowSize, 3]), request(1))
    expect((await raw.next(frameType.data))!.payload.length).toBe(3)
    raw.send(settings([setting.initialWindowSize, 0]), frame(frameType.windowUpdate, 0, 1, uint32(3)))
    await raw.quiet()
    expect(raw.heard.filter(({ type }) => type === frameType.data)).toEqual([])
    raw.send(frame(frameType.windowUpdate, 0, 1, uint32(4)))
    expect((await raw.next(frameType.data))!.payload.length).toBe(4)
    raw.send(settings([setting.initialWindowSize, 100]))
    expect(await raw.next(frameType.data)).toMatchObject({ flags: flag.endStream, payload: Buffer.alloc(3) })
  })
})

test('it does not matter where the bytes are cut', async () => {
  const bodies = ['', 'one', 'x'.repeat(3000)]
  const conversation = Buffer.concat([
    preface,
    settings([setting.headerTableSize, 100]),
    ...bodies.flatMap((body, index) => [
      request(2 * index + 1, post, flag.endHeaders),
      frame(frameType.data, flag.endStream, 2 * index + 1, Buffer.from(body)),
    ]),
  ])
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(conversation.length), { maxLength: 40 }), async cuts => {
      const raw = await Raw.open({ greet: false })
      let from = 0
      for (const cut of [...cuts.sort((a, b) => a - b), conversation.length]) {
        raw.send(conversation.subarray(from, cut))
        from = cut
        await new Promise(resolve => setImmediate(resolve))
      }
      for (const [index, body] of bodies.entries()) {
        expect((await raw.next(frameType.headers))!.id).toBe(2 * index + 1)
        if (body !== '') expect((await raw.next(frameType.data))!.payload.toString()).toBe(body)
      }
    }),
    { seed: 9113, numRuns: 25 },
  )
})

test('more requests at once than it takes are refused, to be sent again', async () => {
  server.limits = { maxConcurrentStreams: 2 }
  const held: Http2Stream[] = []
  server.handle = stream => void held.push(stream)
  const raw = await Raw.open()
  for (const id of [1, 3, 5]) raw.send(request(id))
  expect(await raw.next(frameType.rstStream)).toMatchObject({ id: 5, code: errorCode.refusedStream })
  // Given up by the client, but its handler is still at it.
  raw.send(frame(frameType.rstStream, 0, 1, uint32(errorCode.cancel)), request(7))
  expect(await raw.next(frameType.rstStream)).toMatchObject({ id: 7, code: errorCode.refusedStream })
  held[0]!.respond(200, {}, [])
  raw.send(request(9))
  await raw.quiet()
  expect(held.map(({ id }) => id)).toEqual([1, 3, 9])
})

const anyFrame = fc.oneof(
  fc
    .tuple(fc.nat(10), fc.nat(255), fc.nat(12), fc.uint8Array({ maxLength: 64 }))
    .map(([type, flags, id, payload]) => frame(type, flags, id, Buffer.from(payload))),
  fc
    .tuple(fc.constantFrom(1, 3, 5, 7), fc.constantFrom(get, post), fc.constantFrom(0, 1, 4, 5))
    .map(([id, fields, flags]) => request(id, fields, flags)),
  fc
    .tuple(fc.constantFrom(1, 3, 5, 7), fc.constantFrom(0, 1), fc.nat(20_000))
    .map(([id, flags, length]) => frame(frameType.data, flags, id, Buffer.alloc(Math.min(length, 16_384)))),
  fc.tuple(fc.nat(7), fc.integer({ min: 0, max: 2 ** 31 })).map(([key, value]) => settings([key, value])),
  fc
    .tuple(fc.nat(7), fc.integer({ min: 0, max: 2 ** 31 - 1 }))
    .map(([id, octets]) => frame(frameType.windowUpdate, 0, id, uint32(octets))),
)

test('whatever a client sends, the connection goes on or says why it does not', async () => {
  // A request may end at once, and long after its client is gone.
  server.handle = stream => {
    if (stream.id % 4 === 1) stream.respond(200, {}, [Buffer.alloc(70_000)])
    else if (stream.id % 4 === 3) echo(stream)
  }
  await fc.assert(
    fc.asyncProperty(fc.array(anyFrame, { maxLength: 30 }), async frames => {
      server.ends.length = 0
      const raw = await Raw.open()
      raw.send(...frames, frame(frameType.ping, 0, 0, Buffer.from('still at')))
      const alive = async () => {
        while ((await raw.next(frameType.ping))?.payload.toString() !== 'still at') if (raw.isOver) return false
        return true
      }
      if (!(await alive())) {
        expect(server.ends).toHaveLength(1)
        expect(server.ends[0]).toMatchObject({ code: expect.any(Number) })
      }
    }),
    { seed: 540, numRuns: 400 },
  )
})
