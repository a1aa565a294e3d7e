import { describe, expect, test } from 'vitest'
import { authorizerValue, type CelAuthorizationCheck, type CelType, celEnvironment, objectType } from './cel.ts'

const widget = objectType('Widget', {
  name: 'string',
  replicas: 'int',
  ratio: 'double',
  'x-kind': 'string',
  namespace: 'string',
  __a: 'string',
  tags: { list: 'string', listType: 'set' },
  ports: { list: objectType('Port', { name: 'string', port: 'int' }), listType: 'map', listMapKeys: ['name'] },
  labels: { map: ['string', 'string'] },
  since: 'timestamp',
  within: 'duration',
  data: 'bytes',
  any: 'dyn',
})
const variables: Record<string, CelType> = { self: widget, old: widget, d: 'dyn', s: 'string', n: 'int' }
const self = {
  name: 'web',
  replicas: 3,
  ratio: 2,
  'x-kind': 'k',
  namespace: 'prod',
  __a: 'u',
  tags: ['b', 'a'],
  ports: [
    { name: 'http', port: 80 },
    { name: 'https', port: 443 },
  ],
  labels: { app: 'web', 'example.com/x': 'y' },
  since: '2024-02-29T12:30:00.5Z',
  within: '1h30m',
  data: 'aGk=',
  any: { a: [1, 2.5, 'x', null, true] },
}
const old = { ...self, tags: ['a', 'b'], ports: [self.ports[1], self.ports[0]], replicas: 2 }
const given = { self, old, d: { list: [1, 2, 3], text: 'é😀', nil: null, nested: { k: 'v' } }, s: 'hello', n: 5 }

const environment = celEnvironment({ variables })
const evaluate = (expression: string): unknown => environment.compile(expression).evaluate(given)
const failure = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    return (error as Error).message
  }
  return 'no error'
}

const answers: Record<string, readonly (readonly [expression: string, value: unknown])[]> = {
  arithmetic: [
    ['1 + 2 * 3 - 4 / 2 % 3', 5],
    ['-7 / 2', -3],
    ['-7 % 3', -1],
    ['7u + 1u == 8u', true],
    ['1.5 * 2.0', 3],
    ['self.ratio / 4.0', 0.5],
    ['0x1F + 1', 32],
    ['-n', -5],
    ['!!true', true],
    ['"a" + "b"', 'ab'],
    ['[1] + [2, 3]', [1, 2, 3]],
  ],
  'comparison across types of number': [
    ['1 < 1.5', true],
    ['2u >= 2', true],
    ['dyn(1) == dyn(1.0)', true],
    ['dyn(1) == dyn("1")', false],
    ['1 in [1, 2]', true],
    ['dyn(1u) in [1, 2]', true],
    ['"a" < "b" && b"a" < b"b" && false < true', true],
  ],
  'logic that makes up for errors': [
    ['true || 1 / 0 == 1', true],
    ['1 / 0 == 1 || true', true],
    ['1 / 0 == 1 && false', false],
    ['[1, 0].exists(x, 1 / x == 1)', true],
    ['[0, 2].all(x, 1 / x == 1)', false],
    ['n > 3 ? "big" : "small"', 'big'],
  ],
  fields: [
    ['self.name', 'web'],
    ['self.x__dash__kind', 'k'],
    ['self.__namespace__', 'prod'],
    ['self.__underscores__a', 'u'],
    ['self.labels["example.com/x"]', 'y'],
    ['self.labels.app', 'web'],
    ['"app" in self.labels', true],
    ['has(self.name) && !has(self.labels.zip)', true],
    ['has(d.nil)', true],
    ['d.nil == null', true],
    ['d.list[1]', 2],
    ['self.any.a[1]', 2.5],
    ['self.ports.map(p, p.port).sum()', 523],
    ['string(self.data)', 'hi'],
  ],
  'lists that are sets or maps': [
    ['self.tags == old.tags', true],
    ['self.ports == old.ports', true],
    ['self.tags + ["a", "c"]', ['b', 'a', 'c']],
    ['(self.ports + old.ports).size()', 2],
  ],
  macros: [
    ['[1, 2, 3].map(x, x * 2)', [2, 4, 6]],
    ['[1, 2, 3].map(x, x > 1, x * 2)', [4, 6]],
    ['[1, 2, 3].filter(x, x != 2)', [1, 3]],
    ['{"a": 1, "b": 2}.filter(k, k == "a")', ['a']],
    ['[1, 2, 2].exists_one(x, x == 2)', false],
    ['[1, 2, 2].existsOne(i, x, x == 1)', true],
    ['[[1, 2], [3]].map(l, l.map(x, x + 1))', [[2, 3], [4]]],
    ['[1, 2].all(i, v, i + 1 == v)', true],
    ['{"a": 1}.exists(k, v, k == "a" && v == 1)', true],
    ['["a", "b"].transformList(i, v, string(i) + v)', ['0a', '1b']],
    ['["a", "b"].transformList(i, v, i > 0, v)', ['b']],
    ['{"a": 1, "b": 2}.transformMap(k, v, v > 1, v * 10)', { b: 20 }],
    ['["a"].transformMapEntry(i, v, {v: i})', { a: 0 }],
    ['[3, 1, 2].sortBy(x, -x)', [3, 2, 1]],
  ],
  optionals: [
    ['self.?name.orValue("none")', 'web'],
    ['d.?nested.?k.orValue("none")', 'v'],
    ['d.?zip.?k.orValue("none")', 'none'],
    ['d.list[?7].hasValue()', false],
    ['optional.of(2).optMap(x, x + 1).value()', 3],
    ['optional.none().or(optional.of(1)).value()', 1],
    ['optional.of(1).optFlatMap(x, optional.of(x + 1)).orValue(0)', 2],
    ['{?"a": d.?zip, "b": dyn(1)}', { b: 1 }],
    ['[?d.?zip, ?optional.of(dyn(1))]', [1]],
    ['optional.ofNonZeroValue("").hasValue()', false],
    ['[1, 2].first().value() + [1, 2].last().value()', 3],
    ['optional.of(1).orValue(1 / 0)', 1],
  ],
  conversions: [
    ['int("12") + int(3.9) + int(2u)', 17],
    ['uint(3)', 3],
    ['double("1.5")', 1.5],
    ['string(1) + string(true) + string(1.5) + string(b"x")', '1true1.5x'],
    ['string(1000000.0)', '1e+06'],
    ['bool("true")', true],
    ['size(bytes("é"))', 2],
    ['type(n) == int && type("") == string && type(null) == null_type', true],
    ['type(self.since) == google.protobuf.Timestamp', true],
    ['string(duration("1h30m"))', '5400s'],
    ['string(timestamp("2024-01-01T01:00:00+01:00"))', '2024-01-01T00:00:00Z'],
    ['int(timestamp("1970-01-01T00:01:00Z"))', 60],
  ],
  time: [
    ['self.since.getDate() + self.since.getMonth()', 30],
    ['self.since.getMilliseconds()', 500],
    ['self.since.getHours("+05:30")', 18],
    ['self.since.getHours("Europe/Berlin")', 13],
    ['self.since.getDayOfYear()', 59],
    ['self.within.getMinutes()', 90],
    ['self.since + self.within == timestamp("2024-02-29T14:00:00.5Z")', true],
    ['self.since - timestamp("2024-02-29T12:00:00Z") > duration("30m")', true],
  ],
  strings: [
    ['size(d.text)', 2],
    ['"tacocat".charAt(3)', 'o'],
    ['"hello mellow".indexOf("ello") + "hello mellow".indexOf("ello", 2)', 8],
    ['"hello mellow".lastIndexOf("ello")', 7],
    ['["a", "b"].join("-")', 'a-b'],
    ['"TacoCÆt".lowerAscii()', 'tacocÆt'],
    ['"hello hello".replace("he", "we", 1)', 'wello hello'],
    ['"ab".replace("", "_")', '_a_b_'],
    ['"a b c".split(" ", 2)', ['a', 'b c']],
    ['"tacocat".substring(1, 4)', 'aco'],
    ['"  x\\t".trim()', 'x'],
    ['strings.quote("a\\"b\\n")', '"a\\"b\\n"'],
    [
      '"%s has %d, %.2f, %x, %%".format(["a", "b", "c"].map(x, dyn(x)) == [] ? [] : [dyn("web"), dyn(3), dyn(1234.567), dyn(255)])',
      'web has 3, 1,234.57, ff, %',
    ],
    ['"%s".format([["a", "b"]])', '["a", "b"]'],
    ["r\"\\d\" + \"\\u00e9\" + '''a\n'''", '\\dé' + 'a\n'],
  ],
  'regular expressions': [
    ['"abc123".matches("[0-9]+$")', true],
    ['"abc123".find("[0-9]+")', '123'],
    ['"123 abc 456".findAll("[0-9]+")', ['123', '456']],
    ['"123 abc 456".findAll("[0-9]+", 1)', ['123']],
    [`"${'a'.repeat(60)}!".matches("^(a+)+$")`, false],
  ],
  lists: [
    ['[1, 2, 2].isSorted() && ![2, 1].isSorted()', true],
    ['[1, 3].sum() + [1, 3].max() + [1, 3].min()', 8],
    ['["b", "a", "b"].indexOf("b") + ["b", "a", "b"].lastIndexOf("b")', 2],
    ['[1, 2, 3, 4].slice(1, 3)', [2, 3]],
    ['[[1], [2, 3]].flatten()', [1, 2, 3]],
    ['["b", "a"].sort()', ['a', 'b']],
    ['[1, 2].reverse()', [2, 1]],
    ['[1, 2, 1].distinct()', [1, 2]],
    ['lists.range(3)', [0, 1, 2]],
    ['sets.contains([1, 2], [2]) && sets.equivalent([1, 1], [1]) && !sets.intersects([1], [2])', true],
  ],
  'quantities, versions': [
    ['quantity("1.5Gi").isGreaterThan(quantity("1G"))', true],
    ['quantity("1k").asInteger() + quantity("-5").compareTo(quantity("3"))', 999],
    ['quantity("50m").isInteger()', false],
    ['quantity("100m").add(quantity("900m")).compareTo(quantity("1"))', 0],
    ['quantity("2").sub(1).asApproximateFloat()', 1],
    ['sign(quantity("-1"))', -1],
    ['isQuantity("1Xi")', false],
    ['semver("1.2.3").isLessThan(semver("1.10.0"))', true],
    ['semver("1.0.0-alpha.1").compareTo(semver("1.0.0"))', -1],
    ['semver("v01.1", true).minor()', 1],
    ['isSemver("v1.0") || isSemver("1.0.0-") || !isSemver("1.0.0+b")', false],
  ],
  network: [
    ['url("https://user@example.com:8080/a%20b?x=1&x=2#f").getHost()', 'example.com:8080'],
    ['url("https://[::1]:80/").getHostname()', '::1'],
    ['url("https://example.com/a?k=1&k=2").getQuery()', { k: ['1', '2'] }],
    ['isURL("../relative") || isURL("example.com") || !isURL("/abs")', false],
    ['ip("::1").isLoopback() && ip("10.0.0.1").isGlobalUnicast() && ip("224.0.0.1").isLinkLocalMulticast()', true],
    ['isIP("01.2.3.4") || isIP("::ffff:1.2.3.4") || isIP("fe80::1%eth0")', false],
    ['ip.isCanonical("2001:DB8::1")', false],
    ['cidr("192.168.1.7/24").masked() == cidr("192.168.1.0/24")', true],
    ['cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16") && !cidr("10.1.0.0/16").containsCIDR("10.0.0.0/8")', true],
    ['string(cidr("10.0.0.1/8").ip())', '10.0.0.1'],
    ['cidr("10.0.0.0/8").prefixLength()', 8],
  ],
  formats: [
    ['format.dns1123Label().validate("ok").hasValue()', false],
    ['format.named("dns1035Label").value().validate("1a").value().size()', 1],
    ['format.uuid().validate("x").value()', ['does not match the UUID format']],
    ['format.date().validate("2023-02-30").value()', ['invalid date']],
    ['format.named("unknown").hasValue()', false],
  ],
}
for (const [topic, cases] of Object.entries(answers))
  describe(topic, () => {
    test.each(cases)('%j', (expression, value) => {
      expect(evaluate(expression)).toEqual(value)
    })
  })

describe('errors at run time', () => {
  test.each([
    ['d.zip', 'no such key: zip'],
    ['self.ports[5].port', 'index out of bounds: 5'],
    ['d.list[-1]', 'index out of bounds: -1'],
    ['1 / (n - 5)', 'division by zero'],
    ['1 % (n - 5)', 'modulus by zero'],
    ['9223372036854775807 + n', 'integer overflow'],
    ['uint(n) - 6u', 'unsigned integer overflow'],
    ['d.text + 1', 'no such overload'],
    ['d.text.foo', 'no such key: foo'],
    ['optional.none().value()', 'optional.none() dereference'],
    ['int(s)', "type conversion error from 'string' to 'int'"],
    ['[].map(x, dyn(x)).max() == 1', 'max called on empty list'],
    ['s.find(d.text + "(")', 'Illegal regex: error parsing regexp: missing closing ): `é😀(`'],
    ['{"a": 1, s.substring(0, 0) + "a": 2}', 'Failed with repeated key: a'],
    ['quantity(s)', expect.stringContaining('quantities must match the regular expression')],
    [
      'ip("1.2.3")',
      'IP Address "1.2.3" parse error during conversion from string: ParseAddr("1.2.3"): IPv4 address too short',
    ],
  ])('%j', (expression, message) => {
    const program = environment.compile(expression)
    expect(failure(() => program.evaluate(given))).toEqual(message)
  })
})

describe('errors at compilation', () => {
  const at = (column: number, message: string, text: string): string =>
    `ERROR: <input>:1:${column}: ${message}\n | ${text}\n | ${'.'.repeat(column - 1)}^`
  const expressionStart =
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
  test.each([
    ['1 + x', 5, "undeclared reference to 'x' (in container '')"],
    ['zork(1)', 5, "undeclared reference to 'zork' (in container '')"],
    ['self.zip', 5, "undefined field 'zip'"],
    ['n.zip', 2, "type 'int' does not support field selection"],
    ['1 + "a"', 3, "found no matching overload for '_+_' applied to '(int, string)'"],
    ['s.substring("a")', 12, "found no matching overload for 'substring' applied to 'string.(string)'"],
    ['self.name == 1', 11, "found no matching overload for '_==_' applied to '(string, int)'"],
    ['[1, "a"]', 5, "expected type 'int' but found 'string'"],
    ['[1, dyn(2)]', 8, "expected type 'int' but found 'dyn'"],
    ['{"a": 1, "b": "c"}', 15, "expected type 'int' but found 'string'"],
    ['[1, "a"].exists(x, x == 1)', 5, "expected type 'int' but found 'string'"],
    [
      '"%d".format(["a"])',
      14,
      'error during formatting: decimal clause can only be used on integers, was given string',
    ],
    ['"%s %s".format(["a"])', 15, 'index 1 out of range'],
    ['"%s".format(["a", 1])', 12, 'too many arguments supplied to string.format (expected 1, got 2)'],
    ['"%z".format(["a"])', 12, 'could not parse formatting clause: unrecognized formatting clause "z"'],
    ['quantity("1").sign()', 19, "found no matching overload for 'sign' applied to 'kubernetes.Quantity.()'"],
    ['type(1) == kubernetes.URL', 12, "undeclared reference to 'kubernetes' (in container '')"],
    ['n && true', 1, "expected type 'bool' but found 'int'"],
    [
      'n.all(x, true)',
      1,
      "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
    ],
    ['has(self.zip)', 4, "undefined field 'zip'"],
    ['has(n)', 5, 'invalid argument to has() macro'],
    ['[1].map(1, 2)', 9, 'argument is not an identifier'],
    ['[1].all(1, true)', 9, 'argument must be a simple name'],
    ['return', 1, 'reserved identifier: return'],
    ['duration("x")', 10, 'invalid duration argument'],
    ['s.matches("(")', 11, 'invalid matches argument'],
    ['1 +', 4, `Syntax error: mismatched input '<EOF>' expecting ${expressionStart}`],
    ['a b', 3, "Syntax error: extraneous input 'b' expecting <EOF>"],
    ['(1', 3, "Syntax error: missing ')' at '<EOF>'"],
    ['size(s', 7, "Syntax error: missing ')' at '<EOF>'"],
    ['((1', 4, "Syntax error: mismatched input '<EOF>' expecting ')'"],
    ['{"a" 1}', 6, "Syntax error: missing ':' at '1'"],
    ['[1 2]', 4, "Syntax error: extraneous input '2' expecting {']', ','}"],
    ['* n', 1, `Syntax error: extraneous input '*' expecting ${expressionStart}`],
    ['9223372036854775808', 1, 'invalid int literal'],
    ['Zork{}', 5, "undeclared reference to 'Zork' (in container '')"],
  ])('%j', (expression, column, message) => {
    expect(failure(() => environment.compile(expression))).toBe(at(column, message, expression))
  })

  test('every issue is said, in the order of the text', () => {
    expect(failure(() => environment.compile('x +\n y'))).toBe(
      "ERROR: <input>:1:1: undeclared reference to 'x' (in container '')\n | x +\n | ^\n" +
        "ERROR: <input>:2:2: undeclared reference to 'y' (in container '')\n |  y\n | .^",
    )
  })

  test('the type must be one that the place allows', () => {
    expect(failure(() => environment.compile('1', { returns: 'bool' }))).toBe('must evaluate to bool but got int')
    expect(failure(() => environment.compile('1', { returns: ['bool', 'string'] }))).toBe(
      'must evaluate to one of [bool string] but got int',
    )
    expect(environment.compile('d.x', { returns: ['bool', 'dyn'] }).type).toBe('dyn')
  })
})

describe('authorization', () => {
  const asked: CelAuthorizationCheck[] = []
  const authorizer = authorizerValue({
    check(check) {
      asked.push(check)
      if (check.verb === 'bad') throw new Error('cannot say')
      return { allowed: check.verb === 'get', reason: 'because' }
    },
  })
  const withAuthorizer = environment.extend({ authorizer: { opaque: 'kubernetes.authorization.Authorizer' } })
  test.each([
    ['authorizer.path("/healthz").check("get").allowed()', true, { path: '/healthz', verb: 'get' }],
    [
      'authorizer.group("apps").resource("deployments").subresource("scale").namespace("a").name("b").check("put").reason()',
      'because',
      { group: 'apps', resource: 'deployments', subresource: 'scale', namespace: 'a', name: 'b', verb: 'put' },
    ],
    [
      'authorizer.serviceAccount("ns", "sa").group("").resource("pods").fieldSelector("a=b").check("get").allowed()',
      true,
      {
        serviceAccount: { namespace: 'ns', name: 'sa' },
        group: '',
        resource: 'pods',
        fieldSelector: 'a=b',
        verb: 'get',
      },
    ],
    ['authorizer.path("/x").check("bad").error()', 'cannot say', { path: '/x', verb: 'bad' }],
  ])('%j', (expression, value, check) => {
    asked.length = 0
    expect(withAuthorizer.compile(expression).evaluate({ authorizer })).toBe(value)
    expect(asked).toEqual([check])
  })
})

describe('cost', () => {
  const cost = (expression: string, limit?: number): number => {
    const budget = { remaining: 1e9 }
    environment.compile(expression).evaluate(given, limit === undefined ? { budget } : { budget, limit })
    return 1e9 - budget.remaining
  }
  test.each([
    ['true', 0],
    ['n', 1],
    ['self.name', 2],
    ['has(self.name)', 1],
    ['self.replicas + 1 > n', 5],
    ['n in [1, 2, 3]', 1],
    ['d.list.all(x, x > 0)', 18],
    ['d.list.map(x, x)', 42],
    ['"a".matches("a+")', 1],
    ['s.contains("lo")', 2],
    ['[n, n]', 12],
    ['{"a": n}', 31],
  ])('%j costs %d', (expression, expected) => {
    expect(cost(expression)).toBe(expected)
  })

  test.each([
    ['self.tags.all(t, t.startsWith("x"))', { min: 3, max: 3 + 10 * 5 }],
    ['self.name.contains("abcdefghijk")', { min: 2, max: 2 + 10 * 2 }],
    ['[1, 2].all(x, x > 0)', { min: 17, max: 21 }],
    ['"a".matches("abcd")', { min: 1, max: 1 }],
    ['self.labels.all(k, k == "a")', { min: 3, max: Infinity }],
  ])('%j is estimated', (expression, expected) => {
    const estimate = environment.compile(expression).estimatedCost((path, type) => {
      if (path.join('.') === 'self.tags') return { min: 0, max: 10 }
      return type === 'string' && path.length > 0 ? { min: 0, max: 100 } : undefined
    })
    expect({ min: estimate.min, max: estimate.max }).toEqual(expected)
  })

  test('an evaluation stops at its limit, and errors do not make up for that', () => {
    expect(failure(() => cost('d.list.map(x, d.list.map(y, x * y)) != [] || true', 50))).toBe(
      'operation cancelled: actual cost limit exceeded',
    )
  })

  test('a budget is shared', () => {
    const budget = { remaining: 20 }
    const program = environment.compile('d.list.all(x, x > 0)')
    expect(program.evaluate(given, { budget })).toBe(true)
    expect(failure(() => program.evaluate(given, { budget }))).toContain('running out of cost budget')
  })
})

test('what an expression does not ask for is not computed', () => {
  const program = environment.compile('n > 3 || d.x')
  const lazy = {
    n: 5,
    get d(): unknown {
      throw new Error('asked for')
    },
  }
  expect(program.evaluate(lazy)).toBe(true)
  expect(program.uses('d')).toBe(true)
  expect(program.uses('self')).toBe(false)
})
