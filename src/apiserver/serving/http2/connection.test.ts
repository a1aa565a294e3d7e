// The connection as Node's own client sees it.

import { once } from 'node:events'
import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { errorCode } from './frames.ts'
import type { Http2Stream } from './stream.ts'
import { echo, reader, TestServer } from './testing.ts'

let server: TestServer
beforeEach(async () => {
  server = await TestServer.start()
})
afterEach(() => server.stop())

function client(settings: Parameters<typeof connectHttp2>[1] = {}): ClientHttp2Session {
  const session = connectHttp2(`http://127.0.0.1:${server.port}`, settings as object)
  session.on('error', () => {})
  server.closeAtEnd(session)
  return session
}

interface Got {
  headers: IncomingHttpHeaders & { ':status'?: number }
  body: Buffer
}

function send(session: ClientHttp2Session, headers: Record<string, string | string[]>, body?: Buffer): Promise<Got> {
  const stream = session.request({ ':path': '/', ...headers }, { endStream: body === undefined })
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let answer: Got['headers'] = {}
    stream.on('response', given => {
      answer = given
    })
    stream.on('data', piece => pieces.push(piece))
    stream.on('end', () => resolve({ headers: answer, body: Buffer.concat(pieces) }))
    stream.on('error', reject)
    if (body) stream.end(body)
  })
}

const random = (length: number, seed = 1) => {
  const bytes = Buffer.alloc(length)
  let state = seed
  for (let index = 0; index < length; index++) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff
    bytes[index] = state >>> 16
  }
  return bytes
}

describe("with Node's client", () => {
  test.each([0, 1, 16_383, 16_384, 16_385, 65_536, 1 << 20, (3 << 20) - 1, 3 << 20])(
    'a body of %d octets goes to and fro',
    async length => {
      const body = random(length)
      const got = await send(client(), { ':method': 'POST' }, body)
      expect(got.headers[':status']).toBe(200)
      expect(got.body.equals(body)).toBe(true)
    },
  )

  test('a body that is too large is refused as soon as that is known, and the connection goes on', async () => {
    const session = client()
    const told = await send(session, { ':method': 'POST', 'content-length': String(4 << 20) }, random(4 << 20))
    expect([told.headers[':status'], String(told.body)]).toEqual([413, 'too large'])
    const untold = await send(session, { ':method': 'POST' }, random(4 << 20))
    expect([untold.headers[':status'], String(untold.body)]).toEqual([413, 'too large'])
    expect((await send(session, { ':method': 'POST' }, Buffer.from('small'))).body.toString()).toBe('small')
  })

  test('many requests at once on one connection, answered in another order', async () => {
    const waiting: (() => void)[] = []
    server.handle = stream => {
      waiting.push(() => echo(stream))
      if (waiting.length === 200) for (const go of waiting.reverse()) go()
    }
    const session = client()
    const bodies = Array.from({ length: 200 }, (_, index) => random(index * 50, index))
    const got = await Promise.all(bodies.map(body => send(session, { ':method': 'POST' }, body)))
    expect(got.every(({ body }, index) => body.equals(bodies[index]!))).toBe(true)
  })

  test('a client that reads slowly gets everything, and others are not held up', async () => {
    const large = random(20 << 20)
    server.handle = stream =>
      void stream.respond(200, {}, [stream.request.target === '/large' ? large : Buffer.from('small')])
    const session = client()
    const slow = session.request({ ':path': '/large' })
    await once(slow, 'response')
    slow.pause()
    expect((await send(session, { ':path': '/small' })).body.toString()).toBe('small')
    const pieces: Buffer[] = []
    for await (const piece of slow) pieces.push(piece)
    expect(Buffer.concat(pieces).equals(large)).toBe(true)
  })

  test('headers arrive as they were sent: joined, and one by one where a name came several times', async () => {
    const seen: Http2Stream['request'][] = []
    server.handle = stream => {
      seen.push(stream.request)
      stream.respond(204, { 'x-of-many': ['a', 'b'] }, [])
    }
    const got = await send(client(), {
      ':path': '/a?b=c',
      'impersonate-group': ['one', 'two, three'],
      accept: 'application/json',
      constructor: 'is a name like any other',
      'x-text': 'grüße',
    })
    expect(got.headers['x-of-many']).toBe('a, b')
    expect(seen[0]).toMatchObject({
      method: 'GET',
      target: '/a?b=c',
      headers: { 'impersonate-group': 'one, two, three', accept: 'application/json' },
    })
    expect(seen[0]!.headers['constructor']).toBe('is a name like any other')
    expect(seen[0]!.headers['toString']).toBeUndefined()
    const raw = seen[0]!.rawHeaders!
    expect(raw.filter((_, index) => raw[index - 1] === 'impersonate-group')).toEqual(['one', 'two, three'])
  })

  test('every character of a header, coded as the client likes', async () => {
    const texts = Array.from({ length: 95 }, (_, index) => `${'a'.repeat(40)}${String.fromCharCode(32 + index)}a`)
    const seen: (string | undefined)[] = []
    server.handle = stream => {
      seen.push(stream.request.headers['x-text'])
      stream.respond(204, {}, [])
    }
    const session = client()
    for (const text of texts) await send(session, { 'x-text': text })
    expect(seen).toEqual(texts)
  })

  test('a long answer: piece by piece, with what its client has not taken in view', async () => {
    let stream!: Http2Stream
    const begun = new Promise<void>(resolve => {
      server.handle = given => {
        stream = given
        stream.begin(200, { 'content-type': 'text/plain' })
        resolve()
      }
    })
    const session = client({ settings: { initialWindowSize: 1000 } })
    const watch = session.request({ ':path': '/watch' })
    await begun
    await once(watch, 'response')
    expect(stream.write(Buffer.alloc(600))).toBe(true)
    expect(stream.write(Buffer.alloc(600))).toBe(false)
    expect(stream.pending).toBe(200)
    const pieces: Buffer[] = []
    watch.on('data', piece => pieces.push(piece))
    stream.end()
    await once(watch, 'end')
    expect(Buffer.concat(pieces).length).toBe(1200)
    expect([stream.closed, stream.pending]).toEqual([true, 0])
  })

  test.each(['before the answer', 'within the answer'])('a client that goes away %s', async when => {
    const gone = new Promise<boolean>(resolve => {
      server.handle = stream => {
        if (when === 'within the answer') stream.begin(200, {})
        stream.onClose(() => resolve(stream.respond(200, {}, [])))
      }
    })
    const session = client()
    const request = session.request({ ':path': '/' })
    request.on('error', () => {})
    if (when === 'within the answer') await once(request, 'response')
    else await once(session, 'remoteSettings')
    request.close(errorCode.cancel)
    expect(await gone).toBe(false)
  })

  test('a connection that breaks ends what is under way on it', async () => {
    const body = new Promise(resolve => {
      server.handle = stream => stream.body(reader).catch(error => resolve(error.message))
    })
    const session = client()
    const request = session.request({ ':path': '/', ':method': 'POST' }, { endStream: false })
    request.on('error', () => {})
    request.write('half')
    await once(session, 'remoteSettings')
    session.destroy()
    expect(await body).toBe('cut')
  })

  test('trailers end a body', async () => {
    const session = client()
    const request = session.request({ ':method': 'POST', ':path': '/' }, { waitForTrailers: true, endStream: false })
    request.on('wantTrailers', () => request.sendTrailers({ 'x-sum': '1' }))
    request.end('whole')
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece)
    expect(Buffer.concat(pieces).toString()).toBe('whole')
  })
})
