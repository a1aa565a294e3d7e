// One of the servers, as a client sees it.

import { Agent, request } from 'node:https'

export interface Asked {
  readonly method?: string
  readonly path: string
  /** Sent as JSON unless it is text or bytes. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** undefined: as the administrator; null: as nobody. */
  readonly token?: string | null
  /** Milliseconds after which a watch that goes on is cut, and what has come so far is its answer. */
  readonly cutAfter?: number
}

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

export class Connection {
  readonly address: string
  readonly port: number
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16, rejectUnauthorized: false })

  constructor(address: string, port: number) {
    this.address = address
    this.port = port
  }

  send({ method = 'GET', path, body, headers, token = 'admin-token', cutAfter }: Asked): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const content =
        body === undefined ? undefined : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
      const sent = request({
        agent: this.#agent,
        host: this.address,
        port: this.port,
        method,
        path,
        headers: {
          'user-agent': 'differential',
          accept: 'application/json',
          ...(token !== null && { authorization: `Bearer ${token}` }),
          ...(content !== undefined && {
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(content)),
          }),
          ...headers,
        },
      })
      sent.once('error', reject)
      sent.setTimeout(70_000, () => sent.destroy(new Error('no answer in 70 s')))
      sent.once('response', response => {
        const chunks: Buffer[] = []
        let cut: NodeJS.Timeout | undefined
        const done = () => {
          clearTimeout(cut)
          resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) })
        }
        response.on('data', chunk => chunks.push(chunk))
        response.once('end', done)
        response.once('error', error => (cut ? done() : reject(error)))
        if (cutAfter !== undefined)
          cut = setTimeout(() => {
            response.removeAllListeners('error').on('error', () => {})
            sent.on('error', () => {})
            done()
            sent.destroy()
          }, cutAfter)
      })
      sent.end(content)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
