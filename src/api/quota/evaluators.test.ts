import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../resource.ts'
import { matchesQuota, usageOf } from './evaluator.ts'
import { quotaEvaluator } from './evaluators.ts'
import { resourceListOf } from './resource-list.ts'

const now = Date.UTC(2030)
type Part = Record<string, any>
const object = (parts: Part): KubeObject => ({ metadata: { name: 'x' }, ...parts })
const usage = (resource: string, parts: Part) => resourceListOf(quotaEvaluator(resource)!.usage(object(parts), now))

const small = { requests: { cpu: '100m', memory: '1Gi' }, limits: { cpu: '1' } }
const pod = (spec: Part, more: Part = {}) => ({
  spec: { containers: [{ name: 'c', resources: small }], ...spec },
  ...more,
})

describe('usage', () => {
  const counted = { 'count/pods': '1' }
  const running = {
    ...counted,
    pods: '1',
    cpu: '100m',
    'requests.cpu': '100m',
    memory: '1Gi',
    'requests.memory': '1Gi',
    'limits.cpu': '1',
  }
  test.each<[string, string, Part, Record<string, string>]>([
    ['a pod', 'pods', pod({}), running],
    ['a pod that is done', 'pods', pod({}, { status: { phase: 'Succeeded' } }), counted],
    [
      'a pod that is going',
      'pods',
      pod({}, { metadata: { deletionTimestamp: '2029-12-31T23:59:40Z', deletionGracePeriodSeconds: 30 } }),
      running,
    ],
    [
      'a pod that should be gone',
      'pods',
      pod({}, { metadata: { deletionTimestamp: '2029-12-31T23:59:20Z', deletionGracePeriodSeconds: 30 } }),
      counted,
    ],
    [
      'a pod with overhead',
      'pods',
      pod({ overhead: { cpu: '1' } }),
      { ...running, cpu: '1100m', 'requests.cpu': '1100m', 'limits.cpu': '2' },
    ],
    [
      'a pod that asks as a whole',
      'pods',
      pod({ resources: { requests: { cpu: '2' } } }),
      { ...running, cpu: '2', 'requests.cpu': '2' },
    ],
    [
      'a greedy beginning',
      'pods',
      pod({ initContainers: [{ name: 'i', resources: { requests: { cpu: '3' } } }] }),
      { ...running, cpu: '3', 'requests.cpu': '3' },
    ],
    [
      'devices and huge pages',
      'pods',
      pod({ containers: [{ name: 'c', resources: { requests: { 'example.com/gpu': '2', 'hugepages-2Mi': '4Mi' } } }] }),
      {
        ...counted,
        pods: '1',
        'requests.example.com/gpu': '2',
        'hugepages-2Mi': '4Mi',
        'requests.hugepages-2Mi': '4Mi',
      },
    ],
    [
      'a service',
      'services',
      { spec: { type: 'ClusterIP', ports: [{}, {}] } },
      { 'count/services': '1', services: '1', 'services.loadbalancers': '0', 'services.nodeports': '0' },
    ],
    [
      'a service on nodes',
      'services',
      { spec: { type: 'NodePort', ports: [{}, {}] } },
      { 'count/services': '1', services: '1', 'services.loadbalancers': '0', 'services.nodeports': '2' },
    ],
    [
      'a balanced service',
      'services',
      { spec: { type: 'LoadBalancer', ports: [{}, {}] } },
      { 'count/services': '1', services: '1', 'services.loadbalancers': '1', 'services.nodeports': '2' },
    ],
    [
      'one that chooses its ports',
      'services',
      { spec: { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ nodePort: 30000 }, {}] } },
      { 'count/services': '1', services: '1', 'services.loadbalancers': '1', 'services.nodeports': '1' },
    ],
    [
      'a claim',
      'persistentvolumeclaims',
      { spec: { storageClassName: 'gold', resources: { requests: { storage: '1.5' } } } },
      {
        'count/persistentvolumeclaims': '1',
        persistentvolumeclaims: '1',
        'requests.storage': '2',
        'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
        'gold.storageclass.storage.k8s.io/requests.storage': '2',
      },
    ],
    [
      'a claim that has more than it asks for',
      'persistentvolumeclaims',
      { spec: { resources: { requests: { storage: '1Gi' } } }, status: { allocatedResources: { storage: '2Gi' } } },
      { 'count/persistentvolumeclaims': '1', persistentvolumeclaims: '1', 'requests.storage': '2Gi' },
    ],
    [
      'a claim for devices',
      'resourceclaims.resource.k8s.io',
      {
        spec: {
          devices: {
            requests: [
              { name: 'a', exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 2 } },
              {
                name: 'b',
                firstAvailable: [
                  { deviceClassName: 'gpu', count: 1 },
                  { deviceClassName: 'gpu', count: 3 },
                  { deviceClassName: 'nic', allocationMode: 'All' },
                ],
              },
            ],
          },
        },
      },
      {
        'count/resourceclaims.resource.k8s.io': '1',
        'gpu.deviceclass.resource.k8s.io/devices': '5',
        'nic.deviceclass.resource.k8s.io/devices': '32',
      },
    ],
    ['a secret', 'secrets', {}, { 'count/secrets': '1', secrets: '1' }],
    ['a custom object', 'widgets.example.com', {}, { 'count/widgets.example.com': '1' }],
  ])('of %s', (_, resource, parts, expected) => {
    expect(usage(resource, parts)).toEqual(resourceListOf(new Map(Object.entries(expected) as never)))
  })

  test('of events and reviews is nobody’s business', () => {
    for (const name of ['events', 'events.events.k8s.io', 'tokenreviews.authentication.k8s.io', 'bindings'])
      expect(quotaEvaluator(name)).toBeUndefined()
  })
})

describe('scopes of pods', () => {
  const evaluator = quotaEvaluator('pods')!
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ namespaceSelector: {} }] } }
  test.each<[string, Part, Part, boolean]>([
    ['Terminating', { scopes: ['Terminating'] }, pod({ activeDeadlineSeconds: 0 }), true],
    ['Terminating', { scopes: ['Terminating'] }, pod({}), false],
    ['NotTerminating', { scopes: ['NotTerminating'] }, pod({}), true],
    ['BestEffort', { scopes: ['BestEffort'] }, pod({}), false],
    ['BestEffort', { scopes: ['BestEffort'] }, pod({ containers: [{ name: 'c' }] }), true],
    ['both', { scopes: ['NotBestEffort', 'NotTerminating'] }, pod({}), true],
    ['any class', { scopes: ['PriorityClass'] }, pod({ priorityClassName: 'high' }), true],
    ['any class', { scopes: ['PriorityClass'] }, pod({}), false],
    [
      'a class of these',
      { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] } },
      pod({ priorityClassName: 'high' }),
      true,
    ],
    [
      'a class of these',
      { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] } },
      pod({ priorityClassName: 'low' }),
      false,
    ],
    [
      'no class',
      { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'DoesNotExist' }] } },
      pod({}),
      true,
    ],
    ['affinity beyond the namespace', { scopes: ['CrossNamespacePodAffinity'] }, pod({ affinity }), true],
    ['affinity within the namespace', { scopes: ['CrossNamespacePodAffinity'] }, pod({}), false],
    ['a scope of claims', { scopes: ['VolumeAttributesClass'] }, pod({}), false],
  ])('%s', (_, spec, parts, expected) => {
    expect(matchesQuota(evaluator, { spec }, ['pods'], object(parts))).toBe(expected)
  })

  test('nothing matches a quota that counts something else', () => {
    expect(matchesQuota(evaluator, { spec: {} }, ['services'], object(pod({})))).toBe(false)
  })

  test('claims have one of their own', () => {
    const claims = quotaEvaluator('persistentvolumeclaims')!
    const spec = {
      scopeSelector: { matchExpressions: [{ scopeName: 'VolumeAttributesClass', operator: 'In', values: ['fast'] }] },
    } as never
    const matches = (parts: Part) => matchesQuota(claims, { spec }, ['persistentvolumeclaims'], object(parts))
    expect(matches({ spec: { volumeAttributesClassName: 'fast' } })).toBe(true)
    expect(matches({ spec: {}, status: { currentVolumeAttributesClassName: 'fast' } })).toBe(true)
    expect(matches({ spec: {} })).toBe(false)
  })
})

test('containers must say what a quota of computing counts', () => {
  const { constraints } = quotaEvaluator('pods')!
  const bare = object(
    pod({ initContainers: [{ name: 'i' }], containers: [{ name: 'c', resources: small }, { name: 'd' }] }),
  )
  expect(constraints!(['pods', 'requests.storage'], bare)).toBeUndefined()
  expect(constraints!(['requests.cpu', 'limits.memory', 'ephemeral-storage'], bare)).toBe(
    'must specify limits.memory for: c,d,i; requests.cpu for: d,i',
  )
  expect(constraints!(['requests.cpu', 'cpu'], object(pod({})))).toBeUndefined()
})

test('what is there is counted for a quota', () => {
  const quota = {
    spec: { hard: { pods: '5', 'requests.cpu': '1', services: '1' }, scopes: ['NotTerminating'] },
  } as never
  const objects = [object(pod({})), object(pod({})), object(pod({ activeDeadlineSeconds: 1 }))]
  expect(resourceListOf(usageOf(quotaEvaluator('pods')!, quota, objects, now))).toEqual({
    pods: '2',
    'requests.cpu': '200m',
  })
  expect(resourceListOf(usageOf(quotaEvaluator('pods')!, quota, [], now))).toEqual({ pods: '0', 'requests.cpu': '0' })
})
