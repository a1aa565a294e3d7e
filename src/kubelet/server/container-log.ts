// Reads a container's log, in CRI's format, as `kubectl logs` shows it.
//
//     2026-01-02T15:04:05.123456789Z stdout F a whole line
//     2026-01-02T15:04:06.123456789Z stderr P the beginning of a line that is too long for the runtime,
//     2026-01-02T15:04:06.123456789Z stderr F and its end

import type { Clock } from '../../machinery/env/env.ts'
import { type ContainerLogSource, type OpenLog, openLog } from './container-log-source.ts'

export interface ContainerLogOptions {
  readonly follow?: boolean
  readonly timestamps?: boolean
  readonly tailLines?: number
  /** Only what was written at or after this time, in milliseconds since the Unix epoch. */
  readonly since?: number
  readonly limitBytes?: number
  readonly stream?: 'All' | 'Stdout' | 'Stderr'
}

export interface ContainerLogContext {
  readonly clock: Clock
  /** A log that is followed ends when its container has. */
  running(): boolean | Promise<boolean>
  /** Takes bytes for the client; may ask to wait. */
  write(bytes: Uint8Array): void | Promise<void>
  readonly signal: AbortSignal
}

const newline = 0x0a
const space = 0x20
const blockSize = 64 * 1024
/** How long to wait for a sign of more before looking all the same. */
const checkPeriod = 1_000

/** Resolves at the end of the log, of the container that is followed, or of the limit; or when aborted. */
export async function readContainerLog(
  source: ContainerLogSource,
  options: ContainerLogOptions,
  context: ContainerLogContext,
): Promise<void> {
  let log = await openLog(source)
  try {
    const printer = new LinePrinter(options)
    let position = options.tailLines === undefined ? 0 : await tailStart(log, options.tailLines)
    let pending: Buffer = Buffer.alloc(0)
    // With a tail and without follow, what is written while we read is not asked for.
    const end = options.follow || options.tailLines === undefined ? Number.POSITIVE_INFINITY : await log.size()
    let ending = false
    while (!context.signal.aborted && !printer.full) {
      const block = await log.read(position, Math.min(blockSize, end - position))
      if (block.length > 0) {
        position += block.length
        pending = pending.length === 0 ? Buffer.from(block) : Buffer.concat([pending, block])
        const lines = pending.lastIndexOf(newline) + 1
        const output = printer.print(pending.subarray(0, lines))
        pending = pending.subarray(lines)
        if (output.length > 0) await context.write(output)
        continue
      }
      const successor = options.follow ? await log.successor() : undefined
      if (successor) {
        // Its last bytes may have been written after we saw its end.
        if ((await log.size()) > position) continue
        await log.close()
        log = successor
        position = 0
        continue
      }
      if (options.follow && (await log.size()) < position) {
        position = 0
        pending = Buffer.alloc(0)
        continue
      }
      if (!options.follow || ending) break
      // Once the container has ended, read what is left, and no more.
      if (await context.running()) await waitForMore(log, position, context)
      else ending = true
    }
    if (!options.follow && pending.length > 0 && !printer.full && !context.signal.aborted) {
      await context.write(printer.print(pending))
    }
  } finally {
    await log.close()
  }
}

/** What a container has written, of whole lines of its log. */
export const writtenIn = (lines: Buffer): Buffer => new LinePrinter({}).print(lines)

/** Where the last lines begin. */
async function tailStart(log: OpenLog, lines: number): Promise<number> {
  let position = await log.size()
  if (lines === 0) return position
  // The newline at the very end closes the last line and begins none.
  let found = -1
  while (position > 0) {
    const from = Math.max(0, position - blockSize)
    const block = await log.read(from, position - from)
    if (found === -1) found = block[block.length - 1] === newline ? 0 : 1
    let at = found === 0 ? block.length - 1 : block.length
    if (found === 0) found = 1
    for (;;) {
      at = at === 0 ? -1 : block.lastIndexOf(newline, at - 1)
      if (at < 0) break
      if (found === lines) return from + at + 1
      found++
    }
    position = from
  }
  return 0
}

function waitForMore(log: OpenLog, position: number, { clock, signal }: ContainerLogContext): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) {
      resolve()
      return
    }
    const done = () => {
      timer.cancel()
      stop()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = clock.setTimeout(done, checkPeriod)
    signal.addEventListener('abort', done)
    const stop = log.onChange(done)
    // What came between our last read and the watching.
    log.size().then(size => size > position && done(), done)
  })
}

/** Turns lines of the log into what the client sees. */
class LinePrinter {
  readonly #options: ContainerLogOptions
  #remaining: number
  /** The next line begins one for the client too: the last was not partial. */
  #atLineStart = true

  constructor(options: ContainerLogOptions) {
    this.#options = options
    this.#remaining = options.limitBytes ?? Number.POSITIVE_INFINITY
  }

  /** The limit is reached. */
  get full(): boolean {
    return this.#remaining <= 0
  }

  print(lines: Buffer): Buffer {
    const output: Buffer[] = []
    for (let from = 0; from < lines.length && !this.full; ) {
      const found = lines.indexOf(newline, from)
      const to = found < 0 ? lines.length : found + 1
      this.#line(lines.subarray(from, to), output)
      from = to
    }
    return Buffer.concat(output)
  }

  #line(line: Buffer, output: Buffer[]): void {
    const entry = parseLine(line)
    // A line that is not in the format is passed over.
    if (!entry) return
    const { since, stream = 'All', timestamps } = this.#options
    if (since !== undefined && Date.parse(entry.timestamp) < since) return
    if (stream !== 'All' && stream.toLowerCase() !== entry.stream) return
    const text = entry.partial && entry.text.at(-1) === newline ? entry.text.subarray(0, -1) : entry.text
    const prefix =
      timestamps && this.#atLineStart ? Buffer.from(`${fixedTimestamp(entry.timestamp)} `) : Buffer.alloc(0)
    for (const part of [prefix, text]) {
      const kept = part.subarray(0, Math.max(0, Math.min(part.length, this.#remaining)))
      this.#remaining -= kept.length
      if (kept.length > 0) output.push(kept)
    }
    this.#atLineStart = text.length === 0 || text.at(-1) === newline
  }
}

interface LogEntry {
  readonly timestamp: string
  readonly stream: string
  readonly partial: boolean
  /** With its newline. */
  readonly text: Buffer
}

function parseLine(line: Buffer): LogEntry | undefined {
  const first = line.indexOf(space)
  const second = line.indexOf(space, first + 1)
  const third = line.indexOf(space, second + 1)
  if (first < 0 || second < 0 || third < 0) return undefined
  const timestamp = line.toString('latin1', 0, first)
  const stream = line.toString('latin1', first + 1, second)
  const [tag] = line.toString('latin1', second + 1, third).split(':')
  if (Number.isNaN(Date.parse(timestamp)) || (stream !== 'stdout' && stream !== 'stderr')) return undefined
  return { timestamp, stream, partial: tag === 'P', text: line.subarray(third + 1) }
}

/** Always nine digits after the second, so that columns line up. */
function fixedTimestamp(timestamp: string): string {
  const match = /^(.*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(timestamp)
  if (!match) return timestamp
  const [, time = '', fraction = '', zone = ''] = match
  return `${time}.${fraction.slice(0, 9).padEnd(9, '0')}${zone}`
}
