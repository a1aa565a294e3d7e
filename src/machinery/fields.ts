// Field selectors: `spec.nodeName=node-1,status.phase!=Failed`. The only operators are equality and its negation; which
// fields a resource offers is for its owner to say.

export interface FieldTerm {
  readonly field: string
  readonly operator: '=' | '!='
  readonly value: string
}

export interface FieldSelector {
  readonly terms: readonly FieldTerm[]
  /** Matches everything. */
  readonly empty: boolean
  /** `read` gives a field's value, '' when the object has none. */
  matches(read: (field: string) => string): boolean
  toString(): string
  /** The value this field must have, if any. */
  requiredValue(field: string): string | undefined
}

export function fieldSelectorOf(terms: readonly FieldTerm[]): FieldSelector {
  return {
    terms,
    empty: terms.length === 0,
    matches: read => terms.every(term => (read(term.field) === term.value) === (term.operator === '=')),
    toString: () => terms.map(term => `${term.field}${term.operator}${escapeFieldValue(term.value)}`).join(','),
    requiredValue: field => terms.find(term => term.field === field && term.operator === '=')?.value,
  }
}

export const everyField: FieldSelector = fieldSelectorOf([])

/** Throws an Error with upstream's message. */
export function parseFieldSelector(text: string): FieldSelector {
  if (text === '') return everyField
  const terms: FieldTerm[] = []
  for (const part of splitTerms(text).sort()) {
    if (part === '') continue
    const found = /!=|==|=/.exec(part)
    if (!found) throw new Error(`invalid selector: '${text}'; can't understand '${part}'`)
    const field = part.slice(0, found.index)
    const value = unescapeFieldValue(part.slice(found.index + found[0].length))
    // Nothing that is nothing, or is not, selects everything.
    if (field !== '' || value !== '') terms.push({ field, operator: found[0] === '!=' ? '!=' : '=', value })
  }
  return fieldSelectorOf(terms)
}

/** At commas that no backslash stands before. */
function splitTerms(text: string): string[] {
  const terms: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === ',') {
      terms.push(text.slice(start, at))
      start = at + 1
    }
  }
  terms.push(text.slice(start))
  return terms
}

export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=]/g, character => `\\${character}`)
}

function unescapeFieldValue(text: string): string {
  if (!/[\\,=]/.test(text)) return text
  let value = ''
  const characters = [...text]
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!
    if (character === '\\') {
      const next = characters[++at]
      if (next !== '\\' && next !== ',' && next !== '=')
        throw new Error(`invalid field selector: invalid escape sequence: \\${next ?? ''}`)
      value += next
    } else if (character === ',' || character === '=') {
      // Upstream prints the rune as a number.
      throw new Error(`invalid field selector: unescaped character in value: ${character.codePointAt(0)}`)
    } else value += character
  }
  return value
}
