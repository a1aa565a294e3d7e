// The keys of the LMDB tree, as bytes: see lmdb-engine.ts for the layout. Read and written in place, in LMDB's own
// buffers, since restarting reads every one of them.

/** What a key in the tree names. Sorted by tag, then number, then kind, then text. */
export interface TreeKey {
  readonly tag: number
  /** A revision or a lease. */
  readonly number: number
  /** A change: 0 deletes, 1 puts. Always 0 for the others. */
  readonly kind: number
  /** A change: the key changed. Meta: the entry's name. */
  readonly text: string
}

export const changeTag = 0x63
export const leaseTag = 0x6c
export const metaTag = 0x6d

const head = 10

export const treeKeyEncoder = {
  writeKey({ tag, number, kind, text }: TreeKey, target: Buffer, start: number): number {
    target[start] = tag
    target.writeUInt32BE(Math.floor(number / 2 ** 32), start + 1)
    target.writeUInt32BE(number % 2 ** 32, start + 5)
    target[start + 9] = kind
    return start + head + target.write(text, start + head)
  },
  readKey(source: Buffer, start: number, end: number): TreeKey {
    return {
      tag: source[start]!,
      number: source.readUInt32BE(start + 1) * 2 ** 32 + source.readUInt32BE(start + 5),
      kind: source[start + 9]!,
      text: source.toString('utf8', start + head, end),
    }
  },
}

/** Sorts at or before every key with this tag and number. */
export function firstKey(tag: number, number = 0): TreeKey {
  return { tag, number, kind: 0, text: '' }
}
