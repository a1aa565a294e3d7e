import { afterEach, beforeEach, expect, test } from 'vitest'
import { clusterRoles } from '../api/rbac/v1/clusterrole.ts'
import { Cluster } from '../cluster/cluster.ts'

let cluster: Cluster
beforeEach(async () => {
  cluster = await Cluster.start({ nodes: 0, withoutScheduler: true })
})
afterEach(() => cluster.stop())

test('a role that aggregates others has their rules as they come, change and go', async () => {
  const roles = cluster.client.resource(clusterRoles)
  const rule = (resource: string) => ({ apiGroups: ['example.com'], resources: [resource], verbs: ['get'] })
  const part = (name: string, resource: string) =>
    roles.create({ metadata: { name, labels: { 'to-all': 'true' } }, rules: [rule(resource)] })
  await roles.create({
    metadata: { name: 'all' },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'to-all': 'true' } }] },
  })
  await part('b', 'bs')
  await part('a', 'as')
  await cluster.clock.advance('1s')
  expect((await roles.get('all')).rules).toEqual([rule('as'), rule('bs')])
  await roles.delete('a')
  await roles.patch('b', 'application/merge-patch+json', { rules: [rule('cs')] })
  await cluster.clock.advance('1s')
  expect((await roles.get('all')).rules).toEqual([rule('cs')])
})

test('a role that gathers nothing keeps the rules that somebody else wrote', async () => {
  const roles = cluster.client.resource(clusterRoles)
  const rules = [{ nonResourceURLs: ['/x'], verbs: ['get'] }]
  await roles.create({
    metadata: { name: 'all' },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'to-all': 'true' } }] },
    rules,
  })
  await cluster.clock.advance('1s')
  expect((await roles.get('all')).rules).toEqual(rules)
  const gathered = [{ apiGroups: ['example.com'], resources: ['as'], verbs: ['get'] }]
  await roles.create({ metadata: { name: 'a', labels: { 'to-all': 'true' } }, rules: gathered })
  await cluster.clock.advance('1s')
  const all = await roles.get('all')
  expect(all.rules).toEqual(gathered)
  expect(all.metadata.managedFields?.map(({ manager, operation }) => [manager, operation])).toContainEqual([
    'clusterrole-aggregation-controller',
    'Apply',
  ])
})
