// The gRPC client against a server that speaks the same messages and has the simulated runtime behind it. What a real
// containerd makes of them is for test/e2e.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server as SocketServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as grpc from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import { complete, type Message } from '../../machinery/proto/message.ts'
import { decodeMessage, encodeMessage } from '../../machinery/proto/wire.ts'
import type { ContainerRuntime } from './container-runtime.ts'
import * as containers from './cri/container-requests.ts'
import * as images from './cri/image.ts'
import * as pods from './cri/pod-sandbox.ts'
import * as runtimeMessages from './cri/version-and-status.ts'
import { criRuntime, probeRuntime } from './cri-runtime.ts'
import { SimulatedRuntime } from './simulated-runtime.ts'

const messages: Record<string, unknown> = { ...containers, ...images, ...pods, ...runtimeMessages }
const served = {
  RuntimeService: ['Version', 'RunPodSandbox', 'PodSandboxStatus', 'CreateContainer', 'StartContainer', 'ExecSync'],
  ImageService: ['PullImage', 'ImageStatus'],
}

const noDelays = { runPodSandbox: 0, createContainer: 0, startContainer: 0, stopContainer: 0, pullImage: 0 }
// gRPC keeps its deadlines by the machine's clock. Seen from the year 2248 none of them is ever due, from 1970 all are.
const patient = virtualEnv({ start: Date.UTC(2248, 0, 1) })
const hasty = virtualEnv({ start: 0 })

let directory: string
let server: grpc.Server
let simulated: SimulatedRuntime
let runtime: ContainerRuntime
let endpoint: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cri-'))
  simulated = new SimulatedRuntime(virtualEnv(), { delays: noDelays })
  server = new grpc.Server()
  for (const [service, names] of Object.entries(served)) {
    const methods = names.map(name => {
      const method = `${name.charAt(0).toLowerCase()}${name.slice(1)}` as 'version'
      const requestType = messages[`${name}Request`] as Message
      const responseType = messages[`${name}Response`] as Message
      const definition = {
        path: `/runtime.v1.${service}/${name}`,
        requestStream: false,
        responseStream: false,
        requestSerialize: (value: object) => Buffer.from(encodeMessage(requestType, value)),
        requestDeserialize: (bytes: Buffer) => decodeMessage(requestType, bytes),
        responseSerialize: (value: object) => Buffer.from(encodeMessage(responseType, value)),
        responseDeserialize: (bytes: Buffer) => decodeMessage(responseType, bytes),
      }
      const handle: grpc.handleUnaryCall<object, object> = (call, callback) => {
        simulated[method](call.request).then(
          value => callback(null, value),
          error => callback({ code: grpc.status.NOT_FOUND, details: error.description }),
        )
      }
      return [name, definition, handle] as const
    })
    server.addService(
      Object.fromEntries(methods.map(([name, definition]) => [name, definition])),
      Object.fromEntries(methods.map(([name, , handle]) => [name, handle])),
    )
  }
  const socket = join(directory, 'cri.sock')
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix://${socket}`, grpc.ServerCredentials.createInsecure(), error =>
      error ? reject(error) : resolve(),
    ),
  )
  endpoint = `unix://${socket}`
  runtime = await criRuntime(endpoint, patient)
})

afterAll(async () => {
  runtime.close()
  simulated.close()
  server.forceShutdown()
  await rm(directory, { recursive: true })
})

test('requests and answers go over the wire as they are', async () => {
  const config = { metadata: { name: 'web', namespace: 'default', uid: 'u', attempt: 2 }, annotations: { 'ä/ö': '✓' } }
  const { podSandboxId } = await runtime.runPodSandbox({ config })
  const answer = await runtime.podSandboxStatus({ podSandboxId })
  expect(answer).toEqual(await simulated.podSandboxStatus({ podSandboxId }))
  expect(answer.status).toMatchObject(config)

  const image = { image: 'busybox' }
  await runtime.pullImage({ image })
  expect(await runtime.imageStatus({ image })).toEqual(await simulated.imageStatus({ image }))
  const { containerId } = await runtime.createContainer({ podSandboxId, config: { image, command: ['sleep', '60'] } })
  await runtime.startContainer({ containerId })
  const cmd = ['sh', '-c', 'echo out; echo err >&2; exit 3']
  expect(await runtime.execSync({ containerId, cmd })).toEqual(
    complete(containers.ExecSyncResponse, { stdout: Buffer.from('out\n'), stderr: Buffer.from('err\n'), exitCode: 3 }),
  )
})

test('the probe says who answers', async () => {
  expect(await probeRuntime(endpoint, patient)).toEqual({ name: 'simulated', version: '1.0.0' })
})

describe('errors', () => {
  test('of the runtime come with its code and its words', async () => {
    await expect(runtime.podSandboxStatus({ podSandboxId: 'absent' })).rejects.toMatchObject({
      name: 'RuntimeError',
      code: 'NotFound',
      description: 'an error occurred when try to find sandbox "absent": not found',
      message: 'rpc error: code = NotFound desc = an error occurred when try to find sandbox "absent": not found',
    })
  })

  test('a call that the runtime does not have is Unimplemented', async () => {
    await expect(runtime.listPodSandbox({})).rejects.toMatchObject({ code: 'Unimplemented' })
  })

  test('a call that is aborted rejects with the reason', async () => {
    await expect(runtime.version({}, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
  })

  test('an endpoint that is none', async () => {
    expect(await probeRuntime('tcp://127.0.0.1:80', patient)).toMatchObject({
      description: '"tcp://127.0.0.1:80" is not a CRI endpoint: it must be of the form unix:///path/to/the.sock',
    })
  })

  test('no socket', async () => {
    const nowhere = `unix://${directory}/nobody.sock`
    const description = `cannot reach the CRI runtime at ${nowhere}: there is no such socket; is containerd running?`
    expect(await probeRuntime(nowhere, patient)).toMatchObject({ code: 'Unavailable', description })
    const absent = await criRuntime(nowhere, patient)
    await expect(absent.version({})).rejects.toMatchObject({ code: 'Unavailable', description })
    absent.close()
  })

  test('a file that is no socket', async () => {
    const file = join(directory, 'file')
    await writeFile(file, '')
    expect(await probeRuntime(`unix://${file}`, patient)).toMatchObject({
      description: `cannot reach the CRI runtime at unix://${file}: ${file} is not a socket; is containerd running?`,
    })
  })

  test('a server that says nothing: the deadline ends the call', async () => {
    const path = join(directory, 'silent.sock')
    const silent: SocketServer = createServer()
    await new Promise<void>(resolve => silent.listen(path, resolve))
    const client = await criRuntime(`unix://${path}`, hasty)
    await expect(client.version({}, { timeout: 200 })).rejects.toMatchObject({
      code: 'DeadlineExceeded',
      description: `the CRI runtime at unix://${path} did not answer version after 200 ms`,
    })
    client.close()
    silent.close()
  })
})
