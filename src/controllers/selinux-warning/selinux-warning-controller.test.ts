import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { events } from '../../api/core/v1/event.ts'
import { persistentVolumes } from '../../api/core/v1/persistentvolume.ts'
import { persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { csiDrivers } from '../../api/storage/v1/csidriver.ts'
import { Cluster } from '../../cluster/cluster.ts'
import { labelsConflict, messageOf } from './volume-labels.ts'

// Pods that share a volume are told of each other, where a node could not give it to both.

test.each([
  ['a:b:c:s0', 'a:b:c:s0', false],
  ['system_u:system_r:container_t:s0:c1,c2', ':::s0:c1,c2', false],
  ['system_u:system_r:container_t:s0:c1,c2', ':::s0:c98,c99', true],
  [':::s0:c1,c2', '', true],
  ['a:::s0', 'b:::s0', true],
  ['a:::s0', ':b::s0', false],
  ['', '', false],
])('%j and %j: %j', (one, other, conflict) => {
  expect(labelsConflict(one, other)).toBe(conflict)
  expect(labelsConflict(other, one)).toBe(conflict)
})

test('nothing is said of pods in other namespaces', () => {
  expect(
    messageOf({ property: 'SELinuxLabel', pod: 'one/p', value: ':::s0', otherPod: 'two/q', otherValue: ':::s1' }),
  ).toBe(
    'SELinuxLabel":::s0" conflicts with another pod that uses the same volume as this pod with a different SELinuxLabel. If both pods land on the same node, only one of them may access the volume.',
  )
})

describe('pods with one volume', () => {
  let cluster: Cluster
  beforeEach(async () => {
    cluster = await Cluster.start({
      nodes: 0,
      withoutScheduler: true,
      controllers: ['*', 'selinux-warning-controller', '-persistentvolume-attach-detach-controller'],
    })
    await driver('labelling', true)
    await driver('plain', false)
    for (const name of ['labelling', 'plain']) await disk(name)
    await second()
  })
  afterEach(() => cluster.stop())

  const second = () => cluster.clock.advance('1s')
  const driver = (name: string, seLinuxMount: boolean) =>
    cluster.client.resource(csiDrivers).create({ metadata: { name }, spec: { seLinuxMount } })
  const disk = async (name: string) => {
    await cluster.client.resource(persistentVolumes).create({
      metadata: { name },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteMany'],
        storageClassName: 'disks',
        claimRef: { namespace: 'default', name },
        csi: { driver: name, volumeHandle: name },
      },
    })
    await cluster.client
      .resource(persistentVolumeClaims)
      .namespace('default')
      .create({
        metadata: { name },
        spec: {
          accessModes: ['ReadWriteMany'],
          storageClassName: 'disks',
          volumeName: name,
          resources: { requests: { storage: '1Gi' } },
        },
      })
  }
  const run = async (name: string, claimName: string, securityContext: object, ...containers: object[]) => {
    const mount = { volumeMounts: [{ name: 'data', mountPath: '/data' }] }
    await cluster.client
      .resource(pods)
      .namespace('default')
      .create({
        metadata: { name },
        spec: {
          securityContext,
          containers: (containers.length > 0 ? containers : [{}]).map((each, at) => ({
            ...{ name: `c${at}`, image: 'app', ...mount },
            ...each,
          })),
          volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
        },
      })
    await second()
  }
  const level = (text: string) => ({ seLinuxOptions: { level: text } })
  const told = async (name: string) =>
    (await cluster.client.resource(events).list()).items
      .filter(({ involvedObject, source }) => involvedObject.name === name && source?.component === 'selinux_warning')
      .map(({ type, reason, message }) => `${type} ${reason}: ${message}`)
  const end = 'If both pods land on the same node, only one of them may access the volume.'

  test('with other labels are both told', async () => {
    await run('p', 'labelling', level('s0:c1'))
    await run('q', 'labelling', level('s0:c2'))
    expect(await told('p')).toEqual([
      `Normal SELinuxLabelConflict: SELinuxLabel ":::s0:c1" conflicts with pod q that uses the same volume as this pod with SELinuxLabel ":::s0:c2". ${end}`,
    ])
    expect(await told('q')).toEqual([
      `Normal SELinuxLabelConflict: SELinuxLabel ":::s0:c2" conflicts with pod p that uses the same volume as this pod with SELinuxLabel ":::s0:c1". ${end}`,
    ])
  })

  test('with other policies are told of both', async () => {
    await run('p', 'labelling', level('s0:c1'))
    await run('q', 'labelling', { ...level('s0:c1'), seLinuxChangePolicy: 'Recursive' })
    expect((await told('q')).sort()).toEqual([
      `Normal SELinuxChangePolicyConflict: SELinuxChangePolicy "Recursive" conflicts with pod p that uses the same volume as this pod with SELinuxChangePolicy "MountOption". ${end}`,
      `Normal SELinuxLabelConflict: SELinuxLabel "" conflicts with pod p that uses the same volume as this pod with SELinuxLabel ":::s0:c1". ${end}`,
    ])
  })

  test('of a driver that does not mount with labels are let be, until it does', async () => {
    await run('p', 'plain', level('s0:c1'))
    await run('q', 'plain', level('s0:c2'))
    expect([...(await told('p')), ...(await told('q'))]).toEqual([])
    const plain = await cluster.client.resource(csiDrivers).get('plain')
    await cluster.client.resource(csiDrivers).update({ ...plain, spec: { ...plain.spec, seLinuxMount: true } })
    await second()
    expect((await told('p')).some(text => text.includes('SELinuxLabel ":::s0:c1" conflicts with pod q'))).toBe(true)
  })

  test('are forgotten when they have ended', async () => {
    await run('p', 'labelling', level('s0:c1'))
    await cluster.client.resource(pods).namespace('default').delete('p', { gracePeriodSeconds: 0 })
    await second()
    await run('q', 'labelling', level('s0:c2'))
    expect(await told('q')).toEqual([])
  })

  test('a pod whose containers differ is told so', async () => {
    await run('p', 'labelling', {}, { securityContext: level('s0:c1') }, { securityContext: level('s0:c2') })
    expect(await told('p')).toEqual([
      'Warning MultipleSELinuxLabels: Volume "data" is mounted twice with different SELinux labels inside this pod',
    ])
  })
})
