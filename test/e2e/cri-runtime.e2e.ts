// Our CRI client against a real containerd: each call that the kubelet lives on, with what it does to the machine.

import { mkdir, readFile, rename } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ContainerRuntime } from '../../src/kubelet/runtime/container-runtime.ts'
import type { ContainerConfig } from '../../src/kubelet/runtime/cri/container.ts'
import type { PodSandboxConfig } from '../../src/kubelet/runtime/cri/pod-sandbox.ts'
import { criRuntime, probeRuntime } from '../../src/kubelet/runtime/cri-runtime.ts'
import { Containerd } from './environment/containerd.ts'
import { busyboxImage, pauseImage } from './environment/images.ts'
import { eventually } from './environment/process.ts'
import { testEnv } from './environment/test-env.ts'

let containerd: Containerd
let runtime: ContainerRuntime
let podSandboxId = ''
let sandboxConfig: PodSandboxConfig

beforeAll(async () => {
  containerd = await Containerd.start()
  runtime = await containerd.connect()
  const logDirectory = join(containerd.directory, 'logs')
  await mkdir(logDirectory)
  sandboxConfig = {
    metadata: { name: 'web', namespace: 'default', uid: 'b1946ac9-2b5a-4b0c-8f58-0e6e6a2f3c11', attempt: 0 },
    hostname: 'web',
    logDirectory,
    dnsConfig: { servers: ['10.96.0.10'], searches: ['default.svc.cluster.local'], options: ['ndots:5'] },
    labels: { 'io.kubernetes.pod.name': 'web' },
    annotations: { note: 'kept' },
    linux: { securityContext: { namespaceOptions: { pid: 'CONTAINER' } } },
  }
  ;({ podSandboxId } = await runtime.runPodSandbox({ config: sandboxConfig }))
})

afterAll(async () => {
  runtime?.close()
  await containerd?.stop()
})

/** Creates a container in the pod and starts it. */
async function start(name: string, config: ContainerConfig): Promise<string> {
  const { containerId } = await runtime.createContainer({
    podSandboxId,
    sandboxConfig,
    config: {
      metadata: { name, attempt: 0 },
      image: { image: busyboxImage },
      labels: { 'io.kubernetes.container.name': name },
      logPath: `${name}.log`,
      ...config,
    },
  })
  await runtime.startContainer({ containerId })
  return containerId
}

const status = async (containerId: string) => (await runtime.containerStatus({ containerId })).status!
const ended = (containerId: string) =>
  eventually(async () => {
    const now = await status(containerId)
    expect(now.state).toBe('CONTAINER_EXITED')
    return now
  })
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

describe('the runtime', () => {
  test('says who it is, to the probe too', async () => {
    expect(await runtime.version({})).toMatchObject({ runtimeName: 'containerd', runtimeApiVersion: 'v1' })
    expect(await probeRuntime(containerd.endpoint, testEnv)).toMatchObject({ name: 'containerd' })
  })

  test('is ready, and so is its network', async () => {
    const { status } = await runtime.status({})
    expect(status?.conditions.map(({ type, status }) => [type, status])).toEqual(
      expect.arrayContaining([
        ['RuntimeReady', true],
        ['NetworkReady', true],
      ]),
    )
  })
})

describe('images', () => {
  test('an image that is present is found under its name, with its size and user', async () => {
    const { image } = await runtime.imageStatus({ image: { image: busyboxImage } })
    expect(image).toMatchObject({ id: expect.stringMatching(/^sha256:/), repoTags: [busyboxImage] })
    expect(image!.size).toBeGreaterThan(1_000_000)
    const { images } = await runtime.listImages({})
    expect(images.flatMap(({ repoTags }) => repoTags)).toEqual(expect.arrayContaining([busyboxImage, pauseImage]))
  })

  test('an image that is not has no status', async () => {
    expect((await runtime.imageStatus({ image: { image: 'docker.io/library/absent:1' } })).image).toBeUndefined()
  })

  test('a pull that cannot reach its registry fails with what containerd says', async () => {
    await expect(runtime.pullImage({ image: { image: '127.0.0.1:1/absent:1' } })).rejects.toMatchObject({
      name: 'RuntimeError',
      message: expect.stringMatching(
        /^rpc error: code = \w+ desc = failed to pull and unpack image "127.0.0.1:1\/absent/,
      ),
    })
  })

  test('the image file system has a size', async () => {
    const { imageFilesystems } = await runtime.imageFsInfo({})
    expect(imageFilesystems[0]?.fsId?.mountpoint).toContain(containerd.directory)
  })
})

describe('a sandbox', () => {
  test('is ready, with an address of the pod network and what it was labelled with', async () => {
    const { status } = await runtime.podSandboxStatus({ podSandboxId })
    expect(status).toMatchObject({
      id: podSandboxId,
      state: 'SANDBOX_READY',
      metadata: sandboxConfig.metadata,
      labels: sandboxConfig.labels,
      annotations: sandboxConfig.annotations,
    })
    expect(status?.network?.ip).toMatch(/^10\.244\.0\.\d+$/)
    // Nanoseconds, of this hour.
    expect(Math.abs(status!.createdAt / 1e6 - Date.now())).toBeLessThan(3_600_000)
  })

  test('is listed by state and label', async () => {
    const filter = { state: { state: 'SANDBOX_READY' as const }, labelSelector: { 'io.kubernetes.pod.name': 'web' } }
    expect((await runtime.listPodSandbox({ filter })).items.map(({ id }) => id)).toEqual([podSandboxId])
    const other = { labelSelector: { 'io.kubernetes.pod.name': 'other' } }
    expect((await runtime.listPodSandbox({ filter: other })).items).toEqual([])
  })
})

describe('a container', () => {
  test('that runs to its end leaves its exit code and its log', async () => {
    const containerId = await start('job', {
      command: ['sh', '-c', 'echo "hello from $WHO"; echo trouble >&2; exit 7'],
      envs: [{ key: 'WHO', value: Buffer.from('k8ts') }],
    })
    const after = await ended(containerId)
    expect(after).toMatchObject({ exitCode: 7, reason: 'Error', metadata: { name: 'job', attempt: 0 } })
    // Not startedAt: containerd writes that down after the fact, for so short a life even after the end.
    expect(after.finishedAt).toBeGreaterThan(after.createdAt)
    const log = (await readFile(after.logPath, 'utf8')).trimEnd().split('\n')
    expect(log).toHaveLength(2)
    expect(log).toContainEqual(expect.stringMatching(/^\d{4}-\d\d-\d\dT\S+Z stdout F hello from k8ts$/))
    expect(log).toContainEqual(expect.stringMatching(/^\d{4}-\d\d-\d\dT\S+Z stderr F trouble$/))
  })

  describe('that keeps running', () => {
    let containerId = ''

    beforeAll(async () => {
      containerId = await start('server', {
        command: ['sh', '-c', "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 1 & wait $!; done"],
        mounts: [{ containerPath: '/mounted', hostPath: containerd.directory, readonly: true }],
        linux: { resources: { memoryLimitInBytes: 64 * 1024 * 1024, cpuShares: 102 } },
      })
      await eventually(async () => expect(await readFile((await status(containerId)).logPath, 'utf8')).toContain('up'))
    })

    test('is running, and listed so', async () => {
      expect(await status(containerId)).toMatchObject({ state: 'CONTAINER_RUNNING', finishedAt: 0 })
      const filter = { podSandboxId, state: { state: 'CONTAINER_RUNNING' as const } }
      expect((await runtime.listContainers({ filter })).containers.map(({ id }) => id)).toContain(containerId)
    })

    test('runs commands: what they say, and how they end', async () => {
      const cmd = ['sh', '-c', 'hostname; cat /etc/resolv.conf; echo oops >&2; exit 3']
      const { stdout, stderr, exitCode } = await runtime.execSync({ containerId, cmd, timeout: 10 })
      expect(text(stdout)).toBe('web\nsearch default.svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n')
      expect(text(stderr)).toBe('oops\n')
      expect(exitCode).toBe(3)
    })

    test('ends a command that takes too long', async () => {
      await expect(runtime.execSync({ containerId, cmd: ['sleep', '60'], timeout: 1 })).rejects.toMatchObject({
        code: 'DeadlineExceeded',
      })
    })

    test('has its mounts', async () => {
      const { stdout } = await runtime.execSync({ containerId, cmd: ['ls', '/mounted'] })
      expect(text(stdout)).toContain('config.toml')
      const write = await runtime.execSync({ containerId, cmd: ['touch', '/mounted/x'] })
      expect(text(write.stderr)).toContain('Read-only file system')
    })

    test('is measured', async () => {
      const { stats } = await runtime.containerStats({ containerId })
      expect(stats?.attributes?.metadata).toEqual({ name: 'server', attempt: 0 })
      expect(stats!.memory!.workingSetBytes!.value).toBeGreaterThan(0)
      expect((await runtime.listContainerStats({ filter: { podSandboxId } })).stats).not.toEqual([])
    })

    test('takes new limits', async () => {
      await runtime.updateContainerResources({ containerId, linux: { memoryLimitInBytes: 128 * 1024 * 1024 } })
      const limit = 'cat /sys/fs/cgroup/memory.max || cat /sys/fs/cgroup/memory/memory.limit_in_bytes'
      const { stdout } = await runtime.execSync({ containerId, cmd: ['sh', '-c', limit] })
      expect(text(stdout)).toBe(`${128 * 1024 * 1024}\n`)
    })

    test('gives URLs of the streaming server for exec, attach and port-forward', async () => {
      const urls = [
        await runtime.exec({ containerId, cmd: ['sh'], stdin: true, stdout: true, tty: true }),
        await runtime.attach({ containerId, stdout: true }),
        await runtime.portForward({ podSandboxId, port: [80] }),
      ].map(({ url }) => url)
      expect(urls).toEqual([
        expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/exec\/\S+$/),
        expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/attach\/\S+$/),
        expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/portforward\/\S+$/),
      ])
    })

    test('writes to a new log file after its log was moved away', async () => {
      const { logPath } = await status(containerId)
      await rename(logPath, `${logPath}.1`)
      await runtime.reopenContainerLog({ containerId })
      expect(await readFile(`${logPath}.1`, 'utf8')).toContain('stdout F up')
      expect(await readFile(logPath, 'utf8')).toBe('')
    })

    test('goes on while containerd restarts, and the same client finds it again', async () => {
      const before = await status(containerId)
      await containerd.restart()
      expect(await eventually(() => status(containerId))).toEqual(before)
      expect((await runtime.execSync({ containerId, cmd: ['true'] })).exitCode).toBe(0)
    })

    test('is asked to stop before it is killed', async () => {
      await runtime.stopContainer({ containerId, timeout: 10 })
      const after = await status(containerId)
      expect(after).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 0, reason: 'Completed' })
      expect(await readFile(after.logPath, 'utf8')).toContain('stdout F bye')
    })

    test('is gone once it is removed; removing it again is no error', async () => {
      await runtime.removeContainer({ containerId })
      await expect(runtime.containerStatus({ containerId })).rejects.toMatchObject({
        code: 'NotFound',
        message: expect.stringMatching(/^rpc error: code = NotFound desc = /),
      })
      await expect(runtime.removeContainer({ containerId })).resolves.toEqual({})
    })
  })

  test('that ignores the signal is killed when its time is over', async () => {
    const containerId = await start('stubborn', { command: ['sh', '-c', "trap '' TERM; while :; do sleep 1; done"] })
    await runtime.stopContainer({ containerId, timeout: 1 })
    expect(await status(containerId)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 137 })
  })

  test('whose command is not there does not start, and says why', async () => {
    await expect(start('typo', { command: ['no-such-program'] })).rejects.toMatchObject({
      message: expect.stringMatching(/"no-such-program": executable file not found in \$PATH/),
    })
  })

  test('answers on the network', async () => {
    await start('http', { command: ['httpd', '-f', '-p', '8080', '-h', '/etc'] })
    const { status } = await runtime.podSandboxStatus({ podSandboxId })
    const body = await eventually(
      () =>
        new Promise<string>((resolve, reject) => {
          get(`http://${status!.network!.ip}:8080/passwd`, response => {
            response.setEncoding('utf8')
            let all = ''
            response.on('data', part => {
              all += part
            })
            response.on('end', () => resolve(all))
          }).on('error', reject)
        }),
    )
    expect(body).toContain('root:x:0:0')
  })
})

describe('errors', () => {
  test('nobody at the socket', async () => {
    const endpoint = `unix://${containerd.directory}/nobody.sock`
    const absent = await criRuntime(endpoint, testEnv)
    expect(await probeRuntime(endpoint, testEnv)).toMatchObject({ code: 'Unavailable' })
    await expect(absent.version({})).rejects.toMatchObject({
      code: 'Unavailable',
      description: `cannot reach the CRI runtime at ${endpoint}: there is no such socket; is containerd running?`,
    })
    absent.close()
  })

  test('an aborted call rejects with the reason', async () => {
    const reason = new Error('no longer wanted')
    const abort = new AbortController()
    const call = runtime.pullImage({ image: { image: '192.0.2.1/slow:1' } }, { signal: abort.signal })
    abort.abort(reason)
    await expect(call).rejects.toBe(reason)
  })
})

test('a sandbox that is stopped and removed is gone, with its containers', async () => {
  await runtime.stopPodSandbox({ podSandboxId })
  const { status } = await runtime.podSandboxStatus({ podSandboxId })
  expect(status).toMatchObject({ state: 'SANDBOX_NOTREADY' })
  await runtime.removePodSandbox({ podSandboxId })
  expect((await runtime.listPodSandbox({})).items).toEqual([])
  expect((await runtime.listContainers({})).containers).toEqual([])
  await expect(runtime.podSandboxStatus({ podSandboxId })).rejects.toMatchObject({ code: 'NotFound' })
})
