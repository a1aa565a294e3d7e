// What each kind of request costs the server: processor time per request, which a busy machine sways far less than it sways
// requests per second.
//
//     npm run bench -- cost [--kinds create-pods,patch-pods] [--scale 0.5] [--runs 3] [--profile DIR] [--node-flags='…'] [--json]
//
// Each kind first runs warm, on one server, and then is measured; the cheapest of the runs is what it costs, since a
// neighbour on the machine can only add to it. `main` is the thread that runs JavaScript; `all` counts
// those of the garbage collector and of LMDB too. Controllers and the scheduler of the same process are part of it.
// `--profile` leaves a profile of the whole run in a directory, for Chrome's developer tools.

import { parseArgs } from 'node:util'
import type { LoadJob } from './load.ts'
import { cpuSeconds, load, startServer } from './server.ts'

const { values: flags } = parseArgs({
  options: {
    kinds: { type: 'string' },
    scale: { type: 'string', default: '1' },
    runs: { type: 'string', default: '3' },
    profile: { type: 'string' },
    'node-flags': { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
})

interface Measured {
  readonly kind: Exclude<LoadJob['kind'], 'watch'>
  readonly inFlight: number
  readonly count: number
  /** Pods that must be there. */
  readonly pods?: number
}

const all: readonly Measured[] = [
  { kind: 'create-pods', inFlight: 64, count: 10_000 },
  { kind: 'create-configmaps', inFlight: 64, count: 10_000 },
  { kind: 'patch-pods', inFlight: 64, count: 5000, pods: 5000 },
  { kind: 'get-pod', inFlight: 64, count: 20_000, pods: 1 },
  { kind: 'list-pods', inFlight: 1, count: 20, pods: 5000 },
]
const wanted = flags.kinds?.split(',')
const nodeFlags = flags['node-flags'].split(' ').filter(flag => flag !== '')
if (flags.profile) nodeFlags.push('--cpu-prof', `--cpu-prof-dir=${flags.profile}`)

const printed: object[] = []
for (const { kind, inFlight, count, pods = 0 } of all) {
  if (wanted && !wanted.includes(kind)) continue
  const server = await startServer({ nodeFlags })
  try {
    if (pods > 0) await load(server, { kind: 'create-pods', inFlight: Math.min(pods, 64), count: pods })
    const run = async (prefix: string, share: number) => {
      const number = Math.ceil(count * share)
      const created = kind.startsWith('create')
      const before = cpuSeconds(server)
      const { failures, perSecond, p99 } = await load(server, {
        kind,
        inFlight,
        count: number,
        ...(created && { prefix }),
      })
      if (failures > 0) throw new Error(`${failures} of ${number} requests failed`)
      const after = cpuSeconds(server)
      const micros = (which: 'all' | 'main') => ((after[which] - before[which]) / number) * 1e6
      return { kind, all: micros('all'), main: micros('main'), perSecond, p99 }
    }
    await run('warm', 0.5)
    const results = []
    for (let turn = 0; turn < Number(flags.runs); turn++)
      results.push(await run(`measured-${turn}`, Number(flags.scale)))
    const result = results.reduce((best, next) => (next.main < best.main ? next : best))
    printed.push(result)
    if (!flags.json)
      process.stdout.write(
        `${kind.padEnd(20)} ${String(Math.round(result.all)).padStart(7)} µs (main ${Math.round(result.main)}), ${Math.round(result.perSecond)}/s, p99 ${result.p99.toFixed(1)} ms\n`,
      )
  } finally {
    await server.stop()
  }
}
if (flags.json) process.stdout.write(`${JSON.stringify(printed, null, 2)}\n`)
