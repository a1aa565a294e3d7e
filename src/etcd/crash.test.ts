// The promise of durability, kept by real processes that are really killed.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { SeededRandom, virtualEnv } from '../machinery/env/virtual-env.ts'
import { isWhole } from './crash-child.ts'
import { openEmbeddedStore } from './embedded-store.ts'

const root = mkdtempSync(join(tmpdir(), 'k8ts-crash-'))
const program = join(root, 'child.mjs')
const running = new Set<ChildProcess>()

beforeAll(async () => {
  const lmdb = fileURLToPath(import.meta.resolve('lmdb'))
  await build({
    entryPoints: [join(import.meta.dirname, 'crash-child.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile: program,
    plugins: [
      {
        // Native: taken from where it is installed, which the temporary directory does not know.
        name: 'external-lmdb',
        setup: ({ onResolve }) => onResolve({ filter: /^lmdb$/ }, () => ({ path: lmdb, external: true })),
      },
    ],
  })
})

afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

interface Ended {
  /** Whole lines of its output. */
  readonly lines: string[]
  readonly code: number | null
  readonly signal: string | null
  readonly errors: string
}

function run(command: string[], onLines: (count: number, child: ChildProcess) => void = () => {}): Promise<Ended> {
  const child = spawn(command[0]!, command.slice(1))
  running.add(child)
  return new Promise(resolve => {
    const output = { text: '', lines: 0, errors: '' }
    child.stderr.on('data', chunk => {
      output.errors += chunk
    })
    child.stdout.on('data', (chunk: Buffer) => {
      output.text += chunk
      output.lines += chunk.filter(byte => byte === 0x0a).length
      onLines(output.lines, child)
    })
    child.on('close', (code, signal) => {
      running.delete(child)
      resolve({ lines: output.text.split('\n').slice(0, -1), code, signal, errors: output.errors })
    })
  })
}

it('loses no acknowledged write and keeps no half one when it is killed under load, 24 times over', async () => {
  const directory = join(root, 'killed')
  const random = new SeededRandom(24)
  /** The newest acknowledged revision of a key; undefined once its deletion was asked for. */
  const acknowledged = new Map<string, number | undefined>()
  const groups = new Map<string, 'bound' | 'revoked'>()
  let newest = 0
  let total = 0
  for (let kill = 0; kill < 24; kill++) {
    // Sometimes right at the start, mostly in full swing.
    const after = 1 + Math.floor(random.next() ** 2 * 600)
    const { lines, signal, errors } = await run(
      [process.execPath, program, 'load', directory, `${kill}`],
      (count, child) => count >= after && child.kill('SIGKILL'),
    )
    expect([signal, errors]).toEqual(['SIGKILL', ''])
    total += lines.length
    for (const line of lines) {
      const [verb = '', subject = '', revision = ''] = line.split(' ')
      if (verb === 'put') {
        acknowledged.set(subject, Number(revision))
        newest = Math.max(newest, Number(revision))
      } else if (verb === 'deleting') acknowledged.set(subject, undefined)
      else groups.set(subject, verb as 'bound' | 'revoked')
    }

    const store = await openEmbeddedStore({ env: virtualEnv(), directory })
    const { items } = await store.range('')
    await store.close()
    expect(store.revision).toBeGreaterThanOrEqual(newest)
    expect(items.filter(item => !isWhole(item.value))).toEqual([])
    const standing = new Map(items.map(item => [item.key, item.modRevision]))
    // What was under way when the process died may have happened too: then the key is newer than acknowledged.
    const lost = [...acknowledged].filter(([key, revision]) => revision && !((standing.get(key) ?? 0) >= revision))
    expect(lost).toEqual([])
    for (const [group, state] of groups) {
      const left = items.filter(item => item.key.startsWith(group)).length
      expect(state === 'revoked' ? [0] : [0, 5], group).toContain(left)
    }
  }
  expect(total).toBeGreaterThan(2000)
}, 60_000)

it('refuses writes that the disk does not take, shows them to no one, and goes on from there', async () => {
  const directory = join(root, 'full')
  // A file that may not grow behaves as a full disk does.
  const limited = ['bash', '-c', `trap '' XFSZ; ulimit -f 2048; exec "$@"`, 'bash']
  const { lines, code } = await run([...limited, process.execPath, program, 'fill', directory, '1'])
  expect(code).toBe(0)
  const found = JSON.parse(lines[0]!)
  expect(found.name).toBe('StoreUnavailableError')
  expect(found.message).toMatch(/^the store cannot write: /)
  expect(found.written).toBeGreaterThan(10)
  const { written } = found
  expect(found).toMatchObject({ count: written, revision: written + 1, seen: written, newestSeen: written + 1 })

  const store = await openEmbeddedStore({ env: virtualEnv(), directory })
  expect([store.revision, (await store.range('')).count]).toEqual([written + 1, written])
  const value = new Uint8Array(5000)
  expect(await store.txn({ type: 'put', key: '/more', value }, { modRevision: 0 })).toMatchObject({ committed: true })
  await store.close()
})
