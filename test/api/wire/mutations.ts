// Spoils good input: values, texts and bytes, from a seed.

import { below, oneOf, type Random } from './random-object.ts'

const strange: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  2 ** 53 + 2,
  -(2 ** 63),
  '',
  ' ',
  'x',
  '-1',
  '1e9999',
  '99999999999999999999Ei',
  '9999999999999h',
  '../..',
  '\u0000',
  '\ud800',
  '%s%n',
  'a'.repeat(300),
  '2026-13-45T99:99:99Z',
  '0001-01-01T00:00:00Z',
  '10000-01-01T00:00:00Z',
  '::1',
  '300.0.0.1/99',
  '*.*',
  '$(A)',
  '(',
  '[',
  [],
  [[]],
  [null],
  [1, 'a', {}],
  {},
  { '': {} },
  { a: null },
  { __proto__: null, constructor: 1 },
  { $patch: 'delete' },
  { $patch: 'replace', a: 1 },
  { matchLabels: { 'a b': 'c d' } },
]

/** The value with some part of it replaced, removed, doubled or moved. The given one stays as it is. */
export function mutatedValue(value: unknown, random: Random): unknown {
  const copy = structuredClone(value)
  const places: { parent: any; key: string | number }[] = []
  collect(copy, places)
  if (places.length === 0) return structuredClone(oneOf(random, strange))
  for (let count = 1 + below(random, 3); count > 0; count--) {
    const { parent, key } = oneOf(random, places)
    switch (below(random, 6)) {
      case 0:
        delete parent[key]
        break
      case 1:
        parent[`${key}X`] = parent[key]
        break
      case 2:
        parent[key] = [parent[key], parent[key]]
        break
      case 3: {
        const other = oneOf(random, places)
        parent[key] = structuredClone(safely(other.parent[other.key]))
        break
      }
      default:
        parent[key] = structuredClone(oneOf(random, strange))
    }
  }
  // What was taken out of a list leaves a hole, which JSON doesn't have.
  return JSON.parse(JSON.stringify(copy))
}

/** Moving things about must not make them endless. */
function safely(value: unknown): unknown {
  return JSON.stringify(value)?.length < 5000 ? value : null
}

function collect(value: unknown, places: { parent: any; key: string | number }[]): void {
  if (value === null || typeof value !== 'object' || places.length > 2000) return
  for (const key of Object.keys(value)) {
    places.push({ parent: value, key })
    collect((value as Record<string, unknown>)[key], places)
  }
}

const fragments = [
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '"',
  "'",
  '\\',
  '\n',
  '\t',
  '\r',
  '\u0000',
  '\ufeff',
  '-',
  '? ',
  '- ',
  '---\n',
  '&a ',
  '*a',
  '<<: ',
  '!!int ',
  '!!binary ',
  '|\n',
  '>\n',
  '#',
  '%YAML 1.2\n',
  'null',
  '1e999',
  '0x',
  '!=',
  '==',
  ' in (',
  ' notin ',
  ')',
  '~0',
  '~1',
  '/-',
  '%',
  '😀',
]

export function mutatedText(text: string, random: Random): string {
  let out = text
  for (let count = 1 + below(random, 4); count > 0; count--) {
    const at = below(random, out.length + 1)
    switch (below(random, 5)) {
      case 0:
        out = out.slice(0, at) + out.slice(at + 1 + below(random, 8))
        break
      case 1:
        out = out.slice(0, at)
        break
      case 2:
        out = out.slice(0, at) + out.slice(at, at + below(random, 30)) + out.slice(at)
        break
      default:
        out = out.slice(0, at) + oneOf(random, fragments) + out.slice(at)
    }
  }
  return out
}

export function mutatedBytes(bytes: Uint8Array, random: Random): Uint8Array {
  let out = Buffer.from(bytes)
  for (let count = 1 + below(random, 4); count > 0 && out.length > 0; count--) {
    const at = below(random, out.length)
    switch (below(random, 4)) {
      case 0:
        out = out.subarray(0, at)
        break
      case 1:
        out = Buffer.concat([out.subarray(0, at), Buffer.from([below(random, 256)]), out.subarray(at)])
        break
      case 2:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + 1 + below(random, 4))])
        break
      default:
        out[at] = below(random, 256)
    }
  }
  return out
}
