import { expect, test } from 'vitest'
import { jsonPathText, parseJsonPath } from './json-path.ts'

const object = {
  metadata: { name: 'a', labels: { 'example.com/x': 'y' } },
  items: [
    { type: 'Ready', status: 'True', count: 3 },
    { type: 'Other', status: 'False', count: 5, extra: { deep: 1 } },
  ],
  numbers: [1, 2, 3, 4],
}

test.each<[string, unknown[]]>([
  ['.metadata.name', ['a']],
  ['$.metadata.name', ['a']],
  ['.missing.name', []],
  [".metadata.labels['example.com/x']", ['y']],
  ['.metadata.labels.example\\.com/x', ['y']],
  ['.items[0].type', ['Ready']],
  ['.items[-1].type', ['Other']],
  ['.items[9].type', []],
  ['.items[*].type', ['Ready', 'Other']],
  ['.numbers[1:3]', [2, 3]],
  ['.numbers[0,2]', [1, 3]],
  ['.items[?(@.type=="Ready")].status', ['True']],
  ["..items[?(@.type=='Ready')].status", ['True']],
  ['.items[?(@.count > 3)].type', ['Other']],
  ['.items[?(@.extra)].type', ['Other']],
  ['.items[?(@.type!="Ready")].extra.deep', [1]],
  ['..deep', [1]],
])('%s', (path, expected) => {
  expect(parseJsonPath(path)(object)).toEqual(expected)
})

test.each(['.items[', '.items[?(@.a', '.a b', '.items[x:y]'])('%s is none', path => {
  expect(() => parseJsonPath(path)).toThrow()
})

test('found values as text', () => {
  expect([1, 'x', true, null, { a: [1] }].map(jsonPathText)).toEqual(['1', 'x', 'true', 'null', '{"a":[1]}'])
})
