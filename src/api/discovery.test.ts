import { describe, expect, test } from 'vitest'
import {
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  storageVersionHash,
} from './discovery.ts'
import { resources } from './scheme.ts'

describe('legacy discovery', () => {
  test('/api', () => {
    expect(apiVersions('10.0.0.1:6443')).toEqual({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '10.0.0.1:6443' }],
    })
  })

  test('/apis and /apis/<group>', () => {
    const group = {
      name: 'autoscaling',
      versions: [
        { groupVersion: 'autoscaling/v2', version: 'v2' },
        { groupVersion: 'autoscaling/v1', version: 'v1' },
      ],
      preferredVersion: { groupVersion: 'autoscaling/v2', version: 'v2' },
    }
    expect(apiGroupList(resources)).toMatchObject({ kind: 'APIGroupList', apiVersion: 'v1' })
    expect(apiGroupList(resources).groups).toContainEqual(group)
    expect(apiGroup(resources, 'autoscaling')).toEqual({ kind: 'APIGroup', apiVersion: 'v1', ...group })
    expect(apiGroup(resources, 'nobody')).toBeUndefined()
  })

  test('/api/v1 and /apis/<group>/<version>', () => {
    const core = apiResourceList(resources, '', 'v1')!
    expect(Object.keys(core)).toEqual(['kind', 'groupVersion', 'resources'])
    expect(core.resources.find(({ name }) => name === 'pods')).toEqual({
      name: 'pods',
      singularName: 'pod',
      namespaced: true,
      kind: 'Pod',
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['po'],
      categories: ['all'],
      storageVersionHash: 'xPOwRZ+Yhw8=',
    })
    expect(core.resources.find(({ name }) => name === 'pods/eviction')).toEqual({
      name: 'pods/eviction',
      singularName: '',
      namespaced: true,
      group: 'policy',
      version: 'v1',
      kind: 'Eviction',
      verbs: ['create'],
    })
    expect(core.resources.find(({ name }) => name === 'bindings')).not.toHaveProperty('storageVersionHash')
    expect(apiResourceList(resources, 'apps', 'v1')).toMatchObject({ apiVersion: 'v1', groupVersion: 'apps/v1' })
    expect(apiResourceList(resources, 'apps', 'v2')).toBeUndefined()
  })

  test.each([
    ['', 'v1', 'Pod', 'xPOwRZ+Yhw8='],
    ['', 'v1', 'ConfigMap', 'qFsyl6wFWjQ='],
    ['', 'v1', 'Service', '0/CO1lhkEBI='],
    ['apps', 'v1', 'Deployment', '8aSe+NMegvE='],
  ])('the storage version hash of %s/%s %s', (group, version, kind, hash) => {
    expect(storageVersionHash({ group, version, kind })).toBe(hash)
  })
})

describe('aggregated discovery', () => {
  test('puts the core group under /api and the others, by priority, under /apis', () => {
    const core = aggregatedDiscovery(resources, '/api')
    expect(core.items.map(item => item.metadata)).toEqual([{}])
    const others = aggregatedDiscovery(resources, '/apis')
    expect(others.items.map(item => item.metadata.name).slice(0, 2)).toEqual(['apiregistration.k8s.io', 'apps'])
  })

  test('names group and version of a kind only where they differ, always for custom resources', () => {
    const kinds = (isCustom: boolean) =>
      aggregatedDiscovery(resources, '/apis', { isCustom: () => isCustom })
        .items.find(item => item.metadata.name === 'apps')!
        .versions[0]!.resources!.find(({ resource }) => resource === 'deployments')!
    expect(kinds(false)).toMatchObject({
      responseKind: { group: '', version: '', kind: 'Deployment' },
      subresources: [
        { subresource: 'scale', responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } },
        { subresource: 'status', responseKind: { group: '', version: '', kind: 'Deployment' } },
      ],
    })
    expect(kinds(true).responseKind).toEqual({ group: 'apps', version: 'v1', kind: 'Deployment' })
  })
})
