import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Pod } from '../../api/core/v1/pod.ts'
import { requestAttributes } from './authentication.ts'
import { TestKubelet, testPod } from './testing.ts'

const kubelet = new TestKubelet()
afterEach(() => kubelet.server.close())

describe('who may do what', () => {
  it('lets a user do what the authorizer allows', async () => {
    expect(await kubelet.request('/healthz')).toMatchObject({ status: 200, body: 'ok' })
  })

  it("refuses anybody else in upstream's words", async () => {
    const nobody = { name: 'nobody', groups: ['system:authenticated'] }
    const answers = await Promise.all(
      ['/pods', '/run/default/web/main'].map(path => kubelet.request(path, { connection: kubelet.connect(nobody) })),
    )
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [403, 'Forbidden (user=nobody, verb=get, resource=nodes, subresource(s)=[pods proxy])\n'],
      [403, 'Forbidden (user=nobody, verb=get, resource=nodes, subresource(s)=[proxy])\n'],
    ])
  })

  it.each([
    ['GET', '/stats/summary', 'get', ['stats']],
    ['GET', '/metrics', 'get', ['metrics']],
    ['GET', '/metrics/cadvisor', 'get', ['metrics']],
    ['GET', '/metricsfoo', 'get', ['proxy']],
    ['GET', '/logs/', 'get', ['log']],
    ['GET', '/pods', 'get', ['pods', 'proxy']],
    ['GET', '/runningpods/', 'get', ['pods', 'proxy']],
    ['GET', '/healthz', 'get', ['healthz', 'proxy']],
    ['GET', '/configz', 'get', ['configz', 'proxy']],
    ['GET', '/containerLogs/a/b/c', 'get', ['proxy']],
    ['POST', '/exec/a/b/c', 'create', ['proxy']],
  ])('%s %s is %s of %j', (method, path, verb, subresources) => {
    expect(requestAttributes(method, path, 'node-1')).toEqual(
      subresources.map(subresource => ({ verb, resource: 'nodes', subresource, name: 'node-1', path })),
    )
  })
})

describe('what it answers', () => {
  const get = async (path: string, options?: Parameters<TestKubelet['request']>[1]) => {
    const { status, body } = await kubelet.request(path, options)
    return [status, body]
  }

  it('/pods and /runningpods are lists of pods', async () => {
    for (const path of ['/pods', '/runningpods/']) {
      const { body, headers } = await kubelet.request(path)
      expect(headers['content-type']).toBe('application/json')
      expect(JSON.parse(body)).toMatchObject({ kind: 'PodList', apiVersion: 'v1', items: [testPod] })
    }
  })

  it('/metrics counts what runs', async () => {
    const { body } = await kubelet.request('/metrics')
    expect(body).toMatch('kubelet_running_pods 1\n')
    expect(body).toMatch('kubelet_running_containers{container_state="running"} 1\n')
    expect(body).toMatch('kubelet_node_name{node="node-1"} 1\n')
  })

  it('/run runs a command and answers with its output', async () => {
    const run = (cmd: string, method = 'POST') =>
      get(`/run/default/web/main?cmd=${encodeURIComponent(cmd)}`, { method })
    expect(await run('echo hello')).toEqual([200, 'hello\n'])
    expect(await run('false')).toEqual([500, "command 'false' exited with 1: "])
    expect(await run('true', 'GET')).toEqual([405, '405: Method Not Allowed'])
    expect(await get('/run/default/none/main?cmd=true', { method: 'POST' })).toEqual([404, 'pod does not exist'])
  })

  it('what it does not know', async () => {
    expect(await get('/nothing')).toEqual([404, '404 page not found\n'])
    expect(await get('/pods', { method: 'POST' })).toEqual([405, 'Method Not Allowed'])
    expect(await get('/healthz/nothing')).toEqual([404, '404 page not found\n'])
  })

  it('/healthz tells which check failed', async () => {
    const sick = new TestKubelet({
      healthChecks: {
        syncloop() {
          throw new Error('sync Loop took longer than expected')
        },
      },
    })
    expect(await sick.request('/healthz')).toMatchObject({
      status: 500,
      body: '[-]syncloop failed: sync Loop took longer than expected\nhealthz check failed\n',
    })
    expect(await sick.request('/healthz/ping')).toMatchObject({ status: 200, body: 'ok' })
  })
})

describe('what containers use', () => {
  const container = (pod: string, name: string, cores: number, bytes: number) => ({
    attributes: {
      labels: {
        'io.kubernetes.pod.name': pod,
        'io.kubernetes.pod.namespace': 'default',
        'io.kubernetes.pod.uid': `uid-${pod}`,
        'io.kubernetes.container.name': name,
      },
    },
    cpu: {
      timestamp: 1_767_366_245_000_000_000,
      usageNanoCores: { value: cores },
      usageCoreNanoSeconds: { value: cores * 1000 },
    },
    memory: {
      timestamp: 1_767_366_245_000_000_000,
      workingSetBytes: { value: bytes },
      usageBytes: { value: bytes + 1 },
    },
    writableLayer: { timestamp: 1_767_366_245_000_000_000, usedBytes: { value: 4096 }, inodesUsed: { value: 3 } },
  })
  const node = new TestKubelet({
    stats: {
      listContainerStats: async () => ({
        stats: [
          container('web', 'main', 1_000_000, 10),
          container('web', 'side', 2_000_000, 20),
          container('db', 'db', 1, 3),
        ],
      }),
      imageFsInfo: async () => ({ imageFilesystems: [], containerFilesystems: [] }),
    } as never,
  })

  it('/stats/summary sums it up by pod and node', async () => {
    const summary = JSON.parse((await node.request('/stats/summary')).body)
    expect(summary.node).toMatchObject({
      nodeName: 'node-1',
      cpu: { usageNanoCores: 3_000_001, usageCoreNanoSeconds: 3_000_001_000 },
      memory: { workingSetBytes: 33, usageBytes: 36 },
    })
    expect(summary.pods).toHaveLength(2)
    expect(summary.pods[0]).toMatchObject({
      podRef: { name: 'web', namespace: 'default', uid: 'uid-web' },
      cpu: { usageNanoCores: 3_000_000 },
      memory: { workingSetBytes: 30 },
      containers: [
        { name: 'main', cpu: { time: '2026-01-02T15:04:05Z', usageNanoCores: 1_000_000 }, rootfs: { usedBytes: 4096 } },
        { name: 'side', memory: { workingSetBytes: 20 } },
      ],
    })
  })

  it('/metrics/resource gives it to metrics-server', async () => {
    const { body } = await node.request('/metrics/resource')
    const labels = 'container="side",namespace="default",pod="web"'
    expect(body).toMatch(`container_cpu_usage_seconds_total{${labels}} 2 1767366245000\n`)
    expect(body).toMatch(`container_memory_working_set_bytes{${labels}} 20 1767366245000\n`)
    expect(body).toMatch(/^pod_memory_working_set_bytes\{namespace="default",pod="web"\} 30 \d+$/m)
    expect(body).toMatch(/^node_memory_working_set_bytes 33 \d+$/m)
  })

  it('is not known without a runtime that measures', async () => {
    expect(await kubelet.request('/stats/summary')).toMatchObject({ status: 404 })
  })
})

describe('/logs/', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'system-logs-'))
    await mkdir(join(directory, 'log', 'pods'), { recursive: true })
    await writeFile(join(directory, 'log', 'messages'), 'hello\n')
    await writeFile(join(directory, 'secret'), 'secret\n')
    await symlink(join(directory, 'secret'), join(directory, 'log', 'link'))
  })
  afterEach(() => rm(directory, { recursive: true }))

  it('shows the files and directories below the log directory, and no others', async () => {
    const node = new TestKubelet({ logDirectory: join(directory, 'log') })
    const get = async (path: string) => {
      const { status, body } = await node.request(path)
      return [status, body]
    }
    expect(await get('/logs/messages')).toEqual([200, 'hello\n'])
    expect(await get('/logs/')).toEqual([
      200,
      '<pre>\n<a href="link">link</a>\n<a href="messages">messages</a>\n<a href="pods/">pods/</a>\n</pre>\n',
    ])
    for (const path of ['/logs/none', '/logs/link', '/logs/..%2fsecret', '/logs/%00']) {
      expect(await get(path)).toEqual([404, '404 page not found'])
    }
  })
})

describe('/containerLogs', () => {
  let directory: string
  let path: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'container-logs-'))
    path = join(directory, '0.log')
    await writeFile(path, '2026-01-02T15:04:01.5Z stdout F one\n2026-01-02T15:04:02.5Z stdout F two\n')
  })
  afterEach(() => rm(directory, { recursive: true }))

  const pod = (name: string, status: object | undefined): Pod =>
    ({
      metadata: { name, namespace: 'default' },
      spec: { containers: [{ name: 'main' }] },
      status: { containerStatuses: status ? [{ name: 'main', lastState: {}, ...status }] : [] },
    }) as unknown as Pod

  const node = new TestKubelet({
    podList: [
      pod('running', { containerID: 'test://now', state: { running: {} } }),
      pod('restarted', {
        containerID: 'test://now',
        state: { running: {} },
        lastState: { terminated: { containerID: 'test://before' } },
      }),
      pod('crashing', {
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { containerID: 'test://now' } },
      }),
      pod('ended', { state: { terminated: { containerID: 'test://now' } } }),
      pod('lost', { state: { terminated: {} } }),
      pod('gone', { containerID: 'test://forgotten', state: { running: {} } }),
      pod('creating', { state: { waiting: { reason: 'ContainerCreating' } } }),
      pod('pulling', { state: { waiting: { reason: 'ImagePullBackOff' } } }),
      pod('unpullable', { state: { waiting: { reason: 'ErrImagePull' } } }),
      pod('fresh', { state: {} }),
      pod('new', undefined),
    ],
  })
  const get = async (name: string) => {
    node.logs.set('now', { path })
    node.logs.set('before', { path: join(directory, 'none') })
    const { status, body } = await node.request(`/containerLogs/default/${name}`)
    return [status, body]
  }

  it.each([
    ['running/main', 200, 'one\ntwo\n'],
    ['crashing/main', 200, 'one\ntwo\n'],
    ['ended/main', 200, 'one\ntwo\n'],
    ['running/main?tailLines=1', 200, 'two\n'],
    ['running/main?tail=1', 200, 'two\n'],
    ['running/main?tail=all', 200, 'one\ntwo\n'],
    ['running/main?limitBytes=2', 200, 'on'],
    ['running/main?sinceTime=2026-01-02T15:04:02Z', 200, 'two\n'],
    ['running/main?timestamps=true&tailLines=1', 200, '2026-01-02T15:04:02.500000000Z two\n'],
    ['gone/main', 200, 'unable to retrieve container logs for test://forgotten'],
    ['none/main', 404, 'pod "none" does not exist'],
    ['running/side', 404, 'container "side" not found in pod "running"'],
    ['running/main?previous=true', 400, 'previous terminated container "main" in pod "running" not found'],
    ['new/main', 400, 'container "main" in pod "new" is not available'],
    ['lost/main', 400, 'container "main" in pod "lost" is terminated'],
    ['creating/main', 400, 'container "main" in pod "creating" is waiting to start: ContainerCreating'],
    ['pulling/main', 400, 'container "main" in pod "pulling" is waiting to start: trying and failing to pull image'],
    ['unpullable/main', 400, 'container "main" in pod "unpullable" is waiting to start: image can\'t be pulled'],
    ['fresh/main', 400, 'container "main" in pod "fresh" is waiting to start - no logs yet'],
    ['running/main?tailLines=x', 400, '{"message": "Unable to decode query."}'],
    ['running/main?sinceTime=yesterday', 400, '{"message": "Unable to decode query."}'],
    ['running/main?tailLines=-1', 422, '{"message": "Invalid request."}'],
    ['running/main?limitBytes=0', 422, '{"message": "Invalid request."}'],
    ['running/main?sinceSeconds=0', 422, '{"message": "Invalid request."}'],
    ['running/main?sinceSeconds=1&sinceTime=2026-01-02T15:04:02Z', 422, '{"message": "Invalid request."}'],
    ['running/main?stream=Neither', 422, '{"message": "Invalid request."}'],
  ])('%s: %i', async (name, status, body) => {
    expect(await get(name)).toEqual([status, body])
  })

  it('a log file that is not there is a bad request', async () => {
    const [status, body] = await get('restarted/main?previous=true')
    expect(status).toBe(400)
    expect(body).toMatch(/^failed to try resolving symlinks in path .* no such file or directory$/)
  })

  it('sinceSeconds counts from now', async () => {
    const now = node.env.clock.now()
    const at = (seconds: number) => new Date(now - seconds * 1000).toISOString()
    await writeFile(path, `${at(100)} stdout F old\n${at(5)} stdout F new\n`)
    expect(await get('running/main?sinceSeconds=10')).toEqual([200, 'new\n'])
  })

  it('follows until the client goes away', async () => {
    node.logs.set('now', { path })
    const response = await node.open('/containerLogs/default/running/main?follow=true&tailLines=1')
    expect(response.headers['transfer-encoding']).toBe('chunked')
    const [first] = await Promise.all([new Promise(resolve => response.once('data', resolve))])
    expect(String(first)).toBe('two\n')
    response.destroy()
    await node.server.close()
  })
})
