// Reads YAML as the API server and kubectl do (sigs.k8s.io/yaml): YAML 1.1 scalars, but times, sexagesimals and binary
// stay text; merge keys; the last of repeated keys wins, and is told of.
//
// Text in; JSON values out. The library behind it is only loaded by whoever imports this file.

import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseAllDocuments, type Tags } from 'yaml'
import { goValue, quote } from '../go-text.ts'

/** No YAML. The message says the line, as `yaml: line 3: …`. */
export class YamlSyntaxError extends SyntaxError {
  override readonly name = 'YamlSyntaxError'
}

export interface ParsedYaml {
  readonly value: unknown
  /** What upstream's strict reading says of repeated keys: one text for all of them, or none. */
  readonly duplicates: readonly string[]
}

type ParsedDocument = ReturnType<typeof parseAllDocuments>[number]

/** The first document. Throws a YamlSyntaxError. */
export function parseYaml(text: string): ParsedYaml {
  const lines = new LineCounter()
  const [first] = read(text, lines)
  if (!first) return { value: null, duplicates: [] }
  const problems: string[] = []
  findDuplicates(first.contents as Node | null, lines, problems)
  return {
    value: toJson(first),
    duplicates: problems.length === 0 ? [] : [`yaml: unmarshal errors:\n  ${problems.join('\n  ')}`],
  }
}

/** Every document that is not empty: a manifest. Throws a YamlSyntaxError. */
export function parseYamlDocuments(text: string): unknown[] {
  return read(text, new LineCounter())
    .map(toJson)
    .filter(value => value !== null && value !== undefined)
}

/** Tags of YAML 1.1 that Kubernetes' reader leaves as text. */
const leftAsText = new Set(['tag:yaml.org,2002:timestamp', 'tag:yaml.org,2002:binary'])

function kubernetesTags(tags: Tags): Tags {
  return tags.filter(tag => {
    if (typeof tag === 'string') return true
    const format = 'format' in tag ? tag.format : undefined
    return !leftAsText.has(tag.tag) && format !== 'TIME'
  })
}

function read(text: string, lineCounter: LineCounter): ParsedDocument[] {
  const documents = guarded(() =>
    parseAllDocuments(text, {
      version: '1.1',
      merge: true,
      uniqueKeys: false,
      prettyErrors: false,
      lineCounter,
      customTags: kubernetesTags,
    }),
  )
  if (!Array.isArray(documents)) return []
  for (const document of documents) {
    const [error] = document.errors
    if (error) throw new YamlSyntaxError(`yaml: line ${lineCounter.linePos(error.pos[0]).line}: ${error.message}`)
  }
  return documents
}

function toJson(document: ParsedDocument): unknown {
  return guarded(() => document.toJS({ mapAsMap: false }))
}

/** Too many aliases, too much nesting: the library's own errors in ours. */
function guarded<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof RangeError) throw new YamlSyntaxError('yaml: exceeded max depth')
    throw new YamlSyntaxError(`yaml: ${(error as Error).message}`)
  }
}

function findDuplicates(node: Node | null, lines: LineCounter, problems: string[]): void {
  if (isSeq(node)) for (const item of node.items) findDuplicates(item as Node | null, lines, problems)
  if (!isMap(node)) return
  const seen = new Set<string>()
  for (const pair of node.items) {
    if (!isPair(pair)) continue
    const key = pair.key as Node
    if (isScalar(key)) {
      const text = goValue(key.value)
      const line = lines.linePos(key.range?.[0] ?? 0).line
      if (seen.has(text)) problems.push(`line ${line}: key ${quote(text)} already set in map`)
      seen.add(text)
    }
    if (!isAlias(pair.value)) findDuplicates(pair.value as Node | null, lines, problems)
  }
}
