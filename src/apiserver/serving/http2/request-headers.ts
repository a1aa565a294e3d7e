// The fields of a request become its headers, or show that it is malformed (RFC 9113, 8.2 and 8.3).

import type { Field } from './hpack/decoder.ts'
import { http1Fields } from './http1-fields.ts'
import type { StreamRequest } from './stream.ts'

const pseudo: ReadonlySet<string> = new Set([':method', ':scheme', ':authority', ':path'])
/** Of these the first counts; others are lists, and joined. */
const single: ReadonlySet<string> = new Set([
  'authorization',
  'content-length',
  'content-type',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'user-agent',
])

/** A token in lower case (RFC 9110, 5.6.2), as nearly every name is one. */
const names = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/
const values = /[\0\r\n]/

/** Without a prototype: a client may call a field `constructor`. (`Object.create(null)` makes slower ones.) */
function NoHeaders(): void {}
NoHeaders.prototype = Object.create(null)
const Headers = NoHeaders as unknown as new () => Record<string, string>

/** Takes the fields of one block after the other. */
export class RequestHeaders {
  readonly #headers = new Headers()
  #raw: string[] | undefined
  readonly #fields: Field[] = []
  #regular = false
  /** Of the fields, as the limit of a list counts. */
  size = 0
  malformed = false

  add(field: Field): void {
    const { name, value } = field
    this.size += field.size
    this.#fields.push(field)
    if (name.charCodeAt(0) === 0x3a) {
      if (this.#regular || !pseudo.has(name) || this.#headers[name] !== undefined) this.malformed = true
    } else {
      this.#regular = true
      if (http1Fields.has(name) || (name === 'te' && value !== 'trailers')) this.malformed = true
    }
    if (!names.test(name) || values.test(value)) this.malformed = true
    const before = this.#headers[name]
    if (before === undefined) this.#headers[name] = value
    else if (name === 'content-length' && before !== value) this.malformed = true
    else if (!single.has(name)) {
      this.#headers[name] = `${before}${name === 'cookie' ? '; ' : ', '}${value}`
      this.#raw ??= []
    }
  }

  /** undefined: malformed. */
  request(): StreamRequest | undefined {
    const headers = this.#headers
    const method = headers[':method']
    const target = headers[':path']
    const length = headers['content-length']
    if (this.malformed || !method || !target || !headers[':scheme']) return undefined
    if (length !== undefined && !/^\d{1,15}$/.test(length)) return undefined
    if (!target.startsWith('/') && !(target === '*' && method === 'OPTIONS')) return undefined
    const rawHeaders = this.#raw && this.#fields.flatMap(({ name, value }) => [name, value])
    return { method, target, headers, rawHeaders }
  }

  /** Of trailers. */
  get areTrailers(): boolean {
    return !this.malformed && Object.keys(this.#headers).every(name => !name.startsWith(':'))
  }
}
