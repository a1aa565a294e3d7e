// Remote commands over WebSocket: channels 0 stdin, 1 stdout, 2 stderr, 3 error, 4 resize.

import { errorChannelText, flushed } from './command-outcome.ts'
import type { RemoteCommandOptions, RemoteCommandStreams } from './remote-command.ts'
import { TerminalSizes } from './terminal-size.ts'
import { acceptWebSocket, offeredSubprotocols, refuseUpgrade, type UpgradeRequest } from './upgrade.ts'
import { type ChannelProtocol, WebSocketChannels } from './websocket-channels.ts'

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 }

interface CommandProtocol extends ChannelProtocol {
  /** The outcome is a Status in JSON; before v4 it was the text of the error, or nothing. */
  readonly jsonStatus: boolean
}

/** A client that names no protocol gets the oldest. */
const protocols: Readonly<Record<string, CommandProtocol>> = {
  '': { base64: false, closeSignal: false, jsonStatus: false },
  'channel.k8s.io': { base64: false, closeSignal: false, jsonStatus: false },
  'base64.channel.k8s.io': { base64: true, closeSignal: false, jsonStatus: false },
  'v4.channel.k8s.io': { base64: false, closeSignal: false, jsonStatus: true },
  'v4.base64.channel.k8s.io': { base64: true, closeSignal: false, jsonStatus: true },
  'v5.channel.k8s.io': { base64: false, closeSignal: true, jsonStatus: true },
}

export function acceptWebSocketCommand(
  upgrade: UpgradeRequest,
  options: RemoteCommandOptions,
): RemoteCommandStreams | undefined {
  const offered = offeredSubprotocols(upgrade.request)
  const name = offered.length === 0 ? '' : offered.find(offer => Object.hasOwn(protocols, offer))
  if (name === undefined) {
    const served = Object.keys(protocols).join(' ').trim()
    refuseUpgrade(upgrade, 403, `requested protocol(s) are not supported: [${offered.join(' ')}]; supports [${served}]`)
    return undefined
  }
  const webSocket = acceptWebSocket(upgrade, name)
  if (!webSocket) return undefined
  const protocol = protocols[name]!
  const channels = new WebSocketChannels(webSocket, protocol)
  const sizes = new TerminalSizes()
  sizes.read(channels.input(channel.resize))
  // An empty message tells the client that the connection stands.
  const first = options.stdout ? channel.stdout : options.stderr ? channel.stderr : channel.error
  channels.send(first, new Uint8Array(0))
  const stdin = options.stdin ? channels.input(channel.stdin) : undefined
  const stdout = options.stdout ? channels.output(channel.stdout) : undefined
  const stderr = options.stderr ? channels.output(channel.stderr) : undefined
  return {
    ...(stdin && { stdin }),
    ...(stdout && { stdout }),
    ...(stderr && { stderr }),
    tty: options.tty,
    signal: channels.closed,
    resize: listener => sizes.listen(listener),
    async exit(status) {
      await Promise.all([stdout, stderr].map(output => output && flushed(output, channels.closed)))
      const report = errorChannelText(status, protocol.jsonStatus)
      if (report !== '') channels.send(channel.error, Buffer.from(report))
      channels.close()
      stdin?.destroy()
    },
  }
}
