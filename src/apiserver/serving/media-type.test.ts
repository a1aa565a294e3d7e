import { expect, test } from 'vitest'
import { parseAccept } from './media-type.ts'

// As upstream's parser has them: what is named comes before a star, a q of 0 is the least wish but one, and what is no media
// range is none.
test.each([
  ['application/json', ['application/json']],
  ['application/json;q=0.1,application/yaml;q=0.9', ['application/yaml', 'application/json']],
  ['application/yaml;q=0.5,application/json;q=0.5', ['application/yaml', 'application/json']],
  ['application/json;q=0,application/yaml;q=0.1', ['application/yaml', 'application/json']],
  ['application/json;q=abc,application/yaml', ['application/yaml', 'application/json']],
  ['*/*,application/yaml', ['application/yaml', '*/*']],
  ['*/*,application/yaml;q=0.1', ['application/yaml', '*/*']],
  ['application/*,application/yaml', ['application/yaml', 'application/*']],
  ['*', ['*/*']],
  ['json', []],
  [',;', []],
  ['Application/JSON', ['Application/JSON']],
])('%s', (header, types) => {
  expect(parseAccept(header).map(({ type }) => type)).toEqual(types)
})

test('parameters that say nothing are none, and quotes are part of the value', () => {
  expect(parseAccept('application/json; as=Table ;v="v1";g=;x;a=b=c')[0]?.parameters).toEqual({
    as: 'Table',
    v: '"v1"',
  })
})
