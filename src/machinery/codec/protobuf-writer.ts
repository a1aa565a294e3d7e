// Writes the protobuf wire format back to front, as gogo-proto's generated code does: a message's length is known once
// its content stands, so nothing has to be measured beforehand.

/** One writer serves all encodings, one after another; nothing in it outlives `take`. */
export class ReverseWriter {
  #buffer = Buffer.allocUnsafe(64 * 1024)
  #at = this.#buffer.length

  /** How many bytes stand so far. */
  get written(): number {
    return this.#buffer.length - this.#at
  }

  /** A copy of what was written; the writer is empty again. */
  take(): Uint8Array {
    const out = Uint8Array.prototype.slice.call(this.#buffer, this.#at)
    // A huge object must not keep its memory for ever.
    if (this.#buffer.length > 4 * 1024 * 1024) this.#buffer = Buffer.allocUnsafe(64 * 1024)
    this.#at = this.#buffer.length
    return out
  }

  /** Drops what a failed encoding left behind. */
  reset(): void {
    this.#at = this.#buffer.length
  }

  #room(bytes: number): void {
    if (this.#at >= bytes) return
    const written = this.written
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, written + bytes))
    this.#buffer.copy(larger, larger.length - written, this.#at)
    this.#at = larger.length - written
    this.#buffer = larger
  }

  byte(value: number): void {
    this.#room(1)
    this.#buffer[--this.#at] = value
  }

  /** Two's complement in 64 bits, so a negative number takes ten bytes. */
  varint(value: number): void {
    if (value >= 0 && value < 0x80) {
      this.byte(value)
      return
    }
    if (value < 0 || value > Number.MAX_SAFE_INTEGER) {
      this.bigVarint(BigInt(Math.trunc(value)))
      return
    }
    this.#room(10)
    let length = 1
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) length++
    let at = this.#at - length
    this.#at = at
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[at++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    this.#buffer[at] = rest
  }

  bigVarint(value: bigint): void {
    let rest = BigInt.asUintN(64, value)
    const bytes: number[] = []
    while (rest >= 0x80n) {
      bytes.push(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    bytes.push(Number(rest))
    this.#room(bytes.length)
    this.#at -= bytes.length
    this.#buffer.set(bytes, this.#at)
  }

  double(value: number): void {
    this.#room(8)
    this.#at -= 8
    this.#buffer.writeDoubleLE(value, this.#at)
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length)
    this.#at -= value.length
    this.#buffer.set(value, this.#at)
    this.varint(value.length)
  }

  /** Bytes as they are, without their length. */
  raw(value: Uint8Array): void {
    this.#room(value.length)
    this.#at -= value.length
    this.#buffer.set(value, this.#at)
  }

  /** The text with its length before it. */
  string(text: string): void {
    const length = text.length
    if (length <= 48) {
      this.#room(length)
      const start = this.#at - length
      let index = 0
      for (; index < length; index++) {
        const unit = text.charCodeAt(index)
        if (unit >= 0x80) break
        this.#buffer[start + index] = unit
      }
      if (index === length) {
        this.#at = start
        this.varint(length)
        return
      }
    }
    const size = Buffer.byteLength(text)
    this.#room(size)
    this.#at -= size
    this.#buffer.write(text, this.#at, size, 'utf8')
    this.varint(size)
  }
}
