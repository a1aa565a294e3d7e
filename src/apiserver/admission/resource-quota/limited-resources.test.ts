import { describe, expect, test } from 'vitest'
import { cluster, pod, services } from '../testing/admission-cluster.ts'
import { limitedResources } from './configuration.ts'
import { resourceQuota } from './resource-quota.ts'

function refusedWith(limited: object, quota?: object) {
  const fixture = cluster()
  if (quota) fixture.objects.put('resourcequotas', 'dev', 'q', quota)
  const plugin = resourceQuota(services(fixture.env), limitedResources({ limitedResources: [limited] }))
  return async (spec: object) => {
    const attributes = fixture.attributes({ object: pod(spec) })
    return Promise.resolve(plugin.validate!(attributes)).then(
      () => undefined,
      error => (error as Error).message,
    )
  }
}

const quota = (hard: Record<string, string>, spec: object = {}) => ({
  spec: { hard, ...spec },
  status: { hard, used: Object.fromEntries(Object.keys(hard).map(name => [name, '0'])) },
})
const asking = { containers: [{ name: 'c', resources: { requests: { 'example.com/gpu': '1' } } }] }

describe('resources that must be covered by a quota', () => {
  const limited = { resource: 'pods', matchContains: ['gpu'] }

  test('are refused without one', async () => {
    const refused = refusedWith(limited)
    expect(await refused(asking)).toBe('pods "p" is forbidden: insufficient quota to consume: requests.example.com/gpu')
    expect(await refused({})).toBeUndefined()
  })

  test('are let in with one', async () => {
    const refused = refusedWith(limited, quota({ 'requests.example.com/gpu': '1' }))
    expect(await refused(asking)).toBeUndefined()
  })
})

test('scopes that must be covered by a quota', async () => {
  const matchScopes = [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }]
  const limited = { resource: 'pods', matchScopes }
  const uncovered = refusedWith(limited)
  expect(await uncovered({ priorityClassName: 'high' })).toBe(
    'insufficient quota to match these scopes: [{PriorityClass In [high]}]',
  )
  expect(await uncovered({ priorityClassName: 'low' })).toBeUndefined()
  const covered = refusedWith(limited, quota({ pods: '1' }, { scopeSelector: { matchExpressions: matchScopes } }))
  expect(await covered({ priorityClassName: 'high' })).toBeUndefined()
})
