import { expect, test } from 'vitest'
import { expand } from './env-expansion.ts'

const variables: Record<string, string> = { VAR_A: 'A', VAR_B: 'B', VAR_REF: '$(VAR_A)', EMPTY: '' }

test.each([
  ['no variables', 'plain', 'plain'],
  ['whole string', '$(VAR_A)', 'A'],
  ['in the middle', 'f000-$(VAR_A)-b', 'f000-A-b'],
  ['two', '$(VAR_A)$(VAR_B)', 'AB'],
  ['not expanded twice', '$(VAR_REF)', '$(VAR_A)'],
  ['unknown ones stay', '$(NOPE)/$(VAR_A)', '$(NOPE)/A'],
  ['empty value', '[$(EMPTY)]', '[]'],
  ['escaped', '$$(VAR_A)', '$(VAR_A)'],
  ['escaped, then expanded', '$$$(VAR_A)', '$A'],
  ['lone dollars', 'a$b $', 'a$b $'],
  ['double dollar', 'cost: 5$$', 'cost: 5$'],
  ['unclosed', '$(VAR_A', '$(VAR_A'],
  ['empty name', '$()', '$()'],
  ['nested parentheses end at the first', '$(VAR_A))', 'A)'],
])('%s', (_, text, expected) => {
  expect(expand(text, name => variables[name])).toBe(expected)
})
