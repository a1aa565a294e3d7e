import { describe, expect, test } from 'vitest'
import { deployments } from '../api/apps/v1/deployment.ts'
import { pods } from '../api/core/v1/pod.ts'
import { applyMergePatch } from '../machinery/patch/merge-patch.ts'
import { applyStrategicMergePatch } from '../machinery/patch/strategic-merge.ts'
import { type Json, threeWayPatch } from './three-way-patch.ts'

interface Case {
  readonly original: Json
  readonly modified: Json
  readonly current: Json
  readonly patch: Json
  /** What the server makes of it. */
  readonly result: Json
}

const cases: Record<string, Case> = {
  'nothing has changed, but the server has added': {
    original: { a: '1' },
    modified: { a: '1' },
    current: { a: '1', b: '2' },
    patch: {},
    result: { a: '1', b: '2' },
  },
  'a field that is gone goes, one of someone else stays': {
    original: { a: '1', b: '2' },
    modified: { a: '1' },
    current: { a: '1', b: '3', c: '4' },
    patch: { b: null },
    result: { a: '1', c: '4' },
  },
  'what someone else has changed comes back': {
    original: { a: '1' },
    modified: { a: '1' },
    current: { a: '9' },
    patch: { a: '1' },
    result: { a: '1' },
  },
  'a field that is gone already needs no patch': {
    original: { a: '1' },
    modified: {},
    current: {},
    patch: {},
    result: {},
  },
  'deeper, only what differs': {
    original: { m: { a: '1', b: { c: '2' } } },
    modified: { m: { a: '1', b: { c: '3' } } },
    current: { m: { a: '1', b: { c: '2', d: '4' } } },
    patch: { m: { b: { c: '3' } } },
    result: { m: { a: '1', b: { c: '3', d: '4' } } },
  },
  'lists without a key are replaced': {
    original: { l: ['1'] },
    modified: { l: ['1', '2'] },
    current: { l: ['1'] },
    patch: { l: ['1', '2'] },
    result: { l: ['1', '2'] },
  },
}

describe('of any kind: a JSON merge patch', () => {
  test.each(Object.entries(cases))('%s', (_, { original, modified, current, patch, result }) => {
    const made = threeWayPatch(original, modified, current, undefined)
    expect(made).toEqual(patch)
    expect(applyMergePatch(current, made)).toEqual(result)
  })
})

const spec = (value: Json): Json => ({ spec: value })
const env = (...names: string[]) => names.map(name => ({ name, value: name.toLowerCase() }))

const podCases: Record<string, Case> = {
  'elements are found by their key': {
    original: { containers: [{ name: 'a', image: '1' }] },
    modified: { containers: [{ name: 'a', image: '2' }] },
    current: { containers: [{ name: 'injected' }, { name: 'a', image: '1', terminationMessagePath: '/x' }] },
    patch: { containers: [{ name: 'a', image: '2' }], '$setElementOrder/containers': [{ name: 'a' }] },
    result: { containers: [{ name: 'injected' }, { name: 'a', image: '2', terminationMessagePath: '/x' }] },
  },
  'an element that is gone goes, one of someone else stays': {
    original: { containers: [{ name: 'a', env: env('A', 'B') }] },
    modified: { containers: [{ name: 'a', env: env('A') }] },
    current: { containers: [{ name: 'a', env: env('A', 'B', 'C') }] },
    patch: {
      containers: [{ name: 'a', env: [{ $patch: 'delete', name: 'B' }], '$setElementOrder/env': [{ name: 'A' }] }],
      '$setElementOrder/containers': [{ name: 'a' }],
    },
    result: { containers: [{ name: 'a', env: env('A', 'C') }] },
  },
}

describe('of a known kind: a strategic merge patch', () => {
  test.each(Object.entries(podCases))('%s', (_, { original, modified, current, patch, result }) => {
    const made = threeWayPatch(spec(original), spec(modified), spec(current), pods.schema)
    expect(made).toEqual(spec(patch))
    expect(applyStrategicMergePatch(pods.schema, spec(current), made)).toEqual(spec(result))
  })

  test('a set: what was added and what is gone, by value', () => {
    const finalizers = (...values: string[]): Json => ({ metadata: { finalizers: values } })
    const current = finalizers('a', 'b', 'theirs')
    const made = threeWayPatch(finalizers('a', 'b'), finalizers('a', 'c'), current, pods.schema)
    const after = applyStrategicMergePatch(pods.schema, current, made) as { metadata: { finalizers: string[] } }
    expect(after.metadata.finalizers.toSorted()).toEqual(['a', 'c', 'theirs'])
  })

  test('another choice of a union takes the place of all of the one before', () => {
    const current = spec({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } })
    const modified = spec({ strategy: { type: 'Recreate' } })
    const made = threeWayPatch({}, modified, current, deployments.schema)
    expect(made).toEqual(spec({ strategy: { $retainKeys: ['type'], type: 'Recreate' } }))
    expect(applyStrategicMergePatch(deployments.schema, current, made)).toEqual(modified)
  })
})
