// The kubelet on a real containerd: pods become processes, with their files, variables and limits, and end as they should.

import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Pod } from '../../src/api/core/v1/pod.ts'
import { createClient } from '../../src/client/rest-client.ts'
import { Kubelet } from '../../src/kubelet/kubelet.ts'
import type { ContainerRuntime } from '../../src/kubelet/runtime/container-runtime.ts'
import { KubeletApi, testPod } from '../../src/kubelet/testing/node-bench.ts'
import { Containerd } from './environment/containerd.ts'
import { busyboxImage } from './environment/images.ts'
import { eventually } from './environment/process.ts'
import { testEnv } from './environment/test-env.ts'

let containerd: Containerd
let runtime: ContainerRuntime
let kubelet: Kubelet
const api = new KubeletApi(() => testEnv.clock.now())

const newKubelet = () =>
  new Kubelet({
    nodeName: 'node-1',
    runtime,
    client: createClient(api),
    env: testEnv,
    simulated: false,
    rootDir: join(containerd.directory, 'kubelet'),
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    clusterDNS: ['10.96.0.10'],
  })

beforeAll(async () => {
  containerd = await Containerd.start()
  runtime = await containerd.connect()
  await mkdir(join(containerd.directory, 'kubelet'))
  kubelet = newKubelet()
  await kubelet.start()
  api.put('/api/v1/namespaces/default/secrets/keys', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'keys', namespace: 'default' },
    data: { password: Buffer.from('s3cret').toString('base64') },
  })
})

afterAll(async () => {
  for (const name of ['files', 'crash', 'limits', 'staged', 'hooked'])
    api.remove(`/api/v1/namespaces/default/pods/${name}`)
  if (runtime)
    await eventually(async () => {
      expect((await runtime.listPodSandbox({})).items).toEqual([])
    }, 60_000)
  await kubelet?.stop()
  runtime?.close()
  await containerd?.stop()
})

const path = (name: string) => `/api/v1/namespaces/default/pods/${name}`
const create = (pod: Pod) => api.put(path(pod.metadata.name!), pod as any)
const pod = (name: string) =>
  api.contents('/api/v1/namespaces/default/pods').find(({ metadata }) => metadata.name === name) as Pod | undefined
const running = (name: string) =>
  eventually(() => {
    expect(pod(name)?.status).toMatchObject({ phase: 'Running' })
    expect(pod(name)!.status.containerStatuses!.every(({ ready }) => ready)).toBe(true)
    return pod(name)!
  })

async function exec(name: string, ...cmd: string[]): Promise<string> {
  const containerId = pod(name)!.status.containerStatuses![0]!.containerID!.replace(/^.*:\/\//, '')
  const { stdout, stderr, exitCode } = await runtime.execSync({ containerId, cmd, timeout: 10 })
  expect({ exitCode, stderr: Buffer.from(stderr).toString() }).toEqual({ exitCode: 0, stderr: '' })
  return Buffer.from(stdout).toString()
}

const sleeper = ['sh', '-c', 'trap "exit 0" TERM; while true; do sleep 0.1; done']

describe('a pod with files and variables', () => {
  beforeAll(async () => {
    api.put('/api/v1/namespaces/default/configmaps/settings', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace: 'default' },
      data: { 'app.conf': 'color = blue\n', level: 'debug' },
    })
    create(
      testPod(
        'files',
        {
          serviceAccountName: 'default',
          containers: [
            {
              image: busyboxImage,
              command: sleeper,
              env: [
                { name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'level' } } },
                { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'keys', key: 'password' } } },
                { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
                { name: 'BOTH', value: '$(POD)/$(LEVEL)' },
              ],
              volumeMounts: [
                { name: 'config', mountPath: '/etc/app' },
                { name: 'one', mountPath: '/etc/one.conf', subPath: 'app.conf' },
                { name: 'secret', mountPath: '/etc/keys', readOnly: true },
                { name: 'scratch', mountPath: '/scratch' },
                { name: 'memory', mountPath: '/memory' },
                { name: 'about', mountPath: '/about' },
              ],
            },
          ],
          volumes: [
            { name: 'config', configMap: { name: 'settings' } },
            { name: 'one', configMap: { name: 'settings' } },
            { name: 'secret', secret: { secretName: 'keys', defaultMode: 0o400 } },
            { name: 'scratch', emptyDir: {} },
            { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
            {
              name: 'about',
              projected: {
                defaultMode: 0o644,
                sources: [
                  { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
                  { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
                ],
              },
            },
          ],
        },
        { labels: { app: 'web', tier: 'front' } },
      ),
    )
    await running('files')
  })

  test('sees them', async () => {
    expect(await exec('files', 'cat', '/etc/app/app.conf')).toBe('color = blue\n')
    expect(await exec('files', 'cat', '/etc/one.conf')).toBe('color = blue\n')
    expect(await exec('files', 'cat', '/etc/keys/password')).toBe('s3cret')
    expect(await exec('files', 'sh', '-c', 'stat -L -c %a /etc/keys/password')).toBe('400\n')
    expect(await exec('files', 'cat', '/about/labels')).toBe('app="web"\ntier="front"')
    expect(await exec('files', 'cat', '/about/token')).toMatch(/^token-/)
    expect(await exec('files', 'sh', '-c', 'echo "$LEVEL $PASSWORD $POD $BOTH"')).toBe(
      'debug s3cret files files/debug\n',
    )
    expect(await exec('files', 'sh', '-c', 'echo $IP')).toBe(`${pod('files')!.status.podIP}\n`)
    expect(await exec('files', 'sh', '-c', 'echo hello > /scratch/x; cat /scratch/x')).toBe('hello\n')
    expect(await exec('files', 'sh', '-c', 'grep " /memory " /proc/mounts')).toMatch(/^tmpfs \/memory tmpfs/)
  })

  test('has a name, hosts and a resolver', async () => {
    const ip = pod('files')!.status.podIP
    expect(await exec('files', 'hostname')).toBe('files\n')
    expect(await exec('files', 'cat', '/etc/hosts')).toContain(`${ip}\tfiles\n`)
    expect(await exec('files', 'cat', '/etc/resolv.conf')).toMatch(
      /search default.svc.cluster.local svc.cluster.local cluster.local[^\n]*\nnameserver 10.96.0.10\noptions ndots:5\n/,
    )
  })

  test('sees a ConfigMap change', async () => {
    const settings = api.contents('/api/v1/namespaces/default/configmaps')[0]!
    api.put('/api/v1/namespaces/default/configmaps/settings', { ...settings, data: { 'app.conf': 'color = red\n' } })
    create({ ...pod('files')!, metadata: { ...pod('files')!.metadata, annotations: { touched: 'yes' } } })
    await eventually(async () => {
      expect(await exec('files', 'cat', '/etc/app/app.conf')).toBe('color = red\n')
    })
    expect(await exec('files', 'ls', '/etc/app')).toBe('app.conf\n')
  })

  test('goes on when the kubelet starts again', async () => {
    const before = await exec('files', 'cat', '/scratch/x')
    const { containerID } = pod('files')!.status.containerStatuses![0]!
    await kubelet.stop()
    kubelet = newKubelet()
    await kubelet.start()
    await running('files')
    expect(pod('files')!.status.containerStatuses![0]).toMatchObject({ containerID, restartCount: 0 })
    expect(await exec('files', 'cat', '/scratch/x')).toBe(before)
  })

  test('ends by SIGTERM when it is deleted, and leaves nothing', async () => {
    const { uid } = pod('files')!.metadata
    const deletionTimestamp = new Date(testEnv.clock.now() + 30_000).toISOString()
    const before = testEnv.clock.now()
    create({
      ...pod('files')!,
      metadata: { ...pod('files')!.metadata, deletionTimestamp, deletionGracePeriodSeconds: 30 },
    })
    await eventually(() => expect(pod('files')).toBeUndefined())
    expect(testEnv.clock.now() - before).toBeLessThan(10_000)
    await eventually(async () => {
      expect(
        (await runtime.listPodSandbox({ filter: { labelSelector: { 'io.kubernetes.pod.uid': uid! } } })).items,
      ).toEqual([])
    })
    const mounts = await readFile('/proc/mounts', 'utf8')
    expect(mounts).not.toContain(uid)
  })
})

test('a container that fails is started again, and says why it failed', async () => {
  create(
    testPod('crash', {
      containers: [
        { image: busyboxImage, command: ['sh', '-c', 'echo the reason > /dev/termination-log; sleep 1; exit 7'] },
      ],
    }),
  )
  await eventually(() => {
    expect(pod('crash')?.status.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 7, reason: 'Error', message: 'the reason\n' } },
    })
  })
})

test('init containers run first, in order', async () => {
  const step = (name: string) => ({
    name,
    image: busyboxImage,
    command: ['sh', '-c', `echo ${name} >> /work/steps`],
    volumeMounts: [{ name: 'work', mountPath: '/work' }],
  })
  create(
    testPod('staged', {
      initContainers: [step('one'), step('two')],
      containers: [{ image: busyboxImage, command: sleeper, volumeMounts: [{ name: 'work', mountPath: '/work' }] }],
      volumes: [{ name: 'work', emptyDir: {} }],
    }),
  )
  await running('staged')
  expect(await exec('staged', 'cat', '/work/steps')).toBe('one\ntwo\n')
})

test('limits and rights reach the kernel', async () => {
  create(
    testPod('limits', {
      securityContext: { fsGroup: 3000 },
      volumes: [
        { name: 'secret', secret: { secretName: 'keys', defaultMode: 0o400 } },
        { name: 'scratch', emptyDir: {} },
      ],
      containers: [
        {
          image: busyboxImage,
          command: sleeper,
          resources: { limits: { memory: '64Mi', cpu: '500m' }, requests: { cpu: '250m' } },
          volumeMounts: [
            { name: 'secret', mountPath: '/keys' },
            { name: 'scratch', mountPath: '/scratch' },
          ],
          securityContext: {
            runAsUser: 1000,
            runAsGroup: 2000,
            readOnlyRootFilesystem: true,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    }),
  )
  await running('limits')
  expect(await exec('limits', 'id', '-u')).toBe('1000\n')
  expect(await exec('limits', 'id', '-g')).toBe('2000\n')
  expect(await exec('limits', 'cat', '/keys/password')).toBe('s3cret')
  expect(await exec('limits', 'sh', '-c', 'touch /scratch/x; stat -c %g /scratch/x')).toBe('3000\n')
  const status = await exec('limits', 'cat', '/proc/self/status')
  expect(status).toMatch(/CapEff:\t0000000000000000/)
  expect(status).toMatch(/NoNewPrivs:\t1/)
  expect(await exec('limits', 'sh', '-c', 'touch /x 2>/dev/null || echo refused')).toBe('refused\n')
  const cgroup = await exec(
    'limits',
    'sh',
    '-c',
    'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max',
  )
  expect(cgroup).toBe('67108864\n')
  const resized = structuredClone(pod('limits')!)
  resized.spec.containers[0]!.resources = { limits: { memory: '96Mi', cpu: '500m' }, requests: { cpu: '250m' } }
  create({ ...resized, metadata: { ...resized.metadata, generation: 2 } })
  await eventually(async () => {
    const now = await exec(
      'limits',
      'sh',
      '-c',
      'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max',
    )
    expect(now).toBe('100663296\n')
  })
  expect(pod('limits')!.status.containerStatuses![0]!.restartCount).toBe(0)
})

test('probes ask the container; a failing liveness probe restarts it', async () => {
  create(
    testPod('hooked', {
      terminationGracePeriodSeconds: 2,
      containers: [
        {
          image: busyboxImage,
          command: ['sh', '-c', 'touch /tmp/ok; trap "exit 0" TERM; while true; do sleep 0.1; done'],
          livenessProbe: { exec: { command: ['test', '-e', '/tmp/ok'] }, periodSeconds: 1, failureThreshold: 2 },
          readinessProbe: { exec: { command: ['test', '-e', '/tmp/ready'] }, periodSeconds: 1 },
        },
      ],
    }),
  )
  await eventually(() =>
    expect(pod('hooked')?.status.containerStatuses?.[0]).toMatchObject({ started: true, ready: false }),
  )
  await exec('hooked', 'touch', '/tmp/ready')
  await running('hooked')
  await exec('hooked', 'rm', '/tmp/ok')
  await eventually(() => expect(pod('hooked')!.status.containerStatuses![0]!.restartCount).toBe(1))
  const messages = api.contents('/api/v1/events').map(({ message }) => message)
  expect(messages).toContain('Container main failed liveness probe, will be restarted')
})
