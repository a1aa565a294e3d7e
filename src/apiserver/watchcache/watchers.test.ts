import { expect, test } from 'vitest'
import type { StoredObject } from './stored-object.ts'
import type { CacheEvent, CacheWatcher } from './watch-cache.ts'
import { type WatchedField, Watchers } from './watchers.ts'

const pod = (node: string) => ({ node }) as unknown as StoredObject
const onNode = (value: string): WatchedField => ({
  name: 'v1 spec.nodeName',
  value,
  of: object => (object as unknown as { node: string }).node,
})

interface Listener extends CacheWatcher {
  readonly heard: string[]
}

function listener(): Listener {
  const heard: string[] = []
  return {
    heard,
    events: (events, revision) => void heard.push(`${events.map(event => event.revision).join()} at ${revision}`),
    closed: reason => void heard.push(reason.message),
  }
}

function event(revision: number, type: CacheEvent['type'], before: string | undefined, now: string): CacheEvent {
  return { type, revision, object: pod(now), previous: before === undefined ? undefined : pod(before) }
}

test.each([
  { what: 'a new object', events: [event(1, 'ADDED', undefined, 'a')], a: ['1 at 9'], b: [] },
  { what: 'one without the value', events: [event(1, 'ADDED', undefined, '')], a: [], b: [] },
  { what: 'one that gets the value', events: [event(1, 'MODIFIED', '', 'b')], a: [], b: ['1 at 9'] },
  { what: 'one that goes from a to b', events: [event(1, 'MODIFIED', 'a', 'b')], a: ['1 at 9'], b: ['1 at 9'] },
  { what: 'one that is deleted', events: [event(1, 'DELETED', 'a', 'a')], a: ['1 at 9'], b: [] },
  {
    what: 'several',
    events: [
      event(1, 'MODIFIED', 'a', 'a'),
      event(2, 'MODIFIED', 'b', 'b'),
      event(3, 'MODIFIED', 'a', 'a'),
      event(4, 'ADDED', undefined, 'c'),
    ],
    a: ['1,3 at 9'],
    b: ['2 at 9'],
  },
])('who watches one value of a field hears of $what', ({ events, a, b }) => {
  const watchers = new Watchers()
  const [all, one, other] = [listener(), listener(), listener()]
  watchers.add(all, undefined)
  watchers.add(one, onNode('a'))
  watchers.add(other, onNode('b'))
  watchers.tell(events, 9)
  expect(one.heard).toEqual(a)
  expect(other.heard).toEqual(b)
  expect(all.heard).toEqual([`${events.map(({ revision }) => revision).join()} at 9`])
})

test('who has left hears nothing, others of the same value go on, and all hear the end', () => {
  const watchers = new Watchers()
  const [one, other] = [listener(), listener()]
  const leave = watchers.add(one, onNode('a'))
  watchers.add(other, onNode('a'))
  leave()
  watchers.tell([event(1, 'ADDED', undefined, 'a')], 1)
  watchers.close(new Error('the end'))
  watchers.tell([event(2, 'ADDED', undefined, 'a')], 2)
  expect(one.heard).toEqual([])
  expect(other.heard).toEqual(['1 at 1', 'the end'])
})
