import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import { SpdyConnection } from '../streaming/spdy/connection.ts'
import { TestKubelet } from './testing.ts'

const kubelet = new TestKubelet()
afterEach(() => kubelet.server.close())

const sh = (script: string, query: string) =>
  `/exec/default/web/main?${query}${['sh', '-c', script].map(word => `&command=${encodeURIComponent(word)}`).join('')}`

const failed = (script: string, code: number) => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: `command terminated with non-zero exit code: error executing command [sh -c ${script}], exit code ${code}`,
  reason: 'NonZeroExitCode',
  details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
})
const succeeded = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' }

/** What came on each channel until the server closed. */
async function channels(socket: WebSocket, base64 = false): Promise<{ [channel: number]: string; code: number }> {
  const received: Record<number, string> = {}
  socket.on('message', (data: Buffer) => {
    const channel = base64 ? data[0]! - 48 : data[0]!
    const body = base64 ? Buffer.from(data.toString().slice(1), 'base64').toString() : data.toString('utf8', 1)
    received[channel] = (received[channel] ?? '') + body
  })
  const [code] = await once(socket, 'close')
  return { ...received, code }
}

async function open(path: string, protocol = 'v5.channel.k8s.io'): Promise<WebSocket> {
  const socket = kubelet.webSocket(path, [protocol])
  await once(socket, 'open')
  expect(socket.protocol).toBe(protocol)
  return socket
}

describe('exec over WebSocket', () => {
  it('sends stdout, stderr and success on their channels, then closes', async () => {
    const socket = kubelet.webSocket(sh('echo out; echo err >&2', 'output=1&error=1'), ['v5.channel.k8s.io'])
    const received = await channels(socket)
    expect(received).toEqual({ 1: 'out\n', 2: 'err\n', 3: JSON.stringify(succeeded), code: 1000 })
  })

  it('tells the exit code', async () => {
    const received = await channels(kubelet.webSocket(sh('exit 3', 'output=1'), ['v4.channel.k8s.io']))
    expect(JSON.parse(received[3]!)).toEqual(failed('exit 3', 3))
  })

  it('tells why a command could not run', async () => {
    const path = '/exec/default/web/main?output=1&command=/no/such/command'
    const received = await channels(kubelet.webSocket(path, ['v4.channel.k8s.io']))
    expect(JSON.parse(received[3]!)).toMatchObject({
      reason: 'InternalError',
      code: 500,
      message: 'Internal error occurred: error executing command in container: spawn /no/such/command ENOENT',
    })
  })

  it('v5: stdin ends with the CLOSE signal', async () => {
    const socket = await open(sh('cat; echo end', 'input=1&output=1'))
    const result = channels(socket)
    socket.send(Buffer.from('\0one\n'))
    socket.send(Buffer.from('\0two\n'))
    socket.send(Buffer.from([255, 0]))
    expect(await result).toMatchObject({ 1: 'one\ntwo\nend\n', code: 1000 })
  })

  it('before v5, 255 is a channel like any other, and nobody reads it', async () => {
    const socket = await open(sh('read line; echo "$line"', 'input=1&output=1'), 'v4.channel.k8s.io')
    const result = channels(socket)
    socket.send(Buffer.from([255, 0]))
    socket.send(Buffer.from('\0still open\n'))
    expect(await result).toMatchObject({ 1: 'still open\n' })
  })

  it.each(['base64.channel.k8s.io', 'v4.base64.channel.k8s.io'])('%s carries text', async protocol => {
    const socket = await open(sh('read line; echo "got $line"', 'input=1&output=1'), protocol)
    const result = channels(socket, true)
    socket.send(`0${Buffer.from('hello\n').toString('base64')}`)
    expect(await result).toMatchObject({ 1: 'got hello\n' })
  })

  it('before v4 the error channel carries text, and nothing for a success', async () => {
    const [good, bad] = await Promise.all([
      channels(kubelet.webSocket(sh('true', 'output=1'), ['channel.k8s.io'])),
      channels(kubelet.webSocket(sh('exit 2', 'output=1'), ['channel.k8s.io'])),
    ])
    expect(good[3]).toBeUndefined()
    expect(bad[3]).toBe(failed('exit 2', 2).message)
  })

  it('passes on the size of the terminal, and the changes of it', async () => {
    const socket = await open(sh('read line; exit 0', 'input=1&output=1&tty=1'))
    const result = channels(socket)
    socket.send(Buffer.from('\x04{"Width":0,"Height":0}'))
    socket.send(Buffer.from('\x04nonsense}'))
    socket.send(Buffer.from('\x04{"Width":80,"Height":24}'))
    socket.send(Buffer.from('\x04{"Width":132,"Height":50}'))
    socket.send(Buffer.from('\0\n'))
    expect((await result)[1]).toBe('size 80x24\nsize 132x50\n')
  })

  it('carries megabytes of output, and of input, whole', async () => {
    const size = 3_000_000
    const socket = await open(sh('cat', 'input=1&output=1'))
    const result = channels(socket)
    const data = Buffer.alloc(size + 1, 'abcdefghij')
    data[0] = 0
    for (let at = 1; at < data.length; at += 30_000) {
      socket.send(Buffer.concat([Buffer.of(0), data.subarray(at, at + 30_000)]))
    }
    socket.send(Buffer.from([255, 0]))
    expect((await result)[1] === data.toString('latin1', 1)).toBe(true)
  })

  it('ends the command when the client goes away', async () => {
    const socket = await open(sh('sleep 1000', 'output=1'))
    for (let i = 0; kubelet.runtime.running === 0 && i < 1000; i++) await new Promise(resolve => setImmediate(resolve))
    expect(kubelet.runtime.running).toBe(1)
    socket.terminate()
    for (let i = 0; kubelet.runtime.running > 0 && i < 100_000; i++) await new Promise(resolve => setImmediate(resolve))
    expect(kubelet.runtime.running).toBe(0)
  })

  it('refuses protocols that it does not know', async () => {
    const { status, body } = await kubelet.upgrade(
      '/exec/default/web/main?output=1&command=true',
      {
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-protocol': 'v9.channel.k8s.io',
      },
      'GET',
    )
    expect(status).toBe(403)
    expect(body).toMatch('requested protocol(s) are not supported: [v9.channel.k8s.io]; supports [')
  })
})

describe('attach', () => {
  it('connects the streams with the main process', async () => {
    const socket = await open('/attach/default/web/main?input=1&output=1')
    const result = channels(socket)
    socket.send(Buffer.from('\0hello'))
    socket.send(Buffer.from([255, 0]))
    expect(await result).toEqual({ 1: 'hello', 3: JSON.stringify(succeeded), code: 1000 })
  })
})

async function spdy(path: string, versions = 'v4.channel.k8s.io', method = 'POST') {
  const { status, headers, socket, head } = await kubelet.upgrade(
    path,
    { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': versions },
    method,
  )
  expect(status).toBe(101)
  const connection = new SpdyConnection(socket!, { role: 'client', clock: kubelet.env.clock, head: head! })
  return { connection, protocol: headers['x-stream-protocol-version'] }
}

describe('exec over SPDY', () => {
  it.each(['POST', 'GET'])('%s: sends stdout, stderr and the exit code', async method => {
    const { connection, protocol } = await spdy(
      sh('echo out; echo err >&2; exit 7', 'output=1&error=1'),
      'v4.channel.k8s.io, v3.channel.k8s.io',
      method,
    )
    expect(protocol).toBe('v4.channel.k8s.io')
    const [error, stdout, stderr] = ['error', 'stdout', 'stderr'].map(streamType =>
      connection.openStream({ streamType }),
    )
    expect(await Promise.all([text(stdout!), text(stderr!)])).toEqual(['out\n', 'err\n'])
    expect(JSON.parse(await text(error!))).toEqual(failed('echo out; echo err >&2; exit 7', 7))
    expect(await connection.closed).toBeUndefined()
  })

  it('ends stdin with its stream, and keeps its own half of it open meanwhile', async () => {
    const { connection } = await spdy(sh('cat', 'input=1&output=1'))
    const [, stdin, stdout] = ['error', 'stdin', 'stdout'].map(streamType => connection.openStream({ streamType }))
    let stdinEnded = false
    stdin!.resume().on('end', () => {
      stdinEnded = true
    })
    stdin!.write('one ')
    expect(String((await once(stdout!, 'data'))[0])).toBe('one ')
    expect(stdinEnded).toBe(false)
    stdin!.end('two')
    expect(await text(stdout!)).toBe('two')
    await connection.closed
    expect(stdinEnded).toBe(true)
  })

  it.each([
    ['v3.channel.k8s.io', true],
    ['v2.channel.k8s.io', false],
    ['channel.k8s.io', false],
  ])('%s: errors are text; terminals have sizes from v3 on', async (version, resizes) => {
    const { connection } = await spdy(sh('read line; exit 2', 'input=1&output=1&tty=1'), version)
    const error = connection.openStream({ streamType: 'error' })
    const stdin = connection.openStream({ streamType: 'stdin' })
    const stdout = connection.openStream({ streamType: 'stdout' })
    if (resizes) connection.openStream({ streamType: 'resize' }).write('{"Width":80,"Height":24}\n')
    await connection.ping()
    stdin.write('\n')
    expect(await text(stdout)).toBe(resizes ? 'size 80x24\n' : '')
    expect(await text(error)).toBe(failed('read line; exit 2', 2).message)
  })

  it('gives up when the streams do not come', async () => {
    const { connection } = await spdy(sh('true', 'output=1'))
    const error = connection.openStream({ streamType: 'error' })
    error.resume()
    await connection.ping()
    await kubelet.env.clock.advance(30_000)
    await connection.closed
    expect(error.destroyed || error.readableEnded).toBe(true)
  })

  it('agrees on nothing it does not know', async () => {
    const headers = { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v9.channel.k8s.io' }
    const answer = await kubelet.upgrade(sh('true', 'output=1'), headers)
    expect(answer.status).toBe(403)
    expect(answer.headers['x-accepted-stream-protocol-versions']).toMatch('v4.channel.k8s.io')
    expect(answer.body).toBe(
      'unable to upgrade: unable to negotiate protocol: client supports [v9.channel.k8s.io], server accepts ' +
        '[v5.channel.k8s.io v4.channel.k8s.io v3.channel.k8s.io v2.channel.k8s.io channel.k8s.io]\n',
    )
    const none = await kubelet.upgrade(sh('true', 'output=1'), { upgrade: 'SPDY/3.1' })
    expect([none.status, none.body]).toEqual([
      400,
      expect.stringMatching(/^unable to upgrade: header X-Stream-Protocol-Version does not exist in request/),
    ])
  })
})

describe('what is refused before the upgrade', () => {
  const upgrade = { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' }
  it.each([
    ['/exec/default/web/main?command=true', 400, 'you must specify at least 1 of stdin, stdout, stderr\n'],
    [
      '/exec/default/web/main?tty=1&error=1&command=true',
      400,
      'you must specify at least 1 of stdin, stdout, stderr\n',
    ],
    ['/exec/default/none/main?output=1', 404, 'pod does not exist\n'],
    ['/attach/default/none/main?output=1', 404, 'pod does not exist\n'],
    ['/portForward/default/none', 404, 'pod does not exist\n'],
    ['/portForward/default/web/wrong-uid', 404, 'pod not found\n'],
    ['/exec/default/web/side?output=1', 500, 'container not found ("side")\n'],
    ['/exec/default/web', 404, '404 page not found\n'],
    ['/healthz', 400, 'cannot upgrade /healthz\n'],
  ])('%s: %i', async (path, status, body) => {
    const answer = await kubelet.upgrade(path, upgrade)
    expect([answer.status, answer.body]).toEqual([status, body])
  })

  it('a request that asks for no upgrade', async () => {
    expect(await kubelet.request(sh('true', 'output=1'))).toMatchObject({
      status: 500,
      body: 'Upgrade request required\n',
    })
  })

  it('an upgrade to something else', async () => {
    expect(await kubelet.upgrade(sh('true', 'output=1'), { upgrade: 'h2c' })).toMatchObject({ status: 400 })
  })
})
