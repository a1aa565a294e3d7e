// Reads YAML as the API server and kubectl do (sigs.k8s.io/yaml): YAML 1.1 scalars (`scalar.ts`), anchors and merge keys;
// the last of repeated keys wins, and is told of.
//
// Text in; JSON values out. The library behind it reads the syntax only, and is only loaded by whoever imports this file.

import { LineCounter, parseAllDocuments } from 'yaml'
import { documentValue } from './document-value.ts'
import { firstDocument } from './grammar.ts'
import { YamlSyntaxError, yamlSyntaxError } from './syntax-error.ts'

export { YamlSyntaxError } from './syntax-error.ts'

export interface ParsedYaml {
  readonly value: unknown
  /** What upstream's strict reading says of repeated keys: one text for all of them, or none. */
  readonly duplicates: readonly string[]
}

type ParsedDocument = ReturnType<typeof parseAllDocuments>[number]

/** The first document. Throws a YamlSyntaxError. */
export function parseYaml(text: string): ParsedYaml {
  const document = firstDocument(text)
  const lines = new LineCounter()
  const [first] = read(document, lines)
  if (!first) return { value: null, duplicates: [] }
  check(first, lines)
  const { value, problems } = guarded(() => documentValue(first, lines))
  return {
    value,
    duplicates: problems.length === 0 ? [] : [`yaml: unmarshal errors:\n  ${problems.join('\n  ')}`],
  }
}

/** Every document that is not empty: a manifest. Throws a YamlSyntaxError. */
export function parseYamlDocuments(text: string): unknown[] {
  const lines = new LineCounter()
  const values: unknown[] = []
  for (const document of read(text, lines)) {
    check(document, lines)
    const { value } = guarded(() => documentValue(document, lines))
    if (value !== null) values.push(value)
  }
  return values
}

function read(text: string, lineCounter: LineCounter): readonly ParsedDocument[] {
  const documents = guarded(() =>
    parseAllDocuments(text, {
      version: '1.1',
      // Every scalar is text: what it means is decided here.
      schema: 'failsafe',
      resolveKnownTags: false,
      uniqueKeys: false,
      prettyErrors: false,
      lineCounter,
    }),
  )
  return Array.isArray(documents) ? documents : []
}

function check(document: ParsedDocument, lines: LineCounter): void {
  const [error] = document.errors
  if (!error) return
  // The same place is told of as a mapping, too, where it is a key of several lines.
  const longKey = document.errors.find(({ code, pos }) => code === 'MULTILINE_IMPLICIT_KEY' && pos[0] === error.pos[0])
  throw yamlSyntaxError(longKey ?? error, lines)
}

/** Too much nesting, and whatever the library finds: its own errors in ours. */
function guarded<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof YamlSyntaxError) throw error
    if (error instanceof RangeError) throw new YamlSyntaxError('yaml: exceeded max depth')
    throw new YamlSyntaxError(`yaml: ${(error as Error).message}`)
  }
}
