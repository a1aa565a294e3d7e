import { describe, expect, test } from 'vitest'
import { type FieldError, fieldErrorMessage } from '../../../machinery/field-error.ts'
import { root } from '../../../machinery/field-path.ts'
import { checkSelectors } from './device-selector.validation.ts'

function told(...expressions: string[]): string[] {
  const errors: FieldError[] = []
  checkSelectors(
    expressions.map(expression => ({ cel: { expression } })),
    root('selectors'),
    errors,
  )
  return errors.map(fieldErrorMessage)
}

/** What is wrong with one expression, after its path and itself. */
function wrong(expression: string): string | undefined {
  const [message] = told(expression)
  const start = `selectors[0].cel.expression: Invalid value: ${JSON.stringify(expression)}: `
  return message?.startsWith(start) ? message.slice(start.length) : message
}

const failed = (column: number, message: string, expression: string): string =>
  `compilation failed: ERROR: <input>:1:${column}: ${message}\n | ${expression}\n | ${'.'.repeat(column - 1)}^`

describe('accepted', () => {
  test.each([
    'true',
    'device.driver == "gpu.example.com"',
    'device.allowMultipleAllocations',
    // Attributes may be anything, a boolean among others.
    'device.attributes["gpu.example.com"].healthy',
    'device.attributes["gpu.example.com"]["model"] == "a100" || device.attributes["gpu.example.com"].count > 2',
    'device.attributes["d"].version.isGreaterThan(semver("1.0.0"))',
    'device.capacity["gpu.example.com"].memory.compareTo(quantity("10Gi")) >= 0',
    'cel.bind(gpu, device.attributes["gpu.example.com"], gpu.healthy && gpu.model == "a100")',
    '"gpu.example.com" in device.attributes && "model" in device.attributes["gpu.example.com"]',
    'device.attributes[?"d"].?model.orValue("none") == "a100"',
    'device.attributes.exists(d, device.attributes[d].exists(n, n.contains("a")))',
    'device.capacity.all(d, of, of.all(name, size, size.isGreaterThan(quantity("1"))))',
    'sets.contains([device.driver], ["a"])',
    'kubernetes.DRADevice{driver: "x"}.driver == "x"',
  ])('%s', expression => {
    expect(told(expression)).toEqual([])
  })
})

describe('not compiled', () => {
  test.each<[string, number, string]>([
    ['device.nothing', 7, "undefined field 'nothing'"],
    ['device.driver == 1', 15, "found no matching overload for '_==_' applied to '(string, int)'"],
    [
      'device.capacity["d"].memory > 1',
      29,
      "found no matching overload for '_>_' applied to '(kubernetes.Quantity, int)'",
    ],
    ['self.driver', 1, "undeclared reference to 'self' (in container '')"],
    ['device.attributes["d"].x.includes("a")', 34, "undeclared reference to 'includes' (in container '')"],
    [
      'device.attributes["d"].x.exists(y, y > 0)',
      23,
      "expression of type 'any' cannot be range of a comprehension (must be list, map, or dynamic)",
    ],
    ['[device.attributes["d"].x, 1] == []', 28, "expected type 'any' but found 'int'"],
    ['device.attributes["d"].x.matches("(")', 34, 'invalid matches argument'],
    ['cel.bind(a.b, 1, true)', 11, 'cel.bind() variable names must be simple identifiers'],
    ['device.attributes["d"', 22, "Syntax error: missing ']' at '<EOF>'"],
  ])('%s', (expression, column, message) => {
    expect(wrong(expression)).toBe(failed(column, message, expression))
  })

  test('of nothing', () => {
    expect(wrong('')).toMatch(
      /^compilation failed: ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>' expecting /,
    )
  })
})

describe('of another type', () => {
  test.each([
    ['1', 'int'],
    ['device', 'kubernetes.DRADevice'],
    ['device.driver', 'string'],
    ['device.attributes', 'map(string, map(string, google.protobuf.Any))'],
    ['device.capacity["d"].memory', 'kubernetes.Quantity'],
    ['dyn(true)', 'dyn'],
  ])('%s', (expression, type) => {
    expect(wrong(expression)).toBe(`must evaluate to bool or the unknown type, not ${type}`)
  })
})

describe('what it may cost', () => {
  const nested = (times: number): string =>
    `device.attributes.all(x, device.attributes.all(y, lists.range(${times}).all(z, true)))`
  test.each([
    [nested(100), false],
    [nested(1000), true],
    ['device.attributes["d"].all(k, device.attributes["e"].all(l, k == l))', false],
    ['device.attributes.all(x, device.attributes.all(y, device.attributes.all(z, x == y && y == z)))', false],
    [
      'device.attributes.all(w, device.attributes.all(x, device.attributes.all(y, device.attributes.all(z, x == y))))',
      true,
    ],
    ['device.attributes["d"].a.matches(device.attributes["d"].b)', false],
    ['lists.range(1000000).all(x, x < 10)', true],
  ])('%s', (expression, tooMuch) => {
    expect(told(expression)).toEqual(
      tooMuch ? ['selectors[0].cel.expression: Forbidden: too complex, exceeds cost limit'] : [],
    )
  })
})

test('what is too long is not compiled', () => {
  const longest = `device.driver == "${'x'.repeat(10 * 1024 - 19)}"`
  expect(told(longest)).toEqual([])
  expect(told(`${longest} +`)).toEqual(['selectors[0].cel.expression: Too long: may not be more than 10240 bytes'])
})

test('each expression is looked at', () => {
  expect(told('true', '1', 'true', '"a"').map(message => message.split(':')[0])).toEqual([
    'selectors[1].cel.expression',
    'selectors[3].cel.expression',
  ])
})
