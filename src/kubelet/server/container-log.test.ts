import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { VirtualClock } from '../../machinery/env/virtual-env.ts'
import { type ContainerLogOptions, readContainerLog } from './container-log.ts'
import type { ContainerLogSource } from './container-log-source.ts'

let directory: string
let path: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'container-log-'))
  path = join(directory, '0.log')
})
afterEach(() => rm(directory, { recursive: true }))

const line = (second: number, text: string, stream = 'stdout', tag = 'F') =>
  `2026-01-02T15:04:0${second}.123456789Z ${stream} ${tag} ${text}\n`

const settle = () => new Promise<void>(resolve => setImmediate(resolve))

/** A log that is being read: what came so far, and the means to move on. */
function reading(source: ContainerLogSource, options: ContainerLogOptions) {
  const clock = new VirtualClock({ settle })
  const gone = new AbortController()
  let output = ''
  let running = true
  const done = readContainerLog(source, options, {
    clock,
    signal: gone.signal,
    running: () => running,
    write(bytes) {
      output += Buffer.from(bytes)
    },
  })
  return {
    done,
    clock,
    output: () => output,
    abort: () => gone.abort(),
    stop() {
      running = false
    },
    /** Waits for output; looking again is due every second at the latest. However busy the disk is, it gets its time. */
    async until(expected: string) {
      await vi.waitFor(
        async () => {
          await clock.advance(1000)
          expect(output).toBe(expected)
        },
        { timeout: 15_000, interval: 1 },
      )
    },
  }
}

async function read(content: string, options: ContainerLogOptions = {}): Promise<string> {
  await writeFile(path, content)
  const log = reading({ path }, options)
  await log.done
  return log.output()
}

describe('a container log', () => {
  const three = line(1, 'one') + line(2, 'two', 'stderr') + line(3, 'three')
  const partial = line(1, 'begin ', 'stdout', 'P') + line(2, 'middle ', 'stdout', 'P') + line(3, 'end')
  const cases: [string, string, ContainerLogOptions, string][] = [
    ['shows the text of its lines', three, {}, 'one\ntwo\nthree\n'],
    ['may be empty', '', {}, ''],
    ['joins lines that the runtime has split', partial, {}, 'begin middle end\n'],
    ['knows tags after the first', line(1, 'x', 'stdout', 'F:more'), {}, 'x\n'],
    ['passes over what is not in the format', `nonsense\n${line(1, 'one')}x y z w\n`, {}, 'one\n'],
    ['keeps empty lines', line(1, ''), {}, '\n'],
    ['shows a last line that is not finished', three.slice(0, -1), {}, 'one\ntwo\nthree'],
    ['tailLines 0', three, { tailLines: 0 }, ''],
    ['tailLines 1', three, { tailLines: 1 }, 'three\n'],
    ['tailLines 2', three, { tailLines: 2 }, 'two\nthree\n'],
    ['tailLines of all there are', three, { tailLines: 3 }, 'one\ntwo\nthree\n'],
    ['tailLines of more', three, { tailLines: 10 }, 'one\ntwo\nthree\n'],
    ['tailLines with a last line that is not finished', three.slice(0, -1), { tailLines: 1 }, 'three'],
    ['since a time', three, { since: Date.parse('2026-01-02T15:04:02Z') }, 'two\nthree\n'],
    ['since the very millisecond', three, { since: Date.parse('2026-01-02T15:04:03.123Z') }, 'three\n'],
    ['since a time to come', three, { since: Date.parse('2027-01-01T00:00:00Z') }, ''],
    ['limitBytes', three, { limitBytes: 5 }, 'one\nt'],
    ['limitBytes at the end of a line', three, { limitBytes: 4 }, 'one\n'],
    ['stdout only', three, { stream: 'Stdout' }, 'one\nthree\n'],
    ['stderr only', three, { stream: 'Stderr' }, 'two\n'],
    ['timestamps', line(1, 'one'), { timestamps: true }, '2026-01-02T15:04:01.123456789Z one\n'],
    [
      'timestamps have nine digits',
      '2026-01-02T15:04:01.5+02:00 stdout F x\n2026-01-02T15:04:01Z stdout F y\n',
      { timestamps: true },
      '2026-01-02T15:04:01.500000000+02:00 x\n2026-01-02T15:04:01.000000000Z y\n',
    ],
    [
      'one timestamp for a joined line',
      partial,
      { timestamps: true },
      '2026-01-02T15:04:01.123456789Z begin middle end\n',
    ],
    [
      'limitBytes counts timestamps',
      line(1, 'one'),
      { timestamps: true, limitBytes: 32 },
      '2026-01-02T15:04:01.123456789Z o',
    ],
  ]
  it.each(cases)('%s', async (_name, content, options, expected) => {
    expect(await read(content, options)).toBe(expected)
  })

  it('finds the last lines of a long log', async () => {
    const lines = Array.from({ length: 5000 }, (_, index) => `${index} ${'x'.repeat(index % 90)}`)
    const content = lines.map(text => line(1, text)).join('')
    for (const tailLines of [1, 999, 4999, 5000]) {
      expect(await read(content, { tailLines })).toBe(
        lines
          .slice(-tailLines)
          .map(text => `${text}\n`)
          .join(''),
      )
    }
  })

  it('says that a file is not there', async () => {
    await expect(reading({ path: join(directory, 'none') }, {}).done).rejects.toThrow(
      `failed to try resolving symlinks in path "${join(directory, 'none')}": lstat ${join(directory, 'none')}: ` +
        'no such file or directory',
    )
  })
})

describe('following a log', () => {
  it('shows what is there, then what comes, until the container has ended', async () => {
    await writeFile(path, line(1, 'one'))
    const log = reading({ path }, { follow: true })
    await log.until('one\n')
    await appendFile(path, line(2, 'two'))
    await log.until('one\ntwo\n')
    // A container speaks before it ends.
    await appendFile(path, line(3, 'last words'))
    log.stop()
    await log.until('one\ntwo\nlast words\n')
    await log.clock.advance(1000)
    await log.done
  })

  it('begins at the tail', async () => {
    await writeFile(path, line(1, 'one') + line(2, 'two'))
    const log = reading({ path }, { follow: true, tailLines: 1 })
    await log.until('two\n')
    await appendFile(path, line(3, 'three'))
    await log.until('two\nthree\n')
    log.abort()
    await log.done
  })

  it('shows a line only when it is whole', async () => {
    const whole = line(1, 'slowly written')
    await writeFile(path, whole.slice(0, 40))
    const log = reading({ path }, { follow: true })
    await log.clock.advance(3000)
    expect(log.output()).toBe('')
    await appendFile(path, whole.slice(40))
    await log.until('slowly written\n')
    log.abort()
    await log.done
  })

  it('goes on in the new file after a rotation, missing nothing of the old one', async () => {
    await writeFile(path, line(1, 'one'))
    const log = reading({ path }, { follow: true })
    await log.until('one\n')
    await rename(path, `${path}.1`)
    await appendFile(`${path}.1`, line(2, 'two'))
    await log.until('one\ntwo\n')
    await writeFile(path, line(3, 'three'))
    await log.until('one\ntwo\nthree\n')
    log.abort()
    await log.done
  })

  it('begins again when the file is cut short', async () => {
    await writeFile(path, line(1, 'one') + line(1, 'one'))
    const log = reading({ path }, { follow: true })
    await log.until('one\none\n')
    await truncate(path)
    await appendFile(path, line(2, 'two'))
    await log.until('one\none\ntwo\n')
    log.abort()
    await log.done
  })

  it('ends at the limit', async () => {
    await writeFile(path, line(1, 'one'))
    const log = reading({ path }, { follow: true, limitBytes: 6 })
    await log.until('one\n')
    await appendFile(path, line(2, 'two'))
    await log.until('one\ntw')
    await log.done
  })

  it('reads a log in memory in the same way, without waiting for the clock', async () => {
    let content = Buffer.from(line(1, 'one') + line(2, 'two'))
    const listeners = new Set<() => void>()
    const memory = {
      read: (offset: number) => content.subarray(offset),
      onWrite(callback: () => void) {
        listeners.add(callback)
        return () => listeners.delete(callback)
      },
    }
    const log = reading({ memory: memory as never }, { follow: true, tailLines: 1 })
    for (let i = 0; log.output() !== 'two\n' && i < 100; i++) await settle()
    content = Buffer.concat([content, Buffer.from(line(3, 'three'))])
    for (let i = 0; listeners.size === 0 && i < 100; i++) await settle()
    for (const listener of [...listeners]) listener()
    for (let i = 0; log.output() !== 'two\nthree\n' && i < 100; i++) await settle()
    expect(log.output()).toBe('two\nthree\n')
    log.abort()
    await log.done
    expect(listeners.size).toBe(0)
  })
})
