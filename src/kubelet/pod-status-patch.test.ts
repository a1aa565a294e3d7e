import { describe, expect, test } from 'vitest'
import type { PodStatus } from '../api/core/v1/pod.ts'
import { podStatusPatch, sameValue } from './pod-status-patch.ts'

const condition = (type: string, status: string, more: object = {}) =>
  ({ type, status, lastProbeTime: null, lastTransitionTime: '2026-01-01T00:00:00Z', ...more }) as any

describe('a patch', () => {
  test('is none when nothing differs', () => {
    const status: PodStatus = {
      phase: 'Running',
      conditions: [condition('Ready', 'True')],
      podIPs: [{ ip: '1.2.3.4' }],
    }
    expect(podStatusPatch(status, structuredClone(status))).toBeUndefined()
  })

  test('names only what differs', () => {
    expect(
      podStatusPatch({ phase: 'Pending', qosClass: 'BestEffort' }, { phase: 'Running', qosClass: 'BestEffort' }),
    ).toEqual({
      phase: 'Running',
    })
  })

  test('takes away what is gone', () => {
    expect(podStatusPatch({ phase: 'Running', reason: 'X' }, { phase: 'Running' })).toEqual({ reason: null })
  })

  test('leaves other hands’ conditions and fields alone', () => {
    const before = { conditions: [condition('Foreign', 'True'), condition('Ready', 'False')], nominatedNodeName: 'n' }
    const after = { conditions: [condition('Foreign', 'True'), condition('Ready', 'True')] }
    expect(podStatusPatch(before, after)).toEqual({
      conditions: [condition('Ready', 'True')],
      '$setElementOrder/conditions': [{ type: 'Foreign' }, { type: 'Ready' }],
    })
  })

  test('clears the reason of a condition that has none any more', () => {
    const before = { conditions: [condition('Ready', 'False', { reason: 'ContainersNotReady', message: 'why' })] }
    expect(podStatusPatch(before, { conditions: [condition('Ready', 'True')] })).toMatchObject({
      conditions: [{ type: 'Ready', status: 'True', reason: null, message: null }],
    })
  })

  test('replaces addresses rather than adding to them', () => {
    expect(podStatusPatch({}, { podIPs: [{ ip: 'a' }] })).toEqual({ podIPs: [{ ip: 'a' }] })
    expect(podStatusPatch({ podIPs: [{ ip: 'a' }] }, { podIPs: [{ ip: 'b' }] })).toEqual({
      podIPs: [{ $patch: 'replace' }, { ip: 'b' }],
    })
  })
})

test.each([
  [{ a: null }, {}, true],
  [{ a: [] }, {}, true],
  [{ a: {} }, { b: '' }, true],
  [{ a: 0 }, {}, false],
  [{ a: false }, {}, false],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
  [[1, 2], [2, 1], false],
])('%j and %j are the same: %s', (a, b, same) => expect(sameValue(a, b)).toBe(same))
