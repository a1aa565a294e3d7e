import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nodes } from '../../api/core/v1/node.ts'
import { Cluster } from '../../cluster/cluster.ts'
import { nodeRange } from './node-range.ts'

// What every node is given: a range for its pods, and how long its kubelet may keep what it has read.

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
})
afterEach(() => cluster.stop())

const create = (name: string, podCIDR?: string) =>
  cluster.client.resource(nodes).create({ metadata: { name }, spec: podCIDR ? { podCIDR, podCIDRs: [podCIDR] } : {} })
const rangeOf = async (name: string) => (await cluster.client.resource(nodes).get(name)).spec.podCIDR

describe('the range of a node', () => {
  test('is the next free one', async () => {
    await create('given', '10.244.1.0/24')
    await create('a')
    await cluster.clock.advance('1s')
    await create('b')
    await cluster.clock.advance('1s')
    expect([await rangeOf('given'), await rangeOf('a'), await rangeOf('b')]).toEqual([
      '10.244.1.0/24',
      '10.244.0.0/24',
      '10.244.2.0/24',
    ])
    expect((await cluster.client.resource(nodes).get('a')).spec.podCIDRs).toEqual(['10.244.0.0/24'])
  })

  test.each<[range: string, first: (string | undefined)[]]>([
    ['10.0.0.0/23', ['10.0.0.0/24', '10.0.1.0/24', undefined]],
    ['fd00::/63', ['fd00::/64', 'fd00:0:0:1::/64', undefined]],
  ])('of %s: %j', (text, first) => {
    const range = nodeRange(text)
    expect(first.map(() => range.next())).toEqual(first)
    range.release(first[1]!)
    expect(range.next()).toBe(first[1])
  })
})

test('the time to keep what it has read is 0 in a small cluster', async () => {
  await create('a')
  await cluster.clock.advance('1s')
  expect((await cluster.client.resource(nodes).get('a')).metadata.annotations).toMatchObject({
    'node.alpha.kubernetes.io/ttl': '0',
  })
})

test('and grows with the number of nodes', async () => {
  for (let index = 0; index < 101; index++) await create(`n${index}`)
  await cluster.clock.advance('1m')
  const all = (await cluster.client.resource(nodes).list()).items
  expect(new Set(all.map(({ metadata }) => metadata.annotations?.['node.alpha.kubernetes.io/ttl']))).toEqual(
    new Set(['15']),
  )
})
