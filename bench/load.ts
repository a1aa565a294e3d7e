// The load generator: a process of its own, HTTP/2 over TLS, several connections, a bearer token.
//
// Comes in: a job as JSON on standard input. Goes out: one line of JSON, with the rate and the latencies.

import { readFileSync } from 'node:fs'
import { type ClientHttp2Session, connect } from 'node:http2'

export interface LoadJob {
  readonly server: string
  readonly ca: string
  readonly token: string
  readonly kind:
    | 'create-pods'
    | 'create-configmaps'
    | 'apply-configmaps'
    | 'patch-pods'
    | 'get-pod'
    | 'list-pods'
    | 'watch'
  readonly inFlight: number
  readonly count: number
  readonly connections: number
  /** Distinguishes the names of one job's objects from another's. */
  readonly prefix: string
}

export interface LoadResult {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly count: number
  readonly failures: number
  readonly milliseconds: number
}

// Node makes an error for nobody of every stream that ends after its body was sent.
Error.stackTraceLimit = 0
const job: LoadJob = JSON.parse(readFileSync(0, 'utf8'))
const sessions: ClientHttp2Session[] = Array.from({ length: job.connections }, () =>
  connect(job.server, { ca: job.ca, maxSessionMemory: 1024, settings: { initialWindowSize: 8 << 20 } }),
)
for (const session of sessions) session.on('connect', () => session.setLocalWindowSize(64 << 20))
let turn = 0
const session = () => sessions[turn++ % sessions.length]!

const authorization = `Bearer ${job.token}`

/** One request; as little work as Node's client allows, since it runs on the server's cores. */
function send(method: string, path: string, body?: Buffer, contentType = 'application/json'): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = { ':method': method, ':path': path, authorization }
    if (body) {
      headers['content-type'] = contentType
      headers['content-length'] = String(body.length)
    }
    const stream = session().request(headers, { endStream: !body })
    let status = 0
    stream.once('response', response => {
      status = response[':status'] as number
    })
    stream.once('end', () => resolve(status))
    stream.once('error', reject)
    stream.resume()
    if (body) stream.end(body)
  })
}

const pod = (name: string) =>
  Buffer.from(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels: { app: 'bench' } },
      spec: {
        containers: [
          {
            name: 'main',
            image: 'registry.example/app:1',
            resources: { requests: { cpu: '100m', memory: '64Mi' } },
            env: [{ name: 'MODE', value: 'bench' }],
          },
        ],
      },
    }),
  )
const configMap = (name: string) =>
  Buffer.from(
    JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text: 'x'.repeat(500) } }),
  )
const pods = '/api/v1/namespaces/default/pods'
const configMaps = '/api/v1/namespaces/default/configmaps'

const requests: Record<Exclude<LoadJob['kind'], 'watch'>, (index: number) => Promise<number>> = {
  'create-pods': index => send('POST', pods, pod(`${job.prefix}-${index}`)),
  'create-configmaps': index => send('POST', configMaps, configMap(`${job.prefix}-${index}`)),
  'apply-configmaps': index => {
    const name = `${job.prefix}-${index}`
    const path = `${configMaps}/${name}?fieldManager=bench&force=true`
    return send('PATCH', path, configMap(name), 'application/apply-patch+yaml')
  },
  'patch-pods': index =>
    send(
      'PATCH',
      `${pods}/${job.prefix}-${index}`,
      Buffer.from(`{"metadata":{"annotations":{"patched":"${process.pid}-${index}"}}}`),
      'application/merge-patch+json',
    ),
  'get-pod': () => send('GET', `${pods}/${job.prefix}-0`),
  'list-pods': () => send('GET', pods),
}

async function closedLoop(request: (index: number) => Promise<number>): Promise<LoadResult> {
  const latencies: number[] = []
  let next = 0
  let failures = 0
  const start = performance.now()
  const worker = async () => {
    while (next < job.count) {
      const index = next++
      const from = performance.now()
      const status = await request(index)
      latencies.push(performance.now() - from)
      if (status >= 400) failures++
    }
  }
  await Promise.all(Array.from({ length: job.inFlight }, worker))
  return result(performance.now() - start, latencies, failures)
}

function result(milliseconds: number, latencies: number[], failures: number): LoadResult {
  latencies.sort((a, b) => a - b)
  const at = (part: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? 0
  return {
    perSecond: latencies.length / (milliseconds / 1000),
    p50: at(0.5),
    p99: at(0.99),
    count: latencies.length,
    failures,
    milliseconds,
  }
}

/** `inFlight` watchers of all ConfigMaps, while `count` are created; counts every event that arrives. */
async function watchers(): Promise<LoadResult> {
  let received = 0
  const expected = job.inFlight * job.count
  let done: () => void = () => {}
  const all = new Promise<void>(resolve => {
    done = resolve
  })
  const mark = Buffer.from('"type":"ADDED"')
  await Promise.all(
    Array.from(
      { length: job.inFlight },
      () =>
        new Promise<void>((resolve, reject) => {
          const stream = session().request({
            ':path': `${configMaps}?watch=1&resourceVersion=0&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`,
            authorization: `Bearer ${job.token}`,
          })
          stream.on('response', () => resolve())
          stream.on('error', reject)
          // A mark may be cut in two where one piece of the answer ends.
          let tail: Buffer = Buffer.alloc(0)
          stream.on('data', (piece: Buffer) => {
            const bytes = tail.length === 0 ? piece : Buffer.concat([tail, piece])
            let end = 0
            for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, end)) {
              received++
              end = at + mark.length
            }
            tail = Buffer.from(bytes.subarray(Math.max(end, bytes.length - mark.length + 1)))
            if (received >= expected) done()
          })
        }),
    ),
  )
  const start = performance.now()
  let next = 0
  const creator = async () => {
    while (next < job.count) {
      const index = next++
      await send('POST', configMaps, configMap(`${job.prefix}-${index}`))
    }
  }
  await Promise.all(Array.from({ length: 16 }, creator))
  const patience = setTimeout(done, 60_000)
  await all
  clearTimeout(patience)
  const milliseconds = performance.now() - start
  return {
    perSecond: received / (milliseconds / 1000),
    p50: 0,
    p99: 0,
    count: received,
    failures: expected - received,
    milliseconds,
  }
}

const outcome = job.kind === 'watch' ? await watchers() : await closedLoop(requests[job.kind])
process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit(0))
