// Names that are not the cluster's: asked of the resolvers that the machine itself uses, bytes in and bytes out.
//
// A resolver may, by its own configuration, ask us again. Then the same question would come back to us while we wait for
// its answer, and again, and again. So a question that is already on its way is not asked twice: the second one waits
// for the first, and both end when that does.

import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { connect, isIP, isIPv6 } from 'node:net'
import type { Env } from '../machinery/env/env.ts'
import { lengthPrefixed, type Query } from './dns-server.ts'

export interface Upstream {
  readonly address: string
  readonly port: number
}

const mostInFlight = 1_000
const answerWithinMs = 2_000
const mostAttempts = 2

/** The `nameserver` lines of a resolv.conf; none when there is no such file. */
export function resolversOf(path = '/etc/resolv.conf'): Upstream[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return []
  }
  const found = [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address]) => ({ address: address!, port: 53 }))
  return found.filter(({ address }) => isIP(address.split('%')[0]!) !== 0)
}

export class Forwarder {
  readonly #env: Env
  readonly #upstreams: readonly Upstream[]
  readonly #inFlight = new Map<string, Promise<Buffer>>()
  readonly #stopping = new AbortController()

  constructor(env: Env, upstreams: readonly Upstream[]) {
    this.#env = env
    this.#upstreams = upstreams
  }

  /** The answer, as if the asker had asked itself. Rejects when no resolver gives one. */
  async forward({ bytes, question, packet, protocol }: Query): Promise<Uint8Array> {
    const edns = packet.additionals?.find(record => record.type === 'OPT')
    const key = [
      protocol,
      question.type,
      question.name.toLowerCase(),
      (packet.flags ?? 0) & 0x110,
      edns ? `${edns.udpPayloadSize} ${edns.flags}` : '',
    ].join(' ')
    let answer = this.#inFlight.get(key)
    if (!answer) {
      if (this.#inFlight.size >= mostInFlight) throw new Error('too many queries are being forwarded')
      answer = this.#ask(bytes, protocol).finally(() => this.#inFlight.delete(key))
      this.#inFlight.set(key, answer)
    }
    const own = Buffer.from(await answer)
    own.set(bytes.subarray(0, 2))
    // The question as this asker wrote it: its letters' case is its check that the answer is to it.
    const end = questionEnd(bytes)
    if (own.length >= end && own.readUInt16BE(4) === 1) own.set(bytes.subarray(12, end), 12)
    return own
  }

  stop(): void {
    this.#stopping.abort(new Error('stopped'))
  }

  async #ask(bytes: Uint8Array, protocol: Query['protocol']): Promise<Buffer> {
    let last: unknown = new Error('there is no resolver to forward to')
    for (const upstream of this.#upstreams.slice(0, mostAttempts)) {
      // An id of our own: nobody but the resolver is to know what it will have to be.
      const query = Buffer.from(bytes)
      query.set(this.#env.random.bytes(2))
      try {
        return await this.#within(signal => (protocol === 'udp' ? askUdp : askTcp)(query, upstream, signal))
      } catch (error) {
        if (this.#stopping.signal.aborted) throw error
        last = error
      }
    }
    throw last
  }

  async #within(ask: (signal: AbortSignal) => Promise<Buffer>): Promise<Buffer> {
    const late = new AbortController()
    const timer = this.#env.clock.setTimeout(() => late.abort(new Error('no answer in time')), answerWithinMs)
    try {
      return await ask(AbortSignal.any([late.signal, this.#stopping.signal]))
    } finally {
      timer.cancel()
    }
  }
}

/** After the header and the one question's name, type and class. */
function questionEnd(bytes: Uint8Array): number {
  let at = 12
  while (at < bytes.length && bytes[at] !== 0) at += bytes[at]! + 1
  return at + 5
}

const answers = (query: Buffer, answer: Buffer): boolean =>
  answer.length >= 12 && answer.readUInt16BE(0) === query.readUInt16BE(0) && (answer[2]! & 0x80) !== 0

function askUdp(query: Buffer, { address, port }: Upstream, signal: AbortSignal): Promise<Buffer> {
  // A socket for each question: its port is as hard to guess as its id. Connected: only the resolver is heard.
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  return new Promise<Buffer>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    if (signal.aborted) return reject(signal.reason)
    socket.on('error', reject)
    socket.on('message', answer => {
      if (answers(query, answer)) resolve(answer)
    })
    socket.connect(port, address, () => socket.send(query, error => error && reject(error)))
  }).finally(() => socket.close())
}

function askTcp(query: Buffer, { address, port }: Upstream, signal: AbortSignal): Promise<Buffer> {
  const socket = connect({ host: address, port })
  return new Promise<Buffer>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    if (signal.aborted) return reject(signal.reason)
    let received: Buffer = Buffer.alloc(0)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the resolver closed the connection')))
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return
      const answer = received.subarray(2, 2 + received.readUInt16BE(0))
      if (answers(query, answer)) resolve(answer)
      else reject(new Error('the resolver answered something else'))
    })
    socket.write(lengthPrefixed(query))
  }).finally(() => socket.destroy())
}
