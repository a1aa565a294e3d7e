import { describe, expect, test } from 'vitest'
import * as names from './names.ts'

const label1123 =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const label1035 =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const keyName =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const configKey =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
const long = (length: number) => 'a'.repeat(length)

describe.each<[string, (value: string) => readonly string[], [string, string[]][]]>([
  [
    'a DNS-1123 label',
    names.isDNS1123Label,
    [
      ['a', []],
      ['1-a', []],
      [long(63), []],
      [long(64), ['must be no more than 63 characters']],
      ['', [label1123]],
      ['-a', [label1123]],
      ['A', [label1123]],
      ['a.b', ['must not contain dots']],
      ['a\n', [label1123]],
    ],
  ],
  [
    'a DNS-1123 subdomain',
    value => names.isDNS1123Subdomain(value),
    [
      ['a.b-c.1', []],
      ['a--b', []],
      [long(253), []],
      [long(254), ['must be no more than 253 characters']],
      ['a..b', [subdomain]],
      ['a-.b', [subdomain]],
      ['a_b', [subdomain]],
    ],
  ],
  [
    'a DNS-1035 label',
    names.isDNS1035Label,
    [
      ['a1', []],
      ['1a', [label1035]],
    ],
  ],
  [
    'a qualified name',
    names.isQualifiedName,
    [
      ['simple', []],
      ['a.b/c_D.e-f', []],
      [
        'a/b/c',
        [
          `a valid label key ${keyName.slice('name part '.length)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
        ],
      ],
      ['/a', ['prefix part must be non-empty']],
      ['A/a', [`prefix part ${subdomain}`]],
      ['a/', ['name part must be non-empty', keyName]],
      ['', ['name part must be non-empty', keyName]],
      [long(64), ['name part must be no more than 63 bytes']],
      ['-a', [keyName]],
    ],
  ],
  [
    'a label value',
    names.isLabelValue,
    [
      ['', []],
      ['a_B.c-1', []],
      [long(64), ['must be no more than 63 bytes']],
    ],
  ],
  [
    'a ConfigMap key',
    names.isConfigMapKey,
    [
      ['a.b', []],
      ['', [configKey]],
      ['..', ["must not be '..'"]],
      ['..a', ["must not start with '..'"]],
      ['a/b', [configKey]],
    ],
  ],
  [
    'an environment variable name',
    names.isRelaxedEnvVarName,
    [
      ['1 a:b', []],
      ['', ['environment variable name must be non-empty']],
      ['a=b', ["a valid environment variable name must consist only of printable ASCII characters other than '='"]],
      ['é', ["a valid environment variable name must consist only of printable ASCII characters other than '='"]],
    ],
  ],
  [
    'a port name',
    names.isPortName,
    [
      ['http-2', []],
      ['1', ['must contain at least one letter (a-z)']],
      ['a--b', ['must not contain consecutive hyphens']],
      ['-a', ['must not begin or end with a hyphen']],
      [long(16), ['must be no more than 15 characters']],
      [
        'A',
        [
          'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
          'must contain at least one letter (a-z)',
        ],
      ],
    ],
  ],
  [
    'a path segment',
    names.isPathSegmentName,
    [
      ['system:node', []],
      ['.', ["may not be '.'"]],
      ['a/b%', ["may not contain '/'", "may not contain '%'"]],
    ],
  ],
])('%s', (_name, check, cases) => {
  test.each(cases)('%j', (value, messages) => {
    expect(check(value)).toEqual(messages)
  })
})

test('numbers', () => {
  expect(names.isPortNumber(80)).toEqual([])
  expect(names.isPortNumber(0)).toEqual(['must be between 1 and 65535, inclusive'])
  expect(names.isPercent('93%')).toEqual([])
  expect(names.isPercent('x%')).toHaveLength(1)
})

test('a name that will get a suffix may end with a dash', () => {
  expect(names.nameIsDNSSubdomain('web-', true)).toEqual([])
  expect(names.nameIsDNSSubdomain('web-', false)).toEqual([subdomain])
})

test('a long name is checked in no time', () => {
  expect(names.isDNS1123Subdomain(`${'a-'.repeat(5000)}!`)).toHaveLength(2)
})
