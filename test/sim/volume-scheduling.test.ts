// Where pods go because of their volumes, and what is said of those that can go nowhere.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nodes } from '../../src/api/core/v1/node.ts'
import { persistentVolumes } from '../../src/api/core/v1/persistentvolume.ts'
import { persistentVolumeClaims } from '../../src/api/core/v1/persistentvolumeclaim.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { priorityClasses } from '../../src/api/scheduling/v1/priorityclass.ts'
import { csiDrivers } from '../../src/api/storage/v1/csidriver.ts'
import { csiNodes } from '../../src/api/storage/v1/csinode.ts'
import { csiStorageCapacities } from '../../src/api/storage/v1/csistoragecapacity.ts'
import { storageClasses } from '../../src/api/storage/v1/storageclass.ts'
import { Cluster } from '../../src/cluster/cluster.ts'

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 2 })
})
afterEach(() => cluster.stop())

const podClient = () => cluster.client.resource(pods).namespace('default')
const claim = (name: string, spec: object = {}) =>
  cluster.client
    .resource(persistentVolumeClaims)
    .namespace('default')
    .create({
      metadata: { name },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        storageClassName: '',
        ...spec,
      },
    })
const volume = (name: string, nodes: string[], spec: object = {}, labels?: Record<string, string>) =>
  cluster.client.resource(persistentVolumes).create({
    metadata: { name, labels },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: `/srv/${name}` },
      ...(nodes.length > 0 && {
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: nodes }] },
            ],
          },
        },
      }),
      ...spec,
    },
  })
const waitingClass = (name: string, provisioner: string, rest: object = {}) =>
  cluster.client
    .resource(storageClasses)
    .create({ metadata: { name }, provisioner, volumeBindingMode: 'WaitForFirstConsumer', ...rest })
const pod = (name: string, claimName: string, spec: object = {}) =>
  podClient().create({
    metadata: { name },
    spec: {
      containers: [{ name: 'c', image: 'c' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
      ...spec,
    },
  })
/** The node, or why there is none. */
const where = async (name: string) => {
  await cluster.clock.advance('20s')
  const { spec, status } = await podClient().get(name)
  return spec.nodeName ?? status.conditions?.find(({ type }) => type === 'PodScheduled')?.message
}
const nowhere = (why: string) =>
  `0/2 nodes are available: ${why}. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.`

test('a pod waits for its claim to be made, and then to be bound', async () => {
  await pod('p', 'data')
  expect(await where('p')).toBe(nowhere('persistentvolumeclaim "data" not found'))
  await claim('data')
  expect(await where('p')).toBe(nowhere('pod has unbound immediate PersistentVolumeClaims'))
  await volume('v', ['simulated-2'])
  expect(await where('p')).toBe('simulated-2')
})

test('a bound volume’s node is the pod’s; where there is no such node, there is no place', async () => {
  await volume('here', ['simulated-2'])
  await volume('away', ['elsewhere'], { storageClassName: 'away' })
  await claim('here')
  await claim('away', { storageClassName: 'away' })
  await cluster.clock.advance('20s')
  await pod('p', 'here')
  await pod('q', 'away')
  expect(await where('p')).toBe('simulated-2')
  expect(await where('q')).toBe(nowhere("2 node(s) didn't match PersistentVolume's node affinity"))
})

test('a claim that waits is bound to a volume of the node, where people make the volumes', async () => {
  await waitingClass('local', 'kubernetes.io/no-provisioner')
  await claim('one', { storageClassName: 'local' })
  await claim('two', { storageClassName: 'local' })
  await pod('p', 'one')
  expect(await where('p')).toBe(nowhere("2 node(s) didn't find available persistent volumes to bind"))
  await volume('v', ['simulated-2'], { storageClassName: 'local' })
  expect(await where('p')).toBe('simulated-2')
  await pod('q', 'two')
  expect(await where('q')).toBe(nowhere("2 node(s) didn't find available persistent volumes to bind"))
})

test('a provisioner is told the node, of those its class allows', async () => {
  await waitingClass('disks', 'example.com/disks', {
    allowedTopologies: [{ matchLabelExpressions: [{ key: 'kubernetes.io/hostname', values: ['simulated-2'] }] }],
  })
  await claim('data', { storageClassName: 'disks' })
  await pod('p', 'data')
  await cluster.clock.advance('5s')
  const claims = cluster.client.resource(persistentVolumeClaims).namespace('default')
  const { metadata } = await claims.get('data')
  expect(metadata.annotations?.['volume.kubernetes.io/selected-node']).toBe('simulated-2')
  expect((await podClient().get('p')).spec.nodeName).toBeUndefined()
  const claimRef = { namespace: 'default', name: 'data', uid: metadata.uid }
  await volume('made', [], { storageClassName: 'disks', claimRef })
  expect(await where('p')).toBe('simulated-2')
})

test('ReadWriteOncePod: the second pod waits for the first to go', async () => {
  await volume('v', [], { accessModes: ['ReadWriteOncePod'] })
  await claim('data', { accessModes: ['ReadWriteOncePod'] })
  await pod('first', 'data')
  expect(await where('first')).toMatch(/^simulated/)
  await pod('second', 'data')
  expect(await where('second')).toContain(
    'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
  )
  await podClient().delete('first')
  expect(await where('second')).toMatch(/^simulated/)
})

test('a volume of a zone is for nodes there', async () => {
  for (const [node, zone] of [
    ['simulated-1', 'a'],
    ['simulated-2', 'b'],
  ] as const)
    await cluster.client.resource(nodes).patch(node, 'application/merge-patch+json', {
      metadata: { labels: { 'topology.kubernetes.io/zone': zone } },
    })
  await volume('b', [], { storageClassName: 'b' }, { 'failure-domain.beta.kubernetes.io/zone': 'b' })
  await volume('c', [], { storageClassName: 'c' }, { 'topology.kubernetes.io/zone': 'c__d' })
  await claim('b', { storageClassName: 'b' })
  await claim('c', { storageClassName: 'c' })
  await cluster.clock.advance('20s')
  await pod('p', 'b')
  await pod('q', 'c')
  expect(await where('p')).toBe('simulated-2')
  expect(await where('q')).toBe(nowhere('2 node(s) had no available volume zone'))
})

describe('a driver of which a node can have only so many volumes', () => {
  const disk = async (name: string) => {
    await volume(name, [], {
      hostPath: undefined,
      csi: { driver: 'disks.example.com', volumeHandle: name },
      accessModes: ['ReadWriteOnce', 'ReadOnlyMany'],
      claimRef: { namespace: 'default', name },
    })
    await claim(name, { volumeName: name })
  }
  const limit = (name: string, count: number) =>
    cluster.client.resource(csiNodes).create({
      metadata: { name },
      spec: {
        drivers: [{ name: 'disks.example.com', nodeID: name, topologyKeys: [], allocatable: { count } }],
      },
    })
  beforeEach(async () => {
    for (const name of ['a', 'b', 'c']) await disk(name)
    await limit('simulated-1', 1)
    await limit('simulated-2', 1)
  })

  test('is full when each has its one', async () => {
    await pod('p', 'a')
    await pod('q', 'b')
    expect([await where('p'), await where('q')].sort()).toEqual(['simulated-1', 'simulated-2'])
    await pod('r', 'c')
    expect(await where('r')).toBe(
      '0/2 nodes are available: 2 node(s) exceed max volume count. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
    )
    await cluster.client.resource(csiNodes).patch('simulated-2', 'application/merge-patch+json', {
      spec: {
        drivers: [{ name: 'disks.example.com', nodeID: 'simulated-2', topologyKeys: [], allocatable: { count: 2 } }],
      },
    })
    expect(await where('r')).toBe('simulated-2')
  })

  test('one volume counts once for all pods that use it', async () => {
    for (const name of ['p', 'q']) await pod(name, 'a', { nodeSelector: { 'kubernetes.io/hostname': 'simulated-1' } })
    expect([await where('p'), await where('q')]).toEqual(['simulated-1', 'simulated-1'])
  })
})

describe('a driver that reports its free storage', () => {
  const free = (name: string, node: string, amounts: object) =>
    cluster.client
      .resource(csiStorageCapacities)
      .namespace('default')
      .create({
        metadata: { name },
        storageClassName: 'late',
        nodeTopology: { matchLabels: { 'kubernetes.io/hostname': node } },
        ...amounts,
      })
  beforeEach(async () => {
    await cluster.client
      .resource(csiDrivers)
      .create({ metadata: { name: 'disks.example.com' }, spec: { attachRequired: false, storageCapacity: true } })
    await waitingClass('late', 'disks.example.com')
    await claim('data', { storageClassName: 'late' })
  })
  const selected = async () =>
    (await cluster.client.resource(persistentVolumeClaims).namespace('default').get('data')).metadata.annotations?.[
      'volume.kubernetes.io/selected-node'
    ]

  test('is used where it has enough', async () => {
    await free('one', 'simulated-1', { capacity: '512Mi' })
    await free('two', 'simulated-2', { capacity: '2Gi' })
    await pod('p', 'data')
    await cluster.clock.advance('2s')
    expect(await selected()).toBe('simulated-2')
  })

  test.each([
    ['nowhere', {}],
    ['not in one piece', { capacity: '5Gi', maximumVolumeSize: '512Mi' }],
  ])('has enough %s: the pod waits until it has', async (_, amounts) => {
    await free('one', 'simulated-1', amounts)
    await pod('p', 'data')
    expect(await where('p')).toBe(nowhere('2 node(s) did not have enough free storage'))
    await free('more', 'simulated-1', { capacity: '2Gi' })
    await cluster.clock.advance('20s')
    expect(await selected()).toBe('simulated-1')
  })
})

test('a claim for one pod is taken from a pod of lower priority', async () => {
  const classes = cluster.client.resource(priorityClasses)
  await classes.create({ metadata: { name: 'high' }, value: 1000 })
  await volume('v', [], { accessModes: ['ReadWriteOncePod'] })
  await claim('data', { accessModes: ['ReadWriteOncePod'] })
  await pod('low', 'data', { terminationGracePeriodSeconds: 0 })
  expect(await where('low')).toMatch(/^simulated/)
  await pod('other', 'data')
  expect(await where('other')).toBe(
    '0/2 nodes are available: 2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
  )
  await pod('high', 'data', { priorityClassName: 'high' })
  expect(await where('high')).toMatch(/^simulated/)
  await expect(podClient().get('low')).rejects.toThrow('not found')
})

describe('volumes of plugins that CSI drivers have taken over', () => {
  const driver = 'pd.csi.storage.gke.io'
  const zone = 'topology.kubernetes.io/zone'
  const node = (name: string, annotations: Record<string, string>, count?: number) =>
    cluster.client.resource(csiNodes).create({
      metadata: { name, annotations },
      spec: { drivers: [{ name: driver, nodeID: name, topologyKeys: [], ...(count && { allocatable: { count } }) }] },
    })
  const migrated = { 'storage.alpha.kubernetes.io/migrated-plugins': 'kubernetes.io/gce-pd,kubernetes.io/cinder' }

  test('count as the driver’s', async () => {
    await node('simulated-1', {}, 1)
    await node('simulated-2', {}, 1)
    for (const name of ['p', 'q', 'r'])
      await podClient().create({
        metadata: { name },
        spec: {
          containers: [{ name: 'c', image: 'app' }],
          volumes: [{ name: 'data', gcePersistentDisk: { pdName: name } }],
        },
      })
    const places = [await where('p'), await where('q'), await where('r')]
    expect(places.sort()).toEqual([
      expect.stringContaining('2 node(s) exceed max volume count'),
      'simulated-1',
      'simulated-2',
    ])
  })

  test('are where the driver’s name of the zone says, on nodes that have it', async () => {
    const nodesOf = cluster.client.resource(nodes)
    const label = (name: string, labels: object) =>
      nodesOf.patch(name, 'application/merge-patch+json', { metadata: { labels } })
    await node('simulated-1', migrated)
    await node('simulated-2', migrated)
    await label('simulated-1', { [zone]: 'us-east1-b' })
    await label('simulated-2', { [zone]: 'us-east1-b', 'topology.gke.io/zone': 'us-east1-b' })
    await volume('old', [], {
      hostPath: undefined,
      gcePersistentDisk: { pdName: 'disk' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: zone, operator: 'In', values: ['us-east1-b'] }] }],
        },
      },
    })
    await claim('old')
    await cluster.clock.advance('20s')
    await pod('p', 'old')
    expect(await where('p')).toBe('simulated-2')
  })
})
