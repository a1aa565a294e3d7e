// Where a list that comes in pages goes on: base64url of `{"v":"meta.k8s.io/v1","rv":…,"start":…}`, as upstream has it.

import { posix } from 'node:path'
import { parseJson } from '../../machinery/json/parse.ts'
import { badRequest } from '../../machinery/status-error.ts'

export interface Continuation {
  /** The state the list is of; -1: the newest. */
  readonly revision: number
  /** The first key of the next page. */
  readonly start: string
}

const version = 'meta.k8s.io/v1'

/** A token that goes on right after the key. */
export function encodeContinue(revision: number, lastKey: string, prefix: string): string {
  return encodeStart(revision, `${lastKey.slice(prefix.length)}\u0000`)
}

/** The same place in another state. */
export function withRevision({ start }: Continuation, revision: number, prefix: string): string {
  return encodeStart(revision, start.slice(prefix.length))
}

function encodeStart(revision: number, start: string): string {
  return Buffer.from(JSON.stringify({ v: version, rv: revision, start })).toString('base64url')
}

/** Throws a 400. */
export function decodeContinue(text: string, prefix: string): Continuation {
  const problem = (why: string) => badRequest(`invalid continue token: continue key is not valid: ${why}`)
  const illegal = text.search(/[^A-Za-z0-9_\-\r\n]/)
  const digits = text.replace(/[\r\n]/g, '')
  if (illegal >= 0 || digits.length % 4 === 1)
    throw problem(`illegal base64 data at input byte ${illegal >= 0 ? illegal : digits.length - 1}`)
  let token: unknown
  try {
    token = parseJson(Buffer.from(digits, 'base64url'), { duplicates: false }).value
  } catch (error) {
    throw problem((error as Error).message)
  }
  const type = (value: unknown) => (Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value)
  if (token !== null && (typeof token !== 'object' || Array.isArray(token)))
    throw problem(`json: cannot unmarshal ${type(token)} into Go value of type storage.continueToken`)
  const { v = '', rv = 0, start = '' } = (token ?? {}) as Record<string, unknown>
  for (const [name, value, wanted] of [
    ['v', v, 'string'],
    ['rv', rv, 'number'],
    ['start', start, 'string'],
  ] as const)
    if (typeof value !== wanted || (wanted === 'number' && !Number.isInteger(value)))
      throw problem(
        `json: cannot unmarshal ${type(value)}${typeof value === 'number' && wanted === 'number' ? ` ${value}` : ''} into Go struct field continueToken.${name} of type ${wanted === 'number' ? 'int64' : wanted}`,
      )
  if (v !== version)
    throw badRequest(
      `invalid continue token: continue key is not valid: server does not recognize this encoded version ${v}`,
    )
  if (rv === 0) throw problem(`incorrect encoded start resourceVersion (version ${version})`)
  if (start === '') throw problem(`encoded start key empty (version ${version})`)
  // Nobody may leave the prefix: the key must be as clean as the server made it.
  const key = (start as string).startsWith('/') ? (start as string) : `/${start}`
  const cleaned = posix.normalize(key)
  if (cleaned !== key || (key.length > 1 && key.endsWith('/'))) throw problem(start as string)
  return { revision: rv as number, start: prefix + cleaned.slice(1) }
}
