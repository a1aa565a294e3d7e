import { expect, test } from 'vitest'
import { resourcesOf } from './legacy-discovery.ts'

const thing = {
  name: 'things',
  singularName: 'thing',
  namespaced: true,
  kind: 'Thing',
  verbs: ['get'],
  shortNames: ['th'],
}
const none = { group: '', version: '', kind: '' }

test('resources have their subresources below them, wherever they stand', () => {
  const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale' }
  const list = [
    { name: 'things/scale', singularName: '', namespaced: true, ...scale, verbs: ['get', 'update'] },
    thing,
    { name: 'things/odd', singularName: '', namespaced: true, kind: '', verbs: ['create'] },
    { name: 'orphans/log', singularName: '', namespaced: false, kind: 'Log', verbs: ['get'] },
  ]
  expect(resourcesOf({ resources: list })).toEqual([
    {
      resource: 'things',
      responseKind: { group: '', version: '', kind: 'Thing' },
      scope: 'Namespaced',
      singularResource: 'thing',
      verbs: ['get'],
      shortNames: ['th'],
      subresources: [
        { subresource: 'scale', responseKind: scale, verbs: ['get', 'update'] },
        { subresource: 'odd', responseKind: none, verbs: ['create'] },
      ],
    },
    {
      resource: 'orphans',
      responseKind: none,
      scope: 'Cluster',
      singularResource: '',
      verbs: [],
      subresources: [{ subresource: 'log', responseKind: { group: '', version: '', kind: 'Log' }, verbs: ['get'] }],
    },
  ])
  expect(resourcesOf({})).toEqual([])
})

test('a subresource is in the same scope', () => {
  const odd = { name: 'things/scale', singularName: '', namespaced: false, kind: 'Scale', verbs: [] }
  expect(() => resourcesOf({ resources: [thing, odd] })).toThrow(
    'Error: Parent things (scope: Namespaced) and subresource scale (scope: Cluster) scope do not match',
  )
})
