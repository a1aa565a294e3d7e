import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../../api/resource.ts'
import { bootstrapObjects, firstServiceAddress } from './bootstrap-objects.ts'
import { policyRule } from './rbac-policy.ts'
import { reconcileRbacObject } from './rbac-reconcile.ts'

const options = { serviceCIDR: '10.96.0.0/12', securePort: 6443, now: Date.UTC(2026, 0, 1) }

describe('the objects at start', () => {
  const objects = bootstrapObjects(options)
  const find = (resource: string, name: string) =>
    objects.find(each => each.resource.resource === resource && each.object.metadata.name === name)!.object

  test('come after the namespace they are in', () => {
    const namespaces = new Set<string>()
    for (const { resource, object } of objects) {
      if (resource.resource === 'namespaces') namespaces.add(object.metadata.name!)
      if (object.metadata.namespace) expect(namespaces).toContain(object.metadata.namespace)
    }
  })

  test('are each there once', () => {
    const keys = objects.map(({ resource, object }) =>
      [resource.group, resource.resource, object.metadata.namespace, object.metadata.name].join('/'),
    )
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('share nothing that a change of one could change in another', () => {
    const seen = new Set<object>()
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      expect(seen.has(value)).toBe(false)
      seen.add(value)
      for (const each of Object.values(value)) visit(each)
    }
    // Aggregated roles hold the very rules they gather.
    for (const { resource, object } of objects) if (resource.resource !== 'clusterroles') visit(object)
  })

  test('say where the API server is', () => {
    expect(find('services', 'kubernetes')['spec']).toMatchObject({
      clusterIP: '10.96.0.1',
      ports: [{ name: 'https', port: 443, targetPort: 6443 }],
    })
    expect(find('servicecidrs', 'kubernetes')['spec']).toEqual({ cidrs: ['10.96.0.0/12'] })
  })

  test('have the aggregated roles filled in', () => {
    const rules = (name: string): object[] => find('clusterroles', name)['rules']
    expect(rules('view').length).toBeGreaterThan(5)
    expect(rules('edit')).toEqual(expect.arrayContaining(rules('view')))
    expect(rules('admin')).toEqual(expect.arrayContaining(rules('edit')))
  })
})

test.each([
  ['10.96.0.0/12', '10.96.0.1'],
  ['192.168.4.128/25', '192.168.4.129'],
  ['fd00:1::/108', 'fd00:1::1'],
  ['10.0.0.0/16,fd00::/108', '10.0.0.1'],
])('the first service address of %s is %s', (range, address) => {
  expect(firstServiceAddress(range)).toBe(address)
})

test.each([
  ['read core pods', { verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods'] }],
  [
    'read,update core,apps pods,deployments a,b',
    {
      verbs: ['get', 'list', 'update', 'watch'],
      apiGroups: ['', 'apps'],
      resources: ['pods', 'deployments'],
      resourceNames: ['a', 'b'],
    },
  ],
  ['* * *', { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
  ['get /healthz,/livez', { verbs: ['get'], nonResourceURLs: ['/healthz', '/livez'] }],
])('the line %j is a rule', (line, rule) => {
  expect(policyRule(line)).toEqual(rule)
})

describe('a default role or binding', () => {
  const metadata = {
    name: 'r',
    labels: { a: 'b' },
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  }
  const pods = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] }
  const wanted: KubeObject = { metadata, rules: [pods] }
  const alice = { kind: 'User', name: 'alice' }
  const bob = { kind: 'User', name: 'bob' }

  test('that is whole, or more, stays as it is', () => {
    expect(reconcileRbacObject(structuredClone(wanted), wanted)).toBeUndefined()
    const more = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] }
    expect(reconcileRbacObject({ metadata, rules: [more] }, wanted)).toBeUndefined()
    expect(reconcileRbacObject({ metadata, subjects: [bob, alice] }, { metadata, subjects: [alice] })).toBeUndefined()
  })

  test('gets back what was taken, and keeps what was added', () => {
    const other = { verbs: ['get'], apiGroups: [''], resources: ['nodes'] }
    const lesser = { metadata, rules: [other, { ...pods, verbs: ['get'] }] }
    expect(reconcileRbacObject(lesser, wanted)).toEqual({
      metadata,
      rules: [other, { ...pods, verbs: ['get'] }, { ...pods, verbs: ['list'] }],
    })
    expect(reconcileRbacObject({ metadata, subjects: [bob] }, { metadata, subjects: [alice] })).toEqual({
      metadata,
      subjects: [bob, alice],
    })
    expect(reconcileRbacObject({ metadata: { ...metadata, labels: { c: 'd' } }, rules: [pods] }, wanted)).toEqual({
      metadata: { ...metadata, labels: { a: 'b', c: 'd' } },
      rules: [pods],
    })
  })

  test('is left alone if it says so', () => {
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' }
    expect(reconcileRbacObject({ metadata: { ...metadata, annotations }, rules: [] }, wanted)).toBeUndefined()
  })

  test('that aggregates gets back its selectors, not its rules', () => {
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { x: 'y' } }] }
    const aggregating = { ...wanted, aggregationRule }
    expect(reconcileRbacObject({ metadata, rules: [], aggregationRule }, aggregating)).toBeUndefined()
    expect(reconcileRbacObject({ metadata, rules: [] }, aggregating)).toMatchObject({ rules: [], aggregationRule })
  })
})
