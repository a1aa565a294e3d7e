import { expect, test } from 'vitest'
import { diffOf } from './unified-diff.ts'

const lines = (...text: string[]) => `${text.join('\n')}\n`

test('what is the same has no difference', () => {
  expect(diffOf({ a: 1 }, { a: 1 })).toBe('')
})

test.each<[string, unknown, unknown, string]>([
  [
    'three lines around each change, near ones together',
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 0, 4, 5, 6, 7, 0, 9],
    lines(
      '@@ -1,11 +1,11 @@',
      ' [',
      '  1,',
      '  2,',
      '- 3,',
      '+ 0,',
      '  4,',
      '  5,',
      '  6,',
      '  7,',
      '- 8,',
      '+ 0,',
      '  9',
      ' ]',
    ),
  ],
  [
    'far ones apart',
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    [0, 2, 3, 4, 5, 6, 7, 8, 9, 0],
    lines('@@ -1,5 +1,5 @@', ' [', '- 1,', '+ 0,', '  2,', '  3,', '  4,') +
      lines('@@ -8,5 +8,5 @@', '  7,', '  8,', '  9,', '- 10', '+ 0', ' ]'),
  ],
  [
    'the longest run counts, not the most lines',
    { a: { x: 1, y: 2 }, b: { x: 1, y: 2, z: 3 } },
    { b: { x: 1, y: 2, z: 3 } },
    lines(
      '@@ -1,8 +1,4 @@',
      ' {',
      '- "a": {',
      '-  "x": 1,',
      '-  "y": 2',
      '- },',
      '  "b": {',
      '   "x": 1,',
      '   "y": 2,',
    ),
  ],
])('%s', (_name, before, after, expected) => {
  expect(diffOf(before, after)).toBe(expected)
})

test('in a long text frequent lines begin no run', () => {
  const before = Array.from({ length: 300 }, (_, index) => (index % 2 === 0 ? 'often' : `line ${index}`))
  const after = ['often', ...before.slice(100)]
  expect(diffOf(before, after)).toContain('@@ -1,104 +1,5 @@')
})
