// YAML text → tokens, as go-yaml's scanner (which is libyaml's) sees them: where collections begin and end by their
// indentation, which text is a key because a colon follows it. What they say is of no interest here, but for anchors.

export type TokenKind =
  | 'streamEnd'
  | 'directive'
  | 'documentStart'
  | 'documentEnd'
  | 'blockSequenceStart'
  | 'blockMappingStart'
  | 'blockEnd'
  | 'flowSequenceStart'
  | 'flowSequenceEnd'
  | 'flowMappingStart'
  | 'flowMappingEnd'
  | 'blockEntry'
  | 'flowEntry'
  | 'key'
  | 'value'
  | 'alias'
  | 'anchor'
  | 'tag'
  | 'scalar'

export interface Token {
  readonly kind: TokenKind
  /** Where it begins, counted from zero. */
  readonly line: number
  readonly at: number
  /** Of anchors, aliases, tags and directives. */
  readonly text?: string
}

/** What stands there cannot be YAML. */
export class ScanError extends Error {
  /** Counted from zero; undefined where go-yaml tells no line. */
  readonly line: number | undefined

  constructor(message: string, line: number | undefined) {
    super(message)
    this.line = line
  }
}

interface SimpleKey {
  possible: boolean
  readonly required: boolean
  /** Which token, of all there have been, it would stand before. */
  readonly token: number
  readonly at: number
  readonly line: number
  readonly column: number
}

const noKey = (): SimpleKey => ({ possible: false, required: false, token: 0, at: 0, line: 0, column: 0 })

/** A key is on one line, and no longer. */
const longestKey = 1024
/** The reader looks at so many bytes at once, and finds what is not allowed in any of them. */
const chunk = 512

const notAllowed = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u
const wordCharacter = /[0-9A-Za-z_-]/
const afterAnchor = '?:,]}%@`'
const uriCharacter = /[0-9A-Za-z_\-;/?:@&=+$.,!~*'()[\]%#]/
const startsNothing = '-?:,[]{}#&*!|>\'"%@`'
const escapes = '0abt\tnvfre "\'\\N_LPxuU'
const escapedDigits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

export class Scanner {
  readonly #text: string
  /** Where the reader comes upon a character that is not allowed. */
  readonly #limit: number
  #at = 0
  /** Of the token that is being read. */
  #start = 0
  #line = 0
  #column = 0
  #indent = -1
  readonly #indents: number[] = []
  #flowLevel = 0
  #keyAllowed = true
  readonly #keys: SimpleKey[] = [noKey()]
  readonly #tokens: Token[] = []
  #taken = 0
  #ended = false

  constructor(text: string) {
    this.#text = text
    const bad = notAllowed.exec(text)
    const isFirstMark = bad?.index === 0 && text[0] === '\ufeff'
    this.#limit = bad && !isFirstMark ? Math.floor(bad.index / chunk) * chunk : Number.POSITIVE_INFINITY
  }

  peek(): Token {
    while (this.#tokens.length === 0 || this.#headMayBeKey()) this.#fetch()
    return this.#tokens[0]!
  }

  take(): Token {
    const token = this.peek()
    this.#tokens.shift()
    this.#taken++
    return token
  }

  // ---- characters ----

  #fail(message: string): never {
    throw new ScanError(message, this.#line)
  }

  #char(offset = 0): string {
    const at = this.#at + offset
    if (at >= this.#limit) throw new ScanError('control characters are not allowed', undefined)
    return this.#text[at] ?? ''
  }

  #skip(count = 1): void {
    this.#at += count
    this.#column += count
  }

  #isBlank(offset = 0): boolean {
    const character = this.#char(offset)
    return character === ' ' || character === '\t'
  }

  #isBreak(offset = 0): boolean {
    const character = this.#char(offset)
    return character !== '' && '\n\r\u0085\u2028\u2029'.includes(character)
  }

  #isEnd(offset = 0): boolean {
    return this.#char(offset) === ''
  }

  #endsWord(offset = 0): boolean {
    return this.#isEnd(offset) || this.#isBlank(offset) || this.#isBreak(offset)
  }

  #skipBreak(): void {
    this.#at += this.#char() === '\r' && this.#char(1) === '\n' ? 2 : 1
    this.#line++
    this.#column = 0
  }

  #skipBlanks(): void {
    while (this.#isBlank()) this.#skip()
  }

  #skipComment(): void {
    if (this.#char() === '#') while (!this.#isEnd() && !this.#isBreak()) this.#skip()
  }

  #isIndicator(text: string): boolean {
    return this.#column === 0 && [...text].every((character, at) => this.#char(at) === character) && this.#endsWord(3)
  }

  // ---- tokens ----

  #add(kind: TokenKind, line = this.#line, text?: string): void {
    const at = this.#start
    this.#tokens.push(text === undefined ? { kind, line, at } : { kind, line, at, text })
  }

  #addSkipped(kind: TokenKind, length = 1): void {
    this.#add(kind)
    this.#skip(length)
  }

  #insert(token: number, kind: TokenKind, line: number, at: number): void {
    this.#tokens.splice(token - this.#taken, 0, { kind, line, at })
  }

  get #nextToken(): number {
    return this.#taken + this.#tokens.length
  }

  #headMayBeKey(): boolean {
    return this.#keys.some(key => key.possible && key.token === this.#taken && this.#isValid(key))
  }

  #isValid(key: SimpleKey): boolean {
    if (!key.possible) return false
    if (key.line === this.#line && key.at + longestKey >= this.#at) return true
    if (key.required) this.#fail("could not find expected ':'")
    key.possible = false
    return false
  }

  #saveKey(): void {
    const required = this.#flowLevel === 0 && this.#indent === this.#column
    if (!this.#keyAllowed) return
    this.#removeKey()
    this.#keys[this.#keys.length - 1] = {
      possible: true,
      required,
      token: this.#nextToken,
      at: this.#at,
      line: this.#line,
      column: this.#column,
    }
  }

  #removeKey(): void {
    const key = this.#keys.at(-1)!
    if (key.possible && key.required) this.#fail("could not find expected ':'")
    key.possible = false
  }

  #roll(column: number, token: number, kind: TokenKind, line: number, at: number): void {
    if (this.#flowLevel > 0 || this.#indent >= column) return
    this.#indents.push(this.#indent)
    this.#indent = column
    this.#insert(token, kind, line, at)
  }

  #unroll(column: number): void {
    if (this.#flowLevel > 0) return
    while (this.#indent > column) {
      this.#add('blockEnd')
      this.#indent = this.#indents.pop()!
    }
  }

  #toNextToken(): void {
    for (;;) {
      if (this.#column === 0 && this.#char() === '\ufeff') this.#skip()
      while (this.#char() === ' ' || ((this.#flowLevel > 0 || !this.#keyAllowed) && this.#char() === '\t')) this.#skip()
      this.#skipComment()
      if (!this.#isBreak()) return
      this.#skipBreak()
      if (this.#flowLevel === 0) this.#keyAllowed = true
    }
  }

  #fetch(): void {
    this.#toNextToken()
    this.#start = this.#at
    this.#unroll(this.#column)
    if (this.#isEnd()) this.#streamEnd()
    else if (this.#column === 0 && this.#char() === '%') this.#atDocumentLevel(() => this.#directive())
    else if (this.#isIndicator('---')) this.#atDocumentLevel(() => this.#addSkipped('documentStart', 3))
    else if (this.#isIndicator('...')) this.#atDocumentLevel(() => this.#addSkipped('documentEnd', 3))
    else if (!this.#flowIndicator() && !this.#blockIndicator() && !this.#marked()) {
      if (!this.#startsPlain()) this.#fail('found character that cannot start any token')
      this.#within(() => this.#plain())
    }
  }

  #flowIndicator(): boolean {
    switch (this.#char()) {
      case '[':
        this.#flowStart('flowSequenceStart')
        return true
      case '{':
        this.#flowStart('flowMappingStart')
        return true
      case ']':
        this.#flowEnd('flowSequenceEnd')
        return true
      case '}':
        this.#flowEnd('flowMappingEnd')
        return true
      case ',':
        this.#removeKey()
        this.#keyAllowed = true
        this.#addSkipped('flowEntry')
        return true
      default:
        return false
    }
  }

  #blockIndicator(): boolean {
    const character = this.#char()
    if (character === '-' && this.#endsWord(1)) this.#blockEntry()
    else if (this.#flowLevel === 0 && !this.#endsWord(1)) return false
    else if (character === '?') this.#key()
    else if (character === ':') this.#value()
    else return false
    return true
  }

  /** Scalars and properties that a mark begins. */
  #marked(): boolean {
    switch (this.#char()) {
      case '*':
        this.#within(() => this.#anchor('alias'))
        return true
      case '&':
        this.#within(() => this.#anchor('anchor'))
        return true
      case '!':
        this.#within(() => this.#tag())
        return true
      case "'":
      case '"':
        this.#within(() => this.#quoted())
        return true
      case '|':
      case '>':
        if (this.#flowLevel > 0) return false
        this.#removeKey()
        this.#keyAllowed = true
        this.#blockScalar()
        return true
      default:
        return false
    }
  }

  #startsPlain(): boolean {
    const character = this.#char()
    if (!this.#endsWord() && !startsNothing.includes(character)) return true
    if (character === '-') return !this.#isBlank(1)
    return this.#flowLevel === 0 && (character === '?' || character === ':') && !this.#endsWord(1)
  }

  /** What may be a key. */
  #within(scan: () => void): void {
    this.#saveKey()
    this.#keyAllowed = false
    scan()
  }

  #atDocumentLevel(scan: () => void): void {
    this.#unroll(-1)
    this.#removeKey()
    this.#keyAllowed = false
    scan()
  }

  #streamEnd(): void {
    if (this.#ended) return
    if (this.#column !== 0) {
      this.#column = 0
      this.#line++
    }
    this.#atDocumentLevel(() => this.#add('streamEnd'))
    this.#ended = true
  }

  #flowStart(kind: TokenKind): void {
    this.#saveKey()
    this.#keys.push(noKey())
    this.#flowLevel++
    this.#keyAllowed = true
    this.#addSkipped(kind)
  }

  #flowEnd(kind: TokenKind): void {
    this.#removeKey()
    if (this.#flowLevel > 0) {
      this.#flowLevel--
      this.#keys.pop()
    }
    this.#keyAllowed = false
    this.#addSkipped(kind)
  }

  #blockEntry(): void {
    if (this.#flowLevel === 0) {
      if (!this.#keyAllowed) this.#fail('block sequence entries are not allowed in this context')
      this.#roll(this.#column, this.#nextToken, 'blockSequenceStart', this.#line, this.#at)
    }
    this.#removeKey()
    this.#keyAllowed = true
    this.#addSkipped('blockEntry')
  }

  #key(): void {
    if (this.#flowLevel === 0) {
      if (!this.#keyAllowed) this.#fail('mapping keys are not allowed in this context')
      this.#roll(this.#column, this.#nextToken, 'blockMappingStart', this.#line, this.#at)
    }
    this.#removeKey()
    this.#keyAllowed = this.#flowLevel === 0
    this.#addSkipped('key')
  }

  #value(): void {
    const key = this.#keys.at(-1)!
    if (this.#isValid(key)) {
      this.#insert(key.token, 'key', key.line, key.at)
      this.#roll(key.column, key.token, 'blockMappingStart', key.line, key.at)
      key.possible = false
      this.#keyAllowed = false
    } else {
      if (this.#flowLevel === 0) {
        if (!this.#keyAllowed) this.#fail('mapping values are not allowed in this context')
        this.#roll(this.#column, this.#nextToken, 'blockMappingStart', this.#line, this.#at)
      }
      this.#keyAllowed = this.#flowLevel === 0
    }
    this.#addSkipped('value')
  }

  #word(pattern: RegExp): string {
    const start = this.#at
    while (pattern.test(this.#char())) this.#skip()
    return this.#text.slice(start, this.#at)
  }

  #anchor(kind: 'alias' | 'anchor'): void {
    const line = this.#line
    this.#skip()
    const name = this.#word(wordCharacter)
    if (name === '' || !(this.#endsWord() || afterAnchor.includes(this.#char())))
      this.#fail('did not find expected alphabetic or numeric character')
    this.#add(kind, line, name)
  }

  #tag(): void {
    const [line, start] = [this.#line, this.#at]
    this.#skip()
    if (this.#char() === '<') {
      this.#skip()
      if (this.#word(uriCharacter) === '') this.#fail('did not find expected tag URI')
      if (this.#char() !== '>') this.#fail("did not find the expected '>'")
      this.#skip()
    } else this.#word(uriCharacter)
    if (!this.#endsWord()) this.#fail('did not find expected whitespace or line break')
    this.#add('tag', line, this.#text.slice(start, this.#at))
  }

  #directive(): void {
    const line = this.#line
    this.#skip()
    const name = this.#word(wordCharacter)
    if (name === '') this.#fail('could not find expected directive name')
    if (!this.#endsWord()) this.#fail('found unexpected non-alphabetical character')
    this.#skipBlanks()
    const start = this.#at
    if (name === 'YAML') {
      if (this.#word(/\d/) === '') this.#fail('did not find expected version number')
      if (this.#char() !== '.') this.#fail("did not find expected digit or '.' character")
      this.#skip()
      if (this.#word(/\d/) === '') this.#fail('did not find expected version number')
    } else if (name === 'TAG') {
      while (!this.#isEnd() && !this.#isBreak()) this.#skip()
    } else this.#fail('found unknown directive name')
    this.#add('directive', line, `${name} ${this.#text.slice(start, this.#at)}`)
    this.#endOfLine()
  }

  #endOfLine(): void {
    this.#skipBlanks()
    this.#skipComment()
    if (!this.#isEnd() && !this.#isBreak()) this.#fail('did not find expected comment or line break')
    if (this.#isBreak()) this.#skipBreak()
  }

  #blockScalar(): void {
    const line = this.#line
    this.#skip()
    let increment = 0
    let chomping = false
    for (;;) {
      const character = this.#char()
      if (!chomping && (character === '+' || character === '-')) chomping = true
      else if (increment === 0 && /\d/.test(character)) {
        if (character === '0') this.#fail('found an indentation indicator equal to 0')
        increment = Number(character)
      } else break
      this.#skip()
    }
    this.#endOfLine()
    let indent = increment === 0 ? 0 : Math.max(this.#indent, 0) + increment
    indent = this.#blockBreaks(indent)
    while (this.#column === indent && !this.#isEnd()) {
      while (!this.#isEnd() && !this.#isBreak()) this.#skip()
      if (this.#isBreak()) this.#skipBreak()
      indent = this.#blockBreaks(indent)
    }
    this.#add('scalar', line)
  }

  /** Empty lines and indentation; gives how far the text is indented, where that was not known. */
  #blockBreaks(indent: number): number {
    let most = 0
    for (;;) {
      while ((indent === 0 || this.#column < indent) && this.#char() === ' ') this.#skip()
      most = Math.max(most, this.#column)
      if ((indent === 0 || this.#column < indent) && this.#char() === '\t')
        this.#fail('found a tab character where an indentation space is expected')
      if (!this.#isBreak()) break
      this.#skipBreak()
    }
    return indent === 0 ? Math.max(most, this.#indent + 1, 1) : indent
  }

  #quoted(): void {
    const line = this.#line
    const quote = this.#char()
    this.#skip()
    for (;;) {
      if (this.#isIndicator('---') || this.#isIndicator('...')) this.#fail('found unexpected document indicator')
      if (this.#isEnd()) this.#fail('found unexpected end of stream')
      while (!this.#endsWord()) {
        if (quote === "'" && this.#char() === "'" && this.#char(1) === "'") this.#skip(2)
        else if (this.#char() === quote) break
        else if (quote === '"' && this.#char() === '\\') {
          if (this.#isBreak(1)) {
            this.#skip()
            this.#skipBreak()
            break
          }
          this.#escape()
        } else this.#skip()
      }
      if (this.#char() === quote) break
      while (this.#isBlank() || this.#isBreak()) {
        if (this.#isBreak()) this.#skipBreak()
        else this.#skip()
      }
    }
    this.#skip()
    this.#add('scalar', line)
  }

  #escape(): void {
    const character = this.#char(1)
    if (character === '' || !escapes.includes(character)) this.#fail('found unknown escape character')
    this.#skip(2)
    const count = escapedDigits[character] ?? 0
    let code = 0
    for (let digit = 0; digit < count; digit++) {
      if (!/[0-9A-Fa-f]/.test(this.#char())) this.#fail('did not find expected hexdecimal number')
      code = code * 16 + Number.parseInt(this.#char(), 16)
      this.#skip()
    }
    if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) this.#fail('found invalid Unicode character escape code')
  }

  #plain(): void {
    const line = this.#line
    const indent = this.#indent + 1
    let afterBreak = false
    for (;;) {
      if (this.#isIndicator('---') || this.#isIndicator('...') || this.#char() === '#') break
      while (!this.#endsWord()) {
        const character = this.#char()
        if (character === ':' && this.#endsWord(1)) break
        if (this.#flowLevel > 0 && ',?[]{}'.includes(character)) break
        afterBreak = false
        this.#skip()
      }
      if (!this.#isBlank() && !this.#isBreak()) break
      while (this.#isBlank() || this.#isBreak()) {
        if (this.#isBreak()) {
          this.#skipBreak()
          afterBreak = true
          continue
        }
        if (afterBreak && this.#column < indent && this.#char() === '\t')
          this.#fail('found a tab character that violates indentation')
        this.#skip()
      }
      if (this.#flowLevel === 0 && this.#column < indent) break
    }
    this.#add('scalar', line)
    if (afterBreak) this.#keyAllowed = true
  }
}
