import { describe, expect, test } from 'vitest'
import { firstDocument } from './grammar.ts'

const problem = (text: string): string => {
  try {
    firstDocument(text)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

describe('what is wrong is said as go-yaml does', () => {
  test.each<[string, string]>([
    ['metadata:\n  name: foo\n   labels: bar', 'line 3: mapping values are not allowed in this context'],
    ['metadata:\n  name: foo\n labels: bar', 'line 2: did not find expected key'],
    ['env:\n- name: a\n value: b', 'line 2: did not find expected key'],
    ['a: b: c', 'mapping values are not allowed in this context'],
    ['a: 1\nbad line\nc: 2', "line 3: could not find expected ':'"],
    ['a: 1\nbad line\n', "line 3: could not find expected ':'"],
    ['a:\n\tb: c', 'line 2: found character that cannot start any token'],
    ['a: b\n\tc: d', 'line 2: found a tab character that violates indentation'],
    ['a: |\n\tb', 'line 2: found a tab character where an indentation space is expected'],
    ['a: | b', 'did not find expected comment or line break'],
    ['a: |0\n b', 'found an indentation indicator equal to 0'],
    ['a: "open\nb: c', 'line 2: found unexpected end of stream'],
    ['a: "x" y', 'did not find expected key'],
    ["a: 1\nb: 'it's'", 'line 1: did not find expected key'],
    ['a: "\\q"', 'found unknown escape character'],
    ['a: "\\u12"', 'did not find expected hexdecimal number'],
    ['a: @b', 'found character that cannot start any token'],
    ['a: `b`', 'found character that cannot start any token'],
    ['a: 1\nb: %c', 'line 2: found character that cannot start any token'],
    ['a: *b', "unknown anchor 'b' referenced"],
    ['a: [b\nc: d', "line 1: did not find expected ',' or ']'"],
    ['a: {b: c\nd: e\n', "line 1: did not find expected ',' or '}'"],
    ['a: ]', 'did not find expected node content'],
    ['a: {{ .Values.a }}-b', 'did not find expected key'],
    ['a: - b', 'block sequence entries are not allowed in this context'],
    ['a: ? b', 'mapping keys are not allowed in this context'],
    ['- a\nb: c', "line 1: did not find expected '-' indicator"],
    ['a: b\n- c', 'line 1: did not find expected key'],
    ['a: !x!y b', 'found undefined tag handle'],
    ['%YAML 1.2\n---\na: b', 'found incompatible YAML document'],
    ['%FOO\n---\na', 'found unknown directive name'],
    ['%YAML 1.1\na: b', 'line 1: did not find expected <document start>'],
    ['a: b\u0001', 'control characters are not allowed'],
    [`${'k'.repeat(1100)}: v`, 'mapping values are not allowed in this context'],
  ])('%j: %s', (text, message) => {
    expect(problem(text)).toBe(`yaml: ${message}`)
  })
})

test.each([
  '',
  '# nothing',
  'a: {b: [c, {d: e}], "f": g}',
  'a:\n- b\n- - c\n  - d\n-\n  e: f',
  '? a\n: b\n? c',
  'a: &x !y b\nc: *x',
  '%TAG !e! tag:e\n---\na: !e!b c',
  'a: >-2\n   b\n\n  c\nd: e',
  "a: \"b\n  c\\\n  d\"\ne: 'f''g'",
  "a: b # c\n# d\ne: it's {fine}, [too]",
  '\ufeffa: b\r\nc: d\r\n',
])('%j is YAML', text => {
  expect(problem(text)).toBe('')
})

test.each([
  ['a: 1\n---\n}', 'a: 1\n'],
  ['---\na: 1\n...\n}', '---\na: 1\n'],
  ['---\n---\na', '---\n'],
  ['a: 1\n', 'a: 1\n'],
  ['{"a":1} {"b":2}', '{"a":1} '],
  ['[a]\nb', '[a]\n'],
])('of %j the first document is %j', (text, first) => {
  expect(firstDocument(text)).toBe(first)
})
