// Remote commands over SPDY: the client opens one stream each for error, stdin, stdout, stderr and resize, told apart
// by their `streamType` header.

import type { Clock } from '../../machinery/env/env.ts'
import { errorChannelText, flushed } from './command-outcome.ts'
import type { RemoteCommandOptions, RemoteCommandStreams } from './remote-command.ts'
import { SpdyConnection } from './spdy/connection.ts'
import type { SpdyStream } from './spdy/stream.ts'
import { TerminalSizes } from './terminal-size.ts'
import { acceptSpdy, type UpgradeRequest } from './upgrade.ts'

/** v5 over SPDY is v4: streams could always be closed. */
const protocols = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
] as const

export const streamCreationTimeout = 30_000

export async function acceptSpdyCommand(
  upgrade: UpgradeRequest,
  options: RemoteCommandOptions,
  clock: Clock,
): Promise<RemoteCommandStreams | undefined> {
  const protocol = acceptSpdy(upgrade, protocols)
  if (protocol === undefined) return undefined
  const resizable = options.tty && protocol !== 'v2.channel.k8s.io' && protocol !== 'channel.k8s.io'
  const expected = new Set(['error'])
  for (const name of ['stdin', 'stdout', 'stderr'] as const) if (options[name]) expected.add(name)
  if (resizable) expected.add('resize')

  const streams: Record<string, SpdyStream> = {}
  let complete: (all: boolean) => void = () => {}
  const allStreams = new Promise<boolean>(resolve => {
    complete = resolve
  })
  const connection = new SpdyConnection(upgrade.socket, {
    role: 'server',
    clock,
    head: upgrade.head,
    onStream(stream) {
      const type = stream.headers.streamtype ?? ''
      // A stream of another type is let be: it is neither read nor written.
      if (expected.has(type) && !streams[type]) streams[type] = stream
      if (Object.keys(streams).length === expected.size) complete(true)
    },
  })
  connection.closed.then(() => complete(false))
  const timer = clock.setTimeout(() => complete(false), streamCreationTimeout)
  const ready = await allStreams
  timer.cancel()
  if (!ready) {
    connection.close()
    return undefined
  }

  const gone = new AbortController()
  connection.closed.then(error => gone.abort(error ?? new Error('the client closed the connection')))
  const { stdin, stdout, stderr, error, resize } = streams
  const sizes = new TerminalSizes()
  if (resize) sizes.read(resize)
  // The client writes nothing to these, but its half must be read to its end.
  for (const output of [stdout, stderr, error]) output?.resume()
  const json = protocol === 'v4.channel.k8s.io' || protocol === 'v5.channel.k8s.io'
  return {
    ...(stdin && { stdin }),
    ...(stdout && { stdout }),
    ...(stderr && { stderr }),
    tty: options.tty,
    signal: gone.signal,
    resize: listener => sizes.listen(listener),
    async exit(status) {
      await Promise.all([stdout, stderr].map(output => output && flushed(output, gone.signal)))
      // Not before: kubectl takes the end of this half of stdin for the end of the command.
      stdin?.end()
      resize?.end()
      if (error) {
        const report = errorChannelText(status, json)
        if (report !== '') error.write(report)
        await flushed(error, gone.signal)
      }
      await connection.close()
    },
  }
}
