// An expression's text as a tree. Macros are expanded as their calls are met.

import { call, ident, list, literal, type MapEntryNode, memberCall, type Node, type StructFieldNode } from './ast.ts'
import { CelCompileError, type CelIssue } from './errors.ts'
import { type Token, tokenize, unquote } from './lexer.ts'
import { expandMacro, MacroError, type MacroOptions } from './macros.ts'
import { expressionStart, oneIsOpen, startOf, startsExpression } from './syntax.ts'
import { reservedWords } from './types.ts'
import { maxInt, minInt, Uint } from './values.ts'

const expressionSizeLimit = 100_000
const depthLimit = 250
/** Throws CelCompileError. */
export function parse(expression: string, macros: MacroOptions = {}): Node {
  const size = [...expression].length
  if (size > expressionSizeLimit) {
    const message = `expression code point size exceeds limit: size: ${size}, limit ${expressionSizeLimit}`
    throw new CelCompileError(expression, [{ offset: 0, message }])
  }
  const issues: CelIssue[] = []
  const parser = new Parser(tokenize(expression, issues), issues, macros)
  let node: Node | undefined
  try {
    node = parser.whole()
  } catch (error) {
    if (!(error instanceof SyntaxStop)) throw error
  }
  if (issues.length > 0 || !node) throw new CelCompileError(expression, sorted(issues))
  return node
}

export function sorted(issues: readonly CelIssue[]): CelIssue[] {
  return [...issues].sort((a, b) => a.offset - b.offset)
}

/** The rest of the text cannot be made sense of. */
class SyntaxStop extends Error {}

const relations: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=', 'in'])

class Parser {
  readonly #tokens: readonly Token[]
  readonly #issues: CelIssue[]
  readonly #macros: MacroOptions
  #at = 0
  #depth = 0

  constructor(tokens: readonly Token[], issues: CelIssue[], macros: MacroOptions) {
    this.#tokens = tokens
    this.#issues = issues
    this.#macros = macros
  }

  whole(): Node {
    const node = this.#expression()
    const token = this.#peek()
    if (token.kind !== 'end') {
      const alone = this.#tokens[this.#at + 1]?.kind === 'end'
      this.#stop(token, `${alone ? 'extraneous' : 'mismatched'} input '${token.text}' expecting <EOF>`)
    }
    return node
  }

  #peek(): Token {
    return this.#tokens[this.#at]!
  }

  #is(text: string): boolean {
    const token = this.#peek()
    return token.text === text && (token.kind === 'symbol' || token.kind === 'identifier')
  }

  #take(text: string): Token | undefined {
    if (!this.#is(text)) return undefined
    return this.#tokens[this.#at++]
  }

  #expect(text: string, expecting = `'${text}'`): Token {
    const token = this.#take(text)
    if (token) return token
    const found = this.#peek()
    const next = this.#tokens[this.#at + 1]
    if (next?.kind !== 'symbol' || next.text !== text)
      return this.#stop(found, `mismatched input '${found.text}' expecting ${expecting}`)
    this.#complain(found, `extraneous input '${found.text}' expecting ${expecting}`)
    this.#at += 2
    return next
  }

  /** As `#expect`; what is obviously left out is complained about, and taken for there. */
  #expectInline(text: string): Token {
    const token = this.#peek()
    const next = this.#tokens[this.#at + 1]?.text
    const goesOn =
      text === ':' ? startsExpression(token) : token.kind === 'end' && oneIsOpen(this.#tokens.slice(0, this.#at))
    if (this.#is(text) || next === text || !goesOn) return this.#expect(text)
    this.#complain(token, `missing '${text}' at '${token.text}'`)
    return token
  }

  /** An expression must start here, or what `also` says. */
  #starts(expecting: string, also: string): void {
    const starts = (token: Token | undefined): boolean =>
      token !== undefined && (startsExpression(token) || token.text === also)
    const token = this.#peek()
    if (starts(token)) return
    if (!starts(this.#tokens[this.#at + 1]))
      this.#stop(token, `mismatched input '${token.text}' expecting ${expecting}`)
    this.#complain(token, `extraneous input '${token.text}' expecting ${expecting}`)
    this.#at++
  }

  /** `[,]` is empty, too. */
  #loneComma(close: string): boolean {
    const before = this.#tokens[this.#at - 1]!.text
    if (!this.#is(',') || (before !== '[' && before !== '{') || this.#tokens[this.#at + 1]?.text !== close) return false
    this.#at++
    return true
  }

  #complain(token: Token, message: string): void {
    this.#issues.push({ offset: token.offset, message: `Syntax error: ${message}` })
  }

  #stop(token: Token, message: string): never {
    this.#complain(token, message)
    throw new SyntaxStop()
  }

  #report(offset: number, message: string): Node {
    this.#issues.push({ offset, message })
    return literal(offset, '<<error>>')
  }

  #expression(): Node {
    if (++this.#depth > depthLimit) {
      this.#issues.push({ offset: -1, message: `expression recursion limit exceeded: ${depthLimit}` })
      throw new SyntaxStop()
    }
    let node = this.#or()
    const question = this.#take('?')
    if (question) {
      const then = this.#or()
      this.#expectInline(':')
      node = call(question.offset, '_?_:_', node, then, this.#expression())
    }
    this.#depth--
    return node
  }

  #or(): Node {
    let node = this.#and()
    for (let token = this.#take('||'); token; token = this.#take('||'))
      node = call(token.offset, '_||_', node, this.#and())
    return node
  }

  #and(): Node {
    let node = this.#relation()
    for (let token = this.#take('&&'); token; token = this.#take('&&'))
      node = call(token.offset, '_&&_', node, this.#relation())
    return node
  }

  #relation(): Node {
    let node = this.#sum()
    for (;;) {
      const token = this.#peek()
      if (!(token.kind === 'symbol' || token.kind === 'identifier') || !relations.has(token.text)) return node
      this.#at++
      node = call(token.offset, token.text === 'in' ? '@in' : `_${token.text}_`, node, this.#sum())
    }
  }

  #sum(): Node {
    let node = this.#product()
    for (let token = this.#take('+') ?? this.#take('-'); token; token = this.#take('+') ?? this.#take('-'))
      node = call(token.offset, `_${token.text}_`, node, this.#product())
    return node
  }

  #product(): Node {
    let node = this.#unary()
    const next = (): Token | undefined => this.#take('*') ?? this.#take('/') ?? this.#take('%')
    for (let token = next(); token; token = next()) node = call(token.offset, `_${token.text}_`, node, this.#unary())
    return node
  }

  #unary(): Node {
    const first = this.#peek()
    if (this.#is('!')) {
      let count = 0
      while (this.#take('!')) count++
      const operand = this.#member(this.#primary())
      return count % 2 === 0 ? operand : call(first.offset, '!_', operand)
    }
    if (this.#is('-')) {
      const next = this.#tokens[this.#at + 1]!
      if (next.kind === 'int' || next.kind === 'float') {
        this.#at += 2
        return this.#member(this.#number(next, first))
      }
      let count = 0
      while (this.#take('-')) count++
      const operand = this.#member(this.#primary())
      return count % 2 === 0 ? operand : call(first.offset, '-_', operand)
    }
    return this.#member(this.#primary())
  }

  #member(primary: Node): Node {
    let node = primary
    for (;;) {
      const dot = this.#take('.')
      if (dot) {
        const optional = this.#take('?') !== undefined
        const name = this.#identifier()
        const open = optional ? undefined : this.#take('(')
        if (open) node = this.#call(open.offset, name, node, this.#arguments())
        else node = { kind: 'select', offset: dot.offset, operand: node, field: name, test: false, optional }
        continue
      }
      const open = this.#take('[')
      if (!open) return node
      this.#starts(startOf("'?'", 6), '?')
      const optional = this.#take('?') !== undefined
      const index = this.#expression()
      this.#expectInline(']')
      node = call(open.offset, optional ? '_[?_]' : '_[_]', node, index)
    }
  }

  #identifier(): string {
    const token = this.#peek()
    if (token.kind === 'identifier' && !['in', 'true', 'false', 'null'].includes(token.text)) {
      this.#at++
      return token.text
    }
    const what =
      token.kind === 'end' ? `no viable alternative at input '.'` : `no viable alternative at input '.${token.text}'`
    return this.#stop(token, what)
  }

  #primary(): Node {
    const token = this.#peek()
    switch (token.kind) {
      case 'int':
      case 'uint':
      case 'float':
        this.#at++
        return this.#number(token)
      case 'string':
      case 'bytes': {
        this.#at++
        const unquoted = unquote(token)
        return typeof unquoted === 'string'
          ? this.#report(token.offset, unquoted)
          : literal(token.offset, unquoted.value)
      }
      case 'identifier':
        if (token.text === 'in') break
        return this.#named()
      case 'symbol':
        if (token.text === '.') return this.#named()
        if (this.#take('(')) {
          const inner = this.#expression()
          this.#expectInline(')')
          return inner
        }
        if (this.#take('[')) return this.#list(token)
        if (this.#take('{')) return { kind: 'map', offset: token.offset, entries: this.#entries() }
        break
      case 'end':
        break
    }
    const before = this.#tokens[this.#at - 1]?.text ?? ''
    const next = this.#tokens[this.#at + 1]
    // Where a list may end at once, upstream expects more than an expression.
    if (next && startsExpression(next) && !['(', '[', '{'].includes(before)) {
      this.#complain(token, `extraneous input '${token.text}' expecting ${expressionStart}`)
      this.#at++
      return this.#primary()
    }
    const how = token.kind === 'end' && before === '!' ? 'extraneous' : 'mismatched'
    return this.#stop(token, `${how} input '${token.text}' expecting ${expressionStart}`)
  }

  #named(): Node {
    const first = this.#peek()
    const leadingDot = this.#take('.') ? '.' : ''
    const nameToken = this.#peek()
    const name = this.#peek().kind === 'identifier' ? this.#tokens[this.#at++]!.text : this.#identifier()
    if (leadingDot === '') {
      if (name === 'true') return literal(first.offset, true)
      if (name === 'false') return literal(first.offset, false)
      if (name === 'null') return literal(first.offset, null)
    }
    const struct = this.#structName(name)
    if (struct !== undefined) return this.#struct(struct)
    if (reservedWords.has(name)) return this.#report(nameToken.offset, `reserved identifier: ${name}`)
    const open = this.#take('(')
    if (open) return this.#call(open.offset, name, undefined, this.#arguments())
    return ident(first.offset, name)
  }

  /** `A.B.C` before a brace is a type's name; nothing is taken otherwise. */
  #structName(first: string): string | undefined {
    let name = first
    let at = this.#at
    while (this.#tokens[at]?.text === '.' && this.#tokens[at + 1]?.kind === 'identifier') {
      name += `.${this.#tokens[at + 1]!.text}`
      at += 2
    }
    if (this.#tokens[at]?.text !== '{' || this.#tokens[at]?.kind !== 'symbol') return undefined
    this.#at = at
    return name
  }

  #struct(typeName: string): Node {
    const open = this.#expect('{')
    const fields: StructFieldNode[] = []
    while (!this.#is('}')) {
      const optional = this.#take('?') !== undefined
      const token = this.#peek()
      if (token.kind !== 'identifier')
        this.#stop(token, `mismatched input '${token.text}' expecting {'}', ',', IDENTIFIER}`)
      this.#at++
      const colon = this.#expectInline(':')
      fields.push({ offset: colon.offset, name: token.text, value: this.#expression(), optional })
      if (!this.#take(',')) break
    }
    this.#expect('}', "{'}', ','}")
    return { kind: 'struct', offset: open.offset, typeName, fields }
  }

  #call(offset: number, name: string, target: Node | undefined, args: readonly Node[]): Node {
    try {
      const expanded = expandMacro(offset, name, target, args, this.#macros)
      if (expanded) return expanded
    } catch (error) {
      if (!(error instanceof MacroError)) throw error
      return this.#report(error.offset, error.message)
    }
    return target ? memberCall(offset, name, target, ...args) : call(offset, name, ...args)
  }

  #arguments(): Node[] {
    const args: Node[] = []
    if (this.#take(')')) return args
    this.#starts(startOf("')'", 3), ')')
    if (this.#take(')')) return args
    do args.push(this.#expression())
    while (this.#take(','))
    this.#expectInline(')')
    return args
  }

  #list(open: Token): Node {
    const elements: Node[] = []
    const optional = new Set<number>()
    while (!this.#is(']') && !this.#loneComma(']')) {
      if (this.#take('?')) optional.add(elements.length)
      elements.push(this.#expression())
      if (!this.#take(',')) break
      if (!this.#is('?') && !startsExpression(this.#peek())) {
        this.#expectInline(']')
        return { ...list(open.offset, ...elements), optional }
      }
    }
    this.#expect(']', "{']', ','}")
    return { ...list(open.offset, ...elements), optional }
  }

  #entries(): MapEntryNode[] {
    const entries: MapEntryNode[] = []
    while (!this.#is('}') && !this.#loneComma('}')) {
      const optional = this.#take('?') !== undefined
      const key = this.#expression()
      const colon = this.#expectInline(':')
      entries.push({ offset: colon.offset, key, value: this.#expression(), optional })
      if (!this.#take(',')) break
      if (!this.#is('?') && !startsExpression(this.#peek())) {
        this.#expectInline('}')
        return entries
      }
    }
    this.#expect('}', "{'}', ','}")
    return entries
  }

  #number(token: Token, sign?: Token): Node {
    const { offset } = sign ?? token
    if (token.kind === 'float') return literal(offset, sign ? -Number(token.text) : Number(token.text))
    if (token.kind === 'uint') {
      const value = BigInt(token.text.slice(0, -1))
      return value < 1n << 64n ? literal(offset, new Uint(value)) : this.#report(offset, 'invalid uint literal')
    }
    const value = sign ? -BigInt(token.text) : BigInt(token.text)
    return value >= minInt && value <= maxInt ? literal(offset, value) : this.#report(offset, 'invalid int literal')
  }
}
