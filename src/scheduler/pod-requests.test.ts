// What a pod asks for.

import { expect, test } from 'vitest'
import { podRequests } from './pod-requests.ts'
import { ResourceTable } from './resource-table.ts'
import { aPod, requesting } from './testing/fixtures.ts'

const mebi = 1024 * 1024

function requests(spec: object, status: object = {}) {
  const { names, amounts, nonZeroCpu, nonZeroMemory } = podRequests(aPod('p', spec, {}, status), new ResourceTable())
  return {
    ...Object.fromEntries(names.map((name, at) => [name, amounts[at]])),
    floor: [nonZeroCpu, nonZeroMemory / mebi],
  }
}

const init = (cpu: string, restartPolicy?: string) => ({
  name: `i${cpu}`,
  image: 'init',
  restartPolicy,
  resources: { requests: { cpu } },
})

test.each<[string, object, object]>([
  ['nothing', {}, { floor: [100, 200] }],
  [
    'the sum of its containers',
    requesting({ cpu: '100m', memory: '10Mi' }, { cpu: '1' }),
    { cpu: 1100, memory: 10 * mebi, floor: [1100, 210] },
  ],
  ['a zero, which counts as nothing asked but has no floor', requesting({ cpu: '0' }), { floor: [0, 200] }],
  ['less than a thousandth, rounded up', requesting({ cpu: '100u' }), { cpu: 1, floor: [1, 200] }],
  [
    'the greediest init container, when it is more than all others together',
    { ...requesting({ cpu: '1' }), initContainers: [init('3'), init('2')] },
    { cpu: 3000, floor: [3000, 200] },
  ],
  [
    'sidecars, which stay',
    { ...requesting({ cpu: '1' }), initContainers: [init('2', 'Always')] },
    { cpu: 3000, floor: [3000, 400] },
  ],
  [
    'an init container beside the sidecars before it',
    { ...requesting({ cpu: '1' }), initContainers: [init('2', 'Always'), init('5'), init('3', 'Always')] },
    { cpu: 7000, floor: [7000, 600] },
  ],
  [
    'the pod as a whole, where it says so',
    { ...requesting({ cpu: '1', memory: '1Mi' }), resources: { requests: { cpu: '4' } } },
    { cpu: 4000, memory: mebi, floor: [4000, 1] },
  ],
  [
    'overhead',
    { ...requesting({ cpu: '1', memory: '1Mi' }), overhead: { cpu: '250m', memory: '1Mi' } },
    { cpu: 1250, memory: 2 * mebi, floor: [1250, 2] },
  ],
  [
    'extended resources and huge pages, but not what nobody counts',
    requesting({ 'example.com/gpu': '2', 'hugepages-2Mi': '4Mi', pods: '3', odd: '1' }),
    { 'example.com/gpu': 2, 'hugepages-2Mi': 4 * mebi, floor: [100, 200] },
  ],
])('%s', (_, spec, expected) => {
  expect(requests(spec)).toEqual(expected)
})

test('a resize under way holds the more of what was and what will be', () => {
  const status = (cpu: string, conditions: object[] = []) => ({
    conditions,
    containerStatuses: [{ name: 'c0', resources: { requests: { cpu } }, allocatedResources: { cpu } }],
  })
  const spec = requesting({ cpu: '2', memory: '1Mi' })
  expect(requests(spec, status('3'))).toMatchObject({ cpu: 3000 })
  expect(requests(spec, status('1'))).toMatchObject({ cpu: 2000 })
  const infeasible = [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }]
  expect(requests(spec, status('1', infeasible))).toMatchObject({ cpu: 1000 })
})
