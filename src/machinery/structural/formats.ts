// The formats that a custom resource's strings and numbers can be held to (go-openapi's strfmt). Others are ignored.

import { Buffer } from 'node:buffer'
import { parseDuration } from '../duration.ts'
import { byteLength } from '../go-text.ts'
import { parseCIDR, parseIP } from '../ip.ts'
import { compilePattern } from '../re2.ts'
import type { JsonSchema } from './schema.ts'

type Check = (text: string) => boolean

const matching =
  (pattern: string): Check =>
  text =>
    compilePattern(pattern).matcher(text).find()

const hostname =
  '^([a-zA-Z0-9\\p{S}\\p{L}]((-?[a-zA-Z0-9\\p{S}\\p{L}]{0,62})?)|([a-zA-Z0-9\\p{S}\\p{L}](([a-zA-Z0-9-\\p{S}\\p{L}]{0,61}[a-zA-Z0-9\\p{S}\\p{L}])?)(\\.)){1,}([a-zA-Z\\p{L}]){2,63})$'
const uuid = (third: string, fourth: string) =>
  matching(`(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?${third}-?${fourth}-?[0-9a-f]{12}$`)

/** By name without dashes, as upstream compares them. */
const checks: Readonly<Record<string, Check>> = {
  bsonobjectid: matching('^[0-9a-fA-F]{24}$'),
  uri: isRequestURI,
  email: isEmail,
  hostname: text =>
    matching(hostname)(text) && byteLength(text) <= 255 && text.split('.').every(part => byteLength(part) <= 63),
  ipv4: text => isAddress(text) && text.includes('.'),
  ipv6: text => isAddress(text) && text.includes(':'),
  cidr: text => parseCIDR(text) !== undefined,
  mac: isMAC,
  uuid: uuid('[0-9a-f]{4}', '[0-9a-f]{4}'),
  uuid3: uuid('3[0-9a-f]{3}', '[0-9a-f]{4}'),
  uuid4: uuid('4[0-9a-f]{3}', '[89ab][0-9a-f]{3}'),
  uuid5: uuid('5[0-9a-f]{3}', '[89ab][0-9a-f]{3}'),
  isbn: text => isISBN10(text) || isISBN13(text),
  isbn10: isISBN10,
  isbn13: isISBN13,
  creditcard: isCreditCard,
  ssn: matching('^\\d{3}[- ]?\\d{2}[- ]?\\d{4}$'),
  hexcolor: matching('^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$'),
  rgbcolor: matching(
    '^rgb\\(\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*,\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*,\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*\\)$',
  ),
  byte: isBase64,
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: text => byteLength(text) <= 63 && matching('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')(text),
  k8slongname: text =>
    byteLength(text) <= 253 && matching('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')(text),
}

const normalized = (format: string): string => format.replaceAll('-', '')

/** Whether objects can be held to the format of the schema at all. */
export function isRecognizedFormat({ type = '', format = '' }: JsonSchema): boolean {
  switch (type) {
    case '':
    case 'string':
      return Object.hasOwn(checks, normalized(format))
    case 'integer':
      return format === 'int32' || format === 'int64'
    case 'number':
      return format === 'float' || format === 'double'
    default:
      return false
  }
}

/** The format that counts: '' for one that is not known for the type. */
export function formatOf(schema: JsonSchema): string {
  const { format } = schema
  if (!format) return ''
  // An int-or-string has two types, so only formats of text are known for it.
  const of = schema['x-kubernetes-int-or-string'] ? { format } : schema
  return isRecognizedFormat(of) ? format : ''
}

export function isOfFormat(format: string, text: string): boolean {
  return checks[normalized(format)]?.(text) ?? true
}

// Go's ParseIP: no leading zeros, no zones.
const isAddress = (text: string): boolean => parseIP(text) !== undefined

function isRequestURI(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (text === '' || /[\x00-\x20\x7f]/.test(text) || /%(?![0-9a-fA-F]{2})/.test(text)) return false
  if (text.startsWith('/') || text === '*') return true
  const scheme = /^[a-zA-Z][a-zA-Z0-9+.-]*:(.*)$/.exec(text)
  if (!scheme) return false
  // Opaque ones (mailto:a@b) are no request's, unless nothing but a path follows.
  if (!scheme[1]!.startsWith('//')) return scheme[1]!.startsWith('/')
  const authority = /^\/\/([^/?#]*)/.exec(scheme[1]!)![1]!
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  if (host.startsWith('[') !== host.includes(']')) return false
  const port = /:([^:\]]*)$/.exec(host)
  return !port || /^\d*$/.test(port[1]!)
}

function isEmail(text: string): boolean {
  const named = /<([^<>]*)>\s*$/.exec(text)
  const address = (named ? named[1]! : text).trim()
  return /^("[^"]+"|[^\s@<>()[\]\\,;:"]+)@(\[[^\]]+\]|[^\s@<>()[\]\\,;:".]+(\.[^\s@<>()[\]\\,;:".]+)*)$/.test(address)
}

function isMAC(text: string): boolean {
  const lengths = [6, 8, 20]
  const colons = /^[0-9a-fA-F]{2}([:-])[0-9a-fA-F]{2}(\1[0-9a-fA-F]{2})*$/.exec(text)
  if (colons) return lengths.includes(text.split(colons[1]!).length)
  return /^[0-9a-fA-F]{4}(\.[0-9a-fA-F]{4})+$/.test(text) && lengths.includes(text.split('.').length * 2)
}

function isISBN10(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '')
  if (!/^(?:[0-9]{9}X|[0-9]{10})$/.test(digits)) return false
  const sum = [...digits].reduce((total, digit, index) => total + (index + 1) * (digit === 'X' ? 10 : Number(digit)), 0)
  return sum % 11 === 0
}

function isISBN13(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '')
  if (!/^[0-9]{13}$/.test(digits)) return false
  return [...digits].reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 1 : 3), 0) % 10 === 0
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, '')
  const known =
    /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|(222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11}|6[27][0-9]{14})$/
  if (!known.test(digits)) return false
  let sum = 0
  for (let index = digits.length - 1, double = false; index >= 0; index--, double = !double) {
    const digit = Number(digits[index]) * (double ? 2 : 1)
    sum += digit > 9 ? digit - 9 : digit
  }
  return sum % 10 === 0
}

function isBase64(text: string): boolean {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return false
  return Buffer.from(text, 'base64').length > 0 || text === ''
}

function isDate(text: string): boolean {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (!parts) return false
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number]
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  return days !== undefined && day >= 1 && day <= days
}

function isDateTime(text: string): boolean {
  const [date = '', time] = text.toLowerCase().split('t')
  if (text.length < 4 || time === undefined || !isDate(date)) return false
  const parts = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$/.exec(time)
  return parts !== null && parts[1]! <= '23' && parts[2]! <= '59' && parts[3]! <= '59'
}

const timeUnits = [
  ['ns', 'nano'],
  ['us', 'µs', 'micro'],
  ['ms', 'milli'],
  ['s', 'sec'],
  ['m', 'min'],
  ['h', 'hr', 'hour'],
  ['d', 'day'],
  ['w', 'wk', 'week'],
]

/** Go's durations, and Scala's: `2 hours`. */
function isDuration(text: string): boolean {
  try {
    parseDuration(text)
    return true
  } catch {
    // Perhaps one in words.
  }
  for (const [, unitText] of text.matchAll(/\d+\s*([A-Za-zµ]+)/g)) {
    const unit = unitText!.toLowerCase()
    if (timeUnits.some(names => names.includes(unit) || unit.startsWith(names.at(-1)!))) return true
  }
  return false
}
