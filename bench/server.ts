// A server to put load on: the packaged `k8ts up` in a process of its own, and the load from another.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { LoadJob, LoadResult } from './load.ts'

export const root = process.env['K8TS_ROOT'] ?? process.cwd()
export const token = 'bench-token'

export interface Server {
  readonly url: string
  readonly ca: string
  readonly process: ChildProcess
  /** Milliseconds from the process's start to `/readyz` answering ok. */
  readonly readyMs: number
  stop(): Promise<void>
}

const program = join(root, 'dist/k8ts.js')

/** What the package's first line asks of Node: what is measured gets it too. */
export const askedOfNode = (): readonly string[] =>
  readFileSync(program, 'utf8').split('\n', 1)[0]!.match(/--\S+/g) ?? []

export async function startServer(
  options: { readonly nodes?: number; readonly nodeFlags?: readonly string[] } = {},
): Promise<Server> {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-bench-'))
  const tokens = join(directory, 'tokens.csv')
  writeFileSync(tokens, `${token},bench,bench,"system:masters"\n`)
  const from = performance.now()
  const port = 20000 + Math.floor(Math.random() * 20000)
  const child = spawn(
    process.execPath,
    [
      ...askedOfNode(),
      ...(options.nodeFlags ?? []),
      program,
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
  const stop = async () => {
    child.kill('SIGINT')
    await exited
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    const readyMs = (await readyz(url, child)) - from
    while (!existsSync(kubeconfig)) await pause(5)
    const [{ cluster }] = parse(readFileSync(kubeconfig, 'utf8')).clusters
    const ca = Buffer.from(cluster['certificate-authority-data'], 'base64').toString()
    return { url, ca, process: child, readyMs, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

export const pause = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds))

/** When /readyz first answered ok. */
async function readyz(url: string, child: ChildProcess): Promise<number> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`k8ts up ended with ${child.exitCode}`)
    const status = await get(url, '/readyz').catch(() => 0)
    if (status === 200) return performance.now()
    await pause(3)
  }
}

export function get(url: string, path: string): Promise<number> {
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

/** What of a job is not the same for all of them. */
export type Job = Partial<LoadJob> & Pick<LoadJob, 'kind' | 'inFlight' | 'count'>

export function load(server: Server, job: Job): Promise<LoadResult> {
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

export const residentMB = (server: Server): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))![1]) / 1024

/** Processor time of a process, in seconds: of all its threads, and of the one that runs JavaScript. */
export function cpuSeconds(server: Server): { readonly all: number; readonly main: number } {
  const { pid } = server.process
  let all = 0
  let main = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const seconds = Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e9
    all += seconds
    if (thread === String(pid)) main = seconds
  }
  return { all, main }
}
