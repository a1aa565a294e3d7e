import { describe, expect, test } from 'vitest'
import { deepFreeze } from '../deep-freeze.ts'
import { any, int32, list, map, object, ref, string } from '../schema/schema.ts'
import { applyStrategicMergePatch } from './strategic-merge.ts'

const Port = object('test.v1.Port', { containerPort: int32(1).required(), name: string(2), protocol: string(3) })
const Env = object('test.v1.Env', { name: string(1).required(), value: string(2) })
const Container = object('test.v1.Container', {
  name: string(1).required(),
  image: string(2),
  args: list(3, 'string').listType('atomic'),
  ports: list(4, Port).patchStrategy('merge').mergeKey('containerPort'),
  env: list(5, Env).patchStrategy('merge').mergeKey('name'),
})
const Strategy = object('test.v1.Strategy', { type: string(1), rollingUpdate: map(2, 'string') })
const Thing = object('test.v1.Thing', {
  labels: map(1, 'string'),
  finalizers: list(2, 'string').listType('set').patchStrategy('merge'),
  containers: list(3, Container).patchStrategy('merge').mergeKey('name'),
  strategy: ref(4, Strategy).patchStrategy('retainKeys'),
  conditions: list(5, Env),
  whole: ref(6, Strategy).patchStrategy('replace'),
  raw: any(7),
})

const c = (name: string, rest: object = {}) => ({ name, ...rest })

describe('a strategic merge patch', () => {
  test.each<[string, object, object, object]>([
    [
      'merges maps',
      { labels: { a: '1', b: '2' } },
      { labels: { b: '3', a: null, c: '4' } },
      { labels: { b: '3', c: '4' } },
    ],
    [
      'replaces lists that name no strategy',
      { conditions: [c('a')] },
      { conditions: [c('b')] },
      { conditions: [c('b')] },
    ],
    [
      'merges lists by their key; new elements stand before the old ones',
      { containers: [c('a', { image: '1', args: ['x', 'y'] }), c('b')] },
      { containers: [c('a', { image: '2', args: ['z'] }), c('new')] },
      { containers: [c('a', { image: '2', args: ['z'] }), c('new'), c('b')] },
    ],
    [
      'merges lists in lists',
      { containers: [c('a', { env: [c('E', { value: '1' }), c('F')] })] },
      { containers: [c('a', { env: [c('E', { value: '2' })] })] },
      { containers: [c('a', { env: [c('E', { value: '2' }), c('F')] })] },
    ],
    [
      'deletes an element',
      { containers: [c('a'), c('b')] },
      { containers: [c('a', { $patch: 'delete' })] },
      { containers: [c('b')] },
    ],
    [
      'deletes by a number',
      { containers: [c('a', { ports: [{ containerPort: 80 }, { containerPort: 81 }] })] },
      { containers: [c('a', { ports: [{ containerPort: 80, $patch: 'delete' }] })] },
      { containers: [c('a', { ports: [{ containerPort: 81 }] })] },
    ],
    [
      'replaces a list as a whole',
      { containers: [c('a'), c('b')] },
      { containers: [c('z', { image: '1' }), { $patch: 'replace' }] },
      { containers: [c('z', { image: '1' })] },
    ],
    ['replaces a map', { labels: { a: '1' } }, { labels: { $patch: 'replace', b: '2' } }, { labels: { b: '2' } }],
    [
      'empties a map',
      { labels: { a: '1' }, finalizers: ['x'] },
      { labels: { $patch: 'delete' } },
      { labels: {}, finalizers: ['x'] },
    ],
    [
      'unites lists of primitives',
      { finalizers: ['a', 'b'] },
      { finalizers: ['c', 'b'] },
      { finalizers: ['c', 'a', 'b'] },
    ],
    [
      'takes primitives out',
      { finalizers: ['a', 'b', 'c'] },
      { '$deleteFromPrimitiveList/finalizers': ['b', 'z'] },
      { finalizers: ['a', 'c'] },
    ],
    [
      'orders elements',
      { containers: [c('a'), c('b'), c('server')] },
      { '$setElementOrder/containers': [c('b'), c('new'), c('a')], containers: [c('new', { image: '1' })] },
      { containers: [c('b'), c('new', { image: '1' }), c('a'), c('server')] },
    ],
    [
      'puts an added element where a deleted one made room',
      { containers: [c('a'), c('b'), c('server')] },
      {
        '$setElementOrder/containers': [c('b'), c('new')],
        containers: [c('new'), c('a', { $patch: 'delete' })],
      },
      { containers: [c('b'), c('server'), c('new')] },
    ],
    [
      'orders without a change',
      { finalizers: ['a', 'b'] },
      { '$setElementOrder/finalizers': ['b', 'a'] },
      { finalizers: ['b', 'a'] },
    ],
    [
      'adds an ordered list',
      {},
      { '$setElementOrder/containers': [c('b'), c('a')], containers: [c('b', { image: null }), c('a')] },
      { containers: [c('b'), c('a')] },
    ],
    [
      'retains only some keys',
      { strategy: { type: 'RollingUpdate', rollingUpdate: { a: '1' } } },
      { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
      { strategy: { type: 'Recreate' } },
    ],
    [
      'replaces where the kind says so',
      { whole: { type: 'a' } },
      { whole: { rollingUpdate: { b: '1' } } },
      { whole: { rollingUpdate: { b: '1' } } },
    ],
    ['merges raw JSON one level deep', { raw: { a: 1, b: 1 } }, { raw: { a: [2], b: null } }, { raw: { a: [2] } }],
    [
      'leaves no directive in what it adds',
      {},
      { strategy: { $retainKeys: ['type'], type: 'x' }, containers: [c('a', { $patch: 'delete' })] },
      { strategy: { type: 'x' }, containers: [] },
    ],
    ['ignores a null for what is not there', {}, { labels: { a: null }, strategy: null }, { labels: {} }],
  ])('%s', (_name, original, patch, expected) => {
    deepFreeze(original)
    deepFreeze(patch)
    expect(applyStrategicMergePatch(Thing, original, patch)).toEqual(expected)
  })

  test.each<[object, number, string]>([
    [{ containers: [{ image: '1' }] }, 500, 'map: map[image:1] does not contain declared merge key: name'],
    [{ labels: { $patch: 'merge' } }, 500, 'unknown patch type: merge in map: map[$patch:merge]'],
    [{ strategy: { $retainKeys: 'type' } }, 400, 'invalid patch format of retainKeys'],
    [{ strategy: { $retainKeys: [], type: 'x' } }, 400, 'invalid patch format of retainKeys'],
    [{ $setElementOrder: ['a'] }, 400, 'invalid patch format of setElementOrder list'],
    [{ $deleteFromPrimitiveList: ['a'] }, 400, 'invalid patch format of primitive list'],
    [{ '$setElementOrder/containers': 'a' }, 500, 'expected a []interface {}, but received a string'],
    [{ '$setElementOrder/containers': null }, 500, 'expected a []interface {}, but received a %!s(<nil>)'],
    [{ '$setElementOrder/containers': ['a'] }, 500, 'value for key 0 is not a map'],
    [{ '$setElementOrder/x': ['a'] }, 500, 'unable to find api field in struct Thing for the json field "x"'],
    [{ raw: { a: { c: 1 } } }, 500, 'unable to find api field in struct RawExtension for the json field "a"'],
    [{ containers: [['a']] }, 500, 'list element types are not identical: [[map[name:a]] [[a]]]'],
    [{ '$deleteFromPrimitiveList/containers': [{}] }, 500, 'map: map[] does not contain declared merge key: name'],
    [{ labels: { $patch: 5 } }, 500, 'unknown patch type: %!s(int64=5) in map: map[$patch:5]'],
    [
      { '$setElementOrder/containers': [c('a')], containers: [c('b')] },
      500,
      "The order in patch list:\n[map[name:b]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n",
    ],
  ])('fails on %j', (patch, code, message) => {
    const original = { labels: { a: '1' }, containers: [c('a')], strategy: { type: 'a' }, raw: { a: { b: 1 } } }
    expect(() => applyStrategicMergePatch(Thing, original, patch)).toThrow(expect.objectContaining({ code, message }))
  })
})
