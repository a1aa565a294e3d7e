// Exec, attach and port-forward through the streaming server of a real containerd: what kubectl's streams end in.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ContainerRuntime } from '../../src/kubelet/runtime/container-runtime.ts'
import type { ContainerConfig } from '../../src/kubelet/runtime/cri/container.ts'
import { CriStreamingRuntime } from '../../src/kubelet/streaming/cri-streaming-runtime.ts'
import { duplexPair } from '../../src/kubelet/streaming/duplex-pair.ts'
import type { RemoteCommandStreams } from '../../src/kubelet/streaming/remote-command.ts'
import type { TerminalSize } from '../../src/kubelet/streaming/terminal-size.ts'

import { Containerd } from './environment/containerd.ts'
import { busyboxImage } from './environment/images.ts'
import { eventually } from './environment/process.ts'
import { testEnv } from './environment/test-env.ts'

let containerd: Containerd
let runtime: ContainerRuntime
let streaming: CriStreamingRuntime
let podSandboxId = ''
let server = ''

beforeAll(async () => {
  containerd = await Containerd.start()
  runtime = await containerd.connect()
  streaming = new CriStreamingRuntime(runtime, testEnv.clock)
  const logDirectory = join(containerd.directory, 'logs')
  await mkdir(logDirectory)
  const sandboxConfig = {
    metadata: { name: 'web', namespace: 'default', uid: '0d8b1a34-63a5-4b7b-b7a5-0d3c1a0a9d5e', attempt: 0 },
    logDirectory,
    linux: { securityContext: { namespaceOptions: { pid: 'CONTAINER' as const } } },
  }
  ;({ podSandboxId } = await runtime.runPodSandbox({ config: sandboxConfig }))
  start = async (name, config) => {
    const { containerId } = await runtime.createContainer({
      podSandboxId,
      sandboxConfig,
      config: { metadata: { name }, image: { image: busyboxImage }, logPath: `${name}.log`, ...config },
    })
    await runtime.startContainer({ containerId })
    return containerId
  }
  server = await start('server', { command: ['httpd', '-f', '-p', '8080', '-h', '/etc'] })
})

let start: (name: string, config: ContainerConfig) => Promise<string>

afterAll(async () => {
  runtime?.close()
  await containerd?.stop()
})

/** Streams of a client that says what it is given, and what it gets. */
function client(
  options: { stdin?: string | PassThrough; tty?: boolean; size?: TerminalSize; signal?: AbortSignal } = {},
) {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const { stdin, tty = false } = options
  const resizers: ((size: TerminalSize) => void)[] = []
  const streams: RemoteCommandStreams = {
    ...(stdin === undefined ? {} : { stdin: typeof stdin === 'string' ? new PassThrough().end(stdin) : stdin }),
    stdout,
    ...(tty ? {} : { stderr }),
    tty,
    signal: options.signal ?? new AbortController().signal,
    resize(listener) {
      resizers.push(listener)
      if (options.size) listener(options.size)
    },
    exit: async () => {},
  }
  return { streams, stdout, stderr, resize: (size: TerminalSize) => resizers.forEach(listener => void listener(size)) }
}

async function exec(command: string[], options: Parameters<typeof client>[0] = {}) {
  const { streams, stdout, stderr } = client(options)
  const outputs = Promise.all([text(stdout), text(stderr)])
  let exitCode: number
  try {
    exitCode = await streaming.exec(server, command, streams)
  } finally {
    stdout.end()
    stderr.end()
  }
  const [out, err] = await outputs
  return { exitCode, stdout: out, stderr: err }
}

describe('exec', () => {
  test('gives both outputs and the exit code', async () => {
    expect(await exec(['sh', '-c', 'echo out; echo err >&2; exit 3'])).toEqual({
      exitCode: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    })
  })

  test('passes the input on, to its end', async () => {
    expect(await exec(['cat'], { stdin: 'given\n' })).toEqual({ exitCode: 0, stdout: 'given\n', stderr: '' })
  })

  test('passes megabytes in both directions, whole', async () => {
    const much = 'all of it '.repeat(500_000)
    const { stdout } = await exec(['cat'], { stdin: much })
    expect(stdout.length).toBe(much.length)
    expect(stdout === much).toBe(true)
  })

  test('ends though the command does not read its input', async () => {
    expect(await exec(['true'], { stdin: new PassThrough() })).toMatchObject({ exitCode: 0 })
  })

  test('says why a command cannot be run', async () => {
    await expect(exec(['no-such-program'])).rejects.toThrow(/"no-such-program": executable file not found in \$PATH/)
  })

  test('with a terminal has its size, and follows it', async () => {
    const { streams, stdout, resize } = client({
      tty: true,
      size: { width: 120, height: 40 },
      stdin: new PassThrough(),
    })
    let shown = ''
    stdout.on('data', chunk => {
      shown += chunk
    })
    const script = `
      until [ "$(stty size 2>/dev/null)" = "40 120" ]; do sleep 0.1; done
      trap "stty size; exit" WINCH
      echo at 40 120
      while :; do sleep 0.1; done`
    const running = streaming.exec(server, ['sh', '-c', script], streams)
    await eventually(() => expect(shown).toContain('at 40 120'))
    resize({ width: 90, height: 30 })
    expect(await running).toBe(0)
    expect(shown).toContain('30 90\r\n')
  })

  test('ends when the client goes away', async () => {
    const abort = new AbortController()
    const { streams } = client({ signal: abort.signal })
    const running = streaming.exec(server, ['sleep', '600'], streams)
    const ended = expect(running).rejects.toThrow()
    await eventually(async () => {
      const { stdout } = await runtime.execSync({ containerId: server, cmd: ['ps'] })
      expect(Buffer.from(stdout).toString()).toContain('sleep 600')
    })
    abort.abort()
    await ended
  })
})

test('attach shows what the container writes and gives it input, until it ends', async () => {
  const script = 'echo started; while read line; do echo "got $line"; [ "$line" = end ] && exit 0; done'
  const containerId = await start('reader', { command: ['sh', '-c', script], stdin: true, stdinOnce: true })
  const stdin = new PassThrough()
  const { streams, stdout } = client({ stdin })
  let shown = ''
  stdout.on('data', chunk => {
    shown += chunk
  })
  const attached = streaming.attach(containerId, streams)
  stdin.write('one\n')
  await eventually(() => expect(shown).toContain('got one'))
  stdin.write('end\n')
  expect(await attached).toBe(0)
  expect(shown).toContain('got end')
})

describe('port-forward', () => {
  test('reaches what listens in the pod', async () => {
    const [ours, theirs] = duplexPair()
    const forwarded = streaming.portForward(podSandboxId, 8080, theirs)
    ours.end('GET /passwd HTTP/1.0\r\n\r\n')
    expect(await text(ours)).toMatch(/^HTTP\/1\.[01] 200 OK[\s\S]*root:x:0:0/)
    await forwarded
  })

  test('says so when nothing listens', async () => {
    const [ours, theirs] = duplexPair()
    ours.resume().on('error', () => {})
    await expect(streaming.portForward(podSandboxId, 81, theirs)).rejects.toThrow(/connection refused/)
  })
})
