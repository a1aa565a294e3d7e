// A file that is read again when it has changed. It is looked at from time to time rather than watched: files that are
// mounted from ConfigMaps and Secrets are replaced by links, which watching does not see.

import { readFileSync } from 'node:fs'
import type { Env, Timer } from '../../machinery/env/env.ts'

export interface WatchedFileOptions {
  readonly env: Env
  readonly path: string
  readonly everyMilliseconds: number
  /** Told the new content. What it throws is logged, and the content is not offered again, but for `RetryLater`. */
  readonly changed: (content: string) => void | Promise<void>
}

/** The content may be of use the next time. */
export class RetryLater extends Error {
  override readonly name = 'RetryLater'
}

export class WatchedFile {
  readonly #options: WatchedFileOptions
  readonly #timer: Timer
  #content: string
  #looking = false

  /** `content` is what the file held when it was first read. */
  constructor(content: string, options: WatchedFileOptions) {
    this.#content = content
    this.#options = options
    this.#timer = options.env.clock.setInterval(() => void this.#look(), options.everyMilliseconds)
  }

  stop(): void {
    this.#timer.cancel()
  }

  async #look(): Promise<void> {
    const { env, path, changed } = this.#options
    if (this.#looking) return
    let content: string
    try {
      content = readFileSync(path, 'utf8')
    } catch (error) {
      env.log.error('a file cannot be read again: what it held still counts', { path, error: String(error) })
      return
    }
    if (content === this.#content) return
    const before = this.#content
    this.#content = content
    this.#looking = true
    try {
      await changed(content)
      env.log.info('a file was read again', { path })
    } catch (error) {
      if (error instanceof RetryLater) this.#content = before
      const { message } = error as Error
      env.log.error('a file was changed for the worse: what it held before still counts', { path, error: message })
    } finally {
      this.#looking = false
    }
  }
}
