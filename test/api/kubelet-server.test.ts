// The API server's and the kubelet's ends of logs and streams together: over TLS with the cluster's certificates, and
// within a process.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import {
  type BackendTarget,
  execLocation,
  inProcessDial,
  type KubeletConnection,
  kubeletConnection,
  networkDial,
  relayKubeletRequest,
  relayPodLog,
  tunnelKubeletUpgrade,
} from '../../src/apiserver/proxy/node-connection.ts'
import { loadOrCreatePki } from '../../src/cluster/pki/pki.ts'
import { systemEnv } from '../../src/cluster/system-env.ts'
import { TestKubelet, testPod } from '../../src/kubelet/server/testing.ts'

const env = systemEnv()
const pki = loadOrCreatePki({ env })
const foreign = loadOrCreatePki({ env })
const ca = pki.certificateAuthority.certificate
const { serving } = pki.node('node-1', ['127.0.0.1'])

const kubelet = new TestKubelet({
  tls: { cert: serving.certificate, key: serving.privateKey, clientCa: ca },
  auth: {
    authorize: user => user.groups.includes('system:masters'),
    authenticateToken: async token => (token === 'good' ? { name: 'token', groups: ['system:masters'] } : undefined),
  },
})
const memoryLog = (content: string) => ({
  memory: { read: (offset: number) => Buffer.from(content).subarray(offset), onWrite: () => () => {} },
})
let target: BackendTarget
beforeAll(async () => {
  kubelet.logs.set('main-1', memoryLog('2026-01-02T15:04:01Z stdout F hello\n'))
  const { port } = await kubelet.server.listen('127.0.0.1', 0)
  target = { scheme: 'https', host: '127.0.0.1', port, node: 'node-1' }
})
afterAll(() => kubelet.server.close())

const as = ({ certificate: cert, privateKey: key }: { certificate: string; privateKey: string }, trusted = ca) =>
  kubeletConnection(networkDial({ cert, key, ca: trusted }))
const overTls = as(pki.apiServerKubeletClient)
const inProcess = kubeletConnection(inProcessDial(({ node }) => (node === 'node-1' ? kubelet.connect() : undefined)))

const request = {
  method: 'GET' as const,
  path: '/x',
  query: new URLSearchParams(),
  headers: {},
  remoteAddress: '',
  direct: false,
}

async function get(connection: KubeletConnection, path: string, headers = {}): Promise<[number, string]> {
  const { status, body } = await connection.request(target, { method: 'GET', path, headers })
  let text = ''
  for await (const chunk of body) text += chunk
  return [status, text]
}

describe('who the kubelet lets in', () => {
  it('the API server', async () => {
    expect(await get(overTls, '/healthz')).toEqual([200, 'ok'])
  })

  it('nobody without a certificate, or with one of another authority', async () => {
    const stranger = kubeletConnection(networkDial(undefined))
    expect(await get(stranger, '/healthz')).toEqual([401, 'Unauthorized'])
    expect(await get(as(foreign.apiServerKubeletClient), '/healthz')).toEqual([401, 'Unauthorized'])
    expect(await get(stranger, '/healthz', { authorization: 'Bearer bad' })).toEqual([401, 'Unauthorized'])
  })

  it('who has a token that is known', async () => {
    const stranger = kubeletConnection(networkDial(undefined))
    expect(await get(stranger, '/healthz', { authorization: 'Bearer good' })).toEqual([200, 'ok'])
  })

  it('but only to what they may see', async () => {
    expect(await get(as(pki.scheduler), '/pods')).toEqual([
      403,
      'Forbidden (user=system:kube-scheduler, verb=get, resource=nodes, subresource(s)=[pods proxy])\n',
    ])
  })
})

it('the API server speaks with no other than the kubelet', async () => {
  const attempt = get(as(pki.apiServerKubeletClient, foreign.certificateAuthority.certificate), '/healthz')
  await expect(attempt).rejects.toThrow(
    'tls: failed to verify certificate: x509: certificate signed by unknown authority',
  )
})

describe.each([
  ['over TLS', overTls],
  ['within the process', inProcess],
])('%s', (_name, connection) => {
  it('a log comes', async () => {
    const path = '/containerLogs/default/web/main'
    const response = await relayPodLog(connection, target, path, 'web', env.clock)
    const log = await new Promise<string>(resolve => {
      let text = ''
      response.stream!({
        write(bytes) {
          text += Buffer.from(bytes)
          return true
        },
        pending: 0,
        end: () => resolve(text),
        onClose() {},
      })
    })
    expect(log).toBe('hello\n')
  })

  it('the reason comes why there is none', async () => {
    const path = '/containerLogs/default/web/main?previous=true'
    await expect(relayPodLog(connection, target, path, 'web', env.clock)).rejects.toMatchObject({
      code: 400,
      message: 'previous terminated container "main" in pod "web" not found',
    })
  })

  it("the kubelet's own API is proxied", async () => {
    const response = await relayKubeletRequest(connection, target, '/pods', request, undefined, env.clock)
    expect(response).toMatchObject({ status: 200, contentType: 'application/json' })
    response.stream!({ write: () => true, pending: 0, end() {}, onClose() {} })
  })

  it('a command runs, with input and output, and its exit code comes', async () => {
    const front = createServer()
    front.on('upgrade', (message, socket: Duplex, head) => {
      const pod = { ...testPod, spec: { ...testPod.spec, nodeName: 'node-1' } } as never
      const command = ['sh', '-c', 'cat; exit 4']
      const { path } = execLocation(pod, { stdin: true, stdout: true, command })
      const fields = { ...request, headers: message.headers, connection: { socket, head } }
      tunnelKubeletUpgrade(connection, target, path, fields).catch(() => socket.destroy())
    })
    await new Promise<void>(resolve => front.listen(0, '127.0.0.1', resolve))
    const socket = new WebSocket(`ws://127.0.0.1:${(front.address() as AddressInfo).port}/`, ['v5.channel.k8s.io'])
    const received: Record<number, string> = {}
    socket.on('message', (data: Buffer) => {
      received[data[0]!] = (received[data[0]!] ?? '') + data.toString('utf8', 1)
    })
    await once(socket, 'open')
    socket.send(Buffer.from('\0hello'))
    socket.send(Buffer.of(255, 0))
    await once(socket, 'close')
    expect(received[1]).toBe('hello')
    expect(JSON.parse(received[3]!)).toMatchObject({ details: { causes: [{ reason: 'ExitCode', message: '4' }] } })
    await new Promise(resolve => front.close(resolve))
  })
})

it('a node that is not in the process is not found there', async () => {
  const attempt = inProcess.request({ ...target, node: 'node-2' }, { method: 'GET', path: '/healthz' })
  await expect(attempt).rejects.toThrow(`dial tcp 127.0.0.1:${target.port}: no route to host`)
})
