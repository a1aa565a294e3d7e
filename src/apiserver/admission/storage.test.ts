import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../api/resource.ts'
import { cluster, type Request } from './testing/admission-cluster.ts'

describe('storage', () => {
  const claim = (spec: object = {}): Request => ({
    resource: 'persistentvolumeclaims',
    object: { metadata: { name: 'c' }, spec },
  })
  const storageClass = (creationTimestamp: string) => ({
    metadata: { creationTimestamp, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  })

  test('a claim gets the newest default class, unless it names one, or none', async () => {
    const { objects, write } = cluster()
    expect((await write(claim()))['spec'].storageClassName).toBeUndefined()
    objects.put('storageclasses.storage.k8s.io', '', 'new', storageClass('2026-02-01T00:00:00Z'))
    objects.put('storageclasses.storage.k8s.io', '', 'old', storageClass('2026-01-01T00:00:00Z'))
    objects.put('storageclasses.storage.k8s.io', '', 'plain')
    expect((await write(claim()))['spec'].storageClassName).toBe('new')
    expect((await write(claim({ storageClassName: '' })))['spec'].storageClassName).toBe('')
    expect((await write(claim({ storageClassName: 'plain' })))['spec'].storageClassName).toBe('plain')
  })

  test.each([
    ['persistentvolumeclaims', 'dev', 'kubernetes.io/pvc-protection'],
    ['persistentvolumes', '', 'kubernetes.io/pv-protection'],
    ['volumeattributesclasses.storage.k8s.io', '', 'kubernetes.io/vac-protection'],
  ])('%s are born protected', async (resource, namespace, finalizer) => {
    const written = await cluster().write({ resource, namespace, object: { metadata: { name: 'x' }, spec: {} } })
    expect(written.metadata['finalizers']).toEqual([finalizer])
  })
})

describe('PersistentVolumeClaimResize', () => {
  const claim = (storage: string, storageClassName = 'growing', phase = 'Bound'): KubeObject => ({
    metadata: { name: 'c' },
    spec: { storageClassName, resources: { requests: { storage } } },
    status: { phase },
  })
  const resize = (oldObject: KubeObject, object: KubeObject) => {
    const { objects, write } = cluster()
    objects.put('storageclasses.storage.k8s.io', '', 'growing', { allowVolumeExpansion: true })
    objects.put('storageclasses.storage.k8s.io', '', 'fixed')
    return write({ operation: 'UPDATE', resource: 'persistentvolumeclaims', oldObject, object })
  }

  test('a bound claim of a class that allows it grows; any may stay', async () => {
    await expect(resize(claim('1Gi'), claim('2Gi'))).resolves.toBeDefined()
    await expect(resize(claim('1Gi', 'fixed', 'Pending'), claim('1024Mi', 'fixed', 'Pending'))).resolves.toBeDefined()
  })

  test.each<[string, KubeObject, KubeObject]>([
    [
      'Only bound persistent volume claims can be expanded',
      claim('1Gi', 'growing', 'Pending'),
      claim('2Gi', 'growing', 'Pending'),
    ],
    ['the storageclass that provisions the pvc must support resize', claim('1Gi', 'fixed'), claim('2Gi', 'fixed')],
    ['only dynamically provisioned pvc can be resized', claim('1Gi', ''), claim('2Gi', '')],
    ['only dynamically provisioned pvc can be resized', claim('1Gi', 'gone'), claim('2Gi', 'gone')],
  ])('%s', async (message, old, grown) => {
    await expect(resize(old, grown)).rejects.toThrow(message)
  })
})
