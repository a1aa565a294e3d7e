import { describe, expect, test } from 'vitest'
import { groupVersions, kindFor, kinds, resourceFor, resources } from './scheme.ts'

describe('the scheme', () => {
  test('finds resources by group, version and plural', () => {
    expect(resourceFor('', 'v1', 'pods')?.kind).toBe('Pod')
    expect(resourceFor('apps', 'v1', 'deployments')?.shortNames).toEqual(['deploy'])
    expect(resourceFor('apps', 'v1', 'pods')).toBeUndefined()
  })

  test('finds kinds, lists and options', () => {
    expect(kindFor('', 'v1', 'Pod')?.schema.name).toBe('io.k8s.api.core.v1.Pod')
    expect(kindFor('batch', 'v1', 'JobList')?.schema.name).toBe('io.k8s.api.batch.v1.JobList')
    expect(kindFor('batch', 'v1', 'DeleteOptions')?.schema.name).toMatch(/DeleteOptions$/)
    expect(kindFor('nobody', 'v1', 'DeleteOptions')).toBeUndefined()
  })

  test('orders groups by priority, versions by preference', () => {
    const names = groupVersions.map(({ group, version }) => `${group}/${version}`)
    expect(names.slice(0, 4)).toEqual(['/v1', 'apiregistration.k8s.io/v1', 'apps/v1', 'events.k8s.io/v1'])
    expect(names.indexOf('autoscaling/v2')).toBeLessThan(names.indexOf('autoscaling/v1'))
  })

  test('names nothing twice', () => {
    const paths = resources.map(of => `${of.group}/${of.version}/${of.resource}`)
    expect(new Set(paths).size).toBe(paths.length)
    const names = kinds.map(of => `${of.group}/${of.version}/${of.kind}`)
    expect(new Set(names).size).toBe(names.length)
  })
})

test('fields are read for field selectors as upstream reads them', () => {
  const select = resourceFor('', 'v1', 'pods')!.selectableFields!
  const pod = { metadata: {}, spec: { containers: [], nodeName: 'n1' }, status: { podIPs: [{ ip: '10.0.0.1' }] } }
  expect(select['spec.nodeName']!(pod)).toBe('n1')
  expect(select['spec.host']!(pod)).toBe('n1')
  expect(select['spec.hostNetwork']!(pod)).toBe('false')
  expect(select['status.podIP']!(pod)).toBe('10.0.0.1')
  expect(select['status.phase']!(pod)).toBe('')
})
