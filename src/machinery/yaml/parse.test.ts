import { describe, expect, test } from 'vitest'
import { parseYaml, parseYamlDocuments, YamlSyntaxError } from './parse.ts'

const value = (text: string) => parseYaml(text).value

describe('a scalar', () => {
  test.each<[string, unknown]>([
    ['true', true],
    ['yes', true],
    ['off', false],
    ['~', null],
    ['', null],
    ['1', 1],
    ['0777', 511],
    ['0x1F', 31],
    ['1.5', 1.5],
    ['1_000', 1000],
    ['"1"', '1'],
    ['22:22', '22:22'],
    ['1:30.5', '1:30.5'],
    ['2026-01-02', '2026-01-02'],
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
    ['100m', '100m'],
    ['1e3', 1000],
    ['v1', 'v1'],
    ['y', true],
    ['N', false],
    ['On', true],
    ['yEs', 'yEs'],
    ['"no"', 'no'],
    ['!!str no', 'no'],
    ['Null', null],
    ['0o777', 511],
    ['0b101', 5],
    ['-0x10', -16],
    ['+5', 5],
    ['089', 89],
    ['0_7', 7],
    ['1_0.5', 10.5],
    ['.5', 0.5],
    ['1.', 1],
    ['-.5e1', -5],
    ['1e999', '1e999'],
    ['12345678901234567890', 12345678901234567000],
    ['190:20:30', '190:20:30'],
    ['!!int "5"', 5],
    ['!!float 1', 1],
    ['!!binary aGk=', 'hi'],
    ['!custom 5', '5'],
    ['2026-1-2', '2026-1-2'],
    ['<<', '<<'],
  ])('%j is %j', (text, expected) => {
    expect(value(`a: ${text}`)).toEqual({ a: expected })
  })
})

test('anchors, merge keys and keys that are no text', () => {
  expect(value('base: &b {x: 1, z: 2}\nmore: {<<: *b, z: 3}\nlist: [*b]\n1: one\n')).toEqual({
    base: { x: 1, z: 2 },
    more: { x: 1, z: 3 },
    list: [{ x: 1, z: 2 }],
    '1': 'one',
  })
})

test('keys are made text', () => {
  expect(value('y: 1\n"n": 2\n0x10: 3\n1.5: 4\n2026-01-02: 5\nfalse: 6\n')).toEqual({
    true: 1,
    n: 2,
    '16': 3,
    '1.5': 4,
    '2026-01-02': 5,
    false: 6,
  })
})

test('a merge gives way to what follows it, and the first of several wins', () => {
  expect(value('a: &a {x: 1, y1: 1}\nb: &b {x: 2, z: 2}\nc: {<<: [*a, *b], z: 3}\nd: {"<<": 1}')).toMatchObject({
    c: { x: 1, y1: 1, z: 3 },
    d: { '<<': 1 },
  })
})

test('an alias means the last anchor before it', () => {
  expect(value('- &a 1\n- *a\n- &a 2\n- *a')).toEqual([1, 1, 2, 2])
})

test('documents after the first are not looked at', () => {
  expect(value('a: 1\n---\n{')).toEqual({ a: 1 })
})

describe('what cannot be JSON is refused', () => {
  test.each([
    ['a: .nan', 'json: unsupported value: NaN'],
    ['a: -.inf', 'json: unsupported value: -Inf'],
    ['a: !!int x', 'yaml: cannot decode !!str `x` as a !!int'],
    ['? [a]\n: 1', /^yaml: invalid map key/],
    ['~: 1', /^unsupported map key/],
    ['a: &a [*a]', "yaml: anchor 'a' value contains itself"],
    ['a: *b', "yaml: unknown anchor 'b' referenced"],
    ['a: {<<: 1}', 'yaml: map merge requires map or sequence of maps as the value'],
  ])('%j', (text, message) => {
    expect(() => value(text)).toThrow(message)
  })
})

test('JSON is YAML', () => {
  expect(value('{"a":[1,{"b":"c\\n"}]}')).toEqual({ a: [1, { b: 'c\n' }] })
})

test('of repeated keys the last one counts, and each is named', () => {
  const { value: parsed, duplicates } = parseYaml('a: 1\nb:\n  c: 1\n  c: 2\na: 3\n')
  expect(parsed).toEqual({ a: 3, b: { c: 2 } })
  expect(duplicates).toEqual([
    'yaml: unmarshal errors:\n  line 4: key "c" already set in map\n  line 5: key "a" already set in map',
  ])
  expect(parseYaml('a: 1\nb: {a: 1}').duplicates).toEqual([])
})

test('a manifest has many documents, and empty ones do not count', () => {
  const text = '---\na: 1\n---\n# nothing\n---\nb: 2\n...\n'
  expect(parseYamlDocuments(text)).toEqual([{ a: 1 }, { b: 2 }])
  expect(value(text)).toEqual({ a: 1 })
  expect(parseYamlDocuments('')).toEqual([])
})

describe('what is no YAML says the line', () => {
  test.each([
    ['a: 1\nb: [1, 2\n', /^yaml: line \d+: /],
    ['a: 1\n  b: 2\n', /^yaml: line 2: mapping values/],
    ['a: *nowhere', /^yaml: /],
    ['a: "open', /^yaml: found unexpected end of stream/],
    ['a: b: c', /^yaml: mapping values are not allowed in this context/],
    ['a: 1\nb: c: d\n', /^yaml: line 2: mapping values/],
    ['a: 1\nb: {c: d\n', /^yaml: line 2: did not find expected/],
  ])('%j', (text, message) => {
    expect(() => value(text)).toThrow(YamlSyntaxError)
    expect(() => value(text)).toThrow(message)
  })

  test('a bomb of aliases is refused', () => {
    let text = 'a0: &a0 [x,x,x,x,x,x,x,x,x]\n'
    for (let level = 1; level < 9; level++)
      text += `a${level}: &a${level} [${new Array(9).fill(`*a${level - 1}`).join(',')}]\n`
    expect(() => value(text)).toThrow(YamlSyntaxError)
  })
})
