import { describe, expect, test } from 'vitest'
import { ControllerExpectations, UidTrackingExpectations } from './controller-expectations.ts'
import { settledEnv } from './testing/settled-env.ts'

type Step = (expectations: ControllerExpectations) => void

describe('expectations of a key are satisfied', () => {
  const laws: { when: string; steps: Step[]; satisfied: boolean }[] = [
    { when: 'nothing was ever expected', steps: [], satisfied: true },
    {
      when: 'two creations are expected and one is seen',
      steps: [e => e.expectCreations('k', 2), e => e.creationObserved('k')],
      satisfied: false,
    },
    {
      when: 'two creations are expected and seen',
      steps: [e => e.expectCreations('k', 2), e => e.creationObserved('k'), e => e.creationObserved('k')],
      satisfied: true,
    },
    {
      when: 'more is seen than expected',
      steps: [e => e.expectCreations('k', 1), e => e.creationObserved('k'), e => e.creationObserved('k')],
      satisfied: true,
    },
    {
      when: 'a deletion is expected and a creation seen',
      steps: [e => e.expectDeletions('k', 1), e => e.creationObserved('k')],
      satisfied: false,
    },
    {
      when: 'a deletion is expected and seen',
      steps: [e => e.expectDeletions('k', 1), e => e.deletionObserved('k')],
      satisfied: true,
    },
    {
      when: 'creations are done but deletions are not',
      steps: [e => e.set('k', 1, 1), e => e.creationObserved('k')],
      satisfied: false,
    },
    {
      when: 'more is expected on top',
      steps: [e => e.expectCreations('k', 1), e => e.raise('k', 1, 0), e => e.creationObserved('k')],
      satisfied: false,
    },
    {
      when: 'another key has all the luck',
      steps: [e => e.expectCreations('k', 1), e => e.creationObserved('other')],
      satisfied: false,
    },
    { when: 'the key is gone', steps: [e => e.expectCreations('k', 5), e => e.delete('k')], satisfied: true },
  ]

  test.each(laws)('$satisfied: $when', ({ steps, satisfied }) => {
    const expectations = new ControllerExpectations(settledEnv())
    for (const step of steps) step(expectations)
    expect(expectations.satisfied('k')).toBe(satisfied)
  })

  test('after five minutes in any case', async () => {
    const { clock } = settledEnv()
    const expectations = new ControllerExpectations({ clock })
    expectations.expectCreations('k', 1)
    await clock.advance(60_000)
    expect(expectations.waitMs('k')).toBe(4 * 60_000 + 1)
    await clock.advance(4 * 60_000)
    expect(expectations.satisfied('k')).toBe(false)
    await clock.advance(1)
    expect(expectations.satisfied('k')).toBe(true)
    expect(expectations.waitMs('k')).toBeUndefined()
  })
})

test('a deletion that is seen twice counts once', () => {
  const expectations = new UidTrackingExpectations(settledEnv())
  expectations.expectDeletionsOf('k', ['ns/a', 'ns/b'])
  expectations.deletionOfObserved('k', 'ns/a')
  expectations.deletionOfObserved('k', 'ns/a')
  expectations.deletionOfObserved('k', 'ns/stranger')
  expect(expectations.satisfied('k')).toBe(false)
  expectations.deletionOfObserved('k', 'ns/b')
  expect(expectations.satisfied('k')).toBe(true)
})
