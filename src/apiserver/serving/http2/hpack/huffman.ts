// The Huffman code of HPACK (RFC 7541, appendix B), decoded four bits at a time.

/**
 * How long each octet's code is, in bits. The code is canonical: codes of one length follow each other in the octets'
 * order, after all shorter ones; the end of the string has the very last.
 */
const lengths: readonly (readonly [bits: number, octets: string])[] = [
  [5, '48-50 97 99 101 105 111 115-116'],
  [6, '32 37 45-47 51-57 61 65 95 98 100 102-104 108-110 112 114 117'],
  [7, '58 66-87 89 106-107 113 118-122'],
  [8, '38 42 44 59 88 90'],
  [10, '33-34 40-41 63'],
  [11, '39 43 124'],
  [12, '35 62'],
  [13, '0 36 64 91 93 126'],
  [14, '94 125'],
  [15, '60 96 123'],
  [19, '92 195 208'],
  [20, '128 130-131 162 184 194 224 226'],
  [21, '153 161 167 172 176-177 179 209 216-217 227 229-230'],
  [22, '129 132-134 136 146 154 156 160 163-164 169-170 173 178 181 185-187 189-190 196 198 228 232-233'],
  [23, '1 135 137-141 143 147 149-152 155 157-158 165-166 168 174-175 180 182-183 188 191 197 231 239'],
  [24, '9 142 144-145 148 159 171 206 215 225 236-237'],
  [25, '199 207 234-235'],
  [26, '192-193 200-202 205 210 213 218-219 238 240 242-243 255'],
  [27, '203-204 211-212 214 221-223 241 244-248 250-254'],
  [28, '2-8 11-12 14-21 23-31 127 220 249'],
  [30, '10 13 22 256'],
]

const endOfString = 256

/** A node of the code's tree: where 0 and 1 lead. Numbers below 0 are octets: -1 - octet. */
type Branches = [zero: number | undefined, one: number | undefined]

function tree(): Branches[] {
  const nodes: Branches[] = [[undefined, undefined]]
  let code = 0
  let before = 0
  for (const [bits, octets] of lengths) {
    code <<= bits - before
    before = bits
    for (const octet of octets.split(' ').flatMap(range)) {
      let node = 0
      for (let bit = bits - 1; bit > 0; bit--) {
        const way = (code >>> bit) & 1
        if (nodes[node]![way] === undefined) nodes[node]![way] = nodes.push([undefined, undefined]) - 1
        node = nodes[node]![way]!
      }
      nodes[node]![code & 1] = -1 - octet
      code++
    }
  }
  return nodes
}

function range(text: string): number[] {
  const [first, last = first] = text.split('-').map(Number) as [number, number?]
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

const none = 0xffff

interface Steps {
  /** By node × 16 + four bits: the node after them, or `none` where the string may not go on. */
  readonly next: Uint16Array
  /** The octet that ends within the four bits, or `none`. */
  readonly octet: Uint16Array
  /** The string may end at this node: what is left is padding, fewer than eight bits, all ones. */
  readonly mayEnd: Uint8Array
}

function steps(): Steps {
  const nodes = tree()
  const next = new Uint16Array(nodes.length * 16).fill(none)
  const octet = new Uint16Array(nodes.length * 16).fill(none)
  for (let from = 0; from < nodes.length; from++)
    for (let bits = 0; bits < 16; bits++) {
      let node: number | undefined = from
      for (let bit = 3; bit >= 0 && node !== undefined; bit--) {
        node = nodes[node]![((bits >>> bit) & 1) as 0 | 1]
        if (node === undefined || node >= 0) continue
        if (node === -1 - endOfString) node = undefined
        else {
          octet[from * 16 + bits] = -1 - node
          node = 0
        }
      }
      next[from * 16 + bits] = node ?? none
    }
  const mayEnd = new Uint8Array(nodes.length)
  let padding: number | undefined = 0
  for (let ones = 0; ones < 8 && padding !== undefined; ones++) {
    mayEnd[padding] = 1
    padding = nodes[padding]![1]
  }
  return { next, octet, mayEnd }
}

let known: Steps | undefined
let room: Buffer = Buffer.allocUnsafeSlow(1024)

/** The string that `bytes` from `start` to `end` stand for; undefined when they stand for none. */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string | undefined {
  known ??= steps()
  const { next, octet, mayEnd } = known
  // The shortest code has five bits.
  const most = Math.ceil(((end - start) * 8) / 5)
  if (room.length < most) room = Buffer.allocUnsafeSlow(most * 2)
  let length = 0
  let node = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    for (let shift = 4; shift >= 0; shift -= 4) {
      const step = node * 16 + ((byte >>> shift) & 15)
      const decoded = octet[step]!
      if (decoded !== none) room[length++] = decoded
      node = next[step]!
      if (node === none) return undefined
    }
  }
  return mayEnd[node] === 1 ? room.toString('utf8', 0, length) : undefined
}
