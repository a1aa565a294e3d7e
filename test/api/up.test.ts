import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { freePort } from '../e2e/environment/free-port.ts'
import { RunningProcess } from '../e2e/environment/process.ts'
import { buildProgram } from './built-program.ts'

const namespace = 'default'

let program: string
let remove: () => void
beforeAll(async () => {
  ;({ program, remove } = await buildProgram())
}, 60_000)
afterAll(() => remove())

let directory: string
let data: string
const children: RunningProcess[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'k8ts-up-'))
  data = join(directory, 'data')
})
afterEach(async () => {
  for (const child of children.splice(0)) await child.stop('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

interface Flags {
  readonly port?: number
  readonly data?: string
  readonly more?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

function spawnUp(flags: Flags = {}): RunningProcess {
  const args = ['--runtime', 'simulated', '--port', String(flags.port ?? 0), '--data-dir', flags.data ?? data]
  const child = new RunningProcess(process.execPath, [program, 'up', ...args, ...(flags.more ?? [])], {
    env: { PATH: process.env['PATH'], HOME: directory, ...flags.env },
    cwd: directory,
  })
  children.push(child)
  return child
}

interface Up {
  readonly process: RunningProcess
  readonly port: number
  readonly core: CoreV1Api
}

/** Starts it and waits until it says how to use the cluster. */
async function up(flags: Flags = {}): Promise<Up> {
  const process = spawnUp(flags)
  const [, port] = await process.says(/Ready in \d+ ms: https:\/\/127\.0\.0\.1:(\d+)\n[\s\S]*Ctrl-C/)
  return { process, port: Number(port), core: clientFrom(join(flags.data ?? data, 'kubeconfig')) }
}

function clientFrom(kubeconfig: string, context?: string): CoreV1Api {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  if (context) config.setCurrentContext(context)
  return config.makeApiClient(CoreV1Api)
}

const interrupt = ({ process }: Up) => process.stop('SIGINT')

function isOpen(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

const lockOf = (dataDirectory: string) => join(dataDirectory, 'etcd', 'owner')

const aConfigMap = (name: string) => ({ namespace, body: { metadata: { name }, data: { kept: 'yes' } } })

describe('k8ts up', () => {
  test('shows its progress, says how to use the cluster, and stops cleanly on Ctrl-C', async () => {
    const cluster = await up({ more: ['--no-merge-kubeconfig'] })
    const steps = [...cluster.process.stdout.matchAll(/^ ✓ (.+?) +\d+ ms$/gm)].map(([, step]) => step)
    expect(steps).toEqual(['certificates', 'store', 'API server', 'controllers', 'scheduler', 'node'])
    expect(cluster.process.stdout).toContain(`export KUBECONFIG=${join(data, 'kubeconfig')}\n`)
    const { items } = await cluster.core.listNode()
    expect(items.map(({ metadata }) => metadata!.name)).toEqual(['simulated-1'])
    expect(await interrupt(cluster)).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(await isOpen(cluster.port)).toBe(false)
    expect(existsSync(lockOf(data))).toBe(false)
  })

  test.each(['SIGTERM', 'SIGHUP'] as const)('stops cleanly on %s', async signal => {
    const cluster = await up()
    expect(await cluster.process.stop(signal)).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(existsSync(lockOf(data))).toBe(false)
  })

  test('starts as many nodes as asked for', async () => {
    const { core, process } = await up({ more: ['--nodes', '3'] })
    expect(process.stdout).toMatch(/^ ✓ 3 nodes +\d+ ms$/m)
    const { items } = await core.listNode()
    expect(items.map(({ metadata, spec }) => [metadata!.name, spec!.podCIDR])).toEqual([
      ['simulated-1', '10.244.0.0/24'],
      ['simulated-2', '10.244.1.0/24'],
      ['simulated-3', '10.244.2.0/24'],
    ])
  })

  test('says that nodes are simulated when there is no runtime, and how to get real ones', async () => {
    const endpoint = `unix://${join(directory, 'none.sock')}`
    const { process, core } = await up({ more: ['--runtime', 'auto', '--cri-endpoint', endpoint] })
    expect(process.stdout).toMatch(/^No container runtime answers.* simulated.*apt-get install containerd.*$/m)
    const { items } = await core.listNode()
    expect(items[0]).toMatchObject({
      metadata: { name: 'simulated-1' },
      status: { nodeInfo: { containerRuntimeVersion: expect.stringMatching(/^simulated:/) } },
    })
  })

  test('serves in the ranges it is told', async () => {
    const { core } = await up({ more: ['--service-cidr', '10.32.0.0/24', '--cluster-cidr', '10.64.0.0/16'] })
    expect((await core.readNamespacedService({ namespace, name: 'kubernetes' })).spec!.clusterIP).toBe('10.32.0.1')
    expect((await core.listNode()).items[0]!.spec!.podCIDR).toBe('10.64.0.0/24')
  })
})

describe('state', () => {
  test('is kept over a restart, and revisions go on', async () => {
    const first = await up()
    const before = await first.core.createNamespacedConfigMap(aConfigMap('kept'))
    const system = await first.core.readNamespace({ name: 'kube-system' })
    await interrupt(first)
    const second = await up()
    expect(await second.core.readNamespacedConfigMap({ namespace, name: 'kept' })).toEqual(before)
    expect((await second.core.readNamespace({ name: 'kube-system' })).metadata!.uid).toBe(system.metadata!.uid)
    const after = await second.core.createNamespacedConfigMap(aConfigMap('next'))
    expect(Number(after.metadata!.resourceVersion)).toBeGreaterThan(Number(before.metadata!.resourceVersion))
    expect((await second.core.listNode()).items).toHaveLength(1)
  })

  test('is kept when it is killed', async () => {
    const first = await up()
    const before = await first.core.createNamespacedConfigMap(aConfigMap('kept'))
    await first.process.stop('SIGKILL')
    expect(existsSync(lockOf(data))).toBe(true)
    const second = await up()
    expect(await second.core.readNamespacedConfigMap({ namespace, name: 'kept' })).toEqual(before)
    expect(await interrupt(second)).toMatchObject({ code: 0 })
  })

  test('comes back at the same port for clients that stay', async () => {
    const first = await up()
    await first.core.createNamespacedConfigMap(aConfigMap('kept'))
    await interrupt(first)
    await up({ port: first.port })
    expect(await first.core.readNamespacedConfigMap({ namespace, name: 'kept' })).toMatchObject({
      data: { kept: 'yes' },
    })
  })
})

describe("the user's kubeconfig", () => {
  const others = `# mine
apiVersion: v1
kind: Config
clusters:
- {name: other, cluster: {server: "https://other.example"}}
users:
- {name: other, user: {token: t}}
contexts:
- {name: other, context: {cluster: other, user: other}}
current-context: other
`

  test('gets the context k8ts, and keeps what else it has', async () => {
    const file = join(directory, 'config')
    writeFileSync(file, others)
    const { process } = await up({ env: { KUBECONFIG: file } })
    expect(process.stdout).toContain(`The context "k8ts" is in ${file}:\n  kubectl --context k8ts get nodes`)
    const text = readFileSync(file, 'utf8')
    expect(text.startsWith('# mine\n')).toBe(true)
    const config = parse(text)
    for (const list of ['clusters', 'users', 'contexts'])
      expect(config[list].map(({ name }: { name: string }) => name)).toEqual(['other', 'k8ts'])
    expect(config.clusters[0]).toEqual({ name: 'other', cluster: { server: 'https://other.example' } })
    expect(config['current-context']).toBe('k8ts')
    expect((await clientFrom(file, 'k8ts').listNode()).items).toHaveLength(1)
  })

  test('is made where kubectl looks for it', async () => {
    await up()
    expect((await clientFrom(join(directory, '.kube/config')).listNode()).items).toHaveLength(1)
  })

  test('is followed by a restart at another port', async () => {
    await interrupt(await up())
    await up()
    expect((await clientFrom(join(directory, '.kube/config'), 'k8ts').listNode()).items).toHaveLength(1)
  })

  test('is left alone with --no-merge-kubeconfig', async () => {
    const file = join(directory, 'config')
    writeFileSync(file, others)
    await up({ env: { KUBECONFIG: file }, more: ['--no-merge-kubeconfig'] })
    expect(readFileSync(file, 'utf8')).toBe(others)
    expect(existsSync(join(directory, '.kube'))).toBe(false)
  })
})

describe('a refusal is one line and a non-zero exit, with nothing left half started', () => {
  let port: number
  beforeEach(async () => {
    port = await freePort()
  })

  /** It says this, and no more. */
  async function expectRefusal(flags: Flags, message: RegExp): Promise<void> {
    const result = await spawnUp({ port, ...flags }).exited()
    expect(result.stderr).toMatch(/^k8ts: .+\n$/)
    expect(result.stderr).toMatch(message)
    expect(result.code).toBe(1)
    expect(result.stdout).not.toContain('Ready')
    expect(existsSync(lockOf(data))).toBe(false)
  }

  afterEach(async () => expect(await isOpen(port)).toBe(false))

  test('of a data directory that another k8ts has', async () => {
    const first = await up()
    const result = await spawnUp().exited()
    expect(result.stderr).toMatch(/^k8ts: .*process \d+ has it open; stop that one first.*\n$/)
    expect(result.code).toBe(1)
    await first.core.createNamespacedConfigMap(aConfigMap('still-there'))
  })

  test('of a port in use', async () => {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port: taken } = server.address() as { port: number }
    await expectRefusal({ port: taken }, new RegExp(`port ${taken} on 127\\.0\\.0\\.1 is in use: .*--port`))
    await new Promise(resolve => server.close(resolve))
    await up({ port: taken })
  })

  test('of an address that is none of ours', () =>
    expectRefusal({ more: ['--bind-address', '192.0.2.1'] }, /cannot listen on 192\.0\.2\.1.*--bind-address/))

  test('of a data directory that cannot be written', async () => {
    // Root may write anywhere but where the system itself won't have it.
    const isRoot = process.getuid?.() === 0
    const parent = isRoot ? '/proc' : join(directory, 'locked')
    if (!isRoot) mkdirSync(parent)
    if (!isRoot) chmodSync(parent, 0o500)
    await expectRefusal(
      { data: join(parent, 'data') },
      /the data directory .* cannot be written \(E\w+\): .*--data-dir/,
    )
  })

  test('of a data directory that is a file', async () => {
    writeFileSync(data, 'mine')
    await expectRefusal({}, /the data directory .* is not a directory: name another with --data-dir/)
    expect(readFileSync(data, 'utf8')).toBe('mine')
  })

  test.each([
    ['is something else', 'etcd/data.mdb', 'not a store'],
    ['is damaged', 'etcd/data.mdb', Buffer.alloc(65536, 0xff)],
  ])('of a store that %s', async (_what, file, content) => {
    await interrupt(await up())
    writeFileSync(join(data, file), content)
    await expectRefusal({}, /cannot open the store in .*\/etcd: .*restore it from a backup, or move it away/)
  })

  test.each(['ca.crt', 'ca.key', 'sa.key'])('of a damaged %s', async file => {
    await interrupt(await up())
    writeFileSync(join(data, 'pki', file), 'garbage')
    await expectRefusal({}, new RegExp(`pki/${file} cannot be used: `))
    expect(readFileSync(join(data, 'pki', file), 'utf8')).toBe('garbage')
  })

  test.each(['ca.key', 'ca.crt'])('of a lost %s: with another authority nobody would trust the cluster', async file => {
    await interrupt(await up())
    rmSync(join(data, 'pki', file))
    await expectRefusal({}, new RegExp(`pki/${file} cannot be used: `))
  })

  test('of a CRI endpoint where nobody answers', async () => {
    const endpoint = `unix://${join(directory, 'none.sock')}`
    await expectRefusal({ more: ['--runtime', 'cri', '--cri-endpoint', endpoint] }, /none\.sock/)
    expect(existsSync(data)).toBe(false)
  })

  test('of a CRI endpoint that is none', () =>
    expectRefusal({ more: ['--runtime', 'cri', '--cri-endpoint', 'tcp://here'] }, /unix:\/\/\/path/))

  test('of a user kubeconfig that cannot be understood', async () => {
    const file = join(directory, 'config')
    writeFileSync(file, 'clusters: {not: [a, kubeconfig')
    await expectRefusal({ env: { KUBECONFIG: file } }, /config is left as it is: .*--no-merge-kubeconfig/)
    expect(readFileSync(file, 'utf8')).toBe('clusters: {not: [a, kubeconfig')
  })

  test.each([
    [['--cluster-cidr', 'everywhere'], /--cluster-cidr everywhere: must be/],
    [['--cluster-cidr', '10.244.0.0/24', '--nodes', '2'], /has room for 1 node/],
    [['--service-cidr', '10.96.0.0'], /--service-cidr 10\.96\.0\.0: must be/],
    [['--token-auth-file', 'none.csv'], /--token-auth-file none\.csv: /],
  ])('of %j', (more, message) => expectRefusal({ more }, message))
})

test.each([
  [['--port', '70000'], /must be a port/],
  [['--runtime', 'docker'], /Allowed choices are auto, cri, simulated/],
  [['--nodse', '2'], /unknown option '--nodse'\n\(Did you mean --nodes\?\)/],
])('k8ts up %j is not understood, and says how it would be', async (more, message) => {
  const { code, stderr } = await spawnUp({ more }).exited()
  expect(stderr).toMatch(message)
  expect(code).toBe(1)
})
