// Cuts a stream of bytes into lines, each decoded once, however the bytes are chunked: a line's bytes are kept in pieces
// until its end is there, so a big object in a thousand chunks costs no more than in one.

const newline = 0x0a

export class LineDecoder {
  readonly #line: (text: string) => void
  #pieces: Buffer[] = []

  /** `line` gets each line without its end; empty lines are left out. */
  constructor(line: (text: string) => void) {
    this.#line = line
  }

  write(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let start = 0
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      this.#emit(bytes.subarray(start, end))
      start = end + 1
    }
    if (start < bytes.length) this.#pieces.push(bytes.subarray(start))
  }

  /** Whether a line has begun that has no end yet. */
  get pending(): boolean {
    return this.#pieces.length > 0
  }

  #emit(rest: Buffer): void {
    let text: string
    if (this.#pieces.length === 0) text = rest.toString('utf8')
    else {
      this.#pieces.push(rest)
      text = Buffer.concat(this.#pieces).toString('utf8')
      this.#pieces = []
    }
    if (text.trim() !== '') this.#line(text)
  }
}
