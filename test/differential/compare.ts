// Says where two answers differ.

import { gunzipSync } from 'node:zlib'
import type { Answered } from './connection.ts'
import { normalise, normaliseText } from './normalise.ts'
import { readProtobuf } from './protobuf.ts'

export interface Difference {
  /** Where: `status`, `header warning`, `body .metadata.name`. */
  readonly at: string
  readonly stock: unknown
  readonly k8ts: unknown
}

/** Headers whose values are compared, and those that only have to be there or not. */
const compared = [
  'content-type',
  'content-encoding',
  'x-content-type-options',
  'warning',
  'retry-after',
  'allow',
  'location',
  'www-authenticate',
  'cache-control',
  'vary',
]
const present = ['etag', 'audit-id', 'x-kubernetes-pf-flowschema-uid', 'x-kubernetes-pf-prioritylevel-uid']

export function differences(stock: Answered, k8ts: Answered): Difference[] {
  const found: Difference[] = []
  if (stock.status !== k8ts.status) found.push({ at: 'status', stock: stock.status, k8ts: k8ts.status })
  for (const name of compared) {
    const [theirs, ours] = [headerText(stock, name), headerText(k8ts, name)]
    if (theirs !== ours) found.push({ at: `header ${name}`, stock: theirs, k8ts: ours })
  }
  for (const name of present) {
    const [theirs, ours] = [name in stock.headers, name in k8ts.headers]
    if (theirs !== ours) found.push({ at: `header ${name}`, stock: theirs, k8ts: ours })
  }
  compareBodies(stock, k8ts, found)
  return found
}

const headerText = ({ headers }: Answered, name: string): string | undefined => {
  const value = headers[name]
  return value === undefined ? undefined : normaliseText(String(value))
}

/** The order of an object's fields says nothing in JSON, and is not compared. */
function compareBodies(stock: Answered, k8ts: Answered, found: Difference[]): void {
  if (stock.body.equals(k8ts.body)) return
  compareValues(parsed(stock), parsed(k8ts), '', found)
}

/** Its digits would be lost; as text they are compared. */
const longNumber = /(?<=[:[,])-?\d{16,}(?=[,}\]])/g

/** In YAML: the texts of the API's documentation, as below. */
const columnDescription = /^(- description:) [\s\S]*?(?=\n {2}format:)/gm

/** Of a row in YAML; and what of them is chosen by chance, or passes. */
const cells = /^- cells:\n(?: {2}- .*\n)+/gm
const age = /(?<=- )\d+[smh](?:\d+s)?$|(?<=\d:)3[0-2]\d{3}(?=\/)/gm

/** One JSON value, several (a watch), or text. */
function parsed({ body, headers }: Answered): unknown {
  const type = String(headers['content-type'] ?? '')
  const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
  if (type.includes('kubernetes.protobuf')) return readProtobuf(bytes, type.includes('stream=watch'))
  const text = bytes.toString()
  if (!/^\s*[[{]/.test(text))
    return normaliseText(text.replace(columnDescription, '$1').replace(cells, found => found.replace(age, '<age>')))
  try {
    return normalise(JSON.parse(text.replace(longNumber, '"$&"')))
  } catch {
    try {
      return text
        .split('\n')
        .filter(line => line !== '')
        .map(line => normalise(JSON.parse(line)))
    } catch {
      return normaliseText(text)
    }
  }
}

export function compareValues(stock: unknown, k8ts: unknown, at: string, found: Difference[]): void {
  if (stock === k8ts) return
  // The texts of the API's documentation: they are added when the package is built.
  if (/^(\[\d+\]|\.object)*\.columnDefinitions\[\d+\]\.description$/.test(at)) return
  if (isObject(stock) && isObject(k8ts)) {
    for (const key of new Set([...Object.keys(stock), ...Object.keys(k8ts)]))
      compareValues(stock[key], k8ts[key], `${at}.${key}`, found)
    return
  }
  if (Array.isArray(stock) && Array.isArray(k8ts) && stock.length === k8ts.length) {
    for (const [index, item] of stock.entries()) compareValues(item, k8ts[index], `${at}[${index}]`, found)
    return
  }
  found.push({ at: `body ${at}`, stock, k8ts })
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
