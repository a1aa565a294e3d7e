// Port forwarding in the channel protocol over WebSocket: for the n-th port of the query, channel 2n carries data both
// ways and channel 2n+1 errors; each begins with the port as two bytes, little-endian. One connection per port.

import { Duplex } from 'node:stream'
import { flushed } from './command-outcome.ts'
import { parsePort } from './port.ts'
import type { PortForwardTarget } from './port-forward.ts'
import { acceptWebSocket, offeredSubprotocols, refuseUpgrade, type UpgradeRequest } from './upgrade.ts'
import { WebSocketChannels } from './websocket-channels.ts'

const protocols = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io']

export async function serveWebSocketPortForward(upgrade: UpgradeRequest, target: PortForwardTarget): Promise<void> {
  let ports: number[]
  try {
    ports = portsOf(new URL(upgrade.request.url ?? '/', 'http://kubelet').searchParams)
  } catch (error) {
    refuseUpgrade(upgrade, 400, (error as Error).message)
    return
  }
  const offered = offeredSubprotocols(upgrade.request)
  const protocol = offered.length === 0 ? '' : offered.find(name => protocols.includes(name))
  if (protocol === undefined) {
    const message = `requested protocol(s) are not supported: [${offered.join(' ')}]; supports [${protocols.join(' ')}]`
    refuseUpgrade(upgrade, 403, message)
    return
  }
  const webSocket = acceptWebSocket(upgrade, protocol)
  if (!webSocket) return
  const channels = new WebSocketChannels(webSocket, { base64: protocol.includes('base64'), closeSignal: false })
  await Promise.all(ports.map((port, index) => forward(channels, port, index, target)))
  channels.close()
}

async function forward(
  channels: WebSocketChannels,
  port: number,
  index: number,
  target: PortForwardTarget,
): Promise<void> {
  const [dataChannel, errorChannel] = [2 * index, 2 * index + 1]
  const portBytes = Uint8Array.of(port & 0xff, port >> 8)
  channels.send(dataChannel, portBytes)
  channels.send(errorChannel, portBytes)
  const output = channels.output(dataChannel)
  const stream = Duplex.from({ readable: channels.input(dataChannel), writable: output })
  stream.on('error', () => {})
  try {
    await target.forward(port, stream)
  } catch (error) {
    const { podName, podUid } = target
    const message = `error forwarding port ${port} to pod ${podName}, uid ${podUid}: ${(error as Error).message}`
    channels.send(errorChannel, Buffer.from(message))
  }
  await flushed(output, channels.closed)
}

/** The `port` query: numbers, repeated or separated by commas. Throws a text for the client. */
function portsOf(query: URLSearchParams): number[] {
  const values = query.getAll('port')
  if (values.length === 0) throw new Error('query parameter "port" is required')
  return values.flatMap(value => {
    if (value === '') throw new Error('query parameter "port" cannot be empty')
    return value.split(',').map(text => parsePort(text, value))
  })
}
