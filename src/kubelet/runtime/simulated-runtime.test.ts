import { extract, pack } from 'tar-stream'
import { beforeEach, describe, expect, test } from 'vitest'
import { type VirtualEnv, virtualEnv } from '../../machinery/env/virtual-env.ts'
import { duplexPair } from '../streaming/duplex-pair.ts'
import type { ContainerConfig, ContainerStatus } from './cri/container.ts'
import type { PortMapping } from './cri/pod-sandbox.ts'
import { SimulatedRuntime, type SimulatedRuntimeOptions } from './simulated-runtime.ts'

let env: VirtualEnv
let runtime: SimulatedRuntime

beforeEach(() => begin())

function begin(options: SimulatedRuntimeOptions = {}) {
  env = virtualEnv({ settle: () => new Promise(resolve => setImmediate(resolve)) })
  runtime = new SimulatedRuntime(env, options)
}

/** Lets time pass, a millisecond at a time, until the call has its answer. */
async function wait<T>(call: Promise<T>): Promise<T> {
  let done = false
  const settled = call.finally(() => {
    done = true
  })
  settled.catch(() => {})
  while (!done) await env.clock.advance(1)
  return settled
}

const sandbox = (name = 'web', annotations: Record<string, string> = {}, portMappings: PortMapping[] = []) =>
  wait(
    runtime.runPodSandbox({
      config: {
        metadata: { name, namespace: 'default', uid: `uid-${name}`, attempt: 0 },
        hostname: name,
        logDirectory: `/logs/${name}`,
        labels: { app: name },
        annotations,
        portMappings,
      },
    }),
  ).then(({ podSandboxId }) => podSandboxId)

/** A started container in a pod of its own. */
async function start(
  config: ContainerConfig,
  annotations: Record<string, string> = {},
  portMappings: PortMapping[] = [],
) {
  const image = { image: 'example.com/server:1' }
  const podSandboxId = await sandbox('web', annotations, portMappings)
  await wait(runtime.pullImage({ image: config.image ?? image }))
  const { containerId } = await wait(
    runtime.createContainer({
      podSandboxId,
      config: { image, metadata: { name: 'main', attempt: 0 }, logPath: 'main/0.log', ...config },
    }),
  )
  await wait(runtime.startContainer({ containerId }))
  return { podSandboxId, containerId }
}

const status = async (containerId: string): Promise<ContainerStatus> =>
  (await runtime.containerStatus({ containerId })).status!
const log = (containerId: string) => Buffer.from(runtime.inProcess.containerLog(containerId).read(0)).toString()
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

test('says honestly who it is', async () => {
  expect(await runtime.version({})).toMatchObject({ runtimeName: 'simulated', runtimeApiVersion: 'v1' })
  expect((await runtime.status({})).status?.conditions).toMatchObject([
    { type: 'RuntimeReady', status: true },
    { type: 'NetworkReady', status: true },
  ])
})

test('two runs from the same seed are the same', async () => {
  const first = await start({ command: ['sleep', '1'] })
  begin()
  expect(await start({ command: ['sleep', '1'] })).toEqual(first)
})

describe('a sandbox', () => {
  test('takes its time to be ready, then has an address', async () => {
    begin({ delays: { runPodSandbox: 200 }, podCidr: '10.1.2.0/24' })
    const call = runtime.runPodSandbox({ config: { metadata: { name: 'a', namespace: 'b', uid: 'c' } } })
    await env.clock.advance(199)
    expect(await runtime.listPodSandbox({ filter: { state: { state: 'SANDBOX_READY' } } })).toEqual({ items: [] })
    await env.clock.advance(1)
    const { podSandboxId } = await call
    expect((await runtime.podSandboxStatus({ podSandboxId })).status).toMatchObject({
      state: 'SANDBOX_READY',
      metadata: { name: 'a', namespace: 'b', uid: 'c', attempt: 0 },
      network: { ip: '10.1.2.2', additionalIps: [] },
      createdAt: Date.UTC(2026, 0, 1) * 1e6,
    })
  })

  test('has no address of its own on the network of the host', async () => {
    const linux = { securityContext: { namespaceOptions: { network: 'NODE' as const } } }
    const { podSandboxId } = await wait(runtime.runPodSandbox({ config: { linux } }))
    expect((await runtime.podSandboxStatus({ podSandboxId })).status?.network?.ip).toBe('')
  })

  test('is listed by label', async () => {
    const web = await sandbox('web')
    await sandbox('db')
    const { items } = await runtime.listPodSandbox({ filter: { labelSelector: { app: 'web' } } })
    expect(items.map(({ id }) => id)).toEqual([web])
  })

  test('gives its address back when it is stopped; another gets it after all others were used', async () => {
    begin({ podCidr: '10.1.2.0/29' })
    const ip = async (id: string) => (await runtime.podSandboxStatus({ podSandboxId: id })).status?.network?.ip
    const ids = [await sandbox('a'), await sandbox('b'), await sandbox('c')]
    await wait(runtime.stopPodSandbox({ podSandboxId: ids[0]! }))
    expect(await ip(ids[0]!)).toBe('')
    const later = [await sandbox('d'), await sandbox('e'), await sandbox('f')]
    expect(await Promise.all(later.map(ip))).toEqual(['10.1.2.5', '10.1.2.6', '10.1.2.2'])
    await expect(sandbox('g')).rejects.toThrow('no IP addresses available in range set: 10.1.2.1-10.1.2.6')
  })

  test('cannot be there twice', async () => {
    const id = await sandbox('web')
    await expect(sandbox('web')).rejects.toThrow(`is reserved for "${id}"`)
    await wait(runtime.removePodSandbox({ podSandboxId: id }))
    await sandbox('web')
  })

  test('takes its containers with it; stopping and removing it again is no error', async () => {
    const { podSandboxId, containerId } = await start({})
    await wait(runtime.stopPodSandbox({ podSandboxId }))
    expect(await status(containerId)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 137 })
    await wait(runtime.removePodSandbox({ podSandboxId }))
    expect((await runtime.listContainers({})).containers).toEqual([])
    await expect(runtime.podSandboxStatus({ podSandboxId })).rejects.toMatchObject({ code: 'NotFound' })
    expect(await runtime.stopPodSandbox({ podSandboxId })).toEqual({})
    expect(await runtime.removePodSandbox({ podSandboxId })).toEqual({})
  })
})

describe('a container', () => {
  test('is created, then running, then exited, each at its time', async () => {
    begin({ delays: { startContainer: 100 } })
    const { containerId } = await start({ command: ['sh', '-c', 'sleep 5; exit 3'] })
    const { createdAt, startedAt } = await status(containerId)
    expect(startedAt - createdAt).toBe(100 * 1e6)
    await env.clock.advance(4_999)
    expect(await status(containerId)).toMatchObject({ state: 'CONTAINER_RUNNING', finishedAt: 0, reason: '' })
    await env.clock.advance(1)
    expect(await status(containerId)).toMatchObject({
      state: 'CONTAINER_EXITED',
      exitCode: 3,
      reason: 'Error',
      finishedAt: startedAt + 5_000 * 1e6,
      logPath: '/logs/web/main/0.log',
    })
  })

  test.each<[string, ContainerConfig, Record<string, string>, Partial<ContainerStatus>]>([
    ['a command', { command: ['true'] }, {}, { exitCode: 0, reason: 'Completed' }],
    ['a command and arguments', { command: ['sh', '-c'], args: ['exit 5'] }, {}, { exitCode: 5, reason: 'Error' }],
    ['an argument of a shell image', { image: { image: 'busybox' }, args: ['false'] }, {}, { exitCode: 1 }],
    ['a shell image without input', { image: { image: 'busybox:1.36' } }, {}, { exitCode: 0 }],
    ['an annotation for all', {}, { 'simulated.k8ts.dev/run': 'exit 9' }, { exitCode: 9 }],
    [
      'an annotation for it, before the one for all',
      {},
      { 'simulated.k8ts.dev/run.main': 'exit 8', 'simulated.k8ts.dev/run': 'exit 9' },
      { exitCode: 8 },
    ],
    ['too little memory', {}, { 'simulated.k8ts.dev/run': 'oom' }, { exitCode: 137, reason: 'OOMKilled' }],
  ])('ends as directed by %s', async (_what, config, annotations, ending) => {
    const { containerId } = await start(config, annotations)
    await env.clock.advance(1)
    expect(await status(containerId)).toMatchObject({ state: 'CONTAINER_EXITED', ...ending })
  })

  test.each<[string, ContainerConfig, string]>([
    ['of the image', {}, 'the program of image example.com/server:1'],
    ['of the image, with arguments', { args: ['--port', '80'] }, '--port 80'],
    ['given as command', { command: ['nginx', '-g', 'daemon off;'] }, 'nginx -g daemon off;'],
    ['in a script', { command: ['sh', '-c', 'setup | start'] }, 'sh -c setup | start'],
  ])('with a program %s runs until it is stopped, and its log says so', async (_what, config, program) => {
    const { containerId } = await start(config)
    await env.clock.advance(365 * 86_400_000)
    expect((await status(containerId)).state).toBe('CONTAINER_RUNNING')
    expect(log(containerId)).toMatch(
      new RegExp(
        `^\\S+Z stderr F simulated container: taking "${program.replace('|', '\\|')}" to run until it is stopped`,
      ),
    )
  })

  test('needs its image, a sandbox that is ready, and a name that is free', async () => {
    const podSandboxId = await sandbox()
    const config = { metadata: { name: 'main' }, image: { image: 'busybox' } }
    await expect(wait(runtime.createContainer({ podSandboxId, config }))).rejects.toMatchObject({ code: 'NotFound' })
    await wait(runtime.pullImage({ image: { image: 'busybox' } }))
    await wait(runtime.createContainer({ podSandboxId, config }))
    await expect(wait(runtime.createContainer({ podSandboxId, config }))).rejects.toThrow('is reserved for')
    await wait(runtime.stopPodSandbox({ podSandboxId }))
    const next = { ...config, metadata: { name: 'main', attempt: 1 } }
    await expect(wait(runtime.createContainer({ podSandboxId, config: next }))).rejects.toThrow('no running task found')
  })

  test('starts once', async () => {
    const { containerId } = await start({})
    await expect(wait(runtime.startContainer({ containerId }))).rejects.toThrow(
      'container is in CONTAINER_RUNNING state',
    )
  })

  test('is listed by pod, state and label', async () => {
    const { podSandboxId, containerId } = await start({ labels: { tier: 'front' } })
    const ids = async (filter: object) => (await runtime.listContainers({ filter })).containers.map(({ id }) => id)
    expect(
      await ids({ podSandboxId, state: { state: 'CONTAINER_RUNNING' }, labelSelector: { tier: 'front' } }),
    ).toEqual([containerId])
    expect(await ids({ state: { state: 'CONTAINER_EXITED' } })).toEqual([])
    expect(await ids({ labelSelector: { tier: 'back' } })).toEqual([])
    expect(await ids({ podSandboxId: 'other' })).toEqual([])
  })

  test('keeps the limits it is given', async () => {
    const { containerId } = await start({ linux: { resources: { cpuShares: 100, memoryLimitInBytes: 1 } } })
    await runtime.updateContainerResources({ containerId, linux: { memoryLimitInBytes: 2 } })
    expect((await status(containerId)).resources?.linux).toMatchObject({ cpuShares: 100, memoryLimitInBytes: 2 })
  })
})

describe('stopping a container', () => {
  const stop = async (config: ContainerConfig, annotations: Record<string, string> = {}, timeout = 30) => {
    begin({ delays: { stopContainer: 0 } })
    const { containerId } = await start(config, annotations)
    const before = env.clock.now()
    await wait(runtime.stopContainer({ containerId, timeout }))
    const { exitCode, state, finishedAt } = await status(containerId)
    expect(state).toBe('CONTAINER_EXITED')
    return { exitCode, after: finishedAt / 1e6 - before }
  }

  test.each<[string, ContainerConfig, Record<string, string>, { exitCode: number; after: number }]>([
    ['a server ends well', {}, {}, { exitCode: 0, after: 0 }],
    ['a script dies of the signal', { command: ['sleep', '3600'] }, {}, { exitCode: 143, after: 0 }],
    [
      'what ignores the signal is killed when the time is over',
      {},
      { 'simulated.k8ts.dev/ignore-stop': 'true' },
      { exitCode: 137, after: 30_000 },
    ],
    [
      'what ignores the signal may still end by itself before',
      {},
      { 'simulated.k8ts.dev/ignore-stop': 'true', 'simulated.k8ts.dev/run': 'sleep 12; exit 4' },
      { exitCode: 4, after: 12_000 },
    ],
  ])('%s', async (_what, config, annotations, ending) => {
    expect(await stop(config, annotations)).toEqual(ending)
  })

  test('without time, it is killed', async () => {
    expect(await stop({}, {}, 0)).toEqual({ exitCode: 137, after: 0 })
  })

  test('leaves no timer behind', async () => {
    await stop({ command: ['sleep', '3600'] }, { 'simulated.k8ts.dev/ignore-stop': 'true' }, 5)
    expect(env.clock.nextTimer()).toBeUndefined()
  })

  test('one that was never started, or is not there, is no error', async () => {
    const podSandboxId = await sandbox()
    await wait(runtime.pullImage({ image: { image: 'busybox' } }))
    const create = runtime.createContainer({ podSandboxId, config: { image: { image: 'busybox' } } })
    const { containerId } = await wait(create)
    expect(await runtime.stopContainer({ containerId, timeout: 10 })).toEqual({})
    expect(await runtime.stopContainer({ containerId: 'absent' })).toEqual({})
    expect(await wait(runtime.removeContainer({ containerId }))).toEqual({})
    await expect(runtime.containerStatus({ containerId })).rejects.toMatchObject({
      message: `rpc error: code = NotFound desc = an error occurred when try to find container "${containerId}": not found`,
    })
  })
})

describe('the log', () => {
  test('is in the format of CRI, and grows as the container writes', async () => {
    const { containerId } = await start({
      command: ['sh', '-c', 'echo "hello $WHO"; sleep 1; echo trouble >&2; echo -n partly'],
      envs: [{ key: 'WHO', value: Buffer.from('you') }],
    })
    const begun = new Date(env.clock.now()).toISOString().slice(0, -1)
    const containerLog = runtime.inProcess.containerLog(containerId)
    expect(log(containerId)).toBe(`${begun}000000Z stdout F hello you\n`)
    let writes = 0
    const cancel = containerLog.onWrite(() => writes++)
    const read = containerLog.read(0).length
    await env.clock.advance(1_000)
    expect(text(containerLog.read(read))).toMatch(/^\S+ stderr F trouble\n\S+ stdout P partly\n$/)
    expect(writes).toBe(2)
    cancel()
    expect(text(containerLog.read(1e6))).toBe('')
  })

  test('ends, with a word about it, before it takes all memory', async () => {
    const { containerId } = await start({ command: ['sh', '-c', `while true; do echo ${'x'.repeat(1e5)}; done`] })
    await env.clock.advance(100)
    expect(log(containerId).slice(-90)).toMatch(/ stderr F simulated container: the log ends here, at 4194304 bytes\n$/)
  })
})

describe('commands in a container', () => {
  test('a few run', async () => {
    begin({
      mounted: {
        read: (path, file) => (file === 'key' ? Buffer.from(`${path} has it\n`) : undefined),
        files: () => ['key'],
      },
    })
    const { containerId } = await start({
      envs: [{ key: 'A', value: Buffer.from('1') }],
      mounts: [
        { containerPath: '/etc/config', hostPath: '/volumes/config' },
        { containerPath: '/one/file', hostPath: '/volumes/other/key' },
      ],
    })
    const run = async (...cmd: string[]) => {
      const { stdout, stderr, exitCode } = await wait(runtime.execSync({ containerId, cmd }))
      return [text(stdout), text(stderr), exitCode]
    }
    expect(await run('printenv', 'A')).toEqual(['1\n', '', 0])
    expect(await run('hostname')).toEqual(['web\n', '', 0])
    expect(await run('cat', '/etc/config/key')).toEqual(['/volumes/config has it\n', '', 0])
    expect(await run('cat', '/one/file')).toEqual(['/volumes/other has it\n', '', 0])
    expect(await run('sh', '-c', 'echo out; exit 2')).toEqual(['out\n', '', 2])
    expect(await run('cat', '/etc/config/absent')).toEqual([
      '',
      "cat: can't open '/etc/config/absent': No such file or directory (simulated container)\n",
      1,
    ])
    expect(await run('psql', '-l')).toEqual([
      '',
      'simulated container: "psql -l" cannot run: this node is simulated and executes no programs\n',
      126,
    ])
  })

  test('end when their time is over', async () => {
    const { containerId } = await start({})
    const call = runtime.execSync({ containerId, cmd: ['sleep', '60'], timeout: 5 })
    await expect(wait(call)).rejects.toMatchObject({ code: 'DeadlineExceeded' })
    expect(env.clock.nextTimer()).toBeUndefined()
  })

  test('end with the container', async () => {
    const { containerId } = await start({ command: ['sleep', '3'] })
    expect(await wait(runtime.execSync({ containerId, cmd: ['sleep', '60'] }))).toMatchObject({ exitCode: 137 })
  })

  test('need a running one', async () => {
    const { containerId } = await start({ command: ['true'] })
    await env.clock.advance(1)
    await expect(runtime.execSync({ containerId, cmd: ['true'] })).rejects.toThrow(
      'container is in CONTAINER_EXITED state',
    )
  })

  test('a shell reads its commands from the input', async () => {
    const { containerId } = await start({})
    let out = ''
    async function* stdin() {
      yield Buffer.from('echo one\nech')
      yield Buffer.from('o two\nexit 6\necho never\n')
    }
    const exit = runtime.inProcess.exec(
      { containerId, cmd: ['/bin/sh'], stdin: true },
      {
        stdin: stdin(),
        stdout: chunk => {
          out += text(chunk)
        },
        stderr: () => {},
      },
    )
    expect(await wait(exit)).toBe(6)
    expect(out).toBe('one\ntwo\n')
  })

  test('at a terminal it prompts, echoes and lets one edit', async () => {
    const { containerId } = await start({})
    let out = ''
    async function* stdin() {
      yield Buffer.from('echp\u007fo hi\r')
      yield Buffer.from('\u0004')
    }
    const streams = {
      stdin: stdin(),
      stdout: (chunk: Uint8Array) => {
        out += text(chunk)
      },
      stderr: () => {},
    }
    expect(await wait(runtime.inProcess.exec({ containerId, cmd: ['sh'], tty: true, stdin: true }, streams))).toBe(0)
    expect(out.split('\r\n').slice(1)).toEqual(['/ # echp\b \bo hi', 'hi', '/ # '])
  })

  test('attaching shows what is written from then on, until the container ends', async () => {
    const { containerId } = await start({ command: ['sh', '-c', 'echo a; sleep 1; echo b; sleep 1; echo c >&2'] })
    await env.clock.advance(500)
    const seen: string[] = []
    const attached = runtime.inProcess.attach(
      { containerId },
      { stdout: chunk => seen.push(`out ${text(chunk)}`), stderr: chunk => seen.push(`err ${text(chunk)}`) },
    )
    await wait(attached)
    expect(seen).toEqual(['out b\n', 'err c\n'])
  })

  test('its declared ports answer, and say what they are', async () => {
    const { podSandboxId } = await start({}, {}, [{ protocol: 'TCP', containerPort: 8080 }])
    const [ours, theirs] = duplexPair()
    const forwarded = runtime.inProcess.portForward(podSandboxId, 8080, theirs)
    ours.end('GET / HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n')
    let answer = ''
    for await (const chunk of ours) answer += chunk
    await forwarded
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(answer).toContain('simulated container: this is port 8080 of pod default/web; no program runs behind it')
  })

  test('files are copied into it and out of it as tar archives', async () => {
    const { containerId } = await start({ workingDir: '/work' })
    const run = async (cmd: string[], input: Uint8Array[] = []) => {
      const out: Uint8Array[] = []
      let stderr = ''
      const code = await runtime.inProcess.exec(
        { containerId, cmd },
        {
          stdin: (async function* () {
            yield* input
          })(),
          stdout: chunk => out.push(chunk),
          stderr: chunk => {
            stderr += text(chunk)
          },
        },
      )
      return { code, stderr, output: Buffer.concat(out) }
    }
    const archive = pack()
    archive.entry({ name: 'tree', type: 'directory' })
    archive.entry({ name: 'tree/bytes', mode: 0o755 }, Buffer.from([0, 255, 10]))
    archive.entry({ name: `tree/${'long'.repeat(40)}` }, 'content')
    archive.finalize()
    const chunks: Uint8Array[] = []
    for await (const chunk of archive) chunks.push(chunk as Uint8Array)

    expect(await run(['tar', '-xmf', '-', '-C', '/tmp'], chunks)).toMatchObject({ code: 0, stderr: '' })
    expect((await run(['test', '-d', '/tmp/tree'])).code).toBe(0)
    expect((await run(['cat', '/tmp/tree/bytes'])).output).toEqual(Buffer.from([0, 255, 10]))
    const { code, output } = await run(['tar', 'cf', '-', '/tmp/tree'])
    expect(code).toBe(0)
    const found: Record<string, unknown> = {}
    const reader = extract()
    reader.end(output)
    for await (const entry of reader) {
      const parts: Uint8Array[] = []
      for await (const chunk of entry) parts.push(chunk as Uint8Array)
      found[entry.header.name] = [entry.header.mode, Buffer.concat(parts).toString('latin1')]
    }
    expect(found).toEqual({
      'tmp/tree/': [0o755, ''],
      'tmp/tree/bytes': [0o755, '\u0000\u00ff\n'],
      [`tmp/tree/${'long'.repeat(40)}`]: [0o644, 'content'],
    })
    expect(await run(['tar', 'cf', '-', '/none'])).toMatchObject({
      code: 1,
      stderr: 'tar: /none: No such file or directory (simulated container)\n',
    })
  })

  test('nothing listens on its other ports, and there is no streaming server', async () => {
    const { podSandboxId, containerId } = await start({})
    await expect(runtime.inProcess.portForward(podSandboxId, 80, undefined as never)).rejects.toThrow(
      'simulated container: nothing listens on port 80',
    )
    await expect(runtime.exec({ containerId, cmd: ['sh'] })).rejects.toMatchObject({ code: 'Unimplemented' })
  })
})

test('probes find what the script says', async () => {
  const script = 'sleep 1; unhealthy; sleep 1; healthy; sleep 1'
  const { containerId } = await start({}, { 'simulated.k8ts.dev/run': script })
  const healthy = []
  for (let second = 0; second < 4; second++) {
    await env.clock.advance(second === 0 ? 500 : 1_000)
    healthy.push(runtime.inProcess.probe(containerId).healthy)
  }
  expect(healthy).toEqual([true, false, true, false])
})

describe('images', () => {
  test('are there once they are pulled, under every form of their name', async () => {
    expect((await runtime.imageStatus({ image: { image: 'busybox' } })).image).toBeUndefined()
    const before = env.clock.now()
    const { imageRef } = await wait(runtime.pullImage({ image: { image: 'busybox:latest' } }))
    expect(env.clock.now() - before).toBe(50)
    const { image } = await runtime.imageStatus({ image: { image: 'docker.io/library/busybox' } })
    expect(image).toMatchObject({ id: imageRef, repoTags: ['docker.io/library/busybox:latest'] })
    for (const name of [image!.id, image!.repoDigests[0]!]) {
      expect((await runtime.imageStatus({ image: { image: name } })).image?.id).toBe(imageRef)
    }
    await runtime.removeImage({ image: { image: imageRef } })
    expect((await runtime.listImages({})).images).toEqual([])
  })

  test.each([
    [
      'example.com/nonexistent:1',
      'rpc error: code = NotFound desc = failed to pull and unpack image "example.com/nonexistent:1": failed to resolve reference "example.com/nonexistent:1": example.com/nonexistent:1: not found',
    ],
    [
      'example.com/NOT:1',
      /^rpc error: code = InvalidArgument desc = failed to parse image reference "example.com\/NOT:1"/,
    ],
  ])('%s cannot be pulled', async (name, message) => {
    await expect(wait(runtime.pullImage({ image: { image: name } }))).rejects.toThrow(message)
  })

  test('a pull can be given up', async () => {
    const abort = new AbortController()
    const call = runtime.pullImage({ image: { image: 'busybox' } }, { signal: abort.signal })
    abort.abort(new Error('given up'))
    await expect(wait(call)).rejects.toThrow('given up')
    expect((await runtime.listImages({})).images).toEqual([])
  })
})

test('tells what happens to containers, from the call on', async () => {
  const abort = new AbortController()
  const events = runtime.getContainerEvents(abort.signal)
  const { podSandboxId, containerId } = await start({ command: ['sleep', '1'] })
  await env.clock.advance(1_000)
  await wait(runtime.removePodSandbox({ podSandboxId }))
  abort.abort()
  const seen = []
  for await (const event of events) {
    const what = event.containerId === containerId ? 'container' : 'sandbox'
    seen.push([what, event.containerEventType, event.containersStatuses.map(({ state }) => state)])
  }
  expect(seen).toEqual([
    ['sandbox', 'CONTAINER_STARTED_EVENT', []],
    ['container', 'CONTAINER_CREATED_EVENT', ['CONTAINER_CREATED']],
    ['container', 'CONTAINER_STARTED_EVENT', ['CONTAINER_RUNNING']],
    ['container', 'CONTAINER_STOPPED_EVENT', ['CONTAINER_EXITED']],
    ['sandbox', 'CONTAINER_STOPPED_EVENT', ['CONTAINER_EXITED']],
    ['sandbox', 'CONTAINER_DELETED_EVENT', []],
  ])
})

test('is measured as using nothing', async () => {
  const { podSandboxId, containerId } = await start({})
  expect((await runtime.containerStats({ containerId })).stats?.memory?.workingSetBytes).toEqual({ value: 0 })
  expect((await runtime.podSandboxStats({ podSandboxId })).stats?.linux?.containers).toHaveLength(1)
  expect((await runtime.listContainerStats({ filter: { podSandboxId } })).stats).toHaveLength(1)
})
