import { expect, test } from 'vitest'
import { podResources, resourceList } from './pod-resources.ts'
import { testPod } from './testing/node-bench.ts'

test.each<[string, object, Record<string, string>]>([
  [
    'containers add up',
    { containers: [{ resources: { requests: { cpu: '1' } } }, { resources: { requests: { cpu: '500m' } } }] },
    { cpu: '1500m' },
  ],
  [
    'the largest init container counts, when it is larger',
    {
      initContainers: [
        { name: 'i', resources: { requests: { cpu: '3' } } },
        { name: 'j', resources: { requests: { cpu: '2' } } },
      ],
    },
    { cpu: '3' },
  ],
  [
    'sidecars count beside containers and later init containers',
    {
      initContainers: [
        { name: 's', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } },
        { name: 'i', resources: { requests: { cpu: '2' } } },
      ],
      containers: [{ resources: { requests: { cpu: '500m' } } }],
    },
    { cpu: '3' },
  ],
  [
    'overhead is on top',
    { overhead: { cpu: '100m' }, containers: [{ resources: { requests: { cpu: '1' } } }] },
    { cpu: '1100m' },
  ],
])('requests: %s', (_, spec, expected) => {
  expect(resourceList(podResources(testPod('p', spec), 'requests'))).toEqual(expected)
})

test('overhead makes no limit where there is none', () => {
  const pod = testPod('p', {
    overhead: { cpu: '100m', memory: '1Mi' },
    containers: [{ resources: { limits: { cpu: '1' } } }],
  })
  expect(resourceList(podResources(pod, 'limits'))).toEqual({ cpu: '1100m' })
  expect(resourceList(podResources(testPod('q'), 'limits'))).toBeUndefined()
})
