// Writes values as YAML that every reader of Kubernetes' YAML reads back as the same: in the style of sigs.k8s.io/yaml,
// keys in order, and text that YAML 1.1 or go-yaml would take for a boolean, a number or a time in quotes.

import { Document, visit } from 'yaml'
import { resolveScalar } from './scalar.ts'

export function writeYaml(value: unknown): string {
  const document = new Document(value, { schema: 'core', aliasDuplicateObjects: false, sortMapEntries: true })
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === 'string' && needsQuotes(node.value)) node.type = 'QUOTE_DOUBLE'
    },
  })
  return document.toString({ lineWidth: 0, indentSeq: false })
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not stand there as they are
const unprintable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/

/** Times and sexagesimals are text to go-yaml, but not to every reader. */
const time = /^\d{4}-\d{1,2}-\d{1,2}([Tt ]|$)/
const sexagesimal = /^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$/

function needsQuotes(text: string): boolean {
  return (
    typeof resolveScalar(text) !== 'string' ||
    text === '<<' ||
    text === '=' ||
    time.test(text) ||
    sexagesimal.test(text) ||
    unprintable.test(text)
  )
}
