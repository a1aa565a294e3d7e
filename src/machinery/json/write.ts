// Values → JSON text, as Go's encoding/json writes it: whole numbers with all their digits, and <, >, & escaped, as well
// as the two separators that once ended a line of JavaScript.

/** As JSON.stringify, with the escapes of Go's encoder. */
export const goJson = (value: unknown, indent?: number): string => withEscapes(jsonText(value, indent))

/** JSON with the escapes of Go's encoder. */
export function withEscapes(text: string): string {
  // Five quick searches: in nearly every text there is nothing to find.
  return text.includes('<') ||
    text.includes('>') ||
    text.includes('&') ||
    text.includes('\u2028') ||
    text.includes('\u2029')
    ? text.replace(htmlSensitive, escaped)
    : text
}

const htmlSensitive = /[<>&\u2028\u2029]/g

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** As JSON.stringify, which refuses bigints; `null` for undefined. */
export function jsonText(value: unknown, indent?: number): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value, undefined, indent)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    text = written(value, indent === undefined ? '' : ' '.repeat(indent), '\n')
  }
  return text ?? 'null'
}

function written(value: unknown, indent: string, line: string): string | undefined {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON === 'function') return written(toJSON.call(value), indent, line)
  const inner = line + indent
  const parts = Array.isArray(value)
    ? value.map(item => written(item, indent, inner) ?? 'null')
    : Object.entries(value).flatMap(([key, item]) => {
        const text = written(item, indent, inner)
        return text === undefined ? [] : [`${JSON.stringify(key)}:${indent === '' ? '' : ' '}${text}`]
      })
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  if (parts.length === 0) return `${open}${close}`
  return indent === ''
    ? `${open}${parts.join(',')}${close}`
    : `${open}${inner}${parts.join(`,${inner}`)}${line}${close}`
}
