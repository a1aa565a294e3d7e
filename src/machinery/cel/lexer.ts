// An expression's text as tokens.

import type { CelIssue } from './errors.ts'

export type TokenKind = 'end' | 'identifier' | 'int' | 'uint' | 'float' | 'string' | 'bytes' | 'symbol'

export interface Token {
  readonly kind: TokenKind
  readonly text: string
  readonly offset: number
}

const symbols = ['==', '!=', '<=', '>=', '&&', '||', ...'[]{}().,-+*/%?:<>!']
const identifier = /[_a-zA-Z][_a-zA-Z0-9]*/y
const blank = /(?:[ \t\r\n\f]+|\/\/[^\n]*)+/y
const float = /(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)/y
const integer = /0x[0-9a-fA-F]+|\d+/y
const triple = (quote: string): RegExp => new RegExp(`${quote}{3}(?:[^\\\\]|\\\\[^])*?${quote}{3}`, 'y')
const single = (quote: string): RegExp => new RegExp(`${quote}(?:[^\\\\\\n\\r${quote}]|\\\\[^\\n\\r])*${quote}`, 'y')
const cooked = [triple('"'), triple("'"), single('"'), single("'")]
const raw = [/"""[\s\S]*?"""/y, /'''[\s\S]*?'''/y, /"[^"\n\r]*"/y, /'[^'\n\r]*'/y]
const stringPrefix = /(?:[bB][rR]?|[rR][bB]?)?(?=["'])/y

/** Characters that start no token are reported and passed over. */
export function tokenize(text: string, issues: CelIssue[]): Token[] {
  const tokens: Token[] = []
  let at = 0
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0]
  }
  const push = (kind: TokenKind, found: string, offset = at): void => {
    tokens.push({ kind, text: found, offset })
    at = offset + found.length
  }
  while (at < text.length) {
    const skipped = match(blank)
    if (skipped) {
      at += skipped.length
      continue
    }
    const prefix = match(stringPrefix)
    if (prefix !== undefined) {
      const start = at
      at += prefix.length
      const body = (/r/i.test(prefix) ? raw : cooked).map(match).find(found => found !== undefined)
      at = start
      if (body !== undefined) {
        push(/b/i.test(prefix) ? 'bytes' : 'string', prefix + body)
        continue
      }
      const lineEnd = text.indexOf('\n', start)
      const rest = text.slice(start, lineEnd < 0 ? undefined : lineEnd)
      issues.push({ offset: start, message: `Syntax error: token recognition error at: '${rest}'` })
      at = start + rest.length
      continue
    }
    const name = match(identifier)
    if (name) {
      push('identifier', name)
      continue
    }
    const real = match(float)
    if (real) {
      push('float', real)
      continue
    }
    const whole = match(integer)
    if (whole) {
      const next = text[at + whole.length]
      if (next === 'u' || next === 'U') push('uint', whole + next)
      else push('int', whole)
      continue
    }
    const symbol = symbols.find(each => text.startsWith(each, at))
    if (symbol) {
      push('symbol', symbol)
      continue
    }
    const character = String.fromCodePoint(text.codePointAt(at)!)
    // What would have been a two-character operator is reported with what follows it.
    const seen = '=&|'.includes(character) && at + 1 < text.length ? character + text[at + 1] : character
    issues.push({ offset: at, message: `Syntax error: token recognition error at: '${seen}'` })
    at += seen.length
  }
  tokens.push({ kind: 'end', text: '<EOF>', offset: at })
  return tokens
}

const simpleEscapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
  '`': 96,
  '?': 63,
}

/** The value of a string or bytes token; a string says what is wrong with it. */
export function unquote(token: Token): { readonly value: string | Uint8Array } | string {
  const prefixLength = token.text.search(/["']/)
  const prefix = token.text.slice(0, prefixLength).toLowerCase()
  const quoted = token.text.slice(prefixLength)
  const width = quoted.length >= 6 && (quoted.startsWith('"""') || quoted.startsWith("'''")) ? 3 : 1
  const body = quoted.slice(width, -width).replaceAll('\r\n', '\n').replaceAll('\r', '\n')
  const isBytes = token.kind === 'bytes'
  if (prefix.includes('r') || !body.includes('\\')) return { value: isBytes ? new TextEncoder().encode(body) : body }

  const pieces: string[] = []
  const octets: number[] = []
  const encoder = new TextEncoder()
  const addText = (text: string): void => {
    if (isBytes) octets.push(...encoder.encode(text))
    else pieces.push(text)
  }
  const addCode = (code: number, asByte: boolean): void => {
    if (isBytes && asByte) octets.push(code)
    else addText(String.fromCodePoint(code))
  }
  for (let at = 0; at < body.length; ) {
    if (body[at] !== '\\') {
      const next = body.indexOf('\\', at)
      const end = next < 0 ? body.length : next
      addText(body.slice(at, end))
      at = end
      continue
    }
    const letter = body[at + 1] ?? ''
    const simple = simpleEscapes[letter]
    if (simple !== undefined) {
      addCode(simple, false)
      at += 2
      continue
    }
    const hexLength = { x: 2, X: 2, u: 4, U: 8 }[letter]
    if (hexLength !== undefined) {
      const digits = body.slice(at + 2, at + 2 + hexLength)
      if (!new RegExp(`^[0-9a-fA-F]{${hexLength}}$`).test(digits)) return 'unable to unescape string'
      const code = Number.parseInt(digits, 16)
      if (hexLength > 2 && isBytes) return 'unable to unescape string'
      if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return 'invalid unicode code point'
      addCode(code, hexLength === 2)
      at += 2 + hexLength
      continue
    }
    const octal = /^[0-3][0-7]{2}/.exec(body.slice(at + 1))?.[0]
    if (!octal) return 'unable to unescape string'
    addCode(Number.parseInt(octal, 8), true)
    at += 4
  }
  return { value: isBytes ? Uint8Array.from(octets) : pieces.join('') }
}
