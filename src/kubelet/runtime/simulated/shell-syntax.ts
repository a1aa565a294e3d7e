// The small part of the shell's language that a simulated container understands: enough for the scripts that examples
// and tests are made of. Comes in: a script. Goes out: its commands; or `UnsupportedScript`, and then nothing of it is run.

/** Text and what is to be put in its place when the word is used. */
export type WordPart =
  | string
  | { readonly variable: string }
  | { readonly sum: string }
  | { readonly output: CommandList }
export type Word = readonly WordPart[]

export type Command =
  | { readonly type: 'simple'; readonly words: readonly Word[]; readonly toStderr: boolean }
  | { readonly type: 'while'; readonly condition: CommandList; readonly body: CommandList }
  | { readonly type: 'for'; readonly variable: string; readonly words: readonly Word[]; readonly body: CommandList }
  | {
      readonly type: 'if'
      readonly condition: CommandList
      readonly then: CommandList
      readonly otherwise: CommandList
    }

/** Commands in turn; each may depend on how the one before it ended. */
export type CommandList = readonly { readonly when: 'always' | 'success' | 'failure'; readonly command: Command }[]

export class UnsupportedScript extends Error {
  override readonly name = 'UnsupportedScript'
}

type Token =
  | {
      readonly type: 'word'
      readonly word: Word /** Unquoted text, which alone can be a keyword. */
      readonly bare?: string
    }
  | { readonly type: 'operator'; readonly operator: ';' | '&&' | '||' | '>&2' | 'end' }

export function parseScript(script: string): CommandList {
  const parser = new Parser(tokenize(script))
  const list = parser.list([])
  parser.expectEnd()
  return list
}

/** A command that is given as words already, with nothing in them to be replaced. */
export function parseArguments(words: readonly string[]): CommandList {
  return [{ when: 'always', command: { type: 'simple', words: words.map(word => [word]), toStderr: false } }]
}

// ---- words ---------------------------------------------------------------------------------------------------------

function tokenize(script: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < script.length) {
    const rest = script.slice(at)
    const operator = /^(?:[ \t\r]+|\\\n|#[^\n]*|(?:1?>\s*&2)|2>&1|[12]?>\s*\/dev\/null|&&|\|\||;;|[;\n])/.exec(
      rest,
    )?.[0]
    if (operator !== undefined && !(operator.startsWith('#') && at > 0 && !/[\s;]/.test(script[at - 1]!))) {
      at += operator.length
      const kind = operator.trim()
      if (operator === '\n' || kind === ';') tokens.push({ type: 'operator', operator: ';' })
      else if (kind === '&&' || kind === '||') tokens.push({ type: 'operator', operator: kind })
      else if (/^1?>\s*&2$/.test(kind)) tokens.push({ type: 'operator', operator: '>&2' })
      else if (kind === ';;' || kind.endsWith('/dev/null')) throw new UnsupportedScript(kind)
      continue
    }
    const { word, end, quoted } = readWord(script, at)
    const bare = !quoted && word.length === 1 && typeof word[0] === 'string' ? word[0] : undefined
    tokens.push({ type: 'word', word, ...(bare === undefined ? {} : { bare }) })
    at = end
  }
  tokens.push({ type: 'operator', operator: 'end' })
  return tokens
}

function readWord(script: string, start: number): { word: Word; end: number; quoted: boolean } {
  const parts: WordPart[] = []
  let quoted = false
  let at = start
  const add = (part: WordPart) => {
    const last = parts.at(-1)
    if (typeof part === 'string' && typeof last === 'string') parts[parts.length - 1] = last + part
    else parts.push(part)
  }
  while (at < script.length) {
    const char = script[at]!
    if (/[\s;]/.test(char) || script.startsWith('&&', at) || script.startsWith('||', at)) break
    if (/[|&<>()`*?{}]/.test(char)) throw new UnsupportedScript(char)
    if (char === "'") {
      const end = script.indexOf("'", at + 1)
      if (end < 0) throw new UnsupportedScript('unterminated quoted string')
      add(script.slice(at + 1, end))
      quoted = true
      at = end + 1
    } else if (char === '"') {
      quoted = true
      add('')
      at++
      while (script[at] !== '"') {
        if (at >= script.length) throw new UnsupportedScript('unterminated quoted string')
        if (script[at] === '`') throw new UnsupportedScript('`')
        if (script[at] === '\\' && /["\\$`]/.test(script[at + 1] ?? '')) {
          add(script[at + 1]!)
          at += 2
        } else if (script[at] === '$') at = readExpansion(script, at, add)
        else add(script[at++]!)
      }
      at++
    } else if (char === '\\') {
      add(script[at + 1] ?? '')
      quoted = true
      at += 2
    } else if (char === '$') {
      at = readExpansion(script, at, add)
    } else {
      add(char)
      at++
    }
  }
  return { word: parts, end: at, quoted }
}

/** $NAME, ${NAME}, $((a + 1)), $(command). */
function readExpansion(script: string, at: number, add: (part: WordPart) => void): number {
  const rest = script.slice(at)
  const variable = /^\$(?:(\w+|\?)|\{(\w+)\})/.exec(rest)
  if (variable) {
    add({ variable: (variable[1] ?? variable[2])! })
    return at + variable[0].length
  }
  const sum = /^\$\(\(([\w\s$+*-]+)\)\)/.exec(rest)
  if (sum) {
    add({ sum: sum[1]!.replaceAll('$', '') })
    return at + sum[0].length
  }
  const output = /^\$\(([^()`]*)\)/.exec(rest)
  if (output) {
    add({ output: parseScript(output[1]!) })
    return at + output[0].length
  }
  if (/^\$[\s"]|^\$$/.test(rest)) {
    add('$')
    return at + 1
  }
  throw new UnsupportedScript(rest.slice(0, 2))
}

// ---- commands ------------------------------------------------------------------------------------------------------

const reserved = new Set([
  'while',
  'until',
  'for',
  'if',
  'case',
  'function',
  'do',
  'done',
  'then',
  'fi',
  'elif',
  'else',
])

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  get #next(): Token {
    return this.#tokens[this.#at]!
  }

  /** Up to the end, or to one of the keywords, which is left to be read. */
  list(until: readonly string[]): CommandList {
    const commands: { when: 'always' | 'success' | 'failure'; command: Command }[] = []
    let when: 'always' | 'success' | 'failure' = 'always'
    for (;;) {
      const token = this.#next
      if (token.type === 'operator') {
        if (token.operator === 'end') break
        if (token.operator === '>&2') throw new UnsupportedScript('>&2')
        if (token.operator !== ';') {
          if (commands.length === 0) throw new UnsupportedScript(token.operator)
          when = token.operator === '&&' ? 'success' : 'failure'
        }
        this.#at++
        continue
      }
      if (token.bare !== undefined && until.includes(token.bare)) break
      commands.push({ when, command: this.#command() })
      when = 'always'
    }
    return commands
  }

  expectEnd(): void {
    if (this.#next.type !== 'operator') throw new UnsupportedScript('syntax error')
  }

  #command(): Command {
    switch (this.#keyword()) {
      case 'while':
        return this.#while()
      case 'for':
        return this.#for()
      case 'if':
        return this.#if()
      default:
        return this.#simple()
    }
  }

  #keyword(): string | undefined {
    return this.#next.type === 'word' ? this.#next.bare : undefined
  }

  #take(keyword: string): void {
    if (this.#keyword() !== keyword) throw new UnsupportedScript(`${keyword} is missing`)
    this.#at++
  }

  #body(): CommandList {
    this.#take('do')
    const body = this.list(['done'])
    this.#take('done')
    return body
  }

  #while(): Command {
    this.#take('while')
    return { type: 'while', condition: this.list(['do']), body: this.#body() }
  }

  #for(): Command {
    this.#take('for')
    const variable = this.#keyword()
    if (!variable || !/^\w+$/.test(variable)) throw new UnsupportedScript('for')
    this.#at++
    this.#take('in')
    const words = this.#words()
    while (this.#next.type === 'operator' && this.#next.operator === ';') this.#at++
    return { type: 'for', variable, words, body: this.#body() }
  }

  #if(): Command {
    this.#take('if')
    const condition = this.list(['then'])
    this.#take('then')
    const then = this.list(['else', 'fi'])
    const hasElse = this.#keyword() === 'else'
    if (hasElse) this.#take('else')
    const otherwise = hasElse ? this.list(['fi']) : []
    this.#take('fi')
    return { type: 'if', condition, then, otherwise }
  }

  #words(): Word[] {
    const words: Word[] = []
    while (this.#next.type === 'word') {
      words.push(this.#next.word)
      this.#at++
    }
    return words
  }

  #simple(): Command {
    const first = this.#keyword()
    if (first !== undefined && reserved.has(first)) throw new UnsupportedScript(first)
    const words: Word[] = []
    let toStderr = false
    for (;;) {
      words.push(...this.#words())
      if (this.#next.type !== 'operator' || this.#next.operator !== '>&2') break
      toStderr = true
      this.#at++
    }
    return { type: 'simple', words, toStderr }
  }
}
