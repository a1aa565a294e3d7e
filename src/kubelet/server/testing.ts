// For tests: a kubelet server whose containers are child processes of this one, and clients for it without sockets.

import { spawn } from 'node:child_process'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { WebSocket } from 'ws'
import type { Pod } from '../../api/core/v1/pod.ts'
import { type VirtualEnv, virtualEnv } from '../../machinery/env/virtual-env.ts'
import { duplexPair } from '../streaming/duplex-pair.ts'
import type { RemoteCommandStreams } from '../streaming/remote-command.ts'
import type { StreamingRuntime } from '../streaming/streaming-runtime.ts'
import type { ContainerLogSource } from './container-log-source.ts'
import { KubeletServer, type KubeletServerOptions } from './kubelet-server.ts'

/** Runs commands on this machine, forwards to its ports, and echoes what is attached to. */
export class ChildProcessRuntime implements StreamingRuntime {
  /** How many commands are running. */
  running = 0

  async exec(_containerId: string, command: readonly string[], streams: RemoteCommandStreams): Promise<number> {
    const child = spawn(command[0]!, command.slice(1), { signal: streams.signal })
    this.running++
    // There is no terminal here: sizes are shown as output.
    streams.resize(({ width, height }) => streams.stdout?.write(`size ${width}x${height}\n`))
    const code = new Promise<number>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', exitCode => resolve(exitCode ?? 137))
    }).finally(() => this.running--)
    code.catch(() => {})
    const { stdin, stdout, stderr } = streams
    if (stdin) pipeline(stdin, child.stdin).catch(() => {})
    else child.stdin.end()
    const outputs = [
      stdout ? pipeline(child.stdout, stdout, { end: false }) : child.stdout.resume(),
      stderr ? pipeline(child.stderr, stderr, { end: false }) : child.stderr.resume(),
    ]
    await Promise.all(outputs.map(output => Promise.resolve(output).catch(() => {})))
    return code
  }

  async attach(_containerId: string, { stdin, stdout }: RemoteCommandStreams): Promise<number> {
    if (stdin && stdout) await pipeline(stdin, stdout, { end: false })
    return 0
  }

  async portForward(_podSandboxId: string, port: number, stream: Duplex): Promise<void> {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
    await Promise.all([pipeline(socket, stream), pipeline(stream, socket)])
  }
}

export interface TestPod {
  readonly pod: Pod
  readonly logs?: Readonly<Record<string, ContainerLogSource>>
}

export const testPod = {
  metadata: { name: 'web', namespace: 'default', uid: '1234' },
  spec: { containers: [{ name: 'main' }] },
  status: {
    containerStatuses: [{ name: 'main', containerID: 'test://main-1', state: { running: {} }, lastState: {} }],
  },
} as unknown as Pod

export class TestKubelet {
  readonly env: VirtualEnv
  readonly runtime = new ChildProcessRuntime()
  readonly pods: Pod[]
  readonly logs = new Map<string, ContainerLogSource>()
  readonly ended = new Set<string>()
  readonly server: KubeletServer

  constructor(options: Partial<KubeletServerOptions> & { pods?: never; podList?: Pod[] } = {}) {
    const { podList = [testPod], pods: _none, ...rest } = options
    this.pods = podList
    this.env = virtualEnv({ settle: () => new Promise(resolve => setImmediate(resolve)) })
    const find = (namespace: string, name: string) =>
      this.pods.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
    this.server = new KubeletServer({
      env: this.env,
      nodeName: 'node-1',
      runtime: this.runtime,
      auth: { authorize: user => user.groups.includes('system:masters') },
      pods: {
        pods: () => this.pods,
        runningPods: () => this.pods,
        podByName: find,
        containerId: (namespace, name, container) =>
          find(namespace, name)?.spec?.containers?.some(({ name }) => name === container) ? container : undefined,
        sandboxId: (namespace, name) => (find(namespace, name) ? 'sandbox' : undefined),
        containerLog: id => this.logs.get(id),
        containerRunning: id => !this.ended.has(id),
      },
      ...rest,
    })
  }

  /** A connection as the API server. */
  connect(user = { name: 'kube-apiserver-kubelet-client', groups: ['system:masters'] }): Duplex {
    const [near, far] = duplexPair()
    this.server.serveConnection(far, user)
    return near
  }

  async request(
    path: string,
    options: { method?: string; headers?: Record<string, string>; connection?: Duplex } = {},
  ): Promise<{ status: number; headers: IncomingMessage['headers']; body: string }> {
    const response = await this.open(path, options)
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() }
  }

  open(
    path: string,
    options: { method?: string; headers?: Record<string, string>; connection?: Duplex } = {},
  ): Promise<IncomingMessage> {
    const { connection = this.connect(), ...rest } = options
    return new Promise((resolve, reject) => {
      httpRequest({ path, createConnection: () => connection as never, ...rest }, resolve)
        .on('error', reject)
        .end()
    })
  }

  /** An upgraded connection, or the refusal. */
  upgrade(
    path: string,
    headers: Record<string, string>,
    method = 'POST',
  ): Promise<{ status: number; headers: IncomingMessage['headers']; socket?: Duplex; head?: Buffer; body?: string }> {
    return new Promise((resolve, reject) => {
      const connection = this.connect()
      const request = httpRequest({
        path,
        method,
        createConnection: () => connection as never,
        headers: { connection: 'Upgrade', ...headers },
      })
      request.on('upgrade', (response, socket, head) => {
        resolve({ status: response.statusCode!, headers: response.headers, socket, head })
      })
      request.on('response', async response => {
        let body = ''
        for await (const chunk of response) body += chunk
        resolve({ status: response.statusCode!, headers: response.headers, body })
      })
      request.on('error', reject)
      request.end()
    })
  }

  webSocket(path: string, protocols: string[]): WebSocket {
    return new WebSocket(`ws://kubelet${path}`, protocols, { createConnection: () => this.connect() as never })
  }
}
