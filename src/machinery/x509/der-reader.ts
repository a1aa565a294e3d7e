// Finds the elements of DER: as much as is read of certificates and requests that `node:crypto` does not tell.

export interface Element {
  /** Where the element itself begins, where its content begins, and where both end. */
  readonly from: number
  readonly start: number
  readonly end: number
}

/** The element at a place; throws when it has another tag or is cut off. */
export function readElement(der: Buffer, from: number, tag: number): Element {
  if (der[from] !== tag) throw new Error('another tag')
  let length = der[from + 1]!
  let start = from + 2
  if (length >= 0x80) {
    const bytes = length & 0x7f
    if (bytes === 0 || bytes > 4) throw new Error('bad length')
    length = der.readUIntBE(start, bytes)
    start += bytes
  }
  if (start + length > der.length) throw new Error('too short')
  return { from, start, end: start + length }
}

/** What a constructed element is made of. */
export function children(der: Buffer, { start, end }: Element): Element[] {
  const found: Element[] = []
  for (let at = start; at < end; ) {
    const element = readElement(der, at, der[at]!)
    found.push(element)
    at = element.end
  }
  return found
}
