import { constants, createDeflate, createInflate } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Frame, FrameDecoder, FrameEncoder, maxControlFrameSize } from './frame.ts'
import { encodeHeaders, HeaderCompressor, HeaderDecompressor, maxHeaderBlockSize } from './header-block.ts'
import { headerDictionary } from './header-dictionary.ts'

function decode(bytes: Uint8Array, decoder = new FrameDecoder()): Frame[] {
  const frames: Frame[] = []
  decoder.push(bytes, frame => frames.push(frame))
  return frames
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('the bytes of a SPDY/3.1 frame', () => {
  const cases: [string, Frame, string][] = [
    ['RST_STREAM', { type: 'RST_STREAM', streamId: 3, status: 5 }, '8003 0003 00 000008 00000003 00000005'],
    ['PING', { type: 'PING', id: 7 }, '8003 0006 00 000004 00000007'],
    ['GOAWAY', { type: 'GOAWAY', lastStreamId: 9, status: 1 }, '8003 0007 00 000008 00000009 00000001'],
    ['WINDOW_UPDATE', { type: 'WINDOW_UPDATE', streamId: 1, delta: 32768 }, '8003 0009 00 000008 00000001 00008000'],
    [
      'SETTINGS',
      { type: 'SETTINGS', settings: [{ id: 7, value: 65536 }] },
      '8003 0004 00 00000c 00000001 00 000007 00010000',
    ],
    ['DATA', { type: 'DATA', streamId: 5, data: Buffer.from('hi'), fin: false }, '00000005 00 000002 6869'],
    ['DATA with fin', { type: 'DATA', streamId: 5, data: Buffer.alloc(0), fin: true }, '00000005 01 000000'],
  ]
  it.each(cases)('%s', (_name, frame, bytes) => {
    expect(new FrameEncoder().encode(frame).toString('hex')).toBe(hex(bytes).toString('hex'))
    expect(decode(hex(bytes))).toEqual([frame])
  })

  it('SYN_STREAM announces the SPDY/3 dictionary', () => {
    const bytes = new FrameEncoder().encode({ type: 'SYN_STREAM', streamId: 1, headers: { streamtype: 'error' } })
    expect(bytes.subarray(0, 4).toString('hex')).toBe('80030001')
    expect(bytes.subarray(8, 24).toString('hex')).toBe(`00000001000000000000${'78bbe3c6a7c2'}`)
  })
})

const header = fc.tuple(
  fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
  fc.oneof(fc.string(), fc.constantFrom('200 OK', 'HTTP/1.1', 'text/html')),
)
const headers = fc
  .array(header, { maxLength: 6 })
  .map(entries => Object.fromEntries(entries.map(([name, value]) => [name, value.replaceAll('\0', '')])))
const id = fc.integer({ min: 1, max: 0x7fffffff })
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    type: fc.constant('SYN_STREAM' as const),
    streamId: id,
    headers,
    fin: fc.boolean(),
    unidirectional: fc.boolean(),
  }),
  fc.record({ type: fc.constant('SYN_REPLY' as const), streamId: id, headers, fin: fc.boolean() }),
  fc.record({ type: fc.constant('HEADERS' as const), streamId: id, headers, fin: fc.boolean() }),
  fc.record({ type: fc.constant('RST_STREAM' as const), streamId: id, status: fc.integer({ min: 1, max: 11 }) }),
  fc.record({ type: fc.constant('PING' as const), id: fc.integer({ min: 0, max: 0xffffffff }) }),
  fc.record({ type: fc.constant('WINDOW_UPDATE' as const), streamId: id, delta: id }),
  fc.record({
    type: fc.constant('DATA' as const),
    streamId: id,
    data: fc.uint8Array({ maxLength: 3000 }),
    fin: fc.boolean(),
  }),
)

/** A decoder may hand a data frame over in pieces. */
function joinData(frames: Frame[]): Frame[] {
  const joined: Frame[] = []
  let open: Extract<Frame, { type: 'DATA' }> | undefined
  for (const next of frames) {
    if (next.type === 'DATA') {
      open = open ? { ...next, data: Buffer.concat([open.data, next.data]) } : { ...next, data: Buffer.from(next.data) }
      joined.pop()
      joined.push(open)
    } else {
      open = undefined
      joined.push(next)
    }
  }
  return joined
}

const plain = (frames: Frame[]) =>
  frames.map(next => ('data' in next ? { ...next, data: Buffer.from(next.data).toString('hex') } : next))

describe('encoding and decoding', () => {
  it('gives back any sequence of frames, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), fc.integer({ min: 1, max: 500 }), (frames, cut) => {
        const encoder = new FrameEncoder()
        const decoder = new FrameDecoder()
        const decoded: Frame[] = []
        for (const sent of frames) {
          const bytes = encoder.encode(sent)
          const pieces: Frame[] = []
          for (let at = 0; at < bytes.length; at += cut) {
            decoder.push(bytes.subarray(at, at + cut), piece => pieces.push(piece))
          }
          decoded.push(...joinData(pieces))
        }
        expect(plain(decoded)).toEqual(plain(frames))
      }),
      { numRuns: 200 },
    )
  })

  it('never gives anything but frames or a SpdyError for garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        try {
          decode(bytes)
        } catch (error) {
          expect((error as Error).name).toBe('SpdyError')
        }
      }),
    )
  })
})

describe("header compression is zlib's", () => {
  const blocks = Array.from({ length: 40 }, (_, index) => ({
    streamtype: index % 2 ? 'data' : 'error',
    requestid: String(index),
    port: '8080',
    filler: 'x'.repeat(index * 60),
  }))

  it('a zlib stream decodes what we encode', async () => {
    const compressor = new HeaderCompressor()
    const inflate = createInflate({ dictionary: headerDictionary })
    const received: Buffer[] = []
    inflate.on('data', (bytes: Buffer) => received.push(bytes))
    for (const block of blocks) {
      await new Promise<void>((resolve, reject) =>
        inflate.write(compressor.compress(block), error => (error ? reject(error) : resolve())),
      )
    }
    expect(Buffer.concat(received).equals(Buffer.concat(blocks.map(encodeHeaders)))).toBe(true)
  })

  it('we decode what a zlib stream encodes', async () => {
    const deflate = createDeflate({ dictionary: headerDictionary })
    const decompressor = new HeaderDecompressor()
    for (const block of blocks) {
      deflate.write(encodeHeaders(block))
      await new Promise<void>(resolve => deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()))
      expect({ ...decompressor.decompress(deflate.read() as Buffer) }).toEqual(block)
    }
  })
})

describe('what is refused', () => {
  const syn = (payload: Buffer) => {
    const head = hex('8003 0001 00 000000')
    head.writeUIntBE(payload.length, 5, 3)
    return Buffer.concat([head, payload])
  }
  const block = (raw: Buffer) => {
    // A block whose text is ours to spoil, compressed as one stored zlib block.
    const stored = Buffer.alloc(5)
    stored.writeUInt16LE(raw.length, 1)
    stored.writeUInt16LE(~raw.length & 0xffff, 3)
    return syn(Buffer.concat([Buffer.alloc(10), hex('78bbe3c6a7c2'), stored, raw, hex('000000ffff')]))
  }
  const cases: [string, Buffer, string][] = [
    ['another version', hex('8002 0006 00 000004 00000001'), 'spdy: not a SPDY/3 frame'],
    ['a text protocol', Buffer.from('\x80GET / HTTP/1.1\r\n'), 'spdy: not a SPDY/3 frame'],
    ['a control frame without an end', hex('8003 0001 00 ffffff'), 'spdy: control frame of 16777215 bytes'],
    ['one just too long', hex('8003 0004 00 010001'), `spdy: control frame of ${maxControlFrameSize + 1} bytes`],
    ['one too short', hex('8003 0003 00 000004 00000001'), 'spdy: control frame is too short'],
    ['settings that do not add up', hex('8003 0004 00 000004 00000002'), 'spdy: SETTINGS frame of a wrong length'],
    [
      'headers outside zlib',
      syn(Buffer.alloc(40)),
      'spdy: header block does not begin a zlib stream with the SPDY/3 dictionary',
    ],
    [
      'headers of broken zlib',
      syn(Buffer.concat([Buffer.alloc(10), hex('78bbe3c6a7c2 ffffffffff')])),
      'spdy: header block cannot be decompressed',
    ],
    ['fewer headers than announced', block(hex('00000002')), 'spdy: header block is cut short'],
    ['a header longer than the block', block(hex('00000001 0000ffff 61')), 'spdy: header block is cut short'],
    ['bytes after the headers', block(hex('00000000 00')), 'spdy: header block is longer than its headers'],
    ['a header without a name', block(hex('00000001 00000000 00000000')), 'spdy: header without a name'],
    [
      'a header given twice',
      block(hex('00000002 00000001 61 00000000 00000001 61 00000000')),
      'spdy: header a given twice',
    ],
  ]
  it.each(cases)('%s', (_name, bytes, message) => {
    expect(() => decode(bytes)).toThrow(message)
  })

  it('a header block that unpacks to too much', () => {
    const compressor = new HeaderCompressor()
    const bomb = compressor.compress({ bomb: 'x'.repeat(maxHeaderBlockSize + 1) })
    expect(() => decode(syn(Buffer.concat([Buffer.alloc(10), bomb])))).toThrow('cannot be decompressed')
  })

  it('but a frame of an unknown type is skipped', () => {
    expect(decode(hex('8003 00ff 00 000003 010203 8003 0006 00 000004 00000001'))).toEqual([{ type: 'PING', id: 1 }])
  })
})
