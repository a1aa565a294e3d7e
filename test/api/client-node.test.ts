// The official JavaScript client against a whole cluster, over HTTPS: an API server, its controllers and scheduler, and
// a simulated node, in real time.

import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  type KubernetesObject,
  Log,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  type V1Pod,
  type V1Status,
  VersionApi,
  Watch,
} from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ControlPlane } from '../../src/cluster/control-plane.ts'
import { kubeconfigText, makeKubeconfig } from '../../src/cluster/kubeconfig/kubeconfig.ts'
import { ClusterNode, simulation } from '../../src/cluster/node.ts'
import { systemEnv } from '../../src/cluster/system-env.ts'

const namespace = 'default'
const podCIDR = '10.244.0.0/24'

let plane: ControlPlane
let node: ClusterNode
let config: KubeConfig
let core: CoreV1Api

beforeAll(async () => {
  const env = systemEnv({ logLevel: 'silent' })
  plane = await ControlPlane.start({ env, listen: { address: '127.0.0.1', port: 0 } })
  node = await ClusterNode.start(plane, {
    name: 'simulated-1',
    ...simulation(env, podCIDR),
    rootDir: '/simulated',
    podCIDR,
    address: '192.168.0.1',
  })
  config = new KubeConfig()
  config.loadFromString(
    kubeconfigText(
      makeKubeconfig({
        name: 'k8ts',
        server: `https://127.0.0.1:${plane.port}`,
        certificateAuthority: plane.pki.certificateAuthority.certificate,
        credential: plane.pki.admin,
      }),
    ),
  )
  core = config.makeApiClient(CoreV1Api)
  await until<KubernetesObject>(
    `/api/v1/namespaces/${namespace}/serviceaccounts`,
    'default',
    serviceAccount => !!serviceAccount,
  )
})

afterAll(async () => {
  await node?.stop()
  await plane?.stop()
})

/** Watches until the object is so, and gives it. */
async function until<T extends KubernetesObject>(
  path: string,
  name: string,
  holds: (object: T | undefined) => boolean,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const watching = new Watch(config).watch(
      path,
      { fieldSelector: `metadata.name=${name}` },
      (type, object: T) => {
        const now = type === 'DELETED' ? undefined : object
        if (!holds(now)) return
        resolve(now)
        void watching.then(request => request.abort())
      },
      error => reject(error ?? new Error(`the watch of ${path} ended`)),
    )
  })
}

function deferred<T>() {
  let resolve!: (value: T) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<T>((fulfil, refuse) => {
    resolve = fulfil
    reject = refuse
  })
  return { promise, resolve, reject }
}

const podsPath = `/api/v1/namespaces/${namespace}/pods`
const running = (pod: V1Pod | undefined) => pod?.status?.phase === 'Running'

const aPod = (name: string, script: string): V1Pod => ({
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'main', image: 'busybox', command: ['sh', '-c', script] }],
  },
})

/** The Status with which the call fails. */
async function refusal(call: Promise<unknown>): Promise<V1Status> {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(ApiException)
  const { code, body } = error as ApiException<unknown>
  const status = (typeof body === 'string' ? JSON.parse(body) : body) as V1Status
  expect(status).toMatchObject({ kind: 'Status', status: 'Failure', code })
  return status
}

const as = (contentType: string) => setHeaderOptions('Content-Type', contentType)

test('version', async () => {
  expect(await config.makeApiClient(VersionApi).getCode()).toMatchObject({ major: '1', minor: '36' })
})

describe('objects', () => {
  test('are created, read, replaced and deleted', async () => {
    const created = await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'plain', labels: { kind: 'object' } }, data: { a: '1' } },
    })
    expect(created.metadata).toMatchObject({ name: 'plain', uid: expect.any(String) })
    expect(created.metadata!.creationTimestamp).toBeInstanceOf(Date)
    expect(await core.readNamespacedConfigMap({ namespace, name: 'plain' })).toEqual(created)
    const replaced = await core.replaceNamespacedConfigMap({
      namespace,
      name: 'plain',
      body: { ...created, data: { a: '2' } },
    })
    expect(replaced.data).toEqual({ a: '2' })
    const listed = await core.listNamespacedConfigMap({ namespace, labelSelector: 'kind=object' })
    expect(listed.items.map(({ metadata }) => metadata!.name)).toEqual(['plain'])
    expect(Number(listed.metadata!.resourceVersion)).toBeGreaterThanOrEqual(Number(replaced.metadata!.resourceVersion))
    expect(await core.deleteNamespacedConfigMap({ namespace, name: 'plain' })).toMatchObject({ status: 'Success' })
    expect(await refusal(core.readNamespacedConfigMap({ namespace, name: 'plain' }))).toMatchObject({ code: 404 })
  })

  test('are named by the server when asked', async () => {
    const body = { metadata: { generateName: 'made-' } }
    const names = await Promise.all(
      [1, 2].map(async () => (await core.createNamespacedConfigMap({ namespace, body })).metadata!.name!),
    )
    expect(names).toEqual([expect.stringMatching(/^made-[a-z0-9]{5}$/), expect.stringMatching(/^made-[a-z0-9]{5}$/)])
    expect(new Set(names).size).toBe(2)
  })

  test('are listed in chunks', async () => {
    const labels = { of: 'chunks' }
    for (const name of ['chunk-a', 'chunk-b', 'chunk-c'])
      await core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels } } })
    const names: string[][] = []
    let _continue: string | undefined
    do {
      const list = await core.listNamespacedConfigMap({ namespace, labelSelector: 'of=chunks', limit: 2, _continue })
      names.push(list.items.map(({ metadata }) => metadata!.name!))
      _continue = list.metadata!._continue
    } while (_continue)
    expect(names).toEqual([['chunk-a', 'chunk-b'], ['chunk-c']])
  })

  test('of a dry run are not kept', async () => {
    const body = { metadata: { name: 'tried' } }
    expect((await core.createNamespacedConfigMap({ namespace, body, dryRun: 'All' })).metadata!.uid).toBeDefined()
    expect(await refusal(core.readNamespacedConfigMap({ namespace, name: 'tried' }))).toMatchObject({ code: 404 })
  })
})

describe('a patch', () => {
  const name = 'patched'
  beforeAll(async () => {
    await config.makeApiClient(AppsV1Api).createNamespacedDeployment({
      namespace,
      body: {
        metadata: { name, labels: { a: '1', b: '1' } },
        spec: {
          replicas: 0,
          selector: { matchLabels: { app: name } },
          template: {
            metadata: { labels: { app: name } },
            spec: {
              containers: [
                { name: 'one', image: 'busybox' },
                { name: 'two', image: 'busybox' },
              ],
            },
          },
        },
      },
    })
  })

  const patch = (contentType: string, body: unknown) =>
    config.makeApiClient(AppsV1Api).patchNamespacedDeployment({ namespace, name, body }, as(contentType))

  test('of JSON', async () => {
    const { metadata } = await patch(PatchStrategy.JsonPatch, [
      { op: 'test', path: '/metadata/labels/a', value: '1' },
      { op: 'replace', path: '/metadata/labels/a', value: '2' },
    ])
    expect(metadata!.labels).toEqual({ a: '2', b: '1' })
    expect(
      await refusal(patch(PatchStrategy.JsonPatch, [{ op: 'test', path: '/metadata/labels/a', value: '1' }])),
    ).toMatchObject({ code: 422, reason: 'Invalid' })
  })

  test('that merges', async () => {
    const { metadata, spec } = await patch(PatchStrategy.MergePatch, {
      metadata: { labels: { b: null } },
      spec: { template: { spec: { containers: [{ name: 'only', image: 'busybox' }] } } },
    })
    expect(metadata!.labels).not.toHaveProperty('b')
    expect(spec!.template.spec!.containers.map(({ name }) => name)).toEqual(['only'])
  })

  test('that merges strategically', async () => {
    const { spec } = await patch(PatchStrategy.StrategicMergePatch, {
      spec: { template: { spec: { containers: [{ name: 'more', image: 'busybox' }] } } },
    })
    expect(spec!.template.spec!.containers.map(({ name }) => name).sort()).toEqual(['more', 'only'])
  })

  test('of an unknown kind is refused', async () => {
    expect(await refusal(patch('application/json', {}))).toMatchObject({ code: 415, reason: 'UnsupportedMediaType' })
  })
})

describe('a refusal', () => {
  const body: V1ConfigMap = { metadata: { name: 'taken' } }
  beforeAll(async () => void (await core.createNamespacedConfigMap({ namespace, body })))

  test.each<[string, () => Promise<unknown>, Partial<V1Status>]>([
    [
      'of what is not there',
      () => core.readNamespacedPod({ namespace, name: 'none' }),
      {
        code: 404,
        reason: 'NotFound',
        message: 'pods "none" not found',
        details: { kind: 'pods', name: 'none' },
      },
    ],
    [
      'of what is already there',
      () => core.createNamespacedConfigMap({ namespace, body }),
      { code: 409, reason: 'AlreadyExists', message: 'configmaps "taken" already exists' },
    ],
    [
      'of an old version',
      () =>
        core.replaceNamespacedConfigMap({
          namespace,
          name: 'taken',
          body: { metadata: { ...body.metadata, resourceVersion: '1' } },
        }),
      {
        code: 409,
        reason: 'Conflict',
        message:
          'Operation cannot be fulfilled on configmaps "taken": the object has been modified; please apply your changes to the latest version and try again',
      },
    ],
    [
      'of what is wrong in two places',
      () =>
        core.createNamespacedConfigMap({
          namespace,
          body: { metadata: { name: 'Not_A_Name' }, data: { 'not a key': '' } },
        }),
      { code: 422, reason: 'Invalid' },
    ],
    [
      'of a namespace that is not there',
      () => core.createNamespacedConfigMap({ namespace: 'nowhere', body }),
      { code: 404, reason: 'NotFound', message: 'namespaces "nowhere" not found' },
    ],
  ])('%s is an ApiException with its Status', async (_what, call, status) => {
    expect(await refusal(call())).toMatchObject(status)
  })
})

describe('watches', () => {
  test('tell of each change from a version on', async () => {
    const { metadata } = await core.listNamespacedConfigMap({ namespace })
    const labels = { watched: 'yes' }
    const told: string[] = []
    const all = deferred<void>()
    const request = await new Watch(config).watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      { resourceVersion: metadata!.resourceVersion, labelSelector: 'watched=yes' },
      (type, object: V1ConfigMap) => {
        told.push(`${type} ${object.metadata!.name} ${object.data?.['a']}`)
        if (type === 'DELETED') all.resolve()
      },
      all.reject,
    )
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'seen', labels }, data: { a: '1' } } })
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'unseen' } } })
    await core.patchNamespacedConfigMap(
      { namespace, name: 'seen', body: { data: { a: '2' } } },
      as(PatchStrategy.MergePatch),
    )
    await core.deleteNamespacedConfigMap({ namespace, name: 'seen' })
    await all.promise
    request.abort()
    expect(told).toEqual(['ADDED seen 1', 'MODIFIED seen 2', 'DELETED seen 2'])
  })

  test('an informer keeps a copy of what there is', async () => {
    const labels = { informed: 'yes' }
    const create = (name: string) => core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels } } })
    await create('first')
    const labelSelector = 'informed=yes'
    const informer = makeInformer(
      config,
      `/api/v1/namespaces/${namespace}/configmaps`,
      () => core.listNamespacedConfigMap({ namespace, labelSelector }),
      labelSelector,
    )
    const told: string[] = []
    const ended = deferred<void>()
    for (const verb of ['add', 'update', 'delete'] as const)
      informer.on(verb, ({ metadata }) => {
        told.push(`${verb} ${metadata!.name}`)
        if (verb === 'delete') ended.resolve()
      })
    informer.on('error', ended.reject)
    await informer.start()
    expect(informer.list().map(({ metadata }) => metadata!.name)).toEqual(['first'])
    await create('second')
    await core.patchNamespacedConfigMap(
      { namespace, name: 'first', body: { data: { a: '1' } } },
      as(PatchStrategy.MergePatch),
    )
    await core.deleteNamespacedConfigMap({ namespace, name: 'second' })
    await ended.promise
    await informer.stop()
    expect(told).toEqual(['add first', 'add second', 'update first', 'delete second'])
    expect(informer.get('first', namespace)).toMatchObject({ data: { a: '1' } })
    expect(informer.get('second', namespace)).toBeUndefined()
  })
})

describe('a pod', () => {
  beforeAll(async () => {
    await core.createNamespacedPod({ namespace, body: aPod('web', 'echo first; echo second; sleep 100000') })
    await until<V1Pod>(podsPath, 'web', running)
  })

  test('runs on the node', async () => {
    const { spec, status } = await core.readNamespacedPod({ namespace, name: 'web' })
    expect(spec!.nodeName).toBe('simulated-1')
    expect(status).toMatchObject({ podIP: expect.stringMatching(/^10\.244\.0\./), qosClass: 'BestEffort' })
  })

  test('has a log', async () => {
    expect(await core.readNamespacedPodLog({ namespace, name: 'web', tailLines: 1 })).toBe('second\n')
  })

  test('has a log to follow until it ends', async () => {
    const body = aPod('brief', 'echo first; sleep 1; echo second')
    body.spec!.restartPolicy = 'Never'
    await core.createNamespacedPod({ namespace, body })
    await until<V1Pod>(podsPath, 'brief', running)
    const log = new PassThrough()
    await new Log(config).log(namespace, 'brief', 'main', log, { follow: true })
    expect(await text(log)).toBe('first\nsecond\n')
    await until<V1Pod>(podsPath, 'brief', pod => pod?.status?.phase === 'Succeeded')
  })

  async function exec(...command: string[]) {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const status = deferred<V1Status>()
    const socket = await new Exec(config).exec(
      namespace,
      'web',
      'main',
      command,
      stdout,
      stderr,
      null,
      false,
      status.resolve,
    )
    await once(socket as never, 'close')
    return { out: String(stdout.read() ?? ''), err: String(stderr.read() ?? ''), end: await status.promise }
  }

  test('runs commands', async () => {
    expect(await exec('sh', '-c', 'echo out; echo err >&2')).toMatchObject({
      out: 'out\n',
      err: 'err\n',
      end: { status: 'Success' },
    })
  })

  test('tells how a command ended', async () => {
    const { end } = await exec('sh', '-c', 'exit 7')
    expect(end).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '7' }] },
    })
  })

  test('of no such name has no log', async () => {
    const error = await new Log(config).log(namespace, 'none', 'main', new PassThrough()).catch(error => error)
    expect(error).toBeInstanceOf(ApiException)
    expect(error.code).toBe(404)
  })

  test('is deleted', async () => {
    const gone = until<V1Pod>(podsPath, 'web', pod => !pod)
    await core.deleteNamespacedPod({ namespace, name: 'web' })
    expect(await gone).toBeUndefined()
  })
})
