import { describe, expect, test } from 'vitest'
import { cluster, deepFrozen, pod, type Request } from './testing/admission-cluster.ts'

describe('Priority', () => {
  test('is the class’s, or the default class’s', async () => {
    const { objects, write } = cluster()
    objects.put('priorityclasses.scheduling.k8s.io', '', 'high', { value: 1000, preemptionPolicy: 'Never' })
    expect((await write({ object: pod({ priorityClassName: 'high' }) }))['spec']).toMatchObject({
      priority: 1000,
      preemptionPolicy: 'Never',
    })
    objects.put('priorityclasses.scheduling.k8s.io', '', 'usual', { value: 7, globalDefault: true })
    expect((await write({ object: pod() }))['spec']).toMatchObject({ priority: 7, priorityClassName: 'usual' })
  })

  test.each<[string, object]>([
    ['pods "p" is forbidden: no PriorityClass with name x was found', { priorityClassName: 'x' }],
    [
      'the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
      { priority: 5 },
    ],
    [
      'the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission controller computed PreemptLowerPriority from the given PriorityClass name',
      { preemptionPolicy: 'Never' },
    ],
  ])('%s', async (message, spec) => {
    await expect(cluster().write({ object: pod(spec) })).rejects.toThrow(message)
  })

  test('stays when an update leaves it out', async () => {
    const oldObject = deepFrozen(pod({ priority: 3, preemptionPolicy: 'Never', serviceAccountName: 'default' }))
    const written = await cluster().write({ operation: 'UPDATE', object: pod(), oldObject })
    expect(written['spec']).toMatchObject({ priority: 3, preemptionPolicy: 'Never' })
  })

  test('of all classes only one is the default', async () => {
    const { objects, write } = cluster()
    objects.put('priorityclasses.scheduling.k8s.io', '', 'usual', { value: 7, globalDefault: true })
    const request = (name: string): Request => ({
      resource: 'priorityclasses.scheduling.k8s.io',
      namespace: '',
      object: { metadata: { name }, value: 1, globalDefault: true },
    })
    await expect(write(request('other'))).rejects.toThrow(
      'priorityclasses.scheduling.k8s.io "other" is forbidden: PriorityClass usual is already marked as default. Only one default can exist',
    )
    await expect(write(request('usual'))).resolves.toBeDefined()
  })
})
