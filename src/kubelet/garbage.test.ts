import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { virtualEnv } from '../machinery/env/virtual-env.ts'
import { Garbage } from './garbage.ts'
import type { ContainerRuntime } from './runtime/container-runtime.ts'
import { DiskVolumeHost } from './volumes/disk-volume-host.ts'

let root: string
let done: string[]
let known: Set<string>
let containers: any[]
let sandboxes: any[]
let garbage: Garbage

const labels = (uid: string, name = '', owner = 'me') => ({
  'io.kubernetes.pod.uid': uid,
  'io.kubernetes.pod.name': uid,
  'io.kubernetes.pod.namespace': 'default',
  'io.kubernetes.container.name': name,
  'k8ts.dev/kubelet': owner,
})
const container = (id: string, uid: string, state: string, createdAt: number, more: object = {}) => ({
  id,
  podSandboxId: `${uid}-box`,
  state: `CONTAINER_${state}`,
  createdAt,
  labels: labels(uid, 'main'),
  ...more,
})
const sandbox = (id: string, uid: string, ready: boolean, createdAt = 0, owner = 'me') => ({
  id,
  state: ready ? 'SANDBOX_READY' : 'SANDBOX_NOTREADY',
  createdAt,
  labels: labels(uid, '', owner),
})

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'garbage-'))
  done = []
  known = new Set(['live'])
  containers = []
  sandboxes = []
  const note = (what: string) => async (request: any) => void done.push(`${what} ${Object.values(request)[0]}`)
  const runtime = {
    listContainers: async () => ({ containers }),
    listPodSandbox: async () => ({ items: sandboxes }),
    containerStatus: async ({ containerId }: any) => ({
      status: { logPath: join(root, 'logs', `${containerId}.log`) },
    }),
    removeContainer: note('remove'),
    stopPodSandbox: note('stop'),
    removePodSandbox: note('remove'),
  } as unknown as ContainerRuntime
  const env = virtualEnv()
  garbage = new Garbage({
    env,
    runtime,
    host: new DiskVolumeHost(env),
    rootDir: root,
    podLogsDir: join(root, 'pod-logs'),
    owner: 'me',
    isKnown: uid => known.has(uid),
    stopOrphan: async ({ uid }) => void done.push(`end ${uid}`),
  })
})

afterEach(() => rm(root, { recursive: true }))

test('of each container the newest dead attempt stays; older ones go, with their logs', async () => {
  await mkdir(join(root, 'logs'))
  for (const name of ['c0.log', 'c0.log.20260101-000000', 'c1.log', 'c2.log'])
    await writeFile(join(root, 'logs', name), '')
  sandboxes = [sandbox('live-box', 'live', true)]
  containers = [
    container('c0', 'live', 'EXITED', 0),
    container('c1', 'live', 'EXITED', 1),
    container('c2', 'live', 'RUNNING', 2),
  ]
  await garbage.collect()
  expect(done).toEqual(['remove c0'])
  expect((await readdir(join(root, 'logs'))).sort()).toEqual(['c1.log', 'c2.log'])
})

test('old sandboxes go once nothing is in them', async () => {
  sandboxes = [
    sandbox('new', 'live', true, 3),
    sandbox('live-box', 'live', false, 2),
    sandbox('oldest', 'live', false, 1),
  ]
  containers = [container('c1', 'live', 'EXITED', 1)]
  await garbage.collect()
  expect(done).toEqual(['remove oldest'])
})

test('pods that nobody knows are ended and removed, but not another kubelet’s', async () => {
  sandboxes = [sandbox('gone-box', 'gone', true), sandbox('theirs-box', 'theirs', true, 0, 'other')]
  containers = [container('c', 'gone', 'RUNNING', 1)]
  await garbage.collect()
  expect(done).toEqual(['end gone', 'remove c', 'stop gone-box', 'remove gone-box'])
})

test('directories and logs of pods that are gone are removed', async () => {
  for (const path of ['pods/live', 'pods/gone', 'pod-logs/default_web_live', 'pod-logs/default_web_gone'])
    await mkdir(join(root, path), { recursive: true })
  await garbage.collect()
  expect(await readdir(join(root, 'pods'))).toEqual(['live'])
  expect(await readdir(join(root, 'pod-logs'))).toEqual(['default_web_live'])
})
