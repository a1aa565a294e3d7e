// The default class on a real disk: a directory for a claim, gone with the claim.

import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { events } from '../api/core/v1/event.ts'
import { persistentVolumes } from '../api/core/v1/persistentvolume.ts'
import { persistentVolumeClaims } from '../api/core/v1/persistentvolumeclaim.ts'
import { storageClasses } from '../api/storage/v1/storageclass.ts'
import { DiskVolumeHost } from '../kubelet/volumes/disk-volume-host.ts'
import { Cluster } from './cluster.ts'
import { type HostPathStorage, hostPathServiceAccount, startHostPathStorage } from './host-path-provisioner.ts'

let cluster: Cluster
let storage: HostPathStorage
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'host-path-'))
  cluster = await Cluster.start({ nodes: 0 })
  const node = { name: 'n', host: new DiskVolumeHost(cluster.env), directory }
  storage = await startHostPathStorage({
    env: cluster.env,
    admin: cluster.client,
    client: cluster.plane.controllerClient(hostPathServiceAccount),
    node: name => (name === 'n' ? node : undefined),
    anyNode: () => node,
  })
})
afterEach(async () => {
  await storage.stop()
  await cluster.stop()
  await rm(directory, { recursive: true })
})

const claims = () => cluster.client.resource(persistentVolumeClaims).namespace('default')
const claim = (rest: object = {}, annotations?: Record<string, string>) =>
  claims().create({
    metadata: { name: 'data', annotations },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...rest },
  })
const onNode = (name: string) => ({ 'volume.kubernetes.io/selected-node': name })
const messages = async () =>
  (await cluster.client.resource(events).namespace('default').list()).items.map(({ message }) => message)

test('the class is the default, and waits for its first consumer', async () => {
  expect(await cluster.client.resource(storageClasses).get('standard')).toMatchObject({
    metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'k8ts.dev/host-path',
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  await claim()
  await cluster.clock.advance('20s')
  expect(await readdir(directory)).toEqual([])
})

test('a claim gets a directory, which goes with it and all that is in it', async () => {
  await claim({}, onNode('n'))
  await cluster.until(async () => (await claims().get('data')).status.phase === 'Bound')
  const { spec } = await claims().get('data')
  const volume = await cluster.client.resource(persistentVolumes).get(spec.volumeName!)
  const { path } = (volume.spec as unknown as { hostPath: { path: string } }).hostPath
  expect(path).toBe(join(directory, `${spec.volumeName}_default_data`))
  await writeFile(join(path, 'file'), 'content')
  await claims().delete('data')
  await cluster.until(async () => (await cluster.client.resource(persistentVolumes).list()).items.length === 0)
  expect(existsSync(path)).toBe(false)
})

test.each([
  [{ volumeMode: 'Block' }, 'n', 'k8ts.dev/host-path does not support block volume provisioning'],
  [{ selector: { matchLabels: { a: 'b' } } }, 'n', 'claim Selector is not supported'],
  [{}, 'elsewhere', 'node "elsewhere" has no host path storage'],
])('a claim with %j on %s is refused', async (rest, node, why) => {
  await claim(rest, onNode(node))
  await cluster.clock.advance('2s')
  expect(await messages()).toContain(`failed to provision volume with StorageClass "standard": ${why}`)
  expect(await readdir(directory)).toEqual([])
})
