import { describe, expect, test } from 'vitest'
import { deepFreeze } from '../../machinery/deep-freeze.ts'
import { cluster, pod, type Request } from './testing/admission-cluster.ts'

describe('LimitRanger', () => {
  const resources = (requests: object, limits: object = {}) => ({
    containers: [{ name: 'c', resources: { requests, limits } }],
  })
  const limitsOf = (...limits: object[]) => {
    const made = cluster()
    made.objects.put('limitranges', 'dev', 'l', { spec: { limits } })
    return made
  }

  test('gives defaults, and notes it', async () => {
    const { write } = limitsOf({
      type: 'Container',
      default: { cpu: '500m', memory: '1Gi' },
      defaultRequest: { cpu: '100m' },
    })
    const written = await write({ object: pod({ ...resources({ cpu: '200m' }), initContainers: [{ name: 'i' }] }) })
    expect(written['spec'].containers[0].resources).toEqual({
      requests: { cpu: '200m' },
      limits: { cpu: '500m', memory: '1Gi' },
    })
    expect(written.metadata['annotations']).toEqual({
      'kubernetes.io/limit-ranger':
        'LimitRanger plugin set: cpu, memory limit for container c; cpu request for init container i; cpu, memory limit for init container i',
    })
  })

  test('changes nothing in place: what a patch left alone is shared', async () => {
    const { write } = limitsOf({ type: 'Container', defaultRequest: { cpu: '100m' } })
    const shared = deepFreeze({ containers: [{ name: 'c' }], initContainers: [{ name: 'i', resources: {} }] })
    const object = { ...pod(), spec: shared }
    const written = await write({ object, oldObject: object, operation: 'UPDATE', subresource: 'resize' } as never)
    expect(written['spec'].initContainers[0].resources).toEqual({ requests: { cpu: '100m' } })
    expect(shared.initContainers[0]!.resources).toEqual({})
  })

  test.each<[string, object, object]>([
    [
      'minimum cpu usage per Container is 100m.  No request is specified',
      { type: 'Container', min: { cpu: '100m' } },
      {},
    ],
    [
      'minimum cpu usage per Container is 100m, but request is 50m',
      { type: 'Container', min: { cpu: '100m' } },
      resources({ cpu: '50m' }),
    ],
    [
      'maximum memory usage per Container is 1Gi, but limit is 2Gi',
      { type: 'Container', max: { memory: '1Gi' } },
      resources({}, { memory: '2Gi' }),
    ],
    [
      'maximum memory usage per Container is 1Gi.  No limit is specified',
      { type: 'Container', max: { memory: '1Gi' } },
      resources({ memory: '1Mi' }),
    ],
    [
      'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
      { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
      resources({ cpu: '100m' }, { cpu: '300m' }),
    ],
    [
      'cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0',
      { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
      resources({ cpu: '100m' }),
    ],
    [
      '[maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Gi, but limit is 2Gi]',
      { type: 'Container', max: { memory: '1Gi', cpu: '1' } },
      resources({}, { memory: '2Gi', cpu: '2' }),
    ],
    [
      'maximum cpu usage per Pod is 1, but limit is 1500m',
      { type: 'Pod', max: { cpu: '1' } },
      {
        containers: [
          { name: 'c', resources: { limits: { cpu: '700m' } } },
          { name: 'd', resources: { limits: { cpu: '800m' } } },
        ],
      },
    ],
    [
      'maximum cpu usage per Pod is 1, but limit is 1300m',
      { type: 'Pod', max: { cpu: '1' } },
      {
        initContainers: [
          { name: 's', restartPolicy: 'Always', resources: { limits: { cpu: '500m' } } },
          { name: 'i', resources: { limits: { cpu: '800m' } } },
        ],
        containers: [{ name: 'c', resources: { limits: { cpu: '100m' } } }],
      },
    ],
  ])('pods "p" is forbidden: %s', async (message, limit, spec) => {
    const { write } = limitsOf(limit)
    await expect(write({ object: pod(spec) })).rejects.toThrow(`pods "p" is forbidden: ${message}`)
  })

  test('claims have limits of their own', async () => {
    const { write } = limitsOf({ type: 'PersistentVolumeClaim', min: { storage: '2Gi' }, max: { storage: '5Gi' } })
    const claim = (storage: string): Request => ({
      resource: 'persistentvolumeclaims',
      object: { metadata: { name: 'c' }, spec: { resources: { requests: { storage } } } },
    })
    await expect(write(claim('1Gi'))).rejects.toThrow(
      'persistentvolumeclaims "c" is forbidden: minimum storage usage per PersistentVolumeClaim is 2Gi, but request is 1Gi',
    )
    await expect(write(claim('6Gi'))).rejects.toThrow('maximum storage usage per PersistentVolumeClaim is 5Gi')
    await expect(write(claim('2048Mi'))).resolves.toBeDefined()
  })

  test('of another namespace don’t count, nor for updates', async () => {
    const { objects, write } = cluster()
    objects.put('limitranges', 'prod', 'l', { spec: { limits: [{ type: 'Container', min: { cpu: '1' } }] } })
    await expect(write({ object: pod() })).resolves.toBeDefined()
    objects.put('limitranges', 'dev', 'l', { spec: { limits: [{ type: 'Container', min: { cpu: '1' } }] } })
    await expect(write({ operation: 'UPDATE', object: pod(), oldObject: pod() })).resolves.toBeDefined()
  })
})
