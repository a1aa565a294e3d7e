// Says what is wrong with text that is no JSON, in the words of Go's encoding/json, and where.

/** `offset`: how many bytes had been read when it failed, the bad one included. */
export class JsonSyntaxError extends SyntaxError {
  override readonly name = 'JsonSyntaxError'
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

const space = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a
const digit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

/** The first syntax error; undefined when there is none. */
export function findSyntaxError(bytes: Uint8Array, maxDepth = 10_000): JsonSyntaxError | undefined {
  try {
    new Scanner(bytes, maxDepth).run()
    return undefined
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error
    throw error
  }
}

class Scanner {
  readonly #bytes: Uint8Array
  readonly #maxDepth: number
  #at = 0

  constructor(bytes: Uint8Array, maxDepth: number) {
    this.#bytes = bytes
    this.#maxDepth = maxDepth
  }

  #fail(context: string): never {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw new JsonSyntaxError('unexpected end of JSON input', this.#bytes.length)
    throw new JsonSyntaxError(`invalid character ${quoteByte(byte)} ${context}`, this.#at + 1)
  }

  #skipSpace(): number {
    while (this.#at < this.#bytes.length && space(this.#bytes[this.#at]!)) this.#at++
    return this.#bytes[this.#at] ?? -1
  }

  /** Not recursive: the text may be nested as deep as it likes. */
  run(): void {
    const open: ('{' | '[')[] = []
    let expect: 'value' | 'valueOrEnd' | 'key' | 'keyOrEnd' | 'after' = 'value'
    for (;;) {
      const byte = this.#skipSpace()
      if (expect === 'after') {
        const inside = open.at(-1)
        if (inside === undefined) {
          if (byte < 0) return
          this.#fail('after top-level value')
        }
        if (byte === 0x2c) {
          this.#at++
          expect = inside === '{' ? 'key' : 'value'
        } else if (byte === (inside === '{' ? 0x7d : 0x5d)) {
          this.#at++
          open.pop()
        } else this.#fail(inside === '{' ? 'after object key:value pair' : 'after array element')
        continue
      }
      if ((expect === 'keyOrEnd' && byte === 0x7d) || (expect === 'valueOrEnd' && byte === 0x5d)) {
        this.#at++
        open.pop()
        expect = 'after'
        continue
      }
      if (expect === 'key' || expect === 'keyOrEnd') {
        if (byte !== 0x22) this.#fail('looking for beginning of object key string')
        this.#string()
        if (this.#skipSpace() !== 0x3a) this.#fail('after object key')
        this.#at++
        expect = 'value'
        continue
      }
      if (byte === 0x7b || byte === 0x5b) {
        open.push(byte === 0x7b ? '{' : '[')
        if (open.length > this.#maxDepth) this.#fail('exceeded max depth')
        this.#at++
        expect = byte === 0x7b ? 'keyOrEnd' : 'valueOrEnd'
        continue
      }
      this.#literal(byte)
      expect = 'after'
    }
  }

  #literal(byte: number): void {
    if (byte === 0x22) this.#string()
    else if (byte === 0x2d || digit(byte)) this.#number()
    else this.#word(byte)
  }

  #word(byte: number): void {
    const word = byte === 0x74 ? 'true' : byte === 0x66 ? 'false' : byte === 0x6e ? 'null' : undefined
    if (word === undefined) this.#fail('looking for beginning of value')
    for (let index = 0; index < word.length; index++, this.#at++)
      if (this.#bytes[this.#at] !== word.charCodeAt(index))
        this.#fail(`in literal ${word} (expecting '${word[index]}')`)
  }

  #string(): void {
    this.#at++
    for (;;) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined || byte < 0x20) this.#fail('in string literal')
      this.#at++
      if (byte === 0x22) return
      if (byte !== 0x5c) continue
      const escaped = this.#bytes[this.#at]
      if (escaped === undefined || !'bfnrt\\/"u'.includes(String.fromCharCode(escaped)))
        this.#fail('in string escape code')
      this.#at++
      if (escaped !== 0x75) continue
      for (let index = 0; index < 4; index++, this.#at++)
        if (!/[0-9a-fA-F]/.test(String.fromCharCode(this.#bytes[this.#at] ?? 0)))
          this.#fail('in \\u hexadecimal character escape')
    }
  }

  #number(): void {
    const peek = (): number => this.#bytes[this.#at] ?? -1
    const digits = (context: string): void => {
      if (!digit(peek())) this.#fail(context)
      while (digit(peek())) this.#at++
    }
    if (peek() === 0x2d) this.#at++
    if (peek() === 0x30) this.#at++
    else digits('in numeric literal')
    if (peek() === 0x2e) {
      this.#at++
      digits('after decimal point in numeric literal')
    }
    if (peek() === 0x65 || peek() === 0x45) {
      this.#at++
      if (peek() === 0x2b || peek() === 0x2d) this.#at++
      digits('in exponent of numeric literal')
    }
  }
}

function quoteByte(byte: number): string {
  if (byte === 0x27) return "'\\''"
  if (byte === 0x22) return "'\"'"
  if (byte === 0x5c) return "'\\\\'"
  const short: Record<number, string> = { 7: 'a', 8: 'b', 9: 't', 10: 'n', 11: 'v', 12: 'f', 13: 'r' }
  if (short[byte]) return `'\\${short[byte]}'`
  if (byte < 0x20 || byte === 0x7f) return `'\\x${byte.toString(16).padStart(2, '0')}'`
  // Upstream takes the byte for a rune: printable ones of Latin-1 as they are, the others escaped.
  if (byte >= 0x80 && (byte < 0xa1 || byte === 0xad)) return `'\\u${byte.toString(16).padStart(4, '0')}'`
  return `'${String.fromCharCode(byte)}'`
}
