// Pods and places: PodTopologySpread and InterPodAffinity.

import { describe, expect, test } from 'vitest'
import type { Node } from '../../api/core/v1/node.ts'
import { labelSelectorFrom } from '../../machinery/labels.ts'
import { Action } from '../cluster-event.ts'
import { aNode, aPod, cacheOf, scores, verdicts } from '../testing/fixtures.ts'
import { interPodAffinity } from './inter-pod-affinity.ts'
import { podTopologySpread } from './pod-topology-spread.ts'

const zone = 'topology.kubernetes.io/zone'
const host = 'kubernetes.io/hostname'
const place = (name: string, where: string, spec: object = {}) =>
  aNode(name, { metadata: { labels: { [host]: name, [zone]: where } }, spec })
const labelled = (name: string, node: string, labels: Record<string, string> = { app: 'web' }, spec: object = {}) =>
  aPod(name, { nodeName: node, ...spec }, { labels })
const web = { matchLabels: { app: 'web' } }

describe('PodTopologySpread', () => {
  const plugin = podTopologySpread({ defaultSelector: () => undefined })
  const uneven = "Unschedulable: node(s) didn't match pod topology spread constraints"
  const constraint = (of: object = {}) => ({
    maxSkew: 1,
    topologyKey: zone,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: web,
    ...of,
  })
  const spread = (...topologySpreadConstraints: object[]) =>
    aPod('p', { topologySpreadConstraints }, { labels: { app: 'web' } })

  test('no zone may have more than maxSkew above the emptiest', () => {
    const nodes = [place('a', 'east'), place('b', 'east'), place('c', 'west')]
    const cache = cacheOf(nodes, [labelled('1', 'a'), labelled('2', 'b'), labelled('3', 'c')])
    expect(verdicts(plugin, cache, spread(constraint()))).toEqual({ a: uneven, b: uneven, c: '' })
    expect(verdicts(plugin, cache, spread(constraint({ maxSkew: 2 })))).toEqual({ a: '', b: '', c: '' })
    expect(verdicts(plugin, cache, aPod('p'))).toEqual({ a: '', b: '', c: '' })
  })

  test('a node without the label is no place', () => {
    const cache = cacheOf([place('a', 'east'), aNode('b')])
    expect(verdicts(plugin, cache, spread(constraint()))).toEqual({
      a: '',
      b: "UnschedulableAndUnresolvable: node(s) didn't match pod topology spread constraints (missing required label)",
    })
  })

  test.each<[what: string, before: Node | undefined, after: Node | undefined, hint: string]>([
    ['a place has come', undefined, place('a', 'east'), 'Queue'],
    ['a place has gone', place('a', 'east'), undefined, 'Queue'],
    ['a node without the label has come', undefined, aNode('a'), 'QueueSkip'],
    ['a node without the label has gone', aNode('a'), undefined, 'QueueSkip'],
    ['a node has become a place', aNode('a'), place('a', 'east'), 'Queue'],
    ['a node has moved', place('a', 'west'), place('a', 'east'), 'Queue'],
    [
      'a place has a taint less',
      place('a', 'east', { taints: [{ key: 'k', effect: 'NoSchedule' }] }),
      place('a', 'east'),
      'Queue',
    ],
    ['a node is where it was', place('a', 'east'), place('a', 'east'), 'QueueSkip'],
  ])('another try when %s', (_, before, after, hint) => {
    const wanted = plugin.eventsToRegister!().find(({ resource }) => resource === 'Node')!
    expect(wanted.hint!(cacheOf([]).podInfo(spread(constraint())), before, after)).toBe(hint)
    expect(wanted.action & Action.delete).not.toBe(0)
  })

  test('while there are fewer places than minDomains, the emptiest counts as empty', () => {
    const cache = cacheOf([place('a', 'east')], [labelled('1', 'a')])
    expect(verdicts(plugin, cache, spread(constraint({ minDomains: 2 })))).toEqual({ a: uneven })
    expect(verdicts(plugin, cache, spread(constraint()))).toEqual({ a: '' })
  })

  test('pods of other kinds, in other namespaces and on their way out do not count', () => {
    const leaving = aPod('4', { nodeName: 'a' }, { labels: { app: 'web' }, deletionTimestamp: '2026-01-01T00:00:00Z' })
    const elsewhere = aPod('5', { nodeName: 'a' }, { labels: { app: 'web' }, namespace: 'other' })
    const cache = cacheOf(
      [place('a', 'east'), place('b', 'west')],
      [labelled('3', 'a', { app: 'db' }), leaving, elsewhere],
    )
    expect(verdicts(plugin, cache, spread(constraint()))).toEqual({ a: '', b: '' })
  })

  test('nodes that the pod could not use are no places, unless it says they are', () => {
    const nodes = [place('a', 'east'), place('b', 'west', { taints: [{ key: 'x', effect: 'NoSchedule' }] })]
    const cache = cacheOf(nodes, [labelled('1', 'a')])
    expect(verdicts(plugin, cache, spread(constraint()))['a']).toBe(uneven)
    expect(verdicts(plugin, cache, spread(constraint({ nodeTaintsPolicy: 'Honor' })))['a']).toBe('')
  })

  test('matchLabelKeys narrows the kind to pods with the same value', () => {
    const cache = cacheOf([place('a', 'east'), place('b', 'west')], [labelled('1', 'a', { app: 'web', rev: '1' })])
    const pod = (rev: string) =>
      aPod(
        'p',
        { topologySpreadConstraints: [constraint({ matchLabelKeys: ['rev'] })] },
        { labels: { app: 'web', rev } },
      )
    expect(verdicts(plugin, cache, pod('1'))).toEqual({ a: uneven, b: '' })
    expect(verdicts(plugin, cache, pod('2'))).toEqual({ a: '', b: '' })
  })

  test('ScheduleAnyway prefers the emptier places', () => {
    const cache = cacheOf(
      [place('a', 'east'), place('b', 'west'), place('c', 'north')],
      [labelled('1', 'a'), labelled('2', 'a'), labelled('3', 'b')],
    )
    const found = scores(plugin, cache, spread(constraint({ whenUnsatisfiable: 'ScheduleAnyway' })))!
    expect(found['c']).toBe(100)
    expect(found['b']).toBeLessThan(found['c']!)
    expect(found['a']).toBeLessThan(found['b']!)
  })

  test('pods of a service or workload spread even when they say nothing', () => {
    const defaults = podTopologySpread({ defaultSelector: () => labelSelectorFrom(web) })
    const cache = cacheOf([place('a', 'east'), place('b', 'east')], [labelled('1', 'a')])
    const found = scores(defaults, cache, aPod('p', {}, { labels: { app: 'web' } }))!
    expect(found['b']).toBeGreaterThan(found['a']!)
    expect(scores(plugin, cache, aPod('p'))).toBeUndefined()
  })
})

describe('InterPodAffinity', () => {
  const plugin = interPodAffinity({
    namespaceLabels: namespace => ({ other: { team: 'blue' } })[namespace],
  })
  const noAffinity = "UnschedulableAndUnresolvable: node(s) didn't match pod affinity rules"
  const noAntiAffinity = "Unschedulable: node(s) didn't match pod anti-affinity rules"
  const othersObject = "Unschedulable: node(s) didn't satisfy existing pods anti-affinity rules"
  const term = (of: object = {}) => ({ topologyKey: zone, labelSelector: web, ...of })
  const required = (kind: string, ...terms: object[]) => ({
    affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
  })
  const preferred = (kind: string, weight: number) => ({
    affinity: { [kind]: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm: term() }] } },
  })
  const nodes = [place('a', 'east'), place('b', 'east'), place('c', 'west')]

  test('affinity leads to where the others are, in the same topology', () => {
    const cache = cacheOf(nodes, [labelled('1', 'a')])
    const pod = aPod('p', required('podAffinity', term()))
    expect(verdicts(plugin, cache, pod)).toEqual({ a: '', b: '', c: noAffinity })
  })

  test('the first of a group that wants to be together may go anywhere', () => {
    const cache = cacheOf(nodes)
    const first = aPod('p', required('podAffinity', term()), { labels: { app: 'web' } })
    expect(verdicts(plugin, cache, first)).toEqual({ a: '', b: '', c: '' })
    const stranger = aPod('p', required('podAffinity', term()))
    expect(verdicts(plugin, cache, stranger)).toEqual({ a: noAffinity, b: noAffinity, c: noAffinity })
  })

  test('anti-affinity leads away', () => {
    const cache = cacheOf(nodes, [labelled('1', 'a')])
    const zones = aPod('p', required('podAntiAffinity', term()))
    expect(verdicts(plugin, cache, zones)).toEqual({ a: noAntiAffinity, b: noAntiAffinity, c: '' })
    const hosts = aPod('p', required('podAntiAffinity', term({ topologyKey: host })))
    expect(verdicts(plugin, cache, hosts)).toEqual({ a: noAntiAffinity, b: '', c: '' })
  })

  test('the anti-affinity of those who are there holds too', () => {
    const cache = cacheOf(nodes, [labelled('1', 'c', {}, required('podAntiAffinity', term()))])
    const pod = aPod('p', {}, { labels: { app: 'web' } })
    expect(verdicts(plugin, cache, pod)).toEqual({ a: '', b: '', c: othersObject })
    expect(verdicts(plugin, cache, aPod('p'))).toEqual({ a: '', b: '', c: '' })
  })

  test.each<[object, string]>([
    [{}, ''],
    [{ namespaces: ['other'] }, noAntiAffinity],
    [{ namespaceSelector: { matchLabels: { team: 'blue' } } }, noAntiAffinity],
    [{ namespaceSelector: { matchLabels: { team: 'red' } } }, ''],
    [{ namespaceSelector: {} }, noAntiAffinity],
  ])('a term with %j, about a pod of another namespace', (of, expected) => {
    const cache = cacheOf([nodes[0]!], [aPod('1', { nodeName: 'a' }, { namespace: 'other', labels: { app: 'web' } })])
    expect(verdicts(plugin, cache, aPod('p', required('podAntiAffinity', term(of))))).toEqual({ a: expected })
  })

  test('wishes weigh for and against', () => {
    const cache = cacheOf(nodes, [labelled('1', 'a')])
    expect(scores(plugin, cache, aPod('p', preferred('podAffinity', 10)))).toEqual({ a: 100, b: 100, c: 0 })
    expect(scores(plugin, cache, aPod('p', preferred('podAntiAffinity', 10)))).toEqual({ a: 0, b: 0, c: 100 })
    expect(scores(plugin, cache, aPod('p'))).toBeUndefined()
  })

  test('and so do the wishes and demands of those who are there', () => {
    const pod = aPod('p', {}, { labels: { app: 'web' } })
    for (const spec of [preferred('podAffinity', 5), required('podAffinity', term())])
      expect(scores(plugin, cacheOf(nodes, [labelled('1', 'c', {}, spec)]), pod)).toEqual({ a: 0, b: 0, c: 100 })
  })
})
