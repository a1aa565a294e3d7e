// DNS over UDP and TCP on one address and port. What is asked is answered by others; this knows the wire: sizes and
// truncation, EDNS, bad packets, connections.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { createServer, isIPv6, type Server, type Socket as TcpSocket } from 'node:net'
import { type Answer, AUTHORITATIVE_ANSWER, type DecodedPacket, decode, encode, type Question } from 'dns-packet'
import type { Env } from '../machinery/env/env.ts'

export type Rcode = 'NOERROR' | 'FORMERR' | 'SERVFAIL' | 'NXDOMAIN' | 'NOTIMP' | 'REFUSED'

/** A packet as it is to go out, or what is to be in it. */
export type Reply = Uint8Array | ReplyContent

export interface ReplyContent {
  readonly rcode: Rcode
  readonly authoritative?: boolean
  readonly answers?: readonly Answer[]
  readonly authorities?: readonly Answer[]
  readonly additionals?: readonly Answer[]
}

export interface Query {
  readonly question: Question
  readonly packet: DecodedPacket
  readonly bytes: Uint8Array
  readonly protocol: 'udp' | 'tcp'
}

export interface DnsServerOptions {
  readonly env: Env
  readonly address: string
  /** 0 picks one that is free for both protocols. */
  readonly port: number
  /** What it rejects with is logged and answered with SERVFAIL. */
  readonly reply: (query: Query) => Promise<Reply>
}

const rcodes: Readonly<Record<Rcode, number>> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
}

const truncated = 1 << 9
const recursionDesired = 1 << 8
const recursionAvailable = 1 << 7
const opcodeBits = 0b1111 << 11

/** Without EDNS, and the most that is sent with it: larger ones get lost on the way. */
const plainUdpSize = 512
const largestUdpSize = 1232
const idleConnectionMs = 10_000
const mostConnections = 1_000

export class DnsServer {
  readonly #options: DnsServerOptions
  #udp: Socket | undefined
  #tcp: Server | undefined
  readonly #connections = new Set<TcpSocket>()
  #port = 0

  constructor(options: DnsServerOptions) {
    this.#options = options
  }

  get port(): number {
    return this.#port
  }

  async start(): Promise<void> {
    const { port } = this.#options
    for (let attempts = port === 0 ? 20 : 1; ; attempts--) {
      try {
        await this.#listen(port)
        return
      } catch (error) {
        await this.stop()
        // The port that UDP was given may be another's for TCP.
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempts === 1) throw error
      }
    }
  }

  async stop(): Promise<void> {
    const [udp, tcp] = [this.#udp, this.#tcp]
    this.#udp = this.#tcp = undefined
    for (const connection of this.#connections) connection.destroy()
    await Promise.all([
      udp && new Promise<void>(resolve => udp.close(() => resolve())),
      tcp?.listening && new Promise<void>(resolve => tcp.close(() => resolve())),
    ])
  }

  async #listen(port: number): Promise<void> {
    const { address, env } = this.#options
    const udp = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', reuseAddr: false })
    await new Promise<void>((resolve, reject) => {
      udp.once('error', reject)
      udp.bind(port, address, () => resolve())
    }).catch(error => {
      udp.close()
      throw error
    })
    this.#udp = udp
    udp.removeAllListeners('error')
    udp.on('error', error => env.log.warn('DNS over UDP failed', { error: error.message }))
    udp.on('message', (bytes, from) => void this.#datagram(udp, bytes, from))
    this.#port = udp.address().port
    const tcp = createServer(connection => this.#connection(connection))
    tcp.maxConnections = mostConnections
    this.#tcp = tcp
    await new Promise<void>((resolve, reject) => {
      tcp.once('error', reject)
      tcp.listen(this.#port, address, resolve)
    })
    tcp.on('error', error => env.log.warn('DNS over TCP failed', { error: error.message }))
  }

  async #datagram(udp: Socket, bytes: Buffer, from: RemoteInfo): Promise<void> {
    const reply = await this.#replyTo(bytes, 'udp')
    if (reply && udp === this.#udp) udp.send(reply, from.port, from.address, () => {})
  }

  /** Messages have their length before them; each is answered when it is ready, in whatever order. */
  #connection(connection: TcpSocket): void {
    const { clock } = this.#options.env
    let received: Buffer = Buffer.alloc(0)
    const idle = () => clock.setTimeout(() => connection.destroy(), idleConnectionMs)
    let timer = idle()
    this.#connections.add(connection)
    connection.on('error', () => connection.destroy())
    connection.on('close', () => {
      timer.cancel()
      this.#connections.delete(connection)
    })
    connection.on('data', chunk => {
      timer.cancel()
      timer = idle()
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0)
        const message = received.subarray(2, end)
        received = received.subarray(end)
        void this.#replyTo(message, 'tcp').then(reply => {
          if (reply && !connection.destroyed) connection.write(lengthPrefixed(reply))
        })
      }
    })
  }

  /** Undefined for what deserves no answer. */
  async #replyTo(bytes: Buffer, protocol: Query['protocol']): Promise<Uint8Array | undefined> {
    // Too short to say whose it is, or an answer: two servers that answer each other's answers never end.
    if (bytes.length < 12 || (bytes[2]! & 0x80) !== 0) return undefined
    let packet: DecodedPacket
    try {
      packet = decode(bytes)
    } catch {
      return encode({ type: 'response', id: bytes.readUInt16BE(0), flags: rcodes.FORMERR })
    }
    try {
      const content = await this.#contentFor(packet, bytes, protocol)
      return content instanceof Uint8Array ? content : encodeReply(packet, content, protocol)
    } catch (error) {
      const { name, type } = packet.questions![0]!
      this.#options.env.log.warn('A DNS query could not be answered', { name, type, error: (error as Error).message })
      return encodeReply(packet, { rcode: 'SERVFAIL' }, protocol)
    }
  }

  async #contentFor(packet: DecodedPacket, bytes: Buffer, protocol: Query['protocol']): Promise<Reply> {
    const [question, ...more] = packet.questions ?? []
    if (((packet.flags ?? 0) & opcodeBits) !== 0) return { rcode: 'NOTIMP' }
    if (!question || more.length > 0) return { rcode: 'FORMERR' }
    if (question.class !== 'IN') return { rcode: 'REFUSED' }
    return this.#options.reply({ question, packet, bytes, protocol })
  }
}

export function lengthPrefixed(message: Uint8Array): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

function encodeReply(query: DecodedPacket, content: ReplyContent, protocol: Query['protocol']): Uint8Array {
  const asked = query.additionals?.find(record => record.type === 'OPT')
  const edns = asked && ({ type: 'OPT', name: '.', udpPayloadSize: largestUdpSize, flags: 0, options: [] } as any)
  const flags =
    rcodes[content.rcode] |
    (content.authoritative ? AUTHORITATIVE_ANSWER : 0) |
    ((query.flags ?? 0) & recursionDesired) |
    recursionAvailable
  const packet = {
    type: 'response' as const,
    id: query.id,
    questions: query.questions,
    authorities: [...(content.authorities ?? [])],
  }
  const whole = (additionals: readonly Answer[]) =>
    encode({
      ...packet,
      flags,
      answers: [...(content.answers ?? [])],
      additionals: [...additionals, ...(edns ? [edns] : [])],
    })
  const most =
    protocol === 'tcp' ? 65_535 : Math.max(plainUdpSize, Math.min(asked?.udpPayloadSize ?? 0, largestUdpSize))
  for (const additionals of [content.additionals ?? [], []]) {
    const encoded = whole(additionals)
    if (encoded.length <= most) return encoded
  }
  return encode({ ...packet, authorities: [], flags: flags | truncated, additionals: edns ? [edns] : [] })
}
