// What names, labels and keys may look like. Each check answers with upstream's messages, none when all is well.
//
// Upstream counts a name's length in "characters" in some of its checks and in "bytes" in others (label keys and
// values); both count bytes.

import { byteLength, isPrint } from '../go-text.ts'

/** Checks a name; `prefix` when something will be appended to it (generateName), so that it may end with a dash. */
export type NameCheck = (name: string, prefix: boolean) => readonly string[]

export const labelValueMaxLength = 63
export const dns1123LabelMaxLength = 63
export const dns1123SubdomainMaxLength = 253
export const dns1035LabelMaxLength = 63

/** Not frozen: V8 goes through frozen arrays the slow way, and this one is gone through for every name. */
const none: readonly string[] = []

export const maxLengthMessage = (max: number, unit = 'characters'): string => `must be no more than ${max} ${unit}`
export const emptyMessage = 'must be non-empty'
export const inclusiveRangeMessage = (low: number, high: number): string =>
  `must be between ${low} and ${high}, inclusive`

export function regexMessage(message: string, regex: string, ...examples: string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${regex}')`
  return `${message} (e.g. ${examples.map(example => `'${example}', `).join(' or ')}regex used for validation is '${regex}')`
}

const label1123 = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const label1123Underscore = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const subdomain1123 = `${label1123}(\\.${label1123})*`
const subdomain1123Underscore = `${label1123Underscore}(\\.${label1123Underscore})*`
const label1035 = '[a-z]([-a-z0-9]*[a-z0-9])?'
const wildcard1123 = `\\*\\.${subdomain1123}`
const labelKey = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const labelValue = `(${labelKey})?`

const whole = (regex: string): RegExp => new RegExp(`^${regex}$`)
const label1123Regex = whole(label1123)
// Names are long and mostly valid: this form does not backtrack as the published one does.
const subdomain1123Regex = /^[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*$/
const subdomain1123UnderscoreRegex = whole(subdomain1123Underscore)
const label1035Regex = whole(label1035)
const wildcard1123Regex = whole(wildcard1123)
const labelKeyRegex = whole(labelKey)
const labelValueRegex = whole(labelValue)

function tooLong(value: string, max: number): boolean {
  return value.length > max || (value.length * 3 > max && byteLength(value) > max)
}

export function isDNS1123Label(value: string): readonly string[] {
  const long = tooLong(value, dns1123LabelMaxLength)
  const fits = label1123Regex.test(value)
  if (fits && !long) return none
  const messages: string[] = []
  if (long) messages.push(maxLengthMessage(dns1123LabelMaxLength))
  if (!fits)
    messages.push(
      subdomain1123Regex.test(value)
        ? 'must not contain dots'
        : regexMessage(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
            label1123,
            'my-name',
            '123-abc',
          ),
    )
  return messages
}

export function isDNS1123Subdomain(value: string, unit = 'characters'): readonly string[] {
  const long = tooLong(value, dns1123SubdomainMaxLength)
  const fits = subdomain1123Regex.test(value)
  if (fits && !long) return none
  const messages: string[] = []
  if (long) messages.push(maxLengthMessage(dns1123SubdomainMaxLength, unit))
  if (!fits)
    messages.push(
      regexMessage(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        subdomain1123,
        'example.com',
      ),
    )
  return messages
}

/** A subdomain that may have underscores (DNS search domains). */
export function isDNS1123SubdomainWithUnderscore(value: string): readonly string[] {
  const messages: string[] = []
  if (tooLong(value, dns1123SubdomainMaxLength)) messages.push(maxLengthMessage(dns1123SubdomainMaxLength))
  if (!subdomain1123UnderscoreRegex.test(value))
    messages.push(
      regexMessage(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
        subdomain1123Underscore,
        'example.com',
      ),
    )
  return messages
}

export function isDNS1035Label(value: string): readonly string[] {
  const messages: string[] = []
  if (tooLong(value, dns1035LabelMaxLength)) messages.push(maxLengthMessage(dns1035LabelMaxLength))
  if (!label1035Regex.test(value))
    messages.push(
      regexMessage(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        label1035,
        'my-name',
        'abc-123',
      ),
    )
  return messages
}

export function isWildcardDNS1123Subdomain(value: string): readonly string[] {
  const messages: string[] = []
  if (tooLong(value, dns1123SubdomainMaxLength)) messages.push(maxLengthMessage(dns1123SubdomainMaxLength))
  if (!wildcard1123Regex.test(value))
    messages.push(
      regexMessage(
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
        wildcard1123,
        '*.example.com',
      ),
    )
  return messages
}

function isPrefixedName(value: string, slash: number): boolean {
  const name = value.slice(slash + 1)
  return (
    slash <= dns1123SubdomainMaxLength &&
    name.length <= 63 &&
    labelKeyRegex.test(name) &&
    subdomain1123Regex.test(value.slice(0, slash))
  )
}

/** A label key, which is also the form of annotation keys, finalizers, taints, resource names: `example.com/MyName`. */
export function isQualifiedName(value: string): readonly string[] {
  const slash = value.indexOf('/')
  if (slash < 0 && value.length <= 63 && labelKeyRegex.test(value)) return none
  if (slash > 0 && isPrefixedName(value, slash)) return none
  const charset = regexMessage(
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    labelKey,
    'MyName',
    'my.name',
    '123-abc',
  )
  if (slash !== value.lastIndexOf('/'))
    return [`a valid label key ${charset} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  const messages: string[] = []
  if (slash >= 0) {
    const prefix = value.slice(0, slash)
    if (prefix === '') messages.push(`prefix part ${emptyMessage}`)
    else for (const message of isDNS1123Subdomain(prefix, 'bytes')) messages.push(`prefix part ${message}`)
  }
  const name = value.slice(slash + 1)
  if (name === '') messages.push(`name part ${emptyMessage}`)
  else if (tooLong(name, 63)) messages.push(`name part ${maxLengthMessage(63, 'bytes')}`)
  if (!labelKeyRegex.test(name)) messages.push(`name part ${charset}`)
  return messages
}

export function isLabelValue(value: string): readonly string[] {
  const long = tooLong(value, labelValueMaxLength)
  const fits = labelValueRegex.test(value)
  if (fits && !long) return none
  const messages: string[] = []
  if (long) messages.push(maxLengthMessage(labelValueMaxLength, 'bytes'))
  if (!fits)
    messages.push(
      regexMessage(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        labelValue,
        'MyValue',
        'my_value',
        '12345',
      ),
    )
  return messages
}

export function isCIdentifier(value: string): readonly string[] {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) return none
  return [
    regexMessage(
      "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
      '[A-Za-z_][A-Za-z0-9_]*',
      'my_name',
      'MY_NAME',
      'MyName',
    ),
  ]
}

/** The strict rule of old; the API server allows `isRelaxedEnvVarName`. */
export function isEnvVarName(value: string): readonly string[] {
  const messages: string[] = []
  if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(value))
    messages.push(
      regexMessage(
        "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
        '[-._a-zA-Z][-._a-zA-Z0-9]*',
        'my.env-name',
        'MY_ENV.NAME',
        'MyEnvName1',
      ),
    )
  messages.push(...changesDirectory(value))
  return messages
}

export function isRelaxedEnvVarName(value: string): readonly string[] {
  if (value === '') return [`environment variable name ${emptyMessage}`]
  if (/^[\x20-\x3c\x3e-\x7e]+$/.test(value)) return none
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

/** A key in a ConfigMap's or Secret's data. */
export function isConfigMapKey(value: string): readonly string[] {
  const messages: string[] = []
  if (tooLong(value, dns1123SubdomainMaxLength)) messages.push(maxLengthMessage(dns1123SubdomainMaxLength))
  if (!/^[-._a-zA-Z0-9]+$/.test(value))
    messages.push(
      regexMessage(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        '[-._a-zA-Z0-9]+',
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    )
  messages.push(...changesDirectory(value))
  return messages
}

function changesDirectory(value: string): readonly string[] {
  if (value === '.') return ["must not be '.'"]
  if (value === '..') return ["must not be '..'"]
  return value.startsWith('..') ? ["must not start with '..'"] : none
}

export function isPortName(value: string): readonly string[] {
  const messages: string[] = []
  if (tooLong(value, 15)) messages.push(maxLengthMessage(15))
  if (!/^[-a-z0-9]+$/.test(value))
    messages.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(value)) messages.push('must contain at least one letter (a-z)')
  if (value.includes('--')) messages.push('must not contain consecutive hyphens')
  if (value.startsWith('-') || value.endsWith('-')) messages.push('must not begin or end with a hyphen')
  return messages
}

export const isPortNumber = (port: number): readonly string[] => isInRange(port, 1, 65535)
export const isUserID = (id: number): readonly string[] => isInRange(id, 0, 2147483647)
export const isGroupID = (id: number): readonly string[] => isInRange(id, 0, 2147483647)

export function isInRange(value: number, low: number, high: number): readonly string[] {
  return value >= low && value <= high ? none : [inclusiveRangeMessage(low, high)]
}

export function isPercent(value: string): readonly string[] {
  if (/^[0-9]+%$/.test(value)) return none
  return [
    regexMessage("a valid percent string must be a numeric string followed by an ending '%'", '[0-9]+%', '1%', '93%'),
  ]
}

export function isHTTPHeaderName(value: string): readonly string[] {
  if (/^[-A-Za-z0-9]+$/.test(value)) return none
  return [
    regexMessage(
      "a valid HTTP header must consist of alphanumeric characters or '-'",
      '[-A-Za-z0-9]+',
      'X-Header-Name',
    ),
  ]
}

/** What stands in a URL path; upstream's loosest rule for names (RBAC roles, for one). */
export function isPathSegmentName(name: string): readonly string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`]
  return isPathSegmentPrefix(name)
}

export function isPathSegmentPrefix(name: string): readonly string[] {
  return ['/', '%'].filter(part => name.includes(part)).map(part => `may not contain '${part}'`)
}

/** Every character printable: what a field manager's name must be. The detail of the first one that isn't, with its position. */
export function firstUnprintable(text: string): { character: string; position: number } | undefined {
  let position = 0
  for (const character of text) {
    if (!isPrint(character)) return { character, position }
    position += byteLength(character)
  }
  return undefined
}

// ---- checks for metadata.name --------------------------------------------------------------------------------------

function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name
}

export const nameIsDNSSubdomain: NameCheck = (name, prefix) =>
  isDNS1123Subdomain(prefix ? maskTrailingDash(name) : name)
/** As declarative validation checks names: it counts bytes, and does not look at prefixes. */
export const nameIsLongName: NameCheck = (name, prefix) => (prefix ? [] : isDNS1123Subdomain(name, 'bytes'))
export const nameIsDNSLabel: NameCheck = (name, prefix) => isDNS1123Label(prefix ? maskTrailingDash(name) : name)
export const nameIsDNS1035Label: NameCheck = (name, prefix) => isDNS1035Label(prefix ? maskTrailingDash(name) : name)
export const nameIsPathSegment: NameCheck = (name, prefix) =>
  prefix ? isPathSegmentPrefix(name) : isPathSegmentName(name)
