// Storage from end to end: claims, the default class, the scheduler, nodes, and what is left when all is deleted.

import { afterEach, expect, test } from 'vitest'
import { statefulSets } from '../../src/api/apps/v1/statefulset.ts'
import { events } from '../../src/api/core/v1/event.ts'
import { persistentVolumes } from '../../src/api/core/v1/persistentvolume.ts'
import { persistentVolumeClaims } from '../../src/api/core/v1/persistentvolumeclaim.ts'
import { pods } from '../../src/api/core/v1/pod.ts'
import { Cluster } from '../../src/cluster/cluster.ts'

let cluster: Cluster
afterEach(() => cluster.stop())

const podClient = () => cluster.client.resource(pods).namespace('default')
const claimClient = () => cluster.client.resource(persistentVolumeClaims).namespace('default')
const volumes = async () => (await cluster.client.resource(persistentVolumes).list()).items
const claims = async () => (await claimClient().list()).items
const running = async (name: string) =>
  (
    await podClient()
      .get(name)
      .catch(() => undefined)
  )?.status.phase === 'Running'
const reasons = async (name: string) =>
  (await cluster.client.resource(events).namespace('default').list()).items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason }) => reason)

const database = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
      - {name: db, image: db, volumeMounts: [{name: data, mountPath: /data}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`

test('a StatefulSet’s pods get volumes of the default class, keep them, and the volumes go with their claims', async () => {
  cluster = await Cluster.start({ nodes: 3, hostPathStorage: true })
  await cluster.apply(database)
  await cluster.until(async () => (await running('db-0')) && (await running('db-1')))
  const before = await podClient().get('db-0')
  expect(
    (await claims()).map(({ metadata, spec, status }) => [metadata.name, spec.storageClassName, status.phase]),
  ).toEqual([
    ['data-db-0', 'standard', 'Bound'],
    ['data-db-1', 'standard', 'Bound'],
  ])
  const claim = await claimClient().get('data-db-0')
  const volume = (await volumes()).find(({ metadata }) => metadata.name === claim.spec.volumeName)!
  expect(volume).toMatchObject({
    metadata: {
      name: `pvc-${claim.metadata.uid}`,
      annotations: { 'pv.kubernetes.io/provisioned-by': 'k8ts.dev/host-path' },
    },
    spec: { capacity: { storage: '1Gi' }, persistentVolumeReclaimPolicy: 'Delete', storageClassName: 'standard' },
    status: { phase: 'Bound' },
  })
  expect(claim.metadata.annotations).toMatchObject({
    'volume.kubernetes.io/selected-node': before.spec.nodeName,
    'volume.kubernetes.io/storage-provisioner': 'k8ts.dev/host-path',
    'pv.kubernetes.io/bind-completed': 'yes',
    'pv.kubernetes.io/bound-by-controller': 'yes',
  })
  expect(await reasons('data-db-0')).toEqual(
    expect.arrayContaining(['ExternalProvisioning', 'Provisioning', 'ProvisioningSucceeded']),
  )

  // Again and again the pod goes where its volume is.
  for (let round = 0; round < 2; round++) {
    const { metadata } = await podClient().get('db-0')
    await podClient().delete('db-0')
    await cluster.until(
      async () => (await running('db-0')) && (await podClient().get('db-0')).metadata.uid !== metadata.uid,
    )
    expect((await podClient().get('db-0')).spec.nodeName).toBe(before.spec.nodeName)
  }
  expect((await claimClient().get('data-db-0')).spec.volumeName).toBe(volume.metadata.name)

  // A claim in use waits for its pod; then its volume goes too.
  await claimClient().delete('data-db-1')
  await cluster.clock.advance('5s')
  expect((await claimClient().get('data-db-1')).metadata.deletionTimestamp).toBeDefined()
  await cluster.client
    .resource(statefulSets)
    .namespace('default')
    .patch('db', 'application/merge-patch+json', { spec: { replicas: 1 } })
  await cluster.until(async () => (await claims()).length === 1 && (await volumes()).length === 1)
  expect((await volumes())[0]!.metadata.name).toBe(volume.metadata.name)
})

test('an ephemeral volume’s claim comes and goes with its pod', async () => {
  cluster = await Cluster.start({ hostPathStorage: true })
  await cluster.apply(`
apiVersion: v1
kind: Pod
metadata: {name: scratch}
spec:
  containers: [{name: c, image: c, volumeMounts: [{name: work, mountPath: /work}]}]
  volumes:
  - name: work
    ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}
`)
  await cluster.until(() => running('scratch'))
  expect((await claims()).map(({ metadata }) => metadata.name)).toEqual(['scratch-work'])
  await podClient().delete('scratch')
  await cluster.until(async () => (await claims()).length === 0 && (await volumes()).length === 0)
})
