import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Deployment, deployments } from '../../api/apps/v1/deployment.ts'
import { replicaSets } from '../../api/apps/v1/replicaset.ts'
import { events } from '../../api/core/v1/event.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { Cluster } from '../../cluster/cluster.ts'

// How a Deployment rolls out: from a first version to the next, and back. The node of the tests runs every image at once;
// `broken` is one whose pods never become ready.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 1, withoutScheduler: true })
})
afterEach(() => cluster.stop())

type Spec = Partial<Deployment['spec']>

const client = () => cluster.client.resource(deployments).namespace('default')
const get = () => client().get('web')
const sets = async () =>
  (await cluster.client.resource(replicaSets).namespace('default').list()).items.filter(
    ({ metadata }) => metadata.ownerReferences?.[0]?.name === 'web',
  )
const podList = async () => (await cluster.client.resource(pods).namespace('default').list()).items
const imageOf = (object: { spec: { template: Deployment['spec']['template'] } }) =>
  object.spec.template.spec!.containers[0]!.image
const sizes = async () => Object.fromEntries((await sets()).map(set => [imageOf(set), set.spec.replicas]))
const told = async () =>
  (await cluster.client.resource(events).list()).items
    .filter(({ involvedObject }) => involvedObject.kind === 'Deployment')
    .map(({ reason, message }) => `${reason}: ${message?.replace(/web-[a-z0-9]+/, 'web-x')}`)

function template(image: string) {
  const readinessProbe = image === 'broken' ? { exec: { command: ['false'] } } : undefined
  return {
    metadata: { labels: { app: 'web' } },
    spec: {
      nodeName: 'simulated-1',
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'c', image, readinessProbe }],
    },
  }
}
const create = (spec: Spec = {}, annotations?: Record<string, string>) =>
  client().create({
    metadata: { name: 'web', annotations },
    spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: template('one'), ...spec },
  })
const change = (spec: object) => client().patch('web', 'application/merge-patch+json', { spec })
const setImage = (image: string) => change({ template: template(image) })
const condition = async (type: string) => (await get()).status.conditions?.find(each => each.type === type)
const complete = async () => {
  const { spec, status, metadata } = await get()
  return (
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    status.updatedReplicas === spec.replicas &&
    status.replicas === spec.replicas &&
    status.availableReplicas === spec.replicas
  )
}

describe('a new Deployment', () => {
  test('gets a ReplicaSet named and labelled by its template, with the first revision', async () => {
    const { metadata } = await create({}, { note: 'kept', 'kubectl.kubernetes.io/last-applied-configuration': '{}' })
    await cluster.until(complete)
    const [set] = await sets()
    const hash = set!.metadata.labels!['pod-template-hash']!
    expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{6,10}$/)
    expect(set!.metadata.name).toBe(`web-${hash}`)
    expect(set!.metadata.annotations).toEqual({
      note: 'kept',
      'deployment.kubernetes.io/revision': '1',
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
    })
    expect(set!.metadata.ownerReferences).toMatchObject([{ kind: 'Deployment', uid: metadata.uid, controller: true }])
    expect(set!.spec.selector!.matchLabels).toEqual({ app: 'web', 'pod-template-hash': hash })
    expect((await get()).metadata.annotations!['deployment.kubernetes.io/revision']).toBe('1')
    expect(await told()).toEqual(['ScalingReplicaSet: Scaled up replica set web-x from 0 to 3'])
  })

  test('says when it is available, and that it has progressed', async () => {
    await create()
    await cluster.until(complete)
    const [set] = await sets()
    expect((await get()).status).toMatchObject({
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
    })
    expect((await get()).status.unavailableReplicas).toBeUndefined()
    expect(await condition('Available')).toMatchObject({
      status: 'True',
      reason: 'MinimumReplicasAvailable',
      message: 'Deployment has minimum availability.',
    })
    expect(await condition('Progressing')).toMatchObject({
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: `ReplicaSet "${set!.metadata.name}" has successfully progressed.`,
    })
  })

  test('goes on from the revision of a ReplicaSet that it adopts, exactly', async () => {
    const labels = { app: 'web' }
    await cluster.client
      .resource(replicaSets)
      .namespace('default')
      .create({
        metadata: {
          name: 'older',
          labels,
          annotations: { 'deployment.kubernetes.io/revision': '3546343826724305832' },
        },
        spec: { selector: { matchLabels: labels }, template: template('older') },
      } as never)
    await create()
    await cluster.until(complete)
    expect((await get()).metadata.annotations!['deployment.kubernetes.io/revision']).toBe('3546343826724305833')
  })

  test('adopts a ReplicaSet of its template that is there already', async () => {
    await create()
    await cluster.until(complete)
    const [set] = await sets()
    await client().delete('web', { propagationPolicy: 'Orphan' })
    await cluster.until(async () => (await client().list()).items.length === 0)
    await create()
    await cluster.until(complete)
    expect((await sets()).map(({ metadata }) => metadata.uid)).toEqual([set!.metadata.uid])
  })
})

describe('a rolling update', () => {
  test.each<
    [string, NonNullable<Deployment['spec']['strategy']>['rollingUpdate'], number, { most: number; least: number }]
  >([
    ['25% and 25% of 4', undefined, 4, { most: 5, least: 3 }],
    ['one more, none less', { maxSurge: 1, maxUnavailable: 0 }, 3, { most: 4, least: 3 }],
    ['none more, one less', { maxSurge: 0, maxUnavailable: 1 }, 3, { most: 3, least: 2 }],
    ['all at once', { maxSurge: '100%', maxUnavailable: '100%' }, 3, { most: 6, least: 0 }],
    ['nothing may move: one less after all', { maxSurge: '0%', maxUnavailable: '1%' }, 3, { most: 3, least: 2 }],
  ])('with %s keeps within its limits', async (_, rollingUpdate, replicas, { most, least }) => {
    await create({ replicas, strategy: { type: 'RollingUpdate', rollingUpdate } })
    await cluster.until(complete)
    await setImage('two')
    await cluster.until(async () => {
      const all = (await podList()).filter(pod => !pod.metadata.deletionTimestamp)
      const available = all.filter(({ status }) =>
        status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
      )
      expect(all.length).toBeLessThanOrEqual(most)
      expect(available.length).toBeGreaterThanOrEqual(least)
      return complete()
    })
    expect(await sizes()).toEqual({ one: 0, two: replicas })
  })

  test('of pods that never get ready stops where the limits are, and is reported when its time is over', async () => {
    await create({ progressDeadlineSeconds: 60 })
    await cluster.until(complete)
    await setImage('broken')
    await cluster.clock.advance('50s')
    expect(await sizes()).toEqual({ one: 3, broken: 1 })
    expect(await condition('Progressing')).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated' })
    await cluster.clock.advance('30s')
    const broken = (await sets()).find(set => imageOf(set) === 'broken')
    expect(await condition('Progressing')).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `ReplicaSet "${broken!.metadata.name}" has timed out progressing.`,
    })
    expect(await condition('Available')).toMatchObject({ status: 'True' })
  })

  test('back to an earlier template brings its ReplicaSet back, with a new revision', async () => {
    await create()
    await cluster.until(complete)
    await setImage('two')
    await cluster.until(complete)
    await setImage('one')
    await cluster.until(complete)
    expect(await sizes()).toEqual({ one: 3, two: 0 })
    const first = (await sets()).find(set => imageOf(set) === 'one')!
    expect(first.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '3',
      'deployment.kubernetes.io/revision-history': '1',
    })
    expect((await get()).metadata.annotations!['deployment.kubernetes.io/revision']).toBe('3')
  })

  test('keeps only as many old ReplicaSets as the history limit says', async () => {
    await create({ revisionHistoryLimit: 1, replicas: 1 })
    for (const image of ['two', 'three', 'four']) {
      await cluster.until(complete)
      await setImage(image)
    }
    await cluster.until(complete)
    await cluster.until(async () => (await sets()).length === 2)
    expect(await sizes()).toEqual({ three: 0, four: 1 })
  })

  test('that is scaled in between shares the new size among the versions', async () => {
    await create({
      replicas: 10,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
    })
    await cluster.until(complete)
    await setImage('broken')
    await cluster.until(async () => (await sizes())['broken'] === 5)
    expect(await sizes()).toEqual({ one: 8, broken: 5 })
    await change({ replicas: 15 })
    await cluster.clock.advance('5s')
    expect(await sizes()).toEqual({ one: 11, broken: 7 })
  })
})

describe('a rollback that an annotation asks for', () => {
  const ask = (revision: string) =>
    client().patch('web', 'application/merge-patch+json', {
      metadata: { annotations: { 'deprecated.deployment.rollback.to': revision } },
    })
  const annotations = async () => (await get()).metadata.annotations!

  test.each([
    ['the last revision', '0', 'two', 'DeploymentRollback: Rolled back deployment "web" to revision 2'],
    ['a certain revision', '1', 'one', 'DeploymentRollback: Rolled back deployment "web" to revision 1'],
    [
      'a revision that is not there',
      '7',
      'three',
      'DeploymentRollbackRevisionNotFound: Unable to find the revision to rollback to.',
    ],
    [
      'the revision that it has',
      '3',
      'three',
      'DeploymentRollbackTemplateUnchanged: The rollback revision contains the same template as current deployment "web"',
    ],
  ])('to %s', async (_, revision, image, message) => {
    await create({ replicas: 1 }, { note: 'first' })
    for (const next of ['two', 'three']) {
      await cluster.until(complete)
      await setImage(next)
    }
    await cluster.until(complete)
    await ask(revision)
    await cluster.clock.advance('5s')
    expect(imageOf(await get())).toBe(image)
    expect((await get()).spec.template.metadata!.labels).toEqual({ app: 'web' })
    expect(await annotations()).toMatchObject({ note: 'first' })
    expect(await annotations()).not.toHaveProperty(['deprecated.deployment.rollback.to'])
    expect(await told()).toContain(message)
  })

  test('to the last revision when there is none', async () => {
    await create({ replicas: 1 }, { 'deprecated.deployment.rollback.to': '0' })
    await cluster.until(complete)
    expect(await annotations()).not.toHaveProperty(['deprecated.deployment.rollback.to'])
    expect(await told()).toContain('DeploymentRollbackRevisionNotFound: Unable to find last revision.')
  })
})

test('a name that leaves no room for the hash is cut', async () => {
  const name = 'd'.repeat(250)
  await client().create({
    metadata: { name },
    spec: { replicas: 0, selector: { matchLabels: { app: 'web' } }, template: template('one') },
  })
  await cluster.clock.advance('1s')
  const [set] = (await cluster.client.resource(replicaSets).namespace('default').list()).items
  const hash = set!.metadata.labels!['pod-template-hash']!
  expect(set!.metadata.name).toBe(`${'d'.repeat(252 - hash.length)}-${hash}`)
})

test('Recreate ends every old pod before it starts a new one', async () => {
  await create({ strategy: { type: 'Recreate' } })
  await cluster.until(complete)
  await setImage('two')
  await cluster.until(async () => {
    const images = new Set((await podList()).map(({ spec }) => spec.containers[0]!.image))
    expect(images.size).toBeLessThanOrEqual(1)
    return complete()
  })
  expect(await sizes()).toEqual({ one: 0, two: 3 })
})

describe('a paused Deployment', () => {
  test('does not roll out until it is resumed, but scales', async () => {
    await create()
    await cluster.until(complete)
    await change({ paused: true, template: template('two') })
    await cluster.clock.advance('10s')
    expect(await sizes()).toEqual({ one: 3 })
    expect(await condition('Progressing')).toMatchObject({
      status: 'Unknown',
      reason: 'DeploymentPaused',
      message: 'Deployment is paused',
    })
    await change({ replicas: 5 })
    await cluster.clock.advance('10s')
    expect(await sizes()).toEqual({ one: 5 })
    await change({ paused: false })
    await cluster.until(complete)
    expect(await sizes()).toEqual({ one: 0, two: 5 })
  })
})

test('a hash that is taken already becomes another by the count of collisions', async () => {
  const { metadata } = await create({ replicas: 1 })
  await cluster.until(complete)
  const [set] = await sets()
  await client().delete('web')
  await cluster.until(async () => (await sets()).length === 0)
  const { name, labels } = set!.metadata
  const foreign = { matchLabels: { app: 'foreign' } }
  await cluster.client
    .resource(replicaSets)
    .namespace('default')
    .create({
      metadata: { name, labels },
      spec: {
        replicas: 0,
        selector: foreign,
        template: { metadata: { labels: { app: 'foreign' } }, spec: template('x').spec },
      },
    })
  await create({ replicas: 1 })
  await cluster.until(complete)
  expect((await get()).status.collisionCount).toBe(1)
  expect((await sets())[0]!.metadata.name).not.toBe(name)
  expect((await get()).metadata.uid).not.toBe(metadata.uid)
})
