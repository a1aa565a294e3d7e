// What is wrong with text that is no YAML, in the words of go-yaml where the library's error has a counterpart.

import type { LineCounter, YAMLParseError } from 'yaml'

/** No YAML. The message says the line, as `yaml: line 3: …`. */
export class YamlSyntaxError extends SyntaxError {
  override readonly name = 'YamlSyntaxError'
}

const byCode: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'found character that cannot start any token',
  BLOCK_AS_IMPLICIT_KEY: 'mapping values are not allowed in this context',
  MULTILINE_IMPLICIT_KEY: 'mapping values are not allowed in this context',
  BAD_INDENT: 'did not find expected key',
  UNEXPECTED_TOKEN: 'did not find expected node content',
  BAD_DIRECTIVE: 'found unknown directive name',
}

export function yamlSyntaxError(error: YAMLParseError, lines: LineCounter): YamlSyntaxError {
  const unknown = /^Unresolved alias .*: (.*)$/.exec(error.message)
  if (unknown) return new YamlSyntaxError(`yaml: unknown anchor '${unknown[1]}' referenced`)
  const words = wordsOf(error)
  const found = lines.linePos(error.pos[0]).line
  // The library points at the first line of such a key, go-yaml at the line of its colon.
  const line = shownLine(error.code === 'MULTILINE_IMPLICIT_KEY' ? found + 1 : found, words)
  return new YamlSyntaxError(`yaml: ${line === 0 ? '' : `line ${line}: `}${words}`)
}

/** go-yaml's parser counts lines from zero, its scanner from one; of the first line both say nothing. */
function shownLine(line: number, words: string): number {
  return line === 1 || words.startsWith('did not find') ? line - 1 : line
}

function wordsOf({ code, message }: YAMLParseError): string {
  if (message.startsWith('Flow sequence')) return "did not find expected ',' or ']'"
  if (message.startsWith('Flow map')) return "did not find expected ',' or '}'"
  if (code === 'MISSING_CHAR')
    return message.includes('quote') ? 'found unexpected end of stream' : "could not find expected ':'"
  return byCode[code] ?? message
}
