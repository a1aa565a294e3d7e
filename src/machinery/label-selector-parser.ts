// The grammar of label selectors, token by token as upstream reads it, so that what fails here fails there with the
// same words.

import { fieldErrorMessage, invalid } from './field-error.ts'
import { compareText } from './go-text.ts'
import { checkedRequirement, type LabelOperator, type LabelRequirement } from './label-requirement.ts'
import { isQualifiedName } from './validation/names.ts'

type Kind = ')' | ',' | '!' | '==' | '=' | '>' | 'in' | '<' | '!=' | 'notin' | '(' | 'identifier' | 'end' | 'error'

interface Token {
  readonly kind: Kind
  readonly text: string
}

const symbols: readonly string[] = [')', ',', '!', '==', '=', '>', '<', '!=', '(']
const isSpecial = (character: string): boolean => '=!(),><'.includes(character)
const isSpace = (character: string): boolean => ' \t\r\n'.includes(character)

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  for (;;) {
    while (at < text.length && isSpace(text[at]!)) at++
    // A NUL ends the text for upstream's lexer, too.
    if (at >= text.length || text[at] === '\0') break
    const start = at
    if (isSpecial(text[at]!)) {
      const two = text.slice(at, at + 2)
      const symbol = symbols.includes(two) ? two : text[at]!
      at += symbol.length
      tokens.push({ kind: symbol as Kind, text: symbol })
      continue
    }
    while (at < text.length && text[at] !== '\0' && !isSpecial(text[at]!) && !isSpace(text[at]!)) at++
    const word = text.slice(start, at)
    tokens.push({ kind: word === 'in' || word === 'notin' ? word : 'identifier', text: word })
  }
  tokens.push({ kind: 'end', text: '' })
  return tokens
}

/** Where values stand, `in` and `notin` are words like any other. */
function asValue(token: Token): Token {
  return token.kind === 'in' || token.kind === 'notin' ? { kind: 'identifier', text: token.text } : token
}

class Parser {
  readonly #tokens: readonly Token[]
  #position = 0

  constructor(text: string) {
    this.#tokens = tokenize(text)
  }

  #peek(): Token {
    return asValue(this.#tokens[this.#position]!)
  }

  #next(): Token {
    return asValue(this.#nextRaw())
  }

  #nextRaw(): Token {
    return this.#tokens[this.#position++] ?? { kind: 'end', text: '' }
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = []
    for (;;) {
      const token = this.#peek()
      if (token.kind === 'end') return requirements
      if (token.kind !== 'identifier' && token.kind !== '!')
        throw new Error(`found '${token.text}', expected: !, identifier, or 'end of string'`)
      try {
        requirements.push(this.#requirement())
      } catch (error) {
        throw new Error(`unable to parse requirement: ${(error as Error).message}`)
      }
      const after = this.#next()
      if (after.kind === 'end') return requirements
      if (after.kind !== ',') throw new Error(`found '${after.text}', expected: ',' or 'end of string'`)
      const following = this.#peek()
      if (following.kind !== 'identifier' && following.kind !== '!')
        throw new Error(`found '${following.text}', expected: identifier after ','`)
    }
  }

  #requirement(): LabelRequirement {
    let token = this.#next()
    const negated = token.kind === '!'
    if (negated) token = this.#next()
    if (token.kind !== 'identifier') throw new Error(`found '${token.text}', expected: identifier`)
    const key = token.text
    const messages = isQualifiedName(key)
    if (messages.length > 0) throw new Error(fieldErrorMessage(invalid(undefined, key, messages.join('; '))))
    if (negated) return checkedRequirement(key, '!', [])
    const following = this.#peek().kind
    if (following === 'end' || following === ',') return checkedRequirement(key, 'exists', [])
    const operator = this.#operator()
    const values = operator === 'in' || operator === 'notin' ? this.#valueList() : [this.#exactValue()]
    return checkedRequirement(key, operator, values)
  }

  #operator(): LabelOperator {
    const token = this.#nextRaw()
    switch (token.kind) {
      case 'in':
      case 'notin':
      case '=':
      case '==':
      case '!=':
        return token.kind
      case '>':
        return 'gt'
      case '<':
        return 'lt'
      default:
        throw new Error(`found '${token.text}', expected: in, notin, =, ==, !=, gt, lt`)
    }
  }

  #valueList(): string[] {
    const open = this.#next()
    if (open.kind !== '(') throw new Error(`found '${open.text}' expected: '('`)
    const first = this.#peek()
    if (first.kind === ')') {
      this.#next()
      return ['']
    }
    if (first.kind !== 'identifier' && first.kind !== ',')
      throw new Error(`found '${first.text}', expected: ',', ')' or identifier`)
    const values = this.#identifiers()
    if (this.#next().kind !== ')') throw new Error(`found '${first.text}', expected: ')'`)
    return [...values].sort(compareText)
  }

  /** Up to the closing parenthesis; nothing between two commas is the empty value. */
  #identifiers(): Set<string> {
    const values = new Set<string>()
    for (;;) {
      const token = this.#next()
      if (token.kind === 'identifier') {
        values.add(token.text)
        const after = this.#peek()
        if (after.kind === ')') return values
        if (after.kind !== ',') throw new Error(`found '${after.text}', expected: ',' or ')'`)
      } else if (token.kind === ',') {
        if (values.size === 0) values.add('')
        const after = this.#peek().kind
        if (after === ')' || after === ',') values.add('')
        if (after === ')') return values
      } else {
        throw new Error(`found '${token.text}', expected: ',', or identifier`)
      }
    }
  }

  #exactValue(): string {
    const following = this.#peek().kind
    if (following === 'end' || following === ',') return ''
    const token = this.#next()
    if (token.kind !== 'identifier') throw new Error(`found '${token.text}', expected: identifier`)
    return token.text
  }
}

export function parseRequirements(text: string): LabelRequirement[] {
  return new Parser(text).parse()
}
