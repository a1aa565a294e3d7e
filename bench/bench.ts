// The speeds of the design, measured: each row of its table, on this machine, with the load from another process.
//
//     npm run bench [-- --json] [-- --rows start,create] [-- --runs 3]
//
// Each row starts a control plane of its own (the packaged `k8ts up`), so that no row pays for another's objects. What
// is printed is the median of several runs.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parse } from 'yaml'
import type { LoadJob, LoadResult } from './load.ts'

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rows: { type: 'string' },
    runs: { type: 'string', default: '3' },
  },
})
const runs = Number(flags.runs)
const root = process.env['K8TS_ROOT'] ?? process.cwd()
const token = 'bench-token'

interface Server {
  readonly url: string
  readonly ca: string
  readonly process: ChildProcess
  /** Milliseconds from the process's start to `/readyz` answering ok. */
  readonly readyMs: number
  stop(): Promise<void>
}

async function startServer(options: { nodes?: number } = {}): Promise<Server> {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-bench-'))
  const tokens = join(directory, 'tokens.csv')
  writeFileSync(tokens, `${token},bench,bench,"system:masters"\n`)
  const from = performance.now()
  const port = 20000 + Math.floor(Math.random() * 20000)
  const child = spawn(
    process.execPath,
    [
      join(root, 'dist/k8ts.js'),
      'up',
      '--runtime',
      'simulated',
      '--nodes',
      String(options.nodes ?? 0),
      '--port',
      String(port),
      '--data-dir',
      join(directory, 'data'),
      '--token-auth-file',
      tokens,
      '--no-merge-kubeconfig',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const kubeconfig = join(directory, 'data', 'kubeconfig')
  const url = `https://127.0.0.1:${port}`
  const readyMs = (await readyz(url, child)) - from
  while (!existsSync(kubeconfig)) await pause(5)
  const ca = Buffer.from(
    parse(readFileSync(kubeconfig, 'utf8')).clusters[0].cluster['certificate-authority-data'],
    'base64',
  ).toString()
  return {
    url,
    ca,
    process: child,
    readyMs,
    async stop() {
      child.kill('SIGINT')
      await exited
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

const pause = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds))

/** When /readyz first answered ok. */
async function readyz(url: string, child: ChildProcess): Promise<number> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`k8ts up ended with ${child.exitCode}`)
    const status = await get(url, '/readyz').catch(() => 0)
    if (status === 200) return performance.now()
    await pause(3)
  }
}

function get(url: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const session = connect(url, { rejectUnauthorized: false })
    session.on('error', reject)
    const stream = session.request({ ':path': path, authorization: `Bearer ${token}` })
    stream.on('response', headers => {
      session.close()
      resolve(Number(headers[':status']))
    })
    stream.on('error', reject)
    stream.resume()
  })
}

function load(
  server: Server,
  job: Partial<LoadJob> & Pick<LoadJob, 'kind' | 'inFlight' | 'count'>,
): Promise<LoadResult> {
  const whole: LoadJob = { server: server.url, ca: server.ca, token, connections: 8, prefix: 'bench', ...job }
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, '.tmp/bench/load.js')], { stdio: ['pipe', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString()
    })
    child.on('exit', () => {
      try {
        resolve(JSON.parse(text))
      } catch (error) {
        reject(error)
      }
    })
    child.stdin.end(JSON.stringify(whole))
  })
}

const residentMB = (server: Server): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))![1]) / 1024

/** User and system time of a process, in seconds. */
function cpuSeconds(server: Server): number {
  const fields = readFileSync(`/proc/${server.process.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

interface Row {
  readonly name: string
  readonly what: string
  readonly goal: string
  /** Numbers by name; the first is the row's own. */
  run(): Promise<Record<string, number>>
  meets(result: Record<string, number>): boolean
}

/** A row whose load is one job on a fresh server. */
const loadRow = (
  name: string,
  what: string,
  goal: string,
  job: Partial<LoadJob> & Pick<LoadJob, 'kind' | 'inFlight' | 'count'>,
  meets: Row['meets'],
  before: (Partial<LoadJob> & Pick<LoadJob, 'kind' | 'inFlight' | 'count'>)[] = [],
): Row => ({
  name,
  what,
  goal,
  meets,
  async run() {
    const server = await startServer()
    try {
      for (const first of before) await load(server, first)
      const { perSecond, p50, p99, failures } = await load(server, job)
      if (failures > 0) throw new Error(`${failures} requests failed`)
      return { perSecond, p50, p99 }
    } finally {
      await server.stop()
    }
  },
})

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
      const before = cpuSeconds(server)
      await pause(10_000)
      const percent = (cpuSeconds(server) - before) * 10
      await server.stop()
      return { percent }
    },
  },
  loadRow(
    'create-pods',
    'create pods, 64 in flight (/s)',
    '≥ 4,000, p99 ≤ 50 ms',
    { kind: 'create-pods', inFlight: 64, count: 20_000 },
    ({ perSecond, p99 }) => perSecond! >= 4000 && p99! <= 50,
  ),
  loadRow(
    'create-configmaps-1',
    'create ConfigMaps, 1 in flight (/s)',
    '≥ 700',
    { kind: 'create-configmaps', inFlight: 1, count: 3000 },
    ({ perSecond }) => perSecond! >= 700,
  ),
  loadRow(
    'create-configmaps-64',
    'create ConfigMaps, 64 in flight (/s)',
    '≥ 5,000',
    { kind: 'create-configmaps', inFlight: 64, count: 20_000 },
    ({ perSecond }) => perSecond! >= 5000,
  ),
  loadRow(
    'apply-configmaps',
    'server-side apply (create) a ConfigMap, 64 in flight (/s)',
    '≥ 4,000',
    { kind: 'apply-configmaps', inFlight: 64, count: 20_000 },
    ({ perSecond }) => perSecond! >= 4000,
  ),
  loadRow(
    'patch-pods',
    'merge patch a pod, 64 in flight (/s)',
    '≥ 3,000',
    { kind: 'patch-pods', inFlight: 64, count: 5000 },
    ({ perSecond }) => perSecond! >= 3000,
    [{ kind: 'create-pods', inFlight: 64, count: 5000 }],
  ),
  loadRow(
    'get-pod',
    'GET a pod, 64 in flight (/s)',
    '≥ 10,000',
    { kind: 'get-pod', inFlight: 64, count: 50_000 },
    ({ perSecond }) => perSecond! >= 10_000,
    [{ kind: 'create-pods', inFlight: 1, count: 1 }],
  ),
  loadRow(
    'list-pods',
    'LIST 5,000 pods (ms, median)',
    '≤ 60',
    { kind: 'list-pods', inFlight: 1, count: 20 },
    ({ p50 }) => p50! <= 60,
    [{ kind: 'create-pods', inFlight: 64, count: 5000 }],
  ),
  {
    name: 'schedule',
    what: 'schedule 10,000 pods on 5,000 nodes, in one process (/s)',
    goal: '≥ 2,000',
    meets: ({ perSecond }) => perSecond! >= 2000,
    async run() {
      const { stdout } = spawnSync(process.execPath, [join(root, '.tmp/bench/schedule.js'), '--json'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      return { perSecond: JSON.parse(stdout).perSecond }
    },
  },
  loadRow(
    'watch',
    'watch: 1,000 watchers × 200 creates (events/s)',
    '≥ 150,000, none dropped',
    { kind: 'watch', inFlight: 1000, count: 200 },
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

const wanted = flags.rows?.split(',')
const printed: object[] = []
for (const row of rows) {
  if (wanted && !wanted.includes(row.name)) continue
  const results: Record<string, number>[] = []
  for (let run = 0; run < runs; run++) results.push(await row.run())
  const result = median(results)
  const met = row.meets(result)
  printed.push({ name: row.name, what: row.what, goal: row.goal, met, ...result })
  if (!flags.json) {
    const numbers = Object.entries(result)
      .map(([name, value]) => `${name} ${value >= 100 ? Math.round(value) : value.toFixed(1)}`)
      .join(', ')
    process.stdout.write(`${met ? '✓' : '✗'} ${row.what.padEnd(52)} ${row.goal.padEnd(24)} ${numbers}\n`)
  }
}
if (flags.json) process.stdout.write(`${JSON.stringify({ runs, rows: printed, later }, null, 2)}\n`)
else if (!wanted) for (const { what, why } of later) process.stdout.write(`– ${what.padEnd(52)} ${why}\n`)
