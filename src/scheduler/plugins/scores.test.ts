// How each plugin ranks nodes.

import { expect, test } from 'vitest'
import { aNode, aPod, cacheOf, requesting, scores } from '../testing/fixtures.ts'
import { imageLocality, normalizedImageName } from './image-locality.ts'
import { nodeAffinity } from './node-affinity.ts'
import { nodeResourcesBalancedAllocation } from './node-resources-balanced-allocation.ts'
import { nodeResourcesFit } from './node-resources-fit.ts'
import { taintToleration } from './taint-toleration.ts'

const allocatable = { cpu: '4', memory: '10000', pods: '10' }

test('NodeResourcesFit likes the emptiest node', () => {
  const cache = cacheOf(
    [aNode('empty', { allocatable }), aNode('used', { allocatable }), aNode('full', { allocatable })],
    [
      aPod('a', { ...requesting({ cpu: '2', memory: '5000' }), nodeName: 'used' }),
      aPod('b', { ...requesting({ cpu: '4', memory: '10000' }), nodeName: 'full' }),
    ],
  )
  // ((4-1)/4 + (10000-2000)/10000) / 2 and so on, in hundredths.
  expect(scores(nodeResourcesFit, cache, aPod('p', requesting({ cpu: '1', memory: '2000' })))).toEqual({
    empty: 77,
    used: 27,
    full: 0,
  })
})

test('NodeResourcesFit counts a floor for containers that ask for nothing', () => {
  const big = { cpu: '1', memory: '2000Mi', pods: '10' }
  const cache = cacheOf([aNode('n', { allocatable: big })])
  // 100m of 1 and 200Mi of 2000Mi.
  expect(scores(nodeResourcesFit, cache, aPod('p'))).toEqual({ n: 90 })
})

test('NodeResourcesBalancedAllocation likes cpu and memory in like parts', () => {
  const cache = cacheOf(
    [aNode('even', { allocatable }), aNode('odd', { allocatable })],
    [aPod('a', { ...requesting({ cpu: '2' }), nodeName: 'odd' })],
  )
  // odd: 75 % of the cpu and 25 % of the memory.
  const pod = aPod('p', requesting({ cpu: '1', memory: '2500' }))
  expect(scores(nodeResourcesBalancedAllocation, cache, pod)).toEqual({ even: 100, odd: 75 })
  expect(scores(nodeResourcesBalancedAllocation, cache, aPod('best-effort'))).toBeUndefined()
})

test('TaintToleration counts the soft taints against a node', () => {
  const soft = (key: string) => ({ key, effect: 'PreferNoSchedule' })
  const cache = cacheOf([
    aNode('clean'),
    aNode('one', { spec: { taints: [soft('a')] } }),
    aNode('two', { spec: { taints: [soft('a'), soft('b')] } }),
  ])
  expect(scores(taintToleration, cache, aPod('p'))).toEqual({ clean: 100, one: 50, two: 0 })
  const tolerant = aPod('p', { tolerations: [{ key: 'a', operator: 'Exists' }] })
  expect(scores(taintToleration, cache, tolerant)).toEqual({ clean: 100, one: 100, two: 0 })
  expect(scores(taintToleration, cacheOf([aNode('clean')]), aPod('p'))).toBeUndefined()
})

test('NodeAffinity adds up the weights of the preferences a node meets', () => {
  const cache = cacheOf([
    aNode('both', { metadata: { labels: { disk: 'ssd', zone: 'here' } } }),
    aNode('one', { metadata: { labels: { disk: 'ssd' } } }),
    aNode('none'),
  ])
  const prefer = (weight: number, key: string, value: string) => ({
    weight,
    preference: { matchExpressions: [{ key, operator: 'In', values: [value] }] },
  })
  const terms = [prefer(30, 'disk', 'ssd'), prefer(70, 'zone', 'here')]
  const pod = aPod('p', { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: terms } } })
  expect(scores(nodeAffinity, cache, pod)).toEqual({ both: 100, one: 30, none: 0 })
  expect(scores(nodeAffinity, cache, aPod('p'))).toBeUndefined()
})

test('ImageLocality likes nodes that have big images, and trusts what is widespread', () => {
  const megabyte = 1024 * 1024
  const image = (name: string, megabytes: number) => ({ names: [name], sizeBytes: megabytes * megabyte })
  const cache = cacheOf([
    aNode('a', { images: [image('web:latest', 1000)] }),
    aNode('b', { images: [image('web:latest', 1000)] }),
    aNode('c', { images: [image('rare:1', 1000)] }),
    aNode('d'),
  ])
  // On two of four nodes: 500 of 23…1000 MB; on one of four: 250.
  expect(scores(imageLocality, cache, aPod('p'))).toEqual({ a: 48, b: 48, c: 0, d: 0 })
  const rare = aPod('p', { containers: [{ name: 'main', image: 'rare:1' }] })
  expect(scores(imageLocality, cache, rare)).toEqual({ a: 0, b: 0, c: 23, d: 0 })
  expect(scores(imageLocality, cache, aPod('p', { containers: [{ name: 'main', image: 'new' }] }))).toBeUndefined()
})

test.each([
  ['web', 'web:latest'],
  ['web:1', 'web:1'],
  ['registry:5000/web', 'registry:5000/web:latest'],
  ['registry:5000/web:2', 'registry:5000/web:2'],
])('the image %s is %s on nodes', (name, expected) => {
  expect(normalizedImageName(name)).toBe(expected)
})
