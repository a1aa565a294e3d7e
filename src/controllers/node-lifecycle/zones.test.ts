import { describe, expect, test } from 'vitest'
import type { Node } from '../../api/core/v1/node.ts'
import { virtualEnv } from '../../machinery/env/virtual-env.ts'
import { Zones, zoneState } from './zones.ts'

// How fast nodes of a zone are given up, by how many of it are lost.

const node = (zone: string, ready: boolean, labels: Record<string, string> = {}): Node =>
  ({
    metadata: { name: 'n', labels: { 'topology.kubernetes.io/zone': zone, ...labels } },
    spec: {},
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] },
  }) as unknown as Node

const zone = (name: string, healthy: number, lost: number) => [
  ...Array.from({ length: healthy }, () => node(name, true)),
  ...Array.from({ length: lost }, () => node(name, false)),
]

test.each([
  [0, 1, 'FullDisruption'],
  [1, 0, 'Normal'],
  [1, 2, 'Normal'],
  [2, 3, 'PartialDisruption'],
  [3, 3, 'Normal'],
  [45, 55, 'PartialDisruption'],
  [46, 54, 'Normal'],
  [0, 3, 'FullDisruption'],
])('%i healthy and %i lost: %s', (healthy, lost, state) => {
  expect(zoneState(zone('a', healthy, lost))).toBe(state)
})

describe('a lost node waits for its turn', () => {
  const turns = (nodes: Node[], count = 3) => {
    const zones = new Zones(virtualEnv().clock)
    const lost = nodes.find(({ status }) => status.conditions![0]!.status !== 'True')!
    return Array.from({ length: count }, () => zones.waitMs(lost, nodes))
  }
  test('one in ten seconds, while most are healthy', () => {
    expect(turns(zone('a', 4, 2))).toEqual([0, 10_000, 10_000])
  })
  test('so too when its whole zone is lost, and others are not', () => {
    expect(turns([...zone('a', 0, 3), ...zone('b', 1, 0)])).toEqual([0, 10_000, 10_000])
  })
  test('not at all in a small zone of which most are lost', () => {
    expect(turns(zone('a', 2, 4))).toEqual([Infinity, Infinity, Infinity])
  })
  test('one in a hundred seconds in a large one', () => {
    expect(turns(zone('a', 20, 31))).toEqual([0, 100_000, 100_000])
  })
})

describe('when nobody is heard of, it is this side that is cut off', () => {
  test('until the first one is again', () => {
    const zones = new Zones(virtualEnv().clock)
    expect(zones.survey([...zone('a', 0, 2), ...zone('b', 1, 0)])).toEqual({ cutOff: false, over: false })
    expect(zones.survey([...zone('a', 0, 2), ...zone('b', 0, 1)])).toEqual({ cutOff: true, over: false })
    expect(zones.survey([...zone('a', 1, 1), ...zone('b', 0, 1)])).toEqual({ cutOff: false, over: true })
  })
  test('and nodes that are excluded do not count', () => {
    const zones = new Zones(virtualEnv().clock)
    const spare = node('a', true, { 'node.kubernetes.io/exclude-disruption': '' })
    expect(zones.survey([...zone('a', 0, 2), spare])).toEqual({ cutOff: true, over: false })
  })
})
