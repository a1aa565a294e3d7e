// Which nodes each filter refuses, and in upstream's words.

import { describe, expect, test } from 'vitest'
import { aNode, aPod, cacheOf, requesting, verdicts } from '../testing/fixtures.ts'
import { nodeAffinity } from './node-affinity.ts'
import { nodeName } from './node-name.ts'
import { nodePorts } from './node-ports.ts'
import { nodeResourcesFit } from './node-resources-fit.ts'
import { nodeUnschedulable } from './node-unschedulable.ts'
import { schedulingGates } from './scheduling-gates.ts'
import { taintToleration } from './taint-toleration.ts'

test('SchedulingGates keeps a gated pod out of the queue', () => {
  const cache = cacheOf([])
  const gated = cache.podInfo(aPod('gated', { schedulingGates: [{ name: 'a/one' }, { name: 'b/two' }] }))
  expect(schedulingGates.preEnqueue!(gated)).toMatchObject({
    code: 'UnschedulableAndUnresolvable',
    reasons: ['waiting for scheduling gates: [a/one b/two]'],
  })
  expect(schedulingGates.preEnqueue!(cache.podInfo(aPod('free')))).toBeUndefined()
})

test('NodeName knows one node', () => {
  const cache = cacheOf([aNode('a'), aNode('b')])
  expect(verdicts(nodeName, cache, aPod('p', { nodeName: 'b' }))).toEqual({
    a: "UnschedulableAndUnresolvable: node(s) didn't match the requested node name",
    b: '',
  })
  expect(verdicts(nodeName, cache, aPod('p'))).toEqual({ a: '', b: '' })
})

describe('NodeUnschedulable', () => {
  const cache = cacheOf([aNode('a'), aNode('cordoned', { spec: { unschedulable: true } })])
  test.each([
    [undefined, 'UnschedulableAndUnresolvable: node(s) were unschedulable'],
    [[{ key: 'other', operator: 'Exists' }], 'UnschedulableAndUnresolvable: node(s) were unschedulable'],
    [[{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' }], ''],
    [[{ operator: 'Exists' }], ''],
  ])('a pod with the tolerations %j', (tolerations, expected) => {
    expect(verdicts(nodeUnschedulable, cache, aPod('p', { tolerations }))).toEqual({ a: '', cordoned: expected })
  })
})

describe('TaintToleration', () => {
  const refused = 'UnschedulableAndUnresolvable: node(s) had untolerated taint(s)'
  test.each([
    [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }, [], refused],
    [{ key: 'dedicated', value: 'gpu', effect: 'NoExecute' }, [], refused],
    [{ key: 'dedicated', value: 'gpu', effect: 'PreferNoSchedule' }, [], ''],
    [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }, [{ key: 'dedicated', value: 'gpu' }], ''],
    [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }, [{ key: 'dedicated', value: 'cpu' }], refused],
    [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }, [{ key: 'dedicated', operator: 'Exists' }], ''],
    [{ key: 'a', effect: 'NoSchedule' }, [{ key: 'a', operator: 'Equal', effect: 'NoSchedule' }], ''],
    [{ key: 'a', effect: 'NoExecute' }, [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }], refused],
    [{ key: 'a', effect: 'NoExecute' }, [{ operator: 'Exists' }], ''],
  ])('%j against %j', (taint, tolerations, expected) => {
    const cache = cacheOf([aNode('n', { spec: { taints: [taint] } })])
    expect(verdicts(taintToleration, cache, aPod('p', { tolerations }))).toEqual({ n: expected })
  })
})

describe('NodeAffinity', () => {
  const mismatch = "UnschedulableAndUnresolvable: node(s) didn't match Pod's node affinity/selector"
  const cache = cacheOf([
    aNode('a', { metadata: { labels: { disk: 'ssd', cores: '8' } } }),
    aNode('b', { metadata: { labels: { disk: 'hdd' } } }),
  ])
  const required = (...nodeSelectorTerms: object[]) => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
  })
  const expression = (key: string, operator: string, ...values: string[]) => ({
    matchExpressions: [{ key, operator, ...(values.length > 0 && { values }) }],
  })
  const named = (operator: string, ...values: string[]) => ({
    matchFields: [{ key: 'metadata.name', operator, values }],
  })
  test.each<[string, object, string[]]>([
    ['nothing', {}, ['a', 'b']],
    ['a nodeSelector', { nodeSelector: { disk: 'ssd' } }, ['a']],
    ['In', required(expression('disk', 'In', 'hdd', 'tape')), ['b']],
    ['NotIn, also of what is not there', required(expression('cores', 'NotIn', '8')), ['b']],
    ['Exists', required(expression('cores', 'Exists')), ['a']],
    ['DoesNotExist', required(expression('cores', 'DoesNotExist')), ['b']],
    ['Gt', required(expression('cores', 'Gt', '7')), ['a']],
    ['Lt', required(expression('cores', 'Lt', '8')), []],
    [
      'terms, which are alternatives',
      required(expression('cores', 'Exists'), expression('disk', 'In', 'hdd')),
      ['a', 'b'],
    ],
    [
      'expressions of a term, which all hold',
      required({
        matchExpressions: [
          { key: 'disk', operator: 'Exists' },
          { key: 'cores', operator: 'Exists' },
        ],
      }),
      ['a'],
    ],
    ['an empty term', required({}), []],
    [
      'a nodeSelector and affinity together',
      { nodeSelector: { disk: 'ssd' }, ...required(expression('disk', 'In', 'hdd')) },
      [],
    ],
    ['a name that is not meant', required(named('NotIn', 'a')), ['b']],
  ])('%s', (_, spec, nodes) => {
    const found = verdicts(nodeAffinity, cache, aPod('p', spec))
    expect(found).toEqual({ a: nodes.includes('a') ? '' : mismatch, b: nodes.includes('b') ? '' : mismatch })
  })

  test('a daemon pod, meant for one node, is not tried on others', () => {
    const pod = aPod('p', required(named('In', 'b')))
    expect(verdicts(nodeAffinity, cache, pod)).toEqual({ a: 'not among the nodes', b: '' })
  })

  test('names that exclude each other can never be met', () => {
    const pod = aPod('p', required({ matchFields: [...named('In', 'a').matchFields, ...named('In', 'b').matchFields] }))
    expect(verdicts(nodeAffinity, cache, pod)['a']).toBe('UnschedulableAndUnresolvable: pod affinity terms conflict')
  })
})

describe('NodePorts', () => {
  const port = (hostPort: number, hostIP?: string, protocol?: string) => ({
    containers: [{ name: 'main', image: 'web', ports: [{ containerPort: 80, hostPort, hostIP, protocol }] }],
  })
  const taken = "Unschedulable: node(s) didn't have free ports for the requested pod ports"
  test.each([
    [port(8080), port(8080), taken],
    [port(8080), port(8081), ''],
    [port(8080), port(8080, undefined, 'UDP'), ''],
    [port(8080, '127.0.0.1'), port(8080, '127.0.0.2'), ''],
    [port(8080, '127.0.0.1'), port(8080, '127.0.0.1'), taken],
    [port(8080, '0.0.0.0'), port(8080, '127.0.0.1'), taken],
    [port(8080, '127.0.0.1'), port(8080), taken],
    [port(0), port(0), ''],
  ])('%j there, %j wanted', (there, wanted, expected) => {
    const cache = cacheOf([aNode('n')], [aPod('there', { ...there, nodeName: 'n' })])
    expect(verdicts(nodePorts, cache, aPod('p', wanted))).toEqual({ n: expected })
  })

  test('a port is free again when its pod is gone', () => {
    const cache = cacheOf([aNode('n')], [aPod('there', { ...port(8080), nodeName: 'n' })])
    cache.removePod('uid-there')
    expect(verdicts(nodePorts, cache, aPod('p', port(8080)))).toEqual({ n: '' })
  })
})

describe('NodeResourcesFit', () => {
  const allocatable = {
    cpu: '2',
    memory: '4Gi',
    'ephemeral-storage': '10Gi',
    pods: '2',
    'example.com/gpu': '1',
    'hugepages-2Mi': '4Mi',
  }
  const there = requesting({ cpu: '1', memory: '1Gi', 'ephemeral-storage': '6Gi' })
  test.each<[string, object, string]>([
    ['just what is left', requesting({ cpu: '1', memory: '3Gi' }), ''],
    ['nothing', {}, ''],
    ['cpu that others have', requesting({ cpu: '1001m' }), 'Unschedulable: Insufficient cpu'],
    ['more cpu than there is', requesting({ cpu: '3' }), 'UnschedulableAndUnresolvable: Insufficient cpu'],
    ['memory', requesting({ memory: '3073Mi' }), 'Unschedulable: Insufficient memory'],
    [
      'cpu and memory',
      requesting({ cpu: '1500m', memory: '4Gi' }),
      'Unschedulable: Insufficient cpu, Insufficient memory',
    ],
    ['ephemeral storage', requesting({ 'ephemeral-storage': '5Gi' }), 'Unschedulable: Insufficient ephemeral-storage'],
    ['an extended resource', requesting({ 'example.com/gpu': '1' }), ''],
    ['two of it', requesting({ 'example.com/gpu': '2' }), 'UnschedulableAndUnresolvable: Insufficient example.com/gpu'],
    [
      'one the node has not',
      requesting({ 'example.com/fpga': '1' }),
      'UnschedulableAndUnresolvable: Insufficient example.com/fpga',
    ],
    ['huge pages', requesting({ 'hugepages-2Mi': '6Mi' }), 'UnschedulableAndUnresolvable: Insufficient hugepages-2Mi'],
    ['the sum of its containers', requesting({ cpu: '600m' }, { cpu: '600m' }), 'Unschedulable: Insufficient cpu'],
    ['overhead', { ...requesting({ cpu: '900m' }), overhead: { cpu: '200m' } }, 'Unschedulable: Insufficient cpu'],
  ])('%s', (_, spec, expected) => {
    const cache = cacheOf([aNode('n', { allocatable })], [aPod('there', { ...there, nodeName: 'n' })])
    expect(verdicts(nodeResourcesFit, cache, aPod('p', spec))).toEqual({ n: expected })
  })

  test('a full node', () => {
    const placed = ['one', 'two'].map(name => aPod(name, { nodeName: 'n' }))
    const cache = cacheOf([aNode('n', { allocatable })], placed)
    expect(verdicts(nodeResourcesFit, cache, aPod('p'))).toEqual({ n: 'Unschedulable: Too many pods' })
    cache.removePod('uid-one')
    expect(verdicts(nodeResourcesFit, cache, aPod('p'))).toEqual({ n: '' })
  })
})
