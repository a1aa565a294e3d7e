// From a pod to its node: how many nodes are looked at, which is picked, and what is said when none will do.

import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../machinery/env/virtual-env.ts'
import type { Cache } from './cache.ts'
import { feasibleNodesToFind, SchedulingCycle } from './cycle.ts'
import type { Plugin } from './framework.ts'
import { FrameworkRunner } from './framework-runner.ts'
import { Nominator } from './nominator.ts'
import { nodeAffinity } from './plugins/node-affinity.ts'
import { nodeResourcesFit } from './plugins/node-resources-fit.ts'
import { prioritySort } from './plugins/priority-sort.ts'
import { taintToleration } from './plugins/taint-toleration.ts'
import { pickCandidate } from './preemption/pick-candidate.ts'
import { selectVictims } from './preemption/select-victims.ts'
import { unschedulable } from './status.ts'
import { aNode, aPod, cacheOf, requesting } from './testing/fixtures.ts'

const binder: Plugin = { name: 'Binder', bind: async () => undefined }

function aCycle(cache: Cache, plugins: readonly Plugin[], of: { nominator?: Nominator; seed?: number } = {}) {
  const framework = new FrameworkRunner([prioritySort, ...plugins, binder].map(plugin => ({ plugin, weight: 1 })))
  const nominator = of.nominator ?? new Nominator()
  return new SchedulingCycle({ cache, framework, nominator, random: new SeededRandom(of.seed ?? 1) })
}

const all = { name: 'All', score: () => 1 } satisfies Plugin

test.each([
  [10, 10],
  [99, 99],
  [100, 100],
  [200, 100],
  [1000, 420],
  [5000, 500],
  [6000, 300],
])('of %i nodes, %i that will do are enough', (nodes, expected) => {
  expect(feasibleNodesToFind(nodes)).toBe(expected)
})

test('a percentage that is set holds, but never below a hundred nodes', () => {
  expect(feasibleNodesToFind(1000, 30)).toBe(300)
  expect(feasibleNodesToFind(1000, 1)).toBe(100)
})

describe('the search', () => {
  test('goes on where it stopped, so that all nodes have their turn', () => {
    const cache = cacheOf(Array.from({ length: 300 }, (_, index) => aNode(`n${index}`)))
    const seen = new Map<string, number>()
    const counting: Plugin = {
      name: 'Counting',
      filter(_, node) {
        seen.set(node.name, (seen.get(node.name) ?? 0) + 1)
        return undefined
      },
    }
    const cycle = aCycle(cache, [counting, all])
    // 48 % of 300, and 25 of these searches go round twelve times.
    for (let turn = 0; turn < 25; turn++) expect(cycle.run(cache.podInfo(aPod('p'))).node).toBeDefined()
    expect(seen.size).toBe(300)
    expect(new Set(seen.values())).toEqual(new Set([12]))
  })

  test('picks the best, and among equals by chance', () => {
    const cache = cacheOf([aNode('a'), aNode('b'), aNode('c')])
    const best: Plugin = { name: 'Best', score: (_, node) => (node.name === 'b' ? 1 : 0) }
    expect(aCycle(cache, [best]).run(cache.podInfo(aPod('p'))).node).toBe('b')
    const cycle = aCycle(cache, [all])
    const picked = new Set(Array.from({ length: 50 }, () => cycle.run(cache.podInfo(aPod('p'))).node))
    expect([...picked].sort()).toEqual(['a', 'b', 'c'])
  })

  test('the same seed picks the same nodes', () => {
    const cache = cacheOf(Array.from({ length: 20 }, (_, index) => aNode(`n${index}`)))
    const run = () => {
      const cycle = aCycle(cache, [all], { seed: 7 })
      return Array.from({ length: 10 }, () => cycle.run(cache.podInfo(aPod('p'))).node)
    }
    expect(run()).toEqual(run())
  })
})

describe('when nothing fits', () => {
  const why = (cache: Cache, plugins: readonly Plugin[], spec: object = {}) =>
    aCycle(cache, plugins).run(cache.podInfo(aPod('p', spec))).status?.message

  test('there may be no nodes', () => {
    expect(why(cacheOf([]), [])).toBe('no nodes available to schedule pods')
  })

  test('the reasons are counted, in the order of their text', () => {
    const cache = cacheOf([
      aNode('a'),
      aNode('b'),
      ...['c', 'd', 'e'].map(name => aNode(name, { spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } })),
    ])
    expect(why(cache, [taintToleration, nodeResourcesFit], requesting({ cpu: '5', memory: '9Gi' }))).toBe(
      '0/5 nodes are available: 2 Insufficient cpu, 2 Insufficient memory, 3 node(s) had untolerated taint(s).',
    )
  })

  test('a pod for one node says who excluded the others', () => {
    const cache = cacheOf([aNode('a'), aNode('b'), aNode('c')])
    const matchFields = [{ key: 'metadata.name', operator: 'In', values: ['b'] }]
    const nodeSelectorTerms = [{ matchFields }]
    const spec = {
      ...requesting({ cpu: '5' }),
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
    }
    expect(why(cache, [nodeAffinity, nodeResourcesFit], spec)).toBe(
      "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
    )
  })

  test('a refusal before any node was looked at stands alone', () => {
    const picky: Plugin = { name: 'Picky', preFilter: () => ({ status: unschedulable('Picky', 'not today') }) }
    expect(why(cacheOf([aNode('a')]), [picky])).toBe('0/1 nodes are available: not today.')
  })

  test('a plugin that throws is an error, not a refusal', () => {
    const broken: Plugin = {
      name: 'Broken',
      filter() {
        throw new Error('broken')
      },
    }
    const cache = cacheOf([aNode('a')])
    const { status } = aCycle(cache, [broken]).run(cache.podInfo(aPod('p')))
    expect(status).toMatchObject({ code: 'Error', rejected: false, message: 'broken' })
  })
})

test('room promised to a more important pod is left to it', () => {
  const cache = cacheOf([aNode('a', { allocatable: { cpu: '1', pods: '10' } })])
  const nominator = new Nominator()
  nominator.add(cache.podInfo(aPod('vip', { ...requesting({ cpu: '800m' }), priority: 10 })), 'a')
  const cycle = aCycle(cache, [nodeResourcesFit], { nominator })
  const run = (priority: number) => cycle.run(cache.podInfo(aPod('p', { ...requesting({ cpu: '500m' }), priority })))
  expect(run(1).status?.message).toBe('0/1 nodes are available: 1 Insufficient cpu.')
  expect(run(20).node).toBe('a')
  expect(cache.node('a')!.pods.size).toBe(0)
})

describe('the cache', () => {
  const fits = (cache: Cache, cpu: string) =>
    aCycle(cache, [nodeResourcesFit]).run(cache.podInfo(aPod('p', requesting({ cpu })))).node !== undefined

  test('an assumed pod takes room until it is forgotten', () => {
    const cache = cacheOf([aNode('a', { allocatable: { cpu: '1', pods: '10' } })])
    cache.assume(cache.podInfo(aPod('one', requesting({ cpu: '600m' }))), 'a')
    expect(fits(cache, '600m')).toBe(false)
    cache.forget('uid-one')
    expect(fits(cache, '600m')).toBe(true)
  })

  test('a pod that was seen there is not forgotten', () => {
    const cache = cacheOf([aNode('a', { allocatable: { cpu: '1', pods: '10' } })])
    const pod = aPod('one', requesting({ cpu: '600m' }))
    cache.assume(cache.podInfo(pod), 'a')
    cache.setPod({ ...pod, spec: { ...pod.spec, nodeName: 'a' } })
    cache.forget('uid-one')
    expect(fits(cache, '600m')).toBe(false)
    cache.removePod('uid-one')
    expect(fits(cache, '600m')).toBe(true)
  })

  test('a node may come after its pods, and go before them', () => {
    const pod = aPod('one', { ...requesting({ cpu: '600m' }), nodeName: 'a' })
    const node = aNode('a', { allocatable: { cpu: '1', pods: '10' } })
    const cache = cacheOf([], [pod])
    expect(cache.nodes).toEqual([])
    cache.setNode(node)
    expect(fits(cache, '600m')).toBe(false)
    cache.removeNode('a')
    expect(cache.nodes).toEqual([])
    cache.removePod('uid-one')
    cache.setNode(node)
    expect(fits(cache, '1')).toBe(true)
  })

  test('its numbers outlast growth', () => {
    const nodes = Array.from({ length: 500 }, (_, index) =>
      aNode(`n${index}`, { allocatable: { cpu: `${index + 1}m`, pods: '10', 'example.com/x': '1' } }),
    )
    const cache = cacheOf(nodes)
    for (const { name, index } of cache.nodes)
      expect(cache.resources.allocatable[0]![index]).toBe(Number(name.slice(1)) + 1)
  })

  test('takes zones in turn', () => {
    const inZone = (name: string, zone: string) =>
      aNode(name, { metadata: { labels: { 'topology.kubernetes.io/zone': zone } } })
    const cache = cacheOf([inZone('a1', 'a'), inZone('a2', 'a'), inZone('a3', 'a'), inZone('b1', 'b')])
    expect(cache.nodes.map(({ name }) => name)).toEqual(['a1', 'b1', 'a2', 'a3'])
  })
})

describe('preemption', () => {
  const victim = (name: string, priority: number, cpu: string, of: { labels?: any; start?: string } = {}) =>
    aPod(name, { ...requesting({ cpu }), priority, nodeName: 'a' }, { labels: of.labels }, { startTime: of.start })

  function dryRun(placed: readonly ReturnType<typeof aPod>[], cpu: string, budgets: any[] = []) {
    const cache = cacheOf([aNode('a', { allocatable: { cpu: '10', pods: '10' } })], placed)
    const pod = cache.podInfo(aPod('p', { ...requesting({ cpu }), priority: 100 }))
    const state = nodeResourcesFit.preFilter!(pod, cache)!.state!
    const node = cache.node('a')!
    const before = [...node.pods.keys()].sort()
    const result = selectVictims(
      {
        pod,
        snapshot: cache,
        filter: on => nodeResourcesFit.filter!(pod, on, state),
        add: (other, on) => cache.add(other, on),
        remove: (other, on) => cache.remove(other, on),
      },
      node,
      budgets,
      'DefaultPreemption',
    )
    expect([...node.pods.keys()].sort()).toEqual(before)
    return 'status' in result
      ? result.status.reasons[0]
      : { victims: result.victims.map(({ name }) => name), violations: result.violations }
  }

  test.each<[string, ReturnType<typeof aPod>[], string, unknown]>([
    [
      'spares the most important',
      [victim('low', 1, '4'), victim('mid', 50, '4')],
      '5',
      { victims: ['low'], violations: 0 },
    ],
    [
      'takes all it needs',
      [victim('low', 1, '5'), victim('mid', 50, '5')],
      '8',
      { victims: ['mid', 'low'], violations: 0 },
    ],
    ['spares its equals', [victim('equal', 100, '8'), victim('low', 1, '2')], '4', 'Insufficient cpu'],
    ['finds nobody below it', [victim('equal', 100, '8')], '4', 'No preemption victims found for incoming pod'],
    [
      'spares who has run longer',
      [
        victim('old', 1, '5', { start: '2026-01-01T00:00:00Z' }),
        victim('new', 1, '5', { start: '2026-01-02T00:00:00Z' }),
      ],
      '5',
      { victims: ['new'], violations: 0 },
    ],
  ])('%s', (_, placed, cpu, expected) => {
    expect(dryRun(placed, cpu)).toEqual(expected)
  })

  test('spares whom a disruption budget protects, as long as others will do', () => {
    const budget = {
      metadata: { namespace: 'default', name: 'b' },
      spec: { selector: { matchLabels: { app: 'kept' } } },
      status: { disruptionsAllowed: 0 },
    }
    const kept = victim('kept', 1, '5', { labels: { app: 'kept' } })
    expect(dryRun([kept, victim('free', 50, '5')], '5', [budget])).toEqual({ victims: ['free'], violations: 0 })
    expect(dryRun([kept], '8', [budget])).toEqual({ victims: ['kept'], violations: 1 })
  })

  test('chooses among nodes: budgets, then importance, then number, then age', () => {
    const cache = cacheOf([])
    const of = (name: string, violations: number, ...victims: [priority: number, start?: string][]) => ({
      node: { name } as never,
      violations,
      victims: victims.map(([priority, startTime], at) =>
        cache.podInfo(aPod(`${name}${at}`, { priority }, {}, { startTime })),
      ),
    })
    const pick = (...candidates: ReturnType<typeof of>[]) => (pickCandidate(candidates)?.node as any)?.name
    expect(pick(of('a', 1, [1]), of('b', 0, [50]))).toBe('b')
    expect(pick(of('a', 0, [50]), of('b', 0, [10], [10]))).toBe('b')
    expect(pick(of('a', 0, [10], [9]), of('b', 0, [10], [3]))).toBe('b')
    expect(pick(of('a', 0, [10], [-5]), of('b', 0, [10]))).toBe('b')
    expect(pick(of('a', 0, [10, '2026-01-01T00:00:00Z']), of('b', 0, [10, '2026-01-02T00:00:00Z']))).toBe('b')
    expect(pick()).toBeUndefined()
  })
})
