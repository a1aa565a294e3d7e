// What is in use stays until it is not.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { persistentVolumeClaims } from '../../api/core/v1/persistentvolumeclaim.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { volumeAttributesClasses } from '../../api/storage/v1/volumeattributesclass.ts'
import { Cluster } from '../../cluster/cluster.ts'

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({
    nodes: 0,
    withoutScheduler: true,
    controllers: ['*', '-pod-garbage-collector-controller'],
  })
  await claims().create({
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: '' },
  })
})
afterEach(() => cluster.stop())

const claims = () => cluster.client.resource(persistentVolumeClaims).namespace('default')
const podClient = () => cluster.client.resource(pods).namespace('default')
const pod = (nodeName?: string) =>
  podClient().create({
    metadata: { name: 'p' },
    spec: {
      nodeName,
      containers: [{ name: 'c', image: 'c' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    },
  })
const settled = () => cluster.clock.advance('1s')
const deleteClaim = async () => {
  await claims().delete('data')
  await settled()
}
const isThere = async () => (await claims().list()).items.length === 1

test('a claim nobody uses goes at once', async () => {
  await deleteClaim()
  expect(await isThere()).toBe(false)
})

test('a pod that is on no node uses nothing', async () => {
  await pod()
  await deleteClaim()
  expect(await isThere()).toBe(false)
})

test('a claim goes once the pod that uses it is gone; that it has ended is not enough', async () => {
  await pod('n')
  await deleteClaim()
  expect(await isThere()).toBe(true)
  const ended = { status: { phase: 'Failed' } }
  await podClient().patch('p', 'application/merge-patch+json', ended, { subresource: 'status' })
  await settled()
  expect(await isThere()).toBe(true)
  await podClient().delete('p', { gracePeriodSeconds: 0 })
  await settled()
  expect(await isThere()).toBe(false)
})

test('one without the finalizer gets it back', async () => {
  await claims().patch('data', 'application/merge-patch+json', { metadata: { finalizers: null } })
  await settled()
  expect((await claims().get('data')).metadata.finalizers).toEqual(['kubernetes.io/pvc-protection'])
})

test('an attributes class goes once no claim names it', async () => {
  const classes = cluster.client.resource(volumeAttributesClasses)
  for (const name of ['used', 'unused'])
    await classes.create({ metadata: { name }, driverName: 'example.com', parameters: { iops: '1' } })
  await claims().create({
    metadata: { name: 'fast' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: '',
      volumeAttributesClassName: 'used',
    },
  })
  await settled()
  await classes.delete('used')
  await classes.delete('unused')
  await settled()
  expect((await classes.list()).items.map(({ metadata }) => metadata.name)).toEqual(['used'])
  await claims().delete('fast')
  await settled()
  expect((await classes.list()).items).toEqual([])
})
