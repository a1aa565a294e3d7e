// Comma-separated values as Go's encoding/csv reads them: quotes are strict, empty lines are nothing, spaces count.

/** The records of a file. Throws, in Go's words, for a quote where none may be. */
export function parseCsv(text: string): string[][] {
  const records: string[][] = []
  const reader = new Reader(text.replaceAll('\r\n', '\n'))
  for (;;) {
    const record = reader.record()
    if (record === undefined) return records
    records.push(record)
  }
}

class Reader {
  readonly #text: string
  #at = 0
  #line = 1
  #lineStart = 0

  constructor(text: string) {
    this.#text = text
  }

  record(): string[] | undefined {
    while (this.#text[this.#at] === '\n') this.#newLine()
    if (this.#at >= this.#text.length) return undefined
    const startLine = this.#line
    const fields: string[] = []
    for (;;) {
      fields.push(this.#text[this.#at] === '"' ? this.#quoted(startLine) : this.#plain())
      const next = this.#text[this.#at]
      if (next === ',') {
        this.#at++
        continue
      }
      if (next === '\n') this.#newLine()
      return fields
    }
  }

  #plain(): string {
    const start = this.#at
    while (this.#at < this.#text.length && this.#text[this.#at] !== ',' && this.#text[this.#at] !== '\n') {
      if (this.#text[this.#at] === '"') throw this.#error(this.#line, 'bare " in non-quoted field')
      this.#at++
    }
    return this.#text.slice(start, this.#at)
  }

  #quoted(startLine: number): string {
    let field = ''
    this.#at++
    for (;;) {
      const character = this.#text[this.#at]
      if (character === undefined) throw this.#error(startLine, 'extraneous or missing " in quoted-field')
      if (character === '"') {
        const next = this.#text[this.#at + 1]
        if (next === '"') {
          field += '"'
          this.#at += 2
          continue
        }
        if (next !== undefined && next !== ',' && next !== '\n')
          throw this.#error(startLine, 'extraneous or missing " in quoted-field')
        this.#at++
        return field
      }
      field += character
      if (character === '\n') this.#newLine()
      else this.#at++
    }
  }

  #newLine(): void {
    this.#at++
    this.#line++
    this.#lineStart = this.#at
  }

  #error(startLine: number, what: string): Error {
    const column = Buffer.byteLength(this.#text.slice(this.#lineStart, this.#at)) + 1
    return new Error(
      startLine === this.#line
        ? `parse error on line ${this.#line}, column ${column}: ${what}`
        : `record on line ${startLine}; parse error on line ${this.#line}, column ${column}: ${what}`,
    )
  }
}
