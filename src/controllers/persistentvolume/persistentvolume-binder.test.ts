// What binds to what, what waits and what it is told, and what becomes of volumes.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { events } from '../../api/core/v1/event.ts'
import { persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { storageClasses } from '../../api/storage/v1/storageclass.ts'
import { Cluster } from '../../cluster/cluster.ts'

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
})
afterEach(() => cluster.stop())

const volumeClient = () => cluster.client.resource(persistentVolumes)
const claimClient = () => cluster.client.resource(persistentVolumeClaims).namespace('default')

const volume = (name: string, size: string, spec: object = {}, labels?: Record<string, string>) =>
  volumeClient().create({
    metadata: { name, labels },
    spec: { capacity: { storage: size }, accessModes: ['ReadWriteOnce'], nfs: { server: 's', path: '/' }, ...spec },
  })
const claim = (name: string, size: string, spec: object = {}) =>
  claimClient().create({
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } }, storageClassName: '', ...spec },
  })
const storageClass = (name: string, provisioner: string, rest: object = {}, annotations?: Record<string, string>) =>
  cluster.client.resource(storageClasses).create({ metadata: { name, annotations }, provisioner, ...rest })
const settled = () => cluster.clock.advance('1s')
const synced = () => cluster.clock.advance('16s')

/** phase, and to what. */
const ofClaim = async (name: string) => {
  const { spec, status } = await claimClient().get(name)
  return `${status.phase} ${spec.volumeName ?? ''}`.trim()
}
const ofVolume = async (name: string) => {
  const { spec, status } = await volumeClient().get(name)
  return `${status.phase} ${spec.claimRef?.name ?? ''}`.trim()
}
const told = async (name: string) => {
  const { items } = await cluster.client.resource(events).list()
  return items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
}

const ofDriver = { nfs: undefined, csi: { driver: 'd', volumeHandle: 'h' } }

test('a volume without a claim is available, and a claim without a volume waits and says why', async () => {
  await volume('v', '1Gi')
  await claim('c', '2Gi')
  await settled()
  expect([await ofVolume('v'), await ofClaim('c')]).toEqual(['Available', 'Pending'])
  expect(await told('c')).toEqual([
    'Normal FailedBinding: no persistent volumes available for this claim and no storage class is set',
  ])
})

test('binding is written on both sides', async () => {
  await volume('v', '2Gi')
  await settled()
  await claim('c', '1Gi')
  await settled()
  const [bound, binder] = [await claimClient().get('c'), await volumeClient().get('v')]
  expect(bound).toMatchObject({
    metadata: {
      annotations: { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' },
    },
    spec: { volumeName: 'v' },
    status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '2Gi' } },
  })
  expect(binder).toMatchObject({
    metadata: { annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } },
    spec: { claimRef: { kind: 'PersistentVolumeClaim', namespace: 'default', name: 'c', uid: bound.metadata.uid } },
    status: { phase: 'Bound' },
  })
})

test.each<[string, Parameters<typeof volume>[], object, string]>([
  [
    'the smallest that is big enough',
    [
      ['big', '9Gi'],
      ['small', '3Gi'],
      ['tiny', '1Gi'],
    ],
    {},
    'Bound small',
  ],
  [
    'fewer access modes before less size',
    [
      ['wide', '2Gi', { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] }],
      ['narrow', '5Gi'],
    ],
    {},
    'Bound narrow',
  ],
  ['every access mode', [['one', '2Gi']], { accessModes: ['ReadWriteOnce', 'ReadWriteMany'] }, 'Pending'],
  [
    'its class',
    [
      ['none', '2Gi'],
      ['fast', '5Gi', { storageClassName: 'fast' }],
    ],
    { storageClassName: 'fast' },
    'Bound fast',
  ],
  [
    'its mode',
    [
      ['files', '2Gi'],
      ['block', '5Gi', { volumeMode: 'Block' }],
    ],
    { volumeMode: 'Block' },
    'Bound block',
  ],
  [
    'its labels',
    [
      ['a', '2Gi', {}, { zone: 'a' }],
      ['b', '5Gi', {}, { zone: 'b' }],
    ],
    { selector: { matchLabels: { zone: 'b' } } },
    'Bound b',
  ],
  [
    'the one kept for it, whatever its class',
    [
      ['free', '2Gi'],
      ['kept', '9Gi', { claimRef: { namespace: 'default', name: 'c' } }],
    ],
    {},
    'Bound kept',
  ],
  [
    'one with fewer access modes before the one kept for it',
    [
      ['free', '2Gi'],
      [
        'kept',
        '9Gi',
        { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'], claimRef: { namespace: 'default', name: 'c' } },
      ],
    ],
    {},
    'Bound free',
  ],
  [
    'none of another attributes class, were it kept for it',
    [
      [
        'kept',
        '2Gi',
        { volumeAttributesClassName: 'gold', ...ofDriver, claimRef: { namespace: 'default', name: 'c' } },
      ],
    ],
    {},
    'Pending',
  ],
  [
    'none that is kept for another',
    [['kept', '2Gi', { claimRef: { namespace: 'default', name: 'other' } }]],
    {},
    'Pending',
  ],
])('a claim of 2Gi gets %s', async (_, there, spec, expected) => {
  for (const each of there) await volume(...each)
  await settled()
  await claim('c', '2Gi', spec)
  await settled()
  expect(await ofClaim('c')).toBe(expected)
})

test.each([
  ['1Gi', {}, 'requested PV is too small'],
  ['5Gi', { storageClassName: 'x' }, 'storageClassName does not match'],
  ['5Gi', { volumeMode: 'Block' }, 'incompatible volumeMode'],
  ['5Gi', { volumeAttributesClassName: 'gold', ...ofDriver }, 'volumeAttributesClassName does not match'],
  ['5Gi', { accessModes: ['ReadOnlyMany'] }, 'incompatible accessMode'],
])('a claim that names a volume of %s with %j is told: %s', async (size, spec, why) => {
  await volume('v', size, spec)
  await claim('c', '2Gi', { volumeName: 'v' })
  await settled()
  expect(await ofClaim('c')).toBe('Pending v')
  expect(await told('c')).toContain(`Warning VolumeMismatch: Cannot bind to requested volume "v": ${why}`)
})

test('a claim that names a volume that goes is told so', async () => {
  await cluster.client.resource(persistentVolumes).create({
    metadata: { name: 'v', finalizers: ['example.com/kept'] },
    spec: { capacity: { storage: '5Gi' }, accessModes: ['ReadWriteOnce'], nfs: { server: 's', path: '/' } },
  })
  await volumeClient().delete('v')
  await claim('c', '2Gi', { volumeName: 'v' })
  await settled()
  expect(await told('c')).toContain(
    'Warning VolumeMismatch: Cannot bind to requested volume "v": the volume is marked for deletion "v"',
  )
})

test('a volume that is bound to a claim of another mode is told so, and so is the claim', async () => {
  const { metadata } = await claim('c', '2Gi')
  const claimRef = { namespace: 'default', name: 'c', uid: metadata.uid }
  await volume('v', '5Gi', { volumeMode: 'Block', claimRef })
  await settled()
  expect(await told('v')).toEqual([
    'Warning VolumeMismatch: Cannot bind PersistentVolume to requested PersistentVolumeClaim "c" due to incompatible volumeMode.',
  ])
  expect(await told('c')).toContain(
    'Warning VolumeMismatch: Cannot bind PersistentVolume "v" to requested PersistentVolumeClaim due to incompatible volumeMode.',
  )
  expect(await ofClaim('c')).toBe('Pending')
})

test('of a volume that is being resized the claim is told what it had', async () => {
  await volumeClient().create({
    metadata: { name: 'v', annotations: { 'volume.alpha.kubernetes.io/pre-resize-capacity': '3Gi' } },
    spec: { capacity: { storage: '5Gi' }, accessModes: ['ReadWriteOnce'], nfs: { server: 's', path: '/' } },
  })
  await claim('c', '2Gi', { volumeName: 'v' })
  await settled()
  expect((await claimClient().get('c')).status).toMatchObject({ phase: 'Bound', capacity: { storage: '3Gi' } })
})

test('of a plugin’s volume it is told which driver has it now', async () => {
  await volumeClient().create({
    metadata: {
      name: 'v',
      annotations: { 'pv.kubernetes.io/provisioned-by': 'kubernetes.io/gce-pd' },
      finalizers: ['kubernetes.io/pv-controller'],
    },
    spec: { capacity: { storage: '5Gi' }, accessModes: ['ReadWriteOnce'], gcePersistentDisk: { pdName: 'd' } },
  })
  await settled()
  const { annotations, finalizers } = (await volumeClient().get('v')).metadata
  expect(annotations).toMatchObject({ 'pv.kubernetes.io/migrated-to': 'pd.csi.storage.gke.io' })
  expect(finalizers).not.toContain('kubernetes.io/pv-controller')
})

test('of two claims only one gets the volume; the other waits for the next', async () => {
  await volume('v', '1Gi')
  await settled()
  await Promise.all([claim('a', '1Gi'), claim('b', '1Gi')])
  await settled()
  const both = [await ofClaim('a'), await ofClaim('b')].sort()
  expect(both).toEqual(['Bound v', 'Pending'])
  await volume('w', '1Gi')
  await synced()
  expect([await ofClaim('a'), await ofClaim('b')].sort()).toEqual(['Bound v', 'Bound w'])
})

const onNode = { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n'] }] }

describe('when the claim is gone', () => {
  const orphan = async (policy: string, rest: object = {}) => {
    await volume('v', '1Gi', { persistentVolumeReclaimPolicy: policy, ...rest })
    await settled()
    await claim('c', '1Gi')
    await settled()
    await claimClient().delete('c')
    await settled()
  }
  test('a volume that is retained is released, for no other claim', async () => {
    await orphan('Retain')
    await claim('c', '1Gi')
    await synced()
    expect([await ofVolume('v'), await ofClaim('c')]).toEqual(['Released c', 'Pending'])
  })
  test('one that nobody here can delete has failed', async () => {
    await orphan('Delete')
    const { status } = await volumeClient().get('v')
    const message = 'error getting deleter volume plugin for volume "v": no deletable volume plugin matched'
    expect(status).toMatchObject({ phase: 'Failed', message })
    expect(await told('v')).toEqual([`Warning VolumeFailedDelete: ${message}`])
  })
  test.each([
    [
      { nfs: undefined, local: { path: '/x' }, nodeAffinity: { required: { nodeSelectorTerms: [onNode] } } },
      undefined,
      'error getting deleter volume plugin for volume "v": no volume plugin matched',
    ],
    [{}, 'kubernetes.io/glusterfs', 'no volume plugin matched name: kubernetes.io/glusterfs'],
    [{}, 'kubernetes.io/nfs', 'no deletable volume plugin matched'],
  ])('one of %j made by %s says: %s', async (spec, provisioner, message) => {
    await volume('v', '1Gi', { persistentVolumeReclaimPolicy: 'Delete', ...spec })
    await settled()
    await claim('c', '1Gi')
    await settled()
    await volumeClient().patch('v', 'application/merge-patch+json', {
      metadata: { annotations: { 'pv.kubernetes.io/provisioned-by': provisioner ?? null } },
    })
    await claimClient().delete('c')
    await settled()
    expect((await volumeClient().get('v')).status).toMatchObject({ phase: 'Failed', message })
  })
  test('a CSI driver’s is left for it to delete', async () => {
    await orphan('Delete', { nfs: undefined, csi: { driver: 'd', volumeHandle: 'h' } })
    expect(await ofVolume('v')).toBe('Released c')
  })
})

test('a claim whose volume is gone is lost', async () => {
  await volume('v', '1Gi')
  await settled()
  await claim('c', '1Gi')
  await settled()
  await volumeClient().delete('v')
  await volumeClient().patch('v', 'application/merge-patch+json', { metadata: { finalizers: null } })
  await settled()
  expect(await ofClaim('c')).toBe('Lost v')
  expect(await told('c')).toContain(
    'Warning ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!',
  )
})

describe('a claim of a class', () => {
  test('is marked for the provisioner of the class, and bound to what that makes', async () => {
    await storageClass('fast', 'example.com/disks')
    await claim('c', '1Gi', { storageClassName: 'fast' })
    await settled()
    const { metadata } = await claimClient().get('c')
    expect(metadata.annotations).toEqual({
      'volume.kubernetes.io/storage-provisioner': 'example.com/disks',
      'volume.beta.kubernetes.io/storage-provisioner': 'example.com/disks',
    })
    expect(await told('c')).toEqual([
      "Normal ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'example.com/disks' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
    ])
    const claimRef = { namespace: 'default', name: 'c', uid: metadata.uid }
    await volume('made', '1Gi', { storageClassName: 'fast', claimRef })
    await settled()
    expect([await ofClaim('c'), await ofVolume('made')]).toEqual(['Bound made', 'Bound c'])
  })
  test('that is not there says so', async () => {
    await claim('c', '1Gi', { storageClassName: 'absent' })
    await settled()
    expect(await told('c')).toEqual(['Warning ProvisioningFailed: storageclass.storage.k8s.io "absent" not found'])
  })
  test('that waits for its first consumer waits, whatever there is, until a node is selected', async () => {
    await storageClass('late', 'example.com/disks', { volumeBindingMode: 'WaitForFirstConsumer' })
    await volume('v', '5Gi', { storageClassName: 'late' })
    await claim('c', '2Gi', { storageClassName: 'late' })
    await settled()
    expect(await told('c')).toEqual([
      'Normal WaitForFirstConsumer: waiting for first consumer to be created before binding',
    ])
    await claimClient().patch('c', 'application/merge-patch+json', {
      metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'n' } },
    })
    await settled()
    expect((await told('c')).at(-1)).toContain('ExternalProvisioning')
    expect(await ofClaim('c')).toBe('Pending')
  })
  test('gets the default one, also when that comes later', async () => {
    await claim('c', '1Gi', { storageClassName: undefined })
    await settled()
    expect((await claimClient().get('c')).spec.storageClassName).toBeUndefined()
    await storageClass('std', 'example.com/disks', {}, { 'storageclass.kubernetes.io/is-default-class': 'true' })
    await synced()
    expect((await claimClient().get('c')).spec.storageClassName).toBe('std')
  })
})

test('volumes that claims are bound to stay until they are not', async () => {
  await volume('v', '1Gi')
  await settled()
  await claim('c', '1Gi')
  await settled()
  await volumeClient().delete('v')
  await settled()
  expect((await volumeClient().get('v')).metadata.deletionTimestamp).toBeDefined()
  await claimClient().delete('c')
  await settled()
  expect((await volumeClient().list()).items).toEqual([])
})

describe('a volume of a path of the node', () => {
  const pathOf = (path: string, persistentVolumeReclaimPolicy: string) => ({
    nfs: undefined,
    hostPath: { path },
    persistentVolumeReclaimPolicy,
  })
  const podClient = () => cluster.client.resource(pods).namespace('default')
  const used = async (spec: object, size = '1Gi') => {
    await volume('v', size, spec)
    await settled()
    await claim('c', size)
    await settled()
    await claimClient().delete('c')
    await settled()
  }
  const ended = (name: string, status: object) =>
    podClient().patch(name, 'application/merge-patch+json', { status }, { subresource: 'status' })

  test('below /tmp is deleted with its claim', async () => {
    await used(pathOf('/tmp/k8ts-test', 'Delete'))
    expect((await volumeClient().list()).items).toEqual([])
  })
  test('elsewhere is not', async () => {
    await used(pathOf('/data', 'Delete'))
    const message = 'host_path deleter only supports /tmp/.+ but received provided /data'
    expect((await volumeClient().get('v')).status).toMatchObject({ phase: 'Failed', message })
    await cluster.clock.advance('1m')
    expect(await told('v')).toEqual([`Warning VolumeFailedDelete: ${message}`])
  })
  test.each([
    ['1Gi', 60],
    ['10Gi', 300],
  ])('of %s is scrubbed by a pod within %i seconds, and free again', async (size, seconds) => {
    await used(pathOf('/data', 'Recycle'), size)
    const { spec } = await podClient().get('recycler-for-v')
    expect(spec).toMatchObject({ activeDeadlineSeconds: seconds, restartPolicy: 'Never' })
    expect(spec.volumes![0]).toMatchObject({ name: 'vol', hostPath: { path: '/data' } })
    expect(spec.containers[0]).toMatchObject({ name: 'pv-recycler', command: ['/bin/sh'] })
    expect(spec.containers[0]!.volumeMounts![0]).toEqual({ name: 'vol', mountPath: '/scrub' })
    expect(await ofVolume('v')).toBe('Released c')
    await ended('recycler-for-v', { phase: 'Succeeded' })
    await settled()
    expect(await ofVolume('v')).toBe('Available')
    expect(await told('v')).toEqual(['Normal VolumeRecycled: Volume recycled'])
    expect(
      (
        await podClient()
          .get('recycler-for-v')
          .catch(() => undefined)
      )?.metadata.deletionTimestamp,
    ).not.toBe(null)
  })
  test('whose scrubbing fails has failed, and is tried again', async () => {
    await used(pathOf('/data', 'Recycle'))
    await ended('recycler-for-v', { phase: 'Failed', message: 'disk on fire' })
    await settled()
    const message = 'Recycle failed: failed to recycle volume: disk on fire'
    expect((await volumeClient().get('v')).status).toMatchObject({ phase: 'Failed', message })
    expect(await told('v')).toEqual([`Warning VolumeFailedRecycle: ${message}`])
    await cluster.clock.advance('1m')
    expect((await podClient().get('recycler-for-v')).status.phase).toBe('Pending')
  })
  test('waits for the pods that still use it', async () => {
    await volume('v', '1Gi', pathOf('/data', 'Recycle'))
    await settled()
    await claim('c', '1Gi')
    await settled()
    await podClient().create({
      metadata: { name: 'p' },
      spec: {
        containers: [{ name: 'c', image: 'app' }],
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }],
      },
    })
    await claimClient().delete('c')
    await settled()
    expect(await told('v')).toEqual(['Normal VolumeFailedRecycle: Volume is used by pods: default/p'])
    await podClient().delete('p', { gracePeriodSeconds: 0 })
    await synced()
    expect((await podClient().list()).items.map(({ metadata }) => metadata.name)).toEqual(['recycler-for-v'])
  })
  test('of a kind that nobody scrubs has failed', async () => {
    await used({ nfs: undefined, csi: { driver: 'd', volumeHandle: 'h' }, persistentVolumeReclaimPolicy: 'Recycle' })
    expect(await told('v')).toEqual(['Warning VolumeFailedRecycle: No recycler plugin found for the volume!'])
  })
})

describe('a claim that wants to grow', () => {
  const grow = async (spec: object) => {
    await storageClass('fast', 'example.com/disks', { allowVolumeExpansion: true })
    await volume('v', '1Gi', { storageClassName: 'fast', nfs: undefined, ...spec })
    await settled()
    await claim('c', '1Gi', { storageClassName: 'fast' })
    await settled()
    await claimClient().patch('c', 'application/merge-patch+json', {
      spec: { resources: { requests: { storage: '2Gi' } } },
    })
    await settled()
  }
  test('is told that it waits for somebody else', async () => {
    await grow({ csi: { driver: 'd', volumeHandle: 'h' } })
    expect(await told('c')).toEqual(['Normal ExternalExpanding: waiting for an external controller to expand this PVC'])
  })
  test('is told which driver, where that stands in for a plugin', async () => {
    await grow({ awsElasticBlockStore: { volumeID: 'vol-1' } })
    expect(await told('c')).toEqual([
      'Normal ExternalExpanding: CSI migration enabled for kubernetes.io/aws-ebs; waiting for external resizer to expand the pvc',
    ])
    expect((await claimClient().get('c')).metadata.annotations).toMatchObject({
      'volume.kubernetes.io/storage-resizer': 'ebs.csi.aws.com',
    })
  })
})
