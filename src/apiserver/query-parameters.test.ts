import { expect, test } from 'vitest'
import { queryFlag } from './query-parameters.ts'

test.each([
  ['', false],
  ['on=0', false],
  ['on=false', false],
  ['on=False', false],
  ['on=true', true],
  ['on=True', true],
  ['on=1', true],
  ['on=', true],
  ['on', true],
  ['on=anything', true],
])('?%s is %s', (query, expected) => {
  expect(queryFlag(new URLSearchParams(query), 'on')).toBe(expected)
})
