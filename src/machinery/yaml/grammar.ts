// Finds what is wrong with YAML text, in the words of go-yaml: the first thing that its scanner or its parser would not
// take. The library that reads YAML sees the same mistakes elsewhere, and calls them otherwise.

import { ScanError, Scanner, type Token, type TokenKind } from './scanner.ts'
import { YamlSyntaxError } from './syntax-error.ts'

/** The text of the first document, which is YAML: nothing behind it is looked at. Throws a YamlSyntaxError. */
export function firstDocument(text: string): string {
  try {
    return text.slice(0, new Grammar(new Scanner(text)).document())
  } catch (error) {
    // The scanner counts lines from one, the parser from zero; of the first line both say nothing.
    if (error instanceof ScanError) throw located(error.message, error.line ? error.line + 1 : 0)
    if (error instanceof RangeError) throw new YamlSyntaxError('yaml: exceeded max depth')
    throw error
  }
}

const located = (message: string, line: number): YamlSyntaxError =>
  new YamlSyntaxError(`yaml: ${line === 0 ? '' : `line ${line}: `}${message}`)

const outsideDocuments: readonly TokenKind[] = ['directive', 'documentStart', 'documentEnd', 'streamEnd']
const ofBlockMapping: readonly TokenKind[] = ['key', 'value', 'blockEnd']

class Grammar {
  readonly #scanner: Scanner
  readonly #anchors = new Set<string>()
  readonly #tagHandles = new Set(['!!'])

  constructor(scanner: Scanner) {
    this.#scanner = scanner
  }

  /** Gives where the document ends. */
  document(): number | undefined {
    if (!this.#next('directive', 'documentStart', 'streamEnd')) return this.#content()
    if (this.#next('streamEnd')) return undefined
    while (this.#next('directive')) this.#directive(this.#scanner.take())
    if (!this.#next('documentStart')) this.#fail('did not find expected <document start>')
    this.#scanner.take()
    return this.#next(...outsideDocuments) ? this.#scanner.peek().at : this.#content()
  }

  #content(): number | undefined {
    this.#node(true, false)
    return this.#scanner.peek().at
  }

  #next(...kinds: readonly TokenKind[]): boolean {
    return kinds.includes(this.#scanner.peek().kind)
  }

  #fail(message: string): never {
    throw located(message, this.#scanner.peek().line)
  }

  #directive({ text = '', line }: Token): void {
    const [, handle] = /^TAG (\S+)/.exec(text) ?? []
    if (handle !== undefined) this.#tagHandles.add(handle)
    if (text.startsWith('YAML') && text !== 'YAML 1.1') throw located('found incompatible YAML document', line)
  }

  #node(inBlock: boolean, orEntries: boolean): void {
    const { kind, text = '' } = this.#scanner.peek()
    if (kind === 'alias') {
      this.#scanner.take()
      if (!this.#anchors.has(text)) throw new YamlSyntaxError(`yaml: unknown anchor '${text}' referenced`)
      return
    }
    const hasProperties = this.#properties()
    if (orEntries && this.#next('blockEntry')) this.#entries()
    else if (this.#next('scalar')) this.#scanner.take()
    else if (this.#next('flowSequenceStart')) this.#flowSequence()
    else if (this.#next('flowMappingStart')) this.#flowMapping()
    else if (inBlock && this.#next('blockSequenceStart')) this.#blockSequence()
    else if (inBlock && this.#next('blockMappingStart')) this.#blockMapping()
    else if (!hasProperties) this.#fail('did not find expected node content')
  }

  /** An anchor and a tag, in any order. */
  #properties(): boolean {
    const seen = new Set<TokenKind>()
    while (this.#next('anchor', 'tag') && !seen.has(this.#scanner.peek().kind)) {
      const { kind, text = '', line } = this.#scanner.take()
      seen.add(kind)
      if (kind === 'anchor') this.#anchors.add(text)
      const [handle] = kind === 'tag' ? (/^![0-9A-Za-z_-]*!/.exec(text) ?? []) : []
      if (handle !== undefined && !this.#tagHandles.has(handle)) throw located('found undefined tag handle', line)
    }
    return seen.size > 0
  }

  #nodeUnless(inBlock: boolean, orEntries: boolean, ...kinds: readonly TokenKind[]): void {
    if (!this.#next(...kinds)) this.#node(inBlock, orEntries)
  }

  /** Of a sequence that is indented no more than the mapping around it. */
  #entries(): void {
    while (this.#next('blockEntry')) {
      this.#scanner.take()
      this.#nodeUnless(true, false, 'blockEntry', ...ofBlockMapping)
    }
  }

  #blockSequence(): void {
    this.#scanner.take()
    while (!this.#next('blockEnd')) {
      if (!this.#next('blockEntry')) this.#fail("did not find expected '-' indicator")
      this.#scanner.take()
      this.#nodeUnless(true, false, 'blockEntry', 'blockEnd')
    }
    this.#scanner.take()
  }

  #blockMapping(): void {
    this.#scanner.take()
    while (!this.#next('blockEnd')) {
      if (!this.#next('key')) this.#fail('did not find expected key')
      this.#scanner.take()
      this.#nodeUnless(true, true, ...ofBlockMapping)
      if (!this.#next('value')) continue
      this.#scanner.take()
      this.#nodeUnless(true, true, ...ofBlockMapping)
    }
    this.#scanner.take()
  }

  #flowSequence(): void {
    this.#scanner.take()
    for (let first = true; !this.#next('flowSequenceEnd'); first = false) {
      if (!first) {
        this.#entry("did not find expected ',' or ']'")
        if (this.#next('flowSequenceEnd')) break
      }
      if (this.#next('key')) this.#pair('flowSequenceEnd')
      else this.#node(false, false)
    }
    this.#scanner.take()
  }

  #flowMapping(): void {
    this.#scanner.take()
    for (let first = true; !this.#next('flowMappingEnd'); first = false) {
      if (!first) {
        this.#entry("did not find expected ',' or '}'")
        if (this.#next('flowMappingEnd')) break
      }
      if (this.#next('key')) this.#pair('flowMappingEnd')
      else this.#node(false, false)
    }
    this.#scanner.take()
  }

  #entry(otherwise: string): void {
    if (!this.#next('flowEntry')) this.#fail(otherwise)
    this.#scanner.take()
  }

  #pair(end: TokenKind): void {
    this.#scanner.take()
    this.#nodeUnless(false, false, 'value', 'flowEntry', end)
    if (!this.#next('value')) return
    this.#scanner.take()
    this.#nodeUnless(false, false, 'flowEntry', end)
  }
}
