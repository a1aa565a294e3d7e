// The JSON value of a YAML document: aliases followed, merge keys merged, scalars resolved, keys made text; and which
// keys a strict reading finds twice.

import { isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type Scalar, type YAMLMap } from 'yaml'
import { compareText, quote } from '../go-text.ts'
import { setKey } from '../own-value.ts'
import { resolveScalar, type ScalarValue, tagOfValue } from './scalar.ts'
import { YamlSyntaxError } from './syntax-error.ts'

export interface DocumentValue {
  readonly value: unknown
  /** `line 4: key "a" already set in map` */
  readonly problems: readonly string[]
}

export function documentValue(document: { readonly contents: unknown }, lines: LineCounter): DocumentValue {
  const reader = new DocumentReader(lines)
  return { value: reader.read(document.contents as Node | null), problems: reader.problems }
}

const prefix = 'tag:yaml.org,2002:'

/** How much of a document may come from aliases: nearly all of a small one, a tenth of a huge one (go-yaml's bounds). */
function allowedAliasRatio(read: number): number {
  const [low, high] = [400_000, 4_000_000]
  if (read <= low) return 0.99
  return read >= high ? 0.1 : 0.99 - 0.89 * ((read - low) / (high - low))
}

class DocumentReader {
  readonly problems: string[] = []
  /** Those met so far: an alias means the last one before it. */
  readonly #anchors = new Map<string, Node>()
  readonly #lines: LineCounter
  readonly #within = new Set<Node>()
  #read = 0
  #fromAliases = 0
  #aliasDepth = 0

  constructor(lines: LineCounter) {
    this.#lines = lines
  }

  read(node: Node | null): unknown {
    this.#read++
    if (this.#aliasDepth > 0) this.#fromAliases++
    if (this.#fromAliases > 100 && this.#read > 1000 && this.#fromAliases / this.#read > allowedAliasRatio(this.#read))
      throw new YamlSyntaxError('yaml: document contains excessive aliasing')
    if (node === null) return null
    this.#register(node)
    if (isAlias(node)) return this.#throughAlias(node, target => this.read(target))
    if (isScalar(node)) return jsonScalar(scalarValue(node))
    if (isSeq(node)) return node.items.map(item => this.read(item as Node | null))
    if (isMap(node)) {
      const out: Record<string, unknown> = {}
      this.#readMap(node, out)
      return out
    }
    return null
  }

  #register(node: Node): void {
    const { anchor } = node as { anchor?: string }
    if (anchor && this.#aliasDepth === 0) this.#anchors.set(anchor, node)
  }

  #throughAlias<T>(alias: Node & { source: string }, read: (target: Node) => T): T {
    const target = this.#anchors.get(alias.source)
    if (!target) throw new YamlSyntaxError(`yaml: unknown anchor '${alias.source}' referenced`)
    if (this.#within.has(target)) throw new YamlSyntaxError(`yaml: anchor '${alias.source}' value contains itself`)
    this.#within.add(target)
    this.#aliasDepth++
    try {
      return read(target)
    } finally {
      this.#aliasDepth--
      this.#within.delete(target)
    }
  }

  #readMap(map: YAMLMap, out: Record<string, unknown>): void {
    for (const { key, value } of map.items as { key: Node | null; value: Node | null }[]) {
      if (isMergeKey(key)) {
        this.#merge(value, out)
        continue
      }
      const name = this.#key(key)
      const read = this.read(value)
      if (Object.hasOwn(out, name.text)) {
        const line = this.#lines.linePos((value?.range ?? key?.range)?.[0] ?? 0).line
        this.problems.push(`line ${line}: key ${name.shown} already set in map`)
      }
      setKey(out, name.text, read)
    }
  }

  #merge(value: Node | null, out: Record<string, unknown>): void {
    if (isAlias(value)) {
      this.#throughAlias(value, target => this.#mergeMap(target, out))
      return
    }
    if (isSeq(value)) {
      // The earlier ones win.
      for (const item of value.items.toReversed() as Node[]) {
        if (isAlias(item)) this.#throughAlias(item, target => this.#mergeMap(target, out))
        else this.#mergeMap(item, out)
      }
      return
    }
    this.#mergeMap(value, out)
  }

  #mergeMap(value: Node | null, out: Record<string, unknown>): void {
    if (value) this.#register(value)
    if (!isMap(value)) throw new YamlSyntaxError('yaml: map merge requires map or sequence of maps as the value')
    this.#readMap(value, out)
  }

  #key(key: Node | null): { text: string; shown: string } {
    if (key) this.#register(key)
    const node = isAlias(key) ? this.#throughAlias(key, target => target) : key
    if (node !== null && !isScalar(node))
      throw new YamlSyntaxError(`yaml: invalid map key: ${goSyntax(this.read(node))}`)
    const value = node === null ? null : scalarValue(node)
    if (value === null) throw new YamlSyntaxError('unsupported map key of type: %!s(<nil>), key: <nil>, value: <nil>')
    if (typeof value === 'string') return { text: value, shown: quote(value) }
    const text = typeof value === 'number' ? keyOfNumber(value) : String(value)
    return { text, shown: text }
  }
}

/** Go's `%#v` of what YAML says. */
function goSyntax(value: unknown): string {
  if (value === null) return 'interface {}(nil)'
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`
  if (typeof value !== 'object') return String(value)
  const entries = Object.entries(value).sort(([a], [b]) => compareText(a, b))
  return `map[interface {}]interface {}{${entries.map(([key, item]) => `${quote(key)}:${goSyntax(item)}`).join(', ')}}`
}

function isMergeKey(key: Node | null): boolean {
  if (!isScalar(key) || key.value !== '<<') return false
  return (key.type === 'PLAIN' && !key.tag) || key.tag === `${prefix}merge`
}

function keyOfNumber(value: number): string {
  if (Number.isInteger(value)) return Math.abs(value) < 1e21 ? BigInt(value).toString() : String(value)
  if (Number.isNaN(value)) return '.nan'
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf'
  // Upstream writes them as 32-bit floats.
  return String(Number(Math.fround(value).toPrecision(8)))
}

function scalarValue(node: Scalar): ScalarValue {
  const text = typeof node.value === 'string' ? node.value : String(node.value ?? '')
  if (!node.tag) return node.type === 'PLAIN' || node.type === undefined ? resolveScalar(text) : text
  const tag = node.tag.startsWith(prefix) ? node.tag.slice(prefix.length) : ''
  switch (tag) {
    case 'binary':
      return Buffer.from(text, 'base64').toString()
    case 'bool':
    case 'int':
    case 'float':
    case 'null': {
      const value = resolveScalar(text)
      const found = tagOfValue(value)
      if (found !== tag && !(tag === 'float' && found === 'int'))
        throw new YamlSyntaxError(`yaml: cannot decode !!${found} \`${text}\` as a !!${tag}`)
      return value
    }
    default:
      return text
  }
}

/** JSON has no word for some numbers. */
function jsonScalar(value: ScalarValue): ScalarValue {
  if (typeof value !== 'number' || Number.isFinite(value)) return value
  const text = Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  throw new YamlSyntaxError(`json: unsupported value: ${text}`)
}
