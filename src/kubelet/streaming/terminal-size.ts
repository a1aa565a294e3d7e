// The resize channel: JSON objects {"Width":80,"Height":24}, one after the other.

import type { Readable } from 'node:stream'

/** In characters. */
export interface TerminalSize {
  readonly width: number
  readonly height: number
}

/** Not more than this may be unread: each size is some 30 bytes. */
const maxPending = 4096

export class TerminalSizes {
  #listeners: ((size: TerminalSize) => void)[] = []
  #latest: TerminalSize | undefined

  listen(listener: (size: TerminalSize) => void): void {
    this.#listeners.push(listener)
    if (this.#latest) listener(this.#latest)
  }

  /** Follows the channel; what is not a size is passed over. */
  read(channel: Readable): void {
    let pending = ''
    channel.setEncoding('utf8')
    channel.on('data', (text: string) => {
      pending += text
      for (let end = pending.indexOf('}'); end >= 0; end = pending.indexOf('}')) {
        this.#report(pending.slice(0, end + 1))
        pending = pending.slice(end + 1)
      }
      if (pending.length > maxPending) pending = ''
    })
  }

  #report(json: string): void {
    let fields: Map<string, unknown>
    try {
      fields = new Map(Object.entries(JSON.parse(json)).map(([name, value]) => [name.toLowerCase(), value]))
    } catch {
      return
    }
    const [width, height] = [fields.get('width'), fields.get('height')]
    // Clients without a terminal of their own send zeros.
    if (typeof width !== 'number' || typeof height !== 'number' || width < 1 || height < 1) return
    this.#latest = { width, height }
    for (const listener of this.#listeners) listener(this.#latest)
  }
}
