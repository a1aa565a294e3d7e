// The whole way of a stream: a client, the kubelet's server, and behind it a container runtime with a streaming server
// of its own on loopback, as containerd has.

import { once } from 'node:events'
import { createServer as createHttpServer, type Server } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silentLogger } from '../../machinery/env/env.ts'
import { ChildProcessRuntime, TestKubelet } from '../server/testing.ts'
import { CriStreamingRuntime } from './cri-streaming-runtime.ts'
import { servePortForward } from './port-forward.ts'
import { acceptRemoteCommand, serveRemoteCommand } from './remote-command.ts'
import { SpdyConnection } from './spdy/connection.ts'
import { refuseUpgrade } from './upgrade.ts'

/** What the runtime has agreed to, by the token in the URL. */
type Session = { kind: 'exec' | 'attach' | 'portForward'; request: Record<string, unknown> }

const containers = new ChildProcessRuntime()
const sessions: Session[] = []
let streamingServer: Server
let url: string
let kubelet: TestKubelet

beforeAll(async () => {
  streamingServer = createHttpServer()
  streamingServer.on('upgrade', async (request, socket, head) => {
    const upgrade = { request, socket, head }
    const session = sessions[Number(request.url?.slice(1))]
    if (!session) return refuseUpgrade(upgrade, 404, 'no such session')
    const { clock } = kubelet.env
    if (session.kind === 'portForward') {
      await servePortForward(
        upgrade,
        {
          podName: 'sandbox',
          podUid: '',
          forward: (port, stream) => containers.portForward('', port, stream),
        },
        { clock, log: silentLogger },
      )
      return
    }
    const options = session.request as never
    const streams = await acceptRemoteCommand(upgrade, options, clock)
    if (!streams) return
    const command = (session.request.cmd ?? []) as string[]
    await serveRemoteCommand(streams, command, connected =>
      session.kind === 'exec' ? containers.exec('', command, connected) : containers.attach('', connected),
    )
  })
  await new Promise<void>(resolve => streamingServer.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(streamingServer.address() as AddressInfo).port}/`
  const agree = (kind: Session['kind']) => async (request: object) => {
    if ((request as { containerId?: string }).containerId === 'gone') return { url: `${url}nowhere` }
    return { url: url + (sessions.push({ kind, request: request as Record<string, unknown> }) - 1) }
  }
  kubelet = new TestKubelet()
  const runtime = new CriStreamingRuntime(
    { exec: agree('exec'), attach: agree('attach'), portForward: agree('portForward') },
    kubelet.env.clock,
  )
  kubelet = new TestKubelet({ runtime })
})
afterAll(async () => {
  await kubelet.server.close()
  await new Promise(resolve => {
    streamingServer.close(resolve)
    streamingServer.closeAllConnections()
  })
})

const sh = (script: string, query: string) =>
  `/exec/default/web/main?${query}${['sh', '-c', script].map(word => `&command=${encodeURIComponent(word)}`).join('')}`

async function exec(path: string, input: Buffer[] = []): Promise<Record<number, string>> {
  const socket = kubelet.webSocket(path, ['v5.channel.k8s.io'])
  const received: Record<number, string> = {}
  socket.on('message', (data: Buffer) => {
    received[data[0]!] = (received[data[0]!] ?? '') + data.toString('utf8', 1)
  })
  await once(socket, 'open')
  for (const message of input) socket.send(message)
  await once(socket, 'close')
  return received
}

describe('a command in a CRI container', () => {
  it('has its output and exit code brought', async () => {
    const received = await exec(sh('echo out; echo err >&2; exit 5', 'output=1&error=1'))
    expect([received[1], received[2]]).toEqual(['out\n', 'err\n'])
    expect(JSON.parse(received[3]!)).toMatchObject({
      reason: 'NonZeroExitCode',
      message:
        'command terminated with non-zero exit code: error executing command [sh -c echo out; echo err >&2; exit 5], ' +
        'exit code 5',
      details: { causes: [{ reason: 'ExitCode', message: '5' }] },
    })
    expect(sessions.at(-1)?.request).toMatchObject({ stdin: false, stdout: true, stderr: true, tty: false })
  })

  it('has its input brought, to the end', async () => {
    const input = [Buffer.from('\0hello '), Buffer.from('\0world\n'), Buffer.of(255, 0)]
    expect((await exec(sh('cat; echo end', 'input=1&output=1'), input))[1]).toBe('hello world\nend\n')
  })

  it('may end before its input does', async () => {
    const input = Array.from({ length: 50 }, () => Buffer.concat([Buffer.of(0), Buffer.alloc(30_000, 'x')]))
    const received = await exec(sh('head -c 3', 'input=1&output=1'), input)
    expect(received[1]).toBe('xxx')
    expect(JSON.parse(received[3]!)).toMatchObject({ status: 'Success' })
  })

  it('knows the size of its terminal', async () => {
    const input = [Buffer.from('\x04{"Width":100,"Height":30}'), Buffer.from('\0\n')]
    const path = sh('read line; sleep 0.1', 'input=1&output=1&tty=1')
    expect((await exec(path, input))[1]).toBe('size 100x30\n')
  })

  it('is let go of when the client goes away', async () => {
    const socket = kubelet.webSocket(sh('echo begun; sleep 1000', 'output=1'), ['v5.channel.k8s.io'])
    let output = ''
    socket.on('message', (data: Buffer) => {
      output += data.toString('utf8', 1)
    })
    while (!output.includes('begun')) await once(socket, 'message')
    expect(containers.running).toBe(1)
    socket.terminate()
    for (let i = 0; containers.running > 0 && i < 100_000; i++) await new Promise(resolve => setImmediate(resolve))
    expect(containers.running).toBe(0)
  })

  it('that the runtime refuses', async () => {
    const lost = new TestKubelet({
      runtime: new CriStreamingRuntime({ exec: async () => ({ url: `${url}nowhere` }) } as never, kubelet.env.clock),
    })
    const socket = lost.webSocket(sh('true', 'output=1'), ['v4.channel.k8s.io'])
    let status = ''
    socket.on('message', (data: Buffer) => {
      if (data[0] === 3) status = data.toString('utf8', 1)
    })
    await once(socket, 'close')
    expect(JSON.parse(status).message).toBe(
      'Internal error occurred: error executing command in container: unable to upgrade connection: no such session',
    )
  })
})

describe('attaching to a CRI container', () => {
  it('brings its streams', async () => {
    const received = await exec('/attach/default/web/main?input=1&output=1', [
      Buffer.from('\0hello'),
      Buffer.of(255, 0),
    ])
    expect(received).toMatchObject({ 1: 'hello' })
    expect(JSON.parse(received[3]!)).toMatchObject({ status: 'Success' })
  })
})

describe('forwarding a port of a CRI pod', () => {
  async function forward(port: number) {
    const { socket, head } = await kubelet.upgrade('/portForward/default/web', {
      upgrade: 'SPDY/3.1',
      'x-stream-protocol-version': 'portforward.k8s.io',
    })
    const connection = new SpdyConnection(socket!, { role: 'client', clock: kubelet.env.clock, head: head! })
    const headers = { port: String(port), requestID: '0' }
    const error = connection.openStream({ ...headers, streamType: 'error' })
    const data = connection.openStream({ ...headers, streamType: 'data' })
    error.end()
    return { connection, error, data }
  }

  it('brings both directions, to the end of each', async () => {
    const server = createServer({ allowHalfOpen: true }, socket => {
      let sent = ''
      socket.on('data', chunk => {
        sent += chunk
      })
      socket.on('end', () => socket.end(sent.toUpperCase()))
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { connection, data, error } = await forward((server.address() as AddressInfo).port)
    data.end('hello')
    expect(await text(data)).toBe('HELLO')
    expect(await text(error)).toBe('')
    await connection.close()
    await new Promise(resolve => server.close(resolve))
  })

  it("brings the runtime's reason when nobody listens", async () => {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise(resolve => server.close(resolve))
    const { connection, data, error } = await forward(port)
    data.resume()
    const report = JSON.parse(await text(error))
    expect(report.closeConnection).toBe(true)
    expect(report.message).toMatch(`connect ECONNREFUSED 127.0.0.1:${port}`)
    await connection.close()
  })
})
