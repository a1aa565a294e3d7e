// Volumes follow their pods from node to node; the CSI driver is played by the test.

import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { events } from '../../api/core/v1/event.ts'
import { nodes } from '../../api/core/v1/node.ts'
import { persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { csiDrivers } from '../../api/storage/v1/csidriver.ts'
import { volumeAttachments } from '../../api/storage/v1/volumeattachment.ts'
import { Cluster } from '../../cluster/cluster.ts'

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({
    nodes: 0,
    withoutScheduler: true,
    // Nodes are as the test says.
    controllers: ['*', '-node-lifecycle-controller', '-taint-eviction-controller', '-pod-garbage-collector-controller'],
  })
  for (const name of ['one', 'two']) await node(name)
})
afterEach(() => cluster.stop())

const nodeClient = () => cluster.client.resource(nodes)
const attachmentClient = () => cluster.client.resource(volumeAttachments)
const podClient = (namespace = 'default') => cluster.client.resource(pods).namespace(namespace)
const second = () => cluster.clock.advance('1s')

async function node(
  name: string,
  annotations: object = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
) {
  await nodeClient().create({ metadata: { name, annotations: annotations as Record<string, string> } })
  await ready(name, 'True')
}
const nodeStatus = (name: string, status: object) =>
  nodeClient().patch(name, 'application/strategic-merge-patch+json', { status }, { subresource: 'status' })
const ready = (name: string, status: string) => nodeStatus(name, { conditions: [{ type: 'Ready', status }] })
const uses = (name: string, ...volumesInUse: string[]) => nodeStatus(name, { volumesInUse })
const attachedTo = async (name: string) =>
  (await nodeClient().get(name)).status.volumesAttached?.map(({ name }) => name) ?? []

const unique = (handle: string) => `kubernetes.io/csi/disks.example.com^${handle}`

/** A volume, bound to a claim of its name. */
async function disk(name: string, accessModes = ['ReadWriteOnce'], namespace = 'default') {
  await cluster.client.resource(persistentVolumes).create({
    metadata: { name },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes,
      storageClassName: 'disks',
      claimRef: { namespace, name },
      csi: { driver: 'disks.example.com', volumeHandle: name },
    },
  })
  await cluster.client
    .resource(persistentVolumeClaims)
    .namespace(namespace)
    .create({
      metadata: { name },
      spec: {
        accessModes,
        storageClassName: 'disks',
        volumeName: name,
        resources: { requests: { storage: '1Gi' } },
      },
    })
  await second()
}
const run = (name: string, nodeName: string, claimName: string, namespace = 'default') =>
  podClient(namespace).create({
    metadata: { name },
    spec: {
      nodeName,
      terminationGracePeriodSeconds: 0,
      tolerations: [{ operator: 'Exists' }],
      containers: [{ name: 'c', image: 'app' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
    },
  })
const attachments = async () =>
  (await attachmentClient().list()).items.map(({ spec, status, metadata }) =>
    [
      spec.attacher,
      spec.source.persistentVolumeName,
      spec.nodeName,
      status?.attached ? 'attached' : 'waiting',
      ...(metadata.deletionTimestamp ? ['deleting'] : []),
    ].join(' '),
  )
/** What the CSI driver's attacher answers. */
async function answer(nodeName: string, status: object) {
  for (const { metadata, spec } of (await attachmentClient().list()).items)
    if (spec.nodeName === nodeName)
      await attachmentClient().patch(
        metadata.name!,
        'application/merge-patch+json',
        { status },
        { subresource: 'status' },
      )
  await second()
}
const attached = (nodeName: string) => answer(nodeName, { attached: true, attachError: null })
const told = async (name: string) =>
  (await cluster.client.resource(events).list()).items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ type, reason, message, count }) => `${type} ${reason}: ${message}${count! > 1 ? ` (${count}x)` : ''}`)

describe('attaching', () => {
  test('a VolumeAttachment asks the driver; once it has answered, the node and the pod are told', async () => {
    await disk('d')
    await run('p', 'one', 'd')
    await second()
    expect(await attachments()).toEqual(['disks.example.com d one waiting'])
    const digest = createHash('sha256').update('ddisks.example.comone').digest('hex')
    expect((await attachmentClient().list()).items[0]!.metadata.name).toBe(`csi-${digest}`)
    expect(await attachedTo('one')).toEqual([])
    await attached('one')
    expect((await nodeClient().get('one')).status.volumesAttached).toEqual([{ name: unique('d'), devicePath: '' }])
    expect(await told('p')).toEqual(['Normal SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "d" '])
  })

  test('the driver’s error is the pod’s event, and it is tried again, later and later', async () => {
    await disk('d')
    await run('p', 'one', 'd')
    await second()
    await answer('one', { attached: false, attachError: { message: 'no such disk' } })
    expect((await told('p'))[0]).toContain(
      'Warning FailedAttachVolume: AttachVolume.Attach failed for volume "d" : no such disk',
    )
    await cluster.clock.advance('30s')
    const tries = Number(/\((\d+)x\)/.exec((await told('p'))[0]!)![1])
    expect(tries).toBeGreaterThan(4)
    expect(tries).toBeLessThan(9)
    await attached('one')
    await cluster.clock.advance('1m')
    expect(await attachedTo('one')).toEqual([unique('d')])
  })

  test('a driver that does not answer is given two minutes', async () => {
    await disk('d')
    await run('p', 'one', 'd')
    await cluster.clock.advance('119s')
    expect(await told('p')).toEqual([])
    await cluster.clock.advance('2s')
    expect(await told('p')).toEqual([
      'Warning FailedAttachVolume: AttachVolume.Attach failed for volume "d" : timed out waiting for external-attacher of disks.example.com CSI driver to attach volume d',
    ])
  })

  test('a driver that needs no attaching is left alone', async () => {
    await cluster.client
      .resource(csiDrivers)
      .create({ metadata: { name: 'disks.example.com' }, spec: { attachRequired: false } })
    await disk('d')
    await run('p', 'one', 'd')
    await second()
    expect(await attachments()).toEqual([])
  })

  test('a node whose kubelet attaches for itself is left alone', async () => {
    await node('own', {})
    await disk('d')
    await run('p', 'own', 'd')
    await second()
    expect(await attachments()).toEqual([])
  })

  test('iSCSI and Fibre Channel have nothing to attach: the node is told at once', async () => {
    await podClient().create({
      metadata: { name: 'p' },
      spec: {
        nodeName: 'one',
        containers: [{ name: 'c', image: 'app' }],
        volumes: [
          { name: 'a', iscsi: { targetPortal: '10.0.0.1:3260', iqn: 'iqn.2026-01.com.example:disk', lun: 2 } },
          { name: 'b', fc: { targetWWNs: ['50060e801049cfd1', '50060e801049cfd2'], lun: 0 } },
        ],
      },
    })
    await second()
    expect(await attachedTo('one')).toEqual([
      'kubernetes.io/iscsi/10.0.0.1:3260:iqn.2026-01.com.example:disk:2',
      'kubernetes.io/fc/[50060e801049cfd1 50060e801049cfd2]:0',
    ])
  })

  test('an attachment that is lost is made anew', async () => {
    await disk('d')
    await run('p', 'one', 'd')
    await second()
    await attached('one')
    const { metadata } = (await attachmentClient().list()).items[0]!
    await attachmentClient().delete(metadata.name!)
    await second()
    expect(await attachments()).toEqual(['disks.example.com d one waiting'])
    expect(await attachedTo('one')).toEqual([])
  })
})

describe('detaching', () => {
  const settle = async () => {
    await disk('d')
    await run('p', 'one', 'd')
    await second()
    await attached('one')
    await uses('one', unique('d'))
    await second()
    await podClient().delete('p', { gracePeriodSeconds: 0 })
    await second()
  }

  test('waits until the node has unmounted it', async () => {
    await settle()
    await cluster.clock.advance('10m')
    expect(await attachments()).toEqual(['disks.example.com d one attached'])
    await uses('one')
    await second()
    expect(await attachments()).toEqual([])
    expect(await attachedTo('one')).toEqual([])
  })

  test('the node may not use it any more before the driver detaches it', async () => {
    await settle()
    const { metadata } = (await attachmentClient().list()).items[0]!
    await attachmentClient().patch(metadata.name!, 'application/merge-patch+json', {
      metadata: { finalizers: ['x/y'] },
    })
    await uses('one')
    await second()
    expect(await attachments()).toEqual(['disks.example.com d one attached deleting'])
    expect(await attachedTo('one')).toEqual([])
  })

  test('a node that is not healthy loses it after six minutes, mounted or not', async () => {
    await settle()
    await ready('one', 'Unknown')
    await cluster.clock.advance('355s')
    expect(await attachments()).toEqual(['disks.example.com d one attached'])
    await cluster.clock.advance('10s')
    expect(await attachments()).toEqual([])
  })

  test('a node that is out of service loses it at once', async () => {
    await settle()
    await ready('one', 'Unknown')
    await nodeClient().patch('one', 'application/strategic-merge-patch+json', {
      spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }] },
    })
    await second()
    expect(await attachments()).toEqual([])
  })

  test('a pod that comes back in time keeps it', async () => {
    await settle()
    await run('q', 'one', 'd')
    await uses('one')
    await second()
    expect(await attachments()).toEqual(['disks.example.com d one attached'])
    expect(await attachedTo('one')).toEqual([unique('d')])
  })

  test('a pod that has ended wants nothing', async () => {
    await disk('d')
    await run('p', 'one', 'd')
    await second()
    await attached('one')
    await uses('one')
    const status = { phase: 'Succeeded' }
    await podClient().patch('p', 'application/merge-patch+json', { status }, { subresource: 'status' })
    await second()
    expect(await attachments()).toEqual([])
  })
})

describe('a volume for one node at a time', () => {
  const attachHere = async (modes?: string[]) => {
    await disk('d', modes)
    await run('p', 'one', 'd')
    await second()
    await attached('one')
    await uses('one', unique('d'))
  }

  test('is not attached to another, whose pod is told who has it, once', async () => {
    await attachHere()
    await run('q', 'two', 'd')
    await cluster.clock.advance('5m')
    expect(await attachments()).toEqual(['disks.example.com d one attached'])
    expect(await told('q')).toEqual([
      'Warning FailedAttachVolume: Multi-Attach error for volume "d" Volume is already used by pod(s) p',
    ])
  })

  test('comes over as soon as the other has let it go', async () => {
    await attachHere()
    await podClient().delete('p', { gracePeriodSeconds: 0 })
    await second()
    await run('q', 'two', 'd')
    await second()
    expect(await told('q')).toEqual([
      'Warning FailedAttachVolume: Multi-Attach error for volume "d" Volume is already exclusively attached to one node and can\'t be attached to another',
    ])
    await uses('one')
    await second()
    expect(await attachments()).toEqual(['disks.example.com d two waiting'])
    await attached('two')
    expect([await attachedTo('one'), await attachedTo('two')]).toEqual([[], [unique('d')]])
  })

  test('one for many is attached to many', async () => {
    await attachHere(['ReadWriteMany'])
    await run('q', 'two', 'd')
    await second()
    expect(await attachments()).toEqual(['disks.example.com d one attached', 'disks.example.com d two waiting'].sort())
  })
})

describe('a controller that starts again', () => {
  const restart = async (meanwhile: () => Promise<unknown>) => {
    await cluster.plane.stopControllers()
    await meanwhile()
    await cluster.plane.startControllers()
    await second()
  }
  beforeEach(async () => {
    await disk('d')
    await run('p', 'one', 'd')
    await second()
  })

  test('knows what is attached, and tells nobody again', async () => {
    await attached('one')
    await restart(async () => undefined)
    expect(await attachments()).toEqual(['disks.example.com d one attached'])
    expect(await attachedTo('one')).toEqual([unique('d')])
    expect(await told('p')).toHaveLength(1)
  })

  test('detaches what nobody wants any more', async () => {
    await attached('one')
    await uses('one')
    await restart(() => podClient().delete('p', { gracePeriodSeconds: 0 }))
    expect(await attachments()).toEqual([])
    expect(await attachedTo('one')).toEqual([])
  })

  test('goes on with what was on its way', async () => {
    await restart(() => attached('one'))
    expect(await attachedTo('one')).toEqual([unique('d')])
    expect(await told('p')).toEqual(['Normal SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "d" '])
  })

  test('finds the attachments of a node that is gone, and ends them after six minutes', async () => {
    await attached('one')
    await uses('one', unique('d'))
    await restart(async () => {
      await podClient().delete('p', { gracePeriodSeconds: 0 })
      await nodeClient().delete('one')
    })
    await cluster.clock.advance('5m')
    expect(await attachments()).toEqual(['disks.example.com d one attached'])
    await cluster.clock.advance('65s')
    expect(await attachments()).toEqual([])
  })
})

describe('volumes of plugins that CSI drivers have taken over', () => {
  test('a PersistentVolume is attached by the driver, under the driver’s name for it', async () => {
    await cluster.client.resource(persistentVolumes).create({
      metadata: { name: 'old', labels: { 'topology.kubernetes.io/zone': 'us-east1-b' } },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'disks',
        claimRef: { namespace: 'default', name: 'old' },
        gcePersistentDisk: { pdName: 'disk-1' },
      },
    })
    await cluster.client
      .resource(persistentVolumeClaims)
      .namespace('default')
      .create({
        metadata: { name: 'old' },
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: 'disks',
          volumeName: 'old',
          resources: { requests: { storage: '1Gi' } },
        },
      })
    await second()
    await run('p', 'one', 'old')
    await second()
    expect(await attachments()).toEqual(['pd.csi.storage.gke.io old one waiting'])
    await attached('one')
    expect(await attachedTo('one')).toEqual([
      'kubernetes.io/csi/pd.csi.storage.gke.io^projects/UNSPECIFIED/zones/us-east1-b/disks/disk-1',
    ])
  })

  test('a pod’s own volume is in the attachment itself', async () => {
    await podClient().create({
      metadata: { name: 'p' },
      spec: {
        nodeName: 'one',
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'c', image: 'app' }],
        volumes: [{ name: 'data', cinder: { volumeID: 'abc', fsType: 'ext4' } }],
      },
    })
    await second()
    const [attachment] = (await attachmentClient().list()).items
    expect(attachment!.spec).toMatchObject({
      attacher: 'cinder.csi.openstack.org',
      nodeName: 'one',
      source: {
        inlineVolumeSpec: {
          accessModes: ['ReadWriteOnce'],
          csi: { driver: 'cinder.csi.openstack.org', volumeHandle: 'abc', fsType: 'ext4' },
          volumeMode: 'Filesystem',
        },
      },
    })
    await attached('one')
    expect(await attachedTo('one')).toEqual(['kubernetes.io/csi/cinder.csi.openstack.org^abc'])
    expect(await told('p')).toEqual([
      'Normal SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "cinder.csi.openstack.org-abc" ',
    ])
    await podClient().delete('p', { gracePeriodSeconds: 0 })
    await uses('one')
    await second()
    expect(await attachments()).toEqual([])
  })
})
