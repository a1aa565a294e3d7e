// The speeds of the design, measured: each row of its table, on this machine, with the load from another process.
//
//     npm run bench [-- --json] [-- --rows start,create] [-- --runs 3] [-- --stock DIR]
//
// With --stock, the rows of a load are run on stock Kubernetes, too (DIR has its programs, see stock.ts): how many times as
// much k8ts does on this machine, beside how many times the goals are what stock did on theirs.
//
// Each row starts a control plane of its own (the packaged `k8ts up`), so that no row pays for another's objects. What
// is printed is the median of several runs.

import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  askedOfNode,
  cpuSeconds,
  get,
  type Job,
  load,
  pause,
  residentMB,
  root,
  type Server,
  startServer,
  token,
} from './server.ts'
import { startStock } from './stock.ts'

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rows: { type: 'string' },
    runs: { type: 'string', default: '3' },
    stock: { type: 'string' },
  },
})
const runs = Number(flags.runs)
interface Row {
  readonly name: string
  readonly what: string
  readonly goal: string
  /** Numbers by name; the first is the row's own. */
  run(): Promise<Record<string, number>>
  meets(result: Record<string, number>): boolean
  /** The same of stock Kubernetes. */
  stock?(): Promise<Record<string, number>>
  /** How many times what stock does is asked for, by the goals and what stock did where they were set. */
  readonly times?: number
}

/** A row whose load is one job on a fresh server. */
const loadRow = (
  name: string,
  what: string,
  goal: string,
  job: Job,
  times: number,
  meets: Row['meets'],
  before: Job[] = [],
): Row => ({
  name,
  what,
  goal,
  times,
  meets,
  run: () => measured(startServer(), job, before),
  stock: () => measured(startStock(flags.stock!), job, before),
})

async function measured(starting: Promise<Server>, job: Job, before: readonly Job[]): Promise<Record<string, number>> {
  const server = await starting
  try {
    for (const first of before) await load(server, first)
    const { perSecond, p50, p99, failures } = await load(server, job)
    if (failures > 0) throw new Error(`${failures} requests failed`)
    return { perSecond, p50, p99 }
  } finally {
    await server.stop()
  }
}

/** What a C client gets out of the server: 8 connections with 16 streams each. */
const h2loadRow: Row = {
  name: 'h2load',
  what: 'GET a pod, h2load 8×16 (/s)',
  goal: '≥ 20,000',
  meets: ({ perSecond }) => perSecond! >= 20_000,
  async run() {
    const server = await startServer()
    try {
      await load(server, { kind: 'create-pods', inFlight: 1, count: 1 })
      const child = spawn(
        'h2load',
        [
          '-n100000',
          '-c8',
          '-m16',
          '-H',
          `authorization: Bearer ${token}`,
          `${server.url}/api/v1/namespaces/default/pods/bench-0`,
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      let text = ''
      for await (const bytes of child.stdout) text += bytes
      return { perSecond: Number(/([\d.]+) req\/s/.exec(text)?.[1]) }
    } finally {
      await server.stop()
    }
  },
}

/** A benchmark that is a program of its own: what it prints. */
function inOneProcess(program: string): Record<string, number> {
  const { stdout } = spawnSync(process.execPath, [...askedOfNode(), join(root, `.tmp/bench/${program}.js`), '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(stdout)
}

const rows: Row[] = [
  {
    name: 'start',
    what: 'start to /readyz ok (ms)',
    goal: '≤ 500',
    meets: ({ ms }) => ms! <= 500,
    async run() {
      const server = await startServer()
      await server.stop()
      return { ms: server.readyMs }
    },
  },
  {
    name: 'service-account',
    what: 'start to the default ServiceAccount (ms)',
    goal: '≤ 700',
    meets: ({ ms }) => ms! <= 700,
    async run() {
      const from = performance.now()
      const server = await startServer()
      try {
        while ((await get(server.url, '/api/v1/namespaces/default/serviceaccounts/default')) !== 200) {
          if (performance.now() - from > 10_000) throw new Error('no default ServiceAccount after 10 s')
          await pause(5)
        }
        return { ms: performance.now() - from }
      } finally {
        await server.stop()
      }
    },
  },
  {
    name: 'memory-idle',
    what: 'resident memory, idle (MB)',
    goal: '≤ 150',
    meets: ({ mb }) => mb! <= 150,
    async run() {
      const server = await startServer()
      await pause(3000)
      const mb = residentMB(server)
      await server.stop()
      return { mb }
    },
  },
  {
    name: 'memory-5000',
    what: 'resident memory holding 5,000 pods (MB)',
    goal: '≤ 400',
    meets: ({ mb }) => mb! <= 400,
    async run() {
      const server = await startServer()
      await load(server, { kind: 'create-pods', inFlight: 64, count: 5000 })
      await pause(3000)
      const mb = residentMB(server)
      await server.stop()
      return { mb }
    },
  },
  {
    name: 'cpu-idle',
    what: 'CPU, idle (% of a core)',
    goal: '≤ 1',
    meets: ({ percent }) => percent! <= 1,
    async run() {
      const server = await startServer()
      await pause(3000)
      const before = cpuSeconds(server).all
      await pause(10_000)
      const percent = (cpuSeconds(server).all - before) * 10
      await server.stop()
      return { percent }
    },
  },
  {
    name: 'cpu-idle-nodes',
    what: 'CPU, idle with two nodes and their pods (% of a core)',
    goal: '≤ 1',
    meets: ({ percent }) => percent! <= 1,
    async run() {
      const server = await startServer({ nodes: 2 })
      await load(server, { kind: 'create-pods', inFlight: 8, count: 50 })
      // Until the pods run, and nobody has news of them.
      await pause(15_000)
      const before = cpuSeconds(server).all
      await pause(30_000)
      const percent = ((cpuSeconds(server).all - before) * 100) / 30
      await server.stop()
      return { percent }
    },
  },
  loadRow(
    'create-pods',
    'create pods, 64 in flight (/s)',
    '≥ 4,000, p99 ≤ 50 ms',
    { kind: 'create-pods', inFlight: 64, count: 20_000 },
    4000 / 933,
    ({ perSecond, p99 }) => perSecond! >= 4000 && p99! <= 50,
  ),
  loadRow(
    'create-configmaps-1',
    'create ConfigMaps, 1 in flight (/s)',
    '≥ 700',
    { kind: 'create-configmaps', inFlight: 1, count: 3000 },
    700 / 403,
    ({ perSecond }) => perSecond! >= 700,
  ),
  loadRow(
    'create-configmaps-64',
    'create ConfigMaps, 64 in flight (/s)',
    '≥ 5,000',
    { kind: 'create-configmaps', inFlight: 64, count: 20_000 },
    5000 / 1745,
    ({ perSecond }) => perSecond! >= 5000,
  ),
  loadRow(
    'apply-configmaps',
    'server-side apply (create) a ConfigMap, 64 in flight (/s)',
    '≥ 4,000',
    { kind: 'apply-configmaps', inFlight: 64, count: 20_000 },
    4000 / 1292,
    ({ perSecond }) => perSecond! >= 4000,
  ),
  loadRow(
    'patch-pods',
    'merge patch a pod, 64 in flight (/s)',
    '≥ 3,000',
    { kind: 'patch-pods', inFlight: 64, count: 5000 },
    3000 / 645,
    ({ perSecond }) => perSecond! >= 3000,
    [{ kind: 'create-pods', inFlight: 64, count: 5000 }],
  ),
  loadRow(
    'get-pod',
    'GET a pod, 64 in flight (/s)',
    '≥ 10,000',
    { kind: 'get-pod', inFlight: 64, count: 50_000 },
    10_000 / 3250,
    ({ perSecond }) => perSecond! >= 10_000,
    [{ kind: 'create-pods', inFlight: 1, count: 1 }],
  ),
  loadRow(
    'list-pods',
    'LIST 5,000 pods (ms, median)',
    '≤ 60',
    { kind: 'list-pods', inFlight: 1, count: 20 },
    218 / 60,
    ({ p50 }) => p50! <= 60,
    [{ kind: 'create-pods', inFlight: 64, count: 5000 }],
  ),
  {
    name: 'schedule',
    what: 'schedule 10,000 pods on 5,000 nodes, in one process (/s)',
    goal: '≥ 2,000',
    meets: ({ perSecond }) => perSecond! >= 2000,
    run: async () => ({ perSecond: inOneProcess('schedule')['perSecond']! }),
  },
  {
    name: 'deployment',
    what: 'Deployment 0 → 1,000 pods running → 0, once warm (s)',
    goal: '≤ 2, ≤ 2',
    meets: ({ up, down }) => up! <= 2 && down! <= 2,
    // The second time in a process; `first` is the first, when the code is new to it too.
    async run() {
      const { up, down, firstUp, firstDown } = inOneProcess('deployment')
      return { up: up!, down: down!, 'first up': firstUp!, 'first down': firstDown! }
    },
  },
  {
    name: 'request-checks',
    what: 'authentication, RBAC with 500 bindings, admission (µs of CPU)',
    goal: '≤ 60',
    meets: ({ micros }) => micros! <= 60,
    run: async () => inOneProcess('request-checks'),
  },
  loadRow(
    'watch',
    'watch: 1,000 watchers × 200 creates (events/s)',
    '≥ 150,000, none dropped',
    { kind: 'watch', inFlight: 1000, count: 200 },
    150_000 / 147_000,
    ({ perSecond }) => perSecond! >= 150_000,
  ),
]

/** Rows that need what isn't here (yet), and why. */
const later: { what: string; why: string }[] = []
if (spawnSync('h2load', ['--version']).status !== 0)
  later.push({ what: 'GET a pod, h2load 8×16', why: 'h2load is not installed: apt-get install nghttp2-client' })
else rows.push(h2loadRow)

function median(results: readonly Record<string, number>[]): Record<string, number> {
  const [first] = results
  const key = Object.keys(first!)[0]!
  return [...results].sort((a, b) => a[key]! - b[key]!)[Math.floor(results.length / 2)]!
}

const numbersText = (result: Record<string, number>): string =>
  Object.entries(result)
    .map(([name, value]) => `${name} ${value >= 100 ? Math.round(value) : value.toFixed(1)}`)
    .join(', ')

/** `stock: perSecond 801, …: 4.3 times that, 4.3 asked`. Of a list it is the time that counts. */
function besideText({ name, times }: Row, ours: Record<string, number>, stock: Record<string, number>): string {
  const ratio = name === 'list-pods' ? stock['p50']! / ours['p50']! : ours['perSecond']! / stock['perSecond']!
  return `stock: ${numbersText(stock)}: ${ratio.toFixed(1)} times that, ${times!.toFixed(1)} asked`
}

const wanted = flags.rows?.split(',')
const printed: object[] = []
for (const row of rows) {
  if (wanted && !wanted.includes(row.name)) continue
  const results: Record<string, number>[] = []
  for (let run = 0; run < runs; run++) results.push(await row.run())
  const result = median(results)
  const met = row.meets(result)
  const others: Record<string, number>[] = []
  if (flags.stock && row.stock) for (let run = 0; run < runs; run++) others.push(await row.stock())
  const beside = others.length > 0 ? median(others) : undefined
  printed.push({ name: row.name, what: row.what, goal: row.goal, met, ...result, stock: beside, times: row.times })
  if (!flags.json) {
    process.stdout.write(`${met ? '✓' : '✗'} ${row.what.padEnd(52)} ${row.goal.padEnd(24)} ${numbersText(result)}\n`)
    if (beside) process.stdout.write(`  ${besideText(row, result, beside)}\n`)
  }
}
if (flags.json) process.stdout.write(`${JSON.stringify({ runs, rows: printed, later }, null, 2)}\n`)
else if (!wanted) for (const { what, why } of later) process.stdout.write(`– ${what.padEnd(52)} ${why}\n`)
