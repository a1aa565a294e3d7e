import { expect, test } from 'vitest'
import { inGroupOrder } from './group-order.ts'

test('groups by their highest priority, then name; versions by priority, then as versions go', () => {
  const of = (group: string, version: string, groupPriority: number, versionPriority: number) => ({
    group,
    version,
    priority: { group: groupPriority, version: versionPriority },
  })
  const all = [
    of('zoo', 'v1', 1000, 100),
    of('apps', 'v1', 17800, 15),
    of('bar', 'v1beta1', 1000, 100),
    of('bar', 'v1', 1000, 100),
    of('bar', 'v2alpha1', 1000, 100),
    of('first', 'v1', 10, 15),
    of('first', 'v2', 20000, 10),
  ]
  expect(inGroupOrder(all, ({ priority }) => priority).map(({ group, version }) => `${group}/${version}`)).toEqual([
    'first/v1',
    'first/v2',
    'apps/v1',
    'bar/v1',
    'bar/v1beta1',
    'bar/v2alpha1',
    'zoo/v1',
  ])
})
