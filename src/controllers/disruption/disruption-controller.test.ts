import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { customResourceDefinitions } from '../../api/apiextensions/v1/customresourcedefinition.ts'
import { deployments } from '../../api/apps/v1/deployment.ts'
import { events } from '../../api/core/v1/event.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { podDisruptionBudgets } from '../../api/policy/v1/poddisruptionbudget.ts'
import { Cluster } from '../../cluster/cluster.ts'
import { asStatusError } from '../../machinery/status-error.ts'

// What a PodDisruptionBudget counts, and what the eviction subresource makes of it.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 1 })
})
afterEach(() => cluster.stop())

const inDefault = <T>(resource: Parameters<typeof cluster.client.resource<T>>[0]) =>
  cluster.client.resource<T>(resource).namespace('default')
const budget = () => inDefault(podDisruptionBudgets).get('budget')
const create = (spec: object) => inDefault(podDisruptionBudgets).create({ metadata: { name: 'budget' }, spec })
const evict = (name: string, options: object = {}) =>
  inDefault(pods).createSubresource(name, 'eviction', {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name },
    ...options,
  })
const refusal = async (work: Promise<unknown>) =>
  asStatusError(
    await work.then(
      () => undefined,
      error => error,
    ),
  )
const told = async () =>
  (await cluster.client.resource(events).list()).items.map(({ reason, message }) => `${reason}: ${message}`)
const selector = { matchLabels: { app: 'web' } }
const allPods = async () => (await inDefault(pods).list()).items
const isReady = ({ status }: Pod) =>
  status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')

async function deploy(replicas: number): Promise<void> {
  await inDefault(deployments).create({
    metadata: { name: 'web' },
    spec: {
      replicas,
      selector,
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'app' }] } },
    },
  })
  await cluster.until(async () => (await allPods()).filter(isReady).length === replicas)
}

const bare = (name: string, extra: object = {}) =>
  inDefault(pods).create({
    metadata: { name, labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'app' }] },
    ...extra,
  })

describe('the count of a Deployment of ten', () => {
  test.each([
    [{ minAvailable: 4 }, { desiredHealthy: 4, disruptionsAllowed: 6 }],
    [{ minAvailable: '45%' }, { desiredHealthy: 5, disruptionsAllowed: 5 }],
    [{ maxUnavailable: 3 }, { desiredHealthy: 7, disruptionsAllowed: 3 }],
    [{ maxUnavailable: '25%' }, { desiredHealthy: 7, disruptionsAllowed: 3 }],
    [{ maxUnavailable: 20 }, { desiredHealthy: 0, disruptionsAllowed: 10 }],
    [{ minAvailable: '100%' }, { desiredHealthy: 10, disruptionsAllowed: 0 }],
  ])('by %j', async (spec, counted) => {
    await deploy(10)
    await create({ selector, ...spec })
    await cluster.clock.advance('1s')
    const allowed = counted.disruptionsAllowed > 0
    expect((await budget()).status).toMatchObject({
      expectedPods: 10,
      currentHealthy: 10,
      observedGeneration: 1,
      ...counted,
      conditions: [
        {
          type: 'DisruptionAllowed',
          status: allowed ? 'True' : 'False',
          reason: allowed ? 'SufficientPods' : 'InsufficientPods',
          message: '',
          observedGeneration: 1,
        },
      ],
    })
  })
})

test('while nothing changes nothing is written', async () => {
  await deploy(2)
  await create({ selector, maxUnavailable: 1 })
  await cluster.clock.advance('1s')
  const before = (await budget()).metadata
  await cluster.clock.advance('10m')
  const after = (await budget()).metadata
  expect([after.resourceVersion, after.generation]).toEqual([before.resourceVersion, 1])
})

test('a budget without pods allows nothing, and says that there are none', async () => {
  await create({ selector, minAvailable: 0 })
  await cluster.clock.advance('1s')
  expect((await budget()).status).toMatchObject({ expectedPods: 0, disruptionsAllowed: 0 })
  expect(await told()).toContain('NoPods: No matching pods found')
})

test('pods that nothing controls do not count towards a share, and are complained about', async () => {
  await bare('alone')
  await create({ selector, maxUnavailable: 1 })
  await cluster.clock.advance('5s')
  expect((await budget()).status).toMatchObject({ expectedPods: 0, disruptionsAllowed: 0 })
  expect((await told()).find(text => text.startsWith('UnmanagedPods'))).toContain(
    '(selector: &LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},})',
  )
})

test('pods of a kind that does not exist make the count fail: nothing may be evicted', async () => {
  const owner = { apiVersion: 'example.com/v1', kind: 'Herd', name: 'h', uid: 'u', controller: true }
  await bare('owned', { metadata: { name: 'owned', labels: { app: 'web' }, ownerReferences: [owner] } })
  await create({ selector, maxUnavailable: 1 })
  await cluster.clock.advance('5s')
  const message = 'no matches for kind "Herd" in version "example.com/v1"'
  expect((await budget()).status.conditions).toMatchObject([
    { type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message },
  ])
  expect(await told()).toContain(
    `CalculateExpectedPodCountFailed: Failed to calculate the number of expected pods: ${message}`,
  )
})

test.each([
  ['batch/v1', 'Job', 'jobs.batch does not implement the scale subresource'],
  ['apps/v1', 'ReplicaSet', 'found no controllers for pod "owned"'],
])(
  'pods whose controller cannot be scaled, or is not there, make the count fail: %s %s',
  async (apiVersion, kind, message) => {
    const owner = { apiVersion, kind, name: 'h', uid: 'u', controller: true }
    await bare('owned', { metadata: { name: 'owned', labels: { app: 'web' }, ownerReferences: [owner] } })
    await create({ selector, maxUnavailable: 1 })
    await cluster.clock.advance('1s')
    expect(await told()).toContain(
      `CalculateExpectedPodCountFailed: Failed to calculate the number of expected pods: ${message}`,
    )
  },
)

test('a custom resource with a scale counts as a workload', async () => {
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' }
  await cluster.client.resource(customResourceDefinitions).create({
    metadata: { name: 'herds.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'herds', kind: 'Herd' },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, subresources: { scale } },
      ],
    } as never,
  })
  const path = '/apis/example.com/v1/namespaces/default/herds'
  const { transport } = cluster.client
  await cluster.until(async () => (await transport.request({ method: 'GET', path })).status === 200)
  const herd = { apiVersion: 'example.com/v1', kind: 'Herd', metadata: { name: 'h' }, spec: { replicas: 4 } }
  const made = (await transport.request({ method: 'POST', path, body: herd })).body as { metadata: { uid: string } }
  const { uid } = made.metadata
  const owner = { apiVersion: 'example.com/v1', kind: 'Herd', name: 'h', uid, controller: true }
  for (const name of ['a', 'b', 'c'])
    await bare(name, { metadata: { name, labels: { app: 'web' }, ownerReferences: [owner] } })
  await cluster.until(async () => (await allPods()).filter(isReady).length === 3)
  await create({ selector, maxUnavailable: '50%' })
  await cluster.clock.advance('1s')
  expect((await budget()).status).toMatchObject({ expectedPods: 4, desiredHealthy: 2, disruptionsAllowed: 1 })
})

describe('an eviction', () => {
  test('uses the budget up, says on the pod why it goes, and is refused when nothing is left', async () => {
    for (const name of ['a', 'b', 'c']) await bare(name)
    await cluster.until(async () => (await allPods()).filter(isReady).length === 3)
    await create({ selector, minAvailable: 2 })
    await cluster.clock.advance('1s')
    const [first, second] = (await allPods()).map(({ metadata }) => metadata.name!)
    await evict(first!)
    expect((await budget()).status).toMatchObject({
      disruptionsAllowed: 0,
      conditions: [{ status: 'False', reason: 'InsufficientPods' }],
    })
    const going = await inDefault(pods).get(first!)
    expect(going.metadata.deletionTimestamp).toBeDefined()
    expect(going.status.conditions).toContainEqual(
      expect.objectContaining({
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'EvictionByEvictionAPI',
        message: 'Eviction API: evicting',
      }),
    )
    await cluster.clock.advance('100ms')
    const refused = await refusal(evict(second!))
    expect(refused).toMatchObject({
      code: 429,
      reason: 'TooManyRequests',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
    })
    expect(refused!.status.details).toEqual({
      causes: [
        {
          reason: 'DisruptionBudget',
          message: 'The disruption budget budget needs 2 healthy pods and has 2 currently',
        },
      ],
    })
  })

  test('as a dry run changes nothing', async () => {
    await deploy(2)
    await create({ selector, maxUnavailable: 1 })
    await cluster.clock.advance('1s')
    const [pod] = await allPods()
    await evict(pod!.metadata.name!, { deleteOptions: { dryRun: ['All'] } })
    expect((await budget()).status.disruptionsAllowed).toBe(1)
    expect(await inDefault(pods).get(pod!.metadata.name!)).toEqual(pod)
  })

  test('is refused by two budgets, and by a name that is not the pod’s', async () => {
    await deploy(2)
    await create({ selector, maxUnavailable: 1 })
    await inDefault(podDisruptionBudgets).create({
      metadata: { name: 'second' },
      spec: { selector, maxUnavailable: 1 },
    })
    await cluster.clock.advance('1s')
    const { name = '' } = (await allPods())[0]!.metadata
    expect(await refusal(evict(name))).toMatchObject({
      code: 500,
      message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    })
    expect(await refusal(evict(name, { metadata: { name: 'other' } }))).toMatchObject({
      code: 400,
      message: 'name in URL does not match name in Eviction object',
    })
  })

  test('of an unhealthy pod is allowed by AlwaysAllow only, when others are missing too', async () => {
    await deploy(2)
    await create({ selector, minAvailable: 2 })
    const { name = '' } = (await allPods())[0]!.metadata
    await inDefault(pods).patch(
      name,
      'application/strategic-merge-patch+json',
      { status: { conditions: [{ type: 'Ready', status: 'False' }] } },
      { subresource: 'status' },
    )
    await cluster.clock.advance('100ms')
    if (isReady(await inDefault(pods).get(name))) throw new Error('the pod was to be unready')
    expect((await refusal(evict(name)))?.code).toBe(429)
    await inDefault(podDisruptionBudgets).patch('budget', 'application/merge-patch+json', {
      spec: { unhealthyPodEvictionPolicy: 'AlwaysAllow' },
    })
    await evict(name)
    expect((await inDefault(pods).get(name)).metadata.deletionTimestamp).toBeDefined()
  })
})

test('an evicted pod that is not deleted within two minutes counts again', async () => {
  await deploy(2)
  await create({ selector, maxUnavailable: 1 })
  await cluster.clock.advance('1s')
  const { name = '' } = (await allPods())[0]!.metadata
  const now = new Date(cluster.clock.now()).toISOString().replace(/\.\d+/, '')
  const { status, ...rest } = await budget()
  await inDefault(podDisruptionBudgets).updateStatus({ ...rest, status: { ...status, disruptedPods: { [name]: now } } })
  await cluster.clock.advance('1m')
  expect((await budget()).status).toMatchObject({
    currentHealthy: 1,
    disruptionsAllowed: 0,
    disruptedPods: { [name]: now },
  })
  await cluster.clock.advance('62s')
  expect((await budget()).status).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 1 })
  expect((await budget()).status.disruptedPods ?? {}).toEqual({})
  expect(await told()).toContain("NotDeleted: Pod was expected by PDB default/default to be deleted but it wasn't")
})

test('a DisruptionTarget that came to nothing is taken back after two minutes', async () => {
  await deploy(1)
  const { name = '' } = (await allPods())[0]!.metadata
  const condition = async () =>
    (await inDefault(pods).get(name)).status.conditions!.find(({ type }) => type === 'DisruptionTarget')
  const at = new Date(cluster.clock.now()).toISOString().replace(/\.\d+/, '')
  await inDefault(pods).patch(
    name,
    'application/strategic-merge-patch+json',
    { status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'X', lastTransitionTime: at }] } },
    { subresource: 'status' },
  )
  await cluster.clock.advance('1m')
  expect(await condition()).toMatchObject({ status: 'True' })
  await cluster.clock.advance('62s')
  expect(await condition()).toMatchObject({ status: 'False' })
})
