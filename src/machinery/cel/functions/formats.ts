// Named formats: `format.dns1123Label().validate(name)` is none, or what is wrong with the name.

import { timeParts } from '../../time.ts'
import {
  isLabelValue,
  isQualifiedName,
  nameIsDNS1035Label,
  nameIsDNSLabel,
  nameIsDNSSubdomain,
} from '../../validation/names.ts'
import { type Overload, overload } from '../overload.ts'
import { ArrayList, OpaqueValue, Optional, type Value } from '../values.ts'
import { urlError } from './urls.ts'

type Check = (text: string) => readonly string[]

class FormatValue extends OpaqueValue {
  readonly typeName = 'kubernetes.NamedFormat'
  readonly name: string
  readonly check: Check
  /** How long its regular expression is taken to be. */
  readonly regexSize: number
  constructor(name: string, regexSize: number, check: Check) {
    super()
    this.name = name
    this.regexSize = regexSize
    this.check = check
  }
  override get costSize(): number {
    return this.regexSize
  }
  override equals(other: Value): boolean {
    return other instanceof FormatValue && other.name === this.name
  }
}

const unless = (valid: boolean, message: string): string[] => (valid ? [] : [message])
const isTime = (text: string): boolean => {
  try {
    timeParts(text)
    return true
  } catch {
    return false
  }
}
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i
const uuidPatternLength = 94
const dateTimePatternLength = 113

const formats: ReadonlyMap<string, FormatValue> = new Map(
  Object.entries({
    dns1123Label: new FormatValue('DNS1123Label', 30, text => nameIsDNSLabel(text, false)),
    dns1123Subdomain: new FormatValue('DNS1123Subdomain', 60, text => nameIsDNSSubdomain(text, false)),
    dns1035Label: new FormatValue('DNS1035Label', 30, text => nameIsDNS1035Label(text, false)),
    qualifiedName: new FormatValue('QualifiedName', 60, isQualifiedName),
    dns1123LabelPrefix: new FormatValue('DNS1123LabelPrefix', 30, text => nameIsDNSLabel(text, true)),
    dns1123SubdomainPrefix: new FormatValue('DNS1123SubdomainPrefix', 60, text => nameIsDNSSubdomain(text, true)),
    dns1035LabelPrefix: new FormatValue('DNS1035LabelPrefix', 30, text => nameIsDNS1035Label(text, true)),
    labelValue: new FormatValue('LabelValue', 40, isLabelValue),
    uri: new FormatValue('URI', 1103, text => {
      const error = urlError(text)
      return error === undefined ? [] : [error]
    }),
    uuid: new FormatValue('uuid', uuidPatternLength, text => unless(uuid.test(text), 'does not match the UUID format')),
    byte: new FormatValue('byte', 84, text => unless(base64.test(text), 'invalid base64')),
    date: new FormatValue('date', dateTimePatternLength, text =>
      unless(/^\d{4}-\d\d-\d\d$/.test(text) && isTime(`${text}T00:00:00Z`), 'invalid date'),
    ),
    datetime: new FormatValue('datetime', dateTimePatternLength, text => unless(isTime(text), 'invalid datetime')),
  }),
)

const type = 'kubernetes.NamedFormat'
export const formatFunctions: readonly Overload[] = [
  ...[...formats].map(([name, format]) => overload(`format.${name}`, `format.${name}(): ${type}`, () => format)),
  overload('format-named', `format.named(string): optional(${type})`, (name: string) => {
    const format = formats.get(name)
    return format ? Optional.of(format) : Optional.none
  }),
  overload(
    'format-validate',
    `(${type}).validate(string): optional(list(string))`,
    (format: FormatValue, text: string) => {
      const messages = format.check(text)
      return messages.length > 0 ? Optional.of(new ArrayList([...messages])) : Optional.none
    },
  ),
]
