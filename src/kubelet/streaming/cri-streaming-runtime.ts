// Streaming to the containers of a CRI runtime. The runtime answers Exec, Attach and PortForward with the URL of its own
// streaming server, which takes one connection; here is that server's SPDY client, as upstream's kubelet would be if it
// did not pass the bytes through: our clients may speak protocols that the runtime does not.

import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { Clock } from '../../machinery/env/env.ts'
import type { Status } from '../../machinery/status-error.ts'
import type { ContainerRuntime } from '../runtime/container-runtime.ts'
import { exitCodeOf } from './command-outcome.ts'
import { optionsOf, type RemoteCommandStreams } from './remote-command.ts'
import { SpdyConnection } from './spdy/connection.ts'
import type { StreamingRuntime } from './streaming-runtime.ts'

type StreamingCalls = Pick<ContainerRuntime, 'exec' | 'attach' | 'portForward'>

export class CriStreamingRuntime implements StreamingRuntime {
  readonly #runtime: StreamingCalls
  readonly #clock: Clock

  constructor(runtime: StreamingCalls, clock: Clock) {
    this.#runtime = runtime
    this.#clock = clock
  }

  async exec(containerId: string, command: readonly string[], streams: RemoteCommandStreams): Promise<number> {
    const { url } = await this.#runtime.exec({ containerId, cmd: [...command], ...optionsOf(streams) })
    return this.#command(url, streams)
  }

  async attach(containerId: string, streams: RemoteCommandStreams): Promise<number> {
    const { url } = await this.#runtime.attach({ containerId, ...optionsOf(streams) })
    return this.#command(url, streams)
  }

  async portForward(podSandboxId: string, port: number, stream: Duplex): Promise<void> {
    const { url } = await this.#runtime.portForward({ podSandboxId, port: [port] })
    const connection = await this.#dial(url, 'portforward.k8s.io')
    try {
      const headers = { port: String(port), requestID: '0' }
      const error = connection.openStream({ ...headers, streamType: 'error' })
      const data = connection.openStream({ ...headers, streamType: 'data' })
      error.end()
      const failure = text(error).catch(() => '')
      const copied = Promise.all([
        pipeline(stream, data).catch(() => data.destroy()),
        pipeline(data, stream, { end: true }).catch(() => data.destroy()),
      ])
      // A client that waits for an answer does not end its side: a failure must not wait for that.
      await Promise.race([copied, failure.then(message => (message === '' ? copied : undefined))])
      const message = await Promise.race([failure, connection.closed.then(() => '')])
      if (message !== '') throw portForwardError(message)
    } finally {
      void connection.close()
    }
  }

  async #command(url: string, streams: RemoteCommandStreams): Promise<number> {
    const connection = await this.#dial(url, 'v4.channel.k8s.io')
    const hangUp = () => void connection.close()
    streams.signal.addEventListener('abort', hangUp)
    try {
      if (streams.signal.aborted) throw new Error('the client closed the connection')
      const error = connection.openStream({ streamType: 'error' })
      error.end()
      const report = text(error).catch(() => '')
      if (streams.stdin) {
        const stdin = connection.openStream({ streamType: 'stdin' })
        stdin.resume()
        // A command may end without reading all of its input.
        pipeline(streams.stdin, stdin).catch(() => stdin.destroy())
      }
      const outputs = (['stdout', 'stderr'] as const).map(async name => {
        const output = streams[name]
        if (!output) return
        const stream = connection.openStream({ streamType: name })
        stream.end()
        await pipeline(stream, output, { end: false }).catch(() => stream.destroy())
      })
      if (streams.tty) {
        const resize = connection.openStream({ streamType: 'resize' })
        resize.resume()
        streams.resize(({ width, height }) => resize.write(`${JSON.stringify({ Width: width, Height: height })}\n`))
      }
      await Promise.all(outputs)
      return exitCode(await Promise.race([report, connection.closed.then(() => report)]))
    } finally {
      streams.signal.removeEventListener('abort', hangUp)
      void connection.close()
    }
  }

  #dial(url: string, protocol: string): Promise<SpdyConnection> {
    return new Promise((resolve, reject) => {
      const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, {
        method: 'POST',
        headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': protocol },
        agent: false,
        // The runtime's certificate is its own; it listens on loopback, and the URL carries a one-time token.
        rejectUnauthorized: false,
      } as object)
      request.on('upgrade', (_response, socket, head) => {
        resolve(new SpdyConnection(socket, { role: 'client', clock: this.#clock, head }))
      })
      request.on('response', response => {
        text(response).then(
          body => reject(new Error(`unable to upgrade connection: ${body.trim() || response.statusMessage}`)),
          reject,
        )
      })
      request.on('error', reject)
      request.end()
    })
  }
}

function exitCode(report: string): number {
  if (report === '') throw new Error('the container runtime closed the connection')
  let status: Partial<Status>
  try {
    status = JSON.parse(report)
  } catch {
    throw new Error(report)
  }
  const code = exitCodeOf(status)
  if (code !== undefined) return code
  // The runtime's streaming server puts the same words in front as we do for its caller: said once is enough.
  throw new Error((status.message || report).replace(/^Internal error occurred: error \w+ \w+ \w+ container: /, ''))
}

/** Runtimes report an error as text, or (since Kubernetes 1.33) as JSON with the text as its message. */
function portForwardError(report: string): Error {
  try {
    const { message, closeConnection } = JSON.parse(report) as { message?: string; closeConnection?: boolean }
    return Object.assign(new Error(message ?? report), closeConnection ? {} : { code: 'ECONNRESET' })
  } catch {
    return new Error(report)
  }
}
